-- Backup and restore: the sample tables there and back, every codec, every mode, and that nothing half-done stays.
\set VERBOSITY terse
\getenv data FERRY_TEST_DATA
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry_hiring CASCADE;
RESET client_min_messages;
CREATE SCHEMA backup_tables;
SET search_path = backup_tables;
-- A folder of this test's own, so that other backups do not show.
SHOW ferry.directory;
SELECT format('ferry_backup_test_%s', extract(epoch FROM clock_timestamp())::bigint) AS folder \gset
SET ferry.directory = :'folder';
CREATE FUNCTION pg_temp.refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text;
  hint text;
BEGIN
  EXECUTE statement;
  RETURN 'not refused';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(E'\n', SQLSTATE || ': ' || SQLERRM, 'DETAIL: ' || NULLIF(detail, ''), 'HINT: ' || NULLIF(hint, ''));
END
$$;
\pset tuples_only
\pset format unaligned

-- Without a backup there is no folder, and that is no error.
SELECT count(*) FROM ferry.list_backups();
SELECT hiring.create_tables();
SELECT status FROM ferry.migrate_csv('departments', :'data' || '/departments.csv');
SELECT status FROM ferry.migrate_csv('jobs', :'data' || '/jobs.csv');
SELECT status, rows_loaded FROM ferry.migrate_csv('hired_employees', :'data' || '/hired_employees.csv');
CREATE TABLE hires_before AS TABLE hired_employees;
CREATE TABLE departments_before AS TABLE departments;
-- The binary comparison (*=) of whole rows.
CREATE FUNCTION pg_temp.same(a regclass, b regclass) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  same bool;
BEGIN
  EXECUTE format('SELECT NOT EXISTS (SELECT FROM (SELECT t AS r, row_number() OVER (PARTITION BY t ORDER BY t) FROM %s t) x FULL JOIN (SELECT t AS r, row_number() OVER (PARTITION BY t ORDER BY t) FROM %s t) y
    ON x.r::text = y.r::text AND x.row_number = y.row_number WHERE x.r IS NULL OR y.r IS NULL OR NOT x.r *= y.r)', a, b) INTO same;
  RETURN CASE WHEN same THEN 'same rows' ELSE 'DIFFERENT ROWS' END;
END
$$;

-- ---- What a backup is ----
SELECT backup_id AS departments FROM ferry.backup_table_avro('departments') \gset
SELECT backup_id AS hires, path AS hires_path FROM ferry.backup_table_avro('hired_employees') \gset
SELECT :'folder' || '/backups/' || :'hires_path' AS hires_file \gset
SELECT target, codec, parts, rows, taken_by = current_user, taken_at BETWEEN now() - interval '1 minute' AND clock_timestamp(),
  bytes = (pg_stat_file(:'folder' || '/backups/' || path)).size, sha256 = encode(sha256(pg_read_binary_file(:'folder' || '/backups/' || path)), 'hex'), content_hash <> '', snapshot ~ '^\d+:\d+:',
  verified_level IS NULL, verified_at IS NULL
FROM ferry.backups ORDER BY taken_at;
SELECT count(*) AS different FROM (TABLE ferry.backups EXCEPT SELECT * FROM ferry.list_backups()) d;
-- Only whole files are there, none under a temporary name; each has its manifest.
SELECT regexp_replace(f, '\d{10,}', 'N') FROM pg_ls_dir(:'folder' || '/backups') f ORDER BY f COLLATE "C";
SELECT substring(pg_read_binary_file(:'hires_file') FOR 4) = 'Obj\001'::bytea AS avro;
-- The files are the truth: a rollback hides none.
BEGIN;
SELECT rows FROM ferry.backup_table_avro('jobs', name => 'rolled back');
ROLLBACK;
SELECT target, rows FROM ferry.backups WHERE path LIKE '%rolled back%';

