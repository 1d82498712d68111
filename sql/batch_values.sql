-- ferry.insert_batch: JSON values into columns, the way json_populate_recordset puts them there, and the values that only
-- JSON can hold.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
RESET client_min_messages;
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, DMY';
CREATE SCHEMA batch_values;
SET search_path = batch_values;
CREATE TYPE pair AS (x int, y text);
CREATE DOMAIN percent AS int CHECK (VALUE BETWEEN 0 AND 100);
CREATE DOMAIN given AS text NOT NULL;

-- One JSON value into a column of one type, by insert_batch and by json_populate_record; an answer where they differ.
CREATE FUNCTION pg_temp.compare(type text, input text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  wanted text; got text; answer json;
BEGIN
  EXECUTE format('CREATE TEMP TABLE one (v %s)', type);
  BEGIN
    EXECUTE 'INSERT INTO one SELECT (json_populate_record(NULL::one, $1)).v' USING ('{"v": ' || input || '}')::json;
    SELECT coalesce('value ' || v::text, 'null') INTO wanted FROM one;
    TRUNCATE one;
  EXCEPTION WHEN OTHERS THEN
    wanted := 'error ' || SQLSTATE;
  END;
  BEGIN
    answer := ferry.insert_batch('one', ('[{"v": ' || input || '}]')::json);
    SELECT coalesce('value ' || v::text, 'null') INTO got FROM one;
    IF NOT FOUND THEN
      SELECT 'error ' || string_agg(e->>'sqlstate', ' ') INTO got FROM json_array_elements(answer->'errors') e;
    END IF;
  EXCEPTION WHEN OTHERS THEN
    got := 'raised ' || SQLSTATE || ' ' || SQLERRM;
  END;
  DROP TABLE one;
  RETURN CASE WHEN wanted IS DISTINCT FROM got THEN format('%s %s: server %s, batch %s', type, left(input, 60), left(wanted, 60), left(got, 60)) END;
END
$$;
SELECT type, count(*) AS inputs_tried, string_agg(d, E'\n') AS differences
FROM (SELECT type, n, pg_temp.compare(type, i) AS d FROM (VALUES
  (1, 'boolean', 'true¦false¦"true"¦"f"¦1¦0¦"1"¦2¦"x"¦null¦""¦[]¦{}¦1.0'),
  (2, 'int', '1¦-1¦"1"¦" 1 "¦1.0¦1.5¦1e3¦true¦false¦null¦""¦2147483648¦-2147483648¦[1]¦{"a":1}¦-0¦1E+2'),
  (3, 'bigint', '9007199254740993¦9223372036854775807¦9223372036854775808¦-9223372036854775808¦"9007199254740993"¦1e18'),
  (4, 'smallint', '32767¦32768¦3e4'),
  (5, 'numeric', '0.1¦123456789012345678901234567890.123456789012345678901234567890¦1e400¦1E-400¦-0¦1.50¦1e131072¦"NaN"¦1.0e-0'),
  (6, 'numeric(5,2)', '1.005¦999.995¦1e2¦"1,5"'),
  (7, 'double precision', '1e308¦1e309¦-0¦-0.0¦5e-324¦1e-400¦0.1¦12345678901234567890¦"NaN"¦"-Infinity"¦true'),
  (8, 'real', '1e38¦1e39¦16777217'),
  (9, 'text', '"a"¦""¦null¦1¦1.50¦1E2¦true¦{"a":  1}¦[1,  2]¦"\u00e9\ud83d\ude00"¦"\\n\"\/\b"¦"é"¦"\t"¦-0'),
  (10, 'varchar(3)', '"abc"¦"abcd"¦"abc  "¦1234¦123¦true¦null¦[1]'),
  (11, 'char(3)', '"a"¦"abcd"¦12'),
  (12, 'json', '{"a":  1, "a": 2}¦[1, "x"]¦"x"¦1.50¦true¦null¦{}'),
  (13, 'jsonb', '{"a":  1, "a": 2}¦[1, "x"]¦"x"¦1.50¦true¦null¦1e5'),
  (14, 'int[]', '"{1,2}"¦[1,"x"]¦1¦{"a":1}¦[[1],[2,3]]¦null¦"x"'),
  (15, 'pair', '"(1,z)"¦{"x":"q"}¦null'),
  (19, 'percent', '5¦"5"¦101¦null¦"x"'),
  (20, 'given', '"x"¦null¦""'),
  (21, 'date', '"2021-02-28"¦"2021-02-29"¦"28/02/2021"¦20210228¦""¦"infinity"¦true'),
  (22, 'timestamptz', '"2021-02-28T10:00:00Z"¦"2021-02-28"¦1614506400¦"2021-02-28T10:00:00.1234567+05:30"'),
  (23, 'uuid', '"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"¦1'),
  (24, 'bytea', '"\\x00ff"¦"abc"¦"\\xZZ"¦1'),
  (25, 'interval', '"1 day"¦5¦"x"'),
  (26, 'int4range', '"[1,5)"¦[1,5]')
) t(n, type, inputs), unnest(string_to_array(inputs, '¦')) i) c GROUP BY n, type ORDER BY n;

-- ---- Strings that only JSON can hold ----
\pset format unaligned
\pset tuples_only
CREATE TABLE t (id int PRIMARY KEY, v text, j json);
CREATE FUNCTION pg_temp.try(target regclass, rows json) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  answer json := ferry.insert_batch(target, rows);
BEGIN
  RETURN NEXT concat_ws(' ', answer->>'received', 'received', answer->>'inserted', 'inserted', answer->>'rejected', 'rejected');
  RETURN QUERY SELECT concat_ws(' ', e->>'pointer', e->>'code', e->>'sqlstate') FROM json_array_elements(answer->'errors') e;
END
$$;
SELECT pg_temp.try('t', '[{"id": 1, "v": "a\u0000b"}, {"id": 2, "v": "\ud800"}, {"id": 3, "v": "\udc00x"}, {"id": 4, "v": "\ud83d\ude00"}, {"id": 5, "v": "\ud800\ud800"}, {"id": 6, "v": "\uD83D\uDE00\u00E9"}]');
SELECT id, convert_to(v, 'UTF8') FROM t ORDER BY id;
-- In a json column they are what the caller wrote.
SELECT pg_temp.try('t', '[{"id": 11, "j": {"k": "\u0000"}}, {"id": 12, "j": ["\ud800"]}]');
SELECT id, j FROM t WHERE j IS NOT NULL ORDER BY id;
-- In a key they are one row's error.
SELECT pg_temp.try('t', '[{"id": 21, "\u0000": 1}, {"id": 22, "\ud800": 1}, {"\u0069\u0064": 23}]');
SELECT id FROM t WHERE id > 20;
-- Control characters, white space and long strings.
SELECT pg_temp.try('t', E' [\n{ "id"\t:\r31 , "v":"\\u0001\\u001f\\t\\n" } ,{"id":32,"v":"x"}\n] ');
SELECT id, encode(convert_to(v, 'UTF8'), 'hex') FROM t WHERE id BETWEEN 31 AND 39 ORDER BY id;
SELECT pg_temp.try('t', json_build_array(json_build_object('id', 41, 'v', repeat('é€"\', 700000)), json_build_object('id', 'x', 'v', repeat('y', 5000000))));
SELECT length(v), md5(v) = md5(repeat('é€"\', 700000)) AS same FROM t WHERE id = 41;
SELECT max(length(raw)) > 5000000 AS whole FROM ferry.rejects;
-- Deep values are taken; no depth hurts the server.
SELECT pg_temp.try('t', ('[{"id": 51, "j": ' || repeat('[', 500) || repeat(']', 500) || '}]')::json);
SELECT length(j::text) FROM t WHERE id = 51;
DO $$
BEGIN
  PERFORM ferry.insert_batch('t', ('[{"id": 52, "j": ' || repeat('[', d) || repeat(']', d) || '}]')::json) FROM unnest('{3000,1000000}'::int[]) d;
EXCEPTION WHEN statement_too_complex OR invalid_parameter_value OR invalid_text_representation OR program_limit_exceeded THEN
  RAISE NOTICE 'refused';
END
$$;
-- ---- Duplicates inside the batch ----
SELECT pg_temp.try('t', '[{"id": 61}, {"id": 61}, {"id": 62}, {"id": 61}, {"id": 1}]');
SELECT pg_temp.try('t', '[{"id": "x"}, {"id": 4}, {"id": 71, "nope": 1}, {"id": 71}, {"v": 1}]');
-- ---- Domains that are not null, absent and null ----
CREATE TABLE d (a int, g given);
CREATE TABLE d2 (a int, g given DEFAULT 'there');
SELECT a->>'inserted' AS inserted, a->>'rejected' AS rejected FROM ferry.insert_batch('d', '[{"a": 1}, {"a": 2, "g": null}, {"a": 3, "g": ""}]') a;
SELECT a->>'inserted' AS inserted, a->>'rejected' AS rejected FROM ferry.insert_batch('d2', '[{"a": 1}, {"a": 2, "g": null}]') a;
TABLE d; TABLE d2;
-- ---- A row's own columns: no order, any subset, later rows another one ----
CREATE TABLE c (id int GENERATED BY DEFAULT AS IDENTITY, a int DEFAULT 1, b text DEFAULT 'b', at timestamptz DEFAULT now());
SELECT pg_temp.try('c', '[{"b": "x", "a": 5}, {"a": 6}, {}, {"id": 100, "at": "2021-01-01Z"}, {"b": null}]');
SELECT id < 100 AS generated, a, b, at IS NOT NULL AS at FROM c ORDER BY id;
-- ---- Many errors, each once ----
SELECT (ferry.insert_batch('t', (SELECT json_agg(json_build_object('id', 'x' || i, 'v', i, 'no', i)) FROM generate_series(1, 1000) i)))->>'rejected';
SELECT count(*), count(DISTINCT r.reject_id) FROM ferry.rejects r JOIN ferry.reject_errors e USING (reject_id) WHERE load_id = (SELECT max(load_id) FROM ferry.loads);

DROP TABLE t, d, d2, c;
DROP DOMAIN percent, given;
DROP TYPE pair;
RESET search_path;
DROP SCHEMA batch_values;
DROP EXTENSION pg_ferry;
