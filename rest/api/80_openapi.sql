-- The OpenAPI 3.1 document. Paths, arguments and columns come from the catalogs, the rest from what each file of
-- routes adds to rest.routes, rest.route_headers and rest.schemas, and from 75_examples.sql.

CREATE FUNCTION rest.status_text(status integer) RETURNS text LANGUAGE sql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE status
    WHEN 200 THEN 'The answer; for a dry run, what would be done.'
    WHEN 201 THEN 'Everything was written.'
    WHEN 204 THEN 'Done, and there is nothing to say.'
    WHEN 207 THEN 'Some rows were written, the others are in errors and in the reject log.'
    WHEN 304 THEN 'What the client has is current.'
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

CREATE FUNCTION rest.nullable(schema jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
  SELECT schema
    || CASE WHEN jsonb_typeof(schema -> 'type') = 'string'
         THEN jsonb_build_object('type', jsonb_build_array(schema -> 'type', 'null')) ELSE '{}' END
    || CASE WHEN schema ? 'enum' THEN jsonb_build_object('enum', schema -> 'enum' || 'null') ELSE '{}' END
$$;
COMMENT ON FUNCTION rest.nullable IS 'A schema that takes null as well.';

CREATE FUNCTION rest.summary(comment text) RETURNS json LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
  SELECT json_build_object('summary', split_part(coalesce(comment, ''), E'\n\n', 1),
                            'description', split_part(coalesce(comment, ''), E'\n\n', 2))
$$;
COMMENT ON FUNCTION rest.summary IS 'The two halves of a comment, as OpenAPI names them.';

CREATE FUNCTION rest.literal(expression text) RETURNS jsonb LANGUAGE sql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE
    WHEN expression IN ('true', 'false') OR expression ~ '^-?[0-9]+(\.[0-9]+)?$' THEN expression::jsonb
    WHEN expression ~ '^''([^'']|'''')*''::text$'
      THEN to_jsonb(replace(substr(expression, 2, length(expression) - 8), '''''', ''''))
  END
$$;
COMMENT ON FUNCTION rest.literal IS 'The value of a default that is a plain literal, as the catalogs write it; else null.';

-- ---------------------------------------------------------------------------------------------------------------
-- JSON put together. All of it is json, not jsonb, so that people find keys in the order of arguments and columns.
-- ---------------------------------------------------------------------------------------------------------------

CREATE FUNCTION rest.merge(VARIADIC objects json[]) RETURNS json LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(json_object_agg(e.key, e.value ORDER BY o.n, e.n), '{}')
    FROM unnest(objects) WITH ORDINALITY AS o(object, n), json_each(o.object) WITH ORDINALITY AS e(key, value, n)
$$;
COMMENT ON FUNCTION rest.merge IS 'One object with the keys of all; null counts as none.';

CREATE FUNCTION rest.append(VARIADIC arrays json[]) RETURNS json LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(json_agg(e.value ORDER BY a.n, e.n), '[]')
    FROM unnest(arrays) WITH ORDINALITY AS a(items, n), json_array_elements(a.items) WITH ORDINALITY AS e(value, n)
$$;
COMMENT ON FUNCTION rest.append IS 'One array with the elements of all; null counts as none.';

-- ---------------------------------------------------------------------------------------------------------------
-- Requests
-- ---------------------------------------------------------------------------------------------------------------

CREATE FUNCTION rest.body(operation text, media text, schema json) RETURNS json LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
  SELECT json_build_object('required', true, 'content', json_build_object(media, rest.merge(
           json_build_object('schema', schema),
           (SELECT json_build_object('examples', json_object_agg(e.name,
                     json_build_object('summary', e.summary, 'value', e.request) ORDER BY e.status, e.name))
              FROM rest.examples e WHERE e.operation = body.operation AND e.request IS NOT NULL HAVING count(*) > 0))))
$$;
COMMENT ON FUNCTION rest.body IS 'The request body of an operation with its examples.';

CREATE FUNCTION rest.parameter(operation text, place text, name text, required boolean, schema json, description text)
RETURNS json LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
  SELECT rest.merge(
           json_build_object('name', name, 'in', place, 'required', required, 'schema', schema),
           CASE WHEN description IS NOT NULL THEN json_build_object('description', description) END,
           (SELECT json_build_object('examples', json_object_agg(e.name,
                     json_build_object('summary', e.summary, 'value', e.parameters -> parameter.name) ORDER BY e.status, e.name))
              FROM rest.examples e
             WHERE e.operation = parameter.operation AND e.parameters ? parameter.name HAVING count(*) > 0))
$$;
COMMENT ON FUNCTION rest.parameter IS 'A parameter of an operation with its examples.';

CREATE FUNCTION rest.paging() RETURNS json LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
  SELECT '[{"$ref": "#/components/parameters/select"}, {"$ref": "#/components/parameters/order"},
           {"$ref": "#/components/parameters/limit"}, {"$ref": "#/components/parameters/offset"}]'::json
