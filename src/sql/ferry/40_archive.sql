-- The way out and back.

CREATE FUNCTION ferry.backup_table_avro(
  target regclass,
  codec text DEFAULT 'deflate',
  level integer DEFAULT NULL,
  block_size integer DEFAULT 131072,
  row_security text DEFAULT 'error',
  parallel integer DEFAULT 0,
  name text DEFAULT NULL
) RETURNS ferry.backup
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10000
AS 'MODULE_PATHNAME', 'ferry_backup_table_avro';
COMMENT ON FUNCTION ferry.backup_table_avro IS
'Writes a table to Avro files on the server

The backup is complete and durable or not there at all, and never overwritten. codec is null, deflate, snappy or
zstandard; level is the codec''s own. Where row-level security hides rows it is refused, unless row_security is filter.
Up to parallel workers help, each with a file of its own.';

CREATE FUNCTION ferry.backup_tables_avro(
  targets regclass[],
  codec text DEFAULT 'deflate',
  level integer DEFAULT NULL,
  block_size integer DEFAULT 131072,
  row_security text DEFAULT 'error',
  parallel integer DEFAULT 0
) RETURNS SETOF ferry.backup
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10000 ROWS 10
AS 'MODULE_PATHNAME', 'ferry_backup_tables_avro';
COMMENT ON FUNCTION ferry.backup_tables_avro IS
'Writes several tables as one moment saw them, each to a backup of its own, all or none

Options are those of backup_table_avro.';

CREATE FUNCTION ferry.backup_schema_avro(
  schema regnamespace,
  codec text DEFAULT 'deflate',
  level integer DEFAULT NULL,
  block_size integer DEFAULT 131072,
  row_security text DEFAULT 'error',
  parallel integer DEFAULT 0
) RETURNS SETOF ferry.backup
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10000 ROWS 10
AS 'MODULE_PATHNAME', 'ferry_backup_schema_avro';
COMMENT ON FUNCTION ferry.backup_schema_avro IS
'Writes all tables of a schema as one moment saw them, each to a backup of its own, all or none

Options are those of backup_table_avro. Partitions are part of their table; foreign tables are left out.';

CREATE FUNCTION ferry.list_backups() RETURNS SETOF ferry.backup
LANGUAGE c VOLATILE PARALLEL RESTRICTED COST 10000 ROWS 100
AS 'MODULE_PATHNAME', 'ferry_list_backups';
COMMENT ON FUNCTION ferry.list_backups() IS
'Lists the backups in ferry.directory, oldest first

It reads the manifests beside the files, so it is right on a standby and after a rollback.';

CREATE VIEW ferry.backups AS SELECT * FROM ferry.list_backups();
COMMENT ON VIEW ferry.backups IS 'The backups in ferry.directory, as their manifests tell';

CREATE FUNCTION ferry.backup_parts(
  backup bigint DEFAULT NULL
) RETURNS TABLE (backup_id bigint, part integer, file text, rows bigint, bytes bigint, sha256 text)
LANGUAGE c VOLATILE PARALLEL RESTRICTED COST 10000 ROWS 100
AS 'MODULE_PATHNAME', 'ferry_backup_parts';
COMMENT ON FUNCTION ferry.backup_parts(bigint) IS
'Lists the files of a backup, or of all backups, in the order of reading

Numbers of parts begin at 1. As list_backups, it reads the manifests.';

CREATE FUNCTION ferry.read_backup_file(
  backup bigint,
  part integer DEFAULT 1,
  start bigint DEFAULT 0,
  length integer DEFAULT 67108864
) RETURNS bytea
LANGUAGE c VOLATILE PARALLEL RESTRICTED COST 10000
AS 'MODULE_PATHNAME', 'ferry_read_backup_file';
COMMENT ON FUNCTION ferry.read_backup_file(bigint, integer, bigint, integer) IS
'Gives bytes of one file of a backup, as they are on disk

At most length of them, 64 MiB in all, from byte start; fewer at the end of the file and none behind it. For members of
pg_read_server_files, the owner of the table, and those who may restore the backup there and read it all.';

CREATE FUNCTION ferry.verify_backup(
  backup bigint,
  level text DEFAULT 'decode'
) RETURNS SETOF ferry.backup_check
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10000 ROWS 4
AS 'MODULE_PATHNAME', 'ferry_verify_backup';
COMMENT ON FUNCTION ferry.verify_backup(bigint, text) IS
'Tells whether a backup is sound and would come back

Levels are checksum, decode (every row), plan (every row against today''s table) and restore (into a scratch table,
rolled back), each with those before it. One row tells that a level passed, or one row each problem with its place.';

CREATE FUNCTION ferry.drop_backup(backup bigint) RETURNS ferry.backup
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10000
AS 'MODULE_PATHNAME', 'ferry_drop_backup';
COMMENT ON FUNCTION ferry.drop_backup(bigint) IS
'Removes a backup from ferry.directory

At once and for good: a rollback does not bring it back. For superusers, members of pg_write_server_files and of the
role that took it.';

CREATE FUNCTION ferry.prune_backups(
  keep_last integer,
  keep_for interval,
  dry_run boolean DEFAULT false
) RETURNS SETOF ferry.backup
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10000 ROWS 10
AS 'MODULE_PATHNAME', 'ferry_prune_backups';
COMMENT ON FUNCTION ferry.prune_backups(integer, interval, boolean) IS
'Removes old backups of this database''s tables and tells which

A backup goes only when both agree: it is not among the last keep_last of its table, and it is older than keep_for.';

