-- The OpenAPI 3.1 document. Paths, arguments and columns come from the catalogs, the rest from what each file of
-- routes adds to rest.routes, rest.route_headers and rest.schemas.

CREATE FUNCTION rest.status_text(status integer) RETURNS text LANGUAGE sql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE status
    WHEN 200 THEN 'Done; for a dry run, what would be done.'
    WHEN 201 THEN 'Everything was written.'
    WHEN 204 THEN 'Done, and there is nothing to say.'
    WHEN 207 THEN 'Some rows were written, the others are in errors and in the reject log.'
    WHEN 400 THEN 'The request cannot be understood.'
    WHEN 401 THEN 'No token, or one that is not valid.'
    WHEN 403 THEN 'The role may not do this.'
    WHEN 404 THEN 'There is no such thing, or the role may not see it.'
    WHEN 409 THEN 'It contradicts rows that are there, or another request was in the way.'
    WHEN 413 THEN 'Too much at once.'
    WHEN 422 THEN 'No row is valid. Nothing was written; the reject log says why.'
    WHEN 429 THEN 'Too many attempts; Retry-After says when to come back.'
    WHEN 503 THEN 'The database is busy; try again after Retry-After seconds.'
    WHEN 504 THEN 'The request took longer than it may.'
  END
$$;
COMMENT ON FUNCTION rest.status_text IS 'What a status means here.';

-- ---------------------------------------------------------------------------------------------------------------
-- What the catalogs know
-- ---------------------------------------------------------------------------------------------------------------

-- A row as a client sends it: what the table demands is required, unless it has a default.
CREATE FUNCTION rest.row_schema(of_table regclass) RETURNS jsonb LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
  SELECT jsonb_build_object(
    'type', 'object', 'additionalProperties', false,
    'properties', jsonb_object_agg(a.attname,
        CASE WHEN a.attnotnull OR s.schema -> 'type' IS NULL THEN s.schema
             ELSE s.schema || jsonb_build_object('type', jsonb_build_array(s.schema -> 'type', 'null')) END
        || CASE WHEN d.description IS NULL THEN '{}' ELSE jsonb_build_object('description', d.description) END),
    'required', coalesce(jsonb_agg(a.attname ORDER BY a.attnum)
        FILTER (WHERE a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''), '[]'))
    FROM pg_attribute a
   CROSS JOIN LATERAL rest.type_schema(a.atttypid, a.atttypmod) AS s(schema)
   CROSS JOIN LATERAL col_description(a.attrelid, a.attnum) AS d(description)
   WHERE a.attrelid = of_table AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
$$;
COMMENT ON FUNCTION rest.row_schema IS 'The JSON schema of a row to insert.';

CREATE FUNCTION rest.summary(comment text) RETURNS jsonb LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
  SELECT jsonb_build_object('summary', split_part(coalesce(comment, ''), E'\n\n', 1),
                            'description', split_part(coalesce(comment, ''), E'\n\n', 2))
$$;
COMMENT ON FUNCTION rest.summary IS 'The two halves of a comment, as OpenAPI names them.';

CREATE FUNCTION rest.error_answers(statuses integer[]) RETURNS jsonb LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(jsonb_object_agg(s::text, jsonb_build_object(
           'description', rest.status_text(s),
           'content', '{"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}'::jsonb)), '{}')
    FROM unnest(statuses) s WHERE s >= 400
$$;
COMMENT ON FUNCTION rest.error_answers IS 'The responses of an operation that are errors.';

CREATE FUNCTION rest.good_answers(statuses integer[], schema jsonb, as_csv boolean) RETURNS jsonb LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
  SELECT jsonb_object_agg(s::text, jsonb_build_object(
           'description', rest.status_text(s))
         || CASE WHEN s = 204 THEN '{}' ELSE jsonb_build_object(
              'content', jsonb_build_object('application/json', jsonb_build_object('schema', schema))
                         || CASE WHEN as_csv THEN '{"text/csv": {"schema": {"type": "string"}}}' ELSE '{}' END::jsonb) END)
    FROM unnest(statuses) s WHERE s < 400
$$;
COMMENT ON FUNCTION rest.good_answers IS 'The responses of an operation that are not errors.';

CREATE FUNCTION rest.security(anonymous boolean) RETURNS jsonb LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$ SELECT CASE WHEN anonymous THEN '[]' ELSE '[{"bearer": []}]' END::jsonb $$;
COMMENT ON FUNCTION rest.security IS 'The security requirement of an operation.';

