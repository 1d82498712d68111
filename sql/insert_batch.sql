-- ferry.insert_batch: what it takes, what it answers, and that the answer is true.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry_hiring CASCADE;
RESET client_min_messages;
CREATE SCHEMA batch;
SET search_path = batch;
SELECT hiring.create_tables();
INSERT INTO departments (department) VALUES ('Sales'), ('Legal');
INSERT INTO jobs (job) VALUES ('Clerk');
CREATE FUNCTION pg_temp.refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text;
  hint text;
BEGIN
  EXECUTE statement;
  RETURN 'not refused';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(E'\n', SQLSTATE || ': ' || SQLERRM, 'DETAIL: ' || NULLIF(detail, ''), 'HINT: ' || NULLIF(hint, ''));
END
$$;
-- The answer without the number of its load, which must be that of ferry.loads.
CREATE FUNCTION pg_temp.try(target regclass, rows json, mode text DEFAULT NULL, dry_run boolean DEFAULT NULL) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  answer json := ferry.insert_batch(target, rows, mode, dry_run);
BEGIN
  RETURN NEXT (answer::jsonb - 'errors' - 'details' - 'load')::text;
  RETURN QUERY SELECT e::text FROM json_array_elements(answer->'errors') e;
  IF (answer->>'load')::bigint IS DISTINCT FROM (SELECT max(load_id) FROM ferry.loads) THEN RETURN NEXT 'load ' || (answer->>'load'); END IF;
END
$$;
\pset tuples_only
\pset format unaligned

-- ---- The answer ----
SELECT string_agg(k, ' ') FROM json_object_keys(ferry.insert_batch('departments', '[{"department": "Port"}, {"id": 9, "department": "Sea"}]')) k;
SELECT id, department FROM departments ORDER BY department;
SELECT pg_temp.try('departments', '[{"department": "Dock"}, {"id": 40, "department": "Quay"}]');
-- Every error of every row, each with the path to its place.
SELECT pg_temp.try('hired_employees', '[
  {"name": "Ada", "department_id": 1, "job_id": 1},
  {"name": "  ", "department_id": 7, "job_id": "x", "datetime": "2021-02-30T00:00:00Z"},
  {"name": null, "department_id": null, "job_id": 5},
  {"id": 50, "name": "Bo", "datetime": "2021-01-01T00:00:00Z", "department_id": 2, "job_id": 1},
  {"id": 50, "name": "Cy", "department_id": 2, "job_id": 1},
  {}]');
SELECT id, name, department_id, datetime = now() OR datetime = '2021-01-01Z' AS datetime FROM hired_employees ORDER BY id;
-- Nothing inserted: the first keys are PostgREST's own.
SELECT string_agg(k, ' ') FROM json_object_keys(ferry.insert_batch('departments', '[{"id": "x"}]')) k;
SELECT a->>'code' IS NOT NULL AS code, a->>'message', a->>'hint', (a->'details')::text = (a->'errors')::text AS details FROM ferry.insert_batch('departments', '[{"id": "x", "department": ""}]') a;
-- A missing key is the default, an explicit null is null.
CREATE TABLE d (a int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, b text DEFAULT 'b', c int NOT NULL DEFAULT 3, twice int GENERATED ALWAYS AS (c * 2) STORED, e text);
SELECT pg_temp.try('d', '[{}, {"b": null}, {"c": null}, {"b": "x", "c": 4, "e": ""}]');
SELECT * FROM d ORDER BY a;
-- No value can be given to a generated or a system column; the first is told as what it is.
SELECT pg_temp.try('d', '[{"ctid": "(0,1)"}, {"tableoid": 1}]');
SELECT a->'errors'->0->>'pointer', a->>'inserted', a->'errors'->0->>'message' ~ 'generated' AS told FROM ferry.insert_batch('d', '[{"twice": 8}]') a;
-- Where unknown keys are passed over, that of a generated column still is an error.
SELECT a->'errors'->0->>'sqlstate', a->>'inserted' FROM ferry.insert_batch('d', '[{"twice": 8}, {"once": 8}]', unknown => 'ignore') a;
-- Keys are written as to_json writes them, whatever the session's settings are.
CREATE DOMAIN shelf AS numeric(6,2);
CREATE TABLE keyed (b boolean, n shelf, r double precision, d date, t timestamptz, s timestamp, j jsonb, w text, PRIMARY KEY (b, n, r, d, t, s, j, w));
SET DateStyle = 'German, DMY';
SELECT ferry.insert_batch('keyed', '[{"b": true, "n": 1.50, "r": 1e300, "d": "2021-02-03", "t": "2021-02-03T04:05:06Z", "s": "0044-03-15 BC", "j": {"a": [1]}, "w": "a\"b"}, {"b": "no", "n": "NaN", "r": "-inf", "d": "infinity", "t": "-infinity", "s": "infinity", "j": "x", "w": ""}]')->'keys';
SELECT json_agg(to_json(k)) FROM keyed k;
CREATE TYPE pair AS (a int, b text);
CREATE TABLE composed (l int[], p pair, PRIMARY KEY (l, p));
SELECT ferry.insert_batch('composed', '[{"l": [1, 2], "p": {"a": 3, "b": "\"x"}}]')->'keys';
SELECT json_agg(to_json(k)) FROM composed k;
RESET DateStyle;
DROP TABLE keyed, composed;
DROP TYPE pair;
DROP DOMAIN shelf;
-- Keys: generated or given, in the order of the rows, null for a rejected row.
SELECT (ferry.insert_batch('departments', '[{"department": "K1"}, {"id": 60, "department": "K2"}, {"id": "x"}, {"department": "K3"}, {"id": 59, "department": "K4"}]'))->'keys';
SELECT json_agg(json_build_object('id', id) ORDER BY department) FROM departments WHERE department LIKE 'K_';
CREATE TABLE two (a int, b text, c int, PRIMARY KEY (b, a));
SELECT (ferry.insert_batch('two', '[{"a": 1, "b": "x"}, {"b": "\"y", "a": 2}]'))->'keys';
CREATE TABLE keyless (a int);
SELECT (ferry.insert_batch('keyless', '[{"a": 1}, {}]'))->'keys';
-- Sequences stand past given keys.
SELECT pg_temp.try('departments', '[{"id": 500, "department": "Z"}]');
INSERT INTO departments (department) VALUES ('next') RETURNING id;

