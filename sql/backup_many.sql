-- Many tables in one backup, all or none; workers; row-level security; blocks and rows of all sizes.
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
RESET client_min_messages;
CREATE SCHEMA backup_many;
SET search_path = backup_many;
SELECT format('ferry_many_test_%s', extract(epoch FROM clock_timestamp())::bigint) AS folder \gset
SET ferry.directory = :'folder';
CREATE FUNCTION pg_temp.files() RETURNS SETOF text LANGUAGE sql AS $$SELECT regexp_replace(f, '\d{16}', 'N') FROM pg_ls_dir(current_setting('ferry.directory') || '/backups') f ORDER BY f COLLATE "C"$$;
CREATE FUNCTION pg_temp.clean() RETURNS bigint LANGUAGE sql AS $$SELECT count(ferry.drop_backup(backup_id)) FROM ferry.backups$$;
CREATE FUNCTION pg_temp.refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  hint text;
BEGIN
  EXECUTE statement;
  RETURN 'not refused';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
  RETURN regexp_replace(SQLSTATE || ': ' || SQLERRM, '\d{16}', 'N') || coalesce(E'\nHINT: ' || nullif(hint, ''), '');
END
$$;
\pset null '-'

CREATE TABLE one (id int PRIMARY KEY, v text);
INSERT INTO one SELECT i, 'one ' || i FROM generate_series(1, 5000) i;
CREATE TABLE "Two, é" (id int, at date);
INSERT INTO "Two, é" SELECT i, CASE WHEN i > 500 THEN 'infinity'::date ELSE date '2021-01-01' + i END FROM generate_series(1, 1000) i;
CREATE TABLE nobody (id int);
CREATE TABLE columnless ();
INSERT INTO columnless SELECT FROM generate_series(1, 3);
CREATE TABLE parts (id int, v text) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (100);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (100) TO (200);
INSERT INTO parts SELECT i, 'p' FROM generate_series(0, 199) i;
CREATE VIEW seen AS TABLE one;
CREATE TEMP TABLE passing AS SELECT i AS id FROM generate_series(1, 50) i;

-- ---- Several tables, one moment ----
SELECT target, parts, rows, filtered FROM ferry.backup_tables_avro('{one,"\"Two, é\"",nobody,columnless,parts,parts_1}');
SELECT count(DISTINCT snapshot) AS snapshots, count(DISTINCT backup_id) AS ids, count(*) FROM ferry.backups;
SELECT pg_temp.files();
SELECT v.level, v.ok, count(*) FROM ferry.backups b, ferry.verify_backup(b.backup_id, 'restore') v WHERE problem IS NULL GROUP BY 1, 2 ORDER BY 1;
SELECT pg_temp.clean();
SELECT count(*) FROM ferry.backup_tables_avro('{}');
-- A schema: tables and partitioned tables, by name; neither views nor partitions.
SELECT target, parts, rows, codec FROM ferry.backup_schema_avro('backup_many', codec => 'zstandard', level => 3);
SELECT pg_temp.clean();
-- All or none: the last one fails when the others are written.
CREATE TABLE fails (id int);
INSERT INTO fails SELECT generate_series(1, 3000);
ALTER TABLE fails ENABLE ROW LEVEL SECURITY;
CREATE POLICY risky ON fails USING (1 / (id - 2500) < 2);
CREATE ROLE ferry_many_clerk;
GRANT USAGE ON SCHEMA ferry, backup_many TO ferry_many_clerk;
GRANT SELECT ON one, fails TO ferry_many_clerk;
GRANT EXECUTE ON FUNCTION ferry.backup_table_avro, ferry.backup_tables_avro, ferry.backup_schema_avro TO ferry_many_clerk;
SET ROLE ferry_many_clerk;
SELECT pg_temp.refusal($$SELECT ferry.backup_tables_avro('{one,fails}', row_security => 'filter')$$);
SELECT pg_temp.refusal($$SELECT ferry.backup_tables_avro('{one,fails}')$$);
SELECT pg_temp.refusal($$SELECT ferry.backup_tables_avro('{one,nobody}')$$);
SELECT pg_temp.refusal($$SELECT ferry.backup_schema_avro('backup_many')$$);
RESET ROLE;
REVOKE USAGE ON SCHEMA backup_many FROM ferry_many_clerk;
SET ROLE ferry_many_clerk;
SELECT pg_temp.refusal(format($$SELECT ferry.backup_schema_avro(%s)$$, (SELECT oid FROM pg_namespace WHERE nspname = 'backup_many')));
RESET ROLE;
GRANT USAGE ON SCHEMA backup_many TO ferry_many_clerk;
DROP TABLE fails;
SELECT pg_temp.files();
SELECT pg_temp.refusal($$SELECT ferry.backup_tables_avro('{one,nobody,one}')$$);
SELECT pg_temp.refusal($$SELECT ferry.backup_tables_avro('{one,NULL}')$$);
SELECT pg_temp.refusal($$SELECT ferry.backup_tables_avro(NULL)$$);
SELECT pg_temp.refusal($$SELECT ferry.backup_tables_avro('{one,seen}')$$);
SELECT pg_temp.refusal($$SELECT ferry.backup_schema_avro(NULL)$$);
SELECT pg_temp.refusal($$SELECT ferry.backup_schema_avro(4000000000)$$);
SELECT pg_temp.refusal($$SELECT ferry.backup_table_avro('one', parallel => -1)$$);
SELECT pg_temp.refusal($$SELECT ferry.backup_table_avro('one', parallel => 1025)$$);
SELECT pg_temp.refusal($$SELECT ferry.backup_table_avro('one', block_size => 1023)$$);
SELECT pg_temp.refusal($$SELECT ferry.backup_table_avro('one', block_size => 16777217)$$);
SELECT pg_temp.refusal($$SELECT ferry.backup_table_avro('one', row_security => 'off')$$);
SELECT pg_temp.refusal($$SELECT ferry.backup_table_avro('one', level => 13)$$);
SELECT pg_temp.files();

