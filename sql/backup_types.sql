-- Backup and restore of every type with its extremes: what comes back is the same in every bit.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
RESET client_min_messages;
SET TimeZone = 'Asia/Kathmandu';
SET DateStyle = 'SQL, DMY';
SET IntervalStyle = 'iso_8601';
SET extra_float_digits = -5;
SET bytea_output = 'escape';
CREATE SCHEMA backup_types;
SET search_path = backup_types;
SELECT format('ferry_types_test_%s', extract(epoch FROM clock_timestamp())::bigint) AS folder \gset
SET ferry.directory = :'folder';
CREATE TYPE mood AS ENUM ('sad', 'so, so', 'né', '');
CREATE TYPE pair AS (a int, b text, c numeric[]);
CREATE TYPE nested AS (p pair, q pair[]);
CREATE DOMAIN percent AS int CHECK (VALUE BETWEEN 0 AND 100);
CREATE DOMAIN words AS text[];
CREATE FUNCTION pg_temp.round_trip(target regclass, codec text DEFAULT 'deflate') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  b ferry.backup; r ferry.load_report; different bigint; before bigint; after bigint;
BEGIN
  CREATE TEMP TABLE copied AS SELECT; DROP TABLE copied;
  EXECUTE format('CREATE TEMP TABLE copied AS SELECT row_number() OVER (ORDER BY n) AS place, * FROM %s', target);
  b := ferry.backup_table_avro(target, codec);
  IF EXISTS (SELECT FROM ferry.verify_backup(b.backup_id, 'restore') WHERE NOT ok OR problem IS NOT NULL) THEN
    RAISE 'not verified: %', (SELECT string_agg(v::text, ' ') FROM ferry.verify_backup(b.backup_id, 'restore') v);
  END IF;
  EXECUTE format('DELETE FROM %s', target);
  -- The settings of the session that restores are not those of the session that backed up.
  PERFORM set_config('TimeZone', 'America/New_York', true), set_config('DateStyle', 'ISO, MDY', true), set_config('IntervalStyle', 'postgres', true), set_config('lc_monetary', 'C', true);
  r := ferry.restore_table_avro(target, b.backup_id);
  EXECUTE format('SELECT count(*) FROM (SELECT row_number() OVER (ORDER BY n) AS place, * FROM %s) x FULL JOIN copied y ON x.place = y.place WHERE x.place IS NULL OR y.place IS NULL OR NOT (x.* *= y.*)', target) INTO different;
  DROP TABLE copied;
  RETURN format('%s of %s rows: %s different', r.status, r.rows_read, different);
