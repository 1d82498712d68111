-- The two hiring metrics for one year. Quarters are UTC quarters whatever the session's time zone, every order is
-- total, and text sorts by the collation of its column, which is the database's own unless someone chose another.
--
-- How the tables are found. The names departments, jobs and hired_employees are deliberately unqualified: they resolve
-- when a function is called, through the caller's search_path, exactly as in a query that he types. The tables come
-- into being after these functions, in a schema that nobody knows yet. Were it create_tables() that bound the functions
-- to the tables, an ordinary role could not call it (it does not own the functions), pg_dump would lose the binding (it
-- does not dump members of an extension), and a database could hold only one set of tables. SET search_path on the
-- functions would prevent inlining. They are SECURITY INVOKER, and whoever can put a false table into the caller's path
-- could deceive the caller's own queries just as well; for the same reason operators are not qualified here. Where the
-- path of the caller cannot be relied on (a SECURITY DEFINER function, a materialized view, an API schema), wrap the
-- call in a function with SET search_path. CREATE EXTENSION itself turns check_function_bodies off for its script.
--
-- What the planner makes of them. LANGUAGE sql, STABLE, not STRICT, no SET, one SELECT: in FROM the server replaces the
-- call by its body, so that a reader's WHERE reaches the scans, the year becomes a range of the index on datetime, and
-- the scan may be parallel. PARALLEL RESTRICTED is for calls that are not replaced: the tables may be temporary ones,
-- which a worker cannot read. Hires are counted by number first and names joined to the counts: twice as fast as
-- grouping joined rows, and two departments with the same name stay two.

CREATE FUNCTION hiring.quarter_start(year integer, quarter integer) RETURNS timestamp with time zone
LANGUAGE sql IMMUTABLE PARALLEL SAFE SECURITY INVOKER
AS $function$
  SELECT CASE WHEN year BETWEEN 1 AND 294275 AND quarter BETWEEN 1 AND 5 THEN
    pg_catalog.timezone('UTC', pg_catalog.make_timestamp(year + quarter / 5, (quarter - 1) % 4 * 3 + 1, 1, 0, 0, 0))
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
  SELECT d.department, j.job,
    h.before_q2 AS q1,
    h.before_q3 - h.before_q2 AS q2,
    h.before_q4 - h.before_q3 AS q3,
    h.whole_year - h.before_q4 AS q4
  FROM (
    SELECT e.department_id, e.job_id,
      pg_catalog.count(*) FILTER (
        WHERE e.datetime < (SELECT hiring.quarter_start(COALESCE(hires_by_quarter.year, 2021), 2))) AS before_q2,
      pg_catalog.count(*) FILTER (
        WHERE e.datetime < (SELECT hiring.quarter_start(COALESCE(hires_by_quarter.year, 2021), 3))) AS before_q3,
      pg_catalog.count(*) FILTER (
        WHERE e.datetime < (SELECT hiring.quarter_start(COALESCE(hires_by_quarter.year, 2021), 4))) AS before_q4,
      pg_catalog.count(*) AS whole_year
    FROM hired_employees e
    WHERE e.datetime >= hiring.quarter_start(COALESCE(hires_by_quarter.year, 2021), 1)
      AND e.datetime < hiring.quarter_start(COALESCE(hires_by_quarter.year, 2021), 5)
    GROUP BY e.department_id, e.job_id
  ) h
  JOIN departments d ON d.id = h.department_id
  JOIN jobs j ON j.id = h.job_id
  ORDER BY d.department, j.job, d.id, j.id
$function$;

COMMENT ON FUNCTION hiring.hires_by_quarter(integer) IS
  'How many people each department hired for each job in each quarter of a year (2021 unless another is given). '
  'Quarters are those of UTC. Pairs of department and job without a hire in that year are left out. '
  'In alphabetical order of department and job';

-- A department is above the mean when hired > total / departments; multiplied out, the comparison is exact.
CREATE FUNCTION hiring.departments_above_mean(year integer DEFAULT 2021)
RETURNS TABLE (id integer, department text, hired bigint)
LANGUAGE sql STABLE PARALLEL RESTRICTED SECURITY INVOKER ROWS 10
AS $function$
  WITH yearly AS (
    SELECT e.department_id, pg_catalog.count(*) AS hired
    FROM hired_employees e
    WHERE e.datetime >= hiring.quarter_start(COALESCE(departments_above_mean.year, 2021), 1)
      AND e.datetime < hiring.quarter_start(COALESCE(departments_above_mean.year, 2021), 5)
    GROUP BY e.department_id
  )
  SELECT d.id, d.department, y.hired
  FROM yearly y
  JOIN departments d ON d.id = y.department_id
  WHERE y.hired * (SELECT pg_catalog.count(*) FROM departments) > (SELECT pg_catalog.sum(t.hired) FROM yearly t)
  ORDER BY y.hired DESC, d.id
$function$;

COMMENT ON FUNCTION hiring.departments_above_mean(integer) IS
  'The departments that hired more people in a year (2021 unless another is given) than the mean of all departments, '
  'those without a hire included. The year is that of UTC. Most hires first';

REVOKE ALL ON FUNCTION
  hiring.quarter_start(integer, integer),
  hiring.hires_by_quarter(integer),
  hiring.departments_above_mean(integer)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  hiring.quarter_start(integer, integer),
  hiring.hires_by_quarter(integer),
  hiring.departments_above_mean(integer)
TO PUBLIC;