-- ---- Pointers (RFC 6901), unknown and repeated keys ----
CREATE TABLE odd ("a/b" int, "~" int, "m~n/o" int, "é ""q" int, "A" int);
SELECT pg_temp.try('odd', '[{"a/b": "x", "~": "x", "m~n/o": "x", "é \"q": "x", "A": "x"}]');
SELECT a->'errors'->0->>'pointer', a->'errors'->0->>'column' FROM ferry.insert_batch('odd', '[{"~/": 1}]') a;
SELECT a->'errors'->0->>'pointer', a->'errors'->0->>'code' FROM ferry.insert_batch('odd', '[{"": 1}]') a;
SELECT a->'errors'->0->>'pointer', a->'errors'->0->>'code' FROM ferry.insert_batch('odd', '[{"a": 1}]') a;
SELECT pg_temp.try('odd', '[{"A": 1, "A": 2}, {"A": 3}, {"\u0041": 4, "A": 5}, {"zz": 1, "zz": 2}]');
TABLE odd;

-- ---- Modes ----
TRUNCATE keyless;
ALTER TABLE keyless ADD CONSTRAINT positive CHECK (a > 0);
SELECT pg_temp.try('keyless', '[{"a": 1}, {"a": -1}]', 'partial');
SELECT pg_temp.try('keyless', '[{"a": 2}, {"a": -2}, {"a": "x"}]', 'atomic');
SELECT pg_temp.try('keyless', '[{"a": 3}, {"a": 4}]', 'atomic');
SELECT pg_temp.try('keyless', '[{"a": 5}, {"a": -5}]', 'partial', true);
SELECT pg_temp.try('keyless', '[{"a": 5}]', 'atomic', true);
SELECT a FROM keyless ORDER BY a;
SELECT status, rows_read, rows_loaded, rows_rejected, source_kind, source_name, options FROM ferry.loads ORDER BY load_id DESC LIMIT 5;
SELECT r.record_number, r.line_number, r.byte_offset, encode(r.raw, 'escape') FROM ferry.rejects r WHERE load_id = (SELECT max(load_id) FROM ferry.loads WHERE status = 'aborted') ORDER BY 1;
SELECT pg_temp.refusal($$SELECT ferry.insert_batch('keyless', '[{"a": 9}]', 'some')$$);
SELECT pg_temp.refusal($$SELECT ferry.insert_batch('keyless', '[{"a": 9}]', '')$$);

-- ---- Sizes and shapes ----
SELECT pg_temp.refusal($$SELECT ferry.insert_batch('keyless', '[]')$$);
SELECT pg_temp.refusal($$SELECT ferry.insert_batch('keyless', '  [ ] ')$$);
SELECT (SELECT count(*) FROM json_array_elements(a->'errors')), a->>'inserted' FROM ferry.insert_batch('keyless', (SELECT json_agg(json_build_object('a', i)) FROM generate_series(1000, 1999) i)) a;
SELECT pg_temp.refusal($$SELECT ferry.insert_batch('keyless', (SELECT json_agg(json_build_object('a', i)) FROM generate_series(3000, 4000) i))$$);
SELECT count(*) FROM keyless WHERE a >= 1000;
SELECT json_array_length(a->'errors'), a->>'rejected', a->'errors'->999->>'pointer' FROM ferry.insert_batch('keyless', (SELECT json_agg(json_build_object('a', -i)) FROM generate_series(1, 1000) i)) a;
SET ferry.batch_limit = 2;
SELECT (ferry.insert_batch('keyless', '[{"a": 7}, {"a": 8}]'))->>'inserted';
SELECT pg_temp.refusal($$SELECT ferry.insert_batch('keyless', '[{"a": 7}, {"a": 8}, {"a": 9}]')$$);
SET ferry.batch_limit = 5000;
SELECT (ferry.insert_batch('keyless', (SELECT json_agg(json_build_object('a', i)) FROM generate_series(1, 5000) i)))->>'inserted';
RESET ferry.batch_limit;
SELECT j, pg_temp.refusal(format('SELECT ferry.insert_batch(%L, %L)', 'keyless', j)) FROM unnest('{"{}","{\"a\": 1}",1,"null","\"x\"",true,"[","[1,]",""}'::text[]) j;
SELECT pg_temp.try('keyless', '[1, "x", null, [], [{"a": 1}], true, {"a": 77}]');
SELECT pg_temp.refusal($$SELECT ferry.insert_batch('keyless', NULL)$$);
SELECT pg_temp.refusal($$SELECT ferry.insert_batch(NULL, '[{"a": 1}]')$$);

DROP VIEW hires;
DROP TABLE hired_employees, departments, jobs, d, two, keyless, odd;
RESET search_path;
DROP SCHEMA batch;
DROP EXTENSION pg_ferry_hiring;
DROP EXTENSION pg_ferry;
