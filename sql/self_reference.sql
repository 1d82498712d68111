-- Tables that refer to themselves: rows may come in any order, as in COPY, which looks at foreign keys when all are in.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
RESET client_min_messages;
CREATE SCHEMA self_reference;
SET search_path = self_reference;
SELECT format('ferry_self_test_%s', extract(epoch FROM clock_timestamp())::bigint) AS folder \gset
SET ferry.directory = :'folder';
\pset tuples_only
\pset format unaligned
-- Loads and tells: the report, then the first rejects, each with its line and error.
CREATE FUNCTION pg_temp.load(target regclass, csv text, options text DEFAULT '') RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  report ferry.load_report;
BEGIN
  EXECUTE format('SELECT * FROM ferry.migrate_csv_data(%L, $1, header => ''off''%s)', target, options) INTO report USING convert_to(csv, 'UTF8');
  RETURN NEXT format('%s: %s read, %s loaded, %s rejected', report.status, report.rows_read, report.rows_loaded, report.rows_rejected);
  RETURN QUERY SELECT format('%s (line %s) "%s" %s %s %s=%s [%s]', r.record_number, r.line_number, convert_from(r.raw, 'UTF8'), e.class, e.sqlstate, e.column_name, e.value, e.constraint_name)
    FROM ferry.rejects r JOIN ferry.reject_errors e USING (reject_id) WHERE r.load_id = report.load_id ORDER BY r.record_number, e.ordinal LIMIT 12;
END
$$;
CREATE TABLE staff (id int PRIMARY KEY, boss int CONSTRAINT staff_boss REFERENCES staff, name text);
-- ---- The order does not matter ----
SELECT pg_temp.load('staff', E'1,,a\n2,1,b\n3,2,c\n');
TRUNCATE staff;
SELECT pg_temp.load('staff', E'3,2,c\n2,1,b\n1,,a\n');
TABLE staff ORDER BY id;
TRUNCATE staff;
-- Everyone his own boss, two of each other, three in a circle with others below.
SELECT pg_temp.load('staff', E'1,1,a\n2,3,b\n3,2,c\n9,4,d\n4,5,e\n5,6,f\n6,4,g\n10,9,h\n');
SELECT count(*) FROM staff;
-- A parent that never comes takes its children along, and theirs, and nobody else.
TRUNCATE staff;
SELECT pg_temp.load('staff', E'5,4,child of a child\n1,,fine\n4,3,child\n3,99,orphan\n2,1,fine\n6,7,fine\n7,,fine');
TABLE staff ORDER BY id;
-- So does one that is refused for something else, wherever it stands.
TRUNCATE staff;
SELECT pg_temp.load('staff', E'3,2,below\n4,3,far below\n2,x,refused\n5,6,fine\n6,,fine\n');
-- A circle stands or falls together; what hangs on it falls with it.
CREATE TABLE ring (id int PRIMARY KEY, next int CONSTRAINT ring_next REFERENCES ring, tag text CONSTRAINT ring_tag UNIQUE);
SELECT pg_temp.load('ring', E'1,1,taken\n');
SELECT pg_temp.load('ring', E'2,3,a\n5,6,d\n3,4,taken\n4,2,c\n7,2,below\n6,5,e\n8,6,f\n9,1,g\n1,9,closed by the row that is there\n');
TABLE ring ORDER BY id;
-- Records are whole and keep their numbers, lines and repairs, however often they are looked at.
TRUNCATE staff;
SELECT pg_temp.load('staff', E'2,1,"two\nlines"\n5,77,"three\nmore\nlines"\n3,1\n1,,root,too much\n', $$, repair => 'salvage'$$);
SELECT r.record_number, r.line_number, r.status, e.byte_position, e.message FROM ferry.rejects r JOIN ferry.reject_errors e USING (reject_id)
  WHERE r.load_id = (SELECT max(load_id) FROM ferry.loads) ORDER BY r.record_number, e.ordinal;
SELECT rows_repaired FROM ferry.loads ORDER BY load_id DESC LIMIT 1;
TABLE staff ORDER BY id;

