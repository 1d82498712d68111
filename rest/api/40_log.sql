-- The log: what was loaded and what was refused. Row security on the log shows a writer the loads of writers.

CREATE VIEW api.loads WITH (security_invoker) AS
  SELECT load_id, target, source_kind, source_name, source_sha256, options, loaded_by, started_at, finished_at,
         status, rows_read, rows_loaded, rows_rejected, rows_repaired, bytes_read, elapsed
    FROM ferry.loads;
COMMENT ON VIEW api.loads IS 'Loads

One row per load: who, when, into which table, from where, and how many rows. Writers see the loads of writers, operators see all.';

CREATE VIEW api.rejects WITH (security_invoker) AS
  SELECT r.reject_id, r.load_id, l.target, r.record_number, r.line_number, r.byte_offset, r.status,
         e.ordinal, e.column_name, e.column_type, e.value, e.class, e.sqlstate, e.constraint_name, e.message, e.hint,
         rest.text_of(r.raw) AS raw
    FROM ferry.rejects r
    JOIN ferry.loads l USING (load_id)
    LEFT JOIN ferry.reject_errors e USING (reject_id);
COMMENT ON VIEW api.rejects IS 'Rejected rows

One row per error of a rejected row, with the row as it came.';

-- Who may.
GRANT SELECT ON api.loads, api.rejects TO app_writer;
GRANT SELECT ON ferry.loads, ferry.rejects, ferry.reject_errors TO app_writer;
