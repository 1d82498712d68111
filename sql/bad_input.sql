-- Bad input: every wrong file, table and option is a clear error, never a crash and never a silent skip.
\set VERBOSITY terse
\getenv data FERRY_TEST_DATA
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
RESET client_min_messages;
CREATE SCHEMA bad_input;
SET search_path = bad_input;
SELECT format('ferry_input_test_%s', extract(epoch FROM clock_timestamp())::bigint) AS folder \gset
SET ferry.directory = :'folder';
\set make 'cat > /dev/null && mkdir -p ' :folder '/inbox/sub ' :folder '/backups && cd ' :folder '/inbox && printf "1,a\\n" > ok.csv && cp ok.csv sub/deep.csv && : > empty.csv && ln -s ok.csv link.csv && ln -s ../../PG_VERSION out.csv && ln -s sub linked && mkfifo pipe.csv && printf "1,a\\n" > ../outside.csv && cp ok.csv -- "-dash é.csv" && printf "1,a" > locked.csv && chmod 0 locked.csv'
COPY (SELECT) TO PROGRAM :'make';
CREATE FUNCTION pg_temp.refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text;
  hint text;
BEGIN
  EXECUTE statement;
  RETURN 'not refused';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(E'\n', SQLSTATE || ': ' || SQLERRM, 'DETAIL: ' || NULLIF(detail, ''), 'HINT: ' || NULLIF(hint, ''));
END
$$;
CREATE TABLE t (id int, name text);
\pset tuples_only
\pset format unaligned

-- ---- Files ----
SELECT status, rows_loaded FROM ferry.migrate_csv('t', 'ok.csv');
SELECT status, rows_loaded FROM ferry.migrate_csv('t', 'sub/deep.csv', force => true);
SELECT status, rows_loaded FROM ferry.migrate_csv('t', '-dash é.csv', force => true);
SELECT status, rows_read, rows_loaded, bytes_read FROM ferry.migrate_csv('t', 'empty.csv');
SELECT source_name FROM ferry.loads ORDER BY load_id;
SELECT f, pg_temp.refusal(format('SELECT ferry.migrate_csv(%L, %L)', 't', f)) FROM unnest(ARRAY['missing.csv', 'sub', '..', 'pipe.csv', 'locked.csv', '/missing.csv', '/']) f;
-- Each message names the file as the caller did.
SELECT f, left(r, 5) AS state, r ~ ('^.....: .*"' || replace(f, '.', '\.') || '"') AS named FROM unnest(ARRAY[
  '.', '', '../outside.csv', 'sub/../../outside.csv', 'sub/../ok.csv', './ok.csv', 'sub//deep.csv', 'link.csv', 'out.csv', 'linked/deep.csv', 'ok.csv/x', '/dev/null/x']) f,
  LATERAL pg_temp.refusal(format('SELECT ferry.migrate_csv(%L, %L)', 't', f)) r;
SELECT left(pg_temp.refusal(format('SELECT ferry.migrate_csv(%L, %L)', 't', f)), 5) <> 'not r' AS refused FROM unnest(ARRAY['/dev/zero', '/dev/stdin', repeat('x', 300), repeat('a/', 3000), 'ok.csv ']) f;
SELECT count(*) AS kept FROM t;
-- ---- Tables ----
SELECT * FROM ferry.migrate_csv('nonsense', 'ok.csv');
SELECT * FROM ferry.migrate_csv('bad_input.nonsense; DROP TABLE t', 'ok.csv');
CREATE VIEW v AS TABLE t;
CREATE MATERIALIZED VIEW m AS TABLE t;
CREATE SEQUENCE s;
CREATE INDEX i ON t (id);
CREATE TYPE c AS (id int, name text);
CREATE TABLE parted (id int) PARTITION BY LIST (id);
CREATE INDEX parted_i ON parted (id);
CREATE RULE r AS ON INSERT TO parted DO INSTEAD NOTHING;
CREATE TABLE toasted (x text);
SELECT r, pg_temp.refusal(format('SELECT ferry.migrate_csv(%L, %L)', r, 'ok.csv')) FROM unnest('{v,m,s,i,c,parted_i,pg_class,pg_toast.pg_toast_1255,information_schema.tables,pg_stat_activity}'::text[]) r;
SELECT r, left(pg_temp.refusal(format('SELECT ferry.insert_batch(%L, %L)', r, '[{"id": 1}]')), 5) FROM unnest('{v,m,s,i,c,parted_i,pg_class,pg_toast.pg_toast_1255}'::text[]) r;
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv(4294967295::regclass, 'ok.csv')$$);
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv(0::regclass, 'ok.csv')$$);
SELECT pg_temp.refusal($$SELECT ferry.insert_batch(4294967295::regclass, '[{}]')$$);
SELECT pg_temp.refusal($$SELECT ferry.avro_schema(4294967295::regclass)$$);
SELECT pg_temp.refusal($$SELECT ferry.backup_table_avro(4294967295::regclass)$$);
-- A table in use by its own session, a table without a partition for the row.
DO $$
DECLARE
  r record;
