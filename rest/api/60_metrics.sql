-- The numbers: hires for everyone, and what operators watch: loads, rejects, backups. The hiring metrics find the
-- tables by search_path, so it is fixed here.

CREATE FUNCTION api.hires_by_quarter(year integer DEFAULT 2021)
RETURNS TABLE (department text, job text, q1 bigint, q2 bigint, q3 bigint, q4 bigint) LANGUAGE sql STABLE
SET search_path = public, pg_temp
AS $$ SELECT m.department, m.job, m.q1, m.q2, m.q3, m.q4 FROM hiring.hires_by_quarter(coalesce($1, 2021)) m $$;
COMMENT ON FUNCTION api.hires_by_quarter IS 'Hires of a year by department, job and quarter

Ordered by department and job. Quarters are UTC quarters.';

CREATE FUNCTION api.departments_above_mean(year integer DEFAULT 2021, include_idle boolean DEFAULT true)
RETURNS TABLE (id integer, department text, hired bigint) LANGUAGE sql STABLE
SET search_path = public, pg_temp
AS $$ SELECT m.id, m.department, m.hired FROM hiring.departments_above_mean(coalesce($1, 2021), $2) m $$;
COMMENT ON FUNCTION api.departments_above_mean IS 'Departments that hired more than the mean of all departments in a year

Ordered by hires, most first. Departments without a hire count in the mean, unless include_idle is false.';

-- ---------------------------------------------------------------------------------------------------------------

CREATE FUNCTION api.mean_hires(year integer DEFAULT 2021)
RETURNS TABLE (hired bigint, departments bigint, hiring_departments bigint, mean numeric, mean_of_hiring numeric)
LANGUAGE sql STABLE SET search_path = public, pg_temp
AS $$ SELECT m.hired, m.departments, m.hiring_departments, m.mean, m.mean_of_hiring FROM hiring.mean_hires(coalesce($1, 2021)) m $$;
COMMENT ON FUNCTION api.mean_hires IS 'The means that departments are measured by in a year

One row: people hired, departments, those with a hire, and hires per department of all and of those.';

CREATE FUNCTION api.hires_by_department(year integer DEFAULT 2021)
RETURNS TABLE (id integer, department text, hired bigint) LANGUAGE sql STABLE
SET search_path = public, pg_temp
AS $$ SELECT m.id, m.department, m.hired FROM hiring.hires_by_department(coalesce($1, 2021)) m $$;
COMMENT ON FUNCTION api.hires_by_department IS 'Hires of a year by department

Every department, those without a hire with 0; most hires first.';

CREATE FUNCTION api.hires_by_month(year integer DEFAULT 2021)
RETURNS TABLE (month integer, starts date, hired bigint) LANGUAGE sql STABLE
SET search_path = public, pg_temp
AS $$ SELECT m.month, m.starts, m.hired FROM hiring.hires_by_month(coalesce($1, 2021)) m $$;
COMMENT ON FUNCTION api.hires_by_month IS 'Hires of a year by month

Twelve rows. Months are UTC months.';

CREATE FUNCTION api.hires_trend(first_year integer DEFAULT NULL, last_year integer DEFAULT NULL)
RETURNS TABLE (year integer, quarter integer, starts date, hired bigint, year_before bigint) LANGUAGE sql STABLE
SET search_path = public, pg_temp
AS $$ SELECT m.year, m.quarter, m.starts, m.hired, m.year_before FROM hiring.hires_trend($1, $2) m $$;
COMMENT ON FUNCTION api.hires_trend IS 'Hires by quarter over the years

Every quarter from the first with a hire to the last, beside the same quarter a year before.';

CREATE FUNCTION api.loads_by_day(since timestamptz DEFAULT NULL, before timestamptz DEFAULT NULL)
RETURNS TABLE (day date, target text, loads bigint, aborted bigint, rows_read bigint, rows_loaded bigint,
               rows_rejected bigint, rows_repaired bigint, bytes_read bigint, seconds numeric, rows_per_second numeric,
               reject_rate numeric) LANGUAGE sql STABLE
AS $$ SELECT m.* FROM ferry.loads_by_day($1, $2) m $$;
COMMENT ON FUNCTION api.loads_by_day IS 'How loads went, by day and table

Rows per second and the rejected part of the rows, for the loads that the caller may see. Days are UTC days.';

CREATE FUNCTION api.rejects_by_day(since timestamptz DEFAULT NULL, before timestamptz DEFAULT NULL)
RETURNS TABLE (day date, target text, source_kind text, source_name text, class text, column_name text, errors bigint,
               rejects bigint, open bigint) LANGUAGE sql STABLE
AS $$ SELECT m.* FROM ferry.rejects_by_day($1, $2) m $$;
COMMENT ON FUNCTION api.rejects_by_day IS 'What was refused, by day, source, class and column

For the loads that the caller may see. Days are UTC days.';

-- The engine calls it volatile, since files come and go; for a client it reads.
CREATE FUNCTION api.backup_status()
RETURNS TABLE (target text, backup_id bigint, taken_at timestamptz, age interval, rows bigint, bytes bigint, codec text,
               verified_level text, verified_at timestamptz, loads_since bigint, rows_loaded_since bigint)
LANGUAGE sql STABLE
AS $$
  SELECT m.target, m.backup_id, m.taken_at, m.age, m.rows, m.bytes, m.codec, m.verified_level, m.verified_at,
         m.loads_since, m.rows_loaded_since
    FROM ferry.backup_status() m
$$;
COMMENT ON FUNCTION api.backup_status IS 'The last backup of each table

How old it is, how it was verified, and what was loaded after it.';

CREATE FUNCTION api.prometheus() RETURNS rest."*/*" LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM rest.add_headers('{"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}');
  RETURN convert_to(ferry.prometheus(), 'UTF8');
END
$$;
COMMENT ON FUNCTION api.prometheus IS 'Loads, rejects and backups for Prometheus

Its text format, version 0.0.4.';

-- Who may.
GRANT EXECUTE ON FUNCTION api.hires_by_quarter, api.departments_above_mean TO app_reader;
GRANT EXECUTE ON FUNCTION api.mean_hires, api.hires_by_department, api.hires_by_month, api.hires_trend TO app_reader;
GRANT EXECUTE ON FUNCTION api.loads_by_day, api.rejects_by_day TO app_writer;
GRANT EXECUTE ON FUNCTION api.backup_status, api.prometheus TO app_operator;
GRANT EXECUTE ON FUNCTION ferry.loads_by_day, ferry.rejects_by_day TO app_writer;
GRANT EXECUTE ON FUNCTION ferry.backup_status, ferry.prometheus, ferry.prometheus_label TO app_operator;

-- For the OpenAPI document: what the catalogs do not know.
INSERT INTO rest.routes (route, tag, answer, statuses) VALUES
  ('hires_by_quarter', 'metrics', NULL, '{200,400,401,403}'),
  ('departments_above_mean', 'metrics', NULL, '{200,400,401,403}'),
  ('mean_hires', 'metrics', NULL, '{200,400,401,403}'),
  ('hires_by_department', 'metrics', NULL, '{200,400,401,403}'),
  ('hires_by_month', 'metrics', NULL, '{200,400,401,403}'),
  ('hires_trend', 'metrics', NULL, '{200,400,401,403}'),
  ('loads_by_day', 'quality', NULL, '{200,400,401,403}'),
  ('rejects_by_day', 'quality', NULL, '{200,400,401,403}'),
  ('backup_status', 'quality', NULL, '{200,401,403}'),
  ('prometheus', 'quality', 'text/plain', '{200,401,403}');
