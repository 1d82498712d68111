-- What the routes share: schema api is what PostgREST exposes, schema rest holds what stands behind it. Both are
-- rebuilt by every deployment; whatever else is put into them is gone afterwards.

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
  SELECT set_config('response.headers', coalesce(jsonb_agg(h.header)::text, '[]'), true)
    FROM (SELECT e.header
            FROM jsonb_array_elements(coalesce(nullif(current_setting('response.headers', true), ''), '[]')::jsonb) AS e(header)
           WHERE NOT e.header ?| ARRAY(SELECT json_object_keys(headers))
           UNION ALL
          SELECT jsonb_build_object(key, value) FROM json_each_text(headers)) AS h(header)
$$;
COMMENT ON FUNCTION rest.add_headers IS 'Adds headers to those the response has already, or puts them in place of those of the same name.';

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

-- Options of the routes that take bytes: headers, or on the nice paths arguments of the query.

-- nginx hands the query on in a header, because PostgREST takes that of a POST for filters.
CREATE FUNCTION rest.query_arguments() RETURNS TABLE (name text, value text) LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
    SELECT rest.url_decoded(split_part(p, '=', 1)), nullif(rest.url_decoded(substr(p, strpos(p || '=', '=') + 1)), '')
      FROM string_to_table(rest.header('X-Query'), '&') p WHERE p <> '';
EXCEPTION WHEN character_not_in_repertoire OR untranslatable_character THEN
  PERFORM rest.fail(400, '22021', 'the query is not in UTF-8');
END
$$;
COMMENT ON FUNCTION rest.query_arguments IS 'The arguments of a nice path.';

CREATE FUNCTION rest.url_decoded(text text) RETURNS text LANGUAGE sql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(convert_from(string_agg(coalesce(decode(m[1], 'hex'), convert_to(m[2], 'UTF8')), ''), 'UTF8'), '')
    FROM regexp_matches(replace(text, '+', ' '), '%([0-9a-fA-F]{2})|([^%]+|%)', 'g') m
$$;
COMMENT ON FUNCTION rest.url_decoded IS 'Text of a URL without its escapes.';

-- One argument that is passed over because its name is misspelt may change what becomes of every row.
CREATE FUNCTION rest.require_known_arguments(VARIADIC known text[]) RETURNS void LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  unknown CONSTANT text := (SELECT a.name FROM rest.query_arguments() a WHERE a.name <> ALL (known) ORDER BY 1 LIMIT 1);
BEGIN
  IF unknown IS NOT NULL THEN
    PERFORM rest.fail(400, '22023', format('there is no argument "%s"', left(unknown, 63)), NULL,
                      format('Arguments are %s.', array_to_string(known, ', ')));
  END IF;
END
$$;
COMMENT ON FUNCTION rest.require_known_arguments IS '400 for a nice path with another argument than these.';

CREATE FUNCTION rest.option(name text) RETURNS text LANGUAGE sql STABLE STRICT
SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(rest.header('X-' || replace(name, '_', '-')),
                  CASE WHEN rest.header('X-Query') IS NOT NULL THEN (SELECT a.value FROM rest.query_arguments() a WHERE a.name = option.name LIMIT 1) END)
$$;
COMMENT ON FUNCTION rest.option IS 'The header X-Name, or the argument name of a nice path; absent and empty are the same.';

CREATE FUNCTION rest.boolean_option(name text) RETURNS boolean LANGUAGE plpgsql STABLE STRICT
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  value CONSTANT text := rest.option(name);
BEGIN
  IF lower(value) NOT IN ('true', 'false') THEN
    PERFORM rest.fail(400, '22023', format('option "%s" is neither true nor false', name));
  END IF;
  RETURN value::boolean;
END
$$;
COMMENT ON FUNCTION rest.boolean_option IS 'An option that says true or false.';

CREATE FUNCTION rest.number_option(name text, whole boolean DEFAULT false) RETURNS numeric LANGUAGE plpgsql STABLE STRICT
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  value CONSTANT text := rest.option(name);
BEGIN
  IF value !~ (CASE WHEN whole THEN '^[0-9]{1,18}$' ELSE '^[0-9]{1,18}(\.[0-9]{1,18})?$' END) THEN
    PERFORM rest.fail(400, '22023', format('option "%s" is not a %s', name, CASE WHEN whole THEN 'whole number' ELSE 'number' END));
  END IF;
  RETURN value::numeric;
END
$$;
COMMENT ON FUNCTION rest.number_option IS 'An option that is a number, not less than zero.';

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

-- ---------------------------------------------------------------------------------------------------------------
-- What the OpenAPI document says of a route beyond what the catalogs know. Each file of routes adds its own.
-- ---------------------------------------------------------------------------------------------------------------

