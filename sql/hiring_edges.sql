-- The edges of pg_ferry_hiring: the moments where quarters meet, ties, equal names, departments without a hire, years
-- that do not exist, where the tables are found, and who may see what.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry_hiring CASCADE;
RESET client_min_messages;
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
CREATE SCHEMA hiring_edges;
SET search_path = hiring_edges;
SELECT hiring.create_tables();

-- ---- Nothing there ----
SELECT * FROM hiring.hires_by_quarter();
SELECT * FROM hiring.departments_above_mean();
INSERT INTO departments (id, department) VALUES (1, 'Alpha'), (2, 'Beta');
INSERT INTO jobs (id, job) VALUES (1, 'Clerk'), (2, 'Baker');
SELECT * FROM hiring.hires_by_quarter();
SELECT * FROM hiring.departments_above_mean();

-- ---- Where quarters meet ----
-- The last microsecond of a quarter and the first of the next, one job for each pair.
INSERT INTO jobs (id, job) VALUES (11, 'edge 1'), (12, 'edge 2'), (13, 'edge 3'), (14, 'edge 4'), (15, 'edge 5');
INSERT INTO hired_employees (name, datetime, department_id, job_id) VALUES
  ('before the year', '2020-12-31 23:59:59.999999Z', 1, 11), ('first of q1', '2021-01-01 00:00:00Z', 1, 11),
  ('last of q1', '2021-03-31 23:59:59.999999Z', 1, 12), ('first of q2', '2021-04-01 00:00:00Z', 1, 12),
  ('last of q2', '2021-06-30 23:59:59.999999Z', 1, 13), ('first of q3', '2021-07-01 00:00:00Z', 1, 13),
  ('last of q3', '2021-09-30 23:59:59.999999Z', 1, 14), ('first of q4', '2021-10-01 00:00:00Z', 1, 14),
  ('last of q4', '2021-12-31 23:59:59.999999Z', 1, 15), ('after the year', '2022-01-01 00:00:00Z', 1, 15),
  -- Other zones: 2021 here and 2020 or 2022 in UTC, and the reverse.
  ('Madrid new year', '2021-01-01 00:30:00+01', 2, 1), ('Lima new year''s eve', '2020-12-31 20:00:00-05', 2, 1),
  ('Auckland q2', '2021-04-01 10:00:00+13', 2, 2), ('Lima q3', '2021-09-30 20:00:00-05', 2, 2),
  -- Moments without a year.
  ('for ever', 'infinity', 2, 1), ('since ever', '-infinity', 2, 1);
SELECT * FROM hiring.hires_by_quarter(2020);
SELECT * FROM hiring.hires_by_quarter(2021);
SELECT * FROM hiring.hires_by_quarter(2022);
-- The same answers wherever the session lives.
CREATE TEMP TABLE answers (zone text, year int, metric text, answer text);
DO $$
DECLARE
  zone text;
BEGIN
  FOREACH zone IN ARRAY ARRAY['UTC', 'Pacific/Auckland', 'America/Lima', 'Asia/Kathmandu', 'Etc/GMT+12'] LOOP
    PERFORM set_config('TimeZone', zone, false);
    INSERT INTO answers
      SELECT zone, 0, 'trend', string_agg(t::text, E'\n') FROM hiring.hires_trend() t;
    INSERT INTO answers
      SELECT zone, y, 'month', string_agg(m::text, E'\n')
      FROM generate_series(2020, 2022) y, hiring.hires_by_month(y) m
      GROUP BY y;
    INSERT INTO answers
      SELECT zone, y, 'quarter', string_agg(m::text, E'\n')
      FROM generate_series(2020, 2022) y, hiring.hires_by_quarter(y) m
      GROUP BY y
      UNION ALL
      SELECT zone, y, 'mean', string_agg(m::text, E'\n')
      FROM generate_series(2020, 2022) y, hiring.departments_above_mean(y) m
      GROUP BY y;
  END LOOP;
