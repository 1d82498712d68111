-- The hiring metrics for one year. Quarters and months are those of UTC whatever the session's time zone, every order is
-- total, and text sorts by the collation of its column, which is the database's own unless someone chose another.
--
-- How the tables are found. The names departments, jobs and hired_employees are deliberately unqualified: they resolve
-- when a function is called, through the caller's search_path, exactly as in a query that he types. The tables come
-- into being after these functions, in a schema that nobody knows yet. Were it create_tables() that bound the functions
-- to the tables, an ordinary role could not call it (it does not own the functions), pg_dump would lose the binding (it
-- does not dump members of an extension), and a database could hold only one set of tables. SET search_path on the
-- functions would prevent inlining. Nothing but these three names depends on the path: every function, type and
-- operator says its schema, so no object of somebody else's can take its place. CREATE EXTENSION itself turns
-- check_function_bodies off for its script.
--
-- What the planner makes of them. LANGUAGE sql, STABLE, not STRICT, no SET, one SELECT: in FROM the server replaces the
-- call by its body, so that a reader's WHERE reaches the scans, the year becomes a range of the index on datetime, and
-- the scan may be parallel. PARALLEL RESTRICTED is for calls that are not replaced: the tables may be temporary ones,
-- which a worker cannot read. Hires are counted by number first and names joined to the counts: twice as fast as
-- grouping joined rows, and two departments with the same name stay two.
--
-- Where a rollup is kept (40_rollup.sql) it answers instead of the scan: the planner knows which half of each UNION ALL
-- is empty and leaves it out.

CREATE FUNCTION hiring.quarter_start(year integer, quarter integer) RETURNS timestamp with time zone
LANGUAGE sql IMMUTABLE PARALLEL SAFE SECURITY INVOKER
AS $function$
  SELECT CASE WHEN year OPERATOR(pg_catalog.>=) 1 AND year OPERATOR(pg_catalog.<=) 294275 AND quarter OPERATOR(pg_catalog.>=) 1 AND quarter OPERATOR(pg_catalog.<=) 5 THEN
    pg_catalog.timezone('UTC', pg_catalog.make_timestamp(
      year OPERATOR(pg_catalog.+) (quarter OPERATOR(pg_catalog./) 5), ((quarter OPERATOR(pg_catalog.-) 1) OPERATOR(pg_catalog.%) 4) OPERATOR(pg_catalog.*) 3 OPERATOR(pg_catalog.+) 1, 1, 0, 0, 0))
  END
$function$;

COMMENT ON FUNCTION hiring.quarter_start(integer, integer) IS
  'The moment at which a quarter of a year begins, in UTC. Quarters count from 1 to 4; 5 is where the year ends. '
  'NULL for a year outside 1 to 294275';

-- The bounds in WHERE are expressions, so that a constant year gives the planner constants to estimate with. The bounds
-- in FILTER are sub-selects, computed once: where the year is not constant, as in a wrapper function with a SET clause,
-- expressions would be computed again for every row, which made the whole four times slower.
CREATE FUNCTION hiring.hires_by_quarter(year integer DEFAULT 2021)
RETURNS TABLE (department text, job text, q1 bigint, q2 bigint, q3 bigint, q4 bigint)
LANGUAGE sql STABLE PARALLEL RESTRICTED SECURITY INVOKER ROWS 1000
AS $function$
  SELECT d.department, j.job, h.q1, h.q2, h.q3, h.q4
  FROM (
    SELECT s.department_id, s.job_id, s.before_q2 AS q1, s.before_q3 OPERATOR(pg_catalog.-) s.before_q2 AS q2,
      s.before_q4 OPERATOR(pg_catalog.-) s.before_q3 AS q3, s.whole_year OPERATOR(pg_catalog.-) s.before_q4 AS q4
    FROM (
      SELECT e.department_id, e.job_id,
        pg_catalog.count(*) FILTER (
          WHERE e.datetime OPERATOR(pg_catalog.<) (SELECT hiring.quarter_start(COALESCE(hires_by_quarter.year, 2021), 2))) AS before_q2,
        pg_catalog.count(*) FILTER (
          WHERE e.datetime OPERATOR(pg_catalog.<) (SELECT hiring.quarter_start(COALESCE(hires_by_quarter.year, 2021), 3))) AS before_q3,
        pg_catalog.count(*) FILTER (
          WHERE e.datetime OPERATOR(pg_catalog.<) (SELECT hiring.quarter_start(COALESCE(hires_by_quarter.year, 2021), 4))) AS before_q4,
        pg_catalog.count(*) AS whole_year
      FROM hired_employees e
      WHERE e.datetime OPERATOR(pg_catalog.>=) hiring.quarter_start(COALESCE(hires_by_quarter.year, 2021), 1)
        AND e.datetime OPERATOR(pg_catalog.<) hiring.quarter_start(COALESCE(hires_by_quarter.year, 2021), 5)
        AND NOT hiring.rollup_serves()
      GROUP BY e.department_id, e.job_id
    ) s
    UNION ALL
    SELECT r.department_id, r.job_id, r.q1, r.q2, r.q3, r.q4
    FROM hiring.rollup_of_year(COALESCE(hires_by_quarter.year, 2021)) r
    WHERE hiring.rollup_serves()
  ) h
  JOIN departments d ON d.id OPERATOR(pg_catalog.=) h.department_id
  JOIN jobs j ON j.id OPERATOR(pg_catalog.=) h.job_id
  ORDER BY d.department, j.job, d.id, j.id
