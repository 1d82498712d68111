-- on_conflict: what becomes of rows whose key is taken, in the table or earlier in the file.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
RESET client_min_messages;
CREATE SCHEMA on_conflict;
SET search_path = on_conflict;
\pset tuples_only
\pset format unaligned
-- Loads and tells: the report, then every error of every reject.
CREATE FUNCTION pg_temp.load(target regclass, csv text, mode text, options text DEFAULT '') RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  report ferry.load_report;
BEGIN
  EXECUTE format('SELECT * FROM ferry.migrate_csv_data(%L, $1, on_conflict => $2%s)', target, options) INTO report USING convert_to(csv, 'UTF8'), mode;
  RETURN NEXT format('%s: %s read, %s loaded, %s rejected, %s skipped, %s updated', report.status, report.rows_read, report.rows_loaded, report.rows_rejected, report.rows_skipped, report.rows_updated);
  RETURN QUERY SELECT format('%s %s %s %s [%s]', r.record_number, e.class, e.sqlstate, coalesce(e.column_name, '-'), coalesce(e.constraint_name, '-'))
    FROM ferry.rejects r JOIN ferry.reject_errors e USING (reject_id) WHERE r.load_id = report.load_id ORDER BY r.record_number, e.ordinal;
END
$$;
CREATE FUNCTION pg_temp.refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  hint text;
BEGIN
  EXECUTE statement;
  RETURN 'not refused';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(E'\n', SQLSTATE || ': ' || SQLERRM, 'HINT: ' || NULLIF(hint, ''));
END
$$;

-- ---- One table, three ways ----
CREATE TABLE t (id int PRIMARY KEY, v text CHECK (v <> 'bad'), w int DEFAULT 7);
INSERT INTO t VALUES (1, 'old', 1), (2, 'old', 2);
SELECT pg_temp.load('t', E'id,v\n1,new\n3,new\n3,newer\nx,new\n', 'reject');
TABLE t ORDER BY id;
DELETE FROM t WHERE id = 3;
SELECT pg_temp.load('t', E'id,v\n1,new\n3,new\n3,newer\nx,new\n', 'skip');
TABLE t ORDER BY id;
DELETE FROM t WHERE id = 3;
SELECT pg_temp.load('t', E'id,v\n1,new\n3,new\n3,newer\nx,new\n', 'update');
TABLE t ORDER BY id;
-- A row with another error is a reject, and of its conflict nothing is said.
SELECT pg_temp.load('t', E'1,bad,1\n2,x,y\n', 'reject');
SELECT pg_temp.load('t', E'1,bad,1\n2,x,y\n', 'skip');
SELECT pg_temp.load('t', E'1,bad,1\n2,x,y\n', 'update');
-- NULL is the default; the option is in the log, and so are the counts.
SELECT pg_temp.load('t', '1,new,1', NULL);
SELECT pg_temp.load('t', E'1,again,1\n9,new,1', 'update');
SELECT options ->> 'on_conflict', rows_skipped, rows_updated FROM ferry.loads ORDER BY load_id DESC LIMIT 2;
-- A dry run keeps nothing; a load that aborts or raises has skipped and updated nothing.
SELECT pg_temp.load('t', E'1,dry,1\n10,dry,1', 'update', ', dry_run => true');
SELECT pg_temp.load('t', E'1,dry,1\n10,dry,1', 'skip', ', dry_run => true');
SET client_min_messages = error;
SELECT pg_temp.load('t', E'1,gone,1\nx,gone,1', 'update', $$, on_error => 'abort'$$);
SELECT pg_temp.load('t', E'1,gone,1\nx,gone,1', 'skip', $$, reject_limit => 0$$);
RESET client_min_messages;
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv_data('t', E'1,gone,1\nx,gone,1', on_conflict => 'update', on_error => 'raise')$$);
SELECT pg_temp.load('t', '1,kept,1', 'update', $$, on_error => 'raise'$$);
TABLE t ORDER BY id;

