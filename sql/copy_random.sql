-- Random files and random values, from a fixed seed, beside COPY and beside the types' input functions. What COPY takes
-- must be loaded with the same rows in the same order; what it refuses must be refused in the same record, at the same
-- column, with the same SQLSTATE. Nothing is printed but differences, each with the input that shows it.
\set VERBOSITY terse
-- Not warning: each of many loads would say how many of its rows were rejected.
SET client_min_messages = error;
CREATE EXTENSION pg_ferry;
\getenv source PG_ABS_SRCDIR
\set include :source '/sql/include/beside_copy.sql'
\set ECHO none
\i :include
\set ECHO all
\pset tuples_only
\pset format unaligned
SET TimeZone = 'America/St_Johns';
SELECT setseed(0.20211107);
CREATE FUNCTION pg_temp.below(n int) RETURNS int LANGUAGE sql VOLATILE AS $$SELECT floor(random() * n)::int$$;
CREATE FUNCTION pg_temp.pick(VARIADIC choices text[]) RETURNS text LANGUAGE plpgsql AS $$BEGIN RETURN choices[1 + floor(random() * cardinality(choices))::int]; END$$;

-- ---- Files ----
CREATE TYPE dialect AS (delimiter text, quote text, escape text, null_string text, line_end text, header bool, encoding text);
CREATE FUNCTION pg_temp.any_dialect() RETURNS dialect LANGUAGE plpgsql AS $$
DECLARE
  d dialect;