CREATE FUNCTION rest.function_paths() RETURNS jsonb LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
  WITH routes AS (
    SELECT p.*, r.tag, r.statuses, r.answer, p.provolatile <> 'v' AS reads,
           p.pronargs = 1 AND p.proargtypes[0] = 'bytea'::regtype AS takes_bytes,
           rest.summary(obj_description(p.oid, 'pg_proc')) AS about
      FROM pg_proc p JOIN rest.routes r ON r.route = p.proname
     WHERE p.pronamespace = 'api'::regnamespace
  ), arguments AS (
    SELECT p.oid, a.name, a.position, a.position <= p.pronargs - p.pronargdefaults AS required,
           CASE WHEN p.proname IN ('insert_batch') AND a.name = 'rows'
                THEN '{"type": "array", "minItems": 1, "maxItems": 1000, "items": {"$ref": "#/components/schemas/AnyRow"}}'
                WHEN p.proname = 'insert_batches' AND a.name = 'tables'
                THEN '{"type": "object", "minProperties": 1, "description": "For each table an array of rows, 1000 in all", "additionalProperties": {"type": "array", "items": {"$ref": "#/components/schemas/AnyRow"}}}'
                WHEN p.proname LIKE 'insert_batch%' AND a.name = 'mode' THEN '{"enum": ["partial", "atomic"], "default": "partial"}'
                WHEN a.name = 'unknown' THEN '{"enum": ["reject", "ignore"], "default": "reject"}'
                ELSE rest.type_schema(a.type) END AS schema
      FROM routes p
     CROSS JOIN LATERAL unnest(p.proargnames, p.proargtypes::oid[]) WITH ORDINALITY AS a(name, type, position)
     WHERE a.type IS NOT NULL AND NOT p.takes_bytes
  ), bodies AS (
    SELECT oid,
           jsonb_build_object('type', 'object', 'additionalProperties', false,
             'properties', jsonb_object_agg(name, schema),
             'required', coalesce(jsonb_agg(name ORDER BY position) FILTER (WHERE required), '[]')) AS body,
           jsonb_agg(jsonb_build_object('name', name, 'in', 'query', 'required', required, 'schema', schema)
                     ORDER BY position) AS query
      FROM arguments GROUP BY oid
  ), columns AS (
    SELECT p.oid, jsonb_build_object('type', 'array', 'items', jsonb_build_object('type', 'object',
                    'properties', jsonb_object_agg(c.name, rest.type_schema(c.type)))) AS rows
      FROM routes p
     CROSS JOIN LATERAL unnest(p.proargnames, p.proallargtypes, p.proargmodes) AS c(name, type, mode)
     WHERE c.mode = 't' GROUP BY p.oid
  ), headers AS (
    SELECT route, jsonb_agg(jsonb_build_object('name', header, 'in', 'header', 'required', required,
                                               'schema', schema, 'description', description)) AS headers
      FROM rest.route_headers GROUP BY route
  )
  SELECT jsonb_object_agg('/rpc/' || p.proname, jsonb_build_object(
    CASE WHEN p.reads THEN 'get' ELSE 'post' END,
    p.about
    || jsonb_build_object(
         'operationId', p.proname, 'tags', jsonb_build_array(p.tag),
         'security', rest.security(has_function_privilege('web_anon', p.oid, 'EXECUTE')),
         'responses', CASE WHEN p.answer LIKE '%/%'
                        THEN jsonb_build_object('200', jsonb_build_object('description', rest.status_text(200),
                               'content', jsonb_build_object(p.answer, '{"schema": {"type": "string"}}'::jsonb)))
                        ELSE rest.good_answers(p.statuses,
                        coalesce(c.rows, jsonb_build_object('$ref', '#/components/schemas/' || p.answer)), p.proretset) END
                      || rest.error_answers(p.statuses))
    || CASE
         WHEN p.takes_bytes THEN jsonb_build_object('parameters', h.headers, 'requestBody',
           '{"required": true, "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}'::jsonb)
         WHEN p.reads THEN jsonb_build_object('parameters', coalesce(b.query, '[]'))
         ELSE jsonb_build_object('requestBody', jsonb_build_object('required', true, 'content',
                jsonb_build_object('application/json', jsonb_build_object('schema', b.body))))
              || CASE WHEN h.headers IS NULL THEN '{}' ELSE jsonb_build_object('parameters', h.headers) END
       END))
    FROM routes p
    LEFT JOIN bodies b USING (oid)
    LEFT JOIN columns c USING (oid)
    LEFT JOIN headers h ON h.route = p.proname
$$;
COMMENT ON FUNCTION rest.function_paths IS 'The paths under /rpc.';

