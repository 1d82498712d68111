-- pg_ferry_hiring: the tables and their dictionary, the two metrics, what the planner makes of them, and what stays
-- when the extension goes.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry_hiring CASCADE;
RESET client_min_messages;
SHOW search_path;

-- What a statement is refused with; messages without the position, which moves with every edit of a function's body.
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

-- The functions: how they are declared, that everybody may call them, that each has its comment.
SELECT p.oid::regprocedure AS function, p.provolatile, p.proparallel, p.prosecdef, p.proisstrict,
  p.proacl::text ~ '[{,]=X/' AS everybody, obj_description(p.oid, 'pg_proc') IS NOT NULL AS commented
FROM pg_proc p
WHERE p.pronamespace = 'hiring'::regnamespace
ORDER BY p.proname COLLATE "C";
-- The views for tools that cannot call functions: each column has its sentence, and everybody may read them.
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) AS type, col_description(c.oid, a.attnum) AS description,
  has_table_privilege('pg_monitor', c.oid, 'SELECT') AS everybody
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relnamespace = 'hiring'::regnamespace AND c.relkind = 'v'
ORDER BY c.relname COLLATE "C", a.attnum;
SELECT relname FROM pg_class
WHERE relnamespace = 'hiring'::regnamespace AND relkind = 'v' AND obj_description(oid, 'pg_class') IS NULL;
-- The functions name all but the three tables with their schema: operators in the caller's path do not take their place.
CREATE SCHEMA hiring_trap;
CREATE FUNCTION hiring_trap.trap(bigint, numeric) RETURNS boolean LANGUAGE plpgsql AS
$$ BEGIN RAISE 'somebody else''s operator was called'; END $$;
CREATE OPERATOR hiring_trap.> (FUNCTION = hiring_trap.trap, LEFTARG = bigint, RIGHTARG = numeric);
SELECT obj_description('hiring'::regnamespace, 'pg_namespace');

CREATE SCHEMA hiring_tables;
SET search_path = hiring_tables;

-- Before the tables exist a metric names what is missing.
SELECT pg_temp.refusal('SELECT * FROM hiring.hires_by_quarter()');

-- ---- The tables ----
SELECT hiring.create_tables();

SELECT c.relname, c.relkind, a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS required,
  a.attidentity AS identity, pg_get_expr(d.adbin, d.adrelid) AS "default"
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = 'hiring_tables'::regnamespace AND c.relkind IN ('r', 'v')
ORDER BY c.relname COLLATE "C", a.attnum;

SELECT conrelid::regclass AS "table", conname, pg_get_constraintdef(oid) AS definition
FROM pg_constraint
WHERE connamespace = 'hiring_tables'::regnamespace AND contype IN ('p', 'f', 'c')
ORDER BY conrelid::regclass::text COLLATE "C", conname COLLATE "C";

SELECT pg_get_indexdef('hired_employees_datetime_idx'::regclass);

-- The data dictionary: every table, view and column has its sentence.
SELECT c.relname, a.attname, col_description(c.oid, a.attnum) AS description
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relnamespace = 'hiring_tables'::regnamespace AND c.relkind IN ('r', 'v')
UNION ALL
SELECT c.relname, NULL, obj_description(c.oid, 'pg_class')
FROM pg_class c
WHERE c.relnamespace = 'hiring_tables'::regnamespace AND c.relkind IN ('r', 'v')
ORDER BY 1, 2 NULLS FIRST;

-- They belong to the caller and to no extension, so that pg_dump keeps them.
SELECT c.relname, c.relowner = current_user::regrole AS mine,
  EXISTS (SELECT FROM pg_depend d
          WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
            AND d.refclassid = 'pg_extension'::regclass) AS of_an_extension
FROM pg_class c
WHERE c.relnamespace = 'hiring_tables'::regnamespace AND c.relkind IN ('r', 'v', 'i', 'S')
ORDER BY c.relname COLLATE "C";

-- The view asks its reader for rights on the tables, on servers that can (PostgreSQL 15).
SELECT COALESCE('security_invoker=true' = ANY (reloptions), false) =
  (current_setting('server_version_num')::integer >= 150000) AS as_the_server_can
FROM pg_class WHERE oid = 'hires'::regclass;

