-- Tables that take INSERTs get their rows a batch at a time: what triggers see, which row a trigger keeps out, which key
-- belongs to which row, who may not be told.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
RESET client_min_messages;
CREATE SCHEMA insert_rows;
SET search_path = insert_rows;
\pset tuples_only
\pset format unaligned
CREATE FUNCTION pg_temp.load(target regclass, csv text, options text DEFAULT '') RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  report ferry.load_report;
BEGIN
  EXECUTE format('SELECT * FROM ferry.migrate_csv_data(%L, $1%s)', target, options) INTO report USING convert_to(csv, 'UTF8');
  RETURN NEXT format('%s: %s read, %s loaded, %s rejected', report.status, report.rows_read, report.rows_loaded, report.rows_rejected);
  RETURN QUERY SELECT format('%s %s, %s to %s', e.sqlstate, count(*), min(r.record_number), max(r.record_number))
    FROM ferry.rejects r JOIN ferry.reject_errors e USING (reject_id) WHERE r.load_id = report.load_id GROUP BY e.sqlstate ORDER BY 1;
END
$$;
CREATE FUNCTION pg_temp.rows(n int) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(format('%s,row %s', i, i), E'\n' ORDER BY i) FROM generate_series(1, n) i
$$;

-- ---- Statement triggers fire once for a batch, not for a row ----
CREATE TABLE g (k int PRIMARY KEY, v text);
CREATE TABLE fired (n int GENERATED ALWAYS AS IDENTITY, what text, rows int);
CREATE FUNCTION note_statement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO insert_rows.fired (what, rows) SELECT TG_WHEN, count(*) FROM insert_rows.g;
  RETURN NULL;
END
$$;
CREATE FUNCTION note_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO insert_rows.fired (what, rows) SELECT 'transition', count(*) FROM new_rows;
  RETURN NULL;
END
$$;
CREATE TRIGGER b BEFORE INSERT ON g EXECUTE FUNCTION note_statement();
CREATE TRIGGER t AFTER INSERT ON g REFERENCING NEW TABLE AS new_rows EXECUTE FUNCTION note_rows();
SELECT pg_temp.load('g', pg_temp.rows(2300));
SELECT what, count(*) < 25 AS few_statements, CASE what WHEN 'transition' THEN sum(rows) END AS rows FROM fired GROUP BY what ORDER BY what;
DROP TRIGGER b ON g;
DROP TRIGGER t ON g;

-- ---- Rows that a trigger keeps out, each by its number; those that raise ----
CREATE FUNCTION sort_out() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.k % 3 = 0 THEN RETURN NULL; END IF;
  IF NEW.v LIKE '%77' THEN RAISE EXCEPTION 'no 77' USING ERRCODE = 'P0077'; END IF;
  NEW.v := upper(NEW.v);
  RETURN NEW;
END
$$;
CREATE TRIGGER b BEFORE INSERT ON g FOR EACH ROW EXECUTE FUNCTION sort_out();
TRUNCATE g;
SELECT pg_temp.load('g', pg_temp.rows(50));
SELECT string_agg(r.record_number::text, ' ' ORDER BY r.record_number) FROM ferry.rejects r WHERE r.load_id = (SELECT max(load_id) FROM ferry.loads);
TRUNCATE g;
SELECT pg_temp.load('g', pg_temp.rows(3000));
SELECT count(*), bool_and(e.sqlstate = CASE WHEN r.record_number % 3 = 0 THEN '02000' ELSE 'P0077' END) AS each_its_own
  FROM ferry.rejects r JOIN ferry.reject_errors e USING (reject_id) WHERE r.load_id = (SELECT max(load_id) FROM ferry.loads);
SELECT count(*), bool_and(k % 3 <> 0 AND k % 100 <> 77 AND v = 'ROW ' || k) AS right_ones FROM g;
-- With on_conflict both can keep a row out.
SELECT rows_loaded, rows_rejected, rows_skipped FROM ferry.migrate_csv_data('g', convert_to(pg_temp.rows(300), 'UTF8'), on_conflict => 'skip');
SELECT rows_loaded, rows_rejected, rows_updated FROM ferry.migrate_csv_data('g', convert_to(pg_temp.rows(300), 'UTF8'), on_conflict => 'update');

-- ---- The keys that were stored, each with its row ----
CREATE TABLE named (name text PRIMARY KEY, note text);
CREATE FUNCTION rename() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.note = 'skip' THEN RETURN NULL; END IF;
  IF NEW.note = 'raise' THEN RAISE EXCEPTION 'not this one'; END IF;
  NEW.name := 'the renamed and rather long key of ' || NEW.name;
  RETURN NEW;
END
$$;
CREATE TRIGGER b BEFORE INSERT ON named FOR EACH ROW EXECUTE FUNCTION rename();
CREATE FUNCTION pg_temp.send(target regclass, n int, odd text) RETURNS json LANGUAGE sql AS $$
  SELECT ferry.insert_batch(target, (SELECT json_agg(json_build_object('name', i, 'note', CASE WHEN i % 7 = 0 THEN odd ELSE 'plain' END) ORDER BY i) FROM generate_series(1, n) i))
