-- The log: what was loaded and what was refused, and what becomes of that. Row security on the log shows a writer the
-- loads of writers; what a caller may not see does not exist for them.

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

-- ---- What is asked for ----

CREATE FUNCTION rest.load_numbered(load_id bigint) RETURNS bigint LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM ferry.loads l WHERE l.load_id = load_numbered.load_id) THEN
    PERFORM rest.fail(CASE WHEN load_id IS NULL THEN 400 ELSE 404 END, '42704', format('load %s does not exist', coalesce(load_id::text, 'null')));
  END IF;
  RETURN load_id;
END
$$;
COMMENT ON FUNCTION rest.load_numbered IS 'This number, if the caller may see such a load; else 404.';

CREATE FUNCTION rest.reject_numbered(reject_id bigint) RETURNS bigint LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM ferry.rejects r WHERE r.reject_id = reject_numbered.reject_id) THEN
    PERFORM rest.fail(CASE WHEN reject_id IS NULL THEN 400 ELSE 404 END, '42704', format('reject %s does not exist', coalesce(reject_id::text, 'null')));
  END IF;
  RETURN reject_id;
END
$$;
COMMENT ON FUNCTION rest.reject_numbered IS 'This number, if the caller may see such a reject; else 404.';

-- The engine calls the next two volatile, because they look at the log as another role; for a client they read.
CREATE FUNCTION api.reject_summary(load_id bigint)
RETURNS TABLE (class text, sqlstate text, column_name text, constraint_name text, pattern text, rows bigint, message text,
               example text, example_reject bigint, proposal text) LANGUAGE sql STABLE
AS $$ SELECT s.* FROM ferry.reject_summary(rest.load_numbered($1)) s $$;
COMMENT ON FUNCTION api.reject_summary IS 'What is wrong with a load and what would mend it

The open rejects in groups, the most frequent first. In a pattern 9 stands for digits and a for letters; behind the colon of a proposal stands SQL.';

CREATE FUNCTION api.reject_fields(reject_id bigint)
RETURNS TABLE ("position" integer, column_name text, column_type text, value text, errors json) LANGUAGE sql STABLE
AS $$ SELECT f.* FROM ferry.reject_fields(rest.reject_numbered($1)) f $$;
COMMENT ON FUNCTION api.reject_fields IS 'The fields of a rejected row

For a form that mends it: one row per column, with the value as it came and what is wrong there. Where the row does not come apart no field has a value.';

CREATE FUNCTION api.export_rejects(load_id bigint, status text DEFAULT 'open') RETURNS rest."*/*" LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  load CONSTANT bigint := rest.load_numbered(load_id);
  csv CONSTANT boolean := (SELECT l.options ? 'delimiter' FROM ferry.loads l WHERE l.load_id = load);
  charset CONSTANT text := (SELECT CASE l.options ->> 'encoding' WHEN 'Latin-1' THEN 'iso-8859-1' ELSE lower(l.options ->> 'encoding') END
                              FROM ferry.loads l WHERE l.load_id = load);
  file bytea;
  error_detail text;
  error_hint text;
BEGIN
  BEGIN
    file := ferry.export_rejects(load, export_rejects.status);
  EXCEPTION WHEN query_canceled OR OTHERS THEN
    GET STACKED DIAGNOSTICS error_detail = PG_EXCEPTION_DETAIL, error_hint = PG_EXCEPTION_HINT;
    PERFORM rest.refuse(SQLSTATE, SQLERRM, error_detail, error_hint);
  END;
  PERFORM rest.add_headers(json_build_object(
    'Content-Type', CASE WHEN csv THEN 'text/csv; charset=' || charset ELSE 'application/json; charset=utf-8' END,
    'Content-Disposition', format('attachment; filename="rejects_%s.%s"', load, CASE WHEN csv THEN 'csv' ELSE 'json' END)));
  RETURN file;
END
$$;
COMMENT ON FUNCTION api.export_rejects IS 'Rejected rows as a file

The rows as they came, in the dialect and encoding of the input and with a header, to be edited and loaded again; rows of JSON as an array. Status is open, fixed, dismissed or reloaded.';

-- ---- What is mended ----

CREATE FUNCTION api.fix_reject(reject_id bigint, "row" json) RETURNS json LANGUAGE plpgsql VOLATILE
SET search_path = public, pg_temp AS $$
DECLARE
  reject CONSTANT bigint := rest.reject_numbered(reject_id);
  result json;
  error_detail text;
  error_hint text;
BEGIN
  BEGIN
    result := ferry.fix_reject(reject, "row");
  EXCEPTION WHEN query_canceled OR OTHERS THEN
    GET STACKED DIAGNOSTICS error_detail = PG_EXCEPTION_DETAIL, error_hint = PG_EXCEPTION_HINT;
    PERFORM rest.refuse(SQLSTATE, SQLERRM, error_detail, error_hint);
  END;
  PERFORM rest.answer(CASE WHEN (result ->> 'inserted')::integer > 0 THEN 200 ELSE 422 END);
  RETURN result;
