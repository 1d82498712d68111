-- The way in. All functions run with the caller's rights; NULL for an option means its default.

CREATE FUNCTION ferry.migrate_csv(
  target regclass,
  path text,
  columns text[] DEFAULT NULL,
  header text DEFAULT 'auto',
  delimiter text DEFAULT ',',
  quote text DEFAULT '"',
  escape text DEFAULT NULL,
  null_string text DEFAULT '',
  encoding text DEFAULT 'UTF8',
  date_format text DEFAULT NULL,
  on_error text DEFAULT 'reject',
  on_conflict text DEFAULT 'reject',
  reject_limit bigint DEFAULT NULL,
  reject_percent double precision DEFAULT NULL,
  repair text DEFAULT 'none',
  dry_run boolean DEFAULT false,
  force boolean DEFAULT false
) RETURNS ferry.load_report
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10000
AS 'MODULE_PATHNAME', 'ferry_migrate_csv';
COMMENT ON FUNCTION ferry.migrate_csv IS
'Loads a CSV file on the server into a table

A relative path is looked up in the folder inbox of ferry.directory; an absolute one needs membership in
pg_read_server_files. Good rows go in, bad rows go to ferry.rejects with all their errors. With auto, delimiter, quote,
escape, null_string and encoding are found out from the file; gzip and zstd are unpacked.';

CREATE FUNCTION ferry.migrate_csv_data(
  target regclass,
  data bytea,
  columns text[] DEFAULT NULL,
  header text DEFAULT 'auto',
  delimiter text DEFAULT ',',
  quote text DEFAULT '"',
  escape text DEFAULT NULL,
  null_string text DEFAULT '',
  encoding text DEFAULT 'UTF8',
  date_format text DEFAULT NULL,
  on_error text DEFAULT 'reject',
  on_conflict text DEFAULT 'reject',
  reject_limit bigint DEFAULT NULL,
  reject_percent double precision DEFAULT NULL,
  repair text DEFAULT 'none',
  dry_run boolean DEFAULT false,
  force boolean DEFAULT false
) RETURNS ferry.load_report
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10000
AS 'MODULE_PATHNAME', 'ferry_migrate_csv_data';
COMMENT ON FUNCTION ferry.migrate_csv_data IS
'Loads a CSV value into a table

The same as ferry.migrate_csv, for bytes that the caller sends.';

CREATE FUNCTION ferry.migrate_csv_object(
  target regclass,
  object oid,
  columns text[] DEFAULT NULL,
  header text DEFAULT 'auto',
  delimiter text DEFAULT ',',
  quote text DEFAULT '"',
  escape text DEFAULT NULL,
  null_string text DEFAULT '',
  encoding text DEFAULT 'UTF8',
  date_format text DEFAULT NULL,
  on_error text DEFAULT 'reject',
  on_conflict text DEFAULT 'reject',
  reject_limit bigint DEFAULT NULL,
  reject_percent double precision DEFAULT NULL,
  repair text DEFAULT 'none',
  dry_run boolean DEFAULT false,
  force boolean DEFAULT false
) RETURNS ferry.load_report
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10000
AS 'MODULE_PATHNAME', 'ferry_migrate_csv_object';
COMMENT ON FUNCTION ferry.migrate_csv_object IS
'Loads a CSV large object into a table

The same as ferry.migrate_csv, for a file of any size that a client has sent with lo_import.';

CREATE FUNCTION ferry.insert_batch(
  target regclass,
  rows json,
  mode text DEFAULT 'partial',
  dry_run boolean DEFAULT false,
  unknown text DEFAULT 'reject',
  strict boolean DEFAULT false,
  idempotency_key text DEFAULT NULL
) RETURNS json
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10000
AS 'MODULE_PATHNAME', 'ferry_insert_batch';
COMMENT ON FUNCTION ferry.insert_batch IS
'Inserts 1 to 1000 rows of JSON into a table

A missing key takes the column''s default, an explicit null is NULL. With mode partial the good rows go in, with
atomic all or none. The answer tells every error of every row. With unknown => ''ignore'' keys that are no column are
passed over; with strict a value must be JSON of the column''s own form. A request that is sent again with the same
idempotency_key is not done again.';

CREATE FUNCTION ferry.insert_batches(
  tables json,
  mode text DEFAULT 'partial',
  dry_run boolean DEFAULT false,
  unknown text DEFAULT 'reject',
  strict boolean DEFAULT false,
  idempotency_key text DEFAULT NULL
) RETURNS json
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10000
AS 'MODULE_PATHNAME', 'ferry_insert_batches';
COMMENT ON FUNCTION ferry.insert_batches IS
'Inserts 1 to 1000 rows of JSON into several tables

tables is an object: for each table an array of rows. Parents go in before their children, whatever the order of the
keys. Options are those of ferry.insert_batch; with mode atomic all rows of all tables go in or none.';

REVOKE ALL ON FUNCTION ferry.migrate_csv, ferry.migrate_csv_data, ferry.migrate_csv_object, ferry.insert_batch, ferry.insert_batches FROM PUBLIC;
