-- Who may come in: users, login attempts, sessions, the signing secret, and the checks PostgREST runs before each request.
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

CREATE TABLE IF NOT EXISTS auth.sessions (
  session_id text PRIMARY KEY DEFAULT gen_random_uuid(),
  username   text NOT NULL REFERENCES auth.users ON UPDATE CASCADE ON DELETE CASCADE,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ends_at    timestamptz NOT NULL DEFAULT clock_timestamp() + interval '12 hours'
);
CREATE INDEX IF NOT EXISTS sessions_by_user ON auth.sessions (username);
CREATE INDEX IF NOT EXISTS sessions_by_end ON auth.sessions (ends_at);
COMMENT ON TABLE auth.sessions IS 'From a login to its end, twelve hours at most. Tokens carry session_id as sid; without the row they are worth nothing.';

CREATE TABLE IF NOT EXISTS auth.refresh_tokens (
  token_hash bytea PRIMARY KEY,
  session_id text NOT NULL REFERENCES auth.sessions ON DELETE CASCADE,
  used_at    timestamptz
);
CREATE INDEX IF NOT EXISTS refresh_tokens_by_session ON auth.refresh_tokens (session_id);
COMMENT ON TABLE auth.refresh_tokens IS 'The SHA-256 of every refresh token of a session; one of them is not used yet.';