END
$$;
RESET TimeZone;
SELECT year, metric, count(*) AS zones, count(DISTINCT answer) AS answers FROM answers GROUP BY 1, 2 ORDER BY 1, 2;
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, YMD';
-- Months and the trend meet at the same moments, and the views show what the functions say.
SELECT m.month, m.hired FROM hiring.hires_by_month(2021) m WHERE m.hired <> 0;
SELECT count(*), min(starts), max(starts), sum(hired) FROM hiring.hires_by_month(2022);
SELECT * FROM hiring.hires_trend();
SELECT * FROM hiring.hires_trend(2021, 2021);
SELECT * FROM hiring.years_with_hires();
SELECT (SELECT count(*) FROM hiring.hires_by_quarter_all) AS rows,
  (SELECT count(*) FROM ((TABLE hiring.hires_by_quarter_all
     EXCEPT SELECT y, m.* FROM generate_series(2019, 2023) y, hiring.hires_by_quarter(y) m)
   UNION ALL (SELECT y, m.* FROM generate_series(2019, 2023) y, hiring.hires_by_quarter(y) m
     EXCEPT TABLE hiring.hires_by_quarter_all)) x) AS different;
SELECT year, month, hired FROM hiring.hires_by_month_all WHERE hired > 0 AND year <> 2021 ORDER BY year, month;
SELECT count(*) FROM ((TABLE hiring.hires_trend_all EXCEPT SELECT * FROM hiring.hires_trend())
  UNION ALL (SELECT * FROM hiring.hires_trend() EXCEPT TABLE hiring.hires_trend_all)) x;
SELECT q, hiring.quarter_start(2024, q) FROM generate_series(0, 6) q;
SELECT hiring.quarter_start(1, 1), hiring.quarter_start(294275, 5);
SELECT m, hiring.month_start(2024, m) FROM unnest('{0,1,2,12,13,14}'::int[]) m;
RESET TimeZone;
RESET DateStyle;

-- ---- Years ----
-- NULL means the default; a year that does not exist has no hires.
SELECT count(*) FROM (SELECT * FROM hiring.hires_by_quarter(NULL) EXCEPT SELECT * FROM hiring.hires_by_quarter(2021)) x;
SELECT (SELECT count(*) FROM hiring.hires_by_quarter(NULL)) AS by_null,
  (SELECT count(*) FROM hiring.hires_by_quarter()) AS by_default;
SELECT * FROM hiring.departments_above_mean(NULL);
SELECT y AS year, (SELECT count(*) FROM hiring.hires_by_quarter(y)) AS by_quarter,
  (SELECT count(*) FROM hiring.departments_above_mean(y)) AS above_mean
FROM unnest(ARRAY[-2147483648, -2021, -1, 0, 1, 21, 9999, 20211, 294275, 294276, 300000, 2147483647]) y;
SELECT y AS year, (SELECT count(*) FROM hiring.hires_by_month(y)) AS by_month,
  (SELECT sum(hired) FROM hiring.hires_by_department(y)) AS hired, m.*
FROM unnest(ARRAY[-1, 2050, 2147483647, NULL]) y, hiring.mean_hires(y) m;
SELECT count(*) FROM hiring.hires_trend(-2147483648, 2147483647);
SELECT count(*) FROM hiring.hires_trend(2030, 2020);
SELECT count(*) FROM hiring.hires_by_quarter(0);
SELECT count(*) FROM hiring.hires_by_quarter(-1);
SELECT count(*) FROM hiring.hires_by_quarter(300000);
SELECT count(*) FROM hiring.departments_above_mean(2147483647);
SELECT pg_temp.refusal($$SELECT * FROM hiring.hires_by_quarter('2021; DROP TABLE jobs')$$);

-- ---- Ties, equal names, departments without a hire ----
TRUNCATE departments, jobs, hired_employees RESTART IDENTITY;
INSERT INTO departments (id, department) VALUES
  (6, 'Twin'), (3, 'Twin'), (9, 'Beta'), (1, 'Gamma'), (4, 'Idle A'), (5, 'Idle B');