BEGIN
  d.delimiter := pg_temp.pick(',', ',', ',', ';', '|', E'\t', ' ', 'x', '0');
  d.quote := pg_temp.pick('"', '"', '"', '''', 'q', '~');
  d.escape := CASE WHEN random() < 0.6 THEN d.quote ELSE pg_temp.pick('\', '\', 'e', d.delimiter, '|') END;
  d.null_string := pg_temp.pick('', '', '', 'NULL', '\N', '\', ' ', '-', 'n', 'ñ');
  IF d.null_string IN (d.delimiter, d.quote) THEN d.null_string := ''; END IF;
  d.line_end := pg_temp.pick(E'\n', E'\n', E'\r\n', E'\r');
  d.header := random() < 0.2;
  d.encoding := pg_temp.pick('UTF8', 'UTF8', 'UTF8', 'LATIN1', 'WIN1252');
  RETURN d;
END
$$;
-- What may be in a field: words of the dialect, of the types, of Unicode.
CREATE FUNCTION pg_temp.any_piece(d dialect) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN pg_temp.pick('a', 'b', '1', '-7', ' ', '  ', '\', '\.', '\N', 'NULL', d.delimiter, d.quote, d.quote, d.quote || d.quote, d.escape, d.escape || d.quote, d.null_string, 'é', '🚢', '漢', E'\t', '.', 't', '2021-02-28', '1e3', '','''', '"');
END
$$;
CREATE FUNCTION pg_temp.any_text(d dialect, longest int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN (SELECT coalesce(string_agg(pg_temp.any_piece(d), ''), '') FROM generate_series(1, pg_temp.below(longest + 1)));
END
$$;
-- A value for a column of this type, most of the time.
CREATE FUNCTION pg_temp.any_value(d dialect, type text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN CASE WHEN random() < 0.01 THEN pg_temp.any_text(d, 2)
    WHEN type = 'integer' THEN (pg_temp.below(1000) - 500)::text
    WHEN type = 'date' THEN (date '2020-02-20' + pg_temp.below(20))::text
    WHEN type = 'numeric' THEN round((random() * 1000)::numeric, pg_temp.below(5))::text
    WHEN type = 'boolean' THEN pg_temp.pick('t', 'f', 'true', 'no', 'ON')
    WHEN type = 'double precision' THEN (random() * 1e6)::text
    WHEN type = 'timestamp with time zone' THEN (timestamptz '2021-03-14 00:00Z' + random() * interval '1 day')::text
    ELSE pg_temp.any_text(d, 4) || CASE WHEN random() < 0.1 THEN pg_temp.pick(E'\n', E'\r', E'\r\n', E'\n\n') || pg_temp.any_text(d, 2) ELSE '' END END;
END
$$;
-- Written with quotes where they must be, and now and then where they need not.
CREATE FUNCTION pg_temp.written(d dialect, field text, lone bool) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  must bool := field = d.null_string OR lone AND field = '\.' OR strpos(field, d.delimiter) > 0 OR strpos(field, d.quote) > 0 OR field ~ '[\r\n]';
  cut int := pg_temp.below(length(field) + 1);
  inner_text text := field;
BEGIN
  IF NOT must AND random() < 0.7 THEN RETURN field; END IF;
  IF must OR random() < 0.5 THEN
    IF d.escape <> d.quote THEN inner_text := replace(inner_text, d.escape, d.escape || d.escape); END IF;
    RETURN d.quote || replace(inner_text, d.quote, d.escape || d.quote) || d.quote;
  END IF;
  -- A quoted section in the middle of a field: between quotes an escape must be doubled, outside it must not.
  IF strpos(substr(field, cut + 1), d.escape) > 0 THEN RETURN field; END IF;
  RETURN left(field, cut) || d.quote || substr(field, cut + 1) || d.quote;
END
$$;
-- Records that are well written but for one in thirty, or a soup of pieces and line ends.
CREATE FUNCTION pg_temp.any_file(d dialect, types text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  lines text := ''; line text; n int; type text;
BEGIN
  IF random() < 0.25 THEN
    SELECT string_agg(CASE WHEN random() < 0.15 THEN d.line_end WHEN random() < 0.2 THEN d.delimiter ELSE pg_temp.any_piece(d) END, '') INTO lines FROM generate_series(1, 1 + pg_temp.below(60));
    IF cardinality(types) > 1 THEN lines := regexp_replace(ltrim(lines, d.line_end), '(' || d.line_end || ')+', d.line_end, 'g'); END IF;
  ELSE
    FOR n IN 1 .. pg_temp.below(12) LOOP
      line := NULL;
      FOREACH type IN ARRAY types LOOP
        line := coalesce(line || d.delimiter, '') || CASE WHEN random() < 0.1 THEN d.null_string ELSE pg_temp.written(d, pg_temp.any_value(d, type), cardinality(types) = 1) END;
      END LOOP;
      IF random() < 0.01 THEN line := line || d.delimiter || 'more'; END IF;
      IF random() < 0.01 THEN line := pg_temp.written(d, 'few', false); END IF;
      IF random() < 0.01 THEN line := line || d.quote; END IF;
      lines := lines || line || d.line_end;
    END LOOP;
    IF random() < 0.3 THEN lines := left(lines, -length(d.line_end)); END IF;
  END IF;
  -- COPY does not count a quoted line feed in the first record
  IF d.header THEN lines := concat('A', d.delimiter, d.quote, 'B', CASE WHEN d.line_end <> E'\n' THEN d.line_end END, 'C', d.quote, d.line_end, lines); END IF;
  -- COPY before PostgreSQL 18 stops at a line of \. alone
  RETURN regexp_replace(lines, '(^|[\r\n])\\\.(?=[\r\n]|$)', '\1\\.x', 'g');
END
$$;
-- One file through both. Returns what differs, or how it went.
CREATE FUNCTION pg_temp.try_file(target text, types text[], names text[], d dialect, input text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  bytes bytea := convert_to(CASE d.encoding WHEN 'UTF8' THEN input ELSE translate(input, '漢🚢', 'øß') END, d.encoding);
  state text; context text; copied text; ferried text; first record; report ferry.load_report; of_short bool;
BEGIN
  EXECUTE format('TRUNCATE copied.%1$s, ferried.%1$s', target);
  BEGIN
    EXECUTE format('COPY copied.%s FROM %L (FORMAT csv, DELIMITER %L, QUOTE %L, ESCAPE %L, NULL %L, HEADER %s, ENCODING %L)', target, pg_temp.put(bytes), d.delimiter, d.quote, d.escape, d.null_string, CASE WHEN d.header THEN 'on' ELSE 'off' END, d.encoding);
  EXCEPTION WHEN OTHERS THEN
    -- Line ends that are not all of a kind, outside of quotes: ferry takes them
    IF SQLERRM ~ '^unquoted (newline|carriage return) found in data' THEN RETURN 'mixed line ends'; END IF;
    GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
    state := SQLSTATE;
    -- Nor are empty lines records for ferry, where they can be none
    IF cardinality(types) > 1 AND input ~ '\n\n|\r\r|\r\n\r\n' AND context ~ '^COPY \w+, line \d+(, column \w+)?: ""(\n|$)' THEN RETURN 'empty line'; END IF;
  END;
  report := ferry.migrate_csv_data('ferried.' || target, bytes, names, CASE WHEN d.header THEN 'on' ELSE 'off' END, d.delimiter, d.quote, d.escape, d.null_string, d.encoding);
  IF state IS NULL THEN
    EXECUTE format('SELECT string_agg(whole::text, E''\n'' ORDER BY ctid) FROM copied.%s whole', target) INTO copied;
    EXECUTE format('SELECT string_agg(whole::text, E''\n'' ORDER BY ctid) FROM ferried.%s whole', target) INTO ferried;
    RETURN CASE WHEN report.rows_rejected > 0 THEN 'ferry rejects rows' WHEN copied IS DISTINCT FROM ferried THEN 'rows differ' ELSE 'taken' END;
  END IF;
  SELECT r.line_number, r.record_number, e.sqlstate, e.column_name, e.message,
         r.line_number = r.record_number + CASE WHEN NOT d.header THEN 0 WHEN d.line_end = E'\n' THEN 1 ELSE 2 END AS one_line_each, convert_from(r.raw, d.encoding) AS raw,
         array_agg(e.sqlstate) OVER (PARTITION BY r.reject_id) AS all_states INTO first
    FROM ferry.rejects r JOIN ferry.reject_errors e USING (reject_id) WHERE r.load_id = report.load_id ORDER BY r.record_number, e.ordinal LIMIT 1;
  IF first IS NULL THEN RETURN 'ferry rejects nothing, COPY says ' || state; END IF;
  -- COPY reads on to the end of the file after an open quote, and names the last line
  IF first.message = 'unterminated quoted field' THEN RETURN CASE state WHEN '22P04' THEN 'refused' ELSE 'open quote, COPY says ' || state END; END IF;
  -- COPY reads the values of a record that is too short up to where it ends
  of_short := first.message ~ '^missing data' AND state <> '22P04';
  IF first.sqlstate <> state AND NOT of_short THEN RETURN format('COPY says %s, ferry %s', state, first.all_states); END IF;
  IF first.one_line_each AND first.raw !~ '[\r\n]' AND substring(context FROM 'line (\d+)')::bigint <> first.line_number THEN
    RETURN format('COPY says %s, ferry line %s', substring(context FROM 'line \d+'), first.line_number);
  END IF;
  IF NOT of_short AND substring(context FROM 'column (\w+)') <> first.column_name THEN RETURN format('COPY says %s, ferry %s', substring(context FROM 'column \w+'), first.column_name); END IF;
  RETURN 'refused';
END
$$;
SELECT pg_temp.make('CREATE TABLE one (a text)');
SELECT pg_temp.make('CREATE TABLE three (a text, b text, c text)');
SELECT pg_temp.make('CREATE TABLE mixed (a int, b text, c date, d numeric, e bool, f float8, g timestamptz, h varchar(6))');
SELECT pg_temp.make((SELECT format('CREATE TABLE wide (%s)', string_agg(format('c%s %s', i, CASE i % 4 WHEN 0 THEN 'int' ELSE 'text' END), ', ' ORDER BY i)) FROM generate_series(1, 70) i));
CREATE TABLE shapes AS SELECT relname AS name, array_agg(format_type(atttypid, NULL) ORDER BY attnum) AS types, array_agg(attname::text ORDER BY attnum) AS names
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE relnamespace = 'copied'::regnamespace AND attnum > 0 GROUP BY 1;
CREATE TABLE outcomes (target text, outcome text, d dialect, input text);
DO $$
DECLARE
  s shapes; d dialect; input text;
BEGIN
  FOR s IN SELECT x.* FROM shapes x, LATERAL generate_series(1, CASE x.name WHEN 'wide' THEN 40 ELSE 550 END) ORDER BY x.name LOOP
    d := pg_temp.any_dialect();
    input := pg_temp.any_file(d, s.types);
    INSERT INTO outcomes VALUES (s.name, pg_temp.try_file(s.name, s.types, s.names, d, input), d, input);
  END LOOP;
END
$$;
SELECT target, outcome, to_json(d), to_json(input) FROM outcomes WHERE outcome NOT IN ('taken', 'refused', 'mixed line ends', 'empty line') ORDER BY length(input) LIMIT 20;
-- Enough of either kind, or nothing was shown.
SELECT target, count(*), count(*) FILTER (WHERE outcome = 'taken') > count(*) / 10 AS taken, count(*) FILTER (WHERE outcome = 'refused') > count(*) / 20 AS refused FROM outcomes GROUP BY 1 ORDER BY 1;

-- ---- Values ----
-- A text with one small change.
CREATE FUNCTION pg_temp.changed(input text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  at int := pg_temp.below(length(input) + 1);
  n int := pg_temp.below(2);
BEGIN
  RETURN left(input, at) || CASE WHEN random() < 0.6 THEN pg_temp.pick('0', '1', '9', '+', '-', '.', ',', ':', 'e', 'E', ' ', 'T', 'Z', 't', '/', 'x', '_', 'n', 'BC', E'\t', E'\n', '٣', '00', '6', '"', '\') ELSE '' END || substr(input, at + 1 + n);
END
$$;
CREATE FUNCTION pg_temp.digits(n int) RETURNS text LANGUAGE plpgsql AS $$BEGIN RETURN (SELECT coalesce(string_agg(pg_temp.below(10)::text, ''), '') FROM generate_series(1, n)); END$$;
-- Next to a power of two or ten, where types end and roundings turn.
CREATE FUNCTION pg_temp.edge() RETURNS numeric LANGUAGE plpgsql AS $$BEGIN RETURN (pg_temp.pick('1', '-1')::numeric * CASE WHEN random() < 0.7 THEN 2::numeric ^ pg_temp.pick('7', '8', '15', '16', '24', '31', '32', '53', '63', '64')::int ELSE 10::numeric ^ pg_temp.below(21) END)::numeric(40, 0) + pg_temp.below(5) - 2; END$$;
CREATE FUNCTION pg_temp.any_integer() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN CASE pg_temp.below(3) WHEN 0 THEN pg_temp.edge()::text WHEN 1 THEN pg_temp.pick('', '', '+', '-', '--', ' ') || pg_temp.digits(1 + pg_temp.below(21)) ELSE repeat('0', pg_temp.below(25)) || pg_temp.below(70000) || pg_temp.pick('', '', ' ', E'\n', '.', 'x') END;
END
$$;
CREATE FUNCTION pg_temp.any_float() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN CASE pg_temp.below(6)
    WHEN 0 THEN pg_temp.pick('NaN', 'nan', 'inf', '-inf', '+Infinity', '-INFINITY', 'infinit', 'nano', '-nan', '0', '-0', '+0', '0e999', '-0.0e-999', '.', 'e5', '.e1', '0x1p4', '1e', '1e+', '4.9406564584124654e-324', '2.4703282292062328e-324', '2.4703282292062327e-324', '1.7976931348623157e308', '1.7976931348623158e308', '1.7976931348623159e308', '2.2250738585072014e-308', '1.1754943508222875e-38', '1.4e-45', '7.006492321624085e-46', '7.0064923216240854e-46', '3.4028234663852886e38', '3.4028235677973366e38', '3.40282357e38', '9007199254740993', '16777217')
    WHEN 1 THEN pg_temp.edge()::text || pg_temp.pick('', '.5', '.50000000000000000001', 'e0')
    WHEN 2 THEN pg_temp.pick('', '-', '+') || pg_temp.digits(pg_temp.below(20)) || '.' || pg_temp.digits(pg_temp.below(25))
    WHEN 3 THEN pg_temp.digits(1 + pg_temp.below(3)) || '.' || pg_temp.digits(pg_temp.below(20)) || pg_temp.pick('e', 'E') || pg_temp.pick('', '-', '+') || pg_temp.below(330)
    WHEN 4 THEN pg_temp.digits(1) || '.' || pg_temp.digits(17) || 'e' || pg_temp.pick('-30', '-31', '-32', '-33') || pg_temp.below(10)
    ELSE (random() * 10 ^ (pg_temp.below(600) - 300))::text END;
END
$$;
CREATE FUNCTION pg_temp.any_date() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN CASE pg_temp.below(5)
    WHEN 0 THEN lpad(pg_temp.pick('0', '1', '4', '99', '100', '400', '1582', '1600', '1700', '1900', '1969', '1970', '1999', '2000', '2023', '2024', '2100', '9999', '10000', '294276', '5874897'), 4, '0') || '-' || pg_temp.pick('01', '02', '02', '03', '04', '12', '13', '00', '2') || '-' || pg_temp.pick('01', '28', '29', '30', '31', '32', '00', '9') || pg_temp.pick('', '', '', '', ' BC', ' AD')
    WHEN 1 THEN pg_temp.pick('infinity', '-infinity', 'epoch', '4714-11-24 BC', '4714-11-23 BC', '4713-01-01 BC', '5874897-12-31', '5874898-01-01', '294276-12-31', '294277-01-01', 'J2451187', '20240229', '2024.060', '99-1-1', '1/2/2003', '31/1/2003', 'Feb 29 2024', '29-Feb-2023', '2024-W05-1')
    ELSE (date '0001-01-01' + pg_temp.below(3652059))::text END;
END
$$;
CREATE FUNCTION pg_temp.any_time() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN pg_temp.pick('00', '01', '09', '12', '23', '24', '25', '7', lpad(pg_temp.below(24)::text, 2, '0')) || ':' || pg_temp.pick('00', '30', '59', '60', '5', lpad(pg_temp.below(60)::text, 2, '0'))
    || pg_temp.pick('', ':00', ':59', ':60', ':61', ':7', ':' || lpad(pg_temp.below(60)::text, 2, '0')) || pg_temp.pick('', '', '.', ',5', '.0', '.5', '.9999995', '.999999', '.' || pg_temp.digits(1 + pg_temp.below(8))) || pg_temp.pick('', '', '', '', ' PM', ' am');
END
$$;
CREATE FUNCTION pg_temp.any_zone() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN pg_temp.pick('', 'Z', 'Z', 'z', ' Z', '+00', '-00', '+02', '-03:30', '+0530', '+5', '+15:59', '+15:60', '+16', '-15:59:59', '+05:30:15', ' EST', ' UTC', 'UTC+3', ' America/New_York', ' Mars', '+', '+1:2', 'Z+01', '+02 BC', lpad(pg_temp.pick('+', '-') || pg_temp.below(17), 3, '+0'));
END
$$;
CREATE FUNCTION pg_temp.any_input(type text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN CASE
    WHEN type ~ 'int' THEN pg_temp.any_integer()
    WHEN type ~ 'float' THEN pg_temp.any_float()
    WHEN type = 'numeric' THEN CASE WHEN random() < 0.7 THEN pg_temp.any_float() ELSE pg_temp.pick('', '-') || pg_temp.digits(1 + pg_temp.below(200)) || '.' || pg_temp.digits(pg_temp.below(200)) || pg_temp.pick('', 'e', 'e-', 'E+') || pg_temp.pick('', '5', '400', '131071', '16383') END
    WHEN type = 'bool' THEN CASE WHEN random() < 0.5 THEN left(pg_temp.pick('true', 'false', 'yes', 'no', 'on', 'off', '1', '0', 'TRUE', 'Off', 'y'), 1 + pg_temp.below(5)) ELSE pg_temp.pick('t', 'f', ' t', 't ', E'\ttrue\n', '2', '01', 'o') END
    WHEN type = 'date' THEN pg_temp.any_date()
    WHEN type = 'time' THEN pg_temp.any_time() || pg_temp.pick('', '', '', '+01', ' Europe/Rome')
    WHEN type ~ 'timestamp' THEN pg_temp.any_date() || pg_temp.pick(' ', ' ', 'T', 'T', 't', '  ', '', '_') || pg_temp.any_time() || CASE WHEN type = 'timestamptz' OR random() < 0.2 THEN pg_temp.any_zone() ELSE '' END
    WHEN type = 'uuid' THEN format(pg_temp.pick('%s', '%s', '{%s}', ' %s', '%s0'), CASE pg_temp.below(3) WHEN 0 THEN md5(random()::text)::uuid::text WHEN 1 THEN upper(md5(random()::text)::uuid::text) ELSE md5(random()::text) END)
    WHEN type = 'bytea' THEN CASE pg_temp.below(3) WHEN 0 THEN '\x' || pg_temp.pick('', 'ab', 'AB cd', 'a', 'zz') || pg_temp.digits(2 * pg_temp.below(9)) ELSE pg_temp.pick('', 'a', 'é') || pg_temp.pick('\\', '\001', '\377', '\400', '\', '\12', E'\n') || pg_temp.pick('', 'x', '\') END
    ELSE (SELECT coalesce(string_agg(chr(CASE pg_temp.below(6) WHEN 0 THEN 1 + pg_temp.below(127) WHEN 1 THEN 128 + pg_temp.below(1920) WHEN 2 THEN 2048 + pg_temp.below(53248)
        WHEN 3 THEN 57344 + pg_temp.below(8192) WHEN 4 THEN 65536 + pg_temp.below(65536) ELSE 65536 * (2 + pg_temp.below(15)) + pg_temp.below(65536) END), ''), '') FROM generate_series(1, pg_temp.below(9))) END;
END
$$;
-- What the type's input function makes of a text, in the words of values_differ().
CREATE FUNCTION pg_temp.by_input_function(type text, inputs text[]) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
  answers text[];
BEGIN
  EXECUTE format($q$
    CREATE OR REPLACE FUNCTION pg_temp.read_one(input text) RETURNS text LANGUAGE plpgsql AS $f$
    BEGIN
      RETURN 'value ' || (input::%s)::text;
    EXCEPTION WHEN OTHERS THEN
      RETURN 'error ' || SQLSTATE;
    END
    $f$ $q$, type);
  EXECUTE 'SELECT array_agg(pg_temp.read_one(input) ORDER BY i) FROM unnest($1) WITH ORDINALITY u(input, i)' INTO answers USING inputs;
  RETURN answers;
END
$$;
-- Gives all texts to ferry at once, as quoted fields, and tells where it differs from the input function.
CREATE FUNCTION pg_temp.values_differ(type text, inputs text[]) RETURNS TABLE (input text, input_function text, ferry text) LANGUAGE plpgsql AS $$
DECLARE
  load bigint;
BEGIN
  EXECUTE format('CREATE TABLE these_values (i int, v %s)', type);
  load := (ferry.migrate_csv_data('these_values', (SELECT convert_to(string_agg(format('%s,"%s"', i, replace(v, '"', '""')), E'\n' ORDER BY i), 'UTF8') FROM unnest(inputs) WITH ORDINALITY u(v, i)), header => 'off')).load_id;
  RETURN QUERY EXECUTE $q$
    SELECT u.input, u.answer, coalesce('value ' || t.v::text, 'error ' || e.sqlstate)
    FROM unnest($1, $2) WITH ORDINALITY u(input, answer, i) LEFT JOIN these_values t USING (i)
      LEFT JOIN (ferry.rejects r JOIN ferry.reject_errors e USING (reject_id)) ON r.load_id = $3 AND r.record_number = u.i
    WHERE u.answer IS DISTINCT FROM coalesce('value ' || t.v::text, 'error ' || e.sqlstate)$q$ USING inputs, pg_temp.by_input_function(type, inputs), load;
  DROP TABLE these_values;
END
$$;
CREATE TABLE inputs AS SELECT type, array_agg(CASE WHEN random() < 0.3 THEN pg_temp.changed(input) ELSE input END) AS inputs
  FROM (SELECT type, pg_temp.any_input(type) AS input FROM unnest('{int2,int4,int8,float4,float8,numeric,bool,date,time,timestamp,timestamptz,uuid,bytea,text}'::text[]) type, generate_series(1, 2000) n) x GROUP BY type;
SELECT type, d.input, d.input_function, d.ferry FROM inputs, LATERAL pg_temp.values_differ(type, inputs) d LIMIT 20;
-- Values and errors of every type were among them.
SELECT type, cardinality(inputs), (SELECT count(*) FILTER (WHERE a ~ '^value') > 300 AND (type = 'text' OR count(*) FILTER (WHERE a ~ '^error') > 200) FROM unnest(pg_temp.by_input_function(type, inputs)) a) AS enough FROM inputs ORDER BY type;

COPY (SELECT) TO PROGRAM :'remove_file';
:drop_beside_copy;
DROP EXTENSION pg_ferry;
