-- Every kind of table: partitioned, inherited, unlogged, temporary, with triggers, with unusual foreign keys, with names
-- that must be quoted. All three roads (migrate_csv_data, insert_batch, restore) must treat them alike.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
RESET client_min_messages;
CREATE SCHEMA any_table;
SET search_path = any_table;
SELECT format('ferry_tables_test_%s', extract(epoch FROM clock_timestamp())::bigint) AS folder \gset
SET ferry.directory = :'folder';
CREATE FUNCTION pg_temp.try(target regclass, input text, options text DEFAULT '') RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  report ferry.load_report;
BEGIN
  EXECUTE format('SELECT * FROM ferry.migrate_csv_data(%L, $1%s)', target, options) INTO report USING convert_to(input, 'UTF8');
  RETURN NEXT format('%s: %s read, %s loaded, %s rejected', report.status, report.rows_read, report.rows_loaded, report.rows_rejected);
  RETURN QUERY SELECT format('%s %s %s %s=%s [%s]', r.record_number, e.class, e.sqlstate, coalesce(e.column_name, '-'), coalesce(quote_literal(e.value), 'null'), coalesce(e.constraint_name, '-'))
    FROM ferry.rejects r LEFT JOIN ferry.reject_errors e USING (reject_id) WHERE r.load_id = report.load_id ORDER BY r.record_number, e.ordinal;
END
$$;
-- The same rows by insert_batch; the columns' names are c, k and v throughout.
CREATE FUNCTION pg_temp.try_json(target regclass, rows json, mode text DEFAULT 'partial') RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  answer json := ferry.insert_batch(target, rows, mode);
BEGIN
  RETURN NEXT format('json: %s received, %s inserted, %s rejected', answer->>'received', answer->>'inserted', answer->>'rejected');
  RETURN QUERY SELECT concat_ws(' ', e->>'pointer', e->>'code', e->>'sqlstate', e->>'constraint') FROM json_array_elements(answer->'errors') e;
END
$$;
-- Backed up, emptied, restored: the same rows in the same tables.
CREATE FUNCTION pg_temp.round_trip(target regclass) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  backup bigint := (ferry.backup_table_avro(target)).backup_id;
  before text[]; after text[]; report ferry.load_report;
BEGIN
  EXECUTE format('SELECT array_agg(x ORDER BY x) FROM (SELECT tableoid::regclass || t::text AS x FROM %s t) q', target) INTO before;
  EXECUTE format('DELETE FROM %s', target);
  report := ferry.restore_table_avro(target, backup);
  EXECUTE format('SELECT array_agg(x ORDER BY x) FROM (SELECT tableoid::regclass || t::text AS x FROM %s t) q', target) INTO after;
  RETURN concat_ws(' ', report.status, report.rows_loaded, CASE WHEN before IS NOT DISTINCT FROM after THEN 'equal' ELSE 'DIFFERENT' END);
END
$$;
\pset tuples_only
\pset format unaligned

