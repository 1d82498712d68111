-- Metrics of the data's own quality, from the log and the manifests: how loads go, what is refused and why, what a loss
-- would cost now. Days are those of UTC. A caller sees the loads that the log shows him, and backups if he may list them.

CREATE FUNCTION ferry.loads_by_day(since timestamptz DEFAULT NULL, before timestamptz DEFAULT NULL)
RETURNS TABLE (
  day date, target text, loads bigint, aborted bigint, rows_read bigint, rows_loaded bigint, rows_rejected bigint,
  rows_repaired bigint, bytes_read bigint, seconds numeric, rows_per_second numeric, reject_rate numeric
)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000 SET search_path = pg_catalog, pg_temp
AS $$
  SELECT (timezone('UTC', l.started_at))::date AS day, l.target, count(*), count(*) FILTER (WHERE l.status = 'aborted'),
    sum(l.rows_read)::bigint, sum(l.rows_loaded)::bigint, sum(l.rows_rejected)::bigint, sum(l.rows_repaired)::bigint,
    sum(l.bytes_read)::bigint, round(sum(date_part('epoch', l.elapsed))::numeric, 3),
    round((sum(l.rows_loaded) / nullif(sum(date_part('epoch', l.elapsed)), 0)::numeric), 1),
    round(sum(l.rows_rejected) / nullif(sum(l.rows_read), 0), 6)
  FROM ferry.loads l
  WHERE l.status <> 'dry run'
    AND l.started_at >= coalesce(loads_by_day.since, '-infinity') AND l.started_at < coalesce(loads_by_day.before, 'infinity')
  GROUP BY 1, l.target
  ORDER BY 1, l.target COLLATE "C"
$$;
COMMENT ON FUNCTION ferry.loads_by_day IS
'How loads went, by day and table

day: the day in UTC on which they began; target: the table; loads: how many, dry runs left out; aborted: those of them
that left nothing; rows_read, rows_loaded, rows_rejected, rows_repaired, bytes_read: their sums; seconds: time they took
together; rows_per_second: rows loaded in each of those seconds; reject_rate: rejected part of the rows read, from 0 to 1.
since and before bound the beginning of the loads; NULL leaves that side open.';

CREATE FUNCTION ferry.rejects_by_day(since timestamptz DEFAULT NULL, before timestamptz DEFAULT NULL)
RETURNS TABLE (
  day date, target text, source_kind text, source_name text, class text, column_name text, errors bigint, rejects bigint,
  open bigint
)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000 SET search_path = pg_catalog, pg_temp
AS $$
  SELECT (timezone('UTC', l.started_at))::date AS day, l.target, l.source_kind, l.source_name, k.class, k.column_name,
    count(*), count(DISTINCT r.reject_id), count(DISTINCT r.reject_id) FILTER (WHERE r.status = 'open' AND l.status <> 'aborted')
  FROM ferry.loads l
  JOIN ferry.rejects r ON r.load_id = l.load_id
  CROSS JOIN LATERAL unnest(r.error_kinds) e (kind_id)
  JOIN ferry.reject_kinds k ON k.kind_id = e.kind_id
  WHERE l.status <> 'dry run'
    AND l.started_at >= coalesce(rejects_by_day.since, '-infinity') AND l.started_at < coalesce(rejects_by_day.before, 'infinity')
  GROUP BY 1, l.target, l.source_kind, l.source_name, k.class, k.column_name
  ORDER BY 1, l.target COLLATE "C", l.source_kind COLLATE "C", l.source_name COLLATE "C", k.class COLLATE "C", k.column_name COLLATE "C"
$$;
COMMENT ON FUNCTION ferry.rejects_by_day IS
'What was refused, by day, table, source, class of error and column

day: the day in UTC on which the load began; target: the table; source_kind and source_name: where the rows came from;
class: kind of error; column_name: the column, NULL for errors of a whole row; errors: how many; rejects: rows that have
one; open: those of them that are still outside of the table, aborted loads apart. since and before bound the beginning of the loads; NULL
leaves that side open.';