END
$$;
COMMENT ON FUNCTION api.fix_reject IS 'Mend a rejected row

Inserts a corrected row, an object of the columns, in place of an open reject, which is fixed then. If the row is still not valid every error is told (422) and the reject stays open.';

CREATE FUNCTION api.dismiss_reject(reject_id bigint, reason text DEFAULT NULL) RETURNS void LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  reject CONSTANT bigint := rest.reject_numbered(reject_id);
  error_detail text;
  error_hint text;
BEGIN
  PERFORM ferry.dismiss_reject(reject, reason);
EXCEPTION WHEN query_canceled OR OTHERS THEN
  GET STACKED DIAGNOSTICS error_detail = PG_EXCEPTION_DETAIL, error_hint = PG_EXCEPTION_HINT;
  PERFORM rest.refuse(SQLSTATE, SQLERRM, error_detail, error_hint);
END
$$;
COMMENT ON FUNCTION api.dismiss_reject IS 'Give a rejected row up

It stays in the log, with the reason.';

-- What a kept replay leaves open stands under the load whose rejects it took.
CREATE FUNCTION rest.replay_errors(replay bigint) RETURNS json LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN l.rows_rejected = 0 THEN '[]'
              WHEN l.status IN ('loaded', 'partial') THEN rest.load_errors(coalesce(l.replay_of, l.load_id), 100, only_open => true)
              ELSE rest.load_errors(l.load_id, 100) END
    FROM ferry.loads l WHERE l.load_id = replay
$$;
COMMENT ON FUNCTION rest.replay_errors IS 'The first errors of rows that a replay did not bring in.';

CREATE FUNCTION api.replay(load_id bigint, date_format text DEFAULT NULL, null_string text DEFAULT NULL, also_null text[] DEFAULT NULL,
                           decimal_mark text DEFAULT NULL, delimiter text DEFAULT NULL, quote text DEFAULT NULL, escape text DEFAULT NULL,
                           encoding text DEFAULT NULL, repair text DEFAULT NULL, on_error text DEFAULT 'reject',
                           on_conflict text DEFAULT NULL, dry_run boolean DEFAULT false)
RETURNS json LANGUAGE plpgsql VOLATILE SET search_path = public, pg_temp AS $$
DECLARE
  load CONSTANT bigint := rest.load_numbered(load_id);
  dry CONSTANT boolean := coalesce(dry_run, false);
  report ferry.load_report;
  result json;
  error_detail text;
  error_hint text;
BEGIN
  BEGIN
    report := ferry.replay(load, date_format, null_string, also_null, decimal_mark, delimiter, quote, escape, encoding, repair,
                           on_error, on_conflict, dry);
  EXCEPTION WHEN query_canceled OR OTHERS THEN
    GET STACKED DIAGNOSTICS error_detail = PG_EXCEPTION_DETAIL, error_hint = PG_EXCEPTION_HINT;
    PERFORM rest.refuse(SQLSTATE, SQLERRM, error_detail, error_hint);
  END;
  result := rest.load_answer((SELECT to_regclass(l.target) FROM ferry.loads l WHERE l.load_id = report.load_id), report,
                             CASE on_error WHEN 'abort' THEN 'atomic' ELSE 'partial' END, dry, rest.replay_errors(report.load_id));
  PERFORM rest.answer(rest.load_status(report, dry));
  RETURN result;
END
$$;
COMMENT ON FUNCTION api.replay IS 'Load the open rejects of a load again

After the cause was mended, or with options that read the rows better; what is not given stays as the load had it. Try it with dry_run first. Rows that go in leave their rejects reloaded, the others stay open with the errors that they have now.';

-- Who may.
GRANT SELECT ON api.loads, api.rejects TO app_writer;
GRANT SELECT ON ferry.loads, ferry.rejects, ferry.reject_errors TO app_writer;
GRANT EXECUTE ON FUNCTION api.reject_summary, api.reject_fields, api.export_rejects, api.fix_reject, api.dismiss_reject,
  api.replay TO app_writer;
GRANT EXECUTE ON FUNCTION ferry.reject_summary, ferry.reject_fields, ferry.export_rejects, ferry.fix_reject,
  ferry.dismiss_reject, ferry.replay TO app_writer;

-- For the OpenAPI document: what the catalogs do not know.
INSERT INTO rest.routes (route, tag, answer, statuses) VALUES
  ('reject_summary', 'log', NULL, '{200,400,401,403,404}'),
  ('reject_fields', 'log', NULL, '{200,400,401,403,404}'),
  ('export_rejects', 'log', 'text/csv', '{200,400,401,403,404,413}'),
  ('fix_reject', 'log', 'BatchAnswer', '{200,400,401,403,404,409,413,422,503,504}'),
  ('dismiss_reject', 'log', NULL, '{204,400,401,403,404,409,503,504}'),
  ('replay', 'log', 'LoadAnswer', '{200,201,207,400,401,403,404,409,422,503,504}');