-- ---- Partitions ----
CREATE TABLE p (k int, v text NOT NULL, PRIMARY KEY (k)) PARTITION BY RANGE (k);
CREATE TABLE p_low (v text NOT NULL, extra int, k int NOT NULL);
ALTER TABLE p_low DROP COLUMN extra;
ALTER TABLE p ATTACH PARTITION p_low FOR VALUES FROM (0) TO (100);
CREATE TABLE p_high PARTITION OF p (CONSTRAINT not_odd CHECK (k % 2 = 0)) FOR VALUES FROM (100) TO (200);
SELECT pg_temp.try('p', E'1,a\n150,b\n151,c\n500,d\n1,e\n2,\nx,f\n2,g\n');
SELECT tableoid::regclass, k, v FROM p ORDER BY k;
SELECT pg_temp.try_json('p', '[{"k": 3, "v": "h"}, {"k": 160, "v": "i"}, {"k": 161, "v": "j"}, {"k": 900, "v": "k"}]');
SELECT pg_temp.round_trip('p');
-- What a user sees is the same, whichever way the rows go.
CREATE TABLE plain (k int CONSTRAINT k_even CHECK (k % 2 = 0), v varchar(3) NOT NULL, w int CONSTRAINT w_fkey REFERENCES p);
CREATE TABLE split (k int CONSTRAINT k_even CHECK (k % 2 = 0), v varchar(3) NOT NULL, w int CONSTRAINT w_fkey REFERENCES p) PARTITION BY LIST (k);
CREATE TABLE split_all PARTITION OF split DEFAULT;
SELECT status FROM ferry.migrate_csv_data('plain', E'2,a,1\n3,b,1\n4,,1\n6,c,88\nx,abcd,y\n8,d,2\n9,,88\n');
SELECT status FROM ferry.migrate_csv_data('split', E'2,a,1\n3,b,1\n4,,1\n6,c,88\nx,abcd,y\n8,d,2\n9,,88\n');
CREATE FUNCTION pg_temp.errors_of(text) RETURNS TABLE (record bigint, class text, sqlstate text, column_name text, column_type text, value text, constraint_name text, message text) LANGUAGE sql AS $$
  SELECT r.record_number, e.class, e.sqlstate, e.column_name, e.column_type, e.value, e.constraint_name, replace(replace(e.message, 'split_all', 'plain'), 'split', 'plain')
  FROM ferry.loads l JOIN ferry.rejects r USING (load_id) JOIN ferry.reject_errors e USING (reject_id) WHERE l.target = $1 ORDER BY r.record_number, e.ordinal
$$;
SELECT record, class, sqlstate, column_name, value, constraint_name FROM pg_temp.errors_of('any_table.plain') ORDER BY record, class, column_name;
SELECT 'only in one of them:', d.* FROM ((SELECT * FROM pg_temp.errors_of('any_table.plain') EXCEPT SELECT * FROM pg_temp.errors_of('any_table.split'))
  UNION (SELECT * FROM pg_temp.errors_of('any_table.split') EXCEPT SELECT * FROM pg_temp.errors_of('any_table.plain'))) d ORDER BY 2, 3, 4;
TABLE plain; TABLE split;
DROP TABLE plain, split;
-- A partition as the target keeps its bounds.
SELECT pg_temp.try('p_low', E'w,9\nw,150\n');
SELECT pg_temp.round_trip('p_low');
-- ---- Inheritance: a load of the parent stays in the parent, one of the child obeys the inherited constraints ----
CREATE TABLE parent (k int, v text, CONSTRAINT positive CHECK (k > 0));
CREATE TABLE child (c int) INHERITS (parent);
SELECT pg_temp.try('parent', E'1,a\n-1,b\n');
SELECT pg_temp.try('child', E'2,a,3\n-2,b,3\n');
SELECT tableoid::regclass, k FROM parent ORDER BY 1, 2;
SELECT pg_temp.round_trip('child');
-- ---- Unlogged, temporary, of a type, without columns ----
CREATE UNLOGGED TABLE u (k int);
CREATE TEMP TABLE tmp (k int) ON COMMIT PRESERVE ROWS;
CREATE TYPE shape AS (k int, v text);
CREATE TABLE typed OF shape (PRIMARY KEY (k));
CREATE TABLE nothing ();
SELECT pg_temp.try('u', '1'), pg_temp.try('tmp', '1'), pg_temp.try('typed', '1,a');
SELECT pg_temp.round_trip('u'), pg_temp.round_trip('tmp'), pg_temp.round_trip('typed');
SELECT pg_temp.try('nothing', 'x');
SELECT pg_temp.try_json('nothing', '[{}, {}]');
SELECT count(*) FROM nothing;
SELECT pg_temp.round_trip('nothing');
-- ---- Triggers ----
CREATE TABLE g (k int PRIMARY KEY, v text NOT NULL CHECK (v <> 'worse'));
CREATE TABLE seen (k int, v text);
CREATE FUNCTION before_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.v = 'skip' THEN RETURN NULL; END IF;
  IF NEW.v = 'raise' THEN RAISE EXCEPTION 'not %', NEW.k USING ERRCODE = 'P0042', HINT = 'Try another.'; END IF;
  IF NEW.v = 'null' THEN NEW.v := NULL; END IF;
  IF NEW.v = 'bad' THEN NEW.v := 'worse'; END IF;
  IF NEW.v = 'one' THEN NEW.k := 1; END IF;
  NEW.v := upper(NEW.v);
  IF NEW.v = 'WORSE' THEN NEW.v := 'worse'; END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER b BEFORE INSERT ON g FOR EACH ROW EXECUTE FUNCTION before_row();
