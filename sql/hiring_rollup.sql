-- The rollup of pg_ferry_hiring: after every kind of change it is what a count of the hires would give, the metrics answer
-- from it only for those who may count all hires, and nothing of it stays when it is disabled.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry_hiring CASCADE;
CREATE FUNCTION pg_temp.refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  hint text;
BEGIN
  EXECUTE statement;
  RETURN 'not refused';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(E'\n', SQLSTATE || ': ' || SQLERRM, 'HINT: ' || NULLIF(hint, ''));
END
$$;
-- What a query's plan reads.
CREATE FUNCTION pg_temp.reads(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  line text;
  plan text := '';
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
    plan := plan || line;
  END LOOP;
  RETURN concat_ws(' and ', CASE WHEN plan ~ 'Scan[a-z0-9_ ]* on rollup_' THEN 'the rollup' END,
                            CASE WHEN plan ~ 'Scan[a-z0-9_ ]* on hired_employees' THEN 'the hires' END);
END
$$;
CREATE FUNCTION pg_temp.differences() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM hiring.check_rollup() $$;
CREATE ROLE regress_rollup_owner;
CREATE ROLE regress_rollup_reader;
CREATE ROLE regress_rollup_writer;
CREATE SCHEMA hiring_rollup AUTHORIZATION regress_rollup_owner;
GRANT USAGE ON SCHEMA hiring_rollup TO regress_rollup_reader, regress_rollup_writer;
SET search_path = hiring_rollup;
SELECT pg_temp.refusal('SELECT hiring.enable_rollup()');
SET ROLE regress_rollup_owner;
SELECT hiring.create_tables();
INSERT INTO departments (department) SELECT 'Department ' || i FROM generate_series(1, 5) i;
INSERT INTO jobs (job) SELECT 'Job ' || i FROM generate_series(1, 4) i;
INSERT INTO hired_employees (name, datetime, department_id, job_id)
SELECT 'Hire ' || i, timestamptz '2020-11-01 00:00:00Z' + i * interval '17 hours', i % 4 + 1, i % 3 + 1
FROM generate_series(1, 1000) i;
INSERT INTO hired_employees (name, datetime, department_id, job_id) VALUES
  ('for ever', 'infinity', 1, 1), ('since ever', '-infinity', 1, 1), ('long ago', '0044-03-15 12:00:00Z BC', 1, 1);

-- ---- Making it ----
SELECT pg_temp.refusal('SELECT hiring.disable_rollup()');
SELECT pg_temp.refusal('SELECT * FROM hiring.check_rollup()');
SET ROLE regress_rollup_writer;
SELECT pg_temp.refusal('SELECT hiring.enable_rollup()');
RESET ROLE;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT pg_temp.refusal('SELECT hiring.enable_rollup()');
ROLLBACK;
SET ROLE regress_rollup_owner;
SELECT hiring.rollup_serves();
CREATE TEMP TABLE quarters AS SELECT y, m.* FROM generate_series(2019, 2024) y, hiring.hires_by_quarter(y) m;
CREATE TEMP TABLE months AS SELECT y, m.* FROM generate_series(2019, 2024) y, hiring.hires_by_month(y) m;
CREATE TEMP TABLE trend AS SELECT * FROM hiring.hires_trend();
CREATE TEMP TABLE means AS SELECT y, m.* FROM generate_series(2019, 2024) y, hiring.departments_above_mean(y) m;
SELECT (SELECT count(*) FROM quarters) AS quarters, (SELECT count(*) FROM months) AS months, (SELECT count(*) FROM trend) AS trend,
  (SELECT count(*) FROM means) AS means;
-- A superuser may make it; what comes of it belongs to the owner of the table all the same.
RESET ROLE;
SELECT hiring.enable_rollup();
SELECT pg_temp.refusal('SELECT hiring.enable_rollup()');
SELECT hiring.rollup_serves();
SELECT relname, relkind, relowner::regrole, relrowsecurity FROM pg_class
WHERE relname LIKE 'hired_employees_rollup%' AND relnamespace = 'hiring_rollup'::regnamespace ORDER BY relname COLLATE "C";
SELECT proname, proowner::regrole, prosecdef, proconfig, proacl::text ~ '[{,]=X/' AS everybody,
  obj_description(oid, 'pg_proc') IS NOT NULL AS commented
FROM pg_proc WHERE pronamespace = 'hiring_rollup'::regnamespace ORDER BY proname COLLATE "C";
SELECT count(*) AS columns, count(*) FILTER (WHERE col_description(attrelid, attnum) IS NULL) AS without_comment
FROM pg_attribute WHERE attrelid = 'hired_employees_rollup'::regclass AND attnum > 0;

-- The metrics say the same as before, and the hires are not read.
SELECT count(*) FROM (TABLE quarters EXCEPT ALL SELECT y, m.* FROM generate_series(2019, 2024) y, hiring.hires_by_quarter(y) m) x;
SELECT count(*) FROM (SELECT y, m.* FROM generate_series(2019, 2024) y, hiring.hires_by_quarter(y) m EXCEPT ALL TABLE quarters) x;
SELECT count(*) FROM (TABLE months EXCEPT ALL SELECT y, m.* FROM generate_series(2019, 2024) y, hiring.hires_by_month(y) m) x;
SELECT count(*) FROM (TABLE trend EXCEPT ALL SELECT * FROM hiring.hires_trend()) x;
SELECT count(*) FROM (TABLE means EXCEPT ALL SELECT y, m.* FROM generate_series(2019, 2024) y, hiring.departments_above_mean(y) m) x;
SELECT pg_temp.reads('SELECT * FROM hiring.hires_by_quarter(2021)');
SELECT pg_temp.reads('SELECT * FROM hiring.departments_above_mean(2021)');
SELECT pg_temp.reads('SELECT * FROM hiring.mean_hires(2021)');
SELECT pg_temp.reads('SELECT * FROM hiring.hires_by_month(2021)');
-- The trend asks the index on datetime for the first hire and the last, and for nothing between.
SELECT pg_temp.reads('SELECT * FROM hiring.hires_trend()');

-- ---- Keeping it ----
INSERT INTO hired_employees (name, datetime, department_id, job_id) VALUES ('One', '2021-05-05Z', 5, 4);
SELECT pg_temp.differences(), (SELECT sum(q2) FROM hiring.hires_by_quarter(2021) WHERE department = 'Department 5');
INSERT INTO hired_employees (name, datetime, department_id, job_id)
SELECT 'Many', timestamptz '2019-12-31 23:00:00Z' + i * interval '1 minute', i % 5 + 1, i % 4 + 1 FROM generate_series(1, 200) i;
SELECT pg_temp.differences();
COPY hired_employees (id, name, datetime, department_id, job_id) FROM stdin (FORMAT csv);
90001,Copied,2021-12-31T23:59:59.999999Z,1,1
90002,Copied,2022-01-01T00:00:00Z,1,1
90003,Copied,infinity,1,1
\.
SELECT pg_temp.differences();
-- Another department, another job, across a quarter, across a year, out of time and back.
UPDATE hired_employees SET department_id = 5 WHERE id % 7 = 0;
SELECT pg_temp.differences();
UPDATE hired_employees SET job_id = 4 WHERE id % 11 = 0;
SELECT pg_temp.differences();
UPDATE hired_employees SET datetime = '2021-04-01Z' WHERE datetime >= '2021-03-31Z' AND datetime < '2021-04-01Z';
SELECT pg_temp.differences();
UPDATE hired_employees SET datetime = '2022-01-01Z' WHERE id = 90001;
UPDATE hired_employees SET datetime = 'infinity' WHERE id = 90002;
UPDATE hired_employees SET datetime = '2023-01-01Z' WHERE id = 90003;
SELECT pg_temp.differences();
-- What changes no count writes nothing.
SELECT hired_employees_rollup_fold();
UPDATE hired_employees SET name = name || '!';
UPDATE hired_employees SET datetime = datetime + interval '1 us' WHERE id = 90003;
SELECT pg_temp.differences(), count(*) FROM hired_employees_rollup WHERE NOT folded;
INSERT INTO hired_employees (id, name, datetime, department_id, job_id) VALUES (90001, 'Again', '2024-01-01Z', 2, 2), (90009, 'New', '2024-01-01Z', 2, 2)
ON CONFLICT (id) DO UPDATE SET datetime = excluded.datetime, department_id = excluded.department_id;
SELECT pg_temp.differences();
DELETE FROM hired_employees WHERE id % 3 = 0;
SELECT pg_temp.differences();
-- All hires of a department gone: it is gone, though rows of the rollup add up to its nothing.
DELETE FROM hired_employees WHERE department_id = 5;
SELECT pg_temp.differences(), (SELECT count(*) FROM hiring.hires_by_quarter_all WHERE department = 'Department 5');
-- What is taken back is taken back; a transaction sees its own.
BEGIN;
DELETE FROM hired_employees;
SELECT count(*) FROM hiring.hires_by_quarter(2021);
SAVEPOINT s;
INSERT INTO hired_employees (name, datetime, department_id, job_id) VALUES ('One', '2021-05-05Z', 5, 4);
SELECT sum(q2) FROM hiring.hires_by_quarter(2021);
ROLLBACK TO s;
SELECT sum(q2) FROM hiring.hires_by_quarter(2021);
ROLLBACK;
SELECT pg_temp.differences();
-- Statements of many keys are folded at the commit, and a TRUNCATE before it is no error.
BEGIN;
INSERT INTO hired_employees (name, datetime, department_id, job_id)
SELECT 'Many', timestamptz '2010-01-01Z' + i * interval '40 days', i % 4 + 1, i % 3 + 1 FROM generate_series(1, 300) i;
SELECT count(*) > 100 AS parts FROM hired_employees_rollup WHERE NOT folded;
COMMIT;
SELECT pg_temp.differences(), count(*) AS parts FROM hired_employees_rollup WHERE NOT folded;
BEGIN;
INSERT INTO hired_employees (name, datetime, department_id, job_id)
SELECT 'Many', timestamptz '2010-01-01Z' + i * interval '40 days', i % 4 + 1, i % 3 + 1 FROM generate_series(1, 300) i;
TRUNCATE hired_employees;
INSERT INTO hired_employees (name, datetime, department_id, job_id)
SELECT 'Many', timestamptz '2010-01-01Z' + i * interval '40 days', i % 4 + 1, i % 3 + 1 FROM generate_series(1, 200) i;
SELECT pg_temp.differences();
ROLLBACK;
SELECT pg_temp.differences();
-- Deleted with their parents.
ALTER TABLE hired_employees DROP CONSTRAINT hired_employees_job_id_fkey, ADD FOREIGN KEY (job_id) REFERENCES jobs ON DELETE CASCADE;
DELETE FROM jobs WHERE id = 3;
SELECT pg_temp.differences(), count(*) FILTER (WHERE job_id = 3) AS left_over FROM hired_employees;
-- In a session that passes as a replica, where ordinary triggers are silent.
SET session_replication_role = replica;
DELETE FROM hired_employees WHERE id % 5 = 0;
SELECT pg_temp.differences();
RESET session_replication_role;
-- Folding changes nothing but the number of rows.
SELECT hired_employees_rollup_fold();
SELECT pg_temp.differences(), count(*) FILTER (WHERE NOT folded) AS parts,
  count(*) - count(DISTINCT (year, department_id, job_id)) AS twice FROM hired_employees_rollup;

-- ---- Loads, batches, restores ----
SELECT (ferry.migrate_csv_data('hired_employees', 'id,name,datetime,department_id,job_id
91001,Ada,2021-02-03T04:05:06Z,1,1
91002,Bob,2021-02-30T04:05:06Z,1,1
91003,Cid,2021-10-03T04:05:06Z,2,2
91004,Dee,2021-10-03T04:05:06Z,77,2
')).status;
SELECT pg_temp.differences(), (SELECT count(*) FROM hired_employees WHERE id > 91000) AS loaded;
SELECT ferry.insert_batch('hired_employees', '[{"id": 92001, "name": "Eve", "datetime": "2020-02-03T04:05:06Z", "department_id": 1, "job_id": 1},
  {"id": 92002, "name": "Fay", "datetime": "2020-02-03T04:05:06Z", "department_id": 99, "job_id": 1}]') ->> 'inserted' AS inserted;
SELECT pg_temp.differences();
SELECT backup_id FROM ferry.backup_table_avro('hired_employees') \gset
SELECT count(*) AS hires FROM hired_employees \gset
DELETE FROM hired_employees WHERE id % 2 = 0;
INSERT INTO hired_employees (id, name, datetime, department_id, job_id) VALUES (93001, 'Later', '2024-05-05Z', 1, 1);
SELECT (ferry.restore_table_avro('hired_employees', :backup_id)).status;
SELECT pg_temp.differences(), count(*) = :hires AS all_back FROM hired_employees;
TRUNCATE hired_employees;
SELECT pg_temp.differences(), count(*) FROM hired_employees_rollup;
SELECT count(*) FROM hiring.hires_by_quarter(2021);
SELECT (ferry.restore_table_avro('hired_employees', :backup_id)).status;
SELECT pg_temp.differences(), (SELECT sum(hired) FROM hiring.hires_by_department_all) = count(*) AS all_counted
FROM hired_employees WHERE datetime BETWEEN '0001-01-01Z' AND '9999-01-01Z';

-- A load hands its counts over at its end: of many batches there is one row for each year, department and job. (Nothing is
-- folded under one snapshot for all.)
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) AS parts FROM hired_employees_rollup WHERE NOT folded \gset
SELECT status, rows_loaded FROM ferry.migrate_csv_data('hired_employees', convert_to((SELECT string_agg(format('%s,Many,%s,%s,%s', 100000 + i,
  timestamptz '2021-06-01Z' + i * interval '10 minutes', i % 2 + 1, i % 2 + 1), E'\n') FROM generate_series(1, 4000) i), 'UTF8'),
  columns => '{id,name,datetime,department_id,job_id}', header => 'off');
SELECT pg_temp.differences(), count(*) - :parts AS parts FROM hired_employees_rollup WHERE NOT folded;
-- What it brings of a year without sums goes in as sums.
SELECT (ferry.migrate_csv_data('hired_employees', E'99001,Future,2150-03-03Z,1,1\n99002,Future,2150-04-03Z,1,1\n', header => 'off')).status;
SELECT (ferry.migrate_csv_data('hired_employees', E'99003,Future,2150-03-03Z,1,1\n99004,Future,2150-05-03Z,1,2\n', header => 'off')).status;
SELECT pg_temp.differences();
SELECT department_id, job_id, m03, m04, m05, folded FROM hired_employees_rollup WHERE year = 2150 ORDER BY folded, job_id;
COMMIT;
SELECT pg_temp.differences();
-- Moments that no rollup counts, and rows that are refused, skipped, put over others or taken back.
SELECT status, rows_loaded, rows_rejected FROM ferry.migrate_csv_data('hired_employees', 'id,name,datetime,department_id,job_id
96001,Never,infinity,1,1
96002,Ever,-infinity,1,1
96003,Old,0044-03-15 12:00:00+00 BC,1,1
96004,First,0001-01-01T00:00:00Z,1,1
96005,Last,294275-12-31T23:59:59.999999Z,1,1
96006,Late,294276-01-01T00:00:00Z,1,1
96007,Nobody,2021-03-03T00:00:00Z,77,1
96004,Twice,2021-03-03T00:00:00Z,1,1
');
SELECT pg_temp.differences(), (SELECT count(*) FROM hired_employees WHERE id BETWEEN 96001 AND 96006) AS loaded,
  (SELECT sum(m01) FROM hired_employees_rollup WHERE year = 1) AS first, (SELECT sum(m12) FROM hired_employees_rollup WHERE year = 294275) AS last,
  (SELECT count(*) FROM hired_employees_rollup WHERE year > 294275 OR year < 0) AS others;
SELECT status, rows_loaded FROM ferry.migrate_csv_data('hired_employees', E'96004,Skipped,2021-03-03Z,1,1\n96010,New,2021-03-03Z,1,1\n', header => 'off', on_conflict => 'skip');
SELECT pg_temp.differences();
SELECT status, rows_loaded FROM ferry.migrate_csv_data('hired_employees', E'96004,Updated,2021-04-03Z,2,1\n96011,New,2021-04-03Z,1,1\n96011,Again,2021-09-03Z,2,2\n', header => 'off', on_conflict => 'update');
SELECT pg_temp.differences();
SELECT status, rows_loaded FROM ferry.migrate_csv_data('hired_employees', E'96021,A,2021-03-03Z,1,1\n96022,B,never,1,1\n', header => 'off', on_error => 'abort');
SELECT status, rows_loaded FROM ferry.migrate_csv_data('hired_employees', E'96021,A,2021-03-03Z,1,1\n96022,B,never,1,1\n', header => 'off', reject_limit => 0);
SELECT status, rows_loaded FROM ferry.migrate_csv_data('hired_employees', E'96021,A,2021-03-03Z,1,1\n96022,B,never,1,1\n', header => 'off', on_error => 'raise');
SELECT status, rows_loaded FROM ferry.migrate_csv_data('hired_employees', E'96021,A,2021-03-03Z,1,1\n', header => 'off', dry_run => true);
BEGIN;
SELECT status, rows_loaded FROM ferry.migrate_csv_data('hired_employees', E'96021,A,2021-03-03Z,1,1\n', header => 'off');
SELECT pg_temp.differences();
ROLLBACK;
SELECT pg_temp.differences(), (SELECT count(*) FROM hired_employees WHERE id > 96020 AND id < 97000) AS loaded;
-- Restores over, beside and behind what is there.
SELECT backup_id FROM ferry.backup_table_avro('hired_employees') \gset
DELETE FROM hired_employees WHERE id % 3 = 0;
UPDATE hired_employees SET datetime = '2022-02-02Z', department_id = 1 WHERE id % 5 = 0;
SELECT (ferry.restore_table_avro('hired_employees', :backup_id, mode => 'missing_only')).status;
SELECT pg_temp.differences();
SELECT (ferry.restore_table_avro('hired_employees', :backup_id, mode => 'upsert')).status;
SELECT pg_temp.differences();
DELETE FROM hired_employees;
SELECT (ferry.restore_table_avro('hired_employees', :backup_id, mode => 'append')).status;
SELECT pg_temp.differences();
SELECT (ferry.restore_table_avro('hired_employees', :backup_id, dry_run => true)).status;
SELECT pg_temp.differences();
-- In a session that passes as a replica, and where another trigger stands beside, the trigger fires.
SET session_replication_role = replica;
SELECT status, rows_loaded FROM ferry.migrate_csv_data('hired_employees', E'96031,A,2021-03-03Z,1,1\n', header => 'off');
RESET session_replication_role;
SELECT pg_temp.differences();
CREATE TRIGGER unchanged BEFORE UPDATE ON hired_employees FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
SELECT status, rows_loaded FROM ferry.migrate_csv_data('hired_employees', E'96031,A,2022-03-03Z,1,1\n96032,A,2021-03-03Z,1,1\n', header => 'off', on_conflict => 'update');
SELECT pg_temp.differences();
DROP TRIGGER unchanged ON hired_employees;

-- ---- Who is answered from it ----
-- A writer needs no right on it.
GRANT INSERT ON hired_employees TO regress_rollup_writer;
GRANT USAGE ON SEQUENCE hired_employees_id_seq TO regress_rollup_writer;
GRANT USAGE ON SCHEMA ferry TO regress_rollup_writer;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ferry TO regress_rollup_writer;
SET ROLE regress_rollup_writer;
INSERT INTO hired_employees (id, name, datetime, department_id, job_id) VALUES (94001, 'Written', '2021-05-05Z', 1, 1);
SELECT count(*) FROM hired_employees_rollup;
-- Nor to load.
SELECT status, rows_loaded FROM ferry.migrate_csv_data('hired_employees', E'94002,Loaded,2021-05-05Z,1,1\n', header => 'off');
SELECT pg_temp.refusal('INSERT INTO hired_employees_rollup VALUES (2021, 1, 1)');
SELECT pg_temp.refusal(format('SELECT hired_employees_rollup_keep(%s)', concat_ws(', ', VARIADIC array_fill('ARRAY[1]'::text, ARRAY[15]))));
SELECT pg_temp.refusal('SELECT hired_employees_rollup_fold()');
SELECT pg_temp.refusal('SELECT * FROM hiring.hires_by_quarter(2021)');
RESET ROLE;
SELECT pg_temp.differences();
-- The right on the counted columns is enough; under row security the hires are counted. Prepared plans follow.
GRANT SELECT ON departments, jobs TO regress_rollup_reader;
GRANT SELECT (datetime, department_id, job_id) ON hired_employees TO regress_rollup_reader;
PREPARE metric AS SELECT * FROM hiring.hires_by_quarter(2021);
SET plan_cache_mode = force_generic_plan;
SELECT pg_temp.reads('EXECUTE metric');
SET ROLE regress_rollup_reader;
SELECT hiring.rollup_serves(), (SELECT count(*) > 0 FROM hired_employees_rollup) AS readable;
SELECT pg_temp.reads('EXECUTE metric');
RESET ROLE;
ALTER TABLE hired_employees ENABLE ROW LEVEL SECURITY;
CREATE POLICY two_only ON hired_employees FOR SELECT TO regress_rollup_reader USING (department_id = 2);
SELECT pg_temp.reads('EXECUTE metric');
SET ROLE regress_rollup_reader;
SELECT hiring.rollup_serves(), (SELECT count(*) FROM hired_employees_rollup) AS rows;
SELECT pg_temp.reads('EXECUTE metric');
SELECT DISTINCT department FROM hiring.hires_by_quarter(2021);
RESET ROLE;
SELECT pg_temp.reads('EXECUTE metric');
DROP POLICY two_only ON hired_employees;
ALTER TABLE hired_employees DISABLE ROW LEVEL SECURITY;
-- With a trigger off nobody keeps it.
ALTER TABLE hired_employees DISABLE TRIGGER hired_employees_rollup_delete;
SELECT hiring.rollup_serves();
SELECT pg_temp.reads('EXECUTE metric');
ALTER TABLE hired_employees ENABLE ALWAYS TRIGGER hired_employees_rollup_delete;
SELECT hiring.rollup_serves();
SELECT pg_temp.reads('EXECUTE metric');
-- Nor is somebody else's table taken for it.
ALTER TABLE hired_employees_rollup OWNER TO regress_rollup_writer;
SELECT hiring.rollup_serves();
ALTER TABLE hired_employees_rollup OWNER TO regress_rollup_owner;
-- The comparison finds what is wrong.
INSERT INTO hired_employees_rollup (year, department_id, job_id, m03) VALUES (2021, 1, 1, 2);
SELECT year, department_id, job_id, month, kept - counted AS more FROM hiring.check_rollup();
INSERT INTO hired_employees_rollup (year, department_id, job_id, m03) VALUES (2021, 1, 1, -2);
SELECT pg_temp.differences();

-- ---- Without it again ----
SET ROLE regress_rollup_reader;
SELECT pg_temp.refusal('SELECT hiring.disable_rollup()');
RESET ROLE;
-- It works without the extension.
DROP EXTENSION pg_ferry_hiring;
INSERT INTO hired_employees (id, name, datetime, department_id, job_id) VALUES (95001, 'Alone', '2021-05-05Z', 1, 1);
CREATE EXTENSION pg_ferry_hiring;
SELECT hiring.rollup_serves(), pg_temp.differences();
SET ROLE regress_rollup_owner;
SELECT hiring.disable_rollup();
RESET ROLE;
SELECT pg_temp.reads('EXECUTE metric');
SELECT (SELECT count(*) FROM pg_class WHERE relname LIKE '%rollup%' AND relnamespace = 'hiring_rollup'::regnamespace) AS relations,
  (SELECT count(*) FROM pg_proc WHERE pronamespace = 'hiring_rollup'::regnamespace) AS functions,
  (SELECT count(*) FROM pg_trigger WHERE tgrelid = 'hired_employees'::regclass AND NOT tgisinternal) AS triggers;
INSERT INTO hired_employees (id, name, datetime, department_id, job_id) VALUES (95002, 'After', '2021-05-05Z', 1, 1);
-- Tables whose rows come and go through others are refused.
CREATE TABLE heir () INHERITS (hired_employees);
SELECT pg_temp.refusal('SELECT hiring.enable_rollup()');
SET search_path = pg_temp;
CREATE TEMP TABLE hired_employees (id int, datetime timestamptz, department_id int, job_id int);
SELECT pg_temp.refusal('SELECT hiring.enable_rollup()');

RESET search_path;
DROP TABLE quarters, months, trend, means;
DROP SCHEMA hiring_rollup CASCADE;
DROP OWNED BY regress_rollup_writer;
DROP ROLE regress_rollup_owner, regress_rollup_reader, regress_rollup_writer;
DROP EXTENSION pg_ferry_hiring;
DROP EXTENSION pg_ferry;
