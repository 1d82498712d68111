-- The bytes of a backup for clients without a way to the server's disk, and tables restored from bytes: a backup goes out
-- and comes back without a file on the way. Who may read it, and who may not.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
CREATE SCHEMA backup_bytes;
SET search_path = backup_bytes;
SELECT format('ferry_bytes_test_%s', extract(epoch FROM clock_timestamp())::bigint) AS folder \gset
SET ferry.directory = :'folder';
\getenv source PG_ABS_SRCDIR
\set include :source '/sql/include/avro_files.sql'
\set ECHO none
\i :include
\set ECHO all
\pset tuples_only
\pset format unaligned
-- A refusal, without the number of the backup.
CREATE FUNCTION pg_temp.refused(statement text) RETURNS text LANGUAGE sql AS $$SELECT regexp_replace(pg_temp.refusal(statement), '\m[0-9]{16}\M', 'N', 'g')$$;

CREATE TABLE plain (id int PRIMARY KEY, at date, note text);
INSERT INTO plain SELECT i, date '2020-01-01' + i, repeat('a note ', i % 5) FROM generate_series(1, 3000) i;
-- A day that does not fit begins a second part.
INSERT INTO plain VALUES (3001, 'infinity', NULL), (3002, '-infinity', '');
CREATE TABLE kept AS TABLE plain;
SELECT backup_id AS backup, parts, content_hash AS hash, database = current_database() AS here FROM ferry.backup_table_avro('plain', name => 'plain.avro') \gset
\echo :parts :here

-- ---- The files and their bytes ----
SELECT part, file, rows, bytes = length(pg_read_binary_file(:'folder' || '/backups/' || file)) AS size_right FROM ferry.backup_parts(:backup);
SELECT part, ferry.read_backup_file(:backup, part) = pg_read_binary_file(:'folder' || '/backups/' || file) AS same, encode(sha256(ferry.read_backup_file(:backup, part)), 'hex') = sha256 AS sum FROM ferry.backup_parts(:backup);
-- In pieces, of which the last one is shorter; none behind the end.
SELECT part, string_agg(ferry.read_backup_file(:backup, part, n, 1000), '' ORDER BY n) = ferry.read_backup_file(:backup, part) AS same, count(*) > 1 AS pieces
  FROM ferry.backup_parts(:backup), generate_series(0, bytes - 1, 1000) n GROUP BY part ORDER BY part;
SELECT length(ferry.read_backup_file(:backup, 1, bytes - 1)), length(ferry.read_backup_file(:backup, 1, bytes)), length(ferry.read_backup_file(:backup, 1, 9223372036854775807)) FROM ferry.backup_parts(:backup) WHERE part = 1;
SELECT encode(ferry.read_backup_file(:backup, length => 4), 'escape'), length(ferry.read_backup_file(:backup, NULL, NULL, NULL)) = bytes FROM ferry.backup_parts(:backup) WHERE part = 1;
-- Without a backup all of them.
SELECT path AS other FROM ferry.backup_table_avro('kept', name => 'kept.avro') \gset
SELECT part, file FROM ferry.backup_parts() ORDER BY backup_id, part;
SELECT count(*) FROM ferry.backup_parts(NULL);

SELECT pg_temp.refused('SELECT ferry.read_backup_file(NULL)');
SELECT pg_temp.refused('SELECT ferry.read_backup_file(-1)');
SELECT pg_temp.refused('SELECT * FROM ferry.backup_parts(-1)');
SELECT n, pg_temp.refused(format('SELECT ferry.read_backup_file(%s, %s)', :backup, n)) FROM unnest(ARRAY[3, 0, -2147483648]) n;
SELECT pg_temp.refused(format('SELECT ferry.read_backup_file(%s, 1, -1)', :backup));
SELECT n, pg_temp.refused(format('SELECT ferry.read_backup_file(%s, length => %s)', :backup, n)) FROM unnest(ARRAY[0, -1, 67108865]) n;
-- A symbolic link in the place of a file is not followed, and a file that is gone is told by its name.
\set link 'cat > /dev/null && cd ' :folder '/backups && mv plain.2.avro aside && ln -s ../../PG_VERSION plain.2.avro'
COPY (SELECT) TO PROGRAM :'link';
SELECT pg_temp.refused(format('SELECT ferry.read_backup_file(%s, 2)', :backup));
\set unlink 'cat > /dev/null && rm ' :folder '/backups/plain.2.avro'
COPY (SELECT) TO PROGRAM :'unlink';
SELECT pg_temp.refused(format('SELECT ferry.read_backup_file(%s, 2)', :backup));
\set back 'cat > /dev/null && cd ' :folder '/backups && mv aside plain.2.avro'
COPY (SELECT) TO PROGRAM :'back';

