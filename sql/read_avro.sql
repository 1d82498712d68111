-- read_avro: any Avro file as rows, in JSON and typed by a composite.
\set VERBOSITY terse
SET client_min_messages = error;
CREATE EXTENSION pg_ferry;
CREATE SCHEMA reads;
SET search_path = reads;
SELECT format('ferry_read_test_%s', extract(epoch FROM clock_timestamp())::bigint) AS folder \gset
SET ferry.directory = :'folder';
\getenv source PG_ABS_SRCDIR
\set include :source '/sql/include/backups.sql'
\set ECHO none
\i :include
\set ECHO all
\pset tuples_only
\pset format unaligned

-- ---- Files of ours ----
CREATE TYPE mood AS ENUM ('calm', 'rough');
CREATE TYPE pair AS (a int, b text);
CREATE TABLE everything (
  id bigint PRIMARY KEY, "Odd ""name""" text, b bool, r real, d float8, n numeric(10, 3), any_n numeric, day date, at timestamptz, wall timestamp, clock time,
  span interval, bin bytea, u uuid, m mood, p pair, ps pair[], grid int[], j json, jb jsonb, c char(4), net inet, gone int, price money);
ALTER TABLE everything DROP COLUMN gone;
INSERT INTO everything VALUES
  (1, 'a "b" \ ü', true, 1.5, 'NaN', 12.500, 1e40, '2021-02-03', '2021-02-03 04:05:06.789Z', '2021-02-03 04:05:06', '04:05:06', '1 mon 2 days 3.5 s', '\x00ff', '00000000-0000-0000-0000-000000000001', 'rough', (1, 'x, "y"'),
   ARRAY[(1, NULL), NULL]::pair[], '{{1,2},{3,NULL}}', '{"a":  1}', '{"a": [null]}', 'ab', '10.0.0.1/8', 1.25),
  (2, '', NULL, '-Infinity', -0.0, NULL, 'NaN', 'infinity', '-infinity', '0044-03-15 BC', '24:00', '-1 day', '', NULL, NULL, NULL, '{}', '[0:1]={1,2}', 'null', '"text"', '', '::1', NULL);
-- The second row needs another schema, and so a second file: the backup's name stands for both.
SELECT path, parts FROM ferry.backup_table_avro('everything') \gset
SELECT :parts;
SELECT count(*) FROM ferry.read_avro(:'path');
SELECT key, value FROM ferry.read_avro(:'path') r, jsonb_each(r) WHERE r ->> 'id' = '1' ORDER BY key COLLATE "C";
SELECT jsonb_object_keys(r) FROM ferry.read_avro(:'path') r WHERE r ->> 'id' = '2' EXCEPT SELECT attname FROM pg_attribute WHERE attrelid = 'everything'::regclass;
-- Typed: the very rows.
SELECT count(*) FROM ferry.read_avro(:'path', NULL::everything);
SELECT count(*) AS the_same FROM ferry.read_avro(:'path', NULL::everything) r JOIN everything e USING (id) WHERE e.*::everything *= r.*::everything;
SELECT (r).id, (r).p, (r).grid, (r).j, (r).price FROM (SELECT ferry.read_avro(:'path', NULL::everything) AS r) s;
SELECT id, n, at FROM ferry.read_avro(:'path', NULL::everything) WHERE m = 'rough';
-- A type of fewer or more attributes, in another order and with other types.
CREATE TYPE wider AS (later int, u uuid);
SELECT pg_temp.refusal(format('SELECT * FROM ferry.read_avro(%L, NULL::reads.wider)', :'path'));
CREATE TABLE small (id int, name text);
INSERT INTO small VALUES (1, 'one'), (2, NULL);
SELECT path AS small_path FROM ferry.backup_table_avro('small', 'null') \gset
CREATE TYPE turned AS (name varchar(5), more int[], "ID" numeric);
SELECT * FROM ferry.read_avro(:'small_path', NULL::turned);
CREATE TYPE unfit AS (name date, id int);
CREATE TYPE narrow AS (name varchar(2), id int);
SELECT pg_temp.refusal(format('SELECT * FROM ferry.read_avro(%L, NULL::reads.unfit)', :'small_path'));
SELECT pg_temp.refusal(format('SELECT * FROM ferry.read_avro(%L, NULL::reads.narrow)', :'small_path'));
-- Settings of the session change nothing.
SET datestyle = 'SQL, DMY';
SET intervalstyle = 'iso_8601';
SELECT count(*) AS the_same FROM ferry.read_avro(:'path', NULL::everything) r JOIN everything e USING (id) WHERE e.*::everything *= r.*::everything;
RESET datestyle;
RESET intervalstyle;
CREATE TABLE no_columns ();
INSERT INTO no_columns SELECT FROM generate_series(1, 3);
SELECT path AS empty_path FROM ferry.backup_table_avro('no_columns') \gset
SELECT * FROM ferry.read_avro(:'empty_path');
SELECT count(*) FROM ferry.read_avro(:'empty_path', NULL::no_columns);
-- Many rows, in many blocks, with little memory.
SET work_mem = '64kB';
CREATE TABLE many (id int, b text);
INSERT INTO many SELECT i, repeat('x', 100) FROM generate_series(1, 20000) i;
SELECT path AS many_path FROM ferry.backup_table_avro('many', block_size => 4096) \gset
SELECT count(*), sum((r ->> 'id')::int) FROM ferry.read_avro(:'many_path') r;
SELECT count(*), sum(id), min(length(b)) FROM ferry.read_avro(:'many_path', NULL::many);
RESET work_mem;