$function$;

COMMENT ON FUNCTION hiring.hires_by_quarter(integer) IS
  'How many people each department hired for each job in each quarter of a year (2021 unless another is given). '
  'department: its name; job: its name; q1 to q4: people hired from January to March, April to June, July to September, '
  'October to December, by UTC. Pairs of department and job without a hire in that year are left out. In alphabetical '
  'order of department and job, as the database sorts text';

CREATE FUNCTION hiring.hires_by_department(year integer DEFAULT 2021)
RETURNS TABLE (id integer, department text, hired bigint)
LANGUAGE sql STABLE PARALLEL RESTRICTED SECURITY INVOKER ROWS 100
AS $function$
  SELECT d.id, d.department, COALESCE(h.hired, 0)
  FROM departments d
  LEFT JOIN (
    SELECT e.department_id, pg_catalog.count(*) AS hired
    FROM hired_employees e
    WHERE e.datetime OPERATOR(pg_catalog.>=) hiring.quarter_start(COALESCE(hires_by_department.year, 2021), 1)
      AND e.datetime OPERATOR(pg_catalog.<) hiring.quarter_start(COALESCE(hires_by_department.year, 2021), 5)
      AND NOT hiring.rollup_serves()
    GROUP BY e.department_id
    UNION ALL
    SELECT r.department_id, pg_catalog.sum(r.q1 OPERATOR(pg_catalog.+) r.q2 OPERATOR(pg_catalog.+) r.q3 OPERATOR(pg_catalog.+) r.q4)::pg_catalog.int8
    FROM hiring.rollup_of_year(COALESCE(hires_by_department.year, 2021)) r
    WHERE hiring.rollup_serves()
    GROUP BY r.department_id
  ) h ON h.department_id OPERATOR(pg_catalog.=) d.id
  ORDER BY COALESCE(h.hired, 0) DESC, d.id
$function$;

COMMENT ON FUNCTION hiring.hires_by_department(integer) IS
  'How many people each department hired in a year (2021 unless another is given), departments without a hire included. '
  'id: its number; department: its name; hired: people hired, 0 for none. The year is that of UTC. Most hires first';

