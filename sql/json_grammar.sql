-- The JSON grammar of the row reader beside the server's own. What type json accepts the scanner accepts, what it refuses
-- the scanner refuses, at the byte that is wrong. Nothing is printed but differences, each with the text that shows it.
\getenv module FERRY_TEST_MODULE
\getenv source PG_ABS_SRCDIR
\set file :source '/test/json_cases.txt'
\set lines `cat :'file'`
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE SCHEMA json_grammar;
SET search_path = json_grammar;
-- NULL for a text that is well formed.
CREATE FUNCTION fault(bytea) RETURNS bigint LANGUAGE c STRICT AS :'module', 'ferry_test_json_fault';
-- What the server says of it: NULL, or its SQLSTATE and the line up to the end of the piece that it stumbled over.
CREATE FUNCTION refusal(input bytea, OUT state text, OUT seen text) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM convert_from(input, 'UTF8')::json;
EXCEPTION WHEN data_exception THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, seen = PG_EXCEPTION_CONTEXT;
  seen := substring(seen FROM '^JSON data, line 1: ([^\n]*)');
END
$$;
CREATE FUNCTION shown(bytea) RETURNS text LANGUAGE sql AS $$SELECT encode($1, 'escape')$$;
CREATE FUNCTION decoded(written text) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
  piece text; bytes bytea := '';
BEGIN
  FOR piece IN SELECT m[1] FROM regexp_matches(written, '%[0-9A-F]{2}|[^%]+', 'g') m LOOP
    bytes := bytes || CASE WHEN piece ~ '^%' THEN decode(substr(piece, 2), 'hex') ELSE convert_to(piece, 'UTF8') END;
  END LOOP;
  RETURN bytes;
END
$$;
CREATE TABLE cases AS
  SELECT n, line ~ '^y' AS good, decoded(replace(substr(line, 3), '¦', '')) AS input, octet_length(decoded(split_part(substr(line, 3), '¦', 1))) AS fault
  FROM string_to_table(:'lines', E'\n') WITH ORDINALITY t(line, n) WHERE line ~ '^[yn] ';
SELECT count(*) FILTER (WHERE good) > 100 AS good, count(*) FILTER (WHERE NOT good) > 300 AS bad FROM cases;

-- The verdict in the list is the server's, and ours.
SELECT shown(input), good, r.state, f AS ours FROM cases, refusal(input) r, fault(input) f
WHERE good <> (r.state IS NULL) OR good <> (f IS NULL) OR NOT good AND f <> fault ORDER BY n;
-- The byte that we name is in the last piece that the server read, or right behind it. (It shows lines of up to 50 bytes
-- whole, and says nothing where the encoding is wrong.)
CREATE TABLE places AS
  SELECT shown(input) AS input, f, convert_to(r.seen, 'UTF8') AS seen FROM cases, refusal(input) r, fault(input) f
  WHERE NOT good AND r.state = '22P02' AND octet_length(input) < 50 AND position('\x0a'::bytea IN input) = 0;
SELECT count(*) > 250 AS many FROM places;
SELECT input, f, shown(seen) FROM places
WHERE f > octet_length(seen) OR position('"'::bytea IN substr(seen, f::int + 1)) = 0 AND shown(substr(seen, f::int + 2)) ~ '[][{}:, ]' ORDER BY 1;

-- Every beginning of every case.
CREATE FUNCTION differs(input bytea) RETURNS bool LANGUAGE sql AS $$SELECT ((refusal(input)).state IS NULL) <> (fault(input) IS NULL)$$;
SELECT DISTINCT shown(b) FROM cases, generate_series(0, octet_length(input) - 1) size, substr(input, 1, size) b WHERE differs(b);
-- A document with something of everything: any byte in any place, each byte left out, each there twice.
SELECT input AS document FROM cases ORDER BY n DESC LIMIT 1 \gset
CREATE TABLE changed AS
  SELECT set_byte(d, at, byte) AS input FROM CAST(:'document' AS bytea) d, generate_series(0, octet_length(d) - 1) at, generate_series(0, 255) byte
  UNION ALL SELECT substr(d, 1, at - k) || substr(d, at + k) FROM CAST(:'document' AS bytea) d, generate_series(1, octet_length(d)) at, generate_series(0, 1) k;
SELECT shown(input) FROM changed WHERE differs(input) LIMIT 20;
SELECT count(*) FILTER (WHERE fault(input) IS NULL) > 1000 AS good, count(*) FILTER (WHERE fault(input) IS NOT NULL) > 20000 AS bad FROM changed;
-- Texts of random pieces, from a fixed seed: short enough that many are well formed.
SELECT setseed(0.20211107);
CREATE FUNCTION any_text() RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
  pieces CONSTANT text[] := '{[,],[,],"{","}","{","}",",",",",:,:,"\"a\":","\"\"",0,1,-1,-,1.5,1e3,E,+,true,null,fals,"\"","\\","\\u","\\\"","\\n",\\u00e9,d83d,"\t","\n"," ",é,/,_,[],"{}","[1,2]","{\"a\":1}"}';
  input text := '';
BEGIN
  FOR i IN 1 .. 1 + floor(random() * 7) LOOP
    input := input || pieces[1 + floor(random() * cardinality(pieces))::int];
  END LOOP;
  RETURN convert_to(CASE floor(random() * 4) WHEN 0 THEN input WHEN 1 THEN '[' || input || ']' WHEN 2 THEN '{"k":' || input || '}' ELSE '["' || input || '"]' END, 'UTF8');
END
$$;
CREATE TABLE random_texts AS SELECT any_text() AS input FROM generate_series(1, 20000);
SELECT shown(input) FROM random_texts WHERE differs(input) ORDER BY length(input) LIMIT 20;
-- Enough of either kind, or nothing was shown.
SELECT count(*) FILTER (WHERE fault(input) IS NULL) > 2000 AS good, count(*) FILTER (WHERE fault(input) IS NOT NULL) > 10000 AS bad FROM (SELECT DISTINCT input FROM random_texts) t;

-- Depth is the one thing that is not the server's: ours ends at 512 levels, its own with the stack.
SELECT d, fault(convert_to(repeat('[', d) || repeat(']', d), 'UTF8')), (refusal(convert_to(repeat('[', d) || repeat(']', d), 'UTF8'))).state FROM unnest('{511,512,513,2000}'::int[]) d;

DROP SCHEMA json_grammar CASCADE;