-- ---- Files of others, written here byte by byte ----
CREATE FUNCTION pg_temp.zigzag(n bigint) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
  u bigint := CASE WHEN n < 0 THEN -n * 2 - 1 ELSE n * 2 END;
  bytes bytea := '';
BEGIN
  WHILE u > 127 LOOP
    bytes := bytes || set_byte('\x00', 0, ((u % 128) + 128)::int);
    u := u / 128;
  END LOOP;
  RETURN bytes || set_byte('\x00', 0, u::int);
END
$$;
CREATE FUNCTION pg_temp.string(b bytea) RETURNS bytea LANGUAGE sql AS $$ SELECT pg_temp.zigzag(length(b)) || b $$;
-- One block of `count` rows.
CREATE FUNCTION pg_temp.avro(schema text, count int, rows bytea) RETURNS bytea LANGUAGE sql AS $$
  SELECT 'Obj\001'::bytea || '\x04' || pg_temp.string('avro.schema') || pg_temp.string(convert_to(schema, 'UTF8')) || pg_temp.string('avro.codec') || pg_temp.string('null') || '\x00'
    || decode(repeat('ab', 16), 'hex') || pg_temp.zigzag(count) || pg_temp.string(rows) || decode(repeat('ab', 16), 'hex') $$;
CREATE FUNCTION pg_temp.read(file bytea) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  name text := current_setting('data_directory') || '/' || current_setting('ferry.directory') || '/backups/other.avro';
  object oid := lo_from_bytea(0, file);
BEGIN
  PERFORM lo_export(object, name);
  PERFORM lo_unlink(object);
  RETURN QUERY SELECT r::text FROM ferry.read_avro('other.avro') r;
EXCEPTION WHEN OTHERS THEN
  RETURN NEXT SQLSTATE || ': ' || SQLERRM;
