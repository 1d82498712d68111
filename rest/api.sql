-- The routes: schema api is what PostgREST exposes, schema rest holds what the routes share.
-- Both are rebuilt by every deployment; whatever else is put into them is gone afterwards.

DROP SCHEMA IF EXISTS api CASCADE;
DROP SCHEMA IF EXISTS rest CASCADE;

CREATE SCHEMA rest;
COMMENT ON SCHEMA rest IS 'What the routes share. Not exposed.';
CREATE SCHEMA api;
COMMENT ON SCHEMA api IS 'pg_ferry

Carries data into PostgreSQL and out of it, checks every row at the quay, and loses none.';

-- ---------------------------------------------------------------------------------------------------------------
-- Answers and errors
-- ---------------------------------------------------------------------------------------------------------------

-- PostgREST serves a function that returns this domain under whatever type its Content-Type header names.
CREATE DOMAIN rest."*/*" AS bytea;

CREATE FUNCTION rest.add_headers(headers json) RETURNS void LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp AS $$
  SELECT set_config('response.headers',
           (coalesce(nullif(current_setting('response.headers', true), ''), '[]')::jsonb
            || (SELECT coalesce(jsonb_agg(jsonb_build_object(key, value)), '[]') FROM json_each_text(headers)))::text,
           true)
$$;
COMMENT ON FUNCTION rest.add_headers IS 'Adds headers to those the response has already.';

-- Called last and outside of any subtransaction, or a rollback would take the status with it.
CREATE FUNCTION rest.answer(status integer, headers json DEFAULT '{}') RETURNS void LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp AS $$
  SELECT set_config('response.status', status::text, true);
  SELECT rest.add_headers(headers);
$$;
COMMENT ON FUNCTION rest.answer IS 'Sets the status of a response that is not an error of SQL, and adds headers.';

-- The only way an error leaves a route. SQLSTATE PGRST carries the parts as JSON, so no text of a user reaches the
-- status line or a header; PTxyz would copy the message there.
CREATE FUNCTION rest.fail(status integer, code text, message text, details text DEFAULT NULL, hint text DEFAULT NULL,
                          headers json DEFAULT '{}') RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE SQLSTATE 'PGRST' USING
    MESSAGE = json_build_object('code', code, 'message', message, 'details', details, 'hint', hint)::text,
    DETAIL = json_build_object('status', status, 'headers',
               '{"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}'::jsonb || headers::jsonb)::text;
END
$$;
COMMENT ON FUNCTION rest.fail IS 'Ends the request with this status and an error of the usual shape.';

