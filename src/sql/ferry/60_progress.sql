-- What runs now: the rows of pg_stat_progress_copy that are ours, known by their last two parameters
-- (src/server/progress.hpp).

CREATE FUNCTION ferry.progress()
RETURNS TABLE (
  pid integer, kind text, target text, relid oid, bytes_done bigint, bytes_total bigint, rows_done bigint, rows_rejected bigint,
  started_at timestamptz, seconds numeric
)
LANGUAGE sql VOLATILE PARALLEL RESTRICTED ROWS 10 SET search_path = pg_catalog, pg_temp
AS $$
  SELECT p.pid, (ARRAY['load', 'backup', 'restore'])[p.param19], p.relid::regclass::text, p.relid, p.param1, nullif(p.param2, 0),
    p.param3, p.param4, s.started_at, greatest(0, round(date_part('epoch', clock_timestamp() - s.started_at)::numeric, 3))
  FROM pg_stat_get_progress_info('COPY') p
  CROSS JOIN LATERAL (SELECT timestamptz '2000-01-01 00:00:00+00' + p.param20 * interval '1 microsecond') s (started_at)
  WHERE p.param19 BETWEEN 1 AND 3 AND p.datid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
  ORDER BY s.started_at, p.pid
$$;
COMMENT ON FUNCTION ferry.progress IS
'The loads, backups and restores that run in this database now, one row each

pid: process of the server; kind: load, backup or restore; target, relid: the table; bytes_done: read of the input, or written
to the backup; bytes_total: of the input, NULL where nobody knows; rows_done: rows loaded, or written to the backup;
rows_rejected: rows refused; started_at, seconds: since when. A caller sees what runs in sessions of his own role, and
with pg_read_all_stats everything.';

REVOKE ALL ON FUNCTION ferry.progress FROM PUBLIC;
