-- What ferry.reject_summary proposes, and that it mends what it says: every proposal with a statement is run.
\set VERBOSITY terse
SET client_min_messages = error;
CREATE EXTENSION pg_ferry;
CREATE SCHEMA summary;
SET search_path = summary, pg_catalog, public;
SET DateStyle = 'ISO, MDY';
SET TimeZone = 'UTC';
\pset format unaligned
\pset tuples_only on
CREATE FUNCTION pg_temp.lines(VARIADIC text[]) RETURNS bytea LANGUAGE sql AS $$ SELECT convert_to(string_agg(l || E'\n', '' ORDER BY n), 'UTF8') FROM unnest($1) WITH ORDINALITY x (l, n) $$;
CREATE FUNCTION pg_temp.load() RETURNS bigint LANGUAGE sql AS $$ SELECT max(load_id) FROM ferry.loads WHERE replay_of IS NULL $$;
CREATE FUNCTION pg_temp.summary() RETURNS SETOF text LANGUAGE sql AS $$
  SELECT concat_ws(' | ', s.class, s.sqlstate, s.column_name, s.constraint_name, s.pattern, s.rows, 'e.g. ' || s.example, s.proposal) FROM ferry.reject_summary(pg_temp.load()) s $$;
-- The statements of the proposals that say this, one by one.
CREATE FUNCTION pg_temp.steps(said text, wanted text DEFAULT '') RETURNS SETOF text LANGUAGE sql AS $$
  SELECT DISTINCT ON (s.step) s.step FROM (
    SELECT replace(regexp_replace(step, '^to [^:]*: ', ''), 'SELECT * FROM ferry.replay', 'SELECT status, rows_loaded, rows_rejected FROM ferry.replay') AS step, n
      FROM ferry.reject_summary(pg_temp.load()) p,
      regexp_split_to_table(regexp_replace(substring(p.proposal FROM '(?:SELECT (?:\*|ferry)|ALTER ).*'), ' (\((dates|numbers) that|\(numbers such|or (date_format|decimal_mark|give)).*$', ''), '; ') WITH ORDINALITY x (step, n)
     WHERE p.proposal ~ said AND step ~ wanted) s ORDER BY s.step, s.n $$;

-- ---- Values ----
CREATE TYPE mood AS ENUM ('calm', 'rough');
CREATE TABLE v (id int PRIMARY KEY, day date, at timestamptz, pay numeric(6,2), pieces int, small smallint, large bigint, ratio real, code varchar(3), flags varbit(3), mood mood, done boolean, ref uuid);
SELECT rows_loaded, rows_rejected FROM ferry.migrate_csv_data('v', pg_temp.lines(
  '1,31/12/2021,,,,,,,,,,,', '2,1/2/2021,,x,,,,,,,,,', '3,13/1/2021,,,,,,,,,,,',
  '4,,12 Mar 2021 10:30 Uhr,,,,,,,,,,', '5,,15.04.2021 06:30 PM,,,,,,,,,,', '6,,14.04.2021 10:30 AM,,,,,,,,,,',
  '7,,,"1,234.50",,,,,,,,,', '8,,,"-2,000.00",,,,,,,,,', '9,,,,"1,234",,,,,,,,', '10,,,,12.5,,,,,,,,',
  '11,,,,,40000,,,,,,,', '12,,,,,-32769,,,,,,,', '13,,,,3000000000,,,,,,,,', '14,,,,,,9223372036854775808,,,,,,', '15,,,123456.5,,,,,,,,,', '16,,,,,,,1e39,,,,,',
  '17,,,,,,,,four,,,,', '18,,,,,,,,sévén!!,,,,', '19,,,,,,,,,10101,,,', '20,,,,,,,,,,stormy,,', '21,,,,,,,,,,foul,,', '22,,,,,,,,,,calm,perhaps,',
  '23,N/A,,-,?,,,,,,,NULL,', '24,,n/a,,,,,,,,,,', '25,,,,,,,,,,,,no-uuid', 'N/A,,,,,,,,,,,,', '26,2021-02-30,,,,,,,,,,,')) r;