-- A department is above the mean when hired > total / departments; multiplied out, the comparison is exact.
CREATE FUNCTION hiring.departments_above_mean(year integer DEFAULT 2021, include_idle boolean DEFAULT true)
RETURNS TABLE (id integer, department text, hired bigint)
LANGUAGE sql STABLE PARALLEL RESTRICTED SECURITY INVOKER ROWS 10
AS $function$
  WITH yearly AS (
    SELECT e.department_id, pg_catalog.count(*) AS hired
    FROM hired_employees e
    WHERE e.datetime OPERATOR(pg_catalog.>=) hiring.quarter_start(COALESCE(departments_above_mean.year, 2021), 1)
      AND e.datetime OPERATOR(pg_catalog.<) hiring.quarter_start(COALESCE(departments_above_mean.year, 2021), 5)
      AND NOT hiring.rollup_serves()
    GROUP BY e.department_id
    UNION ALL
    SELECT r.department_id, pg_catalog.sum(r.q1 OPERATOR(pg_catalog.+) r.q2 OPERATOR(pg_catalog.+) r.q3 OPERATOR(pg_catalog.+) r.q4)::pg_catalog.int8
    FROM hiring.rollup_of_year(COALESCE(departments_above_mean.year, 2021)) r
    WHERE hiring.rollup_serves()
    GROUP BY r.department_id
  )
  SELECT d.id, d.department, y.hired
  FROM yearly y
  JOIN departments d ON d.id OPERATOR(pg_catalog.=) y.department_id
  WHERE (y.hired OPERATOR(pg_catalog.*) CASE WHEN COALESCE(departments_above_mean.include_idle, true)
                          THEN (SELECT pg_catalog.count(*) FROM departments)
                          ELSE (SELECT pg_catalog.count(*) FROM yearly) END)::pg_catalog.numeric
        OPERATOR(pg_catalog.>) (SELECT pg_catalog.sum(t.hired) FROM yearly t)
  ORDER BY y.hired DESC, d.id
$function$;

COMMENT ON FUNCTION hiring.departments_above_mean(integer, boolean) IS
  'The departments that hired more people in a year (2021 unless another is given) than the mean of all departments. '
  'Departments without a hire in that year count in the mean unless include_idle is false. id: number of the department; '
  'department: its name; hired: people hired. The year is that of UTC. Most hires first';

CREATE FUNCTION hiring.mean_hires(year integer DEFAULT 2021)
RETURNS TABLE (hired bigint, departments bigint, hiring_departments bigint, mean numeric, mean_of_hiring numeric)
LANGUAGE sql STABLE PARALLEL RESTRICTED SECURITY INVOKER ROWS 1
AS $function$
  SELECT COALESCE(pg_catalog.sum(d.hired), 0)::pg_catalog.int8,
    pg_catalog.count(*),
    pg_catalog.count(*) FILTER (WHERE d.hired OPERATOR(pg_catalog.>) 0),
    pg_catalog.round(pg_catalog.avg(d.hired), 2),
    pg_catalog.round(pg_catalog.avg(d.hired) FILTER (WHERE d.hired OPERATOR(pg_catalog.>) 0), 2)
  FROM hiring.hires_by_department(mean_hires.year) d
$function$;

COMMENT ON FUNCTION hiring.mean_hires(integer) IS
  'The means that departments are measured by in a year (2021 unless another is given). hired: people hired in all; '
  'departments: how many there are; hiring_departments: those among them with a hire; mean: hires per department, to two '
  'decimals; mean_of_hiring: hires per department with a hire. NULL where there is no such department. The year is that '
  'of UTC';

CREATE FUNCTION hiring.month_start(year integer, month integer) RETURNS timestamp with time zone
LANGUAGE sql IMMUTABLE PARALLEL SAFE SECURITY INVOKER
AS $function$
  SELECT CASE WHEN year OPERATOR(pg_catalog.>=) 1 AND year OPERATOR(pg_catalog.<=) 294275 AND month OPERATOR(pg_catalog.>=) 1 AND month OPERATOR(pg_catalog.<=) 13 THEN
    pg_catalog.timezone('UTC', pg_catalog.make_timestamp(
      year OPERATOR(pg_catalog.+) (month OPERATOR(pg_catalog./) 13), ((month OPERATOR(pg_catalog.-) 1) OPERATOR(pg_catalog.%) 12) OPERATOR(pg_catalog.+) 1, 1, 0, 0, 0))
  END
$function$;

COMMENT ON FUNCTION hiring.month_start(integer, integer) IS
  'The moment at which a month of a year begins, in UTC. Months count from 1 to 12; 13 is where the year ends. '
  'NULL for a year outside 1 to 294275';

