-- The border between C++ and the server: what crosses it, in which shape, and what is left behind.
\getenv module FERRY_TEST_MODULE
\set VERBOSITY default
SET client_min_messages = warning;
CREATE SCHEMA boundary;
SET search_path = boundary, pg_catalog;
CREATE FUNCTION throw(kind text, depth int DEFAULT 5) RETURNS void LANGUAGE c AS :'module', 'ferry_test_throw';
CREATE FUNCTION live_objects() RETURNS int LANGUAGE c AS :'module', 'ferry_test_live_objects';
CREATE FUNCTION run(sql text) RETURNS bool LANGUAGE c AS :'module', 'ferry_test_execute';
CREATE FUNCTION subtransaction(sql text, keep bool DEFAULT true) RETURNS text LANGUAGE c AS :'module', 'ferry_test_subtransaction';
CREATE FUNCTION subtransaction_throw(kind text) RETURNS void LANGUAGE c AS :'module', 'ferry_test_subtransaction_throw';
CREATE FUNCTION catch_many(count int) RETURNS int LANGUAGE c AS :'module', 'ferry_test_catch_many';
CREATE FUNCTION loop() RETURNS void LANGUAGE c AS :'module', 'ferry_test_loop';
CREATE FUNCTION context_owned() RETURNS bool LANGUAGE c AS :'module', 'ferry_test_context_owned';
CREATE FUNCTION state_restored() RETURNS bool LANGUAGE c AS :'module', 'ferry_test_state_restored';

-- What a statement ends with: SQLSTATE, message, detail, hint.
CREATE FUNCTION outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE state text; message text; detail text; hint text;
BEGIN
  EXECUTE statement;
  RETURN 'no error';
EXCEPTION WHEN OTHERS OR query_canceled THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', state, message, nullif(detail, ''), nullif(hint, ''));
END $$;

-- Five kinds of exception, two ways of having no memory left.
SELECT kind, outcome(format('SELECT throw(%L)', kind))
FROM unnest(ARRAY['failure', 'bad_alloc', 'standard', 'foreign', 'server', 'memory', 'server memory']) AS kind;
SELECT live_objects();

-- A server error through C++ frames keeps everything it said.
CREATE TABLE t (id int PRIMARY KEY, CHECK (id > 0));
SELECT outcome($$SELECT run('INSERT INTO t VALUES (1), (1)')$$);
SELECT outcome($$SELECT run('INSERT INTO t VALUES (-1)')$$);
SELECT outcome($$SELECT run('SELECT no_such_function()')$$);
-- C++ inside the server inside C++: the exception crosses the border four times.
SELECT outcome($$SELECT run('SELECT boundary.run(''SELECT boundary.throw($q$failure$q$)'')')$$);
SELECT live_objects();

-- A statement timeout inside a C++ loop.
SET statement_timeout = '50ms';
SELECT outcome('SELECT loop()');
RESET statement_timeout;
SELECT live_objects();

-- Thousands of errors caught in C++ leave nothing behind.
SELECT catch_many(2000), live_objects();
SELECT state_restored(), context_owned();

-- Subtransactions: kept, rolled back, rolled back by an error that is handed over.
SELECT subtransaction('INSERT INTO boundary.t VALUES (1)');
SELECT subtransaction('INSERT INTO boundary.t VALUES (2)', false);
SELECT subtransaction('INSERT INTO boundary.t VALUES (3), (1)');
SELECT subtransaction('SELECT boundary.throw(''failure'')');
TABLE t;
-- Errors that no row is to blame for go through, and so do exceptions.
SELECT outcome($$SELECT subtransaction('SELECT boundary.throw(''bad_alloc'')')$$);
SELECT outcome($$SELECT subtransaction('SELECT boundary.throw(''standard'')')$$);
SELECT outcome($$SELECT subtransaction('DO $q$BEGIN RAISE SQLSTATE ''40001''; END$q$')$$);
SELECT outcome($$SELECT subtransaction('DO $q$BEGIN RAISE SQLSTATE ''40P01''; END$q$')$$);
SELECT outcome($$SELECT subtransaction('DO $q$BEGIN RAISE SQLSTATE ''57014''; END$q$')$$);
SELECT outcome($$SELECT subtransaction_throw('failure')$$);
SELECT outcome($$SELECT subtransaction_throw('standard')$$);
SET statement_timeout = '50ms';
SELECT outcome($$SELECT subtransaction('SELECT boundary.loop()')$$);
RESET statement_timeout;
SELECT live_objects();
-- The session is as good as new.
SELECT subtransaction('INSERT INTO boundary.t VALUES (4)');
TABLE t;
DROP SCHEMA boundary CASCADE;