SELECT * FROM pg_temp.summary();
-- One after the other; what a replay was told counts for the next as well.
SELECT pg_temp.steps('like DD/MM/YYYY:') \gexec
SELECT id, day FROM v WHERE day IS NOT NULL ORDER BY id;
SELECT pg_temp.steps('no value') \gexec
SELECT pg_temp.steps('decimal point') \gexec
SELECT id, pay, pieces FROM v WHERE coalesce(pay, pieces) IS NOT NULL ORDER BY id;
SELECT pg_temp.steps('like DD.MM.YYYY HH12:MI AM') \gexec
SELECT id, at FROM v WHERE at IS NOT NULL ORDER BY id;
SELECT pg_temp.steps('no such value.*foul') \gexec
SELECT pg_temp.steps('no such value.*stormy') \gexec
SELECT pg_temp.steps('range of smallint') \gexec
SELECT pg_temp.steps('range of integer') \gexec
SELECT pg_temp.steps('range of bigint') \gexec
SELECT pg_temp.steps('range of numeric') \gexec
SELECT pg_temp.steps('range of real') \gexec
SELECT pg_temp.steps('whole numbers') \gexec
SELECT pg_temp.steps('characters') \gexec
SELECT pg_temp.steps('bits') \gexec
SELECT * FROM pg_temp.summary();
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'v'::regclass AND attnum > 3 ORDER BY attnum;
-- By hand: the statements that are proposed need the row that is meant, and a reason.
SELECT pg_temp.steps('correct each row') LIMIT 1 \gset step_
SELECT replace(:'step_steps', '{...}', '{"id": 2, "day": "2021-02-01"}') \gexec
SELECT 'SELECT ' || substring(proposal FROM 'ferry.dismiss_reject.*') FROM ferry.reject_summary(pg_temp.load()) \gexec
SELECT count(*) FROM ferry.reject_summary(pg_temp.load());

-- ---- Values with two meanings ----
CREATE TABLE w (id int, day date, pay float8, pieces int);
SET DateStyle = 'ISO, YMD';
SELECT rows_rejected FROM ferry.migrate_csv_data('w', pg_temp.lines('1;3/4/2021;;', '2;;1,234;', '3;;;1,234', '4;;;"2.000,00"', '5;;"2.500,75";'), delimiter => ';');
SELECT * FROM pg_temp.summary();
SELECT pg_temp.steps('no day beyond 12') \gexec
SELECT pg_temp.steps('decimal comma') \gexec
SELECT * FROM w ORDER BY id;
SET DateStyle = 'ISO, MDY';

-- ---- Constraints ----
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE DOMAIN given AS text NOT NULL;
CREATE TABLE p ("Parent id" int PRIMARY KEY, a int, b text, UNIQUE (a, b));
INSERT INTO p VALUES (1, 1, 'x');
CREATE TABLE c (id int PRIMARY KEY, name text NOT NULL, word given, amount positive, parent int REFERENCES p, a int, b text, size int CONSTRAINT small CHECK (size < 10), room int4range,
  FOREIGN KEY (a, b) REFERENCES p (a, b), CONSTRAINT apart EXCLUDE USING gist (room WITH &&));
SELECT rows_loaded, rows_rejected FROM ferry.migrate_csv_data('c', pg_temp.lines('1,a,w,1,1,1,x,1,"[1,3)"', '2,,w,1,1,1,x,1,', '3,a,,1,1,1,x,1,', '4,a,w,-1,1,1,x,1,', '5,a,w,1,1,1,x,10,', '5,a,w,1,1,1,x,12,',
  '6,a,w,1,200,1,x,1,', '7,a,w,1,30,1,x,1,', '8,a,w,1,30,1,x,1,', '9,a,w,1,1,2,y,1,', '10,a,w,1,1,1,x,1,"[2,4)"', ',a,w,1,1,1,x,1,', '1,a,w,1,1,1,x,1,')) r;
