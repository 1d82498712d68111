-- Every type of the server, its arrays and composites with it: 10,000 random values each go to Avro and come back the
-- same in every bit. sql/backup_types.sql has the extremes.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
SET TimeZone = 'Asia/Kathmandu';
SET DateStyle = 'SQL, DMY';
SET IntervalStyle = 'sql_standard';
SET extra_float_digits = -5;
CREATE SCHEMA avro_round_trip;
SET search_path = avro_round_trip;
SELECT format('ferry_round_trip_test_%s', extract(epoch FROM clock_timestamp())::bigint) AS folder \gset
SET ferry.directory = :'folder';
SELECT setseed(0.5);

-- Text that hurts: quotes, braces, backslashes, blanks and other alphabets.
CREATE FUNCTION noise() RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT translate(substr(md5(random()::text), 1, (random() * 20)::int), '0123456789abcdef', E'{}",\\ ()\nñ€😀Nul;''')
$$;
CREATE FUNCTION pick(VARIADIC anycompatiblearray) RETURNS anycompatible LANGUAGE sql VOLATILE AS $$
  SELECT $1[1 + floor(random() * cardinality($1))::int]
$$;
CREATE FUNCTION noise_bytes() RETURNS bytea LANGUAGE sql VOLATILE AS $$
  SELECT substr(decode(md5(random()::text) || md5(random()::text), 'hex'), 1, (random() * 32)::int)
$$;
CREATE FUNCTION whole(bits int) RETURNS numeric LANGUAGE sql VOLATILE AS $$
  SELECT trunc(((random() - 0.5) * 2::float8 ^ (random() * bits))::numeric)
$$;
CREATE TYPE mood AS ENUM ('sad', 'so, so', 'né', '', 'NULL', '"');
CREATE DOMAIN percent AS numeric(5,2) CHECK (VALUE BETWEEN 0 AND 100);
CREATE DOMAIN words AS text[];
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN good_pair AS pair CHECK ((VALUE).a IS DISTINCT FROM 0);

