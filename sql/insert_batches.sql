-- ferry.insert_batches: several tables in one request; idempotency keys; constraints that could wait for the end.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry_hiring CASCADE;
RESET client_min_messages;
CREATE SCHEMA batches;
SET search_path = batches;
SELECT hiring.create_tables();
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
-- The answer: head and tables without the numbers of their loads, errors by place, class and hint.
CREATE FUNCTION pg_temp.show(answer json) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
  RETURN NEXT (answer::jsonb - 'load' - 'tables' - 'errors' - 'details')::text;
  RETURN QUERY SELECT t.key || ': ' || (t.value::jsonb - 'load')::text FROM json_each(answer->'tables') t;
  RETURN QUERY SELECT concat_ws(' | ', e->>'table', e->>'index', e->>'pointer', e->>'code', e->>'message', e->>'hint') FROM json_array_elements(answer->'errors') e;
  IF answer->>'code' IS NOT NULL THEN
    RETURN NEXT 'details are the errors: ' || ((answer->'details')::text = (answer->'errors')::text);
  END IF;
END
$$;
CREATE FUNCTION pg_temp.try(tables json, mode text DEFAULT NULL, dry_run boolean DEFAULT NULL) RETURNS SETOF text LANGUAGE sql
AS $$ SELECT pg_temp.show(ferry.insert_batches(tables, mode, dry_run)) $$;
CREATE FUNCTION pg_temp.counts() RETURNS text LANGUAGE sql
AS $$ SELECT concat_ws(' ', (SELECT count(*) FROM departments), (SELECT count(*) FROM jobs), (SELECT count(*) FROM hired_employees)) $$;
\pset tuples_only
\pset format unaligned

-- ---- Parents before children, whatever the order of the keys ----
SELECT pg_temp.try('{
  "hired_employees": [
    {"id": 1, "name": "Ada", "datetime": "2021-01-01T00:00:00Z", "department_id": 7, "job_id": 1},
    {"id": 2, "name": "Bo",  "datetime": "2021-01-01T00:00:00Z", "department_id": 8, "job_id": 1},
    {"id": 3, "name": "Cy",  "datetime": "2021-01-01T00:00:00Z", "department_id": 9, "job_id": 1}],
  "departments": [{"id": 7, "department": "Quay"}, {"id": 8, "department": " "}],
  "jobs": [{"job": "Clerk"}]}');
SELECT pg_temp.counts();
-- The log has the hint as well, with its load.
SELECT l.target, e.hint FROM ferry.loads l JOIN ferry.rejects r USING (load_id) JOIN ferry.reject_errors e USING (reject_id) WHERE e.class = 'foreign_key' AND e.value = '8';

-- ---- Atomic: every error of every table, nothing in, the log kept, no sequence moved ----
SELECT last_value, is_called FROM departments_id_seq;
SELECT pg_temp.try('{
  "jobs": [{"job": "Pilot"}],
  "hired_employees": [
    {"id": 4, "name": "Di", "datetime": "2021-01-01T00:00:00Z", "department_id": 20, "job_id": 1},
    {"id": 1, "name": "Ed", "datetime": "2021-01-01T00:00:00Z", "department_id": 21, "job_id": 1}],
  "departments": [{"id": 20, "department": "Mole"}, {"id": 21, "department": null}]}', 'atomic');
SELECT pg_temp.counts();
SELECT last_value, is_called FROM departments_id_seq;
SELECT target, status, rows_read, rows_loaded, rows_rejected FROM ferry.loads ORDER BY load_id DESC LIMIT 3;
-- The good request goes in as a whole, and the sequence passes its keys.
SELECT pg_temp.try('{
  "hired_employees": [{"id": 4, "name": "Di", "datetime": "2021-01-01T00:00:00Z", "department_id": 20, "job_id": 1}],
  "departments": [{"id": 20, "department": "Mole"}]}', 'atomic');
SELECT pg_temp.counts();
SELECT last_value, is_called FROM departments_id_seq;