CREATE TABLE IF NOT EXISTS auth.denied_tokens (
  jti        text PRIMARY KEY,
  expires_at timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS denied_tokens_by_time ON auth.denied_tokens (expires_at);
COMMENT ON TABLE auth.denied_tokens IS 'Access tokens that were logged out, until they expire.';

CREATE TABLE IF NOT EXISTS auth.secret (
  only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  jwt_secret text NOT NULL CHECK (octet_length(jwt_secret) >= 32)
);
COMMENT ON TABLE auth.secret IS 'The key that signs tokens; PostgREST reads the same from its file.';

-- Row security without a policy: nobody but the owner reads a row, not even members of pg_read_all_data.
ALTER TABLE auth.users ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.login_attempts ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.refresh_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.denied_tokens ENABLE ROW LEVEL SECURITY;
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

CREATE OR REPLACE FUNCTION auth.random_bytes() RETURNS bytea LANGUAGE sql VOLATILE
BEGIN ATOMIC SELECT :pgcrypto.gen_random_bytes(32); END;
COMMENT ON FUNCTION auth.random_bytes IS '256 random bits.';

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
  -- A CHECK would show the whole row, and with it the hash.
  IF username !~ '^[A-Za-z0-9_.@-]{1,64}$' THEN
    RAISE 'a user name has 1 to 64 letters, digits and characters of _.@-' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF length(password) < 8 OR octet_length(password) > 72 THEN
    RAISE 'password must have at least 8 characters and at most 72 bytes' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  INSERT INTO auth.users AS u (username, password_hash, role)
  VALUES (set_user.username, auth.hash_password(password, auth.new_salt()), set_user.role)
  ON CONFLICT ON CONSTRAINT users_pkey DO UPDATE
     SET password_hash = excluded.password_hash, role = excluded.role, disabled = false;
END
$$;
COMMENT ON FUNCTION auth.set_user IS 'Adds a user, or gives an existing one this password and role, ends their sessions and lets them in again.';

CREATE OR REPLACE FUNCTION auth.disable_user(username text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE auth.users u SET disabled = true WHERE u.username = disable_user.username;
  IF NOT FOUND THEN
    RAISE 'user "%" does not exist', disable_user.username USING ERRCODE = 'undefined_object';
  END IF;
END
$$;
COMMENT ON FUNCTION auth.disable_user IS 'Shuts a user out at once, sessions and tokens included.';

-- However a user is changed, by these functions or by hand.
CREATE OR REPLACE FUNCTION auth.end_sessions() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  DELETE FROM auth.sessions s WHERE s.username = new.username;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION auth.end_sessions IS 'Ends the sessions of a user whose password, role or access changes.';
CREATE OR REPLACE TRIGGER end_sessions AFTER UPDATE OF password_hash, role, disabled ON auth.users
FOR EACH ROW EXECUTE FUNCTION auth.end_sessions();

-- ---------------------------------------------------------------------------------------------------------------
-- Sessions. A login begins one; each refresh token of it works once and brings the next. Locks are taken in one order,
-- the user before the session, so that a change of a password and a request for tokens wait for each other.
-- ---------------------------------------------------------------------------------------------------------------

-- Skips what others hold, so it never waits.
CREATE OR REPLACE FUNCTION auth.sweep() RETURNS void LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp AS $$
  DELETE FROM auth.sessions WHERE session_id IN (
    SELECT session_id FROM auth.sessions WHERE ends_at <= clock_timestamp() FOR UPDATE SKIP LOCKED);
  DELETE FROM auth.denied_tokens WHERE jti IN (
    SELECT jti FROM auth.denied_tokens WHERE expires_at <= clock_timestamp() FOR UPDATE SKIP LOCKED);
  DELETE FROM auth.login_attempts WHERE attempt_id IN (
    SELECT attempt_id FROM auth.login_attempts WHERE attempted_at < clock_timestamp() - interval '30 days' FOR UPDATE SKIP LOCKED);
$$;
COMMENT ON FUNCTION auth.sweep IS 'Deletes what has expired.';

CREATE OR REPLACE FUNCTION auth.answer_tokens(person auth.users, session auth.sessions) RETURNS json LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  refresh_token CONSTANT text := auth.base64url(auth.random_bytes());
  issued_at CONSTANT bigint := floor(extract(epoch FROM clock_timestamp()));
  ends_at CONSTANT bigint := floor(extract(epoch FROM session.ends_at));
  expires_at CONSTANT bigint := least(issued_at + 900, ends_at);
BEGIN
  INSERT INTO auth.refresh_tokens (token_hash, session_id)
  VALUES (sha256(convert_to(refresh_token, 'UTF8')), session.session_id);
  PERFORM auth.sweep();
  PERFORM rest.answer(200);
  RETURN json_build_object(
    'access_token', auth.sign(json_build_object('aud', 'pg_ferry', 'sub', person.username, 'role', person.role,
                                                'iat', issued_at, 'exp', expires_at, 'jti', gen_random_uuid(),
                                                'sid', session.session_id)),
    'token_type', 'Bearer', 'expires_in', expires_at - issued_at, 'username', person.username, 'role', person.role,
    'refresh_token', refresh_token, 'refresh_expires_in', ends_at - issued_at);
END
$$;
COMMENT ON FUNCTION auth.answer_tokens IS 'An access token of fifteen minutes and the next refresh token of a session.';

-- Answers by response.status, never by an error, so that the attempt is kept. Costs one bcrypt run whether the
-- user exists or not. Five failures in fifteen minutes lock the name; the lock stands whatever the password.
CREATE OR REPLACE FUNCTION auth.login(username text, password text) RETURNS json LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  max_failures CONSTANT integer := 5;
  failure_window CONSTANT interval := '15 minutes';
  any_salt CONSTANT text := '$2a$10$......................';
  name CONSTANT text := left(coalesce(login.username, ''), 64);
  given CONSTANT text := coalesce(login.password, '');
  person auth.users;
  session auth.sessions;
  locked_until timestamptz;
  this_attempt bigint;
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
  -- Locked, or a change of the password could overtake its check. Not sooner: a locked name must cost the same work
  -- whether it is a user's or not.
  SELECT u.* INTO person FROM auth.users u WHERE u.username = login.username AND NOT u.disabled FOR SHARE;
  IF auth.hash_password(given, coalesce(person.password_hash, any_salt)) IS DISTINCT FROM person.password_hash
     OR octet_length(given) > 72 THEN
    PERFORM rest.answer(401, json_build_object('WWW-Authenticate', 'Bearer'));
    RETURN json_build_object('code', '28P01', 'message', 'wrong user name or password', 'details', NULL, 'hint', NULL);
  END IF;

  UPDATE auth.login_attempts a SET succeeded = true WHERE a.attempt_id = this_attempt;
  INSERT INTO auth.sessions (username) VALUES (person.username) RETURNING * INTO session;
  RETURN auth.answer_tokens(person, session);
END
$$;
COMMENT ON FUNCTION auth.login IS 'Checks a password and begins a session.';

-- No grace for a token that is used twice, not even at the same moment: nobody can tell the thief from the owner, so
-- the session ends for both. Answers by response.status, so that it stays ended.
CREATE OR REPLACE FUNCTION auth.refresh(refresh_token text) RETURNS json LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  hash CONSTANT bytea := sha256(convert_to(refresh.refresh_token, 'UTF8'));
  person auth.users;
  session auth.sessions;
BEGIN
  SELECT u.* INTO person
    FROM auth.refresh_tokens t JOIN auth.sessions s USING (session_id) JOIN auth.users u USING (username)
   WHERE t.token_hash = hash AND NOT u.disabled FOR SHARE OF u;
  SELECT s.* INTO session
    FROM auth.refresh_tokens t JOIN auth.sessions s USING (session_id)
   WHERE t.token_hash = hash AND s.username = person.username AND s.ends_at > clock_timestamp() FOR UPDATE OF s;
  IF session.session_id IS NOT NULL THEN
    UPDATE auth.refresh_tokens t SET used_at = clock_timestamp() WHERE t.token_hash = hash AND t.used_at IS NULL;
    IF FOUND THEN
      RETURN auth.answer_tokens(person, session);
    END IF;
    DELETE FROM auth.sessions s WHERE s.session_id = session.session_id;
    RAISE LOG 'a refresh token of user "%" came twice, the session is ended', person.username;
  END IF;

  PERFORM rest.answer(401, json_build_object('WWW-Authenticate', 'Bearer'));
  RETURN json_build_object('code', '28000', 'message', 'the refresh token is not valid', 'details', NULL,
                           'hint', 'Log in again.');
END
$$;
COMMENT ON FUNCTION auth.refresh IS 'Takes a refresh token and answers with the next one and an access token.';

-- Whoever holds a refresh token may end its session, with an access token or without.
CREATE OR REPLACE FUNCTION auth.logout(refresh_token text) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  claims CONSTANT json := CASE WHEN current_setting('role') <> 'web_anon'
                               THEN current_setting('request.jwt.claims')::json END;
BEGIN
  IF claims IS NULL AND refresh_token IS NULL THEN
    PERFORM rest.fail(401, '28000', 'nobody is logged in', NULL, NULL, '{"WWW-Authenticate": "Bearer"}');
  END IF;
  INSERT INTO auth.denied_tokens (jti, expires_at)
  SELECT claims ->> 'jti', to_timestamp((claims ->> 'exp')::double precision) WHERE claims IS NOT NULL
  ON CONFLICT (jti) DO NOTHING;
  DELETE FROM auth.sessions s
   WHERE s.session_id = claims ->> 'sid'
      OR s.session_id = (SELECT t.session_id FROM auth.refresh_tokens t
                          WHERE t.token_hash = sha256(convert_to(logout.refresh_token, 'UTF8')));
  PERFORM auth.sweep();
  PERFORM rest.answer(204);
END
$$;
COMMENT ON FUNCTION auth.logout IS 'Denies the access token of the request and ends its session and that of a refresh token.';

-- PostgREST has verified signature, aud, exp and nbf where they are present, the times within 30 seconds; here they must
-- be present and hold to the second, the token must not be logged out, its session must last, and the person must still
-- have the role. A token signed by an administrator for a program may lack sid.
CREATE OR REPLACE FUNCTION auth.pre_request() RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  claims CONSTANT json := nullif(current_setting('request.jwt.claims', true), '')::json;
  request_role CONSTANT text := current_setting('role');
  at_second CONSTANT numeric := extract(epoch FROM clock_timestamp());
BEGIN
  -- The first headers there are. Every request pays for this function, so they are not put together here.
  PERFORM set_config('response.headers', '[{"X-Content-Type-Options": "nosniff"}, {"X-Frame-Options": "DENY"},'
                     ' {"Referrer-Policy": "no-referrer"}, {"Cache-Control": "no-store"}]', true);
  IF request_role = 'web_anon' THEN
    RETURN;
  END IF;
  IF json_typeof(claims -> 'exp') IS DISTINCT FROM 'number'
     OR (claims ->> 'exp')::numeric <= at_second
     OR (claims ->> 'nbf')::numeric > at_second
     OR claims ->> 'aud' IS DISTINCT FROM 'pg_ferry'
     OR coalesce(length(claims ->> 'jti'), 0) NOT BETWEEN 1 AND 64
     OR EXISTS (SELECT FROM auth.denied_tokens d WHERE d.jti = claims ->> 'jti')
     OR claims ->> 'sid' IS NOT NULL
        AND NOT EXISTS (SELECT FROM auth.sessions s WHERE s.session_id = claims ->> 'sid' AND s.username = claims ->> 'sub'
                                                      AND s.ends_at > clock_timestamp())
     OR NOT EXISTS (SELECT FROM auth.users u
                     WHERE u.username = claims ->> 'sub' AND u.role = request_role AND NOT u.disabled) THEN
    PERFORM rest.fail(401, '28000', 'the token is not valid here', NULL, 'Log in again.',
                      '{"WWW-Authenticate": "Bearer error=\"invalid_token\"", "Cache-Control": "no-store"}');
  END IF;
END
$$;
COMMENT ON FUNCTION auth.pre_request IS 'Runs before every request: demands a complete token and sets the security headers.';

-- Everything here belongs to ferry_auth, a role with no other right, so no definer function runs as a superuser.
ALTER SCHEMA auth OWNER TO ferry_auth;
SELECT format('ALTER TABLE %s OWNER TO ferry_auth', oid::regclass)
  FROM pg_class WHERE relnamespace = 'auth'::regnamespace AND relkind = 'r' \gexec
SELECT format('ALTER FUNCTION %s OWNER TO ferry_auth', oid::regprocedure)
  FROM pg_proc WHERE pronamespace = 'auth'::regnamespace \gexec

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA auth FROM PUBLIC;
GRANT USAGE ON SCHEMA auth TO web_anon, app_reader;
GRANT EXECUTE ON FUNCTION auth.pre_request, auth.login, auth.refresh, auth.logout TO web_anon, app_reader;