CREATE FUNCTION after_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.v = 'LATE' THEN RAISE EXCEPTION 'too late' USING ERRCODE = 'P0043'; END IF;
  INSERT INTO any_table.seen VALUES (NEW.k, NEW.v);
  RETURN NULL;
END
$$;
CREATE TRIGGER a AFTER INSERT ON g FOR EACH ROW EXECUTE FUNCTION after_row();
SELECT status, rows_loaded, rows_rejected FROM ferry.migrate_csv_data('g', E'1,a\n3,raise\n4,null\n5,bad\n6,one\n7,late\n8,fine\n');
SELECT r.record_number, e.class, e.sqlstate, e.constraint_name, e.hint FROM ferry.rejects r JOIN ferry.reject_errors e USING (reject_id)
WHERE r.load_id = (SELECT max(load_id) FROM ferry.loads) ORDER BY 1, e.ordinal;
SELECT * FROM g ORDER BY k;
SELECT * FROM seen ORDER BY k;
SELECT pg_temp.try_json('g', '[{"k": 11, "v": "a"}, {"k": 13, "v": "raise"}, {"k": 17, "v": "late"}, {"k": 18, "v": "fine"}]');
SELECT * FROM seen WHERE k > 10 ORDER BY k;
-- A row that a trigger takes away is in no table: it is not counted as loaded.
SELECT rows_read, rows_loaded FROM ferry.migrate_csv_data('g', E'21,skip\n22,b\n23,skip');
SELECT a->>'inserted' AS inserted, a->>'keys' AS keys FROM ferry.insert_batch('g', '[{"k": 31, "v": "skip"}, {"k": 32, "v": "b"}]') a;
SELECT k FROM g WHERE k > 20 ORDER BY k;
-- A statement trigger with a transition table sees the rows that stay.
TRUNCATE g, seen;
DROP TRIGGER a ON g;
CREATE FUNCTION after_statement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO any_table.seen SELECT count(*), string_agg(v, ' ' ORDER BY k) FROM new_rows;
  RETURN NULL;
