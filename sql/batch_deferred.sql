-- ferry.insert_batch and constraints that are checked at COMMIT only: a row that breaks one is told in the answer, and the
-- commit goes through. Nobody else's work in the transaction is checked any sooner for it.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
RESET client_min_messages;
CREATE SCHEMA batch_deferred;
SET search_path = batch_deferred;
\pset format unaligned
\pset tuples_only
CREATE FUNCTION pg_temp.try(target regclass, rows json, mode text DEFAULT NULL, dry_run bool DEFAULT NULL) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  answer json := ferry.insert_batch(target, rows, mode, dry_run);
BEGIN
  RETURN NEXT format('%s received, %s inserted, %s rejected, keys %s', answer->>'received', answer->>'inserted', answer->>'rejected', answer->>'keys');
  RETURN QUERY SELECT concat_ws(' ', e->>'index', e->>'code', e->>'sqlstate', e->>'constraint') FROM json_array_elements(answer->'errors') e;
END
$$;

-- ---- Foreign keys ----
CREATE TABLE parent (id int PRIMARY KEY);
INSERT INTO parent VALUES (1), (2);
CREATE TABLE child (id int PRIMARY KEY, p int CONSTRAINT child_p REFERENCES parent DEFERRABLE INITIALLY DEFERRED, q int CONSTRAINT child_q REFERENCES parent);
SELECT pg_temp.try('child', '[{"id": 1, "p": 1, "q": 2}, {"id": 2, "p": 9}, {"id": 3}, {"id": "x", "p": 1}, {"id": 5, "q": 9}, {"id": 6, "p": 2}, {"id": 7, "p": 8}]');
SELECT id, p FROM child ORDER BY id;
-- All bad, one bad, in the modes that keep nothing.
SELECT pg_temp.try('child', '[{"id": 11, "p": 9}, {"id": 12, "p": 8}]');
SELECT pg_temp.try('child', '[{"id": 11, "p": 1}, {"id": 12, "p": 9}]', 'atomic');
SELECT pg_temp.try('child', '[{"id": 11, "p": 1}, {"id": 12, "p": 9}]', 'partial', true);
SELECT count(*) FROM child WHERE id > 10;
-- The log tells the same, and a whole batch of bad rows is told row by row.
SELECT r.record_number, e.class, e.sqlstate, e.constraint_name FROM ferry.rejects r JOIN ferry.reject_errors e USING (reject_id) WHERE load_id = (SELECT max(load_id) FROM ferry.loads) ORDER BY 1;
SELECT a ->> 'inserted', count(*), count(DISTINCT e ->> 'index'), min(e ->> 'sqlstate') FROM ferry.insert_batch('child', (SELECT json_agg(json_build_object('id', 1000 + i, 'p', CASE WHEN i % 10 = 0 THEN 1000 + i ELSE 1 END) ORDER BY i) FROM generate_series(1, 1000) i)) a, json_array_elements(a -> 'errors') e GROUP BY 1;
DELETE FROM child WHERE id > 10;
-- Deferred by the caller rather than by the table.
CREATE TABLE other (id int PRIMARY KEY, p int CONSTRAINT other_p REFERENCES parent DEFERRABLE);
BEGIN;
SET CONSTRAINTS ALL DEFERRED;
SELECT pg_temp.try('other', '[{"id": 1, "p": 1}, {"id": 2, "p": 9}]');
COMMIT;
SELECT id, p FROM other ORDER BY id;
-- A constraint that the table defers is as deferred as it was for all that comes afterwards, another table's too.
BEGIN;
SET CONSTRAINTS other_p DEFERRED;
SELECT pg_temp.try('child', '[{"id": 12, "p": 1}, {"id": 13, "p": 9}]');
INSERT INTO child VALUES (13, 77);
INSERT INTO other VALUES (3, 77);
INSERT INTO parent VALUES (77);
COMMIT;
SELECT c.p, o.p FROM child c, other o WHERE (c.id, o.id) = (13, 3);
-- What was not deferred stays so.
BEGIN;
SELECT pg_temp.try('child', '[{"id": 14, "p": 1}]');
INSERT INTO other VALUES (4, 78);
ROLLBACK;
-- What the caller left open before is nobody's fault here; all is checked at the end then, as it would be without us.
BEGIN;
INSERT INTO child VALUES (20, 88);
SELECT pg_temp.try('child', '[{"id": 21, "p": 1}]');
INSERT INTO parent VALUES (88);
COMMIT;
SELECT id, p FROM child WHERE id >= 20 ORDER BY id;
DELETE FROM child WHERE id >= 20;
-- A parent that is in the transaction only.
BEGIN;
INSERT INTO parent VALUES (5);
SELECT pg_temp.try('child', '[{"id": 15, "p": 5}, {"id": 16, "p": 6}]');
COMMIT;
SELECT id, p FROM child WHERE id > 13 ORDER BY id;

