-- Rows in: JSON batches and CSV files.

-- The functions that write have schema public on their path, because triggers of the tables may count on it.

CREATE FUNCTION rest.mode_option() RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  mode CONSTANT text := coalesce(rest.option('mode'), 'partial');
BEGIN
  IF mode NOT IN ('partial', 'atomic') THEN
    PERFORM rest.fail(400, '22023', format('unknown mode "%s"', left(mode, 63)), NULL, 'Modes are partial and atomic.');
  END IF;
  RETURN mode;
END
$$;
COMMENT ON FUNCTION rest.mode_option IS 'The option mode: partial, which is the default, or atomic.';

-- ---- Batches ----

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

-- The engine writes names as SQL does, quoted where they need it; here they come back as they were sent.
CREATE FUNCTION rest.with_names_as_sent(answer json, names text[]) RETURNS json LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
  WITH sent AS (
    SELECT n AS name, quote_ident(n) AS quoted, '/' || replace(replace(quote_ident(n), '~', '~0'), '/', '~1') AS pointer,
           '/' || replace(replace(n, '~', '~0'), '/', '~1') AS sent_pointer
      FROM unnest(names) n WHERE n <> quote_ident(n)
  )
  SELECT CASE json_typeof(answer)
    WHEN 'array' THEN (SELECT coalesce(json_agg(rest.with_names_as_sent(e.value, names) ORDER BY e.n), '[]')
                         FROM json_array_elements(answer) WITH ORDINALITY e (value, n))
    WHEN 'object' THEN (
      SELECT json_object_agg(coalesce((SELECT s.name FROM sent s WHERE s.quoted = e.key), e.key), CASE
               WHEN e.key = 'table' THEN to_json(coalesce(
                 (SELECT s.name FROM sent s WHERE s.quoted = answer ->> 'table'),
                 (SELECT 'public.' || s.name FROM sent s WHERE 'public.' || s.quoted = answer ->> 'table'), answer ->> 'table'))
               WHEN e.key = 'pointer' THEN to_json(coalesce(
                 (SELECT s.sent_pointer || substr(answer ->> 'pointer', length(s.pointer) + 1) FROM sent s
                   WHERE starts_with((answer ->> 'pointer') || '/', s.pointer || '/')), answer ->> 'pointer'))
               WHEN e.key IN ('tables', 'errors', 'details') OR json_typeof(e.value) = 'object' AND e.key <> 'keys'
                 THEN rest.with_names_as_sent(e.value, names)
               ELSE e.value END ORDER BY e.n)
        FROM json_each(answer) WITH ORDINALITY e (key, value, n))
    ELSE answer END
$$;
COMMENT ON FUNCTION rest.with_names_as_sent IS 'An answer of the engine with the names of these tables as the request had them.';

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
  IF table_name <> quote_ident(table_name) THEN
    RETURN rest.with_names_as_sent(result, ARRAY[table_name]);
  END IF;
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
  IF named::text <> tables::text THEN
    RETURN rest.with_names_as_sent(result, ARRAY(SELECT json_object_keys(tables)));
  END IF;
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
  PERFORM rest.require_known_arguments('mode', 'dry_run', 'unknown', 'strict');
  BEGIN
    rows := convert_from($1, 'UTF8')::json;
  EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
    GET STACKED DIAGNOSTICS error_detail = PG_EXCEPTION_DETAIL;
    PERFORM rest.refuse(SQLSTATE, 'the body is not valid JSON: ' || SQLERRM, error_detail, NULL);
  END;
  RETURN rest.insert_batch(rest.header('X-Table'), rows, coalesce(rest.header('X-Batch-Mode'), rest.option('mode')),
                           rest.boolean_option('dry_run'), rest.option('unknown'), rest.boolean_option('strict'));
END
$$;
COMMENT ON FUNCTION api.insert_raw IS 'Insert 1 to 1000 rows, the fast way

The body is a JSON array of rows, sent as application/octet-stream so that nothing on the way parses it a second time. Table and options are headers. Answers as insert_batch does.';

-- ---- Files ----