$$;
COMMENT ON FUNCTION rest.paging IS 'The parameters that every list takes.';

CREATE FUNCTION rest.security(anonymous boolean) RETURNS json LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$ SELECT CASE WHEN anonymous THEN '[]' ELSE '[{"bearer": []}]' END::json $$;
COMMENT ON FUNCTION rest.security IS 'The security requirement of an operation.';

-- ---------------------------------------------------------------------------------------------------------------
-- Answers
-- ---------------------------------------------------------------------------------------------------------------

CREATE FUNCTION rest.response(operation text, status integer, media text[], schema json) RETURNS json LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
  SELECT rest.merge(
    json_build_object('description', rest.status_text(status)),
    (SELECT json_build_object('headers',
              json_object_agg(h.header, json_build_object('description', h.description, 'schema', h.schema) ORDER BY h.header))
       FROM rest.answer_headers h
      WHERE h.status = response.status AND h.operation IN (response.operation, '*') HAVING count(*) > 0),
    (SELECT json_build_object('content', json_object_agg(m, rest.merge(
              json_build_object('schema', CASE m
                WHEN 'application/json' THEN schema
                WHEN 'application/octet-stream' THEN '{"type": "string", "format": "binary"}'
                ELSE '{"type": "string"}' END),
              (SELECT json_build_object('examples',
                        json_object_agg(e.name, json_build_object('summary', e.summary, 'value', e.answer) ORDER BY e.name))
                 FROM rest.examples e
                WHERE e.operation = response.operation AND e.status = response.status AND e.media = m
                  AND e.answer IS NOT NULL HAVING count(*) > 0)) ORDER BY n))
       FROM unnest(media) WITH ORDINALITY AS u(m, n) WHERE status NOT IN (204, 304) HAVING count(*) > 0))
$$;
COMMENT ON FUNCTION rest.response IS 'A response of an operation, with its headers and examples.';

CREATE FUNCTION rest.error_responses() RETURNS json LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
  SELECT json_object_agg('Error' || s, rest.response('*', s, '{application/json}', '{"$ref": "#/components/schemas/Error"}'))
    FROM unnest('{400,401,403,404,409,413,422,429,503,504}'::integer[]) s
$$;
COMMENT ON FUNCTION rest.error_responses IS 'The errors that operations have in common, described once.';

-- Whoever needs a token may lack it or the right, and the database may be busy for anyone. Where no row is valid, the
-- error carries what the answer would have: counts and the errors of the rows.
CREATE FUNCTION rest.responses(operation text, statuses integer[], media text[], schema json, anonymous boolean)
RETURNS json LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
  SELECT json_object_agg(s::text, CASE
           WHEN s < 400 THEN rest.response(operation, s, media, schema)
           WHEN s = 422 AND schema ->> '$ref' LIKE '%Answer'
             THEN rest.response(operation, s, '{application/json}', json_build_object('anyOf', json_build_array(
                    json_build_object('allOf', json_build_array(e.error, schema)), e.error)))
           WHEN EXISTS (SELECT FROM rest.examples x WHERE x.operation = responses.operation AND x.status = s)
             THEN rest.response(operation, s, '{application/json}', e.error)
           ELSE json_build_object('$ref', '#/components/responses/Error' || s) END ORDER BY s)
    FROM (SELECT unnest(statuses)
           UNION SELECT unnest(CASE WHEN anonymous THEN '{503}' ELSE '{401,403,503}' END::integer[])) t(s),
         (SELECT '{"$ref": "#/components/schemas/Error"}'::json) e(error)
$$;
COMMENT ON FUNCTION rest.responses IS 'All responses of an operation, by status.';

-- ---------------------------------------------------------------------------------------------------------------
-- Paths
-- ---------------------------------------------------------------------------------------------------------------