SELECT * FROM pg_temp.summary();
INSERT INTO p VALUES (30, NULL, NULL), (200, NULL, NULL), (2, 2, 'y');
SELECT pg_temp.steps('insert 2 rows') \gexec
SELECT pg_temp.steps('name DROP NOT NULL') \gexec
SELECT pg_temp.steps('given DROP NOT NULL') \gexec
SELECT pg_temp.steps('ALTER DOMAIN positive') \gexec
SELECT pg_temp.steps('DROP CONSTRAINT small') \gexec
SELECT pg_temp.steps('the key is taken', 'update') \gexec
SELECT pg_temp.steps('in the way') \gexec
SELECT * FROM pg_temp.summary();
SELECT id, name, word, amount, parent, a, b, size FROM c ORDER BY id;
SELECT status, note, count(*) FROM ferry.rejects WHERE load_id = pg_temp.load() GROUP BY 1, 2 ORDER BY 1, 2;
SELECT rows_rejected FROM ferry.migrate_csv_data('c', pg_temp.lines('9,new,w,1,1,1,x,1,'));
SELECT pg_temp.steps('the key is taken', 'skip') \gexec
SELECT status, note, settled_by FROM ferry.rejects WHERE load_id = pg_temp.load();

-- ---- Partitions, triggers, policies ----
CREATE TABLE parted (id int, k int) PARTITION BY LIST (k);
CREATE TABLE parted1 PARTITION OF parted FOR VALUES IN (1);
SELECT rows_rejected FROM ferry.migrate_csv_data('parted', pg_temp.lines('1,1', '2,2'));
SELECT * FROM pg_temp.summary();
CREATE TABLE parted2 PARTITION OF parted FOR VALUES IN (2);
SELECT pg_temp.steps('partition') \gexec
CREATE TABLE t (id int, k text);
CREATE FUNCTION t_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.k = 'skip' THEN RETURN NULL; END IF;
  IF NEW.k = 'bad' THEN RAISE 'no % today', NEW.id; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER t_check BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION t_check();
SELECT rows_rejected FROM ferry.migrate_csv_data('t', pg_temp.lines('1,skip', '2,bad', '3,bad'));
SELECT * FROM pg_temp.summary();
DROP TRIGGER t_check ON t;
SELECT pg_temp.steps('the cause') \gexec
CREATE ROLE regress_ferry_tenant;
GRANT USAGE ON SCHEMA summary TO regress_ferry_tenant;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ferry TO regress_ferry_tenant;
GRANT INSERT ON t TO regress_ferry_tenant;
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY low ON t FOR INSERT WITH CHECK (id < 5);
SET ROLE regress_ferry_tenant;
SELECT rows_rejected FROM ferry.migrate_csv_data('t', pg_temp.lines('4,a', '5,b'));
SELECT * FROM pg_temp.summary();
RESET ROLE;
ALTER POLICY low ON t WITH CHECK (true);
SET ROLE regress_ferry_tenant;
SELECT pg_temp.steps('policy') \gexec
RESET ROLE;

-- ---- Structure ----
CREATE TABLE s (id int PRIMARY KEY, name text NOT NULL, note text);
SELECT rows_rejected FROM ferry.migrate_csv_data('s', pg_temp.lines('1;one;', '2;"two;2";x'));
SELECT * FROM pg_temp.summary();
SELECT pg_temp.steps('another delimiter') \gexec
SELECT rows_rejected FROM ferry.migrate_csv_data('s', pg_temp.lines(E'3\tthree\t'));
SELECT pg_temp.steps('another delimiter') \gexec
SELECT rows_rejected FROM ferry.migrate_csv_data('s', pg_temp.lines('4,four', '5,five,x,surplus', '6,"six,x', '7,seven,"x" y"'));
SELECT * FROM pg_temp.summary();
SELECT pg_temp.steps('salvage') \gexec
SELECT * FROM s ORDER BY id;
-- Not where the missing field cannot be NULL, and where salvage has been tried.
SELECT rows_rejected FROM ferry.migrate_csv_data('s', pg_temp.lines('8', '9,x', 'y,"z', '1,2,3,4'));
SELECT * FROM pg_temp.summary();
SELECT rows_rejected FROM ferry.replay(pg_temp.load(), repair => 'salvage');
SELECT * FROM pg_temp.summary();