CREATE FUNCTION ferry.restore_table_avro(
  target regclass,
  backup bigint,
  mode text DEFAULT 'replace',
  dry_run boolean DEFAULT false,
  on_error text DEFAULT 'abort',
  reject_limit bigint DEFAULT NULL,
  columns jsonb DEFAULT NULL,
  naive_time_zone text DEFAULT NULL
) RETURNS ferry.load_report
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10000
AS 'MODULE_PATHNAME', 'ferry_restore_table_avro';
COMMENT ON FUNCTION ferry.restore_table_avro(regclass, bigint, text, boolean, text, bigint, jsonb, text) IS
'Brings a table back from a backup

With mode replace the table becomes equal to the backup, which the content hash then proves; with append the rows
come on top, with missing_only those whose key is not in the table, with upsert they overwrite the rows with their
primary key. One transaction: after any failure the table is what it was.';

CREATE FUNCTION ferry.restore_table_avro(
  target regclass,
  path text,
  mode text DEFAULT 'replace',
  dry_run boolean DEFAULT false,
  on_error text DEFAULT 'abort',
  reject_limit bigint DEFAULT NULL,
  columns jsonb DEFAULT NULL,
  naive_time_zone text DEFAULT NULL
) RETURNS ferry.load_report
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10000
AS 'MODULE_PATHNAME', 'ferry_restore_table_avro_path';
COMMENT ON FUNCTION ferry.restore_table_avro(regclass, text, text, boolean, text, bigint, jsonb, text) IS
'Brings a table back from any Avro file

A relative path is looked up in the folder backups of ferry.directory; an absolute one needs membership in
pg_read_server_files.';

CREATE FUNCTION ferry.restore_table_avro_data(
  target regclass,
  data bytea,
  mode text DEFAULT 'replace',
  dry_run boolean DEFAULT false,
  on_error text DEFAULT 'abort',
  reject_limit bigint DEFAULT NULL,
  columns jsonb DEFAULT NULL,
  naive_time_zone text DEFAULT NULL
) RETURNS ferry.load_report
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10000
AS 'MODULE_PATHNAME', 'ferry_restore_table_avro_data';
COMMENT ON FUNCTION ferry.restore_table_avro_data(regclass, bytea, text, boolean, text, bigint, jsonb, text) IS
'Brings a table back from the bytes of any Avro file, as a client sends them

All else is as in restore_table_avro from a file that has no manifest.';

CREATE FUNCTION ferry.restore_table_avro_as(
  backup bigint,
  new_name text
) RETURNS ferry.load_report
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10000
AS 'MODULE_PATHNAME', 'ferry_restore_table_avro_as';
COMMENT ON FUNCTION ferry.restore_table_avro_as(bigint, text) IS
'Makes a new table from a backup: columns, defaults, constraints and comments as they were, and all rows

The content hash proves the rows. After any failure there is no such table.';

CREATE FUNCTION ferry.diff_backup(backup bigint)
RETURNS TABLE (change text, key jsonb, in_backup jsonb, in_table jsonb)
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10000 ROWS 100
AS 'MODULE_PATHNAME', 'ferry_diff_backup';
COMMENT ON FUNCTION ferry.diff_backup(bigint) IS
'Lists the rows in which a table and its backup differ, touching neither

change is missing (only in the backup), surplus (only in the table) or changed. Rows are known by their primary key, or
without one by all they hold.';

CREATE FUNCTION ferry.read_avro(path text) RETURNS SETOF jsonb
LANGUAGE c VOLATILE PARALLEL RESTRICTED COST 10000 ROWS 1000
AS 'MODULE_PATHNAME', 'ferry_read_avro';
COMMENT ON FUNCTION ferry.read_avro(text) IS
'Reads any Avro file on the server, one JSON object a row

A relative path is looked up in the folder backups of ferry.directory. For members of pg_read_server_files.';

CREATE FUNCTION ferry.read_avro(path text, row_type anyelement) RETURNS SETOF anyelement
LANGUAGE c VOLATILE PARALLEL RESTRICTED COST 10000 ROWS 1000
AS 'MODULE_PATHNAME', 'ferry_read_avro_typed';
COMMENT ON FUNCTION ferry.read_avro(text, anyelement) IS
'Reads any Avro file on the server as rows of a composite type, such as that of a table: NULL::ports

Fields go to the attributes of their names; attributes without a field are NULL. For members of pg_read_server_files.';

CREATE FUNCTION ferry.avro_schema(target regclass) RETURNS json
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'ferry_avro_schema';
COMMENT ON FUNCTION ferry.avro_schema(regclass) IS 'The Avro schema in which a table is backed up';

REVOKE ALL ON FUNCTION ferry.backup_table_avro, ferry.backup_tables_avro, ferry.backup_schema_avro, ferry.list_backups(),
  ferry.avro_schema(regclass) FROM PUBLIC;
REVOKE ALL ON FUNCTION ferry.restore_table_avro(regclass, bigint, text, boolean, text, bigint, jsonb, text),
  ferry.restore_table_avro(regclass, text, text, boolean, text, bigint, jsonb, text),
  ferry.restore_table_avro_data(regclass, bytea, text, boolean, text, bigint, jsonb, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION ferry.backup_parts(bigint), ferry.read_backup_file(bigint, integer, bigint, integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION ferry.restore_table_avro_as(bigint, text), ferry.diff_backup(bigint), ferry.read_avro(text),
  ferry.read_avro(text, anyelement) FROM PUBLIC;
REVOKE ALL ON FUNCTION ferry.verify_backup(bigint, text), ferry.drop_backup(bigint),
  ferry.prune_backups(integer, interval, boolean) FROM PUBLIC;
REVOKE ALL ON ferry.backups FROM PUBLIC;