-- A range of the index counted for each month is three times as fast as the month of each hire.
CREATE FUNCTION hiring.hires_by_month(year integer DEFAULT 2021)
RETURNS TABLE (month integer, starts date, hired bigint)
LANGUAGE sql STABLE PARALLEL RESTRICTED SECURITY INVOKER ROWS 12
AS $function$
  SELECT m.month, pg_catalog.make_date(COALESCE(hires_by_month.year, 2021), m.month, 1), COALESCE(h.hired, 0)
  FROM pg_catalog.generate_series(1, 12) m (month)
  LEFT JOIN (
    SELECT n.month, (
      SELECT pg_catalog.count(*) FROM hired_employees e
      WHERE e.datetime OPERATOR(pg_catalog.>=) hiring.month_start(COALESCE(hires_by_month.year, 2021), n.month)
        AND e.datetime OPERATOR(pg_catalog.<) hiring.month_start(COALESCE(hires_by_month.year, 2021), n.month OPERATOR(pg_catalog.+) 1)) AS hired
    FROM pg_catalog.generate_series(1, 12) n (month)
    WHERE NOT hiring.rollup_serves()
    UNION ALL
    SELECT r.month, r.hired
    FROM hiring.rollup_months(COALESCE(hires_by_month.year, 2021), COALESCE(hires_by_month.year, 2021)) r
    WHERE hiring.rollup_serves()
  ) h ON h.month OPERATOR(pg_catalog.=) m.month
  WHERE hiring.quarter_start(COALESCE(hires_by_month.year, 2021), 1) IS NOT NULL
  ORDER BY m.month
$function$;

COMMENT ON FUNCTION hiring.hires_by_month(integer) IS
  'How many people were hired in each month of a year (2021 unless another is given), in twelve rows. month: from 1 to '
  '12; starts: its first day; hired: people hired, 0 for none. Months are those of UTC';

-- Quarters are numbered through: year * 4 + quarter - 1. They pass through an array because the planner takes a series
-- of unknown length for a thousand, and would have the query compiled at a cost above its own.
CREATE FUNCTION hiring.hires_trend(first_year integer DEFAULT NULL, last_year integer DEFAULT NULL)
RETURNS TABLE (year integer, quarter integer, starts date, hired bigint, year_before bigint)
LANGUAGE sql STABLE PARALLEL RESTRICTED SECURITY INVOKER ROWS 100
AS $function$
  WITH bounds AS (
    SELECT pg_catalog.timezone('UTC', pg_catalog.min(e.datetime)) AS first,
      pg_catalog.timezone('UTC', pg_catalog.max(e.datetime)) AS last
    FROM hired_employees e
    WHERE e.datetime OPERATOR(pg_catalog.>=) hiring.quarter_start(GREATEST(hires_trend.first_year, 1), 1)
      AND e.datetime OPERATOR(pg_catalog.<) hiring.quarter_start(LEAST(hires_trend.last_year, 294275), 5)
  ), quarters AS (
    SELECT (pg_catalog.date_part('year', b.first) OPERATOR(pg_catalog.*) 4 OPERATOR(pg_catalog.+) pg_catalog.date_part('quarter', b.first))::pg_catalog.int4 OPERATOR(pg_catalog.-) 1 AS first,
      (pg_catalog.date_part('year', b.last) OPERATOR(pg_catalog.*) 4 OPERATOR(pg_catalog.+) pg_catalog.date_part('quarter', b.last))::pg_catalog.int4 OPERATOR(pg_catalog.-) 1 AS last
    FROM bounds b
  ), counted AS (
    SELECT n.n, (
      SELECT pg_catalog.count(*) FROM hired_employees e
      WHERE e.datetime OPERATOR(pg_catalog.>=) hiring.quarter_start(n.n OPERATOR(pg_catalog./) 4, (n.n OPERATOR(pg_catalog.%) 4) OPERATOR(pg_catalog.+) 1)
        AND e.datetime OPERATOR(pg_catalog.<) hiring.quarter_start(n.n OPERATOR(pg_catalog./) 4, (n.n OPERATOR(pg_catalog.%) 4) OPERATOR(pg_catalog.+) 2)) AS hired
    FROM pg_catalog.unnest(ARRAY(
      SELECT pg_catalog.generate_series(q.first OPERATOR(pg_catalog.-) 4, q.last) FROM quarters q)) n (n)
    WHERE NOT hiring.rollup_serves()
    UNION ALL
    SELECT r.year OPERATOR(pg_catalog.*) 4 OPERATOR(pg_catalog.+) ((r.month OPERATOR(pg_catalog.-) 1) OPERATOR(pg_catalog./) 3) AS n, pg_catalog.sum(r.hired)::pg_catalog.int8
    FROM hiring.rollup_months(GREATEST(hires_trend.first_year, 2) OPERATOR(pg_catalog.-) 1, LEAST(hires_trend.last_year, 294275)) r
    WHERE hiring.rollup_serves()
    GROUP BY 1
  )
  SELECT q.n OPERATOR(pg_catalog./) 4, (q.n OPERATOR(pg_catalog.%) 4) OPERATOR(pg_catalog.+) 1, pg_catalog.make_date(q.n OPERATOR(pg_catalog./) 4, (q.n OPERATOR(pg_catalog.%) 4) OPERATOR(pg_catalog.*) 3 OPERATOR(pg_catalog.+) 1, 1),
    COALESCE(h.hired, 0), COALESCE(b.hired, 0)
  FROM pg_catalog.unnest(ARRAY(SELECT pg_catalog.generate_series(t.first, t.last) FROM quarters t)) q (n)
  LEFT JOIN counted h ON h.n OPERATOR(pg_catalog.=) q.n
  LEFT JOIN counted b ON b.n OPERATOR(pg_catalog.=) (q.n OPERATOR(pg_catalog.-) 4)
  ORDER BY q.n