-- ---- What cannot be ----
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv_data('t', '1,a,1', on_conflict => 'replace')$$);
CREATE TABLE keyless (id int UNIQUE);
CREATE TABLE late (id int PRIMARY KEY DEFERRABLE, v text);
CREATE TABLE half_late (id int PRIMARY KEY, v text CONSTRAINT v_later UNIQUE DEFERRABLE);
CREATE TABLE pair (a int, b int, v text, PRIMARY KEY (b, a));
SELECT count(*) AS loads FROM ferry.loads \gset before_
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv_data('keyless', '1', on_conflict => 'update')$$);
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv_data('late', '1,a', on_conflict => 'update')$$);
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv_data('late', '1,a', on_conflict => 'skip')$$);
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv_data('half_late', '1,a', on_conflict => 'skip')$$);
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv_data('pair', '1,a', columns => '{a,v}', on_conflict => 'update')$$);
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv_data('pair', E'v,b\na,1', on_conflict => 'update')$$);
SELECT count(*) - :before_loads AS logged FROM ferry.loads;
SELECT pg_temp.load('keyless', E'1\n1\n2', 'skip');
-- The deferrable constraint does not stand in the way of an update by the key.
SELECT pg_temp.load('half_late', E'1,a\n1,b\n2,c\n3,c', 'update');
TABLE half_late ORDER BY id;

-- ---- Keys of several columns, keys that are all there is ----
INSERT INTO pair VALUES (1, 1, 'old'), (1, 2, 'old');
SELECT pg_temp.load('pair', E'v,a,b\nnew,1,1\nnew,2,1\nnewer,2,1', 'update');
TABLE pair ORDER BY a, b;
-- There is nothing to update: such rows are skipped.
SELECT pg_temp.load('pair', E'1,1\n3,3\n3,3', 'update', $$, columns => '{a,b}'$$);

-- ---- Generated and identity columns, defaults, sequences ----
CREATE TABLE made (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n int GENERATED ALWAYS AS IDENTITY, k int NOT NULL DEFAULT 5,
  twice int GENERATED ALWAYS AS (k * 2) STORED, s bigserial);
SELECT pg_temp.load('made', E'id,n,k,s\n10,10,1,10\n20,20,2,20\n', 'update');
SELECT pg_temp.load('made', E'id,n,k,s\n10,99,3,30\n', 'update');
-- An identity that SQL lets nobody set keeps its value; the others follow, and the sequences with them.
SELECT id, n, k, twice, s FROM made ORDER BY id;
SELECT last_value FROM made_id_seq UNION ALL SELECT last_value FROM made_s_seq;
-- What is skipped moves no sequence.
CREATE UNIQUE INDEX ON made (k);
SELECT pg_temp.load('made', E'id,k\n500,3\n21,4\n', 'skip');
SELECT last_value FROM made_id_seq;
-- A column that is not loaded keeps its value.
SELECT pg_temp.load('made', E'id,s\n10,77\n', 'update');
SELECT id, n, k, twice, s FROM made ORDER BY id;

-- ---- Other unique indexes ----
CREATE TABLE u (id int PRIMARY KEY, v text, active bool, CONSTRAINT u_v_key UNIQUE (v));
CREATE UNIQUE INDEX one_active ON u (active) WHERE active;
INSERT INTO u VALUES (1, 'a', true), (2, 'b', false), (3, 'c', false);
SELECT pg_temp.load('u', E'4,a,f\n5,d,t\n6,e,f\n2,f,t\n7,e,f', 'skip');
TABLE u ORDER BY id;
DELETE FROM u WHERE id = 6;
-- The key decides; what the update itself violates refuses the row.
SELECT pg_temp.load('u', E'4,a,f\n5,d,t\n1,a,t\n2,c,f\n3,z,f\n', 'update');
TABLE u ORDER BY id;
-- Rows are taken in their order: 1 gives "a" away, 8 takes it, 2 comes too late.
SELECT pg_temp.load('u', E'1,y,f\n8,a,t\n2,a,f\n9,y,f', 'update');
TABLE u ORDER BY id;
-- Bad rows hear of the conflicts that would have refused them.
SELECT pg_temp.load('u', E'1,a,maybe\n10,a,maybe', 'update');
SELECT pg_temp.load('u', E'1,a,maybe\n10,a,maybe', 'skip');