-- ---- Workers: whoever wrote which row, the whole is the same ----
SELECT content_hash AS one, rows FROM ferry.backup_table_avro('one') \gset
SELECT content_hash = :'one' AS same, rows FROM ferry.backup_table_avro('one', parallel => 2);
SELECT content_hash = :'one' AS same, rows FROM ferry.backup_table_avro('one', parallel => 2, codec => 'null', block_size => 1024);
SELECT parts, rows FROM ferry.backup_table_avro('nobody', parallel => 2);
SELECT rows FROM ferry.backup_table_avro('columnless', parallel => 2);
-- What workers cannot see or share the caller writes itself.
SELECT rows FROM ferry.backup_table_avro('passing', parallel => 2);
SELECT rows FROM ferry.backup_table_avro('parts', parallel => 2);
SELECT target, rows FROM ferry.backup_tables_avro('{one,passing,"\"Two, é\"",nobody,columnless,parts}', parallel => 3) WHERE target NOT LIKE 'pg_temp%';
-- None to be had.
SET max_parallel_workers = 0;
SELECT parts, rows FROM ferry.backup_table_avro('one', parallel => 2);
RESET max_parallel_workers;
SELECT v.level, v.ok, count(*) FROM ferry.backups b, ferry.verify_backup(b.backup_id, 'restore') v WHERE problem IS NULL GROUP BY 1, 2 ORDER BY 1;
SELECT pg_temp.clean();
-- In a transaction that has written, and in one whose snapshot is older.
BEGIN;
CREATE TABLE fresh AS SELECT i AS id FROM generate_series(1, 3000) i;
UPDATE fresh SET id = -id WHERE id % 2 = 0;
SAVEPOINT s;
INSERT INTO fresh VALUES (0);
SELECT rows FROM ferry.backup_table_avro('fresh', parallel => 2, name => 'fresh');
ROLLBACK TO s;
SELECT rows FROM ferry.backup_table_avro('fresh', parallel => 2, name => 'fresh2');
SELECT status, rows_loaded FROM ferry.restore_table_avro('fresh', 'fresh');
SELECT count(*), sum(id) FROM fresh;
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT count(*) FROM fresh;
SELECT rows FROM ferry.backup_table_avro('fresh', parallel => 2);
COMMIT;
-- The transaction can go on writing, and a failure can be caught.
DO $$
BEGIN
  INSERT INTO backup_many.fresh VALUES (1);
  PERFORM ferry.backup_table_avro('backup_many.fresh', parallel => 2);
  INSERT INTO backup_many.fresh VALUES (1);
  BEGIN
    PERFORM ferry.backup_table_avro('backup_many.fresh', parallel => 2, name => 'fresh');
  EXCEPTION WHEN duplicate_object THEN
    INSERT INTO backup_many.fresh VALUES (1);
  END;
