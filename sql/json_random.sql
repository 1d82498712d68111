-- Random JSON values, from a fixed seed, into columns of many types: insert_batch must store what json_populate_record
-- makes of each, and refuse what it refuses with the same SQLSTATE. Nothing is printed but differences, each with the value
-- that shows it.
\set VERBOSITY terse
SET client_min_messages = error;
CREATE EXTENSION pg_ferry;
CREATE SCHEMA json_random;
SET search_path = json_random;
SET TimeZone = 'America/St_Johns';
SET DateStyle = 'ISO, DMY';
\pset tuples_only
\pset format unaligned
SELECT setseed(0.20211107);
CREATE TYPE mood AS ENUM ('sad', 'so, so', '1', 'true');
CREATE DOMAIN percent AS int CHECK (VALUE BETWEEN 0 AND 100);
CREATE DOMAIN code AS varchar(4) CHECK (VALUE <> 'bad');
CREATE DOMAIN percents AS percent[] CHECK (cardinality(VALUE) < 3);
CREATE TYPE pair AS (a int, b text);
CREATE TYPE mixed AS (p pair, list int[], doc json, part percent, at date);
CREATE DOMAIN whole_pair AS pair CHECK ((VALUE).a IS NOT NULL);

CREATE FUNCTION pg_temp.below(n int) RETURNS int LANGUAGE sql VOLATILE AS $$SELECT floor(random() * n)::int$$;
CREATE FUNCTION pg_temp.pick(VARIADIC choices text[]) RETURNS text LANGUAGE plpgsql AS $$BEGIN RETURN choices[1 + floor(random() * cardinality(choices))::int]; END$$;
CREATE FUNCTION pg_temp.digits(n int) RETURNS text LANGUAGE plpgsql AS $$BEGIN RETURN (SELECT coalesce(string_agg(pg_temp.below(10)::text, ''), '') FROM generate_series(1, n)); END$$;
CREATE FUNCTION pg_temp.blank() RETURNS text LANGUAGE plpgsql AS $$BEGIN RETURN CASE WHEN random() < 0.85 THEN '' ELSE pg_temp.pick(' ', '  ', E'\t', E'\n', E'\r\n') END; END$$;
CREATE FUNCTION pg_temp.any_number() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN CASE pg_temp.below(5)
    WHEN 0 THEN pg_temp.pick('0', '-0', '1', '-1', '2', '100', '101', '32767', '32768', '-32769', '2147483647', '2147483648', '-2147483648', '9007199254740993', '9223372036854775807', '9223372036854775808', '-9223372036854775809', '1e400', '-1E400', '1e-400', '1.0', '-0.0', '1e0', '1e2', '16777217', '3.4028235e38', '3.5e38', '1.8e308', '1e131072', '20210228', '4.9e-324', '0e999999999')
    WHEN 1 THEN pg_temp.below(300)::text
    WHEN 2 THEN pg_temp.pick('', '-') || (1 + pg_temp.below(9)) || pg_temp.digits(pg_temp.below(25))
    WHEN 3 THEN pg_temp.pick('', '-') || pg_temp.below(2000) || '.' || pg_temp.below(10) || pg_temp.digits(pg_temp.below(20))
    ELSE pg_temp.below(100) || pg_temp.pick('', '.5', '.25000') || pg_temp.pick('e', 'E') || pg_temp.pick('', '-', '+') || pg_temp.below(pg_temp.pick('5', '40', '400')::int) END;
