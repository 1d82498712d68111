-- Tallies: statement triggers that are told at the end of a load how many rows came by year, month and other columns,
-- instead of being fired. What they are told is what a count of the rows would give, whatever becomes of the load; and a
-- trigger that is not a tally in every respect is fired as always.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
CREATE ROLE regress_tally_owner;
CREATE ROLE regress_tally_writer;
CREATE SCHEMA tally AUTHORIZATION regress_tally_owner;
GRANT USAGE ON SCHEMA tally, ferry TO regress_tally_owner, regress_tally_writer;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ferry TO regress_tally_owner, regress_tally_writer;
SET search_path = tally;
SET ROLE regress_tally_owner;
CREATE TABLE visits (id int PRIMARY KEY, at timestamptz NOT NULL, gate int NOT NULL, note text, CHECK (gate < 1000000));
CREATE TABLE told (call int, year int, gate bigint, month int, n bigint);
CREATE TABLE fired (what text);
CREATE SEQUENCE calls;
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = tally AS $$
BEGIN
  INSERT INTO fired SELECT concat(TG_OP, ' of ', count(*)) FROM came;
  RETURN NULL;
END
$$;
CREATE FUNCTION keep(integer[], integer[], integer[], integer[], integer[], integer[], integer[], integer[], integer[], integer[],
  integer[], integer[], integer[], integer[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = tally AS $$
DECLARE
  call CONSTANT int := nextval('calls');
BEGIN
  INSERT INTO told
  SELECT call, t.year, t.gate, m.month, m.n
  FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) t (year, gate, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12)
  CROSS JOIN LATERAL unnest(ARRAY[m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12]) WITH ORDINALITY m (n, month)
  WHERE m.n <> 0;
END
$$;
REVOKE ALL ON FUNCTION keep() FROM PUBLIC;
REVOKE ALL ON FUNCTION keep(integer[], integer[], integer[], integer[], integer[], integer[], integer[], integer[], integer[], integer[],
  integer[], integer[], integer[], integer[]) FROM PUBLIC;
CREATE TRIGGER visits_keep AFTER INSERT ON visits REFERENCING NEW TABLE AS came FOR EACH STATEMENT
  EXECUTE FUNCTION keep('ferry.tally', 'at', 'gate');
-- How many years, months and gates differ from a count of the table, of rows that no trigger was fired for.
CREATE FUNCTION differences() RETURNS bigint LANGUAGE sql AS $$
  WITH counted AS (
    SELECT date_part('year', at AT TIME ZONE 'UTC')::int AS year, gate::bigint, date_part('month', at AT TIME ZONE 'UTC')::int AS month, count(*) AS n
    FROM tally.visits WHERE isfinite(at) GROUP BY 1, 2, 3
  ), kept AS (
    SELECT year, gate, month, sum(n)::bigint AS n FROM tally.told GROUP BY 1, 2, 3
  )
  SELECT count(*) FROM ((TABLE counted EXCEPT TABLE kept) UNION ALL (TABLE kept EXCEPT TABLE counted)) d
$$;
CREATE FUNCTION begin_anew() RETURNS void LANGUAGE sql AS $$
  TRUNCATE tally.visits, tally.told, tally.fired;
$$;
-- What a load of two rows told and fired.
CREATE FUNCTION load_two() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  answer text;
BEGIN
  PERFORM tally.begin_anew();
  PERFORM ferry.migrate_csv_data('tally.visits', convert_to(E'1,2021-02-03Z,1,a\n2,2021-02-04Z,1,b\n', 'UTF8'), header => 'off', force => true);
  SELECT concat('told ', COALESCE(sum(n), 0), ', fired ', COALESCE((SELECT string_agg(what, ', ') FROM tally.fired), 'none')) INTO answer FROM tally.told;
  RETURN answer;
END
$$;
SELECT load_two();
TABLE told;

-- ---- What a month is ----
-- The first and the last moment of every month of years that count differently, to both ends of time.
CREATE TEMP TABLE moments AS
SELECT row_number() OVER () AS id, at
FROM (SELECT make_timestamptz(y, m, 1, 0, 0, 0, 'UTC') + d * interval '1 us' AS at
      FROM unnest(ARRAY[-4713, -4712, -401, -400, -101, -100, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 99, 100, 101, 399, 400, 1582, 1899, 1900, 1901,
                        1969, 1970, 1999, 2000, 2001, 2020, 2021, 2400, 9999, 10000, 294274, 294275, 294276]) y,
        generate_series(1, 12) m, generate_series(-1, 0) d) m;
INSERT INTO moments VALUES (10001, '-infinity'), (10002, 'infinity'), (10003, '4714-11-24 00:00:00+00 BC'), (10004, '294276-12-31 23:59:59.999999+00');
SET DateStyle = ISO;
SET TimeZone = 'Pacific/Kiritimati';
SELECT begin_anew();
SELECT status, rows_loaded = (SELECT count(*) FROM moments) AS whole
FROM ferry.migrate_csv_data('visits', convert_to((SELECT string_agg(format('%s,%s,%s', id, at, id % 2), E'\n') FROM moments), 'UTF8'),
  columns => '{id,at,gate}', header => 'off');
SET TimeZone = 'UTC';
SELECT differences(), count(DISTINCT (year, month)), min(year), max(year), (SELECT count(*) FROM fired) AS fired FROM told;
SELECT count(*) AS finite, (SELECT sum(n) FROM told) AS told FROM visits WHERE isfinite(at);

-- ---- Rows that do not stay ----
SELECT begin_anew();
SELECT status, rows_loaded, rows_rejected FROM ferry.migrate_csv_data('visits', 'id,at,gate,note
1,2021-02-03Z,1,
2,2021-02-30Z,1,not a day
3,2021-03-03Z,2,
1,2021-04-03Z,1,a key twice
4,2021-05-03Z,9000000,too large
5,2021-05-03Z,2,
');
SELECT differences(), sum(n) FROM told;
SELECT status, rows_loaded, rows_rejected FROM ferry.migrate_csv_data('visits', 'id,at,gate,note
5,2021-06-03Z,1,taken
6,2021-06-03Z,1,
7,2021-06-03Z,2,
');
SELECT differences(), sum(n) FROM told;
-- An error that only the index knows: the window is taken back and its rows go in again in parts.
CREATE INDEX visits_share ON visits ((100 / gate));
SELECT status, rows_loaded, rows_rejected
FROM ferry.migrate_csv_data('visits', convert_to((SELECT string_agg(format('%s,%s,%s', i, timestamptz '2021-07-01Z' + i * interval '1 hour', i % 700 - 3), E'\n')
  FROM generate_series(1000, 4000) i), 'UTF8'), columns => '{id,at,gate}', header => 'off');
SELECT differences(), sum(n) FROM told;
DROP INDEX visits_share;
SELECT status, rows_loaded, rows_rejected FROM ferry.migrate_csv_data('visits', E'id,at,gate\n21,2021-02-03Z,1\n22,x,1\n', on_error => 'abort');
SELECT status, rows_loaded, rows_rejected FROM ferry.migrate_csv_data('visits', E'id,at,gate\n21,2021-02-03Z,1\n22,x,1\n23,y,1\n', reject_limit => 1);
SELECT status, rows_loaded, rows_rejected FROM ferry.migrate_csv_data('visits', E'id,at,gate\n21,2021-02-03Z,1\n', dry_run => true);
SELECT status, rows_loaded, rows_rejected FROM ferry.migrate_csv_data('visits', E'id,at,gate\n21,2021-02-03Z,1\n22,x,1\n', on_error => 'raise');
SELECT differences(), sum(n) FROM told;
BEGIN;
SELECT (ferry.migrate_csv_data('visits', E'id,at,gate\n21,2021-02-03Z,1\n')).status;
SELECT differences(), sum(n) FROM told;
ROLLBACK;
SELECT differences(), sum(n) FROM told;
SELECT count(*) AS fired FROM fired;

-- ---- Rows whose key is taken ----
SELECT begin_anew();
INSERT INTO visits VALUES (1, '2021-01-01Z', 1), (2, '2021-01-01Z', 1);
TABLE fired;
DELETE FROM fired;
-- Skipped ones are not told.
SELECT status, rows_loaded FROM ferry.migrate_csv_data('visits', E'id,at,gate\n1,2021-03-03Z,1\n3,2021-03-03Z,1\n3,2021-04-03Z,1\n', on_conflict => 'skip');
SELECT year, gate, month, n FROM told;
SELECT count(*) AS fired FROM fired;
-- Updates are statements, which fire; what went in before is told.
SELECT status, rows_loaded FROM ferry.migrate_csv_data('visits', E'id,at,gate\n1,2021-03-03Z,5\n4,2021-03-03Z,5\n5,2021-03-03Z,5\n', on_conflict => 'update');
SELECT year, gate, month, n FROM told ORDER BY gate;
TABLE fired;
-- A trigger of UPDATE has to hear of the statement, unless its function is the tally's.
CREATE TRIGGER visits_update AFTER UPDATE ON visits REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION keep();
SELECT begin_anew();
SELECT status FROM ferry.migrate_csv_data('visits', E'id,at,gate\n4,2021-03-03Z,5\n', on_conflict => 'update');
SELECT (SELECT count(*) FROM fired) AS fired, sum(n) AS told FROM told;
CREATE FUNCTION hear() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO tally.fired VALUES ('heard'); RETURN NULL; END $$;
CREATE TRIGGER visits_hear AFTER UPDATE ON visits FOR EACH STATEMENT EXECUTE FUNCTION hear();
SELECT load_two();
SELECT begin_anew();
SELECT status FROM ferry.migrate_csv_data('visits', E'id,at,gate\n4,2021-03-03Z,5\n', on_conflict => 'update', force => true);
SELECT (SELECT string_agg(what, ', ' ORDER BY what) FROM fired) AS fired, sum(n) AS told FROM told;
DROP TRIGGER visits_hear ON visits;
DROP TRIGGER visits_update ON visits;

-- ---- The other ways in ----
SELECT begin_anew();
SELECT ferry.insert_batch('visits', '[{"id": 1, "at": "2021-01-01Z", "gate": 1}, {"id": 2, "at": "x", "gate": 1}, {"id": 3, "at": "2021-01-31T23:59:59Z", "gate": 1}]') ->> 'inserted' AS inserted;
SELECT ferry.insert_batches('{"tally.visits": [{"id": 4, "at": "2021-01-01Z", "gate": 1}, {"id": 5, "at": "2021-02-01Z", "gate": 2}]}') ->> 'inserted' AS inserted;
SELECT differences(), sum(n) FROM told;
RESET ROLE;
SELECT backup_id FROM ferry.backup_table_avro('visits') \gset
SELECT begin_anew();
SELECT status, rows_loaded FROM ferry.restore_table_avro('visits', :backup_id);
SELECT differences(), sum(n) FROM told;
DELETE FROM visits WHERE id < 3;
SELECT status, rows_loaded FROM ferry.restore_table_avro('visits', :backup_id, mode => 'missing_only');
SELECT sum(n) FROM told;
DELETE FROM visits;
SELECT status, rows_loaded FROM ferry.restore_table_avro('visits', :backup_id, mode => 'append');
SELECT sum(n) FROM told;
SELECT count(*) AS fired FROM fired;

-- ---- Whose rights ----
CREATE OR REPLACE FUNCTION hear() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
GRANT INSERT ON visits TO regress_tally_writer;
SELECT begin_anew();
SET ROLE regress_tally_writer;
SELECT status FROM ferry.migrate_csv_data('visits', E'id,at,gate\n1,2021-03-03Z,5\n', force => true);
SELECT count(*) FROM told;
RESET ROLE;
SELECT differences(), sum(n) FROM told;

-- ---- An error of the function ends the load ----
ALTER TABLE told ADD CHECK (gate <> 13);
SELECT begin_anew();
SELECT status FROM ferry.migrate_csv_data('visits', E'id,at,gate\n1,2021-03-03Z,12\n2,2021-03-03Z,13\n');
SELECT (SELECT count(*) FROM visits) AS visits, count(*) AS told FROM told;
ALTER TABLE told DROP CONSTRAINT told_gate_check;

-- ---- Memory is bounded: many keys are told in portions ----
SELECT setval('calls', 1, false);
SELECT status, rows_loaded
FROM ferry.migrate_csv_data('visits', convert_to((SELECT string_agg(format('%s,%s,%s', i, timestamptz '2021-07-01Z' + i * interval '1 minute', i), E'\n')
  FROM generate_series(1, 300000) i), 'UTF8'), columns => '{id,at,gate}', header => 'off');
SELECT differences(), max(call) > 1 AS portions, sum(n) FROM told;

-- ---- What is not a tally is fired ----
SELECT load_two();
SET session_replication_role = replica;
SELECT load_two() AS "as a replica";
ALTER TABLE visits ENABLE ALWAYS TRIGGER visits_keep;
SELECT load_two() AS "as a replica, always";
ALTER TABLE visits ENABLE REPLICA TRIGGER visits_keep;
SELECT load_two() AS "as a replica, for replicas";
RESET session_replication_role;
SELECT load_two() AS "not a replica, for replicas";
ALTER TABLE visits DISABLE TRIGGER visits_keep;
SELECT load_two() AS "disabled";
ALTER TABLE visits ENABLE TRIGGER visits_keep;
ALTER TABLE visits ALTER gate DROP NOT NULL;
SELECT load_two() AS "a column that may be null";
ALTER TABLE visits ALTER gate SET NOT NULL, ALTER gate TYPE bigint;
SELECT load_two() AS "a column of another type";
ALTER TABLE visits ALTER gate TYPE int;
ALTER TABLE visits RENAME gate TO door;
SELECT load_two() AS "a column that is gone";
ALTER TABLE visits RENAME door TO gate;
SELECT load_two() AS "as before";
CREATE TRIGGER visits_other AFTER INSERT ON visits FOR EACH ROW EXECUTE FUNCTION hear();
SELECT load_two() AS "another trigger";
DROP TRIGGER visits_other ON visits;
CREATE TRIGGER visits_other AFTER DELETE OR UPDATE ON visits FOR EACH ROW EXECUTE FUNCTION hear();
SELECT load_two() AS "another trigger, not of INSERT";
DROP TRIGGER visits_other ON visits;
ALTER TABLE visits ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY all_of_them ON visits USING (true);
SET ROLE regress_tally_owner;
SELECT load_two() AS "row-level security";
RESET ROLE;
ALTER TABLE visits DISABLE ROW LEVEL SECURITY;
GRANT CREATE ON SCHEMA tally TO regress_tally_writer;
GRANT ALL ON fired TO regress_tally_writer;
ALTER FUNCTION keep() OWNER TO regress_tally_writer;
SELECT load_two() AS "another's trigger function";
ALTER FUNCTION keep() OWNER TO regress_tally_owner;
ALTER FUNCTION keep(integer[], integer[], integer[], integer[], integer[], integer[], integer[], integer[], integer[], integer[],
  integer[], integer[], integer[], integer[]) OWNER TO regress_tally_writer;
SELECT load_two() AS "another's function to be told";
ALTER FUNCTION keep(integer[], integer[], integer[], integer[], integer[], integer[], integer[], integer[], integer[], integer[],
  integer[], integer[], integer[], integer[]) OWNER TO regress_tally_owner;
SELECT load_two() AS "as before";
DROP TRIGGER visits_keep ON visits;
CREATE TRIGGER visits_keep AFTER INSERT ON visits REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION keep('ferry.tally', 'gate', 'at');
SELECT load_two() AS "no moment first";
DROP TRIGGER visits_keep ON visits;
CREATE TRIGGER visits_keep AFTER INSERT ON visits REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION keep('ferry.tally', 'at', 'note');
SELECT load_two() AS "a column of text";
DROP TRIGGER visits_keep ON visits;
CREATE TRIGGER visits_keep AFTER INSERT ON visits REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION keep('tally', 'at', 'gate');
SELECT load_two() AS "another word";
DROP TRIGGER visits_keep ON visits;
CREATE TRIGGER visits_keep AFTER INSERT ON visits REFERENCING NEW TABLE AS came FOR EACH STATEMENT WHEN (true) EXECUTE FUNCTION keep('ferry.tally', 'at', 'gate');
SELECT load_two() AS "a condition";
DROP TRIGGER visits_keep ON visits;
CREATE TRIGGER visits_keep AFTER INSERT ON visits REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION keep('ferry.tally', 'at', 'gate');
-- Two tallies of one table are both told.
CREATE TRIGGER visits_keep_too AFTER INSERT ON visits REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION keep('ferry.tally', 'at', 'id');
SELECT load_two() AS "two tallies";
SELECT year, gate, month, n FROM told ORDER BY call, gate;

RESET search_path;
DROP SCHEMA tally CASCADE;
DROP OWNED BY regress_tally_owner, regress_tally_writer;
DROP ROLE regress_tally_owner, regress_tally_writer;
DROP EXTENSION pg_ferry;
