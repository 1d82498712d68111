-- ferry.insert_batch at its edges, one test each. Empty, full and overfull batches, modes and rows that are no objects are in
-- insert_batch, strings that only JSON can hold in batch_values, partitions in any_table, other targets than tables in bad_input.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
RESET client_min_messages;
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, DMY';
CREATE SCHEMA batch_edges;
SET search_path = batch_edges, public;
\pset format unaligned
\pset tuples_only
-- Counts and keys, then a line for every error.
CREATE FUNCTION pg_temp.try(target regclass, rows json, unknown text DEFAULT NULL, strict bool DEFAULT NULL, mode text DEFAULT NULL) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  answer json := ferry.insert_batch(target, rows, mode, unknown => unknown, strict => strict);
BEGIN
  RETURN NEXT format('%s received, %s inserted, %s rejected, keys %s', answer->>'received', answer->>'inserted', answer->>'rejected', answer->>'keys');
  RETURN QUERY SELECT concat_ws(' ', e->>'pointer', e->>'column', e->>'code', e->>'sqlstate', e->>'constraint', '[' || (e->>'value') || ']') FROM json_array_elements(answer->'errors') e;
END
$$;
CREATE FUNCTION pg_temp.refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text; hint text;
BEGIN
  EXECUTE statement;
  RETURN 'not refused';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(E'\n', SQLSTATE || ': ' || SQLERRM, 'DETAIL: ' || NULLIF(detail, ''), 'HINT: ' || NULLIF(hint, ''));
