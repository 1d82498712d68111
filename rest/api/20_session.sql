-- Coming in: routes that anyone may call.

CREATE FUNCTION api.login(username text, password text) RETURNS json LANGUAGE sql VOLATILE
AS $$ SELECT auth.login(username, password) $$;
COMMENT ON FUNCTION api.login IS 'Log in

Checks a user name and password and begins a session of twelve hours at most: a bearer token of fifteen minutes, and a refresh token for the next. Five wrong passwords in fifteen minutes lock the name for a while (429).';

CREATE FUNCTION api.refresh(refresh_token text) RETURNS json LANGUAGE sql VOLATILE
AS $$ SELECT auth.refresh(refresh_token) $$;
COMMENT ON FUNCTION api.refresh IS 'Stay logged in

Answers with a new bearer token and a new refresh token; send no bearer token with it. A refresh token works once: one that comes twice ends its session, bearer tokens included. A session ends twelve hours after its login.';

CREATE FUNCTION api.logout(refresh_token text DEFAULT NULL) RETURNS void LANGUAGE sql VOLATILE
AS $$ SELECT auth.logout(refresh_token) $$;
COMMENT ON FUNCTION api.logout IS 'Log out

Ends the session of the bearer token, and of the refresh token where one is sent; from then on neither is worth anything. The refresh token alone will do, so a session can be ended whose bearer token has expired.';

CREATE FUNCTION api.health() RETURNS json LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
  SELECT json_build_object('status', 'ok', 'time', now(),
           'pg_ferry', (SELECT extversion FROM pg_extension WHERE extname = 'pg_ferry'))
$$;
COMMENT ON FUNCTION api.health IS 'Whether the service answers

Reaches the database, so a 200 means that PostgREST and PostgreSQL both work.';

-- Who may.
GRANT EXECUTE ON FUNCTION api.login, api.refresh, api.logout, api.health TO web_anon, app_reader;

-- For the OpenAPI document: what the catalogs do not know.
INSERT INTO rest.routes (route, tag, answer, statuses) VALUES
  ('login', 'session', 'Token', '{200,400,401,429}'),
  ('refresh', 'session', 'Token', '{200,400,401}'),
  ('logout', 'session', NULL, '{204,401}'),
  ('health', 'session', 'Health', '{200,503}');

INSERT INTO rest.schemas (name, schema) VALUES
  ('Token', $json${"type": "object", "properties": {
    "access_token": {"type": "string"}, "token_type": {"const": "Bearer"}, "expires_in": {"type": "integer"},
    "username": {"type": "string"}, "role": {"enum": ["app_reader", "app_writer", "app_operator"]},
    "refresh_token": {"type": "string"},
    "refresh_expires_in": {"type": "integer", "description": "Seconds until the session ends"}}}$json$),
  ('Health', $json${"type": "object", "properties": {
    "status": {"const": "ok"}, "time": {"type": "string", "format": "date-time"}, "pg_ferry": {"type": "string"}}}$json$);