-- ---- Many rows, over batches and windows ----
CREATE TABLE people (id int PRIMARY KEY, boss int CONSTRAINT people_boss REFERENCES people, note text);
-- A tree of n rows, each below the row of a third of its number.
CREATE FUNCTION pg_temp.tree(n int, by text, missing int DEFAULT 0) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  csv text;
BEGIN
  EXECUTE format('SELECT string_agg(format(''%%s,%%s,note of %%s'', i, nullif(i / 3, 0), i), E''\n'' ORDER BY %s) FROM generate_series(1, $1) i WHERE i <> $2', by) INTO csv USING n, missing;
  RETURN csv;
END
$$;
SELECT pg_temp.load('people', pg_temp.tree(5000, 'i'));
TRUNCATE people;
SELECT pg_temp.load('people', pg_temp.tree(5000, 'i DESC'));
TRUNCATE people;
SELECT pg_temp.load('people', pg_temp.tree(5000, '(i * 7919) % 5003'));
SELECT count(*), count(boss), sum(id - coalesce(boss, 0) * 3) FROM people;
TRUNCATE people;
SELECT pg_temp.load('people', pg_temp.tree(40000, 'md5(i::text)'));
SELECT count(*), count(boss) FROM people;
-- A chain from its end: every row waits for the next.
TRUNCATE people;
SELECT pg_temp.load('people', (SELECT string_agg(format('%s,%s,x', i, nullif(i + 1, 20001)), E'\n' ORDER BY i) FROM generate_series(1, 20000) i));
-- The same without its end: one parent is missing, and everything with it.
TRUNCATE people;
SELECT split_part(l, '(', 1) FROM pg_temp.load('people', (SELECT string_agg(format('%s,%s,x', i, i + 1), E'\n' ORDER BY i) FROM generate_series(1, 5000) i)) l LIMIT 2;
SELECT count(*), count(DISTINCT e.constraint_name), min(e.constraint_name), bool_and(r.record_number + 1 = e.value::int) AS each_its_parent
  FROM ferry.rejects r JOIN ferry.reject_errors e USING (reject_id) WHERE r.load_id = (SELECT max(load_id) FROM ferry.loads);
-- A circle wider than any batch.
TRUNCATE people;
SELECT pg_temp.load('people', (SELECT string_agg(format('%s,%s,x', i, i % 3000 + 1), E'\n' ORDER BY md5(i::text)) FROM generate_series(1, 3000) i));
-- One row is missing in a tree: what is rejected is what stands below it.
TRUNCATE people;
SELECT l FROM pg_temp.load('people', pg_temp.tree(5000, 'md5(i::text)', 20)) l LIMIT 1;
WITH RECURSIVE below(id) AS (SELECT 20 UNION ALL SELECT i FROM below JOIN generate_series(1, 5000) i ON i / 3 = below.id)
SELECT count(*) - 1 AS expected, (SELECT count(*) FROM people WHERE id IN (SELECT id FROM below)) AS of_them_in FROM below;
-- Other faults among them, in every window.
TRUNCATE people;
SELECT l FROM pg_temp.load('people', regexp_replace(pg_temp.tree(12000, 'md5(i::text)'), 'note of (\d*77)$', 'note, of \1', 'gn')) l LIMIT 1;
WITH RECURSIVE below(id) AS (SELECT i FROM generate_series(1, 12000) i WHERE i % 100 = 77 UNION SELECT i FROM below JOIN generate_series(1, 12000) i ON i / 3 = below.id)
SELECT 12000 - count(*) AS expected, (SELECT count(*) FROM people) AS loaded FROM below;