-- ---- What the tables accept ----
INSERT INTO departments (department) VALUES ('Zeta') RETURNING id;
INSERT INTO jobs (id, job) VALUES (7, 'Pilot') RETURNING id;
INSERT INTO hired_employees (name, department_id, job_id) VALUES ('Ada Lovelace', 1, 7)
RETURNING id, datetime = now() AS now_by_default;
INSERT INTO departments (department) VALUES (NULL);
INSERT INTO departments (department) VALUES ('');
INSERT INTO jobs (job) VALUES (E' \t\n');
INSERT INTO hired_employees (name, department_id, job_id) VALUES ('  ', 1, 7);
INSERT INTO hired_employees (name, datetime, department_id, job_id) VALUES ('Ada', NULL, 1, 7);
INSERT INTO hired_employees (name, department_id, job_id) VALUES ('Ada', 99, 7);
INSERT INTO hired_employees (name, department_id, job_id) VALUES ('Ada', 1, 99);
INSERT INTO hired_employees (id, name, department_id, job_id) VALUES (1, 'Ada', 1, 7);
INSERT INTO departments (id, department) VALUES (NULL, 'Eta');
SELECT name, department, job FROM hires;
TRUNCATE departments, jobs, hired_employees RESTART IDENTITY;

-- ---- The metrics ----
INSERT INTO departments (id, department) VALUES
  (1, 'Sales'), (2, 'Engineering'), (3, 'Legal'), (4, 'Support'), (5, 'Idle');
INSERT INTO jobs (id, job) VALUES (1, 'Welder'), (2, 'Analyst'), (3, 'Clerk'), (4, 'Unfilled');
COPY hired_employees (id, name, datetime, department_id, job_id) FROM stdin (FORMAT csv);
1,Ana Ruiz,2021-01-15T09:00:00Z,1,1
2,Bo Lind,2021-02-20T10:30:00Z,1,1
3,Cy Young,2021-04-02T11:00:00Z,1,1
4,Di Marco,2021-07-07T12:00:00Z,1,2
5,Ed Stone,2021-10-31T23:00:00Z,1,2
6,Flo Katz,2021-11-01T00:00:00Z,1,3
7,Gus Ott,2021-03-03T03:03:03Z,2,2
8,Hal Ito,2021-05-05T05:05:05Z,2,2
9,Ivy Poe,2021-05-06T05:05:05Z,2,2
10,Jo Blum,2021-08-08T08:08:08Z,2,1
11,Kai Sun,2021-12-12T12:12:12Z,2,3
12,Lea Roth,2021-06-30T00:00:00Z,3,3
13,Max Funk,2020-06-30T00:00:00Z,3,3
14,Nia Cole,2022-02-01T00:00:00Z,4,1
15,Oz Bell,2021-09-09T09:09:09Z,4,1
16,Pam Gray,2020-01-01T00:00:00Z,2,2
\.

SELECT * FROM hiring.hires_by_quarter();
SELECT * FROM hiring.departments_above_mean();
SET search_path = hiring_tables, hiring_trap;
SELECT pg_temp.refusal('SELECT 1::bigint > 0::numeric');
SELECT count(*) FROM hiring.departments_above_mean();
SELECT count(*) FROM hiring.departments_above_mean_all;
SET search_path = hiring_tables;
SELECT * FROM hiring.hires_by_quarter(2020);
SELECT * FROM hiring.departments_above_mean(year => 2020);
SELECT y, m.* FROM generate_series(2019, 2022) y, hiring.departments_above_mean(y) m ORDER BY y, m.hired DESC, m.id;
-- A filter picks from the answer; it does not change the mean.
SELECT * FROM hiring.departments_above_mean(2021) WHERE department = 'Engineering';
SELECT * FROM hiring.departments_above_mean(2021) WHERE department = 'Legal';