END
$$;
SELECT count(*) FROM fresh;
SELECT pg_temp.clean();

-- ---- Row-level security ----
CREATE TABLE wards (id int PRIMARY KEY, keeper text);
INSERT INTO wards SELECT i, CASE WHEN i % 3 = 0 THEN 'ferry_many_clerk' ELSE 'someone' END FROM generate_series(1, 30) i;
ALTER TABLE wards ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON wards USING (keeper = current_user);
GRANT ALL ON wards TO ferry_many_clerk;
SET ROLE ferry_many_clerk;
SELECT pg_temp.refusal($$SELECT ferry.backup_table_avro('wards')$$);
SELECT rows, filtered FROM ferry.backup_table_avro('wards', row_security => 'filter', name => 'wards', parallel => 2);
RESET ROLE;
SELECT rows, filtered FROM ferry.backup_table_avro('wards', row_security => 'filter');
SELECT path, rows FROM ferry.backups WHERE filtered;
-- To put it in the place of all rows would lose the others.
SELECT pg_temp.refusal($$SELECT ferry.restore_table_avro('wards', 'wards')$$);
DELETE FROM wards WHERE keeper = 'ferry_many_clerk';
SELECT status, rows_loaded FROM ferry.restore_table_avro('wards', 'wards', mode => 'append');
SELECT count(*) FROM wards;
SELECT level, ok FROM ferry.verify_backup((SELECT backup_id FROM ferry.backups WHERE filtered), 'restore');
SELECT pg_temp.clean();

-- ---- Blocks, rows and tables of all sizes ----
CREATE TABLE large (id int, v text, b bytea);
INSERT INTO large SELECT i, repeat(chr(65 + i), i * 200000), decode(repeat('00', i * 1000), 'hex') FROM generate_series(1, 12) i;
SELECT c.codec, s.size, b.rows, (SELECT bool_and(ok) FROM ferry.verify_backup(b.backup_id, 'restore')) AS sound
  FROM unnest('{"null",deflate,snappy,zstandard}'::text[]) c(codec), unnest('{1024,131072,16777216}'::int[]) s(size), ferry.backup_table_avro('large', codec => c.codec, block_size => s.size) b;
SELECT count(DISTINCT content_hash) FROM ferry.backups;
SELECT pg_temp.clean();
-- A column of 60 is too much for its type in each of 60 rows: as many parts, each with one more column widened.
SELECT format('CREATE TABLE wide (%s)', string_agg('c' || i || ' date', ', ' ORDER BY i)) AS make,
       format('INSERT INTO wide SELECT %s FROM generate_series(0, 60) r', string_agg(format('CASE r WHEN %s THEN ''infinity''::date ELSE date ''2021-01-01'' + r END', i), ', ' ORDER BY i)) AS fill
  FROM generate_series(1, 60) i \gset
:make;
:fill;
SELECT b.parts, b.rows, (SELECT bool_and(ok) FROM ferry.verify_backup(b.backup_id, 'restore')) AS sound FROM ferry.backup_table_avro('wide') b;
SELECT rows, (SELECT bool_and(ok) FROM ferry.verify_backup(b.backup_id, 'restore')) AS sound FROM ferry.backup_table_avro('wide', parallel => 2) b;
SELECT pg_temp.clean();
-- 1,600 columns, with workers.
SELECT format('CREATE TABLE widest (%s)', string_agg('c' || i || ' smallint', ', ' ORDER BY i)) AS make,
       format('INSERT INTO widest SELECT %s FROM generate_series(1, 50) r', string_agg('r', ', ')) AS fill
  FROM generate_series(1, 1600) i \gset
:make;
:fill;
SELECT rows, (SELECT bool_and(ok) FROM ferry.verify_backup(b.backup_id, 'restore')) AS sound FROM ferry.backup_table_avro('widest', parallel => 2) b;
SELECT pg_temp.clean();
SELECT pg_temp.files();

\set cleanup 'cat > /dev/null && rm -rf ' :folder
COPY (SELECT) TO PROGRAM :'cleanup';
SET client_min_messages = warning;
DROP SCHEMA backup_many CASCADE;
DROP EXTENSION pg_ferry;
DROP ROLE ferry_many_clerk;
