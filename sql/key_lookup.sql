-- Looking for taken keys: what skip leaves out is what INSERT … ON CONFLICT DO NOTHING leaves out, whatever the table has
-- been through: rows deleted and updated before and after VACUUM, several unique indexes, nulls, equal values that look different.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
RESET client_min_messages;
CREATE SCHEMA key_lookup;
SET search_path = key_lookup;
CREATE TABLE ours (id int PRIMARY KEY, a int, b numeric, c text, d int, UNIQUE (a, b), UNIQUE (c));
CREATE UNIQUE INDEX ON ours (d) WHERE d > 0;
CREATE TABLE theirs (LIKE ours INCLUDING ALL);
CREATE TABLE wanted (place serial, id int, a int, b numeric, c text, d int);

-- The same state in both: every statement goes to each.
CREATE PROCEDURE do_both(statement text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE replace(statement, 'TABLE', 'ours');
  EXECUTE replace(statement, 'TABLE', 'theirs');
END
$$;
-- Offers the wanted rows to both and tells in what the tables differ, which is nothing.
CREATE PROCEDURE offer(rows_in_order text) LANGUAGE plpgsql AS $$
DECLARE
  report ferry.load_report;
  csv text;
  went_in bigint;
BEGIN
  EXECUTE format($q$SELECT string_agg(concat_ws(',', id, a, b, c, d), E'\n' ORDER BY %1$s) FROM
    (SELECT place, id, coalesce(a::text, 'NULL') a, coalesce(b::text, 'NULL') b, coalesce(c, 'NULL') c, coalesce(d::text, 'NULL') d FROM wanted) w$q$, rows_in_order)
    INTO csv;
  report := ferry.migrate_csv_data('ours', convert_to(csv, 'UTF8'), header => 'off', null_string => 'NULL', on_conflict => 'skip');
  EXECUTE format('INSERT INTO theirs SELECT id, a, b, c, d FROM wanted ORDER BY %s ON CONFLICT DO NOTHING', rows_in_order);
  GET DIAGNOSTICS went_in = ROW_COUNT;
  RAISE INFO '% %: % of % loaded, the same as INSERT: %, rows that differ: %', report.status, rows_in_order, report.rows_loaded,
    report.rows_read, report.rows_loaded = went_in,
    (SELECT count(*) FROM (TABLE ours EXCEPT TABLE theirs) d) + (SELECT count(*) FROM (TABLE theirs EXCEPT TABLE ours) d);
END
$$;
CREATE PROCEDURE want(from_id int, to_id int) LANGUAGE sql AS $$
  TRUNCATE wanted RESTART IDENTITY;
  INSERT INTO wanted (id, a, b, c, d)
  SELECT i, NULLIF(i / 3, 7), CASE WHEN i % 5 > 0 THEN (i % 3)::numeric(10, 2) END, CASE WHEN i % 4 > 0 THEN 'c' || i % 2500 END, CASE WHEN i % 30 = 0 THEN i / 300 ELSE -1 END
    FROM generate_series(from_id, to_id) i ORDER BY i;
$$;

CALL do_both($$INSERT INTO TABLE SELECT i, i / 3, i % 3, CASE WHEN i % 7 > 0 THEN 'c' || i END, CASE WHEN i % 300 = 0 THEN i / 300 END FROM generate_series(1, 3000) i$$);
CALL want(1, 3100);
-- All there; all there and visible to all.
CALL offer('place');
VACUUM (FREEZE) ours;
CALL offer('place');
CALL offer('md5(place::text)');
-- Gone since: dead rows whose entries are still in the index.
CALL do_both('DELETE FROM TABLE WHERE id % 13 = 0');
CALL offer('place');
-- Gone and vacuumed; keys that moved to other rows, and back.
CALL do_both('DELETE FROM TABLE WHERE id % 17 < 3');
VACUUM ours;
CALL do_both('UPDATE TABLE SET c = ''x'' || id, b = b + 100 WHERE id % 19 = 1');
CALL do_both('UPDATE TABLE SET id = -id WHERE id % 23 = 5');
CALL offer('place');
VACUUM (FREEZE) ours;
CALL do_both('UPDATE TABLE SET id = -id WHERE id < 0 AND NOT EXISTS (SELECT FROM TABLE t WHERE t.id = -TABLE.id)');
CALL do_both('DELETE FROM TABLE WHERE id BETWEEN 500 AND 900');
CALL offer('md5(place::text)');
VACUUM (FREEZE) ours;
CALL offer('place DESC');
-- Rows of this very transaction, and rows it deleted.
BEGIN;
CALL do_both('DELETE FROM TABLE WHERE id % 29 = 0');
CALL do_both('INSERT INTO TABLE SELECT i FROM generate_series(4000, 4100) i');
CALL want(1, 4200);
CALL offer('place');
COMMIT;
-- A key with many dead versions, which the index holds as entries of their own.
CREATE TABLE versions (id int PRIMARY KEY, n int);
CREATE INDEX ON versions (n);
INSERT INTO versions VALUES (1, 0), (2, 0);
DO $$ BEGIN FOR i IN 1..1000 LOOP UPDATE versions SET n = i WHERE id = 1; END LOOP; END $$;
SELECT rows_loaded, rows_skipped FROM ferry.migrate_csv_data('versions', '1,5
2,5
3,5', header => 'off', on_conflict => 'skip');

SET client_min_messages = warning;
DROP SCHEMA key_lookup CASCADE;
DROP EXTENSION pg_ferry;