-- ---- What becomes of the load ----
SET client_min_messages = error;
TRUNCATE staff;
SELECT pg_temp.load('staff', E'2,1,b\n1,,a\n', $$, on_error => 'abort'$$);
SELECT pg_temp.load('staff', E'4,3,b\n3,,a\n5,99,c', $$, on_error => 'abort'$$);
SELECT pg_temp.load('staff', E'4,3,b\n3,,a\n', $$, on_error => 'raise'$$);
SELECT ferry.migrate_csv_data('staff', E'6,5,b\n5,99,a\n', on_error => 'raise');
SELECT pg_temp.load('staff', E'6,5,b\n5,99,a\n7,,c', ', reject_limit => 1');
SELECT pg_temp.load('staff', E'6,5,b\n5,99,a\n7,,c', ', dry_run => true');
SELECT pg_temp.load('staff', E'6,5,b\n5,,a\n7,,c', ', dry_run => true');
RESET client_min_messages;
TABLE staff ORDER BY id;
-- Rows that are updated or skipped; of two with one key the later wins, though the first had to wait.
TRUNCATE staff;
SELECT pg_temp.load('staff', E'1,,old\n');
SELECT pg_temp.load('staff', E'3,2,first\n1,2,new\n2,,b\n3,1,last\n4,9,orphan', $$, on_conflict => 'update'$$);
TABLE staff ORDER BY id;
SELECT pg_temp.load('staff', E'5,4,below\n4,,new\n3,5,left alone', $$, on_conflict => 'skip'$$);
TABLE staff ORDER BY id;
-- A batch of JSON tells every row by its place.
SELECT ferry.insert_batch('staff', '[{"id": 12, "boss": 11}, {"id": 11}, {"id": 13, "boss": 98}, {"id": 14, "boss": 13}, {"id": 15, "boss": 12}]')::jsonb - 'load' - 'errors';
SELECT e.byte_position, r.byte_offset, convert_from(r.raw, 'UTF8') FROM ferry.rejects r JOIN ferry.reject_errors e USING (reject_id)
  WHERE r.load_id = (SELECT max(load_id) FROM ferry.loads) ORDER BY r.record_number, e.ordinal;
SELECT e ->> 'pointer', e ->> 'code', e ->> 'constraint' FROM json_array_elements(ferry.insert_batch('staff', '[{"id": 22, "boss": 97}, {"id": 21}, {"id": 23, "boss": 22}, {"id": "x"}]') -> 'errors') e;
-- A backup goes back, in whatever order its rows stand.
TRUNCATE people;
INSERT INTO people SELECT i, i + 1 FROM generate_series(1, 1999) i UNION ALL SELECT 2000, 1 ORDER BY 1;
SELECT backup_id AS backup, rows FROM ferry.backup_table_avro('people') \gset
TRUNCATE people;
SELECT status, rows_loaded FROM ferry.restore_table_avro('people', :backup);

-- ---- Other keys ----
-- Two of them, and one of several columns.
CREATE TABLE post (site int, id int, reply_to int, quotes int, PRIMARY KEY (site, id),
  CONSTRAINT post_reply FOREIGN KEY (site, reply_to) REFERENCES post, CONSTRAINT post_quotes FOREIGN KEY (site, quotes) REFERENCES post);
SELECT pg_temp.load('post', E'1,5,4,1\n1,4,,3\n1,3,5,\n1,1,2,\n1,2,,\n2,1,,9\n2,2,1,\n2,3,,4\n2,4,3,\n');
TABLE post ORDER BY site, id;
-- MATCH FULL lets no half key pass.
CREATE TABLE whole (a int, b int, pa int, pb int, PRIMARY KEY (a, b), CONSTRAINT whole_key FOREIGN KEY (pa, pb) REFERENCES whole MATCH FULL);
SELECT pg_temp.load('whole', E'2,2,1,1\n1,1,,\n3,3,1,\n4,4,2,3\n');
-- Keys that are equal, though written differently.
CREATE TABLE numbers (n numeric PRIMARY KEY, next numeric REFERENCES numbers);
SELECT pg_temp.load('numbers', E'1.0,2.00\n2,3.000\n3.0,1\n4,4.0\n6.00,5\n5.0,\n');
CREATE TABLE mixed (id bigint PRIMARY KEY, up smallint REFERENCES mixed);
SELECT pg_temp.load('mixed', E'3,2\n2,1\n1,3\n5,4\n4,\n');
-- Deferrable: looked at with each statement, or late when the transaction says so, or late anyway.
CREATE TABLE late (id int PRIMARY KEY, up int CONSTRAINT late_up REFERENCES late DEFERRABLE);
SELECT pg_temp.load('late', E'3,2\n2,1\n1,\n5,9\n6,5\n');
BEGIN;
SET CONSTRAINTS ALL DEFERRED;
SELECT pg_temp.load('late', E'10,11\n12,99\n');
INSERT INTO late VALUES (99, NULL), (11, NULL);
COMMIT;
ALTER TABLE late ALTER CONSTRAINT late_up INITIALLY DEFERRED;
SELECT pg_temp.load('late', E'21,22\n22,21\n');
SELECT ferry.migrate_csv_data('late', E'31,98\n', header => 'off');
TABLE late ORDER BY id;
-- A key that is switched off lets everything in.
ALTER TABLE staff DISABLE TRIGGER ALL;
SELECT pg_temp.load('staff', E'51,52,x\n53,99,y\n');
ALTER TABLE staff ENABLE TRIGGER ALL;