-- ---- Restore ----
DELETE FROM hired_employees;
SELECT status, rows_read, rows_loaded, rows_rejected, rows_repaired, bytes_read = (pg_stat_file(:'hires_file')).size FROM ferry.restore_table_avro('hired_employees', :hires);
SELECT pg_temp.same('hired_employees', 'hires_before');
UPDATE hired_employees SET name = 'Changed', datetime = now() WHERE id % 3 = 0;
UPDATE hired_employees SET id = id + 100000 WHERE id % 3 = 1;
INSERT INTO hired_employees (id, name, department_id, job_id) SELECT i, 'More', 1, 1 FROM generate_series(200001, 200100) i;
SELECT status, rows_read FROM ferry.restore_table_avro('hired_employees', :hires);
SELECT pg_temp.same('hired_employees', 'hires_before');
TRUNCATE hired_employees RESTART IDENTITY;
SELECT status FROM ferry.restore_table_avro('hired_employees', :'hires_path');
SELECT pg_temp.same('hired_employees', 'hires_before');
-- The next number is past what came back; constraints and indexes are what they were.
INSERT INTO hired_employees (name, department_id, job_id) VALUES ('Next', 1, 1) RETURNING id > (SELECT max(id) FROM hires_before);
SELECT count(*), bool_and(convalidated) FROM pg_constraint WHERE conrelid = 'hired_employees'::regclass;
-- By a whole path.
SELECT status FROM ferry.restore_table_avro('hired_employees', current_setting('data_directory') || '/' || :'hires_file');
SELECT pg_temp.same('hired_employees', 'hires_before');
-- The load is in the log, with its source.
SELECT target, source_kind, status, rows_read, rows_loaded, rows_rejected, source_sha256 = encode(sha256(pg_read_binary_file(:'hires_file')), 'hex') FROM ferry.loads ORDER BY load_id DESC LIMIT 1;

-- ---- A parent that others refer to: by difference, the children untouched ----
CREATE TABLE stamps AS SELECT id, xmin AS stamp, ctid AS place FROM hired_employees;
CREATE TABLE parent_stamps AS SELECT id, xmin AS stamp FROM departments;
UPDATE departments SET department = 'Renamed' WHERE id = 3;
INSERT INTO departments (id, department) VALUES (900, 'Surplus');
SELECT status, rows_read FROM ferry.restore_table_avro('departments', :departments);
SELECT pg_temp.same('departments', 'departments_before');
SELECT count(*) AS rewritten FROM departments d JOIN parent_stamps s USING (id) WHERE d.xmin <> s.stamp;
SELECT count(*) AS children_touched FROM hired_employees h FULL JOIN stamps s USING (id) WHERE h.xmin IS DISTINCT FROM s.stamp OR h.ctid IS DISTINCT FROM s.place;
-- A surplus row that is still referred to: a clear error, and nothing has changed.
INSERT INTO departments (id, department) VALUES (901, 'Needed');
UPDATE hired_employees SET department_id = 901 WHERE id = 1;
SELECT left(pg_temp.refusal(format('SELECT ferry.restore_table_avro(%L, %s)', 'departments', :departments)), 5);
SELECT pg_temp.refusal(format('SELECT ferry.restore_table_avro(%L, %s)', 'departments', :departments)) ~ 'hired_employees' AS names_the_child;
SELECT count(*) FROM departments WHERE id = 901;
UPDATE hired_employees SET department_id = 1 WHERE id = 1;
SELECT status FROM ferry.restore_table_avro('departments', :departments);
-- A missing parent row comes back in its place.
DELETE FROM hired_employees WHERE department_id = 5;
DELETE FROM departments WHERE id = 5;
SELECT status FROM ferry.restore_table_avro('departments', :departments);
SELECT pg_temp.same('departments', 'departments_before');
SELECT status FROM ferry.restore_table_avro('hired_employees', :hires);
SELECT pg_temp.same('hired_employees', 'hires_before');