-- ---- Exclusion constraints ----
CREATE TABLE room (id int PRIMARY KEY, during int4range, CONSTRAINT no_overlap EXCLUDE USING gist (during WITH &&));
INSERT INTO room VALUES (1, '[1,5)'), (2, '[5,9)');
SELECT pg_temp.load('room', E'3,"[4,6)"\n4,"[10,12)"\n1,"[20,21)"\n5,"[11,13)"', 'skip');
TABLE room ORDER BY id;
SELECT pg_temp.load('room', E'3,"[4,6)"\n1,"[20,21)"\n6,"[1,5)"\n2,"[20,30)"', 'update');
TABLE room ORDER BY id;

-- ---- Many rows: windows, batches, and every key many times ----
CREATE TABLE many (id int PRIMARY KEY, v int, filler text);
CREATE FUNCTION pg_temp.rows(n int, keys int) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(format('%s,%s,filler of row %s', (i * 7919::bigint) % keys, i, i), E'\n' ORDER BY i) FROM generate_series(1, n) i
$$;
SELECT pg_temp.load('many', pg_temp.rows(30000, 2503), 'skip');
SELECT count(*), bool_and(v <= 2503) AS first_ones FROM many;
SELECT pg_temp.load('many', pg_temp.rows(30000, 4001), 'update');
SELECT count(*), bool_and(v > 30000 - 4001) AS last_ones FROM many;
-- Few conflicts among many rows.
TRUNCATE many;
INSERT INTO many SELECT i * 1000, 0 FROM generate_series(1, 30) i;
SELECT pg_temp.load('many', pg_temp.rows(30000, 40009), 'skip');
SELECT count(*), count(*) FILTER (WHERE v = 0) AS old_ones FROM many;
SELECT pg_temp.load('many', pg_temp.rows(30000, 40009), 'update');
SELECT count(*), count(*) FILTER (WHERE v = 0) AS old_ones FROM many;
-- Rejects in between ask for careful windows; all is as if each row had been a statement of its own.
CREATE TABLE strict (id int PRIMARY KEY, v int, code text CONSTRAINT code_once UNIQUE);
CREATE TABLE expected (LIKE strict INCLUDING ALL);
CREATE VIEW input AS SELECT i, (i * 7919) % 701 AS id, CASE WHEN i % 50 = 0 THEN 'same' WHEN i % 7 = 0 THEN (i % 400)::text ELSE 'row ' || i END AS code
  FROM generate_series(1, 2500) i;
DO $$
DECLARE
  r record;
BEGIN
  FOR r IN SELECT * FROM on_conflict.input ORDER BY i LOOP
    BEGIN
      INSERT INTO on_conflict.expected VALUES (r.id, r.i, r.code) ON CONFLICT (id) DO UPDATE SET v = EXCLUDED.v, code = EXCLUDED.code;
    EXCEPTION WHEN unique_violation THEN NULL;
    END;
  END LOOP;
END
$$;
SELECT pg_temp.load('strict', string_agg(format('%s,%s,%s', id, i, code), E'\n' ORDER BY i), 'update') AS report FROM input LIMIT 1;
SELECT count(*) AS rows FROM strict;
(TABLE strict EXCEPT TABLE expected) UNION ALL (TABLE expected EXCEPT TABLE strict);

-- ---- Foreign keys in both directions ----
CREATE TABLE parent (id int PRIMARY KEY, code text UNIQUE);
CREATE TABLE child (id int PRIMARY KEY, parent int CONSTRAINT child_parent REFERENCES parent, code text CONSTRAINT child_code REFERENCES parent (code));
INSERT INTO parent VALUES (1, 'a'), (2, 'b');
INSERT INTO child VALUES (1, 1, 'a');
SELECT pg_temp.load('child', E'1,2,b\n2,9,\n1,9,b\n3,1,z', 'update');
TABLE child ORDER BY id;
SELECT pg_temp.load('parent', E'1,aa\n2,bb\n3,c', 'update');
TABLE parent ORDER BY id;