-- ---- Other tables ----
-- Partitions, as a whole and one alone.
CREATE TABLE part (id int PRIMARY KEY, up int CONSTRAINT part_up REFERENCES part) PARTITION BY RANGE (id);
CREATE TABLE part_low PARTITION OF part FOR VALUES FROM (0) TO (100);
CREATE TABLE part_high (up int, id int NOT NULL);
ALTER TABLE part ATTACH PARTITION part_high FOR VALUES FROM (100) TO (10000);
SELECT pg_temp.load('part', E'2,102\n102,1\n1,\n5,105\n105,5\n103,99\n3,103\n200,20000\n');
SELECT tableoid::regclass, id, up FROM part ORDER BY id;
SELECT pg_temp.load('part_high', E'301,300\n302,301\n1,302\n98,304\n301,305\n305,306\n', $$, columns => '{up,id}'$$);
SELECT tableoid::regclass, id, up FROM part WHERE id >= 300 ORDER BY id;
SELECT pg_temp.load('part', (SELECT string_agg(format('%s,%s', i, CASE WHEN i / 3 >= 1000 THEN i / 3 END), E'\n' ORDER BY md5(i::text)) FROM generate_series(1000, 5000) i));
-- A trigger that mends the row: only the server can tell.
CREATE TABLE mended (id int PRIMARY KEY, up int CONSTRAINT mended_up REFERENCES mended);
CREATE FUNCTION mend() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.up = 0 THEN NEW.up := NULL; END IF;
  IF NEW.up = -1 THEN RETURN NULL; END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER b BEFORE INSERT ON mended FOR EACH ROW EXECUTE FUNCTION mend();
SELECT pg_temp.load('mended', E'3,2\n2,1\n1,0\n4,99\n5,4\n6,-1\n7,6\n8,9\n9,8\n');
TABLE mended ORDER BY id;
-- Row-level security, and a role that may not read the table.
CREATE ROLE regress_ferry_writer;
GRANT USAGE ON SCHEMA self_reference TO regress_ferry_writer;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ferry TO regress_ferry_writer;
CREATE TABLE hidden (id int PRIMARY KEY, up int CONSTRAINT hidden_up REFERENCES hidden, owner text);
GRANT INSERT ON hidden TO regress_ferry_writer;
INSERT INTO hidden VALUES (1, NULL, 'somebody');
SET ROLE regress_ferry_writer;
SELECT ferry.migrate_csv_data('hidden', E'3,2,me\n2,1,me\n4,5,me\n', header => 'off') IS NOT NULL;
RESET ROLE;
ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON hidden USING (owner = 'me');
SET ROLE regress_ferry_writer;
SELECT status, rows_loaded, rows_rejected FROM ferry.migrate_csv_data('hidden', E'13,12,me\n12,1,me\n14,15,me\n15,,you\n', header => 'off');
RESET ROLE;
TABLE hidden ORDER BY id;

\set cleanup 'cat > /dev/null && rm -rf ' :folder
COPY (SELECT) TO PROGRAM :'cleanup';
RESET ferry.directory;
DROP OWNED BY regress_ferry_writer;
DROP ROLE regress_ferry_writer;
SET client_min_messages = warning;
DROP SCHEMA self_reference CASCADE;
DROP EXTENSION pg_ferry;
