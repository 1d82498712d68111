-- Who may come in: users, login attempts, the signing secret, and the checks PostgREST runs before each request.
-- Schema auth is not exposed; its tables belong to ferry_auth and survive every deployment.

CREATE EXTENSION IF NOT EXISTS pgcrypto;
SELECT extnamespace::regnamespace AS pgcrypto FROM pg_extension WHERE extname = 'pgcrypto' \gset
GRANT USAGE ON SCHEMA :pgcrypto TO ferry_auth;

CREATE SCHEMA IF NOT EXISTS auth;
COMMENT ON SCHEMA auth IS 'Users and secrets of the HTTP front. Not exposed.';

CREATE TABLE IF NOT EXISTS auth.users (
  username      text PRIMARY KEY CHECK (username ~ '^[A-Za-z0-9_.@-]{1,64}$'),
  password_hash text NOT NULL,
  role          text NOT NULL CHECK (role IN ('app_reader', 'app_writer', 'app_operator')),
  disabled      boolean NOT NULL DEFAULT false,
  created_at    timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE auth.users IS 'One row per person. Setting disabled ends their access at once, tokens included.';

CREATE TABLE IF NOT EXISTS auth.login_attempts (
  attempt_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  username     text NOT NULL,
  succeeded    boolean NOT NULL,
  attempted_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX IF NOT EXISTS login_attempts_by_user ON auth.login_attempts (username, attempted_at);
CREATE INDEX IF NOT EXISTS login_attempts_by_time ON auth.login_attempts (attempted_at);
COMMENT ON TABLE auth.login_attempts IS 'Every login that was tried in the last thirty days, whether the user exists or not.';

CREATE TABLE IF NOT EXISTS auth.secret (
  only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  jwt_secret text NOT NULL CHECK (octet_length(jwt_secret) >= 32)
);
COMMENT ON TABLE auth.secret IS 'The key that signs tokens; PostgREST reads the same from its file.';

-- Row security without a policy: nobody but the owner reads a row, not even members of pg_read_all_data.
ALTER TABLE auth.users ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.login_attempts ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.secret ENABLE ROW LEVEL SECURITY;

INSERT INTO auth.secret (jwt_secret) VALUES (:'jwt_secret')
ON CONFLICT (only_row) DO UPDATE SET jwt_secret = excluded.jwt_secret
WHERE secret.jwt_secret <> excluded.jwt_secret;

-- pgcrypto may live in any schema; these bodies are bound to it here, once.
CREATE OR REPLACE FUNCTION auth.hash_password(password text, salt text) RETURNS text LANGUAGE sql IMMUTABLE STRICT
BEGIN ATOMIC SELECT :pgcrypto.crypt(password, salt); END;
COMMENT ON FUNCTION auth.hash_password IS 'The bcrypt hash of a password under a salt, or under the salt of another hash.';

CREATE OR REPLACE FUNCTION auth.new_salt() RETURNS text LANGUAGE sql VOLATILE
BEGIN ATOMIC SELECT :pgcrypto.gen_salt('bf', 10); END;
COMMENT ON FUNCTION auth.new_salt IS 'A fresh bcrypt salt, cost 10.';

CREATE OR REPLACE FUNCTION auth.hmac(message text, key text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT
BEGIN ATOMIC SELECT :pgcrypto.hmac(convert_to(message, 'UTF8'), convert_to(key, 'UTF8'), 'sha256'); END;
COMMENT ON FUNCTION auth.hmac IS 'HMAC-SHA256 of a message.';

CREATE OR REPLACE FUNCTION auth.base64url(bytes bytea) RETURNS text LANGUAGE sql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$ SELECT translate(encode(bytes, 'base64'), E'+/=\n', '-_') $$;
COMMENT ON FUNCTION auth.base64url IS 'Base64 in the alphabet of URLs, without padding.';

CREATE OR REPLACE FUNCTION auth.sign(claims json) RETURNS text LANGUAGE sql STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT head || '.' || auth.base64url(auth.hmac(head, (SELECT jwt_secret FROM auth.secret)))
    FROM (SELECT auth.base64url(convert_to('{"alg":"HS256","typ":"JWT"}', 'UTF8')) || '.'
              || auth.base64url(convert_to(claims::text, 'UTF8'))) AS t(head)
$$;
COMMENT ON FUNCTION auth.sign IS 'A JSON Web Token, HS256, over these claims.';

CREATE OR REPLACE FUNCTION auth.set_user(username text, password text, role text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF length(password) < 8 OR octet_length(password) > 72 THEN
    RAISE 'password must have at least 8 characters and at most 72 bytes' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  INSERT INTO auth.users AS u (username, password_hash, role)
  VALUES (set_user.username, auth.hash_password(password, auth.new_salt()), set_user.role)
  ON CONFLICT ON CONSTRAINT users_pkey DO UPDATE
     SET password_hash = excluded.password_hash, role = excluded.role, disabled = false;
END
$$;
COMMENT ON FUNCTION auth.set_user IS 'Adds a user, or gives an existing one this password and role and lets them in again.';

-- Answers by response.status, never by an error, so that the attempt is kept. Costs one bcrypt run whether the
-- user exists or not. Five failures in fifteen minutes lock the name; the lock stands whatever the password.
CREATE OR REPLACE FUNCTION auth.login(username text, password text) RETURNS json LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  max_failures CONSTANT integer := 5;
  failure_window CONSTANT interval := '15 minutes';
  lifetime CONSTANT integer := 900;  -- seconds
  any_salt CONSTANT text := '$2a$10$......................';
  name CONSTANT text := left(coalesce(login.username, ''), 64);
  given CONSTANT text := coalesce(login.password, '');
  person auth.users;
  locked_until timestamptz;
  this_attempt bigint;
  issued_at CONSTANT bigint := extract(epoch FROM clock_timestamp());
BEGIN
  -- One attempt per name at a time, so that parallel guesses cannot slip past the count.
  PERFORM pg_advisory_xact_lock(hashtextextended('pg_ferry login ' || name, 0));

  SELECT min(f.attempted_at) + failure_window INTO locked_until
    FROM (SELECT a.attempted_at FROM auth.login_attempts a
           WHERE a.username = name AND NOT a.succeeded
             AND a.attempted_at > clock_timestamp() - failure_window
             AND a.attempt_id > coalesce((SELECT max(s.attempt_id) FROM auth.login_attempts s
                                           WHERE s.username = name AND s.succeeded), 0)
           ORDER BY a.attempt_id DESC LIMIT max_failures) f
  HAVING count(*) = max_failures;
  IF locked_until IS NOT NULL THEN
    PERFORM rest.answer(429, json_build_object('Retry-After',
              greatest(1, ceil(extract(epoch FROM locked_until - clock_timestamp())))::integer::text));
    RETURN json_build_object('code', '28000', 'message', 'too many failed logins for this user name',
                             'details', NULL, 'hint', 'Try again after the number of seconds in Retry-After.');
  END IF;

  INSERT INTO auth.login_attempts (username, succeeded) VALUES (name, false)
  RETURNING attempt_id INTO this_attempt;
  DELETE FROM auth.login_attempts a WHERE a.attempted_at < clock_timestamp() - interval '30 days';

  SELECT u.* INTO person FROM auth.users u WHERE u.username = login.username AND NOT u.disabled;
  IF auth.hash_password(given, coalesce(person.password_hash, any_salt)) IS DISTINCT FROM person.password_hash
     OR octet_length(given) > 72 THEN
    PERFORM rest.answer(401, json_build_object('WWW-Authenticate', 'Bearer'));
    RETURN json_build_object('code', '28P01', 'message', 'wrong user name or password', 'details', NULL, 'hint', NULL);
  END IF;

  UPDATE auth.login_attempts a SET succeeded = true WHERE a.attempt_id = this_attempt;
  PERFORM rest.answer(200);
  RETURN json_build_object(
    'access_token', auth.sign(json_build_object('aud', 'pg_ferry', 'sub', person.username, 'role', person.role,
                                                'iat', issued_at, 'exp', issued_at + lifetime,
                                                'jti', gen_random_uuid())),
    'token_type', 'Bearer', 'expires_in', lifetime, 'username', person.username, 'role', person.role);
END
$$;
COMMENT ON FUNCTION auth.login IS 'Checks a password and answers with a token of fifteen minutes.';

-- PostgREST has verified signature, aud and exp where they are present; here they must be present, and the person
-- must still have the role. Runs as the request's role, so it reads users as ferry_auth.
CREATE OR REPLACE FUNCTION auth.pre_request() RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  claims CONSTANT json := nullif(current_setting('request.jwt.claims', true), '')::json;
  request_role CONSTANT text := current_setting('role');
BEGIN
  PERFORM rest.add_headers('{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
                             "Referrer-Policy": "no-referrer"}');
  IF current_setting('request.path', true) NOT IN ('/', '/rpc/asset', '/rpc/report') THEN
    PERFORM rest.add_headers('{"Cache-Control": "no-store"}');
  END IF;

  IF request_role = 'web_anon' THEN
    RETURN;
  END IF;
  IF json_typeof(claims -> 'exp') IS DISTINCT FROM 'number'
     OR (claims ->> 'exp')::numeric <= extract(epoch FROM clock_timestamp())
     OR claims ->> 'aud' IS DISTINCT FROM 'pg_ferry'
     OR NOT EXISTS (SELECT FROM auth.users u
                     WHERE u.username = claims ->> 'sub' AND u.role = request_role AND NOT u.disabled) THEN
    PERFORM rest.fail(401, '28000', 'the token is not valid here', NULL, 'Log in again.',
                      '{"WWW-Authenticate": "Bearer error=\"invalid_token\"", "Cache-Control": "no-store"}');
  END IF;
END
$$;
COMMENT ON FUNCTION auth.pre_request IS 'Runs before every request: demands a complete token and sets the security headers.';

-- Everything here belongs to ferry_auth, a role with no other right, so no definer function runs as a superuser.
ALTER TABLE auth.users OWNER TO ferry_auth;
ALTER TABLE auth.login_attempts OWNER TO ferry_auth;
ALTER TABLE auth.secret OWNER TO ferry_auth;
ALTER FUNCTION auth.hash_password OWNER TO ferry_auth;
ALTER FUNCTION auth.new_salt OWNER TO ferry_auth;
ALTER FUNCTION auth.hmac OWNER TO ferry_auth;
ALTER FUNCTION auth.base64url OWNER TO ferry_auth;
ALTER FUNCTION auth.sign OWNER TO ferry_auth;
ALTER FUNCTION auth.set_user OWNER TO ferry_auth;
ALTER FUNCTION auth.login OWNER TO ferry_auth;
ALTER FUNCTION auth.pre_request OWNER TO ferry_auth;
ALTER SCHEMA auth OWNER TO ferry_auth;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA auth FROM PUBLIC;
GRANT USAGE ON SCHEMA auth TO web_anon, app_reader;
GRANT EXECUTE ON FUNCTION auth.pre_request, auth.login TO web_anon, app_reader;