-- ---- What the planner makes of them ----
INSERT INTO hired_employees (id, name, datetime, department_id, job_id)
SELECT 1000 + i, 'Hire ' || i, timestamptz '2002-01-01 00:00:00Z' + i * interval '8 hours', i % 5 + 1, i % 4 + 1
FROM generate_series(1, 20000) i;
VACUUM ANALYZE departments;
VACUUM ANALYZE jobs;
VACUUM ANALYZE hired_employees;
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, YMD';
SET max_parallel_workers_per_gather = 0;
CREATE FUNCTION pg_temp.scans(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
    IF line ~ 'Function Scan|Scan.* hired_employees|datetime|department = ' THEN
      RETURN NEXT regexp_replace(line, '^[ >-]+', '');
    END IF;
  END LOOP;
END
$$;
-- No function scan is left, the year is a range of the index, and the reader's own filter reaches the table.
SELECT scan FROM pg_temp.scans($$SELECT * FROM hiring.hires_by_quarter(2015) WHERE department = 'Sales'$$) scan
ORDER BY scan COLLATE "C";
SELECT scan FROM pg_temp.scans($$SELECT * FROM hiring.departments_above_mean(2015) WHERE department = 'Sales'$$) scan
ORDER BY scan COLLATE "C";
SELECT scan FROM pg_temp.scans($$SELECT * FROM hiring.hires_by_quarter(NULL)$$) scan
ORDER BY scan COLLATE "C";
SELECT DISTINCT scan ~ '^Index.* Scan.* using hired_employees_datetime_idx' AS index_used FROM pg_temp.scans($$SELECT * FROM hiring.hires_by_month(2015)$$) scan
WHERE scan ~ 'Scan.* hired_employees';
SELECT DISTINCT scan ~ '^Index.* Scan.* using hired_employees_datetime_idx' AS index_used FROM pg_temp.scans($$SELECT * FROM hiring.hires_trend(2015, 2016)$$) scan
WHERE scan ~ 'Scan.* hired_employees';
-- Of a view a WHERE on the year leaves that year alone, and the index is asked for its range.
SELECT scan FROM pg_temp.scans($$SELECT * FROM hiring.hires_by_quarter_all WHERE year = 2015$$) scan
WHERE scan ~ 'Scan' ORDER BY scan COLLATE "C";
-- Nor is one left when the year is known only when the query runs.
PREPARE by_year(int) AS SELECT * FROM hiring.hires_by_quarter($1);
SET plan_cache_mode = force_generic_plan;
SELECT line ~ 'Index.* Scan using hired_employees_datetime_idx' AS index_used, line ~ 'Function Scan' AS function_scan
FROM pg_temp.scans('EXECUTE by_year(2015)') line
WHERE line ~ 'Scan';
RESET plan_cache_mode;
DEALLOCATE by_year;
-- The scan may be parallel.
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET min_parallel_index_scan_size = 0;
SELECT line ~ 'Parallel' AS parallel
FROM pg_temp.scans('SELECT * FROM hiring.hires_by_quarter(2015)') line WHERE line ~ 'Scan';
SELECT line ~ 'Parallel' AS parallel
FROM pg_temp.scans('SELECT * FROM hiring.departments_above_mean(2015)') line WHERE line ~ 'Scan';
RESET max_parallel_workers_per_gather;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET min_parallel_index_scan_size;

-- ---- What stays ----
SELECT pg_temp.refusal('SELECT hiring.create_tables()');
DROP EXTENSION pg_ferry_hiring;
SELECT nspname FROM pg_namespace WHERE nspname = 'hiring';
SELECT (SELECT count(*) FROM departments) AS departments, (SELECT count(*) FROM jobs) AS jobs,
  (SELECT count(*) FROM hired_employees) AS hired_employees, (SELECT count(*) FROM hires) AS hires;
-- A new installation finds the old tables.
CREATE EXTENSION pg_ferry_hiring;
SELECT * FROM hiring.hires_by_quarter(2021) WHERE department = 'Engineering' AND job = 'Clerk';

DROP VIEW hires;
DROP TABLE hired_employees;
DROP TABLE departments;
-- One of the tables is enough for a refusal, and nothing is created then.
SELECT pg_temp.refusal('SELECT hiring.create_tables()');
SELECT to_regclass('departments'), to_regclass('hired_employees'), to_regclass('hires');
DROP TABLE jobs;
RESET search_path;
DROP EXTENSION pg_ferry_hiring;
DROP EXTENSION pg_ferry;
DROP SCHEMA hiring_tables;
SET client_min_messages = warning;
DROP SCHEMA hiring_trap CASCADE;