END
$$;
-- Nested records, a map, a union in its own order, an enum, a fixed, logical types.
SELECT pg_temp.read(pg_temp.avro('{"type":"record","name":"r","fields":[
    {"name":"inner","type":{"type":"record","name":"i","fields":[{"name":"x","type":["string","null","long"]},{"name":"e","type":{"type":"enum","name":"e","symbols":["A","B"]}}]}},
    {"name":"map","type":{"type":"map","values":"i"}},
    {"name":"f","type":{"type":"fixed","name":"f","size":2}},
    {"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},
    {"name":"amount","type":{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}}]}', 1,
  '\x04' || pg_temp.zigzag(7) || '\x02' || '\x02' || pg_temp.string('k') || '\x00' || pg_temp.string('v') || '\x00' || '\x00' || '\xfffe' || pg_temp.zigzag(1612325106789) || pg_temp.string('\xff85')));
-- Values that are no records.
SELECT pg_temp.read(pg_temp.avro('"string"', 2, pg_temp.string('a') || pg_temp.string('"')));
SELECT pg_temp.read(pg_temp.avro('["null","long"]', 2, '\x00'::bytea || '\x02' || pg_temp.zigzag(-5)));
SELECT pg_temp.read(pg_temp.avro('{"type":"array","items":"int"}', 1, '\x04020400'::bytea));
SELECT pg_temp.refusal($$SELECT * FROM ferry.read_avro('other.avro', NULL::reads.small)$$);
-- Damaged files, with the place.
SELECT pg_temp.read('no Avro');
SELECT pg_temp.read(pg_temp.avro('"string"', 2, pg_temp.string('a')));
SELECT pg_temp.read(pg_temp.avro('"string"', 1, pg_temp.string('a') || '\x00'));
SELECT pg_temp.read(pg_temp.avro('"string"', 1, pg_temp.string('\xff')));
SELECT pg_temp.read(pg_temp.avro('"string"', 1, pg_temp.string('\x00')));
SELECT pg_temp.read(pg_temp.avro('"nothing"', 1, ''));
SELECT pg_temp.read(pg_temp.avro('{"type":"record","name":"r","fields":[{"name":"r","type":"r"}]}', 1, ''));

-- ---- Paths and rights ----
SELECT count(*) FROM ferry.read_avro(current_setting('data_directory') || '/' || :'folder' || '/backups/' || :'small_path');
SELECT pg_temp.refusal(format('SELECT * FROM ferry.read_avro(%L)', path)) FROM unnest('{nothing.avro,../inbox/x.avro,""}'::text[]) path;
SELECT pg_temp.refusal('SELECT * FROM ferry.read_avro(NULL)');
SELECT pg_temp.refusal('SELECT * FROM ferry.read_avro(''x'', 1)');
SELECT pg_temp.refusal('SELECT * FROM ferry.read_avro(''x'', NULL::record)');
CREATE ROLE reads_other;
GRANT USAGE ON SCHEMA reads, ferry TO reads_other;
SET ROLE reads_other;
SELECT pg_temp.refusal(format('SELECT * FROM ferry.read_avro(%L)', :'small_path'));
SELECT pg_temp.refusal(format('SELECT * FROM ferry.read_avro(%L, NULL::reads.small)', :'small_path'));
RESET ROLE;
GRANT EXECUTE ON FUNCTION ferry.read_avro(text), ferry.read_avro(text, anyelement) TO reads_other;
SET ROLE reads_other;
SELECT pg_temp.refusal(format('SELECT * FROM ferry.read_avro(%L)', :'small_path'));
SELECT pg_temp.refusal(format('SELECT * FROM ferry.read_avro(%L, NULL::reads.small)', :'small_path'));
RESET ROLE;
GRANT pg_read_server_files TO reads_other;
SET ROLE reads_other;
SELECT * FROM ferry.read_avro(:'small_path');
RESET ROLE;

\set cleanup 'cat > /dev/null && rm -rf ' :folder
COPY (SELECT) TO PROGRAM :'cleanup';
DROP SCHEMA reads CASCADE;
REVOKE ALL ON SCHEMA ferry FROM reads_other;
DROP EXTENSION pg_ferry;
DROP ROLE reads_other;