$function$;

COMMENT ON FUNCTION hiring.hires_trend(integer, integer) IS
  'How many people were hired in each quarter, from the first quarter with a hire to the last, between two years if they '
  'are given. year, quarter: which; starts: its first day; hired: people hired, 0 for none; year_before: people hired in '
  'the same quarter a year before. Quarters are those of UTC';

-- Hops from year to year over the index, one probe for each year that has a hire.
CREATE FUNCTION hiring.years_with_hires() RETURNS TABLE (year integer)
LANGUAGE sql STABLE PARALLEL RESTRICTED SECURITY INVOKER ROWS 20
AS $function$
  WITH RECURSIVE found (year) AS (
    SELECT (SELECT pg_catalog.date_part('year', pg_catalog.timezone('UTC', pg_catalog.min(e.datetime)))::pg_catalog.int4
            FROM hired_employees e
            WHERE e.datetime OPERATOR(pg_catalog.>=) hiring.quarter_start(1, 1) AND e.datetime OPERATOR(pg_catalog.<) hiring.quarter_start(294275, 5))
    UNION ALL
    SELECT (SELECT pg_catalog.date_part('year', pg_catalog.timezone('UTC', pg_catalog.min(e.datetime)))::pg_catalog.int4
            FROM hired_employees e
            WHERE e.datetime OPERATOR(pg_catalog.>=) hiring.quarter_start(f.year, 5) AND e.datetime OPERATOR(pg_catalog.<) hiring.quarter_start(294275, 5))
    FROM found f
    WHERE f.year IS NOT NULL
  )
  SELECT f.year FROM found f WHERE f.year IS NOT NULL ORDER BY f.year
$function$;

COMMENT ON FUNCTION hiring.years_with_hires() IS 'The years in which people were hired, by UTC, the first one first';

-- ---- For tools that cannot call functions: every year at once ----

-- A view of a function's call stores the call alone. The server replaces it by its body when the view is read, so the
-- reader's search_path and the reader's rights decide, as in the call; a WHERE on the year picks the years, and only
-- those are looked up in the index.

CREATE VIEW hiring.hires_by_quarter_all AS
SELECT y.year, m.department, m.job, m.q1, m.q2, m.q3, m.q4
FROM hiring.years_with_hires() y CROSS JOIN LATERAL hiring.hires_by_quarter(y.year) m;

COMMENT ON VIEW hiring.hires_by_quarter_all IS
  'Hires of every year by department, job and quarter: hiring.hires_by_quarter for tools that cannot call functions';
COMMENT ON COLUMN hiring.hires_by_quarter_all.year IS 'Year of the hires, by UTC';
COMMENT ON COLUMN hiring.hires_by_quarter_all.department IS 'Name of the department';
COMMENT ON COLUMN hiring.hires_by_quarter_all.job IS 'Name of the job';
COMMENT ON COLUMN hiring.hires_by_quarter_all.q1 IS 'People hired from January to March';
COMMENT ON COLUMN hiring.hires_by_quarter_all.q2 IS 'People hired from April to June';
COMMENT ON COLUMN hiring.hires_by_quarter_all.q3 IS 'People hired from July to September';
COMMENT ON COLUMN hiring.hires_by_quarter_all.q4 IS 'People hired from October to December';