-- ---- A dry run sees what it would do, children of new parents included ----
SELECT pg_temp.try('{
  "hired_employees": [{"id": 5, "name": "Eve", "datetime": "2021-01-01T00:00:00Z", "department_id": 30, "job_id": 1},
                      {"id": 6, "name": "Flo", "datetime": "2021-01-01T00:00:00Z", "department_id": 31, "job_id": 1}],
  "departments": [{"id": 30, "department": "Dock"}]}', dry_run => true);
SELECT pg_temp.counts();
SELECT target, status, rows_loaded FROM ferry.loads ORDER BY load_id DESC LIMIT 2;

-- ---- What is no request ----
SELECT pg_temp.refusal(format('SELECT ferry.insert_batches(%L)', request)) FROM (VALUES
  (1, '[]'), (2, '1'), (3, '{}'), (4, '{"jobs": []}'), (5, '{"jobs": {}}'), (6, '{"jobs": [], "departments": null}'),
  (7, '{"jobs": [{}], "batches.jobs": [{}]}'), (8, '{"jobs": [{}], "jobs": [{}]}'), (9, '{"nowhere": [{}]}'),
  (10, '{"": [{}]}'), (11, '{"a.b.c.d": [{}]}'), (12, '{"hiring.hires_by_quarter_all": [{}]}'), (13, '{"pg_catalog.pg_class": [{}]}'), (14, NULL)) r(i, request) ORDER BY i;
SELECT pg_temp.refusal($$SELECT ferry.insert_batches('{"jobs": [{}]}', 'all')$$);
-- The limit is of the request: 600 and 401 rows are too many, 600 and 400 are not.
SELECT pg_temp.refusal(format('SELECT ferry.insert_batches(%L)', json_build_object('departments', d, 'jobs', j))) FROM
  (SELECT json_agg(json_build_object('department', 'D' || i)) d FROM generate_series(1, 600) i) d,
  (SELECT json_agg(json_build_object('job', 'J' || i)) j FROM generate_series(1, 401) i) j;
SELECT a->>'inserted' FROM (SELECT ferry.insert_batches(json_build_object('departments', d, 'jobs', j), 'atomic') a FROM
  (SELECT json_agg(json_build_object('department', 'D' || i)) d FROM generate_series(1, 600) i) d,
  (SELECT json_agg(json_build_object('job', 'J' || i)) j FROM generate_series(1, 400) i) j) t;
-- Tables that nothing binds go in in one order, whatever that of the request: two callers cannot lock each other out.
CREATE TABLE one (id int);
CREATE TABLE other (id int);
SELECT ferry.insert_batches('{"one": [{"id": 1}], "other": [{"id": 1}]}')->>'inserted';
SELECT ferry.insert_batches('{"other": [{"id": 2}], "one": [{"id": 2}]}')->>'inserted';
SELECT target FROM ferry.loads ORDER BY load_id DESC LIMIT 4;
-- Names are read as SQL reads them; an empty array is a table without rows.
CREATE TABLE "Odd/Name~" ("a/b" int CHECK ("a/b" > 0));
SELECT pg_temp.try('{"\"Odd/Name~\"": [{"a/b": 0}, {"a/b": 1}], "JOBS": []}');
-- Rights: those of every table, before any row goes in.
CREATE ROLE regress_ferry_batches;
GRANT USAGE ON SCHEMA batches TO regress_ferry_batches;
GRANT EXECUTE ON FUNCTION ferry.insert_batches TO regress_ferry_batches;
GRANT INSERT ON jobs TO regress_ferry_batches;
SET ROLE regress_ferry_batches;
SELECT pg_temp.refusal($$SELECT ferry.insert_batches('{"jobs": [{"job": "Mate"}], "departments": [{"department": "Bow"}]}')$$);
SELECT pg_temp.refusal('SELECT * FROM ferry.answers');
RESET ROLE;

