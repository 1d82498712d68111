-- The schema of pg_ferry_hiring: a place for functions only. No table ever lives here, so DROP EXTENSION, which takes
-- the schema along, can never take anybody's data with it (hiring.create_tables() refuses to create tables here).

\echo Use "CREATE EXTENSION pg_ferry_hiring" to load this file. \quit

SET LOCAL search_path = pg_catalog, pg_temp;

CREATE SCHEMA hiring;

COMMENT ON SCHEMA hiring IS
  'Hiring metrics of pg_ferry: create_tables() makes the tables, the other functions answer questions about them';

-- Every function in this schema is SECURITY INVOKER and does nothing that its caller could not type by hand, so
-- everybody may call them: the caller's own rights on the tables, their columns and their rows decide what comes back.
-- EXECUTE is granted explicitly all the same, because default privileges may have withdrawn it, and without EXECUTE
-- the server does not inline a function.
GRANT USAGE ON SCHEMA hiring TO PUBLIC;
