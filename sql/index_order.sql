-- Entries of indexes, whatever the order of the rows: runs that go behind the last entry page by page, and all others.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
CREATE EXTENSION amcheck;
CREATE SCHEMA index_order;
SET search_path = index_order;
CREATE TABLE t (id int PRIMARY KEY, day date, name text, half int, UNIQUE (day, id), UNIQUE (name));
CREATE INDEX by_half ON t (half);
CREATE INDEX by_half_down ON t (half DESC NULLS FIRST) INCLUDE (name);
CREATE INDEX by_word ON t (lower(name));
CREATE INDEX some ON t (day) WHERE half > 10;
CREATE INDEX hashed ON t USING hash (id);

CREATE FUNCTION pg_temp.line(i int) RETURNS text LANGUAGE sql IMMUTABLE AS
$$SELECT format('%s,%s,%s,%s', i, date '2000-01-01' + i / 100, 'Name ' || to_char(i, 'FM000000'), CASE WHEN i % 7 > 0 THEN i / 2 END)$$;
-- Reads, checks every index against the table, and compares an index scan with the table.
CREATE FUNCTION pg_temp.load(lines text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE report ferry.load_report; sum_by_scan bigint; sum_by_index bigint;
BEGIN
  report := ferry.migrate_csv_data('index_order.t', convert_to(lines, 'UTF8'), header => 'off');
  PERFORM public.bt_index_check(i.indexrelid, true) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
  WHERE a.amname = 'btree' AND (i.indrelid = 'index_order.t'::regclass OR i.indrelid::regclass::text LIKE 'ferry.%');
  SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_indexonlyscan = off;
  SELECT sum(id) INTO sum_by_scan FROM t WHERE id > 0;
  SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = on; SET LOCAL enable_indexonlyscan = on;
  SELECT sum(id) INTO sum_by_index FROM t WHERE id > 0;
  RETURN format('%s loaded, %s rejected, %s', report.rows_loaded, report.rows_rejected, CASE WHEN sum_by_scan = sum_by_index THEN 'sums agree' ELSE 'sums differ' END);
END $$;

-- Into an empty table, in order; then further; then few; backwards; in between; shuffled.
SELECT pg_temp.load(string_agg(pg_temp.line(i), E'\n' ORDER BY i)) FROM generate_series(1000, 12000, 2) i;
SELECT pg_temp.load(string_agg(pg_temp.line(i), E'\n' ORDER BY i)) FROM generate_series(20000, 25000) i;
SELECT pg_temp.load(string_agg(pg_temp.line(i), E'\n' ORDER BY i)) FROM generate_series(25001, 25020) i;
SELECT pg_temp.load(string_agg(pg_temp.line(i), E'\n' ORDER BY i DESC)) FROM generate_series(30000, 33000) i;
SELECT pg_temp.load(string_agg(pg_temp.line(i), E'\n' ORDER BY i)) FROM generate_series(1001, 12001, 2) i;
SELECT pg_temp.load(string_agg(pg_temp.line(i), E'\n' ORDER BY i * 7919 % 4001)) FROM generate_series(40001, 44001) i;
-- Every second row is there already, or twice in the file; one key far ahead of the others.
SELECT pg_temp.load(string_agg(pg_temp.line(i), E'\n' ORDER BY i)) FROM generate_series(43000, 46000) i;
SELECT pg_temp.load(string_agg(pg_temp.line(50000 + i / 2), E'\n' ORDER BY i)) FROM generate_series(0, 5999) i;
SELECT pg_temp.load(pg_temp.line(900000) || E'\n' || string_agg(pg_temp.line(i), E'\n' ORDER BY i)) FROM generate_series(60000, 63000) i;
-- Equal keys all along, in indexes that are not unique.
SELECT pg_temp.load(string_agg(format('%s,2020-01-01,Other %s,1', i, i), E'\n' ORDER BY i)) FROM generate_series(1000001, 1005000) i;
-- A load that is taken back leaves nothing; after DELETE and VACUUM the next one goes on.
BEGIN;
SELECT pg_temp.load(string_agg(pg_temp.line(i), E'\n' ORDER BY i)) FROM generate_series(70000, 75000) i;
ROLLBACK;
DELETE FROM t WHERE id > 50000;
VACUUM t;
SELECT pg_temp.load(string_agg(pg_temp.line(i), E'\n' ORDER BY i)) FROM generate_series(70000, 75000) i;
SELECT count(*), min(id), max(id), count(DISTINCT name) FROM t;

DROP SCHEMA index_order CASCADE;
DROP EXTENSION pg_ferry;
DROP EXTENSION amcheck;