-- ---- A key of two columns, written in more than one way ----
CREATE TABLE ship (line text, number int, mate text, PRIMARY KEY (line, number));
CREATE TABLE crate (id int PRIMARY KEY, line text, number int, FOREIGN KEY (line, number) REFERENCES ship);
SELECT pg_temp.try('{"crate": [{"id": 1, "number": 1, "line": "a\"b"}, {"id": 2, "line": "a", "number": "2"}, {"id": 3, "line": "a", "number": 3}],
                     "ship": [{"line": "a\u0022b", "number": 1, "mates": 2}, {"number": 2, "line": "a", "mate": "x", "mate": "y"}, {"line": "a", "number": 3}]}');

-- ---- A trigger that alters a table whose rows are still to come ----
CREATE TABLE first (id int);
CREATE TABLE second (id text PRIMARY KEY, a int);
CREATE FUNCTION alter_second() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE current_setting('batches.alter_second'); RETURN NULL; END $$;
CREATE TRIGGER alters AFTER INSERT ON first FOR EACH STATEMENT EXECUTE FUNCTION alter_second();
SET batches.alter_second = 'ALTER TABLE second ALTER id TYPE int USING id::int';
SELECT pg_temp.try('{"first": [{"id": 1}], "second": [{"id": "5"}]}');
SET batches.alter_second = 'ALTER TABLE second ALTER id TYPE text';
SELECT pg_temp.try('{"first": [{"id": 2}], "second": [{"id": "6"}]}');
SET batches.alter_second = 'ALTER TABLE second DROP a';
SELECT pg_temp.refusal($$SELECT ferry.insert_batches('{"first": [{"id": 3}], "second": [{"id": "7"}]}')$$);
SET batches.alter_second = 'DROP TABLE second';
SELECT regexp_replace(pg_temp.refusal($$SELECT ferry.insert_batches('{"first": [{"id": 3}], "second": [{"id": "7"}]}')$$), '\d+ does', '… does');
SELECT f.id, s.id FROM first f FULL JOIN second s ON s.id = (f.id + 4)::text ORDER BY f.id;