END
$$;
-- What stands between the quotes of a string: pieces as they are, and escaped in any of the ways that there are.
CREATE FUNCTION pg_temp.any_inside() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN (SELECT coalesce(string_agg(CASE WHEN random() < 0.5
      THEN pg_temp.pick('a', 'b', ' ', '  ', '1', '-', '.', ',', '{', '}', '[', ']', '(', ')', ':', '/', '''', 'é', '漢', '🚢', 'null', 'NULL', 't', '%', '')
      ELSE pg_temp.pick('\"', '\\', '\/', '\b', '\f', '\n', '\r', '\t', '\u0041', '\u00e9', '\u6F22', '\ud83d\udea2', '\uD83D\uDEA2', '\u0001', '\u001f', '\u007f', '\u2028', '\uffff', '\\u0041', '\\\"')
    END, ''), '') FROM generate_series(1, pg_temp.below(6)));
END
$$;
CREATE FUNCTION pg_temp.any_string() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN '"' || CASE pg_temp.below(9)
    WHEN 0 THEN pg_temp.pick('', ' ', '  ', '\t', '\u0009') || pg_temp.any_number() || pg_temp.pick('', '', ' ', '\n')
    WHEN 1 THEN pg_temp.pick('true', 'false', 't', 'f', 'yes', 'no', 'on', 'off', 'TRUE', ' t ', 'tr', '1', '0', '\u0074rue', 'null', 'NULL', 'NaN', 'Infinity', '-infinity', 'inf')
    WHEN 2 THEN (date '2020-02-20' + pg_temp.below(400))::text || pg_temp.pick('', '', ' 10:30', 'T23:59:60Z', 't10:30:15.1234567+05:30', ' 24:00', ' BC', 'T10:30 Europe/Rome', '\u0020')
    WHEN 3 THEN pg_temp.pick('2021-02-29', '2021-13-01', '28/2/2021', '2/28/2021', 'epoch', 'now and then', '2021-02-28T25:00Z', '10:30', '10:30:15.5', '24:00:01', '1 day', 'P1Y2M', '-3 hours', '1 fortnight')
    WHEN 4 THEN pg_temp.pick('sad', 'so, so', 'SAD', 'bad', 'abcd', 'abcde', 'abcd  ', '\u0073ad', 'a\"b')
    WHEN 5 THEN pg_temp.pick('{1,2}', '{1,NULL}', '{{1},{2}}', '{1', '{}', '{101}', '(1,x)', '(,)', '(1,\"a b\")', '(x,y)', '(\"(1,b)\",\"{1}\",,5,)', '[1,5)', '[5,1]', 'empty')
    WHEN 6 THEN pg_temp.pick('\\x00ff', '\\xzz', '\\001', '\\\\', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'A0EEBC999C0B4EF8BB6D6BB9BD380A11', 'a0eebc99', '1.2.3.4', '1.2.3.4/24', '::1', '101', '10', '<a/>')
    ELSE pg_temp.any_inside() END || '"';
END
$$;
-- A value of any shape, nested to a few levels; keys are those of the composites, most of the time.
CREATE FUNCTION pg_temp.any_json(depth int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  kind float := random();
BEGIN
  RETURN CASE
    WHEN kind < 0.05 THEN 'null'
    WHEN kind < 0.12 THEN pg_temp.pick('true', 'false')
    WHEN kind < 0.37 THEN pg_temp.any_number()
    WHEN kind < 0.75 OR depth = 0 THEN pg_temp.any_string()
    WHEN kind < 0.88 THEN '[' || pg_temp.blank() || (SELECT coalesce(string_agg(pg_temp.any_json(depth - 1) || pg_temp.blank(), ',' || pg_temp.blank()), '') FROM generate_series(1, pg_temp.below(4))) || ']'
    ELSE '{' || pg_temp.blank() || (SELECT coalesce(string_agg('"' || pg_temp.pick('a', 'b', 'p', 'list', 'doc', 'part', 'at', '\u0061', 'A', '', 'é', '\"') || '"' || pg_temp.blank() || ':' || pg_temp.blank() || pg_temp.any_json(depth - 1) || pg_temp.blank(), ','), '') FROM generate_series(1, pg_temp.below(4))) || '}' END;
END
$$;
-- A value that has the form of the type, now and then with something else inside.
CREATE FUNCTION pg_temp.fitting(type text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN CASE
    WHEN random() < 0.1 THEN pg_temp.any_json(1)
    WHEN type = 'whole_pair' THEN pg_temp.fitting('pair')
    WHEN type = 'percents' THEN pg_temp.fitting('percent[]')
    WHEN type LIKE '%[]' THEN CASE WHEN random() < 0.2 THEN '[[' || pg_temp.fitting(left(type, -2)) || '],[' || pg_temp.fitting(left(type, -2)) || ']]'
      ELSE '[' || (SELECT coalesce(string_agg(pg_temp.fitting(left(type, -2)), ',' || pg_temp.blank()), '') FROM generate_series(1, pg_temp.below(4))) || ']' END
    WHEN type = 'pair' THEN '{' || pg_temp.blank() || '"b":' || pg_temp.fitting('text') || pg_temp.blank() || CASE WHEN random() < 0.8 THEN ',"a" :' || pg_temp.fitting('int4') ELSE '' END || '}'
    WHEN type = 'mixed' THEN format('{"p":%s,"list":%s,"doc":%s,"part":%s,"at":%s}', pg_temp.fitting('pair'), pg_temp.fitting('int4[]'), pg_temp.any_json(2), pg_temp.fitting('percent'), pg_temp.fitting('date'))
    WHEN type IN ('date', 'timestamptz', 'timestamp') THEN '"' || (date '2020-02-20' + pg_temp.below(400))::text || CASE type WHEN 'date' THEN '' ELSE 'T' || lpad(pg_temp.below(26)::text, 2, '0') || ':30:00' || pg_temp.pick('', 'Z', '-03:30', '+0545') END || '"'
    WHEN type = 'mood' THEN pg_temp.pick('"sad"', '"so, so"', '1', 'true', '"1"')
    WHEN type IN ('int2', 'int4', 'int8', 'percent') THEN pg_temp.below(pg_temp.pick('100', '100', '70000')::int)::text
    ELSE pg_temp.any_json(0) END;
END
$$;

CREATE TABLE types AS SELECT type FROM unnest('{bool,int2,int4,int8,float4,float8,numeric,"numeric(6,2)",text,varchar(4),char(4),json,jsonb,date,time,timestamp,timestamptz,"timestamptz(1)",interval,uuid,bytea,inet,varbit,oid,int4range,mood,percent,code,percents,int4[],text[],"numeric(4,1)[]",json[],percent[],mood[],pair[],pair,mixed,whole_pair}'::text[]) type;
CREATE TABLE inputs AS SELECT type, row_number() OVER (PARTITION BY type) AS i, CASE WHEN random() < 0.6 THEN pg_temp.fitting(type) ELSE pg_temp.any_json(3) END AS input FROM types, generate_series(1, 400);
-- What the server makes of each value alone.
CREATE TABLE expected (type text, i int, stored text, state text);
CREATE FUNCTION pg_temp.populate_all(of_type text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TYPE one AS (v %s)', of_type);
  EXECUTE $q$
    CREATE FUNCTION pg_temp.populate(input text, OUT stored text, OUT state text) LANGUAGE plpgsql AS $f$
    BEGIN
      stored := (json_populate_record(NULL::json_random.one, ('{"v":' || input || '}')::json)).v::text;
    EXCEPTION WHEN OTHERS THEN
      state := SQLSTATE;
    END
    $f$ $q$;
  INSERT INTO expected SELECT type, n.i, p.* FROM inputs n, pg_temp.populate(input) p WHERE type = of_type;
  DROP FUNCTION pg_temp.populate(text);
  DROP TYPE one;
END
$$;
-- All values of a type in one batch.
CREATE TABLE got (type text, i int, stored text, state text);
CREATE FUNCTION pg_temp.insert_all(of_type text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  answer json;
BEGIN
  EXECUTE format('CREATE TABLE many (i int, v %s)', of_type);
  answer := ferry.insert_batch('many', (SELECT ('[' || string_agg(format('{"i":%s%s,%s"v":%s}', n.i, pg_temp.blank(), pg_temp.blank(), input), ',' ORDER BY n.i) || ']')::json FROM inputs n WHERE type = of_type));
  INSERT INTO got SELECT of_type, (e ->> 'index')::int + 1, NULL, string_agg(e ->> 'sqlstate', ' ') FROM json_array_elements(answer -> 'errors') e GROUP BY 2;
  EXECUTE 'INSERT INTO got SELECT $1, i, v::text FROM many' USING of_type;
  DROP TABLE many;
END
$$;
DO $$
DECLARE
  t text;
BEGIN
  FOR t IN SELECT type FROM types LOOP
    PERFORM pg_temp.populate_all(t);
    PERFORM pg_temp.insert_all(t);
  END LOOP;
END
$$;
-- Two differences are meant. What goes to a column of type json stays as it was written; the server takes a string's
-- escapes apart and writes it anew.
UPDATE got SET stored = to_json(stored::json #>> '{}')::text WHERE type = 'json' AND stored LIKE '"%';
-- A number, true or false for a column of a composite type is refused, but in the words of the type's input function.
UPDATE got g SET state = '22023' FROM inputs n WHERE (g.type, g.i) = (n.type, n.i) AND g.type IN ('pair', 'mixed', 'whole_pair') AND input ~ '^[-0-9tf]' AND state = '22P02';
SELECT type, to_json(input), e.stored AS populated, e.state, g.stored, g.state FROM inputs n LEFT JOIN expected e USING (type, i) LEFT JOIN got g USING (type, i)
WHERE (e.stored, e.state) IS DISTINCT FROM (g.stored, g.state) OR g.i IS NULL OR e.i IS NULL ORDER BY length(input), input LIMIT 20;
-- Enough of either kind, or nothing was shown.
SELECT type, count(*) FILTER (WHERE state IS NULL) AS stored, count(*) FILTER (WHERE state IS NOT NULL) AS refused FROM expected GROUP BY 1
HAVING count(*) FILTER (WHERE state IS NULL) < 20 OR type NOT IN ('text', 'json', 'jsonb') AND count(*) FILTER (WHERE state IS NOT NULL) < 20;
SELECT count(*), count(*) FILTER (WHERE state IS NULL) > 4000 AS stored, count(*) FILTER (WHERE state IS NOT NULL) > 4000 AS refused FROM got;

DROP SCHEMA json_random CASCADE;
DROP EXTENSION pg_ferry;
