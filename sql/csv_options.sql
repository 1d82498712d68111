-- Options of the CSV functions: what a file may be like, what is found out about it, and when a load is refused.
\set VERBOSITY default
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
CREATE SCHEMA csv_options;
SET search_path = csv_options, pg_catalog;
SET TimeZone = 'UTC';
\pset format unaligned
\pset tuples_only on
CREATE TABLE t (id int PRIMARY KEY, name text, day date, at timestamptz);
CREATE FUNCTION pg_temp.utf16(text) RETURNS bytea LANGUAGE sql AS $$
  SELECT '\xfffe'::bytea || string_agg(set_byte(set_byte('\x0000', 0, ascii(c) % 256), 1, ascii(c) / 256), ''::bytea ORDER BY n)
  FROM regexp_split_to_table($1, '') WITH ORDINALITY AS x (c, n) $$;
CREATE FUNCTION pg_temp.rejects() RETURNS SETOF text LANGUAGE sql AS $$
  SELECT concat_ws(' ', r.record_number, r.line_number, r.byte_offset, r.status, e.class, e.sqlstate, e.column_name, e.message)
  FROM ferry.rejects r JOIN ferry.reject_errors e USING (reject_id)
  WHERE r.load_id = (SELECT max(load_id) FROM ferry.loads) ORDER BY r.reject_id, e.ordinal $$;
CREATE FUNCTION pg_temp.found(key text) RETURNS text LANGUAGE sql AS $$
  SELECT options ->> key FROM ferry.loads ORDER BY load_id DESC LIMIT 1 $$;

-- ---- Encodings: told, marked, found out ----
SELECT status, rows_loaded FROM ferry.migrate_csv_data('t', '1,A\361o'::bytea || '\x0a'::bytea, columns => '{id,name}', encoding => 'LATIN1');
SELECT status, rows_loaded FROM ferry.migrate_csv_data('t', '2,\200uro'::bytea, columns => '{id,name}', encoding => 'auto');
SELECT pg_temp.found('encoding');
SELECT status, rows_loaded, rows_rejected FROM ferry.migrate_csv_data('t', pg_temp.utf16(E'3,Üñ\nx,bad\n4,last\n'), columns => '{id,name}');
SELECT pg_temp.found('encoding');
SELECT * FROM pg_temp.rejects();
-- The reject keeps the bytes as they came, and their place in the file.
SELECT raw = substr(pg_temp.utf16('x,bad'), 3), byte_offset FROM ferry.rejects ORDER BY reject_id DESC LIMIT 1;
SELECT id, name FROM t ORDER BY id;
SELECT status FROM ferry.migrate_csv_data('t', '1', encoding => 'EBCDIC');
TRUNCATE t;

-- ---- gzip and zstd, told by their first bytes; damage is an error and nothing stays ----
SELECT status, rows_loaded FROM ferry.migrate_csv_data('t', '\x1f8b0800000000000003cb4cd1c94bcc4de532d4c9cf4be532d22929cfe7020069f3234314000000');
SELECT status, rows_loaded FROM ferry.migrate_csv_data('t', '\x28b52ffd0458410000332c74687265650a2177801d', columns => '{id,name}');
SELECT status FROM ferry.migrate_csv_data('t', substr('\x1f8b0800000000000003cb4cd1c94bcc4de532d4c9cf4be532d22929cfe7020069f3234314000000'::bytea, 1, 20));
SELECT status FROM ferry.migrate_csv_data('t', set_byte('\x1f8b0800000000000003cb4cd1c94bcc4de532d4c9cf4be532d22929cfe7020069f3234314000000'::bytea, 24, 255));
SELECT id, name FROM t ORDER BY id;
TRUNCATE t;

-- ---- Dialects found out ----
SELECT status, rows_loaded FROM ferry.migrate_csv_data('t',
  E'ID;Name;Day\n1;"semi;colon";2021-01-02\n2;it''s;2021-01-03\n3;x;2021-01-04\n', delimiter => 'auto', quote => 'auto');
SELECT pg_temp.found('delimiter'), pg_temp.found('quote'), pg_temp.found('header');
SELECT status, rows_loaded FROM ferry.migrate_csv_data('t',
  E'11\tone\t2021-01-02\n12\ttwo\tNULL\n13\tthree\tNULL\n14\tfour\t2021-01-03\n', columns => '{id,name,day}', delimiter => 'auto', null_string => 'auto');
SELECT pg_temp.found('delimiter') = E'\t', pg_temp.found('null_string');
SELECT id, name, day FROM t ORDER BY id;
TRUNCATE t;

