-- Coming in: routes that anyone may call.

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

-- Who may.
GRANT EXECUTE ON FUNCTION api.login, api.health TO web_anon, app_reader;

-- For the OpenAPI document: what the catalogs do not know.
INSERT INTO rest.routes (route, tag, answer, statuses) VALUES
  ('login', 'session', 'Token', '{200,400,401,429}'),
  ('health', 'session', 'Health', '{200,503}');

INSERT INTO rest.schemas (name, schema) VALUES
  ('Token', $json${"type": "object", "properties": {
    "access_token": {"type": "string"}, "token_type": {"const": "Bearer"}, "expires_in": {"type": "integer"},
    "username": {"type": "string"}, "role": {"enum": ["app_reader", "app_writer", "app_operator"]}}}$json$),
  ('Health', $json${"type": "object", "properties": {
    "status": {"const": "ok"}, "time": {"type": "string", "format": "date-time"}, "pg_ferry": {"type": "string"}}}$json$);