CREATE VIEW hiring.hires_by_department_all AS
SELECT y.year, m.id, m.department, m.hired
FROM hiring.years_with_hires() y CROSS JOIN LATERAL hiring.hires_by_department(y.year) m;

COMMENT ON VIEW hiring.hires_by_department_all IS
  'Hires of every year by department, departments without a hire included: hiring.hires_by_department for tools that '
  'cannot call functions';
COMMENT ON COLUMN hiring.hires_by_department_all.year IS 'Year of the hires, by UTC';
COMMENT ON COLUMN hiring.hires_by_department_all.id IS 'Number of the department';
COMMENT ON COLUMN hiring.hires_by_department_all.department IS 'Name of the department';
COMMENT ON COLUMN hiring.hires_by_department_all.hired IS 'People hired, 0 for none';

-- The means are of the whole year, whatever the reader's WHERE picks: a filter does not pass a window function unless it
-- is on what the windows are parted by.
CREATE VIEW hiring.departments_above_mean_all AS
SELECT h.year, h.id, h.department, h.hired, h.mean, h.mean_of_hiring
FROM (
  SELECT y.year, m.id, m.department, m.hired,
    pg_catalog.avg(m.hired) OVER (PARTITION BY y.year) AS mean,
    pg_catalog.avg(m.hired) FILTER (WHERE m.hired OPERATOR(pg_catalog.>) 0) OVER (PARTITION BY y.year) AS mean_of_hiring
  FROM hiring.years_with_hires() y CROSS JOIN LATERAL hiring.hires_by_department(y.year) m
) h
WHERE h.hired::pg_catalog.numeric OPERATOR(pg_catalog.>) h.mean;

COMMENT ON VIEW hiring.departments_above_mean_all IS
  'Departments that hired more than the mean in each year: hiring.departments_above_mean for tools that cannot call '
  'functions';
COMMENT ON COLUMN hiring.departments_above_mean_all.year IS 'Year of the hires, by UTC';
COMMENT ON COLUMN hiring.departments_above_mean_all.id IS 'Number of the department';
COMMENT ON COLUMN hiring.departments_above_mean_all.department IS 'Name of the department';
COMMENT ON COLUMN hiring.departments_above_mean_all.hired IS 'People hired';
COMMENT ON COLUMN hiring.departments_above_mean_all.mean IS
  'Hires per department in that year, departments without a hire included';
COMMENT ON COLUMN hiring.departments_above_mean_all.mean_of_hiring IS
  'Hires per department in that year, only departments with a hire';

CREATE VIEW hiring.hires_by_month_all AS
SELECT y.year, m.month, m.starts, m.hired
FROM hiring.years_with_hires() y CROSS JOIN LATERAL hiring.hires_by_month(y.year) m;

COMMENT ON VIEW hiring.hires_by_month_all IS
  'Hires of every year by month: hiring.hires_by_month for tools that cannot call functions';
COMMENT ON COLUMN hiring.hires_by_month_all.year IS 'Year of the hires, by UTC';
COMMENT ON COLUMN hiring.hires_by_month_all.month IS 'Month, from 1 to 12';
COMMENT ON COLUMN hiring.hires_by_month_all.starts IS 'First day of the month';
COMMENT ON COLUMN hiring.hires_by_month_all.hired IS 'People hired, 0 for none';

CREATE VIEW hiring.hires_trend_all AS
SELECT t.year, t.quarter, t.starts, t.hired, t.year_before FROM hiring.hires_trend() t;

COMMENT ON VIEW hiring.hires_trend_all IS
  'Hires of every quarter from the first to the last, beside those of a year before: hiring.hires_trend for tools that '
  'cannot call functions';
COMMENT ON COLUMN hiring.hires_trend_all.year IS 'Year, by UTC';
COMMENT ON COLUMN hiring.hires_trend_all.quarter IS 'Quarter, from 1 to 4';
COMMENT ON COLUMN hiring.hires_trend_all.starts IS 'First day of the quarter';
COMMENT ON COLUMN hiring.hires_trend_all.hired IS 'People hired, 0 for none';
COMMENT ON COLUMN hiring.hires_trend_all.year_before IS 'People hired in the same quarter a year before, 0 for none';