INSERT INTO jobs (id, job) VALUES (2, 'Same'), (1, 'Same'), (3, 'Other');
-- Hires in 2021: 4 in departments 9 and 3 each, 3 in 6, 2 in 1: 13 in all.
INSERT INTO hired_employees (name, datetime, department_id, job_id)
SELECT 'Hire', '2021-05-05 00:00:00Z', d, j
FROM (VALUES (9, 1), (9, 1), (9, 2), (9, 3), (3, 1), (3, 1), (3, 2), (3, 2),
             (6, 1), (6, 2), (6, 2), (1, 3), (1, 3)) v(d, j);
-- Twins stay apart, in the order of their numbers.
SELECT * FROM hiring.hires_by_quarter(2021);
-- The mean over all six departments is 13/6 = 2.17; over the four that hired it were 3.25, without department 6.
SELECT * FROM hiring.departments_above_mean(2021);
SELECT * FROM hiring.departments_above_mean(2021, include_idle => false);
SELECT * FROM hiring.departments_above_mean(include_idle => NULL);
SELECT * FROM hiring.mean_hires(2021);
SELECT * FROM hiring.hires_by_department(2021);
-- The view has both means. Its filters pick rows; they do not change a mean.
SELECT year, id, department, hired, round(mean, 4) AS mean, round(mean_of_hiring, 4) AS mean_of_hiring
FROM hiring.departments_above_mean_all WHERE year = 2021 AND department = 'Twin' ORDER BY id;
SELECT id FROM hiring.departments_above_mean_all WHERE hired > mean_of_hiring ORDER BY id;
-- At the mean is not above it: 18 hires in 6 departments, department 6 with exactly 3.
INSERT INTO hired_employees (name, datetime, department_id, job_id)
SELECT 'Hire', '2021-05-05 00:00:00Z', 4, 3 FROM generate_series(1, 5);
SELECT * FROM hiring.departments_above_mean(2021);
-- With one hire more it is above: 4 against 19/6 = 3.17.
INSERT INTO hired_employees (name, datetime, department_id, job_id) VALUES ('Hire', '2021-05-05 00:00:00Z', 6, 3);
SELECT * FROM hiring.departments_above_mean(2021);
-- All alike: nobody is above.
DELETE FROM hired_employees;
INSERT INTO hired_employees (name, datetime, department_id, job_id)
SELECT 'Hire', '2021-05-05 00:00:00Z', d.id, 1 FROM departments d, generate_series(1, 7);
SELECT * FROM hiring.departments_above_mean(2021);
-- A single department is its own mean.
DELETE FROM hired_employees WHERE department_id <> 1;
DELETE FROM departments WHERE id <> 1;
SELECT * FROM hiring.departments_above_mean(2021);

-- ---- Where the tables are found ----
-- In the caller's search_path when the call is made, also by a statement prepared before.
CREATE SCHEMA "Hiring ""Edges"" 2";
PREPARE counted AS SELECT sum(q2) FROM hiring.hires_by_quarter(2021);
EXECUTE counted;
SET search_path = "Hiring ""Edges"" 2";
SELECT hiring.create_tables();
EXECUTE counted;
INSERT INTO departments (department) VALUES ('Elsewhere');
INSERT INTO jobs (job) VALUES ('Diver');
INSERT INTO hired_employees (name, datetime, department_id, job_id) VALUES ('Hire', '2021-05-05 00:00:00Z', 1, 1);
EXECUTE counted;
SELECT * FROM hiring.hires_by_quarter();
DEALLOCATE counted;
-- A function that pins the path finds its tables whatever the path of its caller.
CREATE FUNCTION hiring_edges.pinned(year int DEFAULT NULL) RETURNS TABLE (department text, job text, q2 bigint)
LANGUAGE sql STABLE SET search_path = hiring_edges AS $$
  SELECT m.department, m.job, m.q2 FROM hiring.hires_by_quarter(year) m