-- ---- Restored from bytes: part by part, the whole is what was backed up ----
UPDATE plain SET note = 'changed' WHERE id % 3 = 0;
DELETE FROM plain WHERE id % 5 = 0;
SELECT status, rows_read, rows_loaded FROM ferry.restore_table_avro_data('plain', ferry.read_backup_file(:backup, 1));
SELECT status, rows_read, rows_loaded FROM ferry.restore_table_avro_data('plain', ferry.read_backup_file(:backup, 2), mode => 'append');
SELECT count(*) AS different FROM (TABLE plain EXCEPT TABLE kept UNION ALL (TABLE kept EXCEPT TABLE plain)) d;
SELECT content_hash = :'hash' AS same_hash FROM ferry.backup_table_avro('plain');
SELECT l.target, l.source_kind, l.source_name IS NULL AS nameless, l.source_sha256 = p.sha256 AS sum, l.bytes_read = p.bytes AS size FROM ferry.loads l, ferry.backup_parts(:backup) p WHERE l.load_id = p.part + (SELECT max(load_id) - 2 FROM ferry.loads) ORDER BY p.part;
-- The other modes, a dry run and a bad row.
DELETE FROM plain WHERE id = 7;
SELECT r.status, rows_loaded, rows_skipped, rows_updated FROM ferry.restore_table_avro_data('plain', ferry.read_backup_file(:backup, 1), 'missing_only', true) r;
SELECT r.status, rows_loaded, rows_skipped, rows_updated FROM ferry.restore_table_avro_data('plain', ferry.read_backup_file(:backup, 1), 'upsert', true) r;
SELECT count(*) FROM plain;
SELECT r.status, rows_loaded, rows_skipped FROM ferry.restore_table_avro_data('plain', ferry.read_backup_file(:backup, 1), 'missing_only') r;
ALTER TABLE plain ADD CHECK (id <> 5) NOT VALID;
SET client_min_messages = error;
SELECT r.status, rows_loaded, rows_rejected FROM ferry.restore_table_avro_data('plain', ferry.read_backup_file(:backup, 1), 'replace') r;
SELECT r.status, rows_loaded, rows_rejected FROM ferry.restore_table_avro_data('plain', ferry.read_backup_file(:backup, 1), 'replace', on_error => 'reject') r;
SET client_min_messages = warning;
SELECT count(*) FROM plain;
-- Any writer's bytes, mapped by hand.
CREATE TABLE foreign_rows (id int, word text);
SELECT pg_temp.header(pg_temp.record('{"key": "int", "word": "string", "more": "long"}')) || pg_temp.block(2, pg_temp.num(1) || pg_temp.str('one') || pg_temp.num(5) || pg_temp.num(2) || pg_temp.str('two') || pg_temp.num(6)) AS bytes \gset
SELECT status, rows_loaded FROM ferry.restore_table_avro_data('foreign_rows', :'bytes', columns => '{"key": "id", "more": null}');
TABLE foreign_rows;
SELECT pg_temp.refused(format('SELECT ferry.restore_table_avro_data(%L, %L)', 'foreign_rows', :'bytes'));

-- ---- Bytes that were made to harm, or are none ----
SELECT pg_backend_pid() AS pid \gset
SELECT pg_temp.refused($$SELECT ferry.restore_table_avro_data('foreign_rows', NULL)$$);
SELECT bytes, pg_temp.refused(format('SELECT ferry.restore_table_avro_data(%L, %L::bytea)', 'foreign_rows', bytes)) FROM unnest(ARRAY['', 'x', 'Obj\001']::bytea[]) bytes;
SELECT pg_temp.refused(format('SELECT ferry.restore_table_avro_data(%L, %L)', 'foreign_rows', pg_temp.header(pg_temp.record('{"word": "string"}')) || n))
  FROM unnest(ARRAY[pg_temp.block(1, pg_temp.num(9223372036854775807)), pg_temp.block(1, pg_temp.num(-1)), pg_temp.num(-1), pg_temp.num(1) || pg_temp.num(9223372036854775807), pg_temp.block(4611686018427387904, '')]) n;
-- Cut at every byte: only the header alone is a file, one without rows. And every byte turned over: an answer each time.
SELECT ferry.read_backup_file(backup_id) AS small FROM ferry.backup_table_avro('foreign_rows', codec => 'null') \gset
SELECT count(*) FILTER (WHERE answer = 'not refused') AS whole, count(*) FILTER (WHERE answer NOT LIKE '22P03%' AND answer <> 'not refused') AS otherwise
  FROM (SELECT pg_temp.refused(format('SELECT ferry.restore_table_avro_data(%L, %L, %L)', 'foreign_rows', substring(:'small'::bytea FOR n), 'append')) AS answer FROM generate_series(0, length(:'small'::bytea) - 1) n) cuts;
DO $$
DECLARE
  whole bytea := (SELECT ferry.read_backup_file(max(backup_id)) FROM ferry.backups WHERE target = 'backup_bytes.foreign_rows');
  answers text[] := '{}';
