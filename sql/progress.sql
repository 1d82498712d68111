-- ferry.progress: what runs is told by kind, table and how far it is, also where rows go to another table first; nothing is
-- left behind, not even by what fails, and COPY is not ours.
\set VERBOSITY terse
SET client_min_messages = error;
CREATE EXTENSION pg_ferry;
CREATE SCHEMA progress;
SET search_path = progress;
CREATE FUNCTION running() RETURNS SETOF text LANGUAGE sql AS $$
  SELECT format('%s of %s (%s): %s rows, %s rejected, %s bytes of %s, %s', p.kind, p.target, p.relid = p.target::regclass, p.rows_done, p.rows_rejected,
                CASE WHEN p.bytes_done > 0 THEN 'some' ELSE 'no' END, CASE WHEN p.bytes_total >= p.bytes_done THEN 'more' ELSE coalesce(p.bytes_total::text, 'unknown') END,
                CASE WHEN p.seconds >= 0 AND p.started_at BETWEEN transaction_timestamp() AND clock_timestamp() THEN 'just begun' END)
  FROM ferry.progress() p WHERE p.pid = pg_backend_pid() $$;
-- The domain of a column looks whenever it sees this word, wherever the row is on its way to.
CREATE FUNCTION look(word text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF word = 'look' THEN
    PERFORM pg_stat_clear_snapshot();
    RAISE NOTICE '%', coalesce((SELECT string_agg(r, '; ') FROM progress.running() r), 'nothing runs');
  END IF;
  RETURN true;
END $$;
CREATE DOMAIN word AS text CHECK (progress.look(VALUE));
CREATE TABLE t (id integer PRIMARY KEY, word word);
SET client_min_messages = notice;
-- A load: of 3000 rows one in a hundred is bad.
SELECT status, rows_loaded, rows_rejected FROM ferry.migrate_csv_data('t', (
  SELECT convert_to(string_agg(CASE WHEN i % 100 = 7 THEN 'x' ELSE i::text END || CASE WHEN i IN (1, 2500) THEN ',look' ELSE ',w' END, E'\n' ORDER BY i), 'UTF8')
  FROM generate_series(1, 3000) i));
SELECT * FROM running();
-- A backup, whose rows are filtered by a policy that looks.
CREATE ROLE regress_progress;
GRANT USAGE ON SCHEMA progress TO regress_progress;
GRANT SELECT ON t TO regress_progress;
GRANT EXECUTE ON FUNCTION ferry.progress, ferry.backup_table_avro TO regress_progress;
GRANT pg_read_all_stats TO regress_progress;
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY look ON t TO regress_progress USING (look(word));
SET ROLE regress_progress;
SELECT rows FROM ferry.backup_table_avro('t', codec => 'null', block_size => 1024, row_security => 'filter', name => 'progress_1.avro');
SELECT * FROM running();
RESET ROLE;
ALTER TABLE t DISABLE ROW LEVEL SECURITY;
-- Restores: straight into the table, and where a table refers to it by the difference, whose rows go to a temporary one first.
SELECT rows FROM ferry.backup_table_avro('t', name => 'progress_2.avro');
SELECT status, rows_loaded FROM ferry.restore_table_avro('t', 'progress_2.avro');
CREATE TABLE child (id integer REFERENCES t);
SELECT status, rows_loaded FROM ferry.restore_table_avro('t', 'progress_2.avro', dry_run => true);
SELECT * FROM running();
-- With workers, nothing of whom is left behind either.
SELECT rows FROM ferry.backup_table_avro('t', parallel => 2, name => 'progress_3.avro');
SELECT * FROM running();
-- A load that fails, COPY, and JSON.
SELECT ferry.migrate_csv_data('t', convert_to(E'x,w\n', 'UTF8'), on_error => 'raise');
SELECT * FROM running();
COPY t FROM PROGRAM 'echo 9001,look' (FORMAT csv);
SELECT ferry.insert_batch('t', '[{"id": 9002, "word": "look"}]') ->> 'inserted' AS inserted;
SELECT * FROM running();
-- Not for everybody, and others show nothing without pg_read_all_stats.
REVOKE pg_read_all_stats FROM regress_progress;
SET ROLE regress_progress;
SELECT count(*) FROM ferry.progress();
RESET ROLE;
REVOKE EXECUTE ON FUNCTION ferry.progress FROM regress_progress;
SET ROLE regress_progress;
SELECT ferry.progress();
RESET ROLE;
SET client_min_messages = error;
SELECT count(*) FROM ferry.backups b, ferry.drop_backup(b.backup_id) WHERE b.path ~ '^progress_[123].avro';
DROP OWNED BY regress_progress;
DROP ROLE regress_progress;
DROP SCHEMA progress CASCADE;
DROP EXTENSION pg_ferry;
