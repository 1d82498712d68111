-- Files that were made to harm: each is refused with 22P03 and its place, the table is what it was and the server is up.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
CREATE SCHEMA hostile;
SET search_path = hostile;
SELECT format('ferry_hostile_test_%s', extract(epoch FROM clock_timestamp())::bigint) AS folder \gset
SET ferry.directory = :'folder';
\getenv source PG_ABS_SRCDIR
\set include :source '/sql/include/avro_files.sql'
\set ECHO none
\i :include
\set ECHO all
\pset tuples_only
\pset format unaligned
CREATE TABLE t (a text);
INSERT INTO t VALUES ('kept');
-- Makes the folder.
SELECT rows FROM ferry.backup_table_avro('t');
SELECT pg_backend_pid() AS pid \gset
CREATE FUNCTION pg_temp.refused(content bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  answer text;
BEGIN
  PERFORM pg_temp.write_file('hostile.avro', content);
  answer := pg_temp.refusal($q$SELECT ferry.restore_table_avro('hostile.t', 'hostile.avro')$q$);
  IF (SELECT string_agg(a, ',') FROM hostile.t) <> 'kept' THEN answer := answer || ' AND THE TABLE IS ANOTHER'; END IF;
  RETURN answer;
END
$$;
CREATE FUNCTION pg_temp.of_type(type json, data bytea) RETURNS text LANGUAGE sql AS $$
SELECT pg_temp.refused(pg_temp.header(pg_temp.record(json_build_object('a', type))) || pg_temp.block(1, data))
$$;

-- ---- Rows ----
SELECT pg_temp.of_type('"string"', pg_temp.num(-1));
SELECT pg_temp.of_type('"string"', pg_temp.num(9223372036854775807));
SELECT pg_temp.of_type('"bytes"', pg_temp.num(4) || 'abc');
SELECT pg_temp.of_type('"string"', '\x04c328');
SELECT pg_temp.of_type('{"type": "enum", "name": "e", "symbols": ["A", "B"]}', pg_temp.num(77));
SELECT pg_temp.of_type('["null", "string"]', pg_temp.num(2));
SELECT pg_temp.of_type('["null", "string"]', pg_temp.num(-1));
SELECT pg_temp.of_type('"int"', '\xffffffffffffffffffff');
SELECT pg_temp.of_type('"boolean"', '\x07');
SELECT pg_temp.of_type('{"type": "array", "items": "null"}', pg_temp.num(2147483648));
SELECT pg_temp.of_type('{"type": "map", "values": "int"}', pg_temp.num(-9223372036854775808) || pg_temp.num(0));
-- In a compressed block the place is told in its uncompressed bytes (two bytes, stored).
SELECT pg_temp.refused(pg_temp.header(pg_temp.record('{"a": {"type": "enum", "name": "e", "symbols": ["A", "B"]}}'), 'deflate') || pg_temp.block(1, '\x010200fdff9a01'));

-- ---- Blocks, behind a good one ----
SELECT pg_temp.record('{"a": "string"}') AS schema \gset
SELECT pg_temp.header(:'schema') || pg_temp.block(1, pg_temp.str('good')) AS good \gset
SELECT pg_temp.refused(:'good'::bytea || pg_temp.num(-1));
SELECT pg_temp.refused(:'good'::bytea || pg_temp.num(1) || pg_temp.num(-5));
SELECT pg_temp.refused(:'good'::bytea || pg_temp.num(1) || pg_temp.num(9223372036854775807));
SELECT pg_temp.refused(:'good'::bytea || pg_temp.block(0, 'x'));
SELECT pg_temp.refused(:'good'::bytea || pg_temp.block(3, ''));
SELECT pg_temp.refused(:'good'::bytea || pg_temp.block(4611686018427387904, ''));
SELECT pg_temp.refused(:'good'::bytea || pg_temp.block(2, pg_temp.str('one row')));
SELECT pg_temp.refused(:'good'::bytea || pg_temp.block(1, pg_temp.str('one') || pg_temp.str('two')));
SELECT pg_temp.refused(:'good'::bytea || pg_temp.block(1, pg_temp.str('x'), '0123456789abcdeX'));
SELECT pg_temp.refused(:'good'::bytea || 'trailing');
SELECT pg_temp.refused(:'good'::bytea || '\x80');
-- Cut at every byte: never rows but at the end of a block.
SELECT left(pg_temp.refused(substring(:'good'::bytea FOR n)), 5) AS answer, count(*) FROM generate_series(0, length(:'good'::bytea) - 1) n
WHERE n <> length(pg_temp.header(:'schema')) GROUP BY 1;

-- ---- Bombs: 300 MB of zeros ----
\set bomb 'cat > /dev/null && cd ' :folder '/backups && head -c 300000000 /dev/zero | gzip -9 | tail -c +11 | head -c -8 > bomb.deflate'
COPY (SELECT) TO PROGRAM :'bomb';
-- A frame of blocks that each repeat one byte 131072 times.
SELECT pg_temp.write_file('bomb.zstandard', '\x28b52ffd0038'::bytea || decode(repeat('02001000', 2400) || '03001000', 'hex'));
SELECT codec, pg_temp.refused(pg_temp.header(:'schema', codec) || pg_temp.block(1, pg_read_binary_file(:'folder' || '/backups/bomb.' || codec))) FROM unnest(ARRAY['deflate', 'zstandard']) codec;
SELECT pg_temp.refused(pg_temp.header(:'schema', 'deflate') || pg_temp.block(1, '\xffff'));

-- ---- Schemas ----
SELECT pg_temp.refused(pg_temp.header('{"type":"record","name":"r","fields":[{"name":"a","type":["null","r"]}]}') || pg_temp.block(1, repeat('\002', 20000)::bytea));
SELECT pg_temp.refused(pg_temp.header('{"type":"record","name":"r","fields":[{"name":"a","type":"string"},{"name":"a","type":"string"}]}'));
SELECT pg_temp.refused(pg_temp.header('{"type":"record","name":"r","fields":[{"name":"a","type":{"type":"fixed","name":"f","size":1}},{"name":"b","type":{"type":"fixed","name":"f","size":2}}]}'));
SELECT pg_temp.refused(pg_temp.header('{"type":"fixed","name":"f","size":-2}'));
SELECT pg_temp.refused(pg_temp.header(repeat('[', 5000) || repeat(']', 5000)));
SELECT pg_temp.refused(pg_temp.header('"string"') || pg_temp.block(1, pg_temp.str('x')));
DO $$
DECLARE
  type text := '{"type":"record","name":"r0","fields":[]}';
BEGIN
  FOR i IN 1 .. 40 LOOP
    type := format('{"type":"record","name":"r%s","fields":[{"name":"a","type":%s},{"name":"b","type":"r%s"}]}', i, type, i - 1);
  END LOOP;
  RAISE WARNING '%', pg_temp.refused(pg_temp.header(type));
END
$$;

-- ---- The header ----
SELECT pg_temp.refused('Obj\001'::bytea || pg_temp.num(-9223372036854775808));
SELECT pg_temp.refused('Obj\001'::bytea || pg_temp.num(1) || pg_temp.num(9223372036854775807));
SELECT pg_temp.refused('Obj\001'::bytea || pg_temp.num(0) || '0123456789abcdef');
SELECT pg_temp.refused('Obj\001'::bytea || pg_temp.num(2) || pg_temp.str('avro.schema') || pg_temp.str(:'schema') || pg_temp.str('avro.schema') || pg_temp.str(:'schema') || pg_temp.num(0) || '0123456789abcdef');
SELECT pg_temp.refused(pg_temp.header(:'schema', 'lzma'));

-- ---- Odd, but legal ----
CREATE TABLE wide (a int);
DO $$
BEGIN
  EXECUTE (SELECT 'ALTER TABLE hostile.wide ' || string_agg('ADD a_rather_long_name_of_a_column_' || i || ' int', ', ') FROM generate_series(1, 1500) i);
END
$$;
SELECT pg_temp.write_file('wide.avro', pg_temp.header(schema) || pg_temp.block(1, decode(repeat('0e', 1500), 'hex'))), length(schema) > 65536 AS over_64_kib
FROM (SELECT pg_temp.record(json_object_agg('a_rather_long_name_of_a_column_' || i, '{"type": "int", "logicalType": "unheard-of"}'::json)) FROM generate_series(1, 1500) i) s(schema);
SELECT status, rows_loaded FROM ferry.restore_table_avro('wide', 'wide.avro');
SELECT a, a_rather_long_name_of_a_column_1500 FROM wide;
SELECT pg_temp.write_file('gaps.avro', pg_temp.header(:'schema') || pg_temp.block(0, '') || pg_temp.block(1, pg_temp.str('one')) || pg_temp.block(0, '') || pg_temp.block(1, pg_temp.str('two')) || pg_temp.block(0, ''));
SELECT status, rows_loaded FROM ferry.restore_table_avro('t', 'gaps.avro');
TABLE t;
SELECT pg_backend_pid() = :pid AS same_session;

-- ---- Every byte of a file changed, and every one left out ----
CREATE TABLE many (id bigint, name text, ratio float8, mood text, grid int[], amount numeric(8,2), at timestamptz, j jsonb);
SELECT pg_temp.header(pg_temp.record('{"id": "long", "name": ["null", "string"], "ratio": ["double", "null"], "mood": {"type": "enum", "name": "m", "symbols": ["A", "B"]},
  "grid": {"type": "array", "items": ["null", "int"]}, "amount": {"type": "bytes", "logicalType": "decimal", "precision": 8, "scale": 2}, "at": {"type": "long", "logicalType": "timestamp-millis"},
  "j": {"type": "map", "values": "boolean"}}'))
  || pg_temp.block(2, string_agg(pg_temp.num(i) || pg_temp.num(1) || pg_temp.str('name ' || i) || pg_temp.num(0) || '\x000000000000f03f' || pg_temp.num(1) || pg_temp.num(2) || pg_temp.num(0) || pg_temp.num(1) || pg_temp.num(i) || pg_temp.num(0)
    || pg_temp.str('\x04e2'::bytea) || pg_temp.num(1600000000000) || pg_temp.num(1) || pg_temp.str('k') || '\x01' || pg_temp.num(0), ''::bytea)) AS good
FROM generate_series(1, 2) i \gset
SELECT pg_temp.write_file('many.avro', :'good');
SELECT status, rows_loaded FROM ferry.restore_table_avro('many', 'many.avro');
SELECT id, name, ratio, mood, grid, amount, at AT TIME ZONE 'UTC', j FROM many ORDER BY id;
TRUNCATE many;
CREATE FUNCTION pg_temp.try(content bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  answer text;
  lob oid := lo_from_bytea(0, content);
BEGIN
  PERFORM lo_export(lob, current_setting('ferry.directory') || '/backups/tried.avro'), lo_unlink(lob);
  BEGIN
    answer := (SELECT status FROM ferry.restore_table_avro('hostile.many', 'tried.avro', 'append'));
  EXCEPTION WHEN OTHERS THEN
    answer := SQLSTATE;
  END;
  IF (answer = 'loaded') <> EXISTS (SELECT FROM hostile.many) THEN answer := answer || ', AND THE TABLE SAYS ANOTHER THING'; END IF;
  DELETE FROM hostile.many;
  RETURN answer;
END
$$;
SET client_min_messages = error;
SELECT array_agg(DISTINCT pg_temp.try(set_byte(:'good', i, get_byte(:'good', i) # (ARRAY[1, 128, 255])[1 + i % 3]))) FROM generate_series(0, length(:'good'::bytea) - 1) i;
SELECT array_agg(DISTINCT pg_temp.try(overlay(:'good'::bytea PLACING '' FROM i FOR 1))) FROM generate_series(1, length(:'good'::bytea)) i;
SELECT pg_temp.try(:'good'), pg_backend_pid() = :pid AS same_session;
SET client_min_messages = warning;

\set cleanup 'cat > /dev/null && rm -rf ' :folder
COPY (SELECT) TO PROGRAM :'cleanup';
DROP SCHEMA hostile CASCADE;
DROP EXTENSION pg_ferry;