END
$$;
-- One type: a table of its own with these values, a null among them, and what the backup made of them.
CREATE FUNCTION pg_temp.try(type text, inputs text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TABLE one (n int, v %s)', type);
  EXECUTE format('INSERT INTO one SELECT n, nullif(v, ''null'')::%s FROM unnest(string_to_array($1, ''¦'')) WITH ORDINALITY u(v, n)', type) USING inputs || '¦null';
  RETURN pg_temp.round_trip('one');
EXCEPTION WHEN OTHERS THEN
  RETURN 'FAILED ' || SQLSTATE || ' ' || SQLERRM;
END
$$;
CREATE FUNCTION pg_temp.try_and_drop(type text, inputs text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  answer text := pg_temp.try(type, inputs);
BEGIN
  DROP TABLE IF EXISTS one;
  RETURN answer;
END
$$;
SET client_min_messages = warning;
SELECT type, pg_temp.try_and_drop(type, inputs) FROM (VALUES
  ('boolean', 't¦f'),
  ('smallint', '-32768¦-1¦0¦32767'),
  ('integer', '-2147483648¦-1¦0¦2147483647'),
  ('bigint', '-9223372036854775808¦-1¦0¦9223372036854775807'),
  ('real', '0¦-0¦NaN¦Infinity¦-Infinity¦1e-45¦3.4028235e38¦0.1¦1.17549435e-38'),
  ('double precision', '0¦-0¦NaN¦Infinity¦-Infinity¦4.9e-324¦1.7976931348623157e308¦0.1¦2.2250738585072014e-308'),
  ('numeric', '0¦0.00¦-0.10¦1.50¦NaN¦Infinity¦-Infinity¦1e-16383¦123456789012345678901234567890.123456789'),
  ('numeric(6,2)', '0¦-9999.99¦9999.99¦0.01¦NaN¦-1.10'),
  ('numeric(38,10)', '9999999999999999999999999999.9999999999¦-0.0000000001¦0'),
  ('numeric(39,0)', '999999999999999999999999999999999999999'),
  ('numeric(1000,500)', '1e499¦1e-500'),
  ('numeric(3,-2)', '99900¦-100¦0'),
  ('numeric(2,4)', '0.0099¦-0.0001'),
  ('money', '92233720368547758.07¦-92233720368547758.08¦0.01'),
  ('text', '¦ ¦a¦ñ€😀¦\¦"¦' || chr(1) || E'\t\n\r' || '¦' || repeat('long', 20000)),
  ('varchar(3)', '¦abc¦a  '),
  ('char(3)', '¦a¦abc'),
  ('char(300)', 'x'),
  ('"char"', 'a¦¦\377'),
  ('name', 'a¦' || repeat('n', 63)),
  ('bytea', '¦\x00¦\xff00ff¦\x' || repeat('deadbeef', 5000)),
  ('date', 'infinity¦-infinity¦4714-11-24 BC¦5874897-12-31¦1969-12-31¦1970-01-01¦2000-01-01¦0001-01-01'),
  ('time', '00:00:00¦24:00:00¦23:59:59.999999¦12:00'),
  ('time(0)', '23:59:59¦24:00'),
  ('time(3)', '23:59:59.123'),
  ('timetz', '00:00:00+15:59:59¦24:00:00-15:59:59¦12:00:00.000001Z'),
  ('timestamp', 'infinity¦-infinity¦4714-11-24 00:00:00 BC¦294276-12-31 23:59:59.999999¦1969-12-31 23:59:59.999999¦2021-03-28 02:30:00'),
  ('timestamptz', 'infinity¦-infinity¦4714-11-24 00:00:00Z BC¦294276-12-31 23:59:59.999999Z¦294247-01-10 04:00:54.775807Z¦294247-01-10 04:00:54.775808Z¦1970-01-01Z¦1969-12-31 23:59:59.999999Z'),
  ('timestamp(3)', '2021-01-01 00:00:00.123¦infinity'),
  ('timestamptz(0)', '2021-01-01 00:00:01Z'),
  ('timestamptz(6)', '2021-01-01 00:00:01.123456Z'),
  ('interval', '0¦1 year -2 months 3 days -4:05:06.789¦178000000 years¦-178000000 years¦-0.000001 seconds¦2147483647 days¦9223372036854775807 microseconds'),
  ('interval day to second(3)', '1 day 2.345'),
  ('uuid', '00000000-0000-0000-0000-000000000000¦ffffffff-ffff-ffff-ffff-ffffffffffff'),
  ('json', '{"a":  1, "a": 2}¦ "x"¦"\u0000"¦null '),
  ('jsonb', '{"a": [1, null, {"b": 1.50}]}¦"x"¦null ¦1e1000'),
  ('xml', '<a b="1">é</a>¦text only'),
  ('mood', 'sad¦so, so¦né¦'),
  ('percent', '0¦100'),
  ('words', '{}¦{a,NULL,""}'),
  ('pair', '(,,)¦(1,"a ""b"", c","{1.50,NULL}")¦(,"",{})'),
  ('nested', '("(1,x,)","{""(2,y,{1})"",NULL}")¦(,)'),
  ('int[]', '{}¦{1,NULL,-2147483648}¦{{1,2},{3,4}}¦[0:1]={1,2}¦[2:2][-1:0]={{1,2}}¦{NULL}'),
  ('text[]', '{}¦{"",NULL,"NULL","a,b","{}"}¦{{a},{b}}'),
  ('numeric(5,2)[]', '{1.50,NaN,NULL}'),
  ('timestamptz[]', '{infinity,"2021-01-01 00:00:00Z",NULL}'),
  ('mood[]', '{sad,"",NULL}'),
  ('pair[]', '{"(1,a,)",NULL}'),
  ('percent[]', '{1,NULL}'),
  ('bytea[]', '{"\\x00ff",NULL}'),
  ('inet', '1.2.3.4¦::/0¦1.2.3.4/24¦::ffff:1.2.3.4/100'),
  ('cidr', '10.0.0.0/8¦::1/128'),
  ('macaddr', '08:00:2b:01:02:03'),
  ('macaddr8', '08:00:2b:01:02:03:04:05'),
  ('bit(3)', '101¦000'),
  ('varbit', '¦1¦0101010101'),
  ('point', '(0.1,-0)¦(NaN,Infinity)'),
  ('line', '{1,2,3}'), ('lseg', '[(0,0),(1,1)]'), ('box', '(1,1),(0,0)'), ('path', '[(0,0),(1,1)]¦((0,0),(1,1))'), ('polygon', '((0,0),(1,1),(1,0))'), ('circle', '<(0.1,0),3>'),
  ('int4range', 'empty¦[1,5)¦(,)¦(,5)'), ('numrange', '[1.50,NaN]¦(,Infinity)'), ('tstzrange', '[2021-01-01 00:00:00Z,infinity)'), ('int8multirange', '{}¦{[1,3),[5,7)}'),
  ('tsvector', '¦a:1A,2B b'), ('tsquery', 'a & !b'), ('oid', '0¦4294967295'), ('xid8', '18446744073709551615'), ('xid', '4294967295'), ('cid', '7'), ('tid', '(4294967295,65535)'),
  ('pg_lsn', 'FFFFFFFF/FFFFFFFF'), ('regclass', 'pg_class'), ('regtype', 'integer¦text[]'), ('pg_snapshot', '10:20:10,14'), ('int2vector', '1 2 3'), ('oidvector', ''), ('jsonpath', '$.a[*] ? (@ > 1)')
) v(type, inputs);

-- ---- Many types in one table, dropped and generated columns, large values, many rows ----
CREATE TABLE many (n int PRIMARY KEY, gone text, a text COLLATE "C", b numeric(10,3), c timestamptz, d jsonb, e text[], f double precision, g int GENERATED ALWAYS AS (n * 2) STORED, h bytea, i int GENERATED ALWAYS AS IDENTITY, j mood);
ALTER TABLE many DROP COLUMN gone;
INSERT INTO many (n, a, b, c, d, e, f, h, j) SELECT n, nullif(repeat('x', n % 50), ''), n / 7.0, timestamptz '2000-01-01Z' + n * interval '1 hour 1 second', jsonb_build_object('n', n), ARRAY[n::text, NULL], sin(n), sha256(n::text::bytea), (enum_range(NULL::mood))[n % 5]
FROM generate_series(1, 20000) n;
INSERT INTO many (n, a, h) VALUES (30000, (SELECT string_agg(md5(n::text), '' ORDER BY n) FROM generate_series(1, 160000) n), decode(repeat('00ff', 2600000), 'hex'));
SELECT length(a) > 5000000 AS large, length(h) > 5000000 AS large FROM many WHERE n = 30000;
SELECT c, pg_temp.round_trip('many', c) FROM unnest('{"null",deflate,snappy,zstandard}'::text[]) c;
SELECT count(*) AS rows, count(DISTINCT i) AS identities FROM many;
-- ---- Nothing in it; nothing to hold ----
CREATE TABLE empty (n int, v text);
SELECT pg_temp.round_trip('empty');
CREATE TABLE nothing ();
INSERT INTO nothing DEFAULT VALUES;
INSERT INTO nothing DEFAULT VALUES;
SELECT backup_id AS nothing, rows FROM ferry.backup_table_avro('nothing') \gset
DELETE FROM nothing;
SELECT status, rows_read, rows_loaded FROM ferry.restore_table_avro('nothing', :nothing);
SELECT count(*) FROM nothing;
-- A restore into a table that is not empty of an empty backup empties it.
SELECT backup_id AS empty FROM ferry.backup_table_avro('empty') \gset
INSERT INTO empty VALUES (1, 'x');
SELECT status FROM ferry.restore_table_avro('empty', :empty);
SELECT count(*) FROM empty;
-- ---- 1,600 columns ----
SELECT format('CREATE TABLE wide (%s)', string_agg('c' || i || ' int', ', ' ORDER BY i)) AS make, format('INSERT INTO wide SELECT %s FROM generate_series(1, 20) g', string_agg(i || ' * g', ', ' ORDER BY i)) AS fill FROM generate_series(1, 1600) i \gset
:make;
:fill;
SELECT backup_id AS wide FROM ferry.backup_table_avro('wide') \gset
SELECT md5(string_agg(w::text, ' ' ORDER BY c1)) AS before FROM wide w \gset
DELETE FROM wide;
SELECT status, rows_loaded FROM ferry.restore_table_avro('wide', :wide);
SELECT md5(string_agg(w::text, ' ' ORDER BY c1)) = :'before' AS same FROM wide w;

-- ---- The schema: JSON with what brings the table back ----
SELECT json_typeof(ferry.avro_schema('many')), ferry.avro_schema('many')->>'type' AS type, ferry.avro_schema('many')->>'name' AS name;
SELECT f->>'name' AS name, f->>'pg.name' AS pg_name, f->>'pg.type' AS pg_type, f->>'pg.notnull' AS required, f->'type' AS type FROM json_array_elements(ferry.avro_schema('many')->'fields') f;
SELECT ferry.avro_schema(NULL) IS NULL AS strict;
CREATE TABLE "Odd né" ("a b" int, "A b" int, "1" int, a_b int, "select" int);
SELECT ferry.avro_schema('"Odd né"')->>'pg.name' AS pg_name, ferry.avro_schema('"Odd né"')->>'name' ~ '^[A-Za-z_][A-Za-z0-9_]*$' AS legal;
SELECT count(DISTINCT lower(f->>'name')) AS names, bool_and(f->>'name' ~ '^[A-Za-z_][A-Za-z0-9_]*$') AS legal, string_agg(f->>'pg.name', '|') AS pg_names FROM json_array_elements(ferry.avro_schema('"Odd né"')->'fields') f;

\set cleanup 'cat > /dev/null && rm -rf ' :folder
COPY (SELECT) TO PROGRAM :'cleanup';
DROP SCHEMA backup_types CASCADE;
DROP EXTENSION pg_ferry;
