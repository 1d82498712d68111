-- COPY's rules for values and texts, one test each: every kind of type, the settings that change what a text means, and
-- what bytes may stand between the values. As in copy_rules.sql, the same records go through COPY and through
-- ferry.migrate_csv_data, and DIFFERENT stands where they do not fare alike.
\set VERBOSITY terse
-- Not warning: each of many loads would say how many of its rows were rejected.
SET client_min_messages = error;
CREATE EXTENSION pg_ferry;
CREATE SCHEMA contrib;
CREATE EXTENSION hstore SCHEMA contrib;
CREATE EXTENSION citext SCHEMA contrib;
CREATE EXTENSION ltree SCHEMA contrib;
CREATE EXTENSION isn SCHEMA contrib;
\getenv source PG_ABS_SRCDIR
\set include :source '/sql/include/beside_copy.sql'
\set ECHO none
\i :include
\set ECHO all
\pset tuples_only
\pset format unaligned
-- Values of one type, each a record of its own and in quotes; without them an empty one would be NULL.
CREATE FUNCTION pg_temp.values(type text, inputs text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_temp.make(format('CREATE TABLE one (v %s)', type));
  RETURN QUERY SELECT pg_temp.load(type, 'one', (SELECT array_agg(convert_to('"' || replace(v, '"', '""') || '"', 'UTF8') ORDER BY i) FROM string_to_table(inputs, '|') WITH ORDINALITY u(v, i)));
  PERFORM pg_temp.make('DROP TABLE one');
END
$$;

-- ---- Types ----
-- Domains: over a domain, over a domain that takes no NULL, over a composite, over an array, with a default, with a failing check
CREATE DOMAIN percent AS int CHECK (VALUE BETWEEN 0 AND 100);
CREATE DOMAIN half AS percent CHECK (VALUE <= 50);
CREATE DOMAIN known AS half NOT NULL;
CREATE DOMAIN code AS char(3) CHECK (VALUE <> 'bad');
CREATE DOMAIN codes AS code[] CHECK (cardinality(VALUE) < 3);
CREATE DOMAIN inverse AS int CHECK (10 / VALUE > 0);
CREATE DOMAIN initial AS text DEFAULT 'dflt' CHECK (VALUE <> '');
CREATE DOMAIN token AS varchar(4);
SELECT pg_temp.make('CREATE TABLE domains (p percent, h half, k known, i initial, t token DEFAULT ''long'')');
SELECT pg_temp.load('domains', 'domains', E'1,1,1,a,b\n101,1,1,a,b\n1,60,1,a,b\n1,1,,a,b\n1,1,51,a,b\n,,1,,\n1,1,1,"",b\n1,1,1,a,toolong\n1,1,x,a,b');
SELECT pg_temp.load('domains, not all given', 'domains', E'1\n2', '{k}');
SELECT pg_temp.values('inverse', '5|0|-1|');
SELECT pg_temp.values('codes', '{abc,de}|{bad}|{abcd}|{a,b,c}|{}');
SELECT pg_temp.values('half[]', '{1,NULL}|{51}|{1|{101}');
-- Composite types: of domains, of themselves, in arrays, in domains
CREATE TYPE pair AS (a int, b text);
CREATE TYPE nest AS (p pair, q pair[], r half);
CREATE DOMAIN good_pair AS pair CHECK ((VALUE).a > 0);
SELECT pg_temp.values('pair', '(1,x)|(,)|(1,"a,""b""")|(1)|(x,y)|(1,x,2)|1|()|( 1 , x )');
SELECT pg_temp.values('nest', '("(1,x)","{""(2,y)"",""(3,)""}",5)|(,,)|("(1,x)",{},51)|("(x,x)",,)');
SELECT pg_temp.values('pair[]', '{"(1,a)","(2,b)"}|{(x,)}|{NULL}');
SELECT pg_temp.values('good_pair', '(1,x)|(0,x)|(,)');
-- Arrays, ranges, multiranges, enums
SELECT pg_temp.values('int[]', '{1,2}|{{1,2},{3,4}}|[0:1]={1,2}|{1,x}|{{1},{2,3}}|1,2||{1,2');
SELECT pg_temp.values('text[][]', '{a,"b,c","d\"e",NULL,"NULL",null}|{ "x" , y z }|{"a"b}|{{a},{"\\"}}');
SELECT pg_temp.values('date[]', '{2021-01-01,infinity}|{2021-02-30}');
CREATE TYPE float_range AS RANGE (subtype = float8, subtype_diff = float8mi);
SELECT pg_temp.values('int4range', '[1,5)|(1,5]|empty|[5,1]|[,)|[1,5|[2147483647,2147483647]');
SELECT pg_temp.values('tsrange', '[2021-01-01,2021-02-01)|["2021-01-01 10:00",]|(x,)');
SELECT pg_temp.values('float_range', '[1.5,NaN]|(,1e308)|[2,1]');
SELECT pg_temp.values('nummultirange', '{[1,2),[2,3)}|{}|{[3,1]}|[1,2)');
CREATE TYPE mood AS ENUM ('sad', 'ok', 'so, so', 'né', '');
SELECT pg_temp.values('mood', 'sad|so, so|né|SAD| ok||' || repeat('x', 70));
-- Text: padded, cut, of limited length, of one byte, of a name, without case
SELECT pg_temp.values('char(4)', 'ab|abcd|abcd   |abcde|ñ|    |ab  c');
SELECT pg_temp.values('varchar(4)', 'abcd|abcde|abcd  |ññññ|ñññññ|      ');
SELECT pg_temp.values('"char"', 'a|ab|\377||ñ');
SELECT pg_temp.values('name', 'x||' || repeat('n', 63) || '|' || repeat('ñ', 40));
SELECT pg_temp.values('contrib.citext', 'ABC|abc|');
SELECT pg_temp.values('text COLLATE "C"', 'a b|é|é|👩‍👩‍👧|' || chr(65279) || 'a|' || chr(1114109) || '|' || chr(1) || chr(31) || chr(127) || chr(128));
-- Numbers
SELECT pg_temp.values('smallint', '0|-32768|32767|32768|-32769| 7 |+7|007|1.0|');
SELECT pg_temp.values('integer', '2147483647|2147483648|-2147483648|-2147483649|1e3|١');
SELECT pg_temp.values('bigint', '9223372036854775807|9223372036854775808|-9223372036854775808|-9223372036854775809');
SELECT pg_temp.values('real', '1.5|NaN|-inf|1e39|1e-46|-0|1e-45|3.4028235e38|3.4028236e38|16777217|0.1e');
SELECT pg_temp.values('double precision', '0.1|1e309|4.9e-324|2e-324|1e-400|-Infinity|-0.0|2.2250738585072011e-308|0x1p3|1,5');
SELECT pg_temp.values('numeric', '0|-0.00|1.50|NaN|Infinity|1e131071|1e131072|1e-16383|1e-16384|.1|1.|1.2.3|' || repeat('9', 2000) || '.' || repeat('1', 1000));
SELECT pg_temp.values('numeric(6,2)', '9999.99|9999.995|-9999.994|0.005|NaN|Infinity|1e3');
SELECT pg_temp.values('numeric(3,-2)', '12345|99949|99950|49|50');
SELECT pg_temp.values('money', '1.50|$1,234.56|(1)|-92233720368547758.08|92233720368547758.08|x');
SELECT pg_temp.values('oid', '0|4294967295|-1|4294967296|x');
-- Bits, bytes, addresses
SELECT pg_temp.values('bit(3)', '101|1011|10|xA|X5|');
SELECT pg_temp.values('varbit(3)', '1|1011||2');
SELECT pg_temp.values('bytea', '\x00ff|\xZZ|\x0|abc|\000\377|\|\\|\x 00 FF|\400|é');
SELECT pg_temp.values('uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}|a0eebc999c0b4ef8bb6d6bb9bd380a11|a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11|a0eebc99');
SELECT pg_temp.values('inet', '1.2.3.4|1.2.3.0/24|::1/128|1.2.3.256|::ffff:1.2.3.4|1.2.3/8');
SELECT pg_temp.values('cidr', '1.2.3.0/24|1.2.3.4/24|10|::/0');
SELECT pg_temp.values('macaddr', '08:00:2b:01:02:03|08002b:010203|08:00');
SELECT pg_temp.values('macaddr8', '08:00:2b:01:02:03|08:00:2b:01:02:03:04:05|08');
-- Documents
SELECT pg_temp.values('json', '{"a": 1, "a": 2} |[1, 2]|"x"|null|{|{"a":"\u0000"}|{"a":"\ud800"}');
SELECT pg_temp.values('jsonb', '{"b": 1, "a": 2, "a": 3}|1e5|1e400|{"a":"\u0000"}|{"a":"\ud83d\ude00"}|{"a":"\ud83d"}|[1,]');
SELECT pg_temp.values('jsonpath', '$.a[*] ? (@ > 1)|$.|strict $');
SELECT pg_temp.values('xml', '<a/>|<a>|text|<?xml version="1.0" encoding="LATIN1"?><é/>');
SELECT pg_temp.values('tsvector', 'a:1 b:2A|''x y''|''|a:0|' || repeat('w', 3000));
SELECT pg_temp.values('tsquery', 'a & b|a &|a <-> b|');
SELECT pg_temp.values('contrib.hstore', 'a=>1, b=>NULL|"a b"=>"c"|a=>1,a=>2|');
SELECT pg_temp.values('contrib.ltree', 'a.b.c|a..b||é');
SELECT pg_temp.values('contrib.isbn13', '978-0-306-40615-7|978-0-306-40615-8|x');
-- Shapes
SELECT pg_temp.values('point', '(1,2)|1,2|(1,)|(NaN,Infinity)');
SELECT pg_temp.values('polygon', '((0,0),(1,1),(1,0))|x|()');
SELECT pg_temp.values('path', '[(0,0),(1,1)]|((0,0))|[');
SELECT pg_temp.values('line', '{1,2,3}|{0,0,1}|[(0,0),(1,1)]|[(1,1),(1,1)]');
SELECT pg_temp.values('circle', '<(0,0),5>|<(0,0),-5>');
SELECT pg_temp.values('box', '(1,1),(0,0)|1|(1,2),(3');
-- Names of things, and types that take no text
SELECT pg_temp.values('regclass', 'pg_class|nonsense|1259|a.b.c.d');
SELECT pg_temp.values('regtype', 'int|int[]|nonsense|numeric(1000,1)|numeric(1001,1)');
SELECT pg_temp.values('regprocedure', 'abs(int)|abs|abs(nonsense)');
SELECT pg_temp.values('regrole', 'pg_monitor|nobody');
SELECT pg_temp.values('pg_lsn', '16/B374D848|x');
SELECT pg_temp.values('xid8', '5|-1|x');
SELECT pg_temp.values('tid', '(1,2)|(1,70000)|x');
SELECT pg_temp.values('aclitem', 'pg_monitor=r/pg_monitor|nobody=r/nobody|x');
SELECT pg_temp.values('int2vector', '1 2 3|1 x|40000');
SELECT pg_temp.values('pg_snapshot', '10:20:10,14|20:10:');
SELECT pg_temp.values('refcursor', 'x|');

-- ---- Settings that change what a text means ----
-- One line for each setting: how many rows there are, and what is not alike.
CREATE FUNCTION pg_temp.under(setting text, choices text[], type text, inputs text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  choice text; before text := current_setting(setting);
BEGIN
  FOREACH choice IN ARRAY choices LOOP
    PERFORM set_config(setting, choice, false);
    RETURN QUERY SELECT format('%s, %s %s:%s, refused: %s', type, setting, choice, string_agg(l, '') FILTER (WHERE l ~ 'rows|DIFFERENT'), count(*) FILTER (WHERE l ~ 'record')) FROM pg_temp.values(type, inputs) l;
  END LOOP;
  PERFORM set_config(setting, before, false);
END
$$;
SELECT pg_temp.under('DateStyle', '{"ISO,DMY","ISO,MDY","ISO,YMD","SQL,DMY","SQL,MDY","German,DMY","Postgres,MDY"}', t, '01/02/2003|13/02/2003|02/13/2003|2003-02-01|2003-02-29|99-01-02|1.2.2003|Jan 2 2003|2003/02/01|20030201|2003-02-01 BC|2003-02-01T10:00:00Z|2003-02-01 24:00:00|2003-02-01 10:00:60|1.2.2003 10:00 EST|Sat Feb 1 10:00:00 2003 PST|infinity|epoch|J2451187')
  FROM unnest('{date,timestamp,timestamptz,timestamptz(0)}'::text[]) t;
SELECT pg_temp.under('TimeZone', '{UTC,Europe/Madrid,America/Lima,Asia/Kathmandu,Pacific/Apia,<+05>-05,Australia/Lord_Howe}', t, '2021-03-28 02:30:00|2021-10-31 02:30:00|2011-12-30 12:00|1900-01-01 00:00|0044-03-15 00:00 BC|2021-06-01 12:00:00.1234567|2021-06-01T12:00:00-03|10:00|23:59:59.9999999|2021-06-01 10:00 Europe/Rome')
  FROM unnest('{timestamptz,timestamp,timetz,time(3)}'::text[]) t;
SELECT pg_temp.under('IntervalStyle', '{postgres,postgres_verbose,sql_standard,iso_8601}', t, '-1 2:03:04|1 day -2 hours|-1-2 +3 -4:05:06|P1Y2M3DT4H5M6.7S|1 day ago|178000001 years|-00:00:00.5|@ 1 minute|1.5|')
  FROM unnest('{interval,interval(0),interval day to minute}'::text[]) t;
SELECT pg_temp.under('xmloption', '{content,document}', 'xml', '<a/>|text|<a/><b/>|<a>');
SELECT pg_temp.under('array_nulls', '{on,off}', 'text[]', '{NULL,a}');
SELECT pg_temp.under('search_path', '{"pg_temp, pg_catalog","contrib, pg_catalog"}', 'regtype', 'hstore|contrib.hstore');
-- The present moment is the transaction's
SELECT pg_temp.make('CREATE TABLE moments (a timestamptz, b date, c timestamp, d time)');
BEGIN;
SELECT pg_temp.load('the present moment', 'moments', 'now,today,tomorrow,now');
COMMIT;

-- ---- Texts ----
-- Records that are written with their line ends and quotes as \n, \r and bytes as \ooo.
CREATE FUNCTION pg_temp.bytes(VARIADIC records text[]) RETURNS bytea[] LANGUAGE sql AS $$SELECT array_agg(convert_to(r, 'UTF8') ORDER BY i) FROM unnest(records) WITH ORDINALITY u(r, i)$$;
SELECT pg_temp.make('CREATE TABLE texts (a text, b text, c int)');
-- Empty, quoted and blank fields
SELECT pg_temp.load('empty and quoted fields', 'texts', E'"",,1\n,"",\n a , "b" ,2\na""b,"c""d",3\n"a"b"c","""",4\n"a, b",'''',5\n\\N,"\\N",6\n\\.x,"\\.",7\n"",""," 8"');
-- Line ends and delimiters inside of quotes
SELECT pg_temp.load('quoted line ends', 'texts', pg_temp.bytes(E'"a\nb",c,1', E'"a\r\nb","\n",2', E'"\r",",",3', E'x,"a\n\nb",y'));
SELECT pg_temp.load('fields too few and too many', 'texts', E'a,b,1\na,b\na\na,b,2,\na,b,3,4,5\n""\n,,');
SELECT pg_temp.load('quote without an end', 'texts', E'a,b,1\na,"b,2');
-- Bytes that are no text
SELECT pg_temp.load('bytes that are no UTF-8', 'texts', ARRAY['a,b,1', 'a\377,b,2', 'a,\300\200,3', 'a,\355\240\200,4', 'a,\364\220\200\200,5', '\200,b,6', 'a,\342\202,7', 'a\000,b,8', 'a,b,\377', '\360\237\232\242,b,9']::bytea[]);
-- Other delimiters, quotes, escapes and null strings
SELECT pg_temp.load('other delimiter and quote', 'texts', E'a;b;1\n''a;b'';c;2\n"a;b;3', copy_options => $$, DELIMITER ';', QUOTE ''''$$, ferry_options => $$header => 'off', delimiter => ';', quote => ''''$$);
SELECT pg_temp.load('tabs, escape', 'texts', E'a\tb\t1\n"a\\"b"\t"c\\\\"\t2\n"a\\n"\tb\\"c"\t3', copy_options => $$, DELIMITER E'\t', ESCAPE '\'$$, ferry_options => $$header => 'off', delimiter => E'\t', escape => '\'$$);
SELECT pg_temp.load('letters as delimiter, quote and escape', 'texts', E'axbx1\nqaxbqxcx2\nqaeqbqxqeeqx3\nx"n"x5', copy_options => $$, DELIMITER 'x', QUOTE 'q', ESCAPE 'e'$$, ferry_options => $$header => 'off', delimiter => 'x', quote => 'q', escape => 'e'$$);
SELECT pg_temp.load('blank as delimiter, escape as delimiter', 'texts', E'a b 1\n"a b" c 2\n"a "" b" c 3', copy_options => $$, DELIMITER ' ', ESCAPE ' '$$, ferry_options => $$header => 'off', delimiter => ' ', escape => ' '$$);
SELECT pg_temp.load('null string', 'texts', E'NULL,"NULL",1\nnull,NULLS,2\n,"",NULL\na,b,', copy_options => $$, NULL 'NULL'$$, ferry_options => $$header => 'off', null_string => 'NULL'$$);
SELECT pg_temp.load('null string of one blank', 'texts', E' ," ",1\n  ,, ', copy_options => $$, NULL ' '$$, ferry_options => $$header => 'off', null_string => ' '$$);
-- A header that is passed over
SELECT pg_temp.load('header', 'texts', E'"x\ny",z\na,b,1', columns => '{a,b,c}', copy_options => ', HEADER', ferry_options => $$header => 'on'$$);
SELECT pg_temp.load('header and nothing else', 'texts', 'x,y,z', columns => '{a,b,c}', copy_options => ', HEADER', ferry_options => $$header => 'on'$$);
-- One column: an empty line is a row
SELECT pg_temp.make('CREATE TABLE line (a text)');
SELECT pg_temp.load('empty lines of one column', 'line', E'a\n\n""\n \n\nb');
-- Encodings: COPY goes by client_encoding unless told, ferry by its option alone
SELECT pg_temp.make('CREATE TABLE letters (i int, a text)');
CREATE FUNCTION pg_temp.all_bytes() RETURNS bytea[] LANGUAGE sql AS $$
  SELECT array_agg(convert_to(i || ',"x', 'UTF8') || set_byte('\x00', 0, i) || '"' ORDER BY i) FROM generate_series(1, 255) i WHERE i <> 34 $$;
SELECT pg_temp.load('LATIN1', 'letters', pg_temp.all_bytes(), copy_options => $$, ENCODING 'LATIN1'$$, ferry_options => $$header => 'off', encoding => 'LATIN1'$$);
SELECT pg_temp.load('WIN1252', 'letters', pg_temp.all_bytes(), copy_options => $$, ENCODING 'WIN1252'$$, ferry_options => $$header => 'off', encoding => 'WIN1252'$$);
SET client_encoding = LATIN1;
SELECT pg_temp.load('client_encoding LATIN1', 'letters', pg_temp.all_bytes(), ferry_options => $$header => 'off', encoding => 'LATIN1'$$);
RESET client_encoding;
SELECT count(*), count(DISTINCT a) FROM ferried.letters;
-- The null string and the names of a header are written in the file's encoding, too
SELECT pg_temp.load('null string in LATIN1', 'texts', ARRAY['\361,"\361",1', '\303\261,\361\361,\361']::bytea[], copy_options => $$, ENCODING 'LATIN1', NULL 'ñ'$$, ferry_options => $$header => 'off', encoding => 'LATIN1', null_string => 'ñ'$$);
SELECT pg_temp.state($$SELECT ferry.migrate_csv_data('ferried.texts', 'a,b,1', encoding => 'LATIN1', null_string => '漢')$$);
SELECT pg_temp.make('CREATE TABLE named (i int, "año" text)');
SELECT pg_temp.load('header in LATIN1', 'named', ARRAY['i,a\361o', '1,\361']::bytea[], copy_options => $$, ENCODING 'LATIN1', HEADER MATCH$$, ferry_options => $$header => 'on', encoding => 'LATIN1'$$);
SELECT rows_loaded AS found FROM ferry.migrate_csv_data('ferried.named', 'a\361o,i\012\361,2\012'::bytea, encoding => 'WIN1252');
SELECT pg_temp.state($$SELECT ferry.migrate_csv_data('ferried.named', '\x692c61f16f0a'::bytea, header => 'on')$$);

-- ---- Where ferry goes its own way ----
SELECT pg_temp.make('TRUNCATE texts, line, domains');
-- COPY puts a NULL even into a domain that takes none, where the column is not part of the list
SELECT pg_temp.load('domain that takes no NULL, not given', 'domains', E'1\n2', '{p}');
-- A type that calls bad input an internal error (hstore before PostgreSQL 16) stops the load: such an error could be anything
SELECT pg_temp.values('contrib.hstore', 'a=>1|a');
-- Line ends may be mixed
SELECT pg_temp.load('mixed line ends', 'texts', pg_temp.bytes(E'a,b,1\r', E'c,d,2'));
-- Empty lines between records of several columns are no records
SELECT pg_temp.load('empty lines', 'texts', E'a,b,3\n\nc,d,4');
-- \. is data, as in COPY from PostgreSQL 18 on
SELECT rows_loaded AS lines FROM ferry.migrate_csv_data('ferried.line', convert_to(E'a\n\\.\nb\n', 'UTF8'), header => 'off');
SELECT a FROM ferried.line;
-- A byte order mark is no data
SELECT pg_temp.load('byte order mark', 'texts', E'\ufeff"a,b",c,5');
-- Another encoding of the client does not change what a file is in
SET client_encoding = LATIN1;
SELECT rows_loaded AS utf8 FROM ferry.migrate_csv_data('ferried.line', '\303\261'::bytea, header => 'off');
RESET client_encoding;
SELECT a FROM ferried.line WHERE a = 'ñ';

SET client_min_messages = warning;
COPY (SELECT) TO PROGRAM :'remove_file';
:drop_beside_copy;
DROP SCHEMA contrib CASCADE;
DROP EXTENSION pg_ferry;