-- ---- Modes ----
DELETE FROM hired_employees WHERE id > 10;
SELECT status, rows_read > 0 FROM ferry.restore_table_avro('hired_employees', :hires, dry_run => true);
SELECT count(*) FROM hired_employees;
TRUNCATE hired_employees;
SELECT status, rows_loaded FROM ferry.restore_table_avro('hired_employees', :hires, 'append');
SELECT pg_temp.same('hired_employees', 'hires_before');
CREATE TABLE twice (a int, b text);
INSERT INTO twice VALUES (1, 'x'), (1, 'x'), (NULL, NULL);
SELECT backup_id AS twice FROM ferry.backup_table_avro('twice') \gset
SELECT status, rows_loaded FROM ferry.restore_table_avro('twice', :twice, mode => 'append');
SELECT a, b, count(*) FROM twice GROUP BY 1, 2 ORDER BY 1;
SELECT status FROM ferry.restore_table_avro('twice', :twice, NULL, NULL);
SELECT a, b, count(*) FROM twice GROUP BY 1, 2 ORDER BY 1;
SELECT pg_temp.refusal(format('SELECT ferry.restore_table_avro(%L, %s, %L)', 'twice', :twice, 'merge'));
-- A restore whose rows the table refuses leaves the table as it was.
ALTER TABLE twice ADD CONSTRAINT twice_a CHECK (a <> 1) NOT VALID;
INSERT INTO twice VALUES (2, 'stays');
SET client_min_messages = error;
DO $$
DECLARE
  report ferry.load_report;
BEGIN
  report := ferry.restore_table_avro('twice', (SELECT backup_id FROM ferry.backups WHERE target ~ 'twice'));
  IF report.status <> 'aborted' THEN RAISE EXCEPTION 'the restore says %', report.status; END IF;
EXCEPTION WHEN check_violation OR data_exception THEN NULL;
END
$$;
RESET client_min_messages;
SELECT a, b FROM twice ORDER BY a, b;

-- ---- Every codec ----
DO $$
DECLARE
  c record; b ferry.backup; r ferry.load_report;
BEGIN
  FOR c IN SELECT * FROM (VALUES ('null', NULL), ('deflate', NULL), ('deflate', 1), ('deflate', 12), ('snappy', NULL), ('zstandard', NULL), ('zstandard', 1), ('zstandard', 19), (NULL, NULL)) v(codec, level) LOOP
    b := ferry.backup_table_avro('hired_employees', c.codec, c.level);
    DELETE FROM hired_employees WHERE id % 2 = 0;
    r := ferry.restore_table_avro('hired_employees', b.backup_id);
    RAISE NOTICE '% %: % in %, restored %: %', c.codec, c.level, b.rows, b.codec, r.rows_loaded, pg_temp.same('hired_employees', 'hires_before');
  END LOOP;
END
$$;
SELECT count(DISTINCT content_hash) AS contents FROM ferry.backups WHERE target ~ 'hired';
SELECT c, l, left(pg_temp.refusal(format('SELECT ferry.backup_table_avro(%L, %L, %L::int)', 'jobs', c, l)), 5) IN ('22023', '0A000') AS refused
FROM (VALUES ('bzip2', NULL), ('', NULL), ('deflate ', NULL), ('deflate', 13), ('zstandard', 99), ('snappy', 3), ('null', 1)) v(c, l);
-- No moment makes two backups one.
SELECT count(DISTINCT backup_id) FROM ferry.backups WHERE target ~ 'hired';
-- A volatile function sees what its own statement has done so far: a backup after a load in one statement holds its rows.
TRUNCATE twice;
ALTER TABLE twice DROP CONSTRAINT twice_a;
SELECT l.rows_loaded, b.rows FROM ferry.migrate_csv_data('twice', E'1,a\n2,b\n') l, LATERAL ferry.backup_table_avro(CASE WHEN l.load_id > 0 THEN 'twice'::regclass END) b;

SET client_min_messages = warning;
\set cleanup 'cat > /dev/null && rm -rf ' :folder
COPY (SELECT) TO PROGRAM :'cleanup';
DROP SCHEMA backup_tables CASCADE;
DROP EXTENSION pg_ferry_hiring;
DROP EXTENSION pg_ferry;