-- ---- Partitions ----
CREATE TABLE p (k int, v text, n int DEFAULT 3, PRIMARY KEY (k)) PARTITION BY RANGE (k);
CREATE TABLE p_low (v text, gone int, n int, k int NOT NULL);
ALTER TABLE p_low DROP COLUMN gone;
ALTER TABLE p ATTACH PARTITION p_low FOR VALUES FROM (0) TO (1000);
CREATE TABLE p_high PARTITION OF p FOR VALUES FROM (1000) TO (5000);
INSERT INTO p VALUES (1, 'old', 1), (1001, 'old', 1);
SELECT pg_temp.load('p', E'k,v\n1,new\n1001,new\n2,new\n1002,new\n2,newer\n9999,new\nx,new\n', 'skip');
SELECT tableoid::regclass, k, v, n FROM p ORDER BY k;
SELECT pg_temp.load('p', E'k,v\n1,new\n1001,new\n2,new\n1002,new\n2,newer\n9999,new\nx,new\n3,new', 'update');
SELECT tableoid::regclass, k, v, n FROM p ORDER BY k;
TRUNCATE p;
SELECT pg_temp.load('p', pg_temp.rows(5000, 1700), 'skip', $$, columns => '{k,n,v}'$$);
SELECT count(*), bool_and(n <= 1700) AS first_ones FROM p;
SELECT pg_temp.load('p', pg_temp.rows(5000, 1700), 'update', $$, columns => '{k,n,v}'$$);
SELECT count(*), bool_and(n > 5000 - 1700) AS last_ones FROM p;

-- ---- Triggers act as for the SQL statement ----
CREATE TABLE g (k int PRIMARY KEY, v text);
CREATE TABLE seen (n int GENERATED ALWAYS AS IDENTITY, what text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO on_conflict.seen (what) VALUES (concat_ws(' ', TG_WHEN, TG_OP, NEW.k, NEW.v));
  IF NEW.v = 'raise' THEN RAISE EXCEPTION 'no' USING ERRCODE = 'P0042'; END IF;
  IF NEW.v = 'no insert' AND TG_OP = 'INSERT' OR NEW.v = 'no update' AND TG_OP = 'UPDATE' THEN RETURN NULL; END IF;
  NEW.v := upper(NEW.v);
  RETURN NEW;
END
$$;
CREATE TRIGGER b BEFORE INSERT OR UPDATE ON g FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER a AFTER INSERT OR UPDATE ON g FOR EACH ROW EXECUTE FUNCTION note();
INSERT INTO g VALUES (1, 'old'), (2, 'old'), (3, 'old');
DELETE FROM seen;
SELECT pg_temp.load('g', E'1,new\n4,new\n2,no insert\n', 'skip');
SELECT what FROM seen ORDER BY n;
TABLE g ORDER BY k;
DELETE FROM seen;
CREATE OR REPLACE FUNCTION note_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.v = 'NO UPDATE' THEN RETURN NULL; END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER u BEFORE UPDATE ON g FOR EACH ROW EXECUTE FUNCTION note_update();
SELECT pg_temp.load('g', E'1,new\n5,new\n2,no insert\n3,raise\n3,no update\n4,newer\n', 'update');
SELECT what FROM seen ORDER BY n;
TABLE g ORDER BY k;
DROP TRIGGER a ON g;
TRUNCATE g, seen;
SELECT pg_temp.load('g', regexp_replace(pg_temp.rows(3000, 1100), ',filler of row', ' x', 'g'), 'skip', $$, columns => '{k,v}'$$);
SELECT pg_temp.load('g', regexp_replace(pg_temp.rows(3000, 1100), ',filler of row', ' x', 'g'), 'update', $$, columns => '{k,v}'$$);
SELECT count(*) FROM g;
-- A rule for UPDATE is nothing that ON CONFLICT goes with.
CREATE TABLE ruled (k int PRIMARY KEY, v text);
CREATE RULE r AS ON UPDATE TO ruled DO INSTEAD NOTHING;
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv_data('ruled', '1,a', on_conflict => 'update')$$);