CREATE FUNCTION ferry.backup_status()
RETURNS TABLE (
  target text, backup_id bigint, taken_at timestamptz, age interval, rows bigint, bytes bigint, codec text,
  verified_level text, verified_at timestamptz, loads_since bigint, rows_loaded_since bigint
)
LANGUAGE sql VOLATILE PARALLEL RESTRICTED COST 10000 ROWS 100 SET search_path = pg_catalog, pg_temp
AS $$
  WITH last AS (
    SELECT DISTINCT ON (b.target) b.* FROM ferry.list_backups() b
    WHERE b.filtered IS NOT TRUE AND b.database = current_database() ORDER BY b.target, b.taken_at DESC, b.backup_id DESC
  ), loaded AS (
    SELECT l.target, l.finished_at, l.rows_loaded FROM ferry.loads l WHERE l.status IN ('loaded', 'partial')
  )
  SELECT t.target, b.backup_id, b.taken_at, clock_timestamp() - b.taken_at, b.rows, b.bytes, b.codec, b.verified_level,
    b.verified_at, coalesce(s.loads, 0), coalesce(s.rows, 0)
  FROM (SELECT last.target FROM last UNION SELECT loaded.target FROM loaded) t
  LEFT JOIN last b ON b.target = t.target
  LEFT JOIN LATERAL (
    SELECT count(*) AS loads, sum(l.rows_loaded)::bigint AS rows FROM loaded l
    WHERE l.target = t.target AND l.finished_at > coalesce(b.taken_at, '-infinity')) s ON true
  ORDER BY t.target COLLATE "C"
$$;
COMMENT ON FUNCTION ferry.backup_status IS
'The last backup of each table that was backed up or loaded, and what would be lost without a newer one

target: the table; backup_id, taken_at, rows, bytes, codec: its last backup, NULL where there is none, those that hold only
what row security showed apart, and those of other databases; age: how old it is;
verified_level, verified_at: how thoroughly and when it was last verified; loads_since, rows_loaded_since: what was loaded
after it.';