-- ---- Constraints that could wait for the end of the transaction ----
CREATE TABLE p (id int PRIMARY KEY, c int);
CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p DEFERRABLE INITIALLY DEFERRED);
ALTER TABLE p ADD FOREIGN KEY (c) REFERENCES c DEFERRABLE INITIALLY DEFERRED;
-- One table: the row that has the violation is told.
SELECT pg_temp.show(ferry.insert_batch('c', '[{"id": 1, "p": 1}, {"id": 2}]'));
-- Two that refer to each other: what waits for the other is checked when both are in.
SELECT pg_temp.try('{"c": [{"id": 10, "p": 20}], "p": [{"id": 20, "c": 10}]}');
-- No row can be told then; nothing stays.
SELECT pg_temp.refusal($$SELECT ferry.insert_batches('{"c": [{"id": 11, "p": 99}, {"id": 12}], "p": [{"id": 21, "c": 11}]}')$$);
SELECT pg_temp.refusal($$SELECT ferry.insert_batches('{"c": [{"id": 11, "p": 99}, {"id": 12}], "p": [{"id": 21, "c": 11}]}', 'atomic')$$);
-- Rows that were refused before are named: they may be what is missing.
SELECT pg_temp.refusal($$SELECT ferry.insert_batches('{"c": [{"id": 11, "p": 20}, {"id": 12, "p": 22}], "p": [{"id": 22, "c": "x"}]}')$$);
SELECT id FROM c ORDER BY id;
-- Afterwards they wait as before.
BEGIN;
SELECT ferry.insert_batch('c', '[{"id": 60, "p": 61}, {"id": 62}]')->>'inserted';
INSERT INTO c VALUES (63, 64);
INSERT INTO p VALUES (64);
COMMIT;
-- What the transaction itself put off is let be, and so are the batch's rows.
BEGIN;
INSERT INTO c VALUES (50, 51);
SELECT ferry.insert_batch('c', '[{"id": 51, "p": 52}]')->>'inserted';
INSERT INTO p VALUES (51), (52);
COMMIT;
-- Unique and exclusion constraints, and triggers.
CREATE TABLE u (id int, a int, UNIQUE (a) DEFERRABLE INITIALLY DEFERRED, EXCLUDE USING btree (id WITH =) DEFERRABLE INITIALLY DEFERRED);
INSERT INTO u VALUES (1, 1);
SELECT pg_temp.show(ferry.insert_batch('u', '[{"id": 2, "a": 2}, {"id": 3, "a": 1}, {"id": 1, "a": 4}, {"id": 4, "a": 2}]'));
CREATE FUNCTION no_seven() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.id = 7 THEN RAISE EXCEPTION 'not seven'; END IF; RETURN NULL; END $$;
CREATE TABLE t (id int);
CREATE CONSTRAINT TRIGGER no_seven AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION no_seven();
SELECT pg_temp.show(ferry.insert_batch('t', '[{"id": 6}, {"id": 7}, {"id": 8}]'));
-- A table that refers to itself: circles and later parents stand, what has none does not.
CREATE TABLE s (id int PRIMARY KEY, boss int REFERENCES s DEFERRABLE INITIALLY DEFERRED);
SELECT pg_temp.show(ferry.insert_batch('s', '[{"id": 1, "boss": 2}, {"id": 2, "boss": 1}, {"id": 3, "boss": 9}, {"id": 4, "boss": 3}, {"id": 5, "boss": 6}, {"id": 6}]'));
-- Partitions.
CREATE TABLE part (id int REFERENCES p DEFERRABLE INITIALLY DEFERRED) PARTITION BY RANGE (id);
CREATE TABLE part_low PARTITION OF part FOR VALUES FROM (0) TO (100);
CREATE TABLE part_high PARTITION OF part FOR VALUES FROM (100) TO (200);
SELECT pg_temp.show(ferry.insert_batch('part', '[{"id": 20}, {"id": 21}, {"id": 120}, {"id": 220}]'));
SELECT pg_temp.show(ferry.insert_batch('part_low', '[{"id": 51}, {"id": 53}]'));
-- Atomic: what waits for a row of a table with a bad row is moot, the bad row is told.
SELECT pg_temp.try('{"c": [{"id": 70, "p": 70}, {"id": "x"}], "p": [{"id": 71}]}', 'atomic');
SELECT pg_temp.refusal($$SELECT ferry.insert_batches('{"c": [{"id": 70, "p": 70}], "p": [{"id": 71}]}', 'atomic')$$);
-- A table outside of the circle waits for it, wherever the request names it.
CREATE TABLE leaf (id int REFERENCES c);
SELECT pg_temp.try('{"leaf": [{"id": 80}], "c": [{"id": 80, "p": 80}], "p": [{"id": 80, "c": 80}]}');
-- A circle begins where its key can wait.
CREATE TABLE egg (id int PRIMARY KEY, hen int);
CREATE TABLE hen (id int PRIMARY KEY, egg int NOT NULL REFERENCES egg);
ALTER TABLE egg ADD FOREIGN KEY (hen) REFERENCES hen DEFERRABLE INITIALLY DEFERRED;
SELECT pg_temp.try('{"hen": [{"id": 1, "egg": 1}], "egg": [{"id": 1, "hen": 1}]}');
-- A name that another table's constraint has as well, which wants to be checked at once.
CREATE TABLE late (id int CONSTRAINT to_p REFERENCES p DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE prompt (id int CONSTRAINT to_p REFERENCES p DEFERRABLE);
BEGIN;
SELECT ferry.insert_batch('late', '[{"id": 20}]')->>'inserted';
INSERT INTO prompt VALUES (999);
ROLLBACK;
-- A name that another table's constraint has as well, which cannot be put off.
ALTER TABLE t ADD CONSTRAINT u_a_key CHECK (id > 0);
SELECT pg_temp.show(ferry.insert_batch('u', '[{"id": 20, "a": 20}, {"id": 21, "a": 20}]'));

-- ---- Idempotency keys ----
CREATE TABLE once (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int CHECK (a > 0));
SELECT a::text AS first FROM ferry.insert_batch('once', '[{"a": 1}, {"a": 0}]', idempotency_key => 'k') a \gset
SELECT a::text = :'first' AS same FROM ferry.insert_batch('once', '[{"a": 1}, {"a": 0}]', idempotency_key => 'k') a;
SELECT a FROM once;
-- Another body, other options or another function are another request; so is the same without a key.
SELECT pg_temp.refusal($$SELECT ferry.insert_batch('once', '[{"a": 2}]', idempotency_key => 'k')$$);
SELECT pg_temp.refusal($$SELECT ferry.insert_batch('once', '[{"a": 1}, {"a": 0}]', 'atomic', idempotency_key => 'k')$$);
SELECT pg_temp.refusal($$SELECT ferry.insert_batches('{"once": [{"a": 1}, {"a": 0}]}', idempotency_key => 'k')$$);
SELECT ferry.insert_batch('once', '[{"a": 1}, {"a": 0}]')->>'inserted';
-- Names of tables are what they mean: elsewhere on the search_path is another request.
CREATE TABLE public.once (LIKE once);
SELECT ferry.insert_batches('{"once": [{"a": 8}]}', dry_run => true, idempotency_key => 'n')->>'received';
SET search_path = public;
SELECT pg_temp.refusal($$SELECT ferry.insert_batches('{"once": [{"a": 8}]}', dry_run => true, idempotency_key => 'n')$$);
SET search_path = batches;
DROP TABLE public.once;
SELECT ferry.insert_batches('{"once": [{"a": 8}]}', dry_run => true, idempotency_key => 'n')->>'received';
-- A request that failed leaves its key free, one whose rows were all refused does not.
SELECT pg_temp.refusal($$SELECT ferry.insert_batch('once', '[]', idempotency_key => 'f')$$);
SELECT ferry.insert_batch('once', '[{"a": 3}]', idempotency_key => 'f')->>'inserted';
SELECT a::text AS first FROM ferry.insert_batches('{"once": [{"a": -1}]}', idempotency_key => 'r') a \gset
SELECT a::text = :'first' AS same, a->>'code' FROM ferry.insert_batches('{"once": [{"a": -1}]}', idempotency_key => 'r') a;
-- Keys are the role's own.
GRANT INSERT ON once TO regress_ferry_batches;
GRANT pg_read_all_data, pg_write_all_data TO regress_ferry_batches;
SET ROLE regress_ferry_batches;
SELECT ferry.insert_batches('{"once": [{"a": 4}]}', idempotency_key => 'k')->>'inserted';
-- Who may read and write all data may not read answers, nor make them up.
SELECT count(*) FROM ferry.answers;
UPDATE ferry.answers SET answer = '{}';
RESET ROLE;
SELECT a FROM once ORDER BY id;
-- Not kept for ever: then the key is free again, and old answers go.
SET ferry.idempotency_lifetime = '1s';
UPDATE ferry.answers SET answered_at = answered_at - interval '1 minute';
SELECT ferry.insert_batch('once', '[{"a": 5}]', idempotency_key => 'k')->>'inserted';
SELECT count(*) FROM ferry.answers;
RESET ferry.idempotency_lifetime;
SELECT pg_temp.refusal(format('SELECT ferry.insert_batch(%L, %L, idempotency_key => %L)', 'once', '[{"a": 1}]', k)) FROM (VALUES (''), (repeat('k', 256))) v(k);
SELECT ferry.insert_batch('once', '[{"a": 1}]', idempotency_key => repeat('ñ', 127))->>'inserted';
-- A request that sends itself.
CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM ferry.insert_batch('once', '[{"a": 9}]', idempotency_key => 'self'); RETURN NEW; END $$;
CREATE TRIGGER again BEFORE INSERT ON once FOR EACH ROW EXECUTE FUNCTION again();
SELECT (ferry.insert_batch('once', '[{"a": 9}]', idempotency_key => 'self')->'errors'->0)::jsonb - 'hint';

\pset tuples_only off
SET client_min_messages = warning;
DROP SCHEMA batches CASCADE;
DROP OWNED BY regress_ferry_batches;
DROP ROLE regress_ferry_batches;
DROP EXTENSION pg_ferry CASCADE;