BEGIN
  FOR n IN 0 .. length(whole) - 1 LOOP
    answers := answers || left(pg_temp.refusal(format('SELECT ferry.restore_table_avro_data(%L, %L)', 'foreign_rows', set_byte(whole, n, get_byte(whole, n) # 255))), 5);
  END LOOP;
  -- Whatever a turned byte makes of the file, no answer is one of a server in trouble.
  RAISE WARNING '%', (SELECT string_agg(DISTINCT a, ', ') FROM unnest(answers) a WHERE a ~ '^(XX|53|57|58)');
END
$$;
TABLE foreign_rows;
SELECT pg_backend_pid() = :pid AS same_session;

-- ---- Who may ----
CREATE ROLE regress_ferry_bytes_owner;
CREATE ROLE regress_ferry_bytes_user;
CREATE ROLE regress_ferry_bytes_files IN ROLE pg_read_server_files;
GRANT USAGE ON SCHEMA backup_bytes TO PUBLIC;
SELECT backup_id AS backup FROM ferry.backups WHERE path = 'kept.avro' \gset
SET ROLE regress_ferry_bytes_user;
SELECT left(pg_temp.refused(s), 60) FROM unnest(ARRAY[format('SELECT ferry.read_backup_file(%s)', :backup), 'SELECT ferry.backup_parts()', $$SELECT ferry.restore_table_avro_data('kept', '')$$]) s;
RESET ROLE;
GRANT EXECUTE ON FUNCTION ferry.read_backup_file, ferry.backup_parts, ferry.restore_table_avro_data TO regress_ferry_bytes_owner, regress_ferry_bytes_user, regress_ferry_bytes_files;
SELECT format('SELECT length(ferry.read_backup_file(%s)) > 0', :backup) AS read \gset
-- No right on the table; to read it; to write it; both.
SET ROLE regress_ferry_bytes_user;
SELECT pg_temp.refused(:'read'), pg_temp.refused($$SELECT ferry.restore_table_avro_data('backup_bytes.kept', '')$$);
RESET ROLE; GRANT SELECT ON kept TO regress_ferry_bytes_user; SET ROLE regress_ferry_bytes_user;
SELECT pg_temp.refused(:'read');
RESET ROLE; REVOKE SELECT ON kept FROM regress_ferry_bytes_user; GRANT INSERT ON kept TO regress_ferry_bytes_user; SET ROLE regress_ferry_bytes_user;
SELECT pg_temp.refused(:'read');
RESET ROLE; GRANT SELECT (id), INSERT ON kept TO regress_ferry_bytes_user; SET ROLE regress_ferry_bytes_user;
SELECT pg_temp.refused(:'read');
RESET ROLE; GRANT SELECT ON kept TO regress_ferry_bytes_user; SET ROLE regress_ferry_bytes_user;
:read;
-- Restored from bytes with the rights of a restore.
SELECT pg_temp.refused(format('SELECT ferry.restore_table_avro_data(%L, ferry.read_backup_file(%s))', 'backup_bytes.kept', :backup));
SELECT status, rows_loaded FROM ferry.restore_table_avro_data('kept', ferry.read_backup_file(:backup), 'append', true);
RESET ROLE;
-- Rows that row-level security hides, and a column that is no more, stay with the owner.
ALTER TABLE kept ENABLE ROW LEVEL SECURITY;
SET ROLE regress_ferry_bytes_user;
SELECT pg_temp.refused(:'read');
RESET ROLE;
ALTER TABLE kept DISABLE ROW LEVEL SECURITY;
ALTER TABLE kept RENAME note TO remark;
SET ROLE regress_ferry_bytes_user;
SELECT pg_temp.refused(:'read');
RESET ROLE;
ALTER TABLE kept OWNER TO regress_ferry_bytes_owner;
SET ROLE regress_ferry_bytes_owner;
:read;
RESET ROLE;
-- Without the table, those who may read the server's files.
DROP TABLE kept;
SET ROLE regress_ferry_bytes_owner;
SELECT pg_temp.refused(:'read');
RESET ROLE;
SET ROLE regress_ferry_bytes_files;
:read;
RESET ROLE;
-- A table of that name in another database has nothing to do with it.
CREATE TABLE kept (id int);
GRANT ALL ON kept TO regress_ferry_bytes_user;
\set elsewhere 'cat > /dev/null && sed -i ''s/"database": "[^"]*"/"database": "elsewhere"/'' ' :folder '/backups/kept.avro.manifest.json'
COPY (SELECT) TO PROGRAM :'elsewhere';
SET ROLE regress_ferry_bytes_user;
SELECT pg_temp.refused(:'read');
RESET ROLE;
SELECT database FROM ferry.backups WHERE path = 'kept.avro';
-- The state of the backups is that of this database's.
SELECT target, backup_id IS NOT NULL AS has_one FROM ferry.backup_status() ORDER BY target;
SELECT l FROM regexp_split_to_table(ferry.prometheus(), E'\n') l WHERE l LIKE 'ferry_backup_missing%' OR l LIKE 'ferry_backup_rows%' ORDER BY l COLLATE "C";

\set cleanup 'cat > /dev/null && rm -rf ' :folder
COPY (SELECT) TO PROGRAM :'cleanup';
DROP SCHEMA backup_bytes CASCADE;
DROP OWNED BY regress_ferry_bytes_owner, regress_ferry_bytes_user, regress_ferry_bytes_files;
DROP ROLE regress_ferry_bytes_owner, regress_ferry_bytes_user, regress_ferry_bytes_files;
DROP EXTENSION pg_ferry;