CREATE FUNCTION ferry.prometheus_label(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$ SELECT replace(replace(replace(coalesce(value, ''), E'\\', E'\\\\'), '"', E'\\"'), E'\n', E'\\n') $$;
COMMENT ON FUNCTION ferry.prometheus_label IS 'A value between the quotes of a label in Prometheus'' text format';

-- All are gauges: what the log holds can also become less, by ferry.purge_loads.
CREATE FUNCTION ferry.prometheus() RETURNS text
LANGUAGE sql VOLATILE PARALLEL RESTRICTED COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
  WITH loads AS MATERIALIZED (
    SELECT ferry.prometheus_label(l.target) AS target, l.status, count(*) AS loads, sum(l.rows_read) AS rows_read,
      sum(l.rows_loaded) AS rows_loaded, sum(l.rows_rejected) AS rows_rejected, sum(l.rows_repaired) AS rows_repaired,
      sum(l.bytes_read) AS bytes, sum(date_part('epoch', l.elapsed)) AS seconds, max(l.finished_at) AS finished_at
    FROM ferry.loads l WHERE l.status <> 'dry run' GROUP BY l.target, l.status
  ), open AS (
    SELECT ferry.prometheus_label(l.target) AS target, count(*) AS rejects
    FROM ferry.rejects r JOIN ferry.loads l ON l.load_id = r.load_id
    WHERE r.status = 'open' AND l.status IN ('loaded', 'partial') GROUP BY l.target
  ), backups AS MATERIALIZED (
    SELECT ferry.prometheus_label(s.target) AS target, s.backup_id, s.age, s.rows, s.bytes, s.verified_at, s.rows_loaded_since
    FROM ferry.backup_status() s
  ), samples (family, help, labels, value) AS (
    SELECT 'ferry_info', 'Version of pg_ferry.', format('version="%s"', ferry.prometheus_label(e.extversion)), 1::numeric
    FROM pg_extension e WHERE e.extname = 'pg_ferry'
    UNION ALL
    SELECT 'ferry_loads', 'Loads in the log.', format('table="%s",status="%s"', target, status), loads FROM loads
    UNION ALL
    SELECT 'ferry_load_rows', 'Rows of the loads in the log.', format('table="%s",outcome="%s"', target, o.outcome), sum(o.rows)
    FROM loads, LATERAL (VALUES ('read', rows_read), ('loaded', rows_loaded), ('rejected', rows_rejected), ('repaired', rows_repaired)) o (outcome, rows)
    GROUP BY target, o.outcome
    UNION ALL
    SELECT 'ferry_load_bytes', 'Bytes that the loads in the log read.', format('table="%s"', target), sum(bytes) FROM loads GROUP BY target
    UNION ALL
    SELECT 'ferry_load_seconds', 'Time that the loads in the log took.', format('table="%s"', target), round(sum(seconds)::numeric, 6) FROM loads GROUP BY target
    UNION ALL
    SELECT 'ferry_last_load_timestamp_seconds', 'When the last load ended.', format('table="%s"', target),
      round(date_part('epoch', max(finished_at))::numeric, 3) FROM loads GROUP BY target
    UNION ALL
    SELECT 'ferry_rejects_open', 'Refused rows that are still outside of the table.', format('table="%s"', target), rejects FROM open
    UNION ALL
    SELECT 'ferry_reject_errors_last_day', 'Errors of rows refused in the last 24 hours.',
      format('table="%s",class="%s"', ferry.prometheus_label(d.target), d.class), sum(d.errors)
    FROM ferry.rejects_by_day(since => clock_timestamp() - interval '24 hours') d GROUP BY d.target, d.class
    UNION ALL
    SELECT 'ferry_backup_age_seconds', 'Age of the last backup.', format('table="%s"', target), round(date_part('epoch', age)::numeric, 3)
    FROM backups WHERE backup_id IS NOT NULL
    UNION ALL
    SELECT 'ferry_backup_missing', 'Whether a table that was loaded has no backup.', format('table="%s"', target), (backup_id IS NULL)::integer FROM backups
    UNION ALL
    SELECT 'ferry_backup_rows', 'Rows of the last backup.', format('table="%s"', target), rows FROM backups WHERE backup_id IS NOT NULL
    UNION ALL
    SELECT 'ferry_backup_bytes', 'Size of the last backup.', format('table="%s"', target), bytes FROM backups WHERE backup_id IS NOT NULL
    UNION ALL
    SELECT 'ferry_backup_verified_timestamp_seconds', 'When the last backup was last verified, 0 for never.', format('table="%s"', target),
      coalesce(round(date_part('epoch', verified_at)::numeric, 3), 0) FROM backups WHERE backup_id IS NOT NULL
    UNION ALL
    SELECT 'ferry_rows_since_backup', 'Rows loaded after the last backup.', format('table="%s"', target), rows_loaded_since FROM backups
  )
  SELECT string_agg(f.text, '' ORDER BY f.family COLLATE "C")
  FROM (
    SELECT s.family, format(E'# HELP %s %s\n# TYPE %1$s gauge\n', s.family, min(s.help))
      || string_agg(format(E'%s{%s} %s\n', s.family, s.labels, s.value), '' ORDER BY s.labels COLLATE "C") AS text
    FROM samples s GROUP BY s.family
  ) f
$$;
COMMENT ON FUNCTION ferry.prometheus IS
'Loads, rejects and backups in Prometheus'' text format

What the log holds for the caller, and the backups in ferry.directory. All samples are gauges.';

REVOKE ALL ON FUNCTION ferry.loads_by_day, ferry.rejects_by_day, ferry.backup_status, ferry.prometheus_label, ferry.prometheus
FROM PUBLIC;