BEGIN
  FOR r IN SELECT * FROM bad_input.t LOOP
    RAISE NOTICE '%', (ferry.migrate_csv('bad_input.t', 'ok.csv', force => true)).status;
    EXIT;
  END LOOP;
END
$$;
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv('parted', 'ok.csv', columns => '{id}')$$);
DROP RULE r ON parted;
SELECT status, rows_rejected FROM ferry.migrate_csv('parted', 'ok.csv', columns => '{id}');
-- ---- Nulls, and every option at its default when null ----
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv(NULL, 'ok.csv')$$);
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv('t', NULL)$$);
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv_data(NULL, '1,a')$$);
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv_data('t', NULL)$$);
-- ---- The wrong number of columns: every row is told, none is loaded ----
TRUNCATE t;
SELECT status, rows_read, rows_loaded, rows_rejected FROM ferry.migrate_csv_data('t', E'1\n2\n');
SELECT status, rows_read, rows_loaded, rows_rejected FROM ferry.migrate_csv_data('t', E'1,a,x\n2,b,y\n');
SELECT status, rows_read, rows_loaded, rows_rejected FROM ferry.migrate_csv_data('t', E'1;a\n2;b\n');
SELECT e.class, e.sqlstate, count(*), count(DISTINCT r.line_number) FROM ferry.rejects r JOIN ferry.reject_errors e USING (reject_id) JOIN ferry.loads l USING (load_id) WHERE l.target = 'bad_input.t' GROUP BY 1, 2;
SELECT count(*) FROM t;
-- ---- Noise: random bytes are rows or rejects, and none is lost ----
CREATE TABLE noise (a text, b text);
DO $$
DECLARE
  n int; input bytea; report ferry.load_report; stored int;
BEGIN
  PERFORM setseed(0.5);
  FOR n IN 1 .. 300 LOOP
    SELECT string_agg(CASE floor(random() * 6)::int WHEN 0 THEN '\x22'::bytea WHEN 1 THEN '\x2c' WHEN 2 THEN '\x0a' WHEN 3 THEN '\x0d' WHEN 4 THEN '\x61' ELSE set_byte('\x00', 0, floor(random() * 256)::int) END, ''::bytea) INTO input FROM generate_series(1, 1 + n % 90);
    TRUNCATE noise;
    report := ferry.migrate_csv_data('noise', input, header => 'off');
    SELECT count(*) INTO stored FROM noise;
    IF stored <> report.rows_loaded OR report.rows_read <> report.rows_loaded + report.rows_rejected OR report.bytes_read <> length(input)
      OR report.rows_rejected <> (SELECT count(*) FROM ferry.rejects r WHERE r.load_id = report.load_id)
      OR EXISTS (SELECT FROM ferry.rejects r WHERE r.load_id = report.load_id AND (r.raw IS DISTINCT FROM substring(input FROM r.byte_offset::int + 1 FOR length(r.raw)) OR NOT EXISTS (SELECT FROM ferry.reject_errors e WHERE e.reject_id = r.reject_id))) THEN
      RAISE WARNING 'round %, input %: % stored, %', n, input, stored, report;
    END IF;
  END LOOP;
END
$$;
-- ---- A setting that names no folder ----
SET ferry.directory = 'ferry_nowhere';
SELECT left(pg_temp.refusal($$SELECT ferry.migrate_csv('t', 'ok.csv')$$), 5);
SELECT count(*) FROM ferry.list_backups();
SET ferry.directory = 'PG_VERSION';
SELECT left(pg_temp.refusal($$SELECT ferry.migrate_csv('t', 'ok.csv')$$), 5) <> 'not r' AS refused;
SELECT left(pg_temp.refusal($$SELECT ferry.backup_table_avro('t')$$), 5) <> 'not r' AS refused;
SET ferry.batch_limit = 0;

\set cleanup 'cat > /dev/null && rm -rf ' :folder
COPY (SELECT) TO PROGRAM :'cleanup';
RESET ferry.directory;
SET client_min_messages = warning;
DROP SCHEMA bad_input CASCADE;
DROP EXTENSION pg_ferry;