CREATE FUNCTION rest.function_paths() RETURNS json LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
  WITH routes AS (
    SELECT p.*, r.tag, r.statuses, r.answer, p.provolatile <> 'v' AS reads,
           p.pronargs = 1 AND p.proargtypes[0] = 'bytea'::regtype AS takes_bytes,
           has_function_privilege('web_anon', p.oid, 'EXECUTE') AS anonymous,
           rest.summary(obj_description(p.oid, 'pg_proc')) AS about
      FROM pg_proc p JOIN rest.routes r ON r.route = p.proname
     WHERE p.pronamespace = 'api'::regnamespace
  ), arguments AS (
    SELECT p.oid, p.proname, a.name, a.position, a.position <= p.pronargs - p.pronargdefaults AS required, o.description,
           rest.type_schema(a.type)
           || jsonb_strip_nulls(jsonb_build_object('default', rest.literal(pg_get_function_arg_default(p.oid, a.position::integer))))
           || coalesce(o.schema, '{}') AS schema
      FROM routes p
     CROSS JOIN LATERAL unnest(p.proargnames, p.proargtypes::oid[]) WITH ORDINALITY AS a(name, type, position)
      LEFT JOIN LATERAL (SELECT o.schema, o.description FROM rest.options o
                          WHERE o.argument = a.name AND o.operation IN (p.proname, '*')
                          ORDER BY o.operation = '*' LIMIT 1) o ON true
     WHERE a.type IS NOT NULL AND NOT p.takes_bytes
  ), bodies AS (
    SELECT oid,
           json_build_object('type', 'object', 'additionalProperties', false,
             'required', coalesce(json_agg(name ORDER BY position) FILTER (WHERE required), '[]'),
             'properties', json_object_agg(name, schema || jsonb_strip_nulls(jsonb_build_object('description', description))
                                           ORDER BY position)) AS body,
           json_agg(rest.parameter(proname, 'query', name, required, schema::json, description) ORDER BY position) AS query
      FROM arguments GROUP BY oid
  ), columns AS (
    SELECT oid, json_build_object('type', 'array', 'items', json_build_object('type', 'object', 'additionalProperties', false,
                  'properties', json_object_agg(name, rest.nullable(rest.type_schema(type, typmod)) ORDER BY n))) AS rows
      FROM (SELECT p.oid, c.name, c.type, -1, c.n
              FROM routes p
             CROSS JOIN LATERAL unnest(p.proargnames, p.proallargtypes, p.proargmodes) WITH ORDINALITY AS c(name, type, mode, n)
             WHERE c.mode = 't'
             UNION ALL
            SELECT p.oid, a.attname, a.atttypid, a.atttypmod, a.attnum
              FROM routes p JOIN pg_type t ON t.oid = p.prorettype AND t.typrelid <> 0
              JOIN pg_attribute a ON a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
             WHERE p.proretset) AS c(oid, name, type, typmod, n)
     GROUP BY oid
  ), headers AS (
    SELECT route, json_agg(rest.parameter(route, 'header', header, required, schema::json, description)
                           ORDER BY NOT required, header) AS headers
      FROM rest.route_headers GROUP BY route
  )
  SELECT json_object_agg(CASE p.proname WHEN 'root' THEN '/' ELSE '/rpc/' || p.proname END, json_build_object(
    CASE WHEN p.reads THEN 'get' ELSE 'post' END, rest.merge(
      p.about,
      json_build_object(
        'operationId', p.proname, 'tags', json_build_array(p.tag), 'security', rest.security(p.anonymous),
        'parameters', rest.append(h.headers, CASE WHEN p.reads THEN b.query END, CASE WHEN p.reads AND p.proretset THEN rest.paging() END)),
      CASE WHEN NOT p.reads THEN json_build_object('requestBody', CASE WHEN p.takes_bytes
        THEN rest.body(p.proname, 'application/octet-stream', '{"type": "string", "format": "binary"}')
        ELSE rest.body(p.proname, 'application/json', coalesce(b.body, '{"type": "object"}')) END) END,
      json_build_object('responses', rest.responses(
        p.proname,
        p.statuses || CASE WHEN b.oid IS NULL THEN '{}' ELSE '{400,404}' END::integer[],
        CASE WHEN p.answer LIKE '%/%' THEN string_to_array(p.answer, ', ')
             WHEN p.proretset THEN '{application/json,text/csv}'
             ELSE '{application/json}' END,
        coalesce(c.rows, json_strip_nulls(json_build_object('$ref', '#/components/schemas/' ||
                           CASE WHEN p.answer LIKE '%/%' THEN 'OpenAPI' ELSE p.answer END))),
        p.anonymous)))) ORDER BY p.proname)
    FROM routes p
    LEFT JOIN bodies b USING (oid)
    LEFT JOIN columns c USING (oid)
    LEFT JOIN headers h ON h.route = p.proname
$$;
COMMENT ON FUNCTION rest.function_paths IS 'The paths of the functions: GET for those that only read, POST for the others.';