$$;
SELECT * FROM hiring_edges.pinned();
SELECT * FROM hiring_edges.pinned(2020);
-- Temporary tables do as well, and with any setting of standard_conforming_strings.
SET search_path = pg_temp;
SET standard_conforming_strings = off;
SET escape_string_warning = off;
SELECT hiring.create_tables();
RESET standard_conforming_strings;
RESET escape_string_warning;
INSERT INTO departments (department) VALUES (' ');
SELECT * FROM hiring.departments_above_mean();
DROP TABLE departments, jobs, hired_employees CASCADE;
-- Never in a schema that goes with an extension, nor where there is none.
SET search_path = hiring;
SELECT pg_temp.refusal('SELECT hiring.create_tables()');
SET search_path = ferry;
SELECT pg_temp.refusal('SELECT hiring.create_tables()');
SET search_path = '';
SELECT pg_temp.refusal('SELECT hiring.create_tables()');
SELECT pg_temp.refusal('SELECT * FROM hiring.hires_by_quarter()');

-- ---- Who may see what ----
CREATE ROLE regress_hiring_owner;
CREATE ROLE regress_hiring_reader;
CREATE ROLE regress_hiring_nobody;
CREATE SCHEMA hiring_of_owner AUTHORIZATION regress_hiring_owner;
GRANT USAGE ON SCHEMA hiring_of_owner TO regress_hiring_reader, regress_hiring_nobody;
SET search_path = hiring_of_owner;
-- Whoever may create in the schema may create the tables, and owns them.
SET ROLE regress_hiring_reader;
SELECT pg_temp.refusal('SELECT hiring.create_tables()');
SET ROLE regress_hiring_owner;
SELECT hiring.create_tables();
SELECT relname, relowner::regrole FROM pg_class
WHERE relnamespace = 'hiring_of_owner'::regnamespace ORDER BY relname COLLATE "C";
INSERT INTO departments (department) VALUES ('Sales'), ('Legal');
INSERT INTO jobs (job) VALUES ('Clerk');
INSERT INTO hired_employees (name, datetime, department_id, job_id) VALUES
  ('Ada', '2021-02-02 00:00:00Z', 1, 1), ('Bob', '2021-02-03 00:00:00Z', 1, 1), ('Cid', '2021-08-03 00:00:00Z', 2, 1);
-- No rights on the tables, no metric.
SET ROLE regress_hiring_nobody;
SELECT pg_temp.refusal('SELECT * FROM hiring.hires_by_quarter()');
SELECT pg_temp.refusal('SELECT * FROM hiring.departments_above_mean()');
-- The columns that a metric reads are enough: people's names stay hidden.
RESET ROLE;
GRANT SELECT ON departments, jobs TO regress_hiring_reader;
GRANT SELECT (datetime, department_id, job_id) ON hired_employees TO regress_hiring_reader;
SET ROLE regress_hiring_reader;
SELECT * FROM hiring.hires_by_quarter();
SELECT * FROM hiring.departments_above_mean();
SELECT name FROM hired_employees;
-- Row security holds: the metric counts what its caller may see.
RESET ROLE;
ALTER TABLE hired_employees ENABLE ROW LEVEL SECURITY;
CREATE POLICY legal_only ON hired_employees FOR SELECT TO regress_hiring_reader USING (department_id = 2);
SET ROLE regress_hiring_reader;
SELECT * FROM hiring.hires_by_quarter();
SELECT * FROM hiring.departments_above_mean();
-- Nobody but the owner of the extension makes anything in its schema.
SELECT pg_temp.refusal('CREATE TABLE hiring.mine (id int)');
RESET ROLE;

RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA hiring_edges, "Hiring ""Edges"" 2", hiring_of_owner CASCADE;
DROP TABLE answers;
DROP ROLE regress_hiring_owner, regress_hiring_reader, regress_hiring_nobody;
DROP EXTENSION pg_ferry_hiring;
DROP EXTENSION pg_ferry;