-- ---- Encodings ----
TRUNCATE s;
SELECT rows_rejected FROM ferry.migrate_csv_data('s', '1,A\361o,\0122,\200uro,\012'::bytea);
SELECT * FROM pg_temp.summary();
SELECT pg_temp.steps('WIN1252') \gexec
SELECT rows_rejected FROM ferry.migrate_csv_data('s', '3,A\361o,\0124,a\000b,\012'::bytea);
SELECT * FROM pg_temp.summary();
SELECT pg_temp.steps('LATIN1') \gexec
SELECT id, name FROM s ORDER BY id;
-- UTF-16 is looked at as what it says.
SELECT rows_rejected FROM ferry.migrate_csv_data('s', '\xfffe3500' || '\x3b00'::bytea || '\x6600' || '\x3b00' || '\x0a00');
SELECT * FROM pg_temp.summary();
SELECT pg_temp.steps('delimiter') \gexec

-- ---- JSON ----
SELECT ferry.insert_batch('s', '[{"id": 10, "name": "x", "Extra key": 1}, {"id": "11-", "name": "y"}, [1], {"id": "1,200", "name": "z"}]') -> 'rejected';
SELECT * FROM pg_temp.summary();
SELECT pg_temp.steps('no such column') \gexec
SELECT pg_temp.steps('decimal point') \gexec
SELECT * FROM s WHERE id > 5 ORDER BY id;

-- ---- Loads that left no rows: their input is to be loaded again ----
SELECT status FROM ferry.migrate_csv_data('w', pg_temp.lines('6,31/12/2021,1,N/A', '7,30/12/2021,1,'), on_error => 'abort');
SELECT * FROM pg_temp.summary();
SELECT status, rows_loaded FROM ferry.migrate_csv_data('w', pg_temp.lines('6,31/12/2021,1,N/A', '7,30/12/2021,1,'), date_format => 'DD/MM/YYYY');
-- The log of a dry replay proposes a better one of the same load.
SELECT status, rows_rejected FROM ferry.replay(pg_temp.load(), date_format => 'MM/DD/YYYY', dry_run => true);
SELECT s.column_name, s.proposal FROM ferry.loads l, ferry.reject_summary(l.load_id) s WHERE l.status = 'dry run' ORDER BY 1;

-- ---- Few groups, however many rows ----
SELECT rows_rejected FROM ferry.migrate_csv_data('w', (SELECT convert_to(string_agg('x' || repeat('-x', i), E',,,\n') || ',,,', 'UTF8') FROM generate_series(1, 10) i));
SELECT * FROM pg_temp.summary();
SELECT rows_rejected FROM ferry.migrate_csv_data('w', (SELECT convert_to(string_agg(replace(replace(i::bit(10)::text, '0', '-x'), '1', '+y'), E',,,\n' ORDER BY i) || ',,,', 'UTF8') FROM generate_series(1, 1000) i));
SELECT count(*), sum(rows), max(rows) FILTER (WHERE pattern = '(other)') AS other FROM ferry.reject_summary(pg_temp.load());
SELECT rows, example, proposal FROM ferry.reject_summary(pg_temp.load()) LIMIT 1;
SELECT rows_rejected FROM ferry.migrate_csv_data('c', (SELECT convert_to(string_agg(format('%s,a,w,1,%s,,,1,', i, i), E'\n'), 'UTF8') FROM generate_series(1001, 2200) i));
SELECT rows, pattern, example, proposal FROM ferry.reject_summary(pg_temp.load());
SELECT rows_rejected FROM ferry.migrate_csv_data('c', (SELECT convert_to(string_agg(format('%s,a,w,1,%s,,,1,', i, i % 20 + 990), E'\n'), 'UTF8') FROM generate_series(1001, 1100) i));
SELECT rows, proposal FROM ferry.reject_summary(pg_temp.load());

-- ---- Without values, without rows, without a table ----
SET ferry.log_values = off;
SET ferry.log_raw_rows = off;
SELECT rows_rejected FROM ferry.migrate_csv_data('w', pg_temp.lines('8,31/12/2021,,N/A', '9'));
SELECT * FROM pg_temp.summary();
RESET ferry.log_values;
RESET ferry.log_raw_rows;
DROP TABLE w;
SELECT DISTINCT class, proposal FROM ferry.reject_summary(pg_temp.load()) ORDER BY 1, 2;
SELECT * FROM ferry.reject_summary(NULL);
SELECT * FROM ferry.reject_summary(0);

RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA summary CASCADE;
DROP EXTENSION pg_ferry;
DROP ROLE regress_ferry_tenant;