END
$$;
-- One JSON value into a column of one type: what json_populate_record stores, and what insert_batch does.
CREATE FUNCTION pg_temp.populated(type text, input text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  got text;
BEGIN
  EXECUTE format('CREATE TEMP TABLE one (v %s)', type);
  EXECUTE 'INSERT INTO one SELECT (json_populate_record(NULL::one, $1)).v' USING ('{"v": ' || input || '}')::json;
  SELECT coalesce(v::text, 'NULL') INTO got FROM one;
  DROP TABLE one;
  RETURN got;
EXCEPTION WHEN OTHERS THEN
  RETURN 'error ' || SQLSTATE;
END
$$;
CREATE FUNCTION pg_temp.inserted(type text, input text, strict bool DEFAULT false) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  answer json; got text;
BEGIN
  EXECUTE format('CREATE TEMP TABLE one (v %s)', type);
  answer := ferry.insert_batch('one', ('[{"v": ' || input || '}]')::json, strict => strict);
  SELECT coalesce(v::text, 'NULL') INTO got FROM one;
  DROP TABLE one;
  RETURN coalesce(got, (SELECT 'error ' || string_agg(e->>'sqlstate', ' ') FROM json_array_elements(answer->'errors') e));
END
$$;
-- Each pair of a type and a JSON value, and what json_populate_record does where that is something else.
CREATE FUNCTION pg_temp.short(answer text) RETURNS text LANGUAGE sql AS $$SELECT CASE WHEN length(answer) > 120 THEN left(answer, 20) || ' ... ' || length(answer) || ' characters' ELSE answer END$$;
CREATE FUNCTION pg_temp.beside(type text, inputs text, OUT of_type text, OUT json text, OUT insert_batch text, OUT json_populate_record text) RETURNS SETOF record LANGUAGE sql AS $$
  SELECT type, i, pg_temp.short(b), CASE WHEN b = s THEN 'same' ELSE pg_temp.short(s) END FROM unnest(string_to_array(inputs, '¦')) i, pg_temp.inserted(type, i) b, pg_temp.populated(type, i) s
$$;
\pset tuples_only off
\pset footer off

-- ---- Values of the wrong form, side by side with json_populate_record ----
-- true, 1 and "1" are not the same: a boolean takes all three, an integer only numbers.
SELECT * FROM pg_temp.beside('boolean', 'true¦1¦"1"¦"yes"¦0¦-0¦1.0¦1e0¦2¦"tru"¦"TRUE"¦""¦" t "¦{}¦[true]');
SELECT * FROM pg_temp.beside('integer', 'true¦1¦"1"¦"true"¦" 1 "¦"+1"¦1.0¦1e2¦-0¦2147483647¦2147483648¦""¦{}¦[1]');
-- Exact numerics keep every digit and their scale, whatever a double could hold.
SELECT * FROM pg_temp.beside('numeric', '9007199254740993¦0.1000000000000000055511151231257827¦1e400¦-1e-400¦-0¦-0.00¦1.0e-3¦1E+2¦100000000000000000000000000000000000000001.10¦true');
SELECT * FROM pg_temp.beside('bigint', '9007199254740993¦-9223372036854775808¦9223372036854775808¦9007199254740993.0¦1e18¦1e400');
SELECT * FROM pg_temp.beside('double precision', '9007199254740993¦1e308¦1e309¦1e400¦1e-400¦-0¦-0.0¦0.1');
-- Numbers, booleans and whole documents into text are what was written.
SELECT * FROM pg_temp.beside('text', '1e2¦-0¦1.50¦9007199254740993¦true¦null¦"null"¦""¦{ "b" : 1,  "a":[ ] }¦[1 ,2 ]¦"\u00e9\t\/"');
-- A json column keeps what was written, blanks and order and escapes; a jsonb column its meaning. Strings that are no text
-- are refused with our own code, alone or in either; inside of a document of type json they are what was written.
SELECT * FROM pg_temp.beside('json', '{ "b" : 1,  "a":[ ], "b":"\u00e9\/" }¦[1.50 , -0,1E400]¦"\u0000\ud800"¦{"\u0000":"\ud800"}¦null¦"null"¦"{}"');
SELECT * FROM pg_temp.beside('jsonb', '{ "b" : 1,  "a":[ ], "b":"\u00e9\/" }¦[1.50 , -0,1E400]¦"\u0000"¦"\ud800"¦{"\u0000":1}¦null¦"null"¦"{}"¦1e200000');
SELECT convert_to(v::text, 'UTF8') = '\x7b0a0922613a223a310d0a7d' AS line_ends_kept FROM (SELECT pg_temp.inserted('json', E'{\n\t"a:":1\r\n}') AS v) t;
-- Arrays: nulls, nesting, elements that do not fit, the literal in a string.
SELECT * FROM pg_temp.beside('int[]', '[]¦[1,null,"3"]¦[[1,2],[3,4]]¦[[1],[2,3]]¦[[1],2]¦[1.5]¦[[]]¦{}¦"{1,NULL}"¦"[1]"¦true');
SELECT * FROM pg_temp.beside('text[]', '["a,b","c\"d","NULL",null,"",1.50,true,{"a": 1},"\u00e9"]¦["\u0000"]¦["\ud800"]');
SELECT * FROM pg_temp.beside('numeric(4,1)[]', '[1.25,999.94]¦[9999]');
SELECT * FROM pg_temp.beside('json[]', '[{"b" :1, "a":2},null,"x",[1, 2]]');
SELECT * FROM pg_temp.beside('date[]', '["2021-02-28"]¦["2021-02-29"]¦[[["2021-01-01"],["2021-01-02"]]]');
-- Composites: by name, in any order, missing is null, strange is passed over, nested. A number is refused in other words.
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TYPE inner_pair AS (x positive, y text);
CREATE TYPE outer_pair AS (p inner_pair, list inner_pair[], doc json, n numeric(5,2));
SELECT * FROM pg_temp.beside('inner_pair', '{"y":"b","x":1}¦{}¦{"x":null}¦{"x":0}¦{"x":"z"}¦{"z":1,"y":true}¦{"X":1}¦{"x":1,"x":2}¦{"y":"\u0000"}¦[1]¦"(1,b)"¦"x"¦1');
SELECT * FROM pg_temp.beside('outer_pair', '{"p":{"x":1,"y":"a, \"b\""},"list":[{"x":2},null],"doc":{"b" : 1,"a":[ ]},"n":1.005}¦{"p":{"x":-1}}¦{"list":[{"x":-1}]}¦{"list":{}}¦{"n":1e5}');
SELECT * FROM pg_temp.beside('inner_pair[]', '[{"x":1},{"y":"z"},"(3,)"]¦[{"x":0}]¦{"x":1}');
-- Domains: their base type's forms, their own rules; over arrays and composites too.
CREATE DOMAIN small AS positive CHECK (VALUE < 10);
CREATE DOMAIN some_ints AS int[] CHECK (cardinality(VALUE) > 0);
CREATE DOMAIN whole_pair AS inner_pair CHECK ((VALUE).y IS NOT NULL);
SELECT * FROM pg_temp.beside('small', '5¦"5"¦0¦10¦5.0¦true¦null');
SELECT * FROM pg_temp.beside('some_ints', '[1,"2"]¦[]¦null¦"{7}"¦["x"]¦1');
SELECT * FROM pg_temp.beside('whole_pair', '{"x":1,"y":"a"}¦{"x":1}¦{"x":-1,"y":"a"}¦null');
SELECT * FROM pg_temp.beside('small[]', '[1,9]¦[10]¦[0]');
-- Enums, ranges, time and bytes from strings; from a number only what its text is.
CREATE TYPE mood AS ENUM ('sad', 'so, so', '1');
SELECT * FROM pg_temp.beside('mood', '"so, so"¦"SAD"¦1¦""¦null');
SELECT * FROM pg_temp.beside('timestamptz', '"2021-01-01T00:00:00Z"¦"2021-01-01T00:00:00+05:30"¦"2021-02-29T00:00:00Z"¦"infinity"¦1609459200¦"1609459200"¦true');
SELECT * FROM pg_temp.beside('daterange', '"[2021-01-01,2021-02-01)"¦"[2021-02-01,2021-01-01)"¦["2021-01-01","2021-02-01"]');
SELECT * FROM pg_temp.beside('bytea', '"\\x00ff"¦"\\xf"¦"\u00e9"');

-- ---- strict: only the column's own form; null and missing as ever ----
SELECT type, string_agg(CASE WHEN s = 'error 42804' THEN '-' ELSE s END, ' | ' ORDER BY n) AS "1 | ""1"" | true | ""true"" | [1] | {""x"":1} | null"
FROM unnest('{boolean,smallint,bigint,real,numeric,oid,small,text,char(4),json,jsonb,int[],some_ints,inner_pair,whole_pair,mood,date,bytea}'::text[]) WITH ORDINALITY t(type, place),
  unnest('{1,"\"1\"",true,"\"true\"",[1],"{\"x\":1}","null"}'::text[]) WITH ORDINALITY i(input, n), pg_temp.inserted(type, input, true) s GROUP BY place, type ORDER BY place;
-- The error says which form was wanted, and where; all else of the row is told as well.
CREATE TABLE strict (id int, at date, tags text[], flag bool NOT NULL, of inner_pair);
SELECT e::text FROM json_array_elements(ferry.insert_batch('strict', '[{"id": "1", "at": "2021-02-29", "tags": "{a}"}]', strict => true) -> 'errors') e;
\pset tuples_only
SELECT pg_temp.try('strict', '[{"id": 1.5, "flag": true}, {"id": 1, "flag": 1}, {"id": null, "flag": false}, {"flag": "f", "of": [1]}, {"flag": true, "of": {"x": "1"}, "tags": [1]}]', strict => true);
SELECT id, at, tags, flag, of FROM strict ORDER BY id;

-- ---- Keys of a row ----
-- unknown => 'ignore' passes over keys that are no column, whatever their value is or how often they come.
CREATE TABLE k (id int PRIMARY KEY, v text, twice int GENERATED ALWAYS AS (id * 2) STORED);
SELECT pg_temp.try('k', '[{"id": 1, "w": {"id": [2]}, "w": 1, "ID": 3, "": 4}, {"ctid": 1, "id": 2}, {"\u0000": 1, "\ud800": 2, "id": 3}, {"w": 1}]', 'ignore');
-- A key given twice stays an error.
SELECT pg_temp.try('k', '[{"id": 4, "id": 4}, {"id": 4, "v": null, "v": null, "w": 1}]', 'ignore');
SELECT pg_temp.try('k', '[{"id": 4, "w": 1, "w": 2, "id": 4}, {"id": 5, "twice": 10, "v": "\u0000"}]');
TABLE k;
SELECT pg_temp.refusal($$SELECT ferry.insert_batch('k', '[{"id": 9}]', unknown => 'keep')$$);
-- The pointer leads to the value that the error tells of, whatever the key is made of.
CREATE TABLE named ("a/b" int, "~1" int, "~0/~" int, "'""\" int, " " int, "é
" int, "{}" int, "%41" int, "0" int);
CREATE FUNCTION pg_temp.at(document json, pointer text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  part text; place json := document;
BEGIN
  FOREACH part IN ARRAY (string_to_array(pointer, '/'))[2:] LOOP
    part := replace(replace(part, '~1', '/'), '~0', '~');
    place := CASE json_typeof(place) WHEN 'array' THEN place -> part::int ELSE place -> part END;
  END LOOP;
  RETURN place #>> '{}';
END
$$;
SELECT json_agg(json_build_object('0', 7, attname, 'x' || attnum) ORDER BY attnum) AS rows FROM pg_attribute WHERE attrelid = 'named'::regclass AND attnum BETWEEN 1 AND 8 \gset
SELECT e -> 'pointer', pg_temp.at(:'rows', e ->> 'pointer') = e ->> 'value' AS found FROM json_array_elements(ferry.insert_batch('named', :'rows') -> 'errors') e;

-- ---- All errors of all rows ----
CREATE TABLE parent (a int, b int, PRIMARY KEY (a, b));
INSERT INTO parent VALUES (1, 1);
CREATE TABLE many (
  id int PRIMARY KEY, code text UNIQUE, a int, b int, n numeric(4,1) NOT NULL CHECK (n > 0), d date, s small, during int4range,
  CONSTRAINT parent_there FOREIGN KEY (a, b) REFERENCES parent, CONSTRAINT in_order CHECK (a <= b), CONSTRAINT apart EXCLUDE USING gist (during WITH &&));
SELECT pg_temp.try('many', '[
  {"id": 1, "code": "x", "a": 1, "b": 1, "n": 1, "during": "[1,5)"},
  {"id": 1, "code": "x", "a": 3, "b": 2, "n": 0, "s": 11, "d": "2021-02-29"},
  {"id": "x", "code": "x", "n": null, "d": "soon", "s": "x", "no": 1, "a": 1, "a": 1},
  {"id": 1, "code": "x", "n": 1, "a": 5, "b": 6},
  {"id": 2, "n": 99999, "during": "[4,6)"},
  {"id": 3, "n": 1, "during": "[4,6)"},
  {"n": true},
  7,
  {"id": 4, "n": 2.25, "a": 9, "during": "[5,6)"}]');
SELECT id, code, n, during FROM many ORDER BY id;
-- The answer and the log tell the same.
SELECT ferry.insert_batch('many', '[{"id": "é\u0001", "n": null}, {"id": 5, "n": "\"\\\n", "code": "\ud800", "a/b": 1}, {"id": 1, "n": 1, "a": 7, "b": 8}]') AS answer \gset
SELECT count(*), bool_and((e.record_number, e.class, e.sqlstate, e.message) = ((a.e ->> 'index')::int + 1, a.e ->> 'code', a.e ->> 'sqlstate', a.e ->> 'message') AND
  (e.column_name, e.constraint_name, e.value, e.hint) IS NOT DISTINCT FROM (a.e ->> 'column', a.e ->> 'constraint', a.e ->> 'value', a.e ->> 'hint')) AS alike
FROM json_array_elements(:'answer'::json -> 'errors') WITH ORDINALITY a(e, i)
  FULL JOIN (SELECT *, row_number() OVER (ORDER BY record_number, ordinal) AS i FROM ferry.rejects JOIN ferry.reject_errors USING (reject_id) WHERE load_id = (:'answer'::json ->> 'load')::bigint) e USING (i);

-- ---- Duplicates inside the batch ----
-- The first good row of a key has it, for every unique key by itself; nulls are not equal.
CREATE TABLE once (id int PRIMARY KEY, a text, b int, UNIQUE (a, b));
CREATE UNIQUE INDEX lower_a ON once (lower(a)) WHERE b IS NULL;
SELECT pg_temp.try('once', '[{"id": 1, "a": "x", "b": 1}, {"id": 2, "a": "x", "b": 1}, {"id": "2", "a": "x", "b": 2}, {"id": 2.0, "a": "y"}, {"id": 3, "b": 1}, {"id": 4, "b": 1}, {"id": 5, "a": "Z"}, {"id": 6, "a": "z"}, {"id": 1, "a": "Z"}]');

-- ---- Identity and generated columns ----
-- Identity ALWAYS: missing is numbered, given is taken as COPY does, and the next number is past it; null is an error.
CREATE TABLE numbered (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v int);
SELECT pg_temp.try('numbered', '[{"v": 1}, {"id": 9007199254740993, "v": 2}, {"id": null}, {"v": 3}]');
SELECT pg_temp.try('numbered', '[{"v": 4}]');
-- A generated column is made from what came; where it cannot be made, or breaks a rule, that is the row's error.
CREATE TABLE made (a int, b int, share int GENERATED ALWAYS AS (a / b) STORED PRIMARY KEY, CONSTRAINT not_9 CHECK (share <> 9));
SELECT pg_temp.try('made', '[{"a": 6, "b": 3}, {"a": 1, "b": 0}, {"a": 1}, {"a": 9, "b": 1}, {"a": 4, "b": 2}, {"a": 8, "b": 1}]');

-- ---- Keys in the answer ----
-- Integers as numbers to the last digit, the rest as text, composite keys as objects in the key's order.
CREATE TABLE keys (u uuid, t text, day date, big bigint, PRIMARY KEY (t, big, day, u));
SELECT (ferry.insert_batch('keys', '[{"u": "A0EEBC999C0B4EF8BB6D6BB9BD380A11", "t": "\"\u0001é", "day": "1.2.2021", "big": 9007199254740993}]')) ->> 'keys';
-- A primary key that may be checked late names its rows like any other.
CREATE TABLE late (id int, v int UNIQUE, PRIMARY KEY (id) DEFERRABLE);
SELECT pg_temp.try('late', '[{"id": 2, "v": 1}, {"id": 2, "v": 2}, {"id": 1, "v": 1}, {"id": 1, "v": 2}]');
-- In the order of the rows, with defaults that are made row by row and rows refused in between.
CREATE SEQUENCE numbers INCREMENT 10;
CREATE TABLE defaulted (tag text DEFAULT 'tag ' || nextval('numbers'), n int CHECK (n % 3 > 0), PRIMARY KEY (tag));
SELECT ferry.insert_batch('defaulted', (SELECT json_agg(json_build_object('n', n) ORDER BY n DESC) FROM generate_series(1, 7) n)) -> 'keys' AS keys \gset
SELECT i, key, n FROM json_array_elements_text(:'keys') WITH ORDINALITY k(key, i) FULL JOIN defaulted ON tag = key ORDER BY i;

-- ---- Bytes and depth ----
-- Bytes that are no UTF-8, a byte order mark, a NUL: the type json refuses them before the library is asked.
SELECT input, pg_temp.refusal(format('SELECT ferry.insert_batch(%L, convert_from(%L, %L)::json)', 'k', input, 'UTF8')) FROM unnest('{"\\x5b22ff225d","\\x5b22eda080225d","\\xefbbbf5b7b7d5d","\\x5b2200225d"}'::bytea[]) input;
-- 512 levels are taken, with the array of rows and the row itself; the next is refused as a whole, wherever it stands.
CREATE TABLE deep (id int, doc json, list int[]);
SELECT ferry.insert_batch('deep', format('[{"id": 1, "doc": %s}]', repeat('[', 510) || repeat(']', 510))::json) ->> 'inserted';
SELECT pg_temp.refusal(format('SELECT ferry.insert_batch(%L, %L)', 'deep', format('[{"id": 2}, {"id": 3, "doc": %s}]', repeat('[', 511) || repeat(']', 511))));
SELECT pg_temp.refusal(format('SELECT ferry.insert_batch(%L, %L, unknown => %L)', 'deep', format('[{"id": 2, "nowhere": %s}]', repeat('{"a":', 511) || '1' || repeat('}', 511)), 'ignore'));
-- Brackets in strings are no depth, and an array of seven dimensions is the row's error.
SELECT pg_temp.try('deep', json_build_array(json_build_object('id', 4, 'doc', repeat('[{', 600)), json_build_object('id', 5, 'list', '[[[[[[[1]]]]]]]'::json)));
-- 5 MB in a value, in a value that is too long, in one that is no number, in a key: whole where they are taken, whole in the error.
CREATE TABLE long (id int, v text, short varchar(10));
WITH big AS (SELECT repeat('é"\', 1250000) AS s)
SELECT a ->> 'inserted', e ->> 'sqlstate', length(e ->> 'value'), length(e ->> 'pointer')
FROM big, ferry.insert_batch('long', json_build_array(json_build_object('id', 1, 'v', s), json_build_object('id', s), json_build_object('short', s), json_build_object(s, 1))) a, json_array_elements(a -> 'errors') e;
SELECT octet_length(v), v = repeat('é"\', 1250000) AS same FROM long;
-- A number of 100,000 digits is the row's own matter.
SELECT e ->> 'sqlstate', length(e ->> 'value') FROM json_array_elements((ferry.insert_batch('long', format('[{"id": %s}, {"id": 1%s}]', repeat('9', 100000), repeat('0', 100000))::json)) -> 'errors') e;

-- ---- Wide rows, dropped columns ----
DO $$BEGIN EXECUTE (SELECT format('CREATE TABLE wide (%s)', string_agg(format('c%s int', i), ', ' ORDER BY i)) FROM generate_series(1, 1000) i); END$$;
ALTER TABLE wide DROP COLUMN c1, DROP COLUMN c500, ADD COLUMN c1001 int DEFAULT 7;
SELECT pg_temp.try('wide', (SELECT json_build_array(json_object_agg('c' || i, i ORDER BY i DESC), json_object_agg('c' || i, CASE i % 400 WHEN 0 THEN 'x' ELSE i::text END)) FROM generate_series(2, 1000) i WHERE i <> 500));
SELECT c2, c499, c501, c1000, c1001 FROM wide;
SELECT pg_temp.try('wide', '[{"c1": 1}, {"c500": 1}, {"........pg.dropped.1........": 1}]');

-- ---- What a trigger says, and what the caller may not do ----
-- A trigger's own SQLSTATE, message and hint are the error of its row; the other rows go in.
CREATE TABLE guarded (id int PRIMARY KEY, v text);
CREATE FUNCTION refuse_bad() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.v = 'bad' THEN RAISE EXCEPTION 'row % is "bad"', NEW.id USING ERRCODE = 'P0099', HINT = 'Send a good one.', COLUMN = 'v', CONSTRAINT = 'no_bad'; END IF;
  IF NEW.v = 'zero' THEN PERFORM 1 / 0; END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER refuse_bad BEFORE INSERT ON guarded FOR EACH ROW EXECUTE FUNCTION refuse_bad();
SELECT a ->> 'inserted', a ->> 'keys', e::text FROM ferry.insert_batch('guarded', '[{"id": 1, "v": "good"}, {"id": 2, "v": "bad"}, {"id": 3, "v": "zero"}, {"id": 4}]') a, json_array_elements(a -> 'errors') e;
-- A column that the caller may not insert into must not be named, not even with null; unknown keys are still the row's.
CREATE ROLE regress_ferry_edges;
GRANT USAGE ON SCHEMA batch_edges TO regress_ferry_edges;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ferry TO regress_ferry_edges;
GRANT INSERT (id) ON long TO regress_ferry_edges;
SET ROLE regress_ferry_edges;
SELECT pg_temp.refusal($$SELECT ferry.insert_batch('long', '[{"id": 2}, {"id": 3, "v": null}]')$$);
SELECT pg_temp.refusal($$SELECT ferry.insert_batch('long', '[{"id": 2, "v": "x"}]', unknown => 'ignore')$$);
SELECT pg_temp.try('long', '[{"id": 2}, {}, {"id": 3, "vv": 1}]');
RESET ROLE;
SELECT id, v IS NULL FROM long WHERE id IS DISTINCT FROM 1;
-- A policy's WITH CHECK is the row's error, beside the faults of other rows.
CREATE TABLE owned (id int PRIMARY KEY, owner text DEFAULT current_user, n int CHECK (n > 0));
ALTER TABLE owned ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON owned USING (owner = current_user) WITH CHECK (owner = current_user);
GRANT INSERT, SELECT ON owned TO regress_ferry_edges;
SET ROLE regress_ferry_edges;
SELECT pg_temp.try('owned', '[{"id": 1}, {"id": 2, "owner": "somebody"}, {"id": "x", "owner": "somebody"}, {"id": 3, "n": -1}, {"id": 1}, {"id": 4, "n": 4, "owner": null}, {"id": 5, "n": 5}]');
RESET ROLE;
SELECT id, owner FROM owned ORDER BY id;

-- A domain's own default counts for a missing key, its NOT NULL for a missing value; a null is a null.
CREATE DOMAIN stage AS text DEFAULT 'new' NOT NULL CHECK (VALUE <> '');
CREATE TABLE staged (id int, s stage);
SELECT pg_temp.try('staged', '[{"id": 1}, {"id": 2, "s": null}, {"id": 3, "s": ""}, {"id": 4, "s": "old"}]');
TABLE staged;

-- An atomic batch that fails leaves nothing, and tells no keys.
CREATE TABLE whole (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, v int NOT NULL);
SELECT pg_temp.try('whole', '[{"v": 1}, {"v": null}, {"v": 3}]', mode => 'atomic');
SELECT count(*) FROM whole;

DROP OWNED BY regress_ferry_edges;
DROP ROLE regress_ferry_edges;
SET client_min_messages = warning;
DROP SCHEMA batch_edges CASCADE;
DROP EXTENSION pg_ferry;
