-- The pages: the home page at / for a browser, where a tool gets the OpenAPI document, the report, the documentation,
-- and the files they are made of.

CREATE TABLE rest.assets (
  name         text PRIMARY KEY,
  content_type text NOT NULL,
  body         bytea NOT NULL,
  etag         text NOT NULL GENERATED ALWAYS AS ('"' || encode(sha256(body), 'hex') || '"') STORED
);
COMMENT ON TABLE rest.assets IS 'The files of the pages; deploy.sh fills it.';
GRANT SELECT ON rest.assets TO web_anon, app_reader;

CREATE FUNCTION rest.page_policy() RETURNS text LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
  SELECT 'default-src ''none''; script-src ''self''; style-src ''self''; img-src ''self''; connect-src ''self''; '
         'form-action ''none''; base-uri ''none''; frame-ancestors ''none'''
$$;
COMMENT ON FUNCTION rest.page_policy IS 'The content security policy of the pages: nothing inline, nothing from elsewhere.';

CREATE FUNCTION api.asset(name text) RETURNS rest."*/*" LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  file rest.assets;
BEGIN
  SELECT * INTO file FROM rest.assets a WHERE a.name = asset.name;
  IF file.name IS NULL THEN
    PERFORM rest.fail(404, '42704', 'there is no such file');
  END IF;
  PERFORM rest.add_headers(json_build_object('Content-Type', file.content_type, 'ETag', file.etag,
                                             'Cache-Control', 'no-cache'));
  IF rest.header('If-None-Match') = file.etag THEN
    PERFORM rest.answer(304);
    RETURN '';
  END IF;
  RETURN file.body;
END
$$;
COMMENT ON FUNCTION api.asset IS 'A file of the home page

Style, script and icon.';

CREATE FUNCTION rest.document() RETURNS bytea LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  document CONSTANT bytea := convert_to(rest.openapi()::text, 'UTF8');
  etag CONSTANT text := format('"%s"', encode(sha256(document), 'hex'));
BEGIN
  PERFORM rest.add_headers(json_build_object('Content-Type', 'application/json; charset=utf-8', 'ETag', etag));
  IF rest.header('If-None-Match') = etag THEN
    PERFORM rest.answer(304);
    RETURN '';
  END IF;
  RETURN document;
END
$$;
COMMENT ON FUNCTION rest.document IS 'The OpenAPI document as an answer; 304 for a client that has it.';

CREATE FUNCTION api.root() RETURNS rest."*/*" LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM rest.add_headers('{"Vary": "Accept", "Cache-Control": "no-cache"}');
  IF rest.header('Accept') LIKE '%text/html%' THEN
    PERFORM rest.add_headers(json_build_object(
      'Content-Type', 'text/html; charset=utf-8',
      'Content-Security-Policy', rest.page_policy()));
    RETURN (SELECT body FROM rest.assets WHERE name = 'index.html');
  END IF;
  RETURN rest.document();
END
$$;
COMMENT ON FUNCTION api.root IS 'Home

A page for a browser, this document for a tool.';

CREATE FUNCTION api.openapi() RETURNS rest."*/*" LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM rest.add_headers('{"Cache-Control": "no-cache"}');
  RETURN rest.document();
END
$$;
COMMENT ON FUNCTION api.openapi IS 'This document

For whoever cannot ask for JSON by a header: a link, a code generator.';

-- The page asks for its data itself, with the token of whoever logged in; the year is for its script.
CREATE FUNCTION api.report(year text DEFAULT NULL, language text DEFAULT NULL) RETURNS rest."*/*" LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM rest.add_headers(json_build_object('Content-Type', 'text/html; charset=utf-8', 'Cache-Control', 'no-cache',
            'Content-Security-Policy', rest.page_policy()));
  RETURN (SELECT body FROM rest.assets WHERE name = 'report.html');
END
$$;
COMMENT ON FUNCTION api.report IS 'The report of a year, a page to look at and to print

Both metrics as charts and tables. year is 2021 unless it is named; language is en or es.';

-- Swagger UI draws its arrows from data: images in its style sheet; all else is as on the other pages.
CREATE FUNCTION api.docs() RETURNS rest."*/*" LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM rest.add_headers(json_build_object('Content-Type', 'text/html; charset=utf-8', 'Cache-Control', 'no-cache',
            'Content-Security-Policy', replace(rest.page_policy(), 'img-src ''self''', 'img-src ''self'' data:')));
  RETURN (SELECT body FROM rest.assets WHERE name = 'docs.html');
END
$$;
COMMENT ON FUNCTION api.docs IS 'This documentation as a page

Swagger UI: every route with its examples, to read and to try.';

-- Who may.
GRANT EXECUTE ON FUNCTION api.root, api.openapi, api.asset, api.report, api.docs TO web_anon, app_reader;

-- For the OpenAPI document: what the catalogs do not know.
INSERT INTO rest.routes (route, tag, answer, statuses) VALUES
  ('root', 'pages', 'application/json, text/html', '{200,304}'),
  ('openapi', 'pages', 'application/json', '{200,304}'),
  ('docs', 'pages', 'text/html', '{200}'),
  ('report', 'pages', 'text/html', '{200}');

INSERT INTO rest.schemas (name, schema) VALUES
  ('OpenAPI', '{"type": "object", "description": "An OpenAPI document", "required": ["openapi", "info", "paths"],
    "properties": {"openapi": {"const": "3.1.0"}, "info": {"type": "object"}, "paths": {"type": "object"}}}');

-- ---------------------------------------------------------------------------------------------------------------
-- The last word on rights. Helpers act with the rights of whoever calls a route, so any role may run them.
-- ---------------------------------------------------------------------------------------------------------------

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA api, rest FROM PUBLIC;
GRANT USAGE ON SCHEMA rest TO web_anon, app_reader, ferry_auth;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA rest TO web_anon, app_reader, ferry_auth;
GRANT USAGE ON SCHEMA api TO web_anon, app_reader;

-- PostgREST keeps plans from one role to the next. A function of SQL that was inlined into a plan is not asked again for
-- its EXECUTE right, so none may be inlined; a setting of its own prevents it.
DO $$
DECLARE
  route regprocedure;
BEGIN
  FOR route IN SELECT p.oid FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
                WHERE p.pronamespace = 'api'::regnamespace AND l.lanname = 'sql' AND p.proconfig IS NULL AND NOT p.prosecdef LOOP
    EXECUTE format('ALTER FUNCTION %s SET search_path = pg_catalog, pg_temp', route);
  END LOOP;
END
$$;