$$;
CREATE FUNCTION pg_temp.judge(answer json, n int) RETURNS TABLE (inserted text, rejected text, keys_right bigint) LANGUAGE sql AS $$
  SELECT answer ->> 'inserted', answer ->> 'rejected', count(*) FILTER (WHERE answer -> 'keys' ->> (i - 1) IS NOT DISTINCT FROM CASE WHEN i % 7 <> 0 THEN 'the renamed and rather long key of ' || i END)
    FROM generate_series(1, n) i
$$;
SELECT * FROM pg_temp.judge(pg_temp.send('named', 1000, 'skip'), 1000);
TRUNCATE named;
SELECT * FROM pg_temp.judge(pg_temp.send('named', 1000, 'raise'), 1000);
SELECT count(*) FROM named;
-- Partitions, each with its own layout and its own trigger.
CREATE TABLE part (note text, name text, number int GENERATED ALWAYS AS IDENTITY, PRIMARY KEY (name, note)) PARTITION BY LIST (note);
CREATE TABLE part_plain (number int NOT NULL, gone int, name text NOT NULL, note text NOT NULL);
ALTER TABLE part_plain DROP COLUMN gone;
ALTER TABLE part ATTACH PARTITION part_plain FOR VALUES IN ('plain');
CREATE TABLE part_skip PARTITION OF part FOR VALUES IN ('skip', 'raise');
CREATE TRIGGER b BEFORE INSERT ON part_skip FOR EACH ROW EXECUTE FUNCTION rename();
SELECT a ->> 'inserted', a ->> 'rejected', a -> 'keys' -> 0, a -> 'keys' -> 6, a -> 'keys' -> 999 FROM pg_temp.send('part', 1000, 'skip') a;
TRUNCATE part;
SELECT a ->> 'inserted', a ->> 'rejected', a -> 'keys' -> 0, a -> 'keys' -> 6, a -> 'keys' -> 999 FROM pg_temp.send('part', 1000, 'raise') a;
SELECT count(*), count(DISTINCT number) = count(*) AS numbered FROM part;
-- Who may not read the table is told no keys, and the rows go in all the same.
CREATE ROLE regress_ferry_writer;
GRANT USAGE ON SCHEMA insert_rows TO regress_ferry_writer;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ferry TO regress_ferry_writer;
GRANT INSERT ON named, part TO regress_ferry_writer;
TRUNCATE named, part;
SET ROLE regress_ferry_writer;
SELECT a ->> 'inserted', a ->> 'rejected', a -> 'keys' -> 0, a -> 'keys' -> 6 FROM pg_temp.send('named', 50, 'skip') a;
SELECT pg_temp.load('part', E'plain,a\nskip,b\nplain,a', $$, columns => '{note,name}'$$);
RESET ROLE;
SELECT count(*) FROM named;

-- ---- Defaults, generated columns and domains of what is not loaded act row by row ----
CREATE SEQUENCE numbers;
CREATE TABLE d (k int, n int DEFAULT nextval('numbers'), twice int GENERATED ALWAYS AS (k * 2) STORED, s int DEFAULT nextval('numbers'), u timestamptz DEFAULT statement_timestamp()) PARTITION BY LIST (k);
CREATE TABLE d_all PARTITION OF d DEFAULT;
SELECT pg_temp.load('d', E'1\n2\n3', $$, columns => '{k}'$$);
SELECT k, n, twice, s FROM d ORDER BY k;
-- A table without columns to load.
CREATE TABLE nothing ();
CREATE TRIGGER t AFTER INSERT ON nothing EXECUTE FUNCTION note_statement();
SELECT ferry.insert_batch('nothing', '[{}, {}, {}]') ->> 'inserted';
SELECT count(*) FROM nothing;
-- A relation of the name that the rows have inside is in nobody's way.
CREATE TABLE ferry_rows (k int PRIMARY KEY, v text);
CREATE TRIGGER b BEFORE INSERT ON ferry_rows FOR EACH ROW EXECUTE FUNCTION sort_out();
SELECT pg_temp.load('ferry_rows', pg_temp.rows(10));
SELECT count(*) FROM ferry_rows;
-- A trigger that loads as well.
CREATE TABLE outer_table (k int PRIMARY KEY, v text);
CREATE FUNCTION load_inside() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM ferry.migrate_csv_data('insert_rows.ferry_rows', convert_to(format(E'%s,a\n%s,b', NEW.k * 100 + 1, NEW.k * 100 + 2), 'UTF8'));
  RETURN NEW;
END
$$;
CREATE TRIGGER b BEFORE INSERT ON outer_table FOR EACH ROW EXECUTE FUNCTION load_inside();
SELECT pg_temp.load('outer_table', pg_temp.rows(4));
SELECT string_agg(k::text, ' ' ORDER BY k) FROM ferry_rows WHERE k > 100;

DROP OWNED BY regress_ferry_writer;
DROP ROLE regress_ferry_writer;
SET client_min_messages = warning;
DROP SCHEMA insert_rows CASCADE;
DROP EXTENSION pg_ferry;
