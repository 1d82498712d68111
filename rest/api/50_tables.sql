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

-- ---- Tables described ----

CREATE FUNCTION api.tables()
RETURNS TABLE (name text, comment text, rows_estimate bigint, columns json, primary_key json, may_read boolean,
               may_insert boolean, may_restore boolean) LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
  SELECT c.relname::text, obj_description(c.oid, 'pg_class'),
         CASE WHEN c.relpages > 0 AND c.relkind = 'r'
              THEN (c.reltuples / c.relpages * pg_relation_size(c.oid) / current_setting('block_size')::integer)::bigint
              WHEN c.relkind = 'r' AND pg_relation_size(c.oid) = 0 THEN 0
              WHEN c.reltuples >= 0 THEN c.reltuples::bigint END,
         (SELECT coalesce(json_agg(json_build_object('name', d.column_name, 'type', d.type, 'nullable', d.nullable, 'comment', d.comment,
                   'required', NOT d.nullable AND num_nulls(d.default_value, d.identity, d.generated) = 3) ORDER BY d.ordinal), '[]')
            FROM ferry.data_dictionary(c.oid) d),
         (SELECT coalesce(json_agg(d.column_name ORDER BY d.primary_key), '[]')
            FROM ferry.data_dictionary(c.oid) d WHERE d.primary_key IS NOT NULL),
         has_any_column_privilege(c.oid, 'SELECT'),
         has_any_column_privilege(c.oid, 'INSERT'),
         has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'TRUNCATE')
         AND coalesce(has_function_privilege(to_regproc('api.restore_table'), 'EXECUTE'), false)
    FROM pg_class c
   WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition
     AND (has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE') OR has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE'))
   ORDER BY c.relname COLLATE "C"
$$;
COMMENT ON FUNCTION api.tables IS 'Tables

Those of schema public on which the caller has any right: columns, primary key, what the caller may do, and about how many rows they have, null where nobody has counted yet. Partitions are part of their table.';

CREATE FUNCTION api.data_dictionary(table_name text)
RETURNS TABLE (ordinal integer, column_name text, type text, nullable boolean, default_value text, identity text, generated text,
               primary_key integer, is_unique boolean, refers_to text, checks text[], comment text) LANGUAGE sql STABLE
AS $$ SELECT d.* FROM ferry.data_dictionary(rest.table_named(table_name)) d $$;
COMMENT ON FUNCTION api.data_dictionary IS 'The columns of a table

One row each: type, default, keys, references, conditions and comment.';

CREATE FUNCTION api.json_schema(table_name text) RETURNS json LANGUAGE sql STABLE
AS $$ SELECT ferry.json_schema(rest.table_named(table_name)) $$;
COMMENT ON FUNCTION api.json_schema IS 'The JSON Schema of a row to insert

JSON Schema 2020-12 of what insert_batch takes for the table. The table may check more than a schema can say.';

-- ---- What runs ----

-- PostgreSQL shows what a session does to members of its own role, and the sessions of this front are authenticator's. So
-- a role that may look at all sessions looks for the caller, whose role PostgREST has set, and shows what concerns tables
-- that the caller has a right on.
CREATE FUNCTION rest.running()
RETURNS TABLE (kind text, target text, bytes_done bigint, bytes_total bigint, rows_done bigint, rows_rejected bigint,
               started_at timestamptz, seconds numeric)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT p.kind, p.target, p.bytes_done, p.bytes_total, p.rows_done, p.rows_rejected, p.started_at, p.seconds
    FROM ferry.progress() p
    JOIN pg_class c ON c.oid = p.relid
   CROSS JOIN LATERAL (SELECT coalesce(nullif(current_setting('role'), 'none'), session_user)) caller (name)
   WHERE has_table_privilege(caller.name, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
      OR has_any_column_privilege(caller.name, c.oid, 'SELECT, INSERT, UPDATE')
$$;
ALTER FUNCTION rest.running OWNER TO ferry_stats;
COMMENT ON FUNCTION rest.running IS 'What runs now on tables that the caller has a right on.';
GRANT USAGE ON SCHEMA ferry TO ferry_stats;
GRANT EXECUTE ON FUNCTION ferry.progress TO ferry_stats;

CREATE FUNCTION api.progress()
RETURNS TABLE (kind text, target text, bytes_done bigint, bytes_total bigint, rows_done bigint, rows_rejected bigint,
               started_at timestamptz, seconds numeric) LANGUAGE sql STABLE
AS $$ SELECT r.* FROM rest.running() r $$;
COMMENT ON FUNCTION api.progress IS 'What runs now

The loads, backups and restores under way on tables that the caller has a right on, whoever began them. bytes_done are read of the input, or written to the backup; bytes_total is null where nobody knows it.';

-- Who may.
GRANT SELECT ON api.departments, api.jobs, api.hired_employees TO app_reader;
GRANT INSERT ON api.departments, api.jobs, api.hired_employees TO app_writer;
GRANT EXECUTE ON FUNCTION api.tables, api.data_dictionary, api.json_schema, api.progress TO app_reader;
GRANT EXECUTE ON FUNCTION ferry.data_dictionary, ferry.json_schema, ferry.schema_of_type, ferry.schema_with_checks,
  ferry.schema_of_condition, ferry.schema_or_null TO web_anon, app_reader;

-- For the OpenAPI document: what the catalogs do not know.
INSERT INTO rest.routes (route, tag, answer, statuses) VALUES
  ('tables', 'rows', NULL, '{200,401,403}'),
  ('data_dictionary', 'rows', NULL, '{200,400,401,403,404}'),
  ('json_schema', 'rows', 'JsonSchema', '{200,400,401,403,404}'),
  ('progress', 'log', NULL, '{200,401,403}');

INSERT INTO rest.schemas (name, schema) VALUES
  ('JsonSchema', $json${"type": "object", "description": "A JSON Schema, 2020-12", "required": ["type", "properties"], "properties": {
    "$schema": {"const": "https://json-schema.org/draft/2020-12/schema"}, "title": {"type": "string"},
    "description": {"type": "string"}, "type": {"const": "object"}, "properties": {"type": "object"},
    "required": {"type": "array", "items": {"type": "string"}}, "additionalProperties": {"const": false}}}$json$);