-- ---- The rights that SQL asks for ----
CREATE ROLE regress_ferry_loader;
GRANT USAGE ON SCHEMA on_conflict TO regress_ferry_loader;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ferry TO regress_ferry_loader;
TRUNCATE t;
INSERT INTO t VALUES (1, 'old', 1);
GRANT INSERT ON t TO regress_ferry_loader;
SET ROLE regress_ferry_loader;
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv_data('t', E'id,v\n1,new', on_conflict => 'update')$$);
SELECT pg_temp.load('t', E'1,new,1\n2,new,2', 'skip');
RESET ROLE;
GRANT UPDATE (v) ON t TO regress_ferry_loader;
SET ROLE regress_ferry_loader;
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv_data('t', E'id,v\n1,new', on_conflict => 'update')$$);
RESET ROLE;
GRANT SELECT (id) ON t TO regress_ferry_loader;
SET ROLE regress_ferry_loader;
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv_data('t', E'id,v\n1,new', on_conflict => 'update')$$);
SELECT pg_temp.refusal($$INSERT INTO t (id, v) VALUES (1, 'new') ON CONFLICT (id) DO UPDATE SET v = EXCLUDED.v$$);
SELECT pg_temp.load('t', E'1\n2\n3', 'update', $$, columns => '{id}'$$);
RESET ROLE;
GRANT SELECT (v) ON t TO regress_ferry_loader;
SET ROLE regress_ferry_loader;
SELECT pg_temp.load('t', E'id,v\n1,new', 'update');
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv_data('t', E'id,v,w\n1,new,3', on_conflict => 'update')$$);
RESET ROLE;
TABLE t ORDER BY id;
-- A partitioned table asks for the same.
GRANT INSERT ON p TO regress_ferry_loader;
SET ROLE regress_ferry_loader;
SELECT pg_temp.load('p', E'1,a,1\n4000,a,1', 'skip');
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv_data('p', '1,a,1', on_conflict => 'update')$$);
RESET ROLE;
GRANT SELECT, UPDATE ON p TO regress_ferry_loader;
SET ROLE regress_ferry_loader;
SELECT pg_temp.load('p', E'1,a,1\n4001,a,1', 'update');
RESET ROLE;

-- ---- Row-level security ----
CREATE TABLE owned (id int PRIMARY KEY, tenant text, v int);
INSERT INTO owned VALUES (1, 'regress_ferry_loader', 1), (2, 'somebody', 1);
ALTER TABLE owned ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON owned USING (tenant = current_user) WITH CHECK (tenant = current_user AND v < 100);
GRANT SELECT, INSERT, UPDATE ON owned TO regress_ferry_loader;
SET ROLE regress_ferry_loader;
-- Skipped is what is there, seen or not; overwritten only what one may see and change.
SELECT pg_temp.load('owned', E'1,regress_ferry_loader,2\n2,regress_ferry_loader,2\n3,regress_ferry_loader,2\n4,somebody,2', 'skip');
SELECT pg_temp.load('owned', E'1,regress_ferry_loader,3\n2,regress_ferry_loader,3\n5,regress_ferry_loader,3\n3,regress_ferry_loader,300', 'update');
RESET ROLE;
TABLE owned ORDER BY id;

-- ---- A transaction that does not look at newer rows ----
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT pg_temp.load('t', E'1,rr,1\n50,rr,1\n50,rr,2', 'skip');
SELECT pg_temp.load('t', E'1,rr,1\n51,rr,1\n51,rr,2', 'update');
ROLLBACK;
-- ---- All three functions have the option ----
SELECT lo_from_bytea(0, E'1,object,1\n') AS object \gset
SELECT status, rows_skipped FROM ferry.migrate_csv_object('t', :object, on_conflict => 'skip');
SELECT status, rows_updated FROM ferry.migrate_csv_object('t', :object, on_conflict => 'update', force => true);
SELECT lo_unlink(:object);

DROP OWNED BY regress_ferry_loader;
DROP ROLE regress_ferry_loader;
SET client_min_messages = warning;
DROP SCHEMA on_conflict CASCADE;
DROP EXTENSION pg_ferry;