CREATE TABLE rest.routes (
  route    text PRIMARY KEY,
  tag      text NOT NULL,
  answer   text,
  statuses integer[] NOT NULL
);
COMMENT ON TABLE rest.routes IS 'The routes that are functions; answer names a schema or a media type, null stands for the columns of the function.';

CREATE TABLE rest.route_headers (
  route       text NOT NULL,
  header      text NOT NULL,
  required    boolean NOT NULL,
  schema      jsonb NOT NULL,
  description text NOT NULL,
  PRIMARY KEY (route, header)
);
COMMENT ON TABLE rest.route_headers IS 'Headers that are options of a route.';

CREATE TABLE rest.schemas (
  name   text PRIMARY KEY,
  schema json NOT NULL  -- not jsonb, so that keys keep their order
);
COMMENT ON TABLE rest.schemas IS 'JSON schemas of answers.';

CREATE FUNCTION rest.type_schema(type oid, typmod integer DEFAULT -1) RETURNS jsonb LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE
    WHEN t.typtype = 'd' THEN rest.type_schema(t.typbasetype, t.typtypmod)
    WHEN t.typcategory = 'A' THEN jsonb_build_object('type', 'array', 'items', rest.type_schema(t.typelem, typmod))
    WHEN t.typtype = 'e' THEN (SELECT jsonb_build_object('type', 'string', 'enum', jsonb_agg(e.enumlabel ORDER BY e.enumsortorder))
                                 FROM pg_enum e WHERE e.enumtypid = t.oid)
    WHEN t.typtype = 'c' THEN (SELECT jsonb_build_object('type', 'object', 'properties',
                                        coalesce(jsonb_object_agg(a.attname, rest.type_schema(a.atttypid, a.atttypmod)), '{}'))
                                 FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped)
    WHEN t.typtype IN ('r', 'm') THEN jsonb_build_object('type', 'string', 'description', 'As PostgreSQL writes a ' || t.typname)
    WHEN t.typname IN ('int2', 'int4') THEN '{"type": "integer", "format": "int32"}'
    WHEN t.typname = 'int8' THEN '{"type": "integer", "format": "int64"}'
    WHEN t.typname IN ('float4', 'float8', 'numeric') THEN '{"type": "number"}'
    WHEN t.typname = 'bool' THEN '{"type": "boolean"}'
    WHEN t.typname IN ('timestamptz', 'timestamp') THEN '{"type": "string", "format": "date-time"}'
    WHEN t.typname IN ('date', 'uuid') THEN jsonb_build_object('type', 'string', 'format', t.typname)
    WHEN t.typname IN ('json', 'jsonb') THEN '{}'
    WHEN t.typname IN ('varchar', 'bpchar') AND typmod > 4
      THEN jsonb_build_object('type', 'string', 'maxLength', typmod - 4)
    ELSE '{"type": "string"}'
  END
  FROM pg_type t WHERE t.oid = type
$$;
COMMENT ON FUNCTION rest.type_schema IS 'The JSON schema of an SQL type.';

GRANT SELECT ON rest.routes, rest.route_headers, rest.schemas TO web_anon, app_reader;

INSERT INTO rest.schemas (name, schema) VALUES
  ('Error', $json${"type": "object", "required": ["code", "message", "details", "hint"], "properties": {
    "code": {"type": "string", "description": "An SQLSTATE, a code of PostgREST, or BATCH_INVALID"},
    "message": {"type": "string"},
    "details": {"description": "A sentence, or the errors of the rows", "anyOf": [
      {"type": ["string", "null"]}, {"type": "array", "items": {"$ref": "#/components/schemas/RowError"}}]},
    "hint": {"type": ["string", "null"]}}}$json$),
  ('RowError', $json${"type": "object", "properties": {
    "table": {"type": "string", "description": "In the answer for several tables: which one"},
    "index": {"type": "integer", "description": "Of a batch: position of the row, from 0"},
    "pointer": {"type": "string", "description": "Of a batch: JSON pointer to the fault"},
    "record": {"type": "integer", "description": "Of a file: number of the row, from 1"},
    "line": {"type": ["integer", "null"], "description": "Of a file: the line it starts on"},
    "ordinal": {"type": "integer", "description": "Of a file: number of the error of its row, from 1"},
    "column": {"type": ["string", "null"]},
    "code": {"type": "string", "enum": ["structure", "encoding", "type", "not_null", "check", "unique",
             "foreign_key", "exclusion", "domain", "trigger", "privilege"]},
    "sqlstate": {"type": "string"}, "constraint": {"type": ["string", "null"]},
    "value": {"type": ["string", "null"]}, "message": {"type": "string"}, "hint": {"type": ["string", "null"]}}}$json$);