CREATE FUNCTION rest.view_paths() RETURNS json LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
  WITH views AS (
    SELECT v.oid, v.relname, rest.summary(obj_description(v.oid, 'pg_class')) AS about,
           has_table_privilege('app_writer', v.oid, 'INSERT') AS takes_rows,
           CASE WHEN v.relname IN ('loads', 'rejects') THEN 'log' ELSE 'rows' END AS tag
      FROM pg_class v WHERE v.relnamespace = 'api'::regnamespace AND v.relkind = 'v'
  ), columns AS (
    SELECT v.oid,
           json_build_object('type', 'array', 'items', json_build_object('type', 'object', 'additionalProperties', false,
             'properties', json_object_agg(a.attname,
               CASE WHEN t.attnotnull THEN s.schema ELSE rest.nullable(s.schema) END ORDER BY a.attnum))) AS rows,
           json_agg(rest.parameter('list_' || v.relname, 'query', a.attname, false, '{"type": "string"}',
                                   'A filter on ' || a.attname || ', for example eq.1 or is.null') ORDER BY a.attnum) AS filters
      FROM views v
      JOIN pg_attribute a ON a.attrelid = v.oid AND a.attnum > 0
      LEFT JOIN pg_attribute t ON t.attrelid = to_regclass(format('public.%I', v.relname)) AND t.attname = a.attname
     CROSS JOIN LATERAL rest.type_schema(a.atttypid, a.atttypmod) AS s(schema)
     GROUP BY v.oid
  )
  SELECT json_object_agg('/' || v.relname, rest.merge(
    json_build_object('get', rest.merge(v.about, json_build_object(
      'operationId', 'list_' || v.relname, 'tags', json_build_array(v.tag), 'security', rest.security(false),
      'parameters', rest.append(c.filters, rest.paging()),
      'responses', rest.responses('list_' || v.relname, '{200,400}', '{application/json,text/csv}', c.rows, false)))),
    CASE WHEN v.takes_rows THEN json_build_object('post', json_build_object(
      'summary', 'Add one row', 'description', 'For many rows, and for rows that may be bad, use insert_batch.',
      'operationId', 'add_' || v.relname, 'tags', json_build_array(v.tag), 'security', rest.security(false),
      'parameters', json_build_array(rest.parameter('add_' || v.relname, 'header', 'Prefer', false,
        '{"enum": ["return=minimal", "return=representation"], "default": "return=minimal"}', 'Whether the answer shows the row.')),
      'requestBody', rest.body('add_' || v.relname, 'application/json', json_build_object('$ref', '#/components/schemas/' || v.relname)),
      'responses', rest.responses('add_' || v.relname, '{201,400,409}', '{application/json}', c.rows, false))) END)
    ORDER BY v.relname)
    FROM views v JOIN columns c USING (oid)
$$;
COMMENT ON FUNCTION rest.view_paths IS 'The paths of the views.';

CREATE FUNCTION rest.all_schemas() RETURNS json LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
  WITH tables AS (
    SELECT t.relname, ferry.json_schema(t.oid) AS schema
      FROM pg_class t JOIN pg_class v ON v.relname = t.relname AND v.relnamespace = 'api'::regnamespace
     WHERE t.relnamespace = 'public'::regnamespace AND t.relkind IN ('r', 'p')
  )
  SELECT rest.merge(
    json_object_agg(relname, schema ORDER BY relname),
    json_build_object('AnyRow', json_build_object(
      'description', 'A row of the table named; the known tables are listed, others are possible.',
      'anyOf', rest.append(json_agg(json_build_object('$ref', '#/components/schemas/' || relname) ORDER BY relname),
                           '[{"type": "object"}]'))),
    (SELECT json_object_agg(s.name, s.schema ORDER BY s.name) FROM rest.schemas s))
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
    'tags', '[{"name": "session", "description": "Coming in and going out"}, {"name": "rows", "description": "Rows in, one or many"},
              {"name": "log", "description": "What was loaded and what was refused"},
              {"name": "metrics", "description": "The numbers"},
              {"name": "quality", "description": "How good the data is that came in"},
              {"name": "backups", "description": "Avro files on the server"},
              {"name": "pages", "description": "For people: pages, and this document"}]'::json,
    'paths', rest.merge(rest.function_paths(), rest.view_paths()),
    'components', json_build_object(
      'securitySchemes', '{"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                           "description": "The access_token of login"}}'::json,
      'parameters', '{"select": {"name": "select", "in": "query", "schema": {"type": "string"}, "description": "Columns, between commas"},
                      "order": {"name": "order", "in": "query", "schema": {"type": "string"}, "description": "For example load_id.desc"},
                      "limit": {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 0}, "description": "At most this many rows"},
                      "offset": {"name": "offset", "in": "query", "schema": {"type": "integer", "minimum": 0}, "description": "After this many rows"}}'::json,
      'responses', rest.error_responses(),
      'schemas', rest.all_schemas()))
$$;
COMMENT ON FUNCTION rest.openapi IS 'The OpenAPI document of this deployment.';