-- ---- Rows that refer to each other: in any order, in a circle, and without one that is refused ----
CREATE TABLE tree (id int PRIMARY KEY, up int CONSTRAINT tree_up REFERENCES tree DEFERRABLE INITIALLY DEFERRED);
SELECT pg_temp.try('tree', '[{"id": 1, "up": 2}, {"id": 2}, {"id": 3, "up": 9}, {"id": 6, "up": 7}, {"id": 7, "up": 6}, {"id": 8, "up": 8}]');
SELECT pg_temp.try('tree', '[{"id": 14, "up": 15}, {"id": 15, "up": 16}, {"id": 16, "up": 99}, {"id": 17, "up": 1}]');
SELECT id, up FROM tree ORDER BY id;

-- ---- Unique and exclusion constraints: the first good row of a key has it ----
CREATE TABLE once (id int CONSTRAINT once_pkey PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, code text CONSTRAINT once_code UNIQUE DEFERRABLE INITIALLY DEFERRED);
INSERT INTO once VALUES (1, 'a');
SELECT pg_temp.try('once', '[{"id": 2, "code": "b"}, {"id": 2, "code": "c"}, {"id": 1, "code": "d"}, {"id": 3, "code": "a"}, {"id": 4, "code": "e"}, {"id": 5, "code": "e"}, {"id": "x", "code": "f"}, {"id": 6, "code": "f"}]');
SELECT id, code FROM once ORDER BY id;
SELECT pg_temp.try('once', '[{"id": 7}, {"id": 7}]', 'atomic');
SELECT count(*) FROM once WHERE id = 7;
CREATE TABLE apart (during int4range, CONSTRAINT no_overlap EXCLUDE USING gist (during WITH &&) DEFERRABLE INITIALLY DEFERRED);
SELECT pg_temp.try('apart', '[{"during": "[1,5)"}, {"during": "[4,6)"}, {"during": "[5,6)"}]');
SELECT during FROM apart ORDER BY 1;

-- ---- Constraint triggers ----
CREATE FUNCTION odd_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id % 2 = 0 THEN RAISE EXCEPTION '% is even', NEW.id USING ERRCODE = 'P0077'; END IF;
  RETURN NULL;
END
$$;
CREATE TABLE odd (id int PRIMARY KEY);
CREATE CONSTRAINT TRIGGER odd_only AFTER INSERT ON odd DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION odd_only();
SELECT pg_temp.try('odd', '[{"id": 1}, {"id": 2}, {"id": 3}, {"id": 4}]');
SELECT id FROM odd ORDER BY id;
-- One that judges all rows together, as only a deferred one can: it is asked once all are there.
CREATE TABLE ledger (id int PRIMARY KEY, amount int NOT NULL);
CREATE FUNCTION balanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT sum(amount) FROM batch_deferred.ledger) <> 0 THEN RAISE EXCEPTION 'the ledger is out of balance' USING ERRCODE = 'P0078'; END IF;
  RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER balanced AFTER INSERT ON ledger DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION balanced();
SELECT pg_temp.try('ledger', '[{"id": 1, "amount": 5}, {"id": 2, "amount": -2}, {"id": 3, "amount": -3}]');
SELECT pg_temp.try('ledger', '[{"id": 4, "amount": 5}]');
SELECT a ->> 'code', a ->> 'inserted', a #>> '{errors,0,sqlstate}' FROM ferry.insert_batch('ledger', '[{"id": 5, "amount": 5}, {"id": 6, "amount": -4}]', 'atomic') a;
SELECT sum(amount), count(*) FROM ledger;

SET client_min_messages = warning;
DROP SCHEMA batch_deferred CASCADE;
DROP EXTENSION pg_ferry;