-- PostgREST 12 repeats a transaction that ends in 40001 for ever, and tells clients whatever an internal error says.
CREATE FUNCTION rest.refuse(state text, message text, details text, hint text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  anonymous CONSTANT boolean := current_setting('role') = 'web_anon';
  status CONSTANT integer := CASE
    WHEN state = '42501' AND anonymous THEN 401
    WHEN state = '42501' THEN 403
    WHEN state IN ('42P01', '42704', '42883', '58P01') THEN 404
    WHEN state = '25006' THEN 405
    WHEN state IN ('40001', '40P01', '55P03') THEN 409
    WHEN state IN ('55000', '55006', '2BP01') OR state LIKE '23%' THEN 409
    WHEN state LIKE '54%' THEN 413
    WHEN state LIKE '53%' THEN 503  -- PostgREST adds Retry-After
    WHEN state = '57014' THEN 504
    WHEN state LIKE '22%' OR state LIKE '42%' OR state IN ('0A000', 'P0001') THEN 400
    ELSE 500
  END;
BEGIN
  IF state IN ('40001', '40P01', '55P03') THEN
    PERFORM rest.fail(status, state, 'another request was in the way', NULL, 'Try again.');
  ELSIF status = 503 THEN
    PERFORM rest.fail(status, state, 'the database is short of resources', NULL, 'Try again.');
  ELSIF status = 504 THEN
    PERFORM rest.fail(status, state, 'the request took longer than it may', NULL, 'Send less at once.');
  ELSIF status = 500 THEN
    RAISE LOG 'request failed with %: %', state, message USING DETAIL = coalesce(details, '');
    PERFORM rest.fail(status, state, 'internal error', NULL, 'The server log says more.');
  ELSE
    PERFORM rest.fail(status, state, message, nullif(details, ''), nullif(hint, ''));
  END IF;
END
$$;
COMMENT ON FUNCTION rest.refuse IS 'Ends the request with the status that fits an error of the engine.';

-- ---------------------------------------------------------------------------------------------------------------
-- Requests
-- ---------------------------------------------------------------------------------------------------------------

CREATE FUNCTION rest.header(name text) RETURNS text LANGUAGE sql STABLE STRICT
SET search_path = pg_catalog, pg_temp AS $$
  SELECT nullif(nullif(current_setting('request.headers', true), '')::json ->> lower(name), '')
$$;
COMMENT ON FUNCTION rest.header IS 'A header of the request; absent and empty are the same.';

CREATE FUNCTION rest.boolean_header(name text) RETURNS boolean LANGUAGE plpgsql STABLE STRICT
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  value CONSTANT text := rest.header(name);
BEGIN
  IF lower(value) NOT IN ('true', 'false') THEN
    PERFORM rest.fail(400, '22023', format('header %s is neither true nor false', name));
  END IF;
  RETURN value::boolean;
END
$$;
COMMENT ON FUNCTION rest.boolean_header IS 'A header of the request that says true or false.';

-- Looks the name up as a value, so there is nothing to quote and nothing to inject. A table the caller has no right
-- on does not exist for them.
CREATE FUNCTION rest.table_named(table_name text) RETURNS regclass LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found_table regclass;
BEGIN
  IF table_name IS NULL THEN
    PERFORM rest.fail(400, '22004', 'no table is named', NULL,
                      'Name it in table_name, or in the header X-Table for the routes that take bytes.');
  END IF;
  SELECT c.oid INTO found_table
    FROM pg_class c
   WHERE c.relnamespace = 'public'::regnamespace
     AND c.relname = table_named.table_name
     AND c.relkind IN ('r', 'p', 'f')
     AND (has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
          OR has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE'));
  IF found_table IS NULL THEN
    PERFORM rest.fail(404, '42P01', format('table "%s" does not exist', left(table_name, 63)));
  END IF;
  RETURN found_table;
END
$$;
COMMENT ON FUNCTION rest.table_named IS 'The table of this name in schema public, if the caller has any right on it; else 404.';

CREATE FUNCTION rest.text_of(bytes bytea) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN convert_from(bytes, 'UTF8');
EXCEPTION WHEN character_not_in_repertoire OR untranslatable_character THEN
  RETURN encode(bytes, 'escape');
END
$$;
COMMENT ON FUNCTION rest.text_of IS 'Bytes as text; those that are not UTF-8 are shown with octal escapes.';

-- ---------------------------------------------------------------------------------------------------------------
-- Anyone
-- ---------------------------------------------------------------------------------------------------------------

CREATE FUNCTION api.login(username text, password text) RETURNS json LANGUAGE sql VOLATILE
AS $$ SELECT auth.login(username, password) $$;
COMMENT ON FUNCTION api.login IS 'Log in

Checks a user name and password and answers with a bearer token of fifteen minutes. Five wrong passwords in fifteen minutes lock the name for a while (429).';

CREATE FUNCTION api.health() RETURNS json LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
  SELECT json_build_object('status', 'ok', 'time', now(),
           'pg_ferry', (SELECT extversion FROM pg_extension WHERE extname = 'pg_ferry'))
$$;
COMMENT ON FUNCTION api.health IS 'Whether the service answers

Reaches the database, so a 200 means that PostgREST and PostgreSQL both work.';

-- ---------------------------------------------------------------------------------------------------------------
-- Rows in
-- ---------------------------------------------------------------------------------------------------------------

-- The engine reports bad rows in its answer and raises only for faults of the request, so the log it wrote is kept.
-- The functions that write have schema public on their path, because triggers of the tables may count on it.

-- Keys are those of whoever is logged in, not of the role that many share.
CREATE FUNCTION rest.idempotency_key() RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  key CONSTANT text := rest.header('Idempotency-Key');
BEGIN
  IF octet_length(key) > 255 THEN
    PERFORM rest.fail(400, '22023', 'header Idempotency-Key has more than 255 bytes', NULL, 'Take a UUID.');
  END IF;
  RETURN encode(sha256(convert_to(concat_ws(E'\n', nullif(current_setting('request.jwt.claims', true), '')::json ->> 'sub', key), 'UTF8')), 'hex')
   WHERE key IS NOT NULL;
END
$$;
COMMENT ON FUNCTION rest.idempotency_key IS 'What the header Idempotency-Key stands for; null without one.';

CREATE FUNCTION rest.batch_status(answer json) RETURNS integer LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE
    WHEN (answer ->> 'dry_run')::boolean THEN 200
    WHEN (answer ->> 'rejected')::integer = 0 THEN 201
    WHEN (answer ->> 'inserted')::integer > 0 THEN 207
    ELSE 422
  END
$$;
COMMENT ON FUNCTION rest.batch_status IS 'The status that fits an answer of the engine to a batch.';

CREATE FUNCTION rest.refuse_batch(state text, message text, details text, hint text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF state = '42710' THEN
    PERFORM rest.fail(422, state, 'the Idempotency-Key was used for another request', NULL, hint);
  ELSIF state = '22023' AND message = 'the batch is empty' THEN
    PERFORM rest.fail(422, state, message, NULL, nullif(hint, ''));
  END IF;
  PERFORM rest.refuse(state, message, details, hint);
END
$$;
COMMENT ON FUNCTION rest.refuse_batch IS 'Ends the request with the status that fits an error of the engine for a batch.';

CREATE FUNCTION rest.insert_batch(table_name text, rows json, mode text, dry_run boolean, unknown text, strict boolean)
RETURNS json LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  target CONSTANT regclass := rest.table_named(table_name);
  key CONSTANT text := rest.idempotency_key();
  result json;
  error_detail text;
  error_hint text;
BEGIN
  BEGIN
    result := ferry.insert_batch(target, rows, mode, dry_run, unknown, strict, key);
  EXCEPTION WHEN query_canceled OR OTHERS THEN
    GET STACKED DIAGNOSTICS error_detail = PG_EXCEPTION_DETAIL, error_hint = PG_EXCEPTION_HINT;
    PERFORM rest.refuse_batch(SQLSTATE, SQLERRM, error_detail, error_hint);
  END;
  PERFORM rest.answer(rest.batch_status(result));
  RETURN result;
END
$$;
COMMENT ON FUNCTION rest.insert_batch IS 'The one way a JSON batch takes to the engine.';

CREATE FUNCTION api.insert_batch(table_name text, rows json, mode text DEFAULT 'partial', dry_run boolean DEFAULT false,
                                 unknown text DEFAULT 'reject', strict boolean DEFAULT false)
RETURNS json LANGUAGE sql VOLATILE
AS $$ SELECT rest.insert_batch(table_name, rows, mode, dry_run, unknown, strict) $$;
COMMENT ON FUNCTION api.insert_batch IS 'Insert 1 to 1000 rows into a table

Every row is checked and every error of every row is reported. Mode partial (the default) inserts the good rows and logs the bad ones; atomic inserts all or none. With dry_run nothing is inserted. An absent key takes the column''s default, an explicit null is null. Keys that are no column are errors, or passed over with unknown = ignore; with strict a value must be JSON of the column''s own form.';

-- The engine reads the names as SQL does; here they are names as they stand, of tables that the caller knows of.
CREATE FUNCTION rest.named_tables(tables json) RETURNS json LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF tables IS NULL OR json_typeof(tables) <> 'object' THEN
    RETURN tables;
  END IF;
  PERFORM rest.table_named(name) FROM json_object_keys(tables) name;
  IF NOT EXISTS (SELECT FROM json_object_keys(tables) name WHERE name <> quote_ident(name)) THEN
    RETURN tables;
  END IF;
  RETURN (SELECT ('{' || string_agg(to_json(quote_ident(t.key)) || ':' || t.value, ',') || '}')::json FROM json_each(tables) t);
END
$$;
COMMENT ON FUNCTION rest.named_tables IS 'A request for several tables with their names quoted for the engine; 404 for one that does not exist.';

CREATE FUNCTION rest.insert_batches(tables json, mode text, dry_run boolean, unknown text, strict boolean) RETURNS json
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  named CONSTANT json := rest.named_tables(tables);
  key CONSTANT text := rest.idempotency_key();
  result json;
  error_detail text;
  error_hint text;
BEGIN
  BEGIN
    result := ferry.insert_batches(named, mode, dry_run, unknown, strict, key);
  EXCEPTION WHEN query_canceled OR OTHERS THEN
    GET STACKED DIAGNOSTICS error_detail = PG_EXCEPTION_DETAIL, error_hint = PG_EXCEPTION_HINT;
    PERFORM rest.refuse_batch(SQLSTATE, SQLERRM, error_detail, error_hint);
  END;
  PERFORM rest.answer(rest.batch_status(result));
  RETURN result;
END
$$;
COMMENT ON FUNCTION rest.insert_batches IS 'The one way a batch for several tables takes to the engine.';

CREATE FUNCTION api.insert_batches(tables json, mode text DEFAULT 'partial', dry_run boolean DEFAULT false,
                                   unknown text DEFAULT 'reject', strict boolean DEFAULT false)
RETURNS json LANGUAGE sql VOLATILE
AS $$ SELECT rest.insert_batches(tables, mode, dry_run, unknown, strict) $$;
COMMENT ON FUNCTION api.insert_batches IS 'Insert 1 to 1000 rows into several tables

tables is an object: for each table an array of rows. Parents go in before their children, whatever the order of the keys, so a row may refer to another of the same request; one that refers to a refused row is refused and says which it is. With mode atomic all rows of all tables go in or none.';

CREATE FUNCTION api.insert_raw(bytea) RETURNS json LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  rows json;
  error_detail text;
BEGIN
  BEGIN
    rows := convert_from($1, 'UTF8')::json;
  EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
    GET STACKED DIAGNOSTICS error_detail = PG_EXCEPTION_DETAIL;
    PERFORM rest.refuse(SQLSTATE, 'the body is not valid JSON: ' || SQLERRM, error_detail, NULL);
  END;
  RETURN rest.insert_batch(rest.header('X-Table'), rows, rest.header('X-Batch-Mode'), rest.boolean_header('X-Dry-Run'),
                           rest.header('X-Unknown'), rest.boolean_header('X-Strict'));
END
$$;
COMMENT ON FUNCTION api.insert_raw IS 'Insert 1 to 1000 rows, the fast way

The body is a JSON array of rows, sent as application/octet-stream so that nothing on the way parses it a second time. Table and options are headers. Answers as insert_batch does.';

CREATE FUNCTION rest.load_errors(load bigint, most integer) RETURNS json LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(json_agg(e ORDER BY e.record, e.ordinal), '[]')
    FROM (SELECT r.record_number AS record, r.line_number AS line, e.ordinal, e.column_name AS "column",
                 e.class AS code, e.sqlstate, e.constraint_name AS "constraint", e.value, e.message, e.hint
            FROM ferry.rejects r JOIN ferry.reject_errors e USING (reject_id)
           WHERE r.load_id = load
           ORDER BY r.record_number, e.ordinal LIMIT most) e
$$;
COMMENT ON FUNCTION rest.load_errors IS 'The first errors of a load, from the reject log.';

CREATE FUNCTION rest.load_answer(target regclass, report ferry.load_report, mode text, dry_run boolean)
RETURNS json LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  errors CONSTANT json := CASE WHEN report.rows_rejected > 0 THEN rest.load_errors(report.load_id, 100) ELSE '[]' END;
  refused CONSTANT boolean := report.rows_loaded = 0 AND report.rows_rejected > 0 AND NOT dry_run;
  facts CONSTANT json := json_build_object(
    'load', report.load_id, 'table', 'public.' || (SELECT relname FROM pg_class WHERE oid = target), 'mode', mode,
    'dry_run', dry_run, 'status', report.status, 'received', report.rows_read, 'inserted', report.rows_loaded,
    'rejected', report.rows_rejected, 'repaired', report.rows_repaired, 'bytes', report.bytes_read,
    'seconds', round(extract(epoch FROM report.elapsed), 3), 'errors', errors);
BEGIN
  IF NOT refused THEN
    RETURN facts;
  END IF;
  RETURN (SELECT json_object_agg(key, value ORDER BY part, n)
            FROM (SELECT 1, key, value, n
                    FROM json_each(json_build_object(
                           'code', 'BATCH_INVALID',
                           'message', format('%s of %s rows are not valid, nothing was inserted',
                                             report.rows_rejected, report.rows_read),
                           'details', errors, 'hint', NULL)) WITH ORDINALITY AS e(key, value, n)
                  UNION ALL
                  SELECT 2, key, value, n FROM json_each(facts) WITH ORDINALITY AS e(key, value, n)
                 ) AS t(part, key, value, n));
END
$$;
COMMENT ON FUNCTION rest.load_answer IS 'A load report as an answer: the counts and the first hundred errors.';

-- A tab cannot be the end of a header, so it is written \t there.
CREATE FUNCTION api.import_csv(bytea) RETURNS json LANGUAGE plpgsql VOLATILE
SET search_path = public, pg_temp AS $$
DECLARE
  target CONSTANT regclass := rest.table_named(rest.header('X-Table'));
  mode CONSTANT text := coalesce(rest.header('X-Mode'), 'partial');
  dry_run CONSTANT boolean := coalesce(rest.boolean_header('X-Dry-Run'), false);
  report ferry.load_report;
  result json;
  error_detail text;
  error_hint text;
BEGIN
  IF mode NOT IN ('partial', 'atomic') THEN
    PERFORM rest.fail(400, '22023', format('unknown mode "%s"', left(mode, 63)), NULL, 'Modes are partial and atomic.');
  END IF;
  BEGIN
    report := ferry.migrate_csv_data(
      target, $1,
      columns => (SELECT array_agg(btrim(c)) FROM string_to_table(rest.header('X-Columns'), ',') AS c),
      header => rest.header('X-Header'),
      delimiter => replace(rest.header('X-Delimiter'), '\t', E'\t'),
      quote => rest.header('X-Quote'),
      escape => rest.header('X-Escape'),
      null_string => rest.header('X-Null-String'),
      on_error => CASE mode WHEN 'atomic' THEN 'abort' ELSE 'reject' END,
      reject_limit => rest.header('X-Reject-Limit')::bigint,
      dry_run => dry_run);
  EXCEPTION WHEN query_canceled OR OTHERS THEN
    GET STACKED DIAGNOSTICS error_detail = PG_EXCEPTION_DETAIL, error_hint = PG_EXCEPTION_HINT;
    PERFORM rest.refuse(SQLSTATE, SQLERRM, error_detail, error_hint);
  END;
  result := rest.load_answer(target, report, mode, dry_run);
  PERFORM rest.answer(CASE
    WHEN dry_run THEN 200
    WHEN report.rows_rejected = 0 THEN 201
    WHEN report.rows_loaded > 0 THEN 207
    ELSE 422
  END);
  RETURN result;
END
$$;
COMMENT ON FUNCTION api.import_csv IS 'Load a CSV file into a table

The body is the file, sent as application/octet-stream; table and options are headers. Mode partial (the default) loads the good rows and logs the bad ones; atomic loads all or none. The answer shows the first hundred errors, the rejects of the load hold them all.';

-- ---------------------------------------------------------------------------------------------------------------
-- The log
-- ---------------------------------------------------------------------------------------------------------------

CREATE VIEW api.loads WITH (security_invoker) AS
  SELECT load_id, target, source_kind, source_name, source_sha256, options, loaded_by, started_at, finished_at,
         status, rows_read, rows_loaded, rows_rejected, rows_repaired, bytes_read, elapsed
    FROM ferry.loads;
COMMENT ON VIEW api.loads IS 'Loads

One row per load: who, when, into which table, from where, and how many rows. Writers see the loads of writers, operators see all.';

CREATE VIEW api.rejects WITH (security_invoker) AS
  SELECT r.reject_id, r.load_id, l.target, r.record_number, r.line_number, r.byte_offset, r.status,
         e.ordinal, e.column_name, e.column_type, e.value, e.class, e.sqlstate, e.constraint_name, e.message, e.hint,
         rest.text_of(r.raw) AS raw
    FROM ferry.rejects r
    JOIN ferry.loads l USING (load_id)
    LEFT JOIN ferry.reject_errors e USING (reject_id);
COMMENT ON VIEW api.rejects IS 'Rejected rows

One row per error of a rejected row, with the row as it came.';

-- ---------------------------------------------------------------------------------------------------------------
-- The tables, row by row
-- ---------------------------------------------------------------------------------------------------------------

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

-- ---------------------------------------------------------------------------------------------------------------
-- Metrics. They find the tables by search_path, so it is fixed here.
-- ---------------------------------------------------------------------------------------------------------------

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
-- Backups
-- ---------------------------------------------------------------------------------------------------------------

-- Where the folder of backups lies is the server's own business: only the name of the file goes out.
CREATE FUNCTION rest.file_name(path text) RETURNS text LANGUAGE sql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp AS $$ SELECT regexp_replace(path, '^.*/', '') $$;
COMMENT ON FUNCTION rest.file_name IS 'The last part of a path.';

CREATE FUNCTION api.backups()
RETURNS TABLE (backup_id bigint, target text, file text, codec text, parts integer, rows bigint, bytes bigint,
               sha256 text, content_hash text, taken_at timestamptz, taken_by text, snapshot text,
               verified_level text, verified_at timestamptz) LANGUAGE sql STABLE
AS $$
  SELECT b.backup_id, b.target, rest.file_name(b.path), b.codec, b.parts, b.rows, b.bytes, b.sha256, b.content_hash,
         b.taken_at, b.taken_by, b.snapshot, b.verified_level, b.verified_at
    FROM ferry.list_backups() b
$$;
COMMENT ON FUNCTION api.backups IS 'Backups

One row per backup file on the server.';

CREATE FUNCTION api.backup_table(table_name text, codec text DEFAULT 'deflate') RETURNS json LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target CONSTANT regclass := rest.table_named(table_name);
  result json;
  error_detail text;
  error_hint text;
BEGIN
  BEGIN
    SELECT json_build_object(
             'backup_id', b.backup_id, 'target', b.target, 'file', rest.file_name(b.path), 'codec', b.codec,
             'parts', b.parts, 'rows', b.rows, 'bytes', b.bytes, 'sha256', b.sha256, 'content_hash', b.content_hash,
             'taken_at', b.taken_at, 'taken_by', b.taken_by, 'snapshot', b.snapshot,
             'verified_level', b.verified_level, 'verified_at', b.verified_at)
      INTO STRICT result
      FROM ferry.backup_table_avro(target, coalesce(backup_table.codec, 'deflate')) b;
  EXCEPTION WHEN query_canceled OR OTHERS THEN
    GET STACKED DIAGNOSTICS error_detail = PG_EXCEPTION_DETAIL, error_hint = PG_EXCEPTION_HINT;
    PERFORM rest.refuse(SQLSTATE, SQLERRM, error_detail, error_hint);
  END;
  PERFORM rest.answer(201);
  RETURN result;
END
$$;
COMMENT ON FUNCTION api.backup_table IS 'Back a table up

Writes the table, as one snapshot sees it, into an Avro file on the server and answers with its entry in the list of backups.';

CREATE FUNCTION api.restore_table(table_name text, backup bigint, mode text DEFAULT 'replace',
                                  dry_run boolean DEFAULT false) RETURNS json LANGUAGE plpgsql VOLATILE
SET search_path = public, pg_temp AS $$
DECLARE
  target CONSTANT regclass := rest.table_named(table_name);
  report ferry.load_report;
  result json;
  error_detail text;
  error_hint text;
BEGIN
  IF backup IS NULL THEN
    PERFORM rest.fail(400, '22004', 'no backup is named', NULL, 'Take a backup_id from the list of backups.');
  END IF;
  BEGIN
    report := ferry.restore_table_avro(target, restore_table.backup, coalesce(restore_table.mode, 'replace'),
                                       coalesce(restore_table.dry_run, false));
  EXCEPTION WHEN query_canceled OR OTHERS THEN
    GET STACKED DIAGNOSTICS error_detail = PG_EXCEPTION_DETAIL, error_hint = PG_EXCEPTION_HINT;
    PERFORM rest.refuse(SQLSTATE, SQLERRM, error_detail, error_hint);
  END;
  result := rest.load_answer(target, report, coalesce(restore_table.mode, 'replace'), coalesce(restore_table.dry_run, false));
  PERFORM rest.answer(CASE
    WHEN dry_run OR report.rows_rejected = 0 THEN 200
    WHEN report.rows_loaded > 0 THEN 207
    ELSE 422
  END);
  RETURN result;
END
$$;
COMMENT ON FUNCTION api.restore_table IS 'Restore a table from a backup

Mode replace (the default) puts the rows of the backup in place of those in the table. With dry_run nothing changes.';

-- ---------------------------------------------------------------------------------------------------------------
-- Rights. Helpers act with the rights of whoever calls a route, so any role may run them.
-- ---------------------------------------------------------------------------------------------------------------

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA api, rest FROM PUBLIC;

GRANT USAGE ON SCHEMA rest TO web_anon, app_reader, ferry_auth;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA rest TO web_anon, app_reader, ferry_auth;

GRANT USAGE ON SCHEMA api TO web_anon, app_reader;
GRANT EXECUTE ON FUNCTION api.login, api.health TO web_anon, app_reader;

GRANT SELECT ON api.departments, api.jobs, api.hired_employees TO app_reader;
GRANT EXECUTE ON FUNCTION api.hires_by_quarter, api.departments_above_mean TO app_reader;

GRANT INSERT ON api.departments, api.jobs, api.hired_employees TO app_writer;
GRANT EXECUTE ON FUNCTION api.insert_batch, api.insert_batches, api.insert_raw, api.import_csv TO app_writer;
GRANT SELECT ON api.loads, api.rejects TO app_writer;

GRANT EXECUTE ON FUNCTION api.backups, api.backup_table, api.restore_table TO app_operator;