END
$$;
CREATE TRIGGER s AFTER INSERT ON g REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION after_statement();
SELECT pg_temp.try('g', E'1,a\n2,b\nx,c\n3,d\n');
SELECT sum(k) AS rows_seen FROM seen;
-- A trigger that is switched off does not fire.
TRUNCATE g, seen;
ALTER TABLE g DISABLE TRIGGER ALL;
SELECT pg_temp.try('g', E'1,raise\n');
SELECT * FROM g;
-- ---- Foreign keys that are checked late, that refer to their own table, MATCH FULL ----
CREATE TABLE boss (k int PRIMARY KEY, v int CONSTRAINT boss_fkey REFERENCES boss);
SELECT pg_temp.try('boss', E'3,\n4,4\n2,3\n1,2\n');
-- A bad row takes no good one with it; rows of one load may refer to each other, parents first.
SELECT pg_temp.try('boss', E'6,1\n7,99\n5,6\n8,7\n');
SELECT string_agg(k::text, ' ' ORDER BY k) FROM boss;
SELECT pg_temp.round_trip('boss');
SELECT pg_temp.try_json('boss', '[{"k": 12, "v": 1}, {"k": 11, "v": 12}]');
SELECT pg_temp.try_json('boss', '[{"k": 14, "v": 1}, {"k": 13, "v": 14}, {"k": 15, "v": 99}]');
-- Constraints that may be deferred, but are not.
CREATE TABLE late (k int CONSTRAINT late_pkey PRIMARY KEY DEFERRABLE, v int CONSTRAINT late_fkey REFERENCES boss DEFERRABLE);
SELECT pg_temp.try('late', E'1,1\n2,99\n3,\n3,1\n');
SELECT pg_temp.try_json('late', '[{"k": 5, "v": 2}, {"k": 6, "v": 99}, {"k": 5, "v": 3}]');
SELECT k, v FROM late ORDER BY k;
-- And that are: the parent may come later in the transaction. If it does not, the server refuses the commit, as after COPY.
BEGIN;
SET CONSTRAINTS ALL DEFERRED;
SELECT pg_temp.try('late', E'20,100\n');
SELECT pg_temp.try('boss', E'100,1\n');
COMMIT;
BEGIN;
SET CONSTRAINTS ALL DEFERRED;
SELECT pg_temp.try('late', E'21,101\n');
COMMIT;
SELECT k FROM late WHERE k >= 20;
CREATE TABLE two (a int, b int, PRIMARY KEY (a, b));
INSERT INTO two VALUES (1, 1);
CREATE TABLE full_match (k int, a int, b int, CONSTRAINT full_fkey FOREIGN KEY (a, b) REFERENCES two MATCH FULL);
SELECT status, rows_loaded, rows_rejected FROM ferry.migrate_csv_data('full_match', E'1,1,1\n2,,\n3,1,\n4,1,2\n');
SELECT k FROM full_match ORDER BY k;
-- A key of another type than the column it refers to; a key into a partitioned table.
CREATE TABLE other_type (k bigint REFERENCES boss, v int REFERENCES p);
SELECT pg_temp.try('other_type', E'1,1\n5000000000,1\n1,77\n');
-- ---- Names ----
CREATE SCHEMA "Año 1";
CREATE TABLE "Año 1"."Ta""ble, né" ("select" int PRIMARY KEY, "a b" text, "Ünï""c" int, "A" text, a text);
SELECT pg_temp.try('"Año 1"."Ta""ble, né"', E'1,b,2,c,d\nx,,,,\n1,,,,\n');
SELECT pg_temp.try('"Año 1"."Ta""ble, né"', E'"a b",select,"Ünï""c"\nv,2,3\n');
SELECT pg_temp.try('"Año 1"."Ta""ble, né"', E'u,l\n', $$, columns => '{A,a}'$$);
SELECT pg_temp.try_json('"Año 1"."Ta""ble, né"', '[{"select": 4, "Ünï\"c": 5, "A": "x", "a": "y"}, {"SELECT": 5}]');
SELECT * FROM "Año 1"."Ta""ble, né" ORDER BY 1;
SELECT DISTINCT target FROM ferry.loads WHERE target ~ 'Año';
SELECT pg_temp.round_trip('"Año 1"."Ta""ble, né"');
SELECT target, rows FROM ferry.backups WHERE target ~ 'Año';
CREATE TABLE bare (k int PRIMARY KEY);
RESET search_path;
SELECT pg_temp.try('any_table.bare', E'1\n1\n'), pg_temp.round_trip('any_table.bare');

\set cleanup 'cat > /dev/null && rm -rf ' :folder
COPY (SELECT) TO PROGRAM :'cleanup';
SET client_min_messages = warning;
DROP SCHEMA any_table, "Año 1" CASCADE;
DROP TABLE tmp;
DROP EXTENSION pg_ferry;
