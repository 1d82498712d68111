-- The tables, row by row, with the caller's rights.

CREATE VIEW api.departments WITH (security_invoker) AS SELECT id, department FROM public.departments;
COMMENT ON VIEW api.departments IS 'Departments

The departments people are hired into.';

CREATE VIEW api.jobs WITH (security_invoker) AS SELECT id, job FROM public.jobs;
COMMENT ON VIEW api.jobs IS 'Jobs

The jobs people are hired for.';

CREATE VIEW api.hired_employees WITH (security_invoker) AS
  SELECT id, name, datetime, department_id, job_id FROM public.hired_employees;
COMMENT ON VIEW api.hired_employees IS 'Hired employees

One row per hire.';

-- Who may.
GRANT SELECT ON api.departments, api.jobs, api.hired_employees TO app_reader;
GRANT INSERT ON api.departments, api.jobs, api.hired_employees TO app_writer;