CREATE FUNCTION rest.load_errors(load bigint, most integer, only_open boolean DEFAULT false) RETURNS json LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(json_agg(e ORDER BY e.record, e.ordinal), '[]')
    FROM (SELECT r.record_number AS record, r.line_number AS line, e.ordinal, e.column_name AS "column",
                 e.class AS code, e.sqlstate, e.constraint_name AS "constraint", e.value, e.message, e.hint
            FROM ferry.rejects r JOIN ferry.reject_errors e USING (reject_id)
           WHERE r.load_id = load AND (r.status = 'open' OR NOT only_open)
           ORDER BY r.record_number, e.ordinal LIMIT most) e
$$;
COMMENT ON FUNCTION rest.load_errors IS 'The first errors of a load, from the reject log.';

CREATE FUNCTION rest.load_answer(target regclass, report ferry.load_report, mode text, dry_run boolean, errors json)
RETURNS json LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  refused CONSTANT boolean := report.rows_loaded = 0 AND report.rows_rejected > 0 AND NOT dry_run;
  facts CONSTANT json := json_build_object(
    'load', report.load_id,
    'table', (SELECT concat(c.relnamespace::regnamespace, '.', c.relname) FROM pg_class c WHERE c.oid = target), 'mode', mode,
    'dry_run', dry_run, 'status', report.status, 'received', report.rows_read, 'inserted', report.rows_loaded,
    'rejected', report.rows_rejected, 'repaired', report.rows_repaired, 'skipped', report.rows_skipped,
    'updated', report.rows_updated, 'bytes', report.bytes_read,
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
COMMENT ON FUNCTION rest.load_answer(regclass, ferry.load_report, text, boolean, json) IS 'A load report as an answer: the counts and these errors.';

CREATE FUNCTION rest.load_answer(target regclass, report ferry.load_report, mode text, dry_run boolean)
RETURNS json LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  SELECT rest.load_answer(target, report, mode, dry_run,
                          CASE WHEN report.rows_rejected > 0 THEN rest.load_errors(report.load_id, 100) ELSE '[]' END)
$$;
COMMENT ON FUNCTION rest.load_answer(regclass, ferry.load_report, text, boolean) IS 'The same with the first hundred errors of the load.';

CREATE FUNCTION rest.load_status(report ferry.load_report, dry_run boolean) RETURNS integer LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN dry_run THEN 200 WHEN report.rows_rejected = 0 THEN 201 WHEN report.rows_loaded > 0 THEN 207 ELSE 422 END
$$;
COMMENT ON FUNCTION rest.load_status IS 'The status that fits a load.';

-- A tab cannot be the end of a header, so it is written \t there.
CREATE FUNCTION api.import_csv(bytea) RETURNS json LANGUAGE plpgsql VOLATILE
SET search_path = public, pg_temp AS $$
DECLARE
  target CONSTANT regclass := rest.table_named(rest.header('X-Table'));
  mode CONSTANT text := rest.mode_option();
  dry_run CONSTANT boolean := coalesce(rest.boolean_option('dry_run'), false);
  reject_limit CONSTANT bigint := rest.number_option('reject_limit', whole => true);
  reject_percent CONSTANT double precision := rest.number_option('reject_percent');
  report ferry.load_report;
  result json;
  error_detail text;
  error_hint text;
BEGIN
  PERFORM rest.require_known_arguments('mode', 'dry_run', 'columns', 'header', 'delimiter', 'quote', 'escape', 'null_string',
    'encoding', 'date_format', 'on_conflict', 'reject_limit', 'reject_percent', 'repair');
  BEGIN
    report := ferry.migrate_csv_data(
      target, $1,
      columns => (SELECT array_agg(btrim(c)) FROM string_to_table(rest.option('columns'), ',') AS c),
      header => rest.option('header'),
      delimiter => replace(rest.option('delimiter'), '\t', E'\t'),
      quote => rest.option('quote'),
      escape => rest.option('escape'),
      null_string => rest.option('null_string'),
      encoding => rest.option('encoding'),
      date_format => rest.option('date_format'),
      on_error => CASE mode WHEN 'atomic' THEN 'abort' ELSE 'reject' END,
      on_conflict => rest.option('on_conflict'),
      reject_limit => reject_limit,
      reject_percent => reject_percent,
      repair => rest.option('repair'),
      dry_run => dry_run);
  EXCEPTION WHEN query_canceled OR OTHERS THEN
    GET STACKED DIAGNOSTICS error_detail = PG_EXCEPTION_DETAIL, error_hint = PG_EXCEPTION_HINT;
    PERFORM rest.refuse(SQLSTATE, SQLERRM, error_detail, error_hint);
  END;
  result := rest.load_answer(target, report, mode, dry_run);
  PERFORM rest.answer(rest.load_status(report, dry_run));
  RETURN result;
END
$$;
COMMENT ON FUNCTION api.import_csv IS 'Load a CSV file into a table

The body is the file, sent as application/octet-stream; gzip and zstd are unpacked. Table and options are headers. Mode partial (the default) loads the good rows and logs the bad ones; atomic loads all or none. The answer shows the first hundred errors, the rejects of the load hold them all.';

-- Who may.
GRANT EXECUTE ON FUNCTION api.insert_batch, api.insert_batches, api.insert_raw, api.import_csv TO app_writer;
GRANT EXECUTE ON FUNCTION ferry.insert_batch, ferry.insert_batches, ferry.migrate_csv_data TO app_writer;

-- For the OpenAPI document: what the catalogs do not know.
INSERT INTO rest.routes (route, tag, answer, statuses) VALUES
  ('insert_batch', 'rows', 'BatchAnswer', '{200,201,207,400,401,403,404,409,413,422,503,504}'),
  ('insert_batches', 'rows', 'BatchesAnswer', '{200,201,207,400,401,403,404,409,413,422,503,504}'),
  ('insert_raw', 'rows', 'BatchAnswer', '{200,201,207,400,401,403,404,409,413,422,503,504}'),
  ('import_csv', 'rows', 'LoadAnswer', '{200,201,207,400,401,403,404,409,413,422,503,504}');

INSERT INTO rest.route_headers (route, header, required, schema, description) VALUES
  ('insert_raw', 'X-Table', true, '{"type": "string", "examples": ["departments"]}', 'The table the rows go into.'),
  ('insert_raw', 'X-Batch-Mode', false, '{"enum": ["partial", "atomic"], "default": "partial"}', 'Whether good rows go in without the bad ones.'),
  ('insert_raw', 'X-Dry-Run', false, '{"type": "boolean", "default": false}', 'Check only.'),
  ('insert_raw', 'X-Unknown', false, '{"enum": ["reject", "ignore"], "default": "reject"}', 'What becomes of keys that are no column.'),
  ('insert_raw', 'X-Strict', false, '{"type": "boolean", "default": false}', 'Take only JSON of the column''s own form.'),
  ('insert_raw', 'Idempotency-Key', false, '{"type": "string", "maxLength": 255}', 'Sent again with the same key, the request is answered as before and not done again.'),
  ('insert_batch', 'Idempotency-Key', false, '{"type": "string", "maxLength": 255}', 'Sent again with the same key, the request is answered as before and not done again.'),
  ('insert_batches', 'Idempotency-Key', false, '{"type": "string", "maxLength": 255}', 'Sent again with the same key, the request is answered as before and not done again.'),
  ('import_csv', 'X-Table', true, '{"type": "string", "examples": ["departments"]}', 'The table the file goes into.'),
  ('import_csv', 'X-Mode', false, '{"enum": ["partial", "atomic"], "default": "partial"}', 'Whether good rows go in without the bad ones.'),
  ('import_csv', 'X-Dry-Run', false, '{"type": "boolean", "default": false}', 'Check only.'),
  ('import_csv', 'X-Columns', false, '{"type": "string", "examples": ["id,department"]}', 'The columns of the file, in order, between commas.'),
  ('import_csv', 'X-Header', false, '{"enum": ["auto", "on", "off"], "default": "auto"}', 'Whether the first line names the columns.'),
  ('import_csv', 'X-Delimiter', false, '{"type": "string", "default": ",", "examples": [";", "auto"]}', 'The character between two fields, a tab written \t; or auto.'),
  ('import_csv', 'X-Quote', false, '{"type": "string", "default": "\""}', 'The quote character, or auto.'),
  ('import_csv', 'X-Escape', false, '{"type": "string"}', 'The character before a quote inside quotes, or auto; without it the quote itself.'),
  ('import_csv', 'X-Null-String', false, '{"type": "string", "default": ""}', 'The unquoted text that means null, or auto.'),
  ('import_csv', 'X-Encoding', false, '{"enum": ["auto", "UTF8", "UTF16LE", "UTF16BE", "LATIN1", "WIN1252"], "default": "UTF8"}', 'How the bytes of the file are to be read; a byte order mark always decides.'),
  ('import_csv', 'X-Date-Format', false, '{"type": "string", "examples": ["DD/MM/YYYY HH24:MI"]}', 'How dates and times are written that are not in ISO form, in the words of to_timestamp.'),
  ('import_csv', 'X-On-Conflict', false, '{"enum": ["reject", "skip", "update"], "default": "reject"}', 'What becomes of a row whose key is taken.'),
  ('import_csv', 'X-Reject-Limit', false, '{"type": "integer", "minimum": 0}', 'More rejects than this, and nothing is loaded.'),
  ('import_csv', 'X-Reject-Percent', false, '{"type": "number", "minimum": 0, "maximum": 100}', 'A larger share of rejects than this, and nothing is loaded.'),
  ('import_csv', 'X-Repair', false, '{"enum": ["none", "salvage"], "default": "none"}', 'Whether records with faults of structure are mended where that is possible.');

INSERT INTO rest.schemas (name, schema) VALUES
  ('BatchAnswer', $json${"type": "object", "properties": {
    "load": {"type": ["integer", "null"]}, "table": {"type": "string"}, "mode": {"type": "string"},
    "dry_run": {"type": "boolean"}, "received": {"type": "integer"}, "inserted": {"type": "integer"},
    "rejected": {"type": "integer"}, "keys": {"type": "array", "description": "Primary keys, in the order of the rows", "items": {}},
    "errors": {"type": "array", "items": {"$ref": "#/components/schemas/RowError"}}}}$json$),
  ('BatchesAnswer', $json${"type": "object", "properties": {
    "mode": {"type": "string"}, "dry_run": {"type": "boolean"}, "received": {"type": "integer"},
    "inserted": {"type": "integer"}, "rejected": {"type": "integer"},
    "tables": {"type": "object", "description": "By the names of the request", "additionalProperties": {"type": "object", "properties": {
      "load": {"type": "integer"}, "table": {"type": "string"}, "received": {"type": "integer"},
      "inserted": {"type": "integer"}, "rejected": {"type": "integer"}, "keys": {"type": "array", "items": {}}}}},
    "errors": {"type": "array", "items": {"$ref": "#/components/schemas/RowError"}}}}$json$),
  ('LoadAnswer', $json${"type": "object", "properties": {
    "load": {"type": ["integer", "null"]}, "table": {"type": "string"}, "mode": {"type": "string"},
    "dry_run": {"type": "boolean"}, "status": {"type": "string"}, "received": {"type": "integer"},
    "inserted": {"type": "integer"}, "rejected": {"type": "integer"}, "repaired": {"type": "integer"},
    "skipped": {"type": "integer"}, "updated": {"type": "integer"},
    "bytes": {"type": ["integer", "null"]}, "seconds": {"type": ["number", "null"]},
    "errors": {"type": "array", "description": "The first hundred", "items": {"type": "object", "properties": {
      "record": {"type": "integer"}, "line": {"type": ["integer", "null"]}, "ordinal": {"type": "integer"},
      "column": {"type": ["string", "null"]}, "code": {"type": "string"}, "sqlstate": {"type": "string"},
      "constraint": {"type": ["string", "null"]}, "value": {"type": ["string", "null"]},
      "message": {"type": "string"}, "hint": {"type": ["string", "null"]}}}}}}$json$);