-- How a random value of each type is made.
CREATE TABLE generators (n int GENERATED ALWAYS AS IDENTITY, type text PRIMARY KEY, expression text);
INSERT INTO generators (type, expression) VALUES
  ('boolean', 'random() < 0.5'),
  ('smallint', 'pick(whole(16), -32768, 32767)'),
  ('integer', 'pick(whole(32), -2147483648, 2147483647)'),
  ('bigint', 'pick(whole(63), -9223372036854775808, 9223372036854775807)'),
  ('real', 'pick(random()::real, ((random() - 0.5) * 10 ^ (random() * 70 - 35))::real, ''NaN'', ''-Infinity'', ''-0'')'),
  ('double precision', 'pick(random(), (random() - 0.5) * 10 ^ (random() * 600 - 300), ''NaN'', ''Infinity'', ''-0'')'),
  ('numeric', 'pick(round(((random() - 0.5) * 10 ^ (random() * 60 - 20))::numeric, (random() * 30)::int), ''NaN'', ''Infinity'')'),
  ('numeric(12,2)', 'pick(((random() - 0.5) * 10 ^ (random() * 9))::numeric, 0, 9999999999.99, -9999999999.99, ''NaN'')'),
  ('numeric(38,10)', 'pick(round(((random() - 0.5) * 10 ^ (random() * 27))::numeric, 10), 1e27, -9999999999999999999999999999.9999999999)'),
  ('numeric(40,5)', '((random() - 0.5) * 10 ^ (random() * 34))::numeric'),
  ('numeric(5,-3)', 'whole(26)'),
  ('numeric(3,7)', '(random() - 0.5) / 10000'),
  ('money', 'pick((whole(45) / 100)::money, ''-92233720368547758.08'', ''92233720368547758.07'')'),
  ('text', 'noise()'),
  ('character varying(20)', 'noise()'),
  ('character(20)', 'noise()'),
  ('name', 'noise()'),
  ('"char"', 'chr((random() * 127)::int + 1)'),
  ('bytea', 'noise_bytes()'),
  ('date', 'pick(date ''2000-01-01'' + whole(22)::int, date ''2000-01-01'' + (random() * 2145031948)::int, ''infinity'', ''-infinity'', ''4714-11-24 BC'')'),
  ('time', 'pick(time ''00:00'' + random() * interval ''1 day'', ''24:00'')'),
  ('time(2)', 'time ''00:00'' + random() * interval ''1 day'''),
  ('timetz', 'pick(timetz ''00:00+00'' + random() * interval ''1 day'', ''12:00-15:59:59'', ''24:00+15'')'),
  ('timestamp', 'pick(timestamp ''2000-01-01'' + random() * interval ''292000 years'', ''2021-01-01'', timestamp ''2000-01-01'' - random() * interval ''6700 years'', ''infinity'')'),
  ('timestamp(3)', 'timestamp ''2000-01-01'' + random() * interval ''40 years'''),
  ('timestamptz', 'pick(timestamptz ''2000-01-01Z'' + random() * interval ''292000 years'', ''2021-01-01Z'', timestamptz ''2000-01-01Z'' - random() * interval ''6700 years'', ''-infinity'')'),
  ('interval', 'pick(make_interval(months => whole(31)::int, days => whole(31)::int, secs => random() * 1e9), make_interval(secs => (random() - 0.5) / 1e3), ''-178000000 years'')'),
  ('uuid', 'md5(random()::text)::uuid'),
  ('json', 'pick(to_json(noise())::text, json_build_object(noise(), random())::text, ''{ "a" :  [1.50, null] , "a": 2}'', ''"\u0000\u0041"'', '' null'')::json'),
  ('jsonb', 'pick(to_jsonb(noise()), jsonb_build_object(noise(), ARRAY[random()::numeric, 1e300]), ''null'', ''"\""'')'),
  ('jsonpath', 'pick(''$.a[*] ? (@ > 1)'', ''strict $."x y"[0 to last].size()'')'),
  ('xml', 'xmlelement(name x, xmlattributes(noise() AS "a"), noise())'),
  ('bit(9)', '(random() * 511)::int::bit(9)'),
  ('bit varying', 'substring((random() * 2147483647)::int::bit(31)::varbit, 1, (random() * 31)::int)'),
  ('inet', 'pick(''10.0.0.0''::inet + (random() * 16777215)::int, ''1.2.3.4/24'', ''::ffff:1.2.3.4/100'', ''::1'')'),
  ('cidr', 'pick(set_masklen(''10.0.0.0''::cidr, 8 + (random() * 24)::int), ''fe80::/10'')'),
  ('macaddr', 'substr(md5(random()::text), 1, 12)::macaddr'),
  ('macaddr8', 'substr(md5(random()::text), 1, 16)::macaddr8'),
  ('point', 'point(random(), pick(random() * 1e300, ''-0'', ''Infinity''))'),
  ('line', 'line(point(random(), 0), point(1, random()))'),
  ('lseg', 'lseg(point(random(), 0), point(1, random()))'),
  ('box', 'box(point(random(), 0), point(1, random()))'),
  ('path', 'pick(''((0,0),(1,1.5))''::path, ''[(0,0),(0.1,-0)]''::path)'),
  ('polygon', 'polygon(box(point(random(), 0), point(1, random())))'),
  ('circle', 'circle(point(random(), 0), random())'),
  ('int4range', 'pick(int4range(whole(20)::int, (1e6 + random() * 100)::int), ''empty'', ''(,)'')'),
  ('int8range', 'pick(int8range(whole(40)::bigint, 1e13::bigint), ''empty'', ''(,5]'')'),
  ('numrange', 'pick(numrange(random()::numeric, 1.50, ''[]''), ''[1,NaN]'', ''(,1e300)'')'),
  ('daterange', 'pick(daterange(''2000-01-01'', date ''2000-01-02'' + (random() * 9999)::int), ''(,infinity)'')'),
  ('tsrange', 'pick(tsrange(''2000-01-01'', timestamp ''2000-01-02'' + random() * interval ''40 years''), ''empty'')'),
  ('tstzrange', 'pick(tstzrange(''2000-01-01Z'', timestamptz ''2000-01-02Z'' + random() * interval ''40 years''), ''(,)'')'),
  ('int4multirange', 'pick(int4multirange(int4range(1, 3), int4range(5, 6 + (random() * 100)::int)), ''{}'')'),
  ('int8multirange', 'pick(int8multirange(int8range(1, 3), int8range(5, 6 + (random() * 100)::int)), ''{}'')'),
  ('nummultirange', 'pick(nummultirange(numrange(random()::numeric, 1.5)), ''{}'')'),
  ('datemultirange', 'pick(datemultirange(daterange(''2000-01-01'', date ''2000-01-02'' + (random() * 9999)::int)), ''{}'')'),
  ('tsmultirange', 'pick(tsmultirange(tsrange(''2000-01-01'', timestamp ''2000-01-02'' + random() * interval ''9 years'')), ''{}'')'),
  ('tstzmultirange', 'pick(tstzmultirange(tstzrange(''2000-01-01Z'', timestamptz ''2000-01-02Z'' + random() * interval ''9 years'')), ''{}'')'),
  ('tsvector', 'pick(to_tsvector(''simple'', noise()), ''a:1A,2B "b c":3'', '''')'),
  ('tsquery', 'pick(plainto_tsquery(''simple'', noise()), ''a & !b <2> c:*AB'', '''')'),
  ('oid', '(random() * 4294967295)::bigint'),
  ('xid', '(random() * 4294967295)::bigint::text::xid'),
  ('cid', '(random() * 4294967295)::bigint::text::cid'),
  ('xid8', 'pick(trunc(random()::numeric * 18446744073709551615)::text, ''18446744073709551615'')::xid8'),
  ('tid', 'format(''(%s,%s)'', (random() * 4294967295)::bigint, (random() * 65535)::int)::tid'),
  ('pg_lsn', '''0/0''::pg_lsn + trunc((random() * 1e19)::numeric)'),
  ('pg_snapshot', 'format(''%1$s:%2$s:%1$s'', 5 + n, 9 + n)::pg_snapshot'),
  ('txid_snapshot', 'format(''%1$s:%2$s:%1$s'', 5 + n, 9 + n)::txid_snapshot'),
  ('int2vector', 'pick(''1 -2 32767'', '''')::int2vector'),
  ('oidvector', 'pick(''1 4294967295'', '''')::oidvector'),
  ('refcursor', 'noise()::refcursor'),
  ('aclitem', 'makeaclitem(10, 10, pick(''SELECT'', ''INSERT''), random() < 0.5)'),
  ('regclass', 'pick(''pg_class''::regclass, ''generators'', 0, 4294967295)'),
  ('regtype', 'pick(''integer'', ''text[]'', ''mood'', ''"char"'')::regtype'),
  ('regproc', 'pick(''noise''::regproc, ''int4in''::regproc, 0)::regproc'),
  ('regprocedure', 'pick(''abs(int)'', ''noise()'')::regprocedure'),
  ('regoper', '''pg_catalog.||/''::regoper'),
  ('regoperator', '''-(int,int)''::regoperator'),
  ('regrole', '10::regrole'),
  ('regnamespace', 'pick(''pg_catalog'', ''avro_round_trip'')::regnamespace'),
  ('regcollation', '''"C"''::regcollation'),
  ('regconfig', 'pick(''simple'', ''english'')::regconfig'),
  ('regdictionary', '''simple''::regdictionary'),
  ('mood', 'pick(''sad'', ''so, so'', ''né'', '''', ''NULL'', ''"'')'),
  ('percent', 'random() * 100'),
  ('words', 'pick(''{}'', ''{{a,"\""},{NULL,""}}'', ''[0:0]={x}'', ARRAY[noise(), noise()]::text)'),
  ('pair', 'pick(ROW(whole(31)::int, noise())::pair, ROW(NULL, NULL)::pair, ROW(NULL, '''')::pair)'),
  ('good_pair', 'pick(ROW(1, noise())::pair, ROW(NULL, ''NULL'')::pair)');

-- None is forgotten but those that take no input from anybody, and pg_node_tree, pg_ndistinct and their kin.
SELECT oid::regtype AS forgotten
FROM pg_type t
WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'r', 'm', 'e', 'd')
  AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)
  AND NOT EXISTS (SELECT FROM generators WHERE type::regtype = t.oid)
  AND typname NOT IN ('pg_node_tree', 'pg_ndistinct', 'pg_dependencies', 'pg_mcv_list', 'pg_brin_bloom_summary', 'pg_brin_minmax_multi_summary', 'gtsvector')
ORDER BY 1;

-- Backs `target` up, restores it into an equal table under other settings and compares. The columns that differ, if any.
CREATE FUNCTION round_trip(target regclass) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  backup ferry.backup; report ferry.load_report; columns text; differences text;
BEGIN
  backup := ferry.backup_table_avro(target);
  IF EXISTS (SELECT FROM ferry.verify_backup(backup.backup_id) WHERE NOT ok OR problem IS NOT NULL) THEN
    RAISE 'not verified: %', (SELECT string_agg(v::text, ' ') FROM ferry.verify_backup(backup.backup_id) v);
  END IF;
  EXECUTE format('CREATE UNLOGGED TABLE restored (LIKE %s)', target);
  PERFORM set_config('TimeZone', 'America/New_York', true), set_config('DateStyle', 'ISO, MDY', true), set_config('IntervalStyle', 'postgres', true), set_config('bytea_output', 'escape', true);
  report := ferry.restore_table_avro('restored', backup.path);
  IF report.status <> 'loaded' THEN
    RETURN (SELECT format('%s: %s (%s)', report.status, e.message, left(e.value, 200)) FROM ferry.rejects r JOIN ferry.reject_errors e USING (reject_id) WHERE r.load_id = report.load_id LIMIT 1);
  END IF;
  SELECT string_agg(format('CASE WHEN NOT ROW(a.%1$I)::record *= ROW(b.%1$I)::record THEN %2$L END', attname, attname || ' ' || format_type(atttypid, atttypmod)), ', ' ORDER BY attnum) INTO columns
  FROM pg_attribute WHERE attrelid = target AND attnum > 0 AND NOT attisdropped;
  EXECUTE format('SELECT string_agg(DISTINCT difference, '', '') FROM %s a FULL JOIN restored b USING (n), unnest(ARRAY[%s]) difference', target, columns) INTO differences;
  DROP TABLE restored;
  RETURN format('%s, %s rows: %s', report.status, report.rows_loaded, coalesce(differences, 'the same'));
END
$$;

-- ---- One column of each type, a null in twenty ----
SELECT format('CREATE TABLE scalars (n int PRIMARY KEY, %s)', string_agg(format('c%s %s', n, type), ', ' ORDER BY n)) AS make,
  format('INSERT INTO scalars SELECT n, %s FROM generate_series(1, 10000) n', string_agg(format('CASE WHEN random() > 0.05 THEN CAST(%s AS %s) END', expression, type), ', ' ORDER BY n)) AS fill
FROM generators \gset
:make;
:fill;
SELECT type, replace((f->'type'->1)::text, current_database(), 'db') AS avro FROM generators JOIN json_array_elements(ferry.avro_schema('scalars')->'fields') f ON f->>'name' = 'c' || n ORDER BY n;
SELECT round_trip('scalars');

-- ---- Arrays of each type and composites with one of each, some types at a time: one dimension and two, lower bounds,
-- nulls, none at all. SQL has no ARRAY[] of words.
CREATE FUNCTION round_trip_nested(part int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  g generators; arrays text; composites text; answer text;
BEGIN
  FOR g IN SELECT * FROM generators WHERE generators.n % 8 = part AND type <> 'words' ORDER BY n LOOP
    EXECUTE format('CREATE TYPE row_%1$s AS (a %2$s, b %2$s[])', g.n, g.type);
    arrays := concat_ws(', ', arrays, format('CASE (a.n + %2$s) %% 100 WHEN 0 THEN NULL WHEN 1 THEN ''{}'' WHEN 2 THEN ARRAY[[a.c%1$s, NULL], [b.c%1$s, a.c%1$s]] WHEN 3 THEN array_fill(a.c%1$s, ARRAY[2], ARRAY[0]) WHEN 4 THEN ARRAY[NULL::%3$s] ELSE ARRAY[a.c%1$s, NULL, b.c%1$s] END::%3$s[] AS c%1$s', g.n, g.n * 7, g.type));
    composites := concat_ws(', ', composites, format('CASE WHEN a.n %% 50 = 0 THEN ARRAY[NULL, ROW(NULL, NULL)::row_%1$s] ELSE ARRAY[ROW(a.c%1$s, ARRAY[NULL, b.c%1$s])::row_%1$s] END AS c%1$s', g.n));
  END LOOP;
  EXECUTE format('CREATE UNLOGGED TABLE arrays AS SELECT a.n, %s FROM scalars a JOIN scalars b ON b.n = 10001 - a.n', arrays);
  EXECUTE format('CREATE UNLOGGED TABLE composites AS SELECT a.n, %s FROM scalars a JOIN scalars b ON b.n = 10001 - a.n', composites);
  answer := format('%s; %s', round_trip('arrays'), round_trip('composites'));
  IF EXISTS (SELECT FROM json_array_elements(ferry.avro_schema('arrays')->'fields') f WHERE f->>'name' <> 'n' AND f->'type'->1->>'type' <> 'array')
    OR EXISTS (SELECT FROM json_array_elements(ferry.avro_schema('composites')->'fields') f WHERE f->>'name' <> 'n' AND f->'type'->1->'items'->1->>'type' <> 'record') THEN
    answer := answer || '; but not all are nested';
  END IF;
  DROP TABLE arrays, composites;
  RETURN answer;
END
$$;
SELECT part, round_trip_nested(part) FROM generate_series(0, 7) part;

-- ---- Composites in composites, dropped attributes and columns, rows of tables, domains in between ----
CREATE TYPE inner_type AS ("odd né" int, gone text, list pair[], span interval, "Odd né" mood[]);
CREATE TABLE row_of_table (a int, gone int, b money, c "char"[]);
CREATE TYPE empty_row AS ();
CREATE TYPE outer_type AS (i inner_type, many inner_type[], w words[], p good_pair[], e empty_row[]);
ALTER TYPE inner_type DROP ATTRIBUTE gone;
ALTER TABLE row_of_table DROP COLUMN gone;
CREATE TABLE nested (n int PRIMARY KEY, gone text, o outer_type, os outer_type[], t row_of_table, ts row_of_table[], d percent[], e empty_row, same pair);
ALTER TABLE nested DROP COLUMN gone;
INSERT INTO nested VALUES
  (1, ROW(ROW(1, ARRAY[ROW(2, 'x "y" \'), NULL]::pair[], '-1 mon +2 days -3.000001 s', '{sad,"",NULL}'), ARRAY[NULL, ROW(NULL, NULL, NULL, NULL)]::inner_type[], '{"{a,\"{b}\"}",NULL,"{}"}', ARRAY[ROW(1, NULL)::pair, NULL]::good_pair[], ARRAY[ROW()::empty_row, NULL]), NULL, ROW(1, '1.50', '{a,"",\\}'), ARRAY[ROW(NULL, '-0.01', NULL)::row_of_table], '{1.50,NULL}', ROW(), ROW(NULL, NULL)),
  (2, NULL, ARRAY[NULL, ROW(NULL, '{}', '{}', '{}', '{}')::outer_type], NULL, '{}', '{}', NULL, NULL),
  (3, ROW(NULL, NULL, NULL, NULL, NULL), '{}', ROW(NULL, NULL, NULL), NULL, NULL, NULL, ROW(0, '')),
  -- What does not fit deep inside sends the whole value to the text branch.
  (4, ROW(NULL, ARRAY[ROW(1, '[5:5]={"(1,a)"}', NULL, NULL)]::inner_type[], NULL, NULL, NULL), ARRAY[ROW(ROW(1, NULL, NULL, '{{sad},{NULL}}'), NULL, NULL, NULL, NULL)::outer_type], NULL, NULL, '[2:2]={50}', NULL, NULL);
SELECT f->>'pg.name' AS name, f->>'pg.type' AS type, replace((f->'type'->1)::text, current_database(), 'db') AS avro FROM json_array_elements(ferry.avro_schema('nested')->'fields') f WHERE f->>'pg.name' IN ('e', 't', 'ts', 'same', 'd');
SELECT f->>'name' AS name, f->>'pg.name' AS pg_name, f->>'pg.type' AS type, f->'pg.enum' AS labels FROM json_array_elements(ferry.avro_schema('nested')->'fields'->1->'type'->1->'fields'->0->'type'->1->'fields') f;
SELECT round_trip('nested');

-- ---- Bits that text does not keep, and values of 5 MB ----
CREATE TABLE bits (n int PRIMARY KEY, f float8, r real, large text, bytes bytea, texts text[], row pair, j jsonb, numbers int[]);
INSERT INTO bits (n, f, r) VALUES (1, 'Infinity'::float8 - 'Infinity'::float8, 'Infinity'::real - 'Infinity'::real), (2, '-0', '-0');
INSERT INTO bits (n, large) SELECT 3, string_agg(noise() || md5(random()::text), '') FROM generate_series(1, 130000);
INSERT INTO bits (n, bytes, texts, row, j) SELECT 4, convert_to(large, 'UTF8'), ARRAY[large, NULL, large], ROW(1, large)::pair, to_jsonb(large) FROM bits WHERE n = 3;
INSERT INTO bits (n, numbers) SELECT 5, array_agg(i * 3571) FROM generate_series(1, 500000) i;
SELECT octet_length(large) > 5000000 AS large FROM bits WHERE n = 3;
SELECT round_trip('bits');

-- ---- Names that several functions or operators have lead nowhere: their numbers do ----
CREATE TABLE ambiguous (n int PRIMARY KEY, p regproc, o regoper, ps regproc[]);
INSERT INTO ambiguous SELECT 1, f, '=(int,int)'::regoperator::oid, ARRAY[f, NULL, 'noise'] FROM CAST('abs(int)'::regprocedure::oid AS regproc) f;
SELECT round_trip('ambiguous');

-- ---- A domain's NOT NULL is not the column's ----
CREATE DOMAIN required AS int NOT NULL;
CREATE TABLE domains (n int PRIMARY KEY, a required, b percent NOT NULL, c words);
INSERT INTO domains VALUES (1, 2, 3.50, '{a}');
SELECT f->>'name' AS name, f->'type' AS type, f->>'pg.type' AS pg_type, f->>'pg.typmod' AS typmod, f->>'pg.domain' AS domain, f->>'pg.notnull' AS required FROM json_array_elements(ferry.avro_schema('domains')->'fields') f;
SELECT round_trip('domains');

-- ---- Nested values for other columns: JSON, or the attributes of the same names ----
CREATE TABLE source (n int PRIMARY KEY, v inner_type, a pair[]);
INSERT INTO source VALUES (1, ROW(1, ARRAY[ROW(2, 'x')]::pair[], '1 day', '{sad}'), ARRAY[ROW(3, 'say "hi"'), NULL]::pair[]), (2, NULL, NULL), (3, ROW(NULL, NULL, NULL, NULL), '{}');
SELECT path FROM ferry.backup_table_avro('source') \gset
CREATE TABLE as_json (n int, v jsonb, a json);
SELECT status, rows_loaded FROM ferry.restore_table_avro('as_json', :'path');
SELECT * FROM as_json ORDER BY n;
CREATE TABLE as_text (n int, v text, a text);
SELECT status, rows_loaded FROM ferry.restore_table_avro('as_text', :'path');
SELECT * FROM as_text WHERE n = 1;
CREATE TYPE turned AS (fresh date, b text, A bigint);
CREATE TYPE turned_inner AS ("odd né" text, "Odd né" mood[], span interval, list turned[], more int);
CREATE TABLE as_turned (n int, v turned_inner, a turned[]);
SELECT status, rows_loaded FROM ferry.restore_table_avro('as_turned', :'path');
SELECT * FROM as_turned ORDER BY n;
CREATE TYPE less AS (b text);
CREATE TABLE as_less (n int, v turned_inner, a less[]);
SELECT ferry.restore_table_avro('as_less', :'path');
CREATE TABLE as_number (n int, v int, a text);
SELECT ferry.restore_table_avro('as_number', :'path');
-- An element that its new type refuses is a reject like any other.
CREATE TYPE strict_pair AS (a int, b date);
CREATE TABLE as_strict (n int, v text, a strict_pair[]);
SET client_min_messages = error;
SELECT status FROM ferry.restore_table_avro('as_strict', :'path');
SELECT e.class, e.sqlstate, e.column_name, e.message FROM ferry.reject_errors e JOIN ferry.rejects r USING (reject_id) ORDER BY e.ordinal;

\set cleanup 'cat > /dev/null && rm -rf ' :folder
COPY (SELECT) TO PROGRAM :'cleanup';
DROP SCHEMA avro_round_trip CASCADE;
DROP EXTENSION pg_ferry;