CREATE FUNCTION rest.view_paths() RETURNS jsonb LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
  WITH views AS (
    SELECT v.oid, v.relname, rest.summary(obj_description(v.oid, 'pg_class')) AS about,
           has_table_privilege('app_writer', v.oid, 'INSERT') AS takes_rows,
           CASE WHEN v.relname IN ('loads', 'rejects') THEN 'log' ELSE 'rows' END AS tag
      FROM pg_class v WHERE v.relnamespace = 'api'::regnamespace AND v.relkind = 'v'
  ), columns AS (
    SELECT v.oid,
           jsonb_build_object('type', 'array', 'items', jsonb_build_object('type', 'object',
             'properties', jsonb_object_agg(a.attname, rest.type_schema(a.atttypid, a.atttypmod)))) AS rows,
           jsonb_agg(jsonb_build_object('name', a.attname, 'in', 'query', 'required', false,
             'schema', '{"type": "string"}'::jsonb, 'description', 'A filter on ' || a.attname || ', for example eq.1')
             ORDER BY a.attnum) AS filters
      FROM views v JOIN pg_attribute a ON a.attrelid = v.oid AND a.attnum > 0 GROUP BY v.oid
  )
  SELECT jsonb_object_agg('/' || v.relname,
    jsonb_build_object('get', v.about || jsonb_build_object(
      'operationId', 'list_' || v.relname, 'tags', jsonb_build_array(v.tag), 'security', rest.security(false),
      'parameters', '[{"$ref": "#/components/parameters/select"}, {"$ref": "#/components/parameters/order"},
                      {"$ref": "#/components/parameters/limit"}, {"$ref": "#/components/parameters/offset"}]'::jsonb
                    || c.filters,
      'responses', rest.good_answers('{200}', c.rows, true) || rest.error_answers('{400,401,403}')))
    || CASE WHEN v.takes_rows THEN jsonb_build_object('post', jsonb_build_object(
      'operationId', 'add_' || v.relname, 'tags', jsonb_build_array(v.tag), 'security', rest.security(false),
      'summary', 'Add one row', 'description', 'For many rows, and for rows that may be bad, use insert_batch.',
      'requestBody', jsonb_build_object('required', true, 'content', jsonb_build_object('application/json',
        jsonb_build_object('schema', jsonb_build_object('$ref', '#/components/schemas/' || v.relname)))),
      'responses', '{"201": {"description": "The row was written; Location names it."}}'::jsonb
                   || rest.error_answers('{400,401,403,409}')))
      ELSE '{}' END)
    FROM views v JOIN columns c USING (oid)
$$;
COMMENT ON FUNCTION rest.view_paths IS 'The paths of the views.';

CREATE FUNCTION rest.all_schemas() RETURNS jsonb LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
  WITH tables AS (
    SELECT t.relname, rest.row_schema(t.oid) AS schema
      FROM pg_class t JOIN pg_class v ON v.relname = t.relname AND v.relnamespace = 'api'::regnamespace
     WHERE t.relnamespace = 'public'::regnamespace AND t.relkind IN ('r', 'p')
  )
  SELECT jsonb_object_agg(relname, schema)
    || jsonb_build_object('AnyRow', jsonb_build_object(
         'description', 'A row of the table named; the known tables are listed, others are possible.',
         'anyOf', jsonb_agg(jsonb_build_object('$ref', '#/components/schemas/' || relname) ORDER BY relname)
                  || '{"type": "object"}'::jsonb))
    || (SELECT jsonb_object_agg(s.name, s.schema) FROM rest.schemas s)
    FROM tables
$$;
COMMENT ON FUNCTION rest.all_schemas IS 'The schemas that the paths refer to.';

CREATE FUNCTION rest.openapi() RETURNS json LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
  SELECT json_build_object(
    'openapi', '3.1.0',
    'info', json_build_object(
      'title', split_part(obj_description('api'::regnamespace, 'pg_namespace'), E'\n\n', 1),
      'description', split_part(obj_description('api'::regnamespace, 'pg_namespace'), E'\n\n', 2),
      'version', (SELECT coalesce(max(extversion), '0') FROM pg_extension WHERE extname = 'pg_ferry'),
      'license', '{"name": "PostgreSQL", "identifier": "PostgreSQL"}'::json),
    'servers', '[{"url": "/"}]'::json,
    'tags', '[{"name": "session", "description": "Coming in"}, {"name": "rows", "description": "Rows in, one or many"},
              {"name": "log", "description": "What was loaded and what was refused"},
              {"name": "metrics", "description": "The numbers"},
              {"name": "quality", "description": "How good the data is that came in"},
              {"name": "backups", "description": "Avro files on the server"}]'::json,
    'paths', rest.function_paths() || rest.view_paths(),
    'components', json_build_object(
      'securitySchemes', '{"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                           "description": "The access_token of login"}}'::json,
      'parameters', '{"select": {"name": "select", "in": "query", "schema": {"type": "string"}, "description": "Columns, between commas"},
                      "order": {"name": "order", "in": "query", "schema": {"type": "string"}, "description": "For example load_id.desc"},
                      "limit": {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 0}, "description": "At most this many rows"},
                      "offset": {"name": "offset", "in": "query", "schema": {"type": "integer", "minimum": 0}, "description": "After this many rows"}}'::json,
      'schemas', rest.all_schemas()))
$$;
COMMENT ON FUNCTION rest.openapi IS 'The OpenAPI document of this deployment.';