-- ---- Dates as they are written elsewhere ----
SELECT status, rows_loaded FROM ferry.migrate_csv_data('t', E'1,a,31/12/2021,31/12/2021\n2,b,2021-12-30,2021-12-30T10:00:00Z\n3,c,12/31/2021,\n',
  date_format => 'DD/MM/YYYY');
SELECT * FROM pg_temp.rejects();
SELECT id, day, at FROM t ORDER BY id;
SELECT status FROM ferry.migrate_csv_data('t', '9,z,1/2/3,', date_format => 'DD/QQ');
SET TimeZone = 'America/Lima';
SELECT status, rows_loaded FROM ferry.migrate_csv_data('t', E'5,e,,05/01/2021 07:08 PM\n', date_format => 'MM/DD/YYYY HH:MI AM', header => 'off');
SELECT at AT TIME ZONE 'UTC' FROM t WHERE id = 5;
RESET TimeZone;
TRUNCATE t;

-- ---- Salvage: broken rows go in mended, and each repair is told ----
SELECT status, rows_read, rows_loaded, rows_rejected, rows_repaired FROM ferry.migrate_csv_data('t',
  E'1,short\n2,long,2021-01-01,2021-01-01Z,more,"still"\n3,"open,2021-01-02,\n4,fine,,\nx,bad\n', repair => 'salvage', header => 'off');
SELECT * FROM pg_temp.rejects();
SELECT id, name, day FROM t ORDER BY id;
SELECT status, rows_rejected FROM ferry.migrate_csv_data('t', E'7,short\n', header => 'off');
TRUNCATE t;

-- ---- Shares of bad rows ----
SELECT status, rows_loaded, rows_rejected FROM ferry.migrate_csv_data('t', E'1\nx\n3\n4\n', columns => '{id}', reject_percent => 25);
SELECT status, rows_loaded, rows_rejected FROM ferry.migrate_csv_data('t', E'5\nx\n7\n', columns => '{id}', reject_percent => 33);
SELECT array_agg(id ORDER BY id) FROM t;
SELECT status FROM ferry.migrate_csv_data('t', '1', reject_percent => 101);
TRUNCATE t;

-- ---- Large objects, and the same file twice ----
SELECT lo_from_bytea(0, E'1,one\n2,two\n') AS object \gset
SELECT status, rows_loaded, bytes_read FROM ferry.migrate_csv_object('t', :object, columns => '{id,name}');
SELECT source_kind, source_name = :'object', source_sha256 = encode(sha256(E'1,one\n2,two\n'), 'hex') FROM ferry.loads ORDER BY load_id DESC LIMIT 1;
DO $$
BEGIN
  PERFORM ferry.migrate_csv_object('csv_options.t', (SELECT source_name::oid FROM ferry.loads ORDER BY load_id DESC LIMIT 1), columns => '{id,name}');
EXCEPTION WHEN duplicate_object THEN RAISE WARNING 'refused: loaded before';
END $$;
SELECT status, rows_loaded, rows_rejected FROM ferry.migrate_csv_object('t', :object, columns => '{id,name}', force => true);
SELECT lo_unlink(:object);
SELECT status FROM ferry.migrate_csv_object('t', 4294967295);
TRUNCATE t;

-- ---- Progress, as a trigger sees it ----
CREATE TABLE watched (id int);
CREATE TABLE seen (command text, bytes_total bigint, tuples_processed bigint, tuples_excluded bigint);
CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_stat_clear_snapshot();
  INSERT INTO csv_options.seen SELECT p.command, p.bytes_total, p.tuples_processed, p.tuples_excluded FROM pg_stat_progress_copy p
    WHERE p.pid = pg_backend_pid() AND p.relid = TG_RELID;
  RETURN NULL;
END $$;
CREATE TRIGGER watch AFTER INSERT ON watched FOR EACH ROW WHEN (new.id IN (1500, 2500)) EXECUTE FUNCTION watch();
SELECT status, rows_loaded, rows_rejected FROM ferry.migrate_csv_data('watched',
  (SELECT convert_to(string_agg(CASE WHEN i = 700 THEN 'x' ELSE i::text END, E'\n' ORDER BY i), 'UTF8') FROM generate_series(1, 3000) i));
SELECT DISTINCT command, bytes_total, tuples_processed, tuples_excluded FROM seen ORDER BY tuples_processed;
SELECT count(*) FROM pg_stat_progress_copy WHERE pid = pg_backend_pid();
DROP SCHEMA csv_options CASCADE;
DROP EXTENSION pg_ferry;
