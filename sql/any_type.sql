-- Every type: what the type's own input function takes is taken with the same value, what it refuses is refused with the
-- same SQLSTATE. Each value goes through migrate_csv_data, insert_batch and a cast, and the three must agree.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
RESET client_min_messages;
SET TimeZone = 'Europe/Madrid';
SET DateStyle = 'ISO, DMY';
SET IntervalStyle = 'postgres';
CREATE SCHEMA any_type;
SET search_path = any_type;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'so, so', 'né');
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN percent AS int CHECK (VALUE BETWEEN 0 AND 100);
CREATE DOMAIN code AS char(3) CHECK (VALUE <> 'bad');

-- One value through all three roads. An answer only where they differ: the
-- differences are the defects. (A JSON string stays one in a json column: insert_batch.sql has those.)
CREATE FUNCTION pg_temp.compare(type text, input text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  wanted text; by_csv text; by_json text; answer json;
BEGIN
  BEGIN
    EXECUTE format('INSERT INTO one VALUES (%L)', input);
    DELETE FROM one RETURNING 'value ' || v::text INTO wanted;
  EXCEPTION WHEN OTHERS THEN
    wanted := 'error ' || SQLSTATE;
  END;
  BEGIN
    PERFORM ferry.migrate_csv_data('one', convert_to('"' || replace(input, '"', '""') || '"', 'UTF8'), header => 'off');
    DELETE FROM one RETURNING 'value ' || v::text INTO by_csv;
    IF NOT FOUND THEN
      SELECT 'error ' || string_agg(e.sqlstate, ' ') INTO by_csv FROM ferry.rejects r JOIN ferry.reject_errors e USING (reject_id) WHERE r.load_id = (SELECT max(load_id) FROM ferry.loads);
    END IF;
  EXCEPTION WHEN OTHERS THEN
    by_csv := 'raised ' || SQLSTATE || ' ' || SQLERRM;
  END;
  BEGIN
    answer := ferry.insert_batch('one', json_build_array(json_build_object('v', input)));
    DELETE FROM one RETURNING 'value ' || v::text INTO by_json;
    IF NOT FOUND THEN
      SELECT 'error ' || string_agg(e->>'sqlstate', ' ') INTO by_json FROM json_array_elements(answer->'errors') e;
    END IF;
  EXCEPTION WHEN OTHERS THEN
    by_json := 'raised ' || SQLSTATE || ' ' || SQLERRM;
  END;
  RETURN CASE WHEN wanted IS DISTINCT FROM by_csv OR (wanted IS DISTINCT FROM by_json AND type !~ '^json')
    THEN format('%s %L: server %s, csv %s, json %s', type, input, wanted, by_csv, by_json) END;
END
$$;
CREATE FUNCTION pg_temp.compare_all(type text, inputs text[], OUT type_name text, OUT inputs_tried int, OUT differences text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TEMP TABLE one (v %s)', type);
  SELECT type, count(*)::int, string_agg(d, E'\n') INTO type_name, inputs_tried, differences FROM (SELECT pg_temp.compare(type, i) AS d FROM unnest(inputs) i) c;
  DROP TABLE one;
END
$$;

SELECT (pg_temp.compare_all(type, string_to_array(inputs, '|'))).* FROM (VALUES
  ('boolean', 't|true|TRUE|yes|on|1|f|no|off|0|tr|ye|o|2|| true |truex|T '),
  ('smallint', '0|-32768|32767|32768|-32769| 7 |+7|--7|1.0|1e3|0x10|1_000|007|٣|-0||' || chr(9) || '5' || chr(10)),
  ('integer', '2147483647|2147483648|-2147483648|-2147483649| -1|1 2|1,2|abc|-|+|00000000000000000000001'),
  ('bigint', '9223372036854775807|9223372036854775808|-9223372036854775808|-9223372036854775809|1.5'),
  ('real', '1.5|NaN|nan|Infinity|-inf|1e38|1e39|1e-46|-0|.5|5.|1e|0x1p3|1,5|3.4028235e38|16777217|infinity x'),
  ('double precision', '0.1|1e308|1e309|4.9e-324|1e-400|NaN|-Infinity|+inf|-0.0|1_0|12345678901234567890|2.2250738585072014e-308'),
  ('numeric', '0|-0|1.50|1e10|1e-10|NaN|Infinity|-infinity|0.1e400|1e131072|.1|1.|1.2.3|+1|1 e3|123456789012345678901234567890.123456789|0x1f'),
  ('numeric(6,2)', '9999.99|9999.994|9999.995|-9999.99|10000|0.005|0.015|-0.005|NaN|Infinity|1e3|1e4'),
  ('numeric(3,-2)', '12345|99949|99950|49|50'),
  ('numeric(2,4)', '0.0012|0.00994|0.00995|0.01'),
  ('money', '1.50|$1,234.56|(1)|x')
) v(type, inputs);
SELECT (pg_temp.compare_all(type, string_to_array(inputs, '|'))).* FROM (VALUES
  ('text', 'a|ñandú| a |null|NULL|\N|\.|''|"|a"b|' || repeat('x', 5000)),
  ('varchar(4)', 'abcd|abcde|abcd  |ab   |ññññ|ñññññ|    x|      '),
  ('char(4)', 'ab|abcd|abcd   |abcde|ñ|    |ab  c'),
  ('char', 'a|ab|a '),
  ('"char"', 'a|ab|\377|'),
  ('name', 'x|' || repeat('n', 63) || '|' || repeat('n', 80)),
  ('bytea', '\x00ff|\xZZ|\x0|abc|\000\377|\|\\|\x 00 FF'),
  ('uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11|{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}|a0eebc999c0b4ef8bb6d6bb9bd380a11|a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1g| a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|a0eebc9-99c0b-4ef8-bb6d-6bb9bd380a11')
) v(type, inputs);
SELECT (pg_temp.compare_all(type, string_to_array(inputs, '|'))).* FROM (VALUES
  ('date', '2021-02-28|2021-02-29|2020-02-29|infinity|-infinity|epoch|0044-03-15 BC|5874897-12-31|5874898-01-01|4714-11-24 BC|4714-11-23 BC|01/02/2021|13/12/2021|12/13/2021|2021-1-1|20210101|2021-W05|Jan 5 2021|5-Jan-2021|2021-01-01T10:00:00Z|2021-01-01 |21-01-01|0000-01-01|1900-02-29|J2451187|2021-00-01|2021-01-00|2021.001|2021-01-01 BC|2000-02-29'),
  ('time', '00:00:00|24:00:00|24:00:01|23:59:60|23:59:59.9999999|12:30|12:30:15.123456|12:30:15.1234567|1230|04:05 PM|13:05 PM|allballs|10:00:00+02|25:00|12:60|T10:00'),
  ('time(2)', '12:30:15.126|23:59:59.999|1:2:3'),
  ('timetz', '10:00:00+02|10:00 Europe/Madrid|24:00:00-15:59|10:00:00+16'),
  ('timestamp', '2021-03-28 02:30:00|2021-01-01T00:00:00|2021-01-01T00:00:00Z|2021-01-01 00:00:00+05|infinity|-infinity|2021-01-01 24:00:00|2021-01-01 23:59:60|294276-12-31 23:59:59.999999|294277-01-01|4714-11-24 00:00:00 BC|4713-01-01 BC|2021-01-01 00:00:00.0000005|2021-01-01  10:00|2021-01-01T10|epoch|Thu Jan 7 10:00:00 2021|1/2/2021 10:00'),
  ('timestamptz', '2021-03-28 02:30:00|2021-10-31 02:30:00|2021-01-01T00:00:00Z|2021-01-01T00:00:00z|2021-01-01t00:00:00Z|2021-01-01 00:00:00 America/New_York|2021-01-01 00:00:00 EST|2021-01-01 00:00:00+5|2021-01-01 00:00:00+05:30|2021-01-01 00:00:00+0530|2021-01-01 00:00:00-12:34:56|2021-01-01 00:00:00+25|2021-01-01 00:00:00 Mars/Olympus|infinity|-infinity|294276-12-31 23:59:59.999999Z|294277-01-01Z|4714-11-24 00:00:00Z BC|2021-02-29T00:00:00Z|2021-13-01T00:00:00Z|2021-01-01T25:00:00Z|2021-01-01T24:00:00Z|2021-01-01T00:00:60Z|2021-01-01T00:00:61Z|2021-01-01T00:00:00.123456789Z|2021-01-01T00:00:00,5Z|20210101T000000Z|2021-01-01T00:00Z|2021-01-01T00:00:00+02:00Z|1800-01-01 12:00|01/02/2021 10:00|2021-01-01T00:00:00Z BC| 2021-01-01T00:00:00Z |9999-12-31T23:59:59Z|10000-01-01T00:00:00Z|0001-01-01T00:00:00Z|0000-01-01T00:00:00Z|2021-01-01T00:00:00+15:59|2021-01-01T00:00:00+16:00|2021-1-1T0:0:0Z'),
  ('timestamptz(3)', '2021-01-01T00:00:00.1235Z|2021-01-01T00:00:00.9999Z|2021-12-31T23:59:59.9999Z'),
  ('timestamptz(0)', '2021-01-01T00:00:00.5Z|1969-12-31T23:59:59.5Z|1999-12-31T23:59:58.5Z'),
  ('interval', '1 day|P1Y2M3DT4H5M6.7S|1-2|-1 mons +3 days|1 day ago|178000001 years|00:00:00.0000005|infinity'),
  ('interval(0)', '1.5 seconds'),
  ('interval year to month', '1 year 2 months 3 days')
) v(type, inputs);
-- The present moment is the transaction's.
CREATE TABLE moments (a timestamptz, b date, c timestamptz);
BEGIN;
SELECT status FROM ferry.migrate_csv_data('moments', E'now,today,tomorrow');
SELECT a = now() AS now, b = current_date AS today, c = current_date + 1 AS tomorrow FROM moments;
ROLLBACK;
SELECT (pg_temp.compare_all(type, string_to_array(inputs, '|'))).* FROM (VALUES
  ('json', '{"a": 1, "a": 2}|[1, 2]|"x"|null|{|{"a":"\u0000"}|{"a":"\ud800"}|' || repeat('[', 200) || repeat(']', 200)),
  ('jsonb', '{"a": 1, "a": 2}|1e5|{"a":"\u0000"}|{"a":"\ud800"}|{"a":"\ud83d\ude00"}|1E400000'),
  ('int[]', '{1,2}|{{1,2},{3,4}}|{1,2|[0:1]={1,2}|{NULL,1}|{}|{1,x}|{{1},{2,3}}|1,2'),
  ('text[]', '{a,"b,c","d\"e",NULL,"NULL"}|{"a"b}|{ a , b }'),
  ('varchar(2)[]', '{ab,c}|{abc}'),
  ('mood', 'sad|so, so|né|SAD| ok|'),
  ('mood[]', '{sad,"so, so"}|{bad}'),
  ('pair', '(1,x)|(,)|(1,"a,b")|(1)|(x,y)|(1,x,2)|1'),
  ('percent', '0|100|101|-1|x|2147483648'),
  ('percent[]', '{1,100}|{101}'),
  ('code', 'abc|bad|abcd|a'),
  ('inet', '1.2.3.4|1.2.3.0/24|::1|1.2.3.256|::ffff:1.2.3.4'),
  ('cidr', '1.2.3.0/24|1.2.3.4/24|10'),
  ('macaddr', '08:00:2b:01:02:03|08002b:010203|08:00'),
  ('bit(3)', '101|1011|102|X5'),
  ('varbit(3)', '1|1011|'),
  ('point', '(1,2)|1,2|(1,)'),
  ('polygon', '((0,0),(1,1),(1,0))|x'),
  ('int4range', '[1,5)|(1,5]|empty|[5,1]|[,)'),
  ('tstzmultirange', '{[2021-01-01Z,2021-02-01Z)}|{}|{x}'),
  ('tsvector', 'a:1 b:2A|''x y''|'''),
  ('tsquery', 'a & b|a &'),
  ('oid', '0|4294967295|-1|4294967296'),
  ('regclass', 'pg_class|nonsense'),
  ('pg_lsn', '16/B374D848|x'),
  ('xml', '<a/>|<a>')
) v(type, inputs);
SELECT count(*) > 500 AS many FROM ferry.loads;

DROP TABLE moments;
DROP DOMAIN percent, code;
DROP TYPE mood, pair;
RESET search_path;
DROP SCHEMA any_type;
DROP EXTENSION pg_ferry;
