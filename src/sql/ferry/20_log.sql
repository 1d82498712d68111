-- The reject log. Rows are written by the library with the rights of the extension's owner; who did a load sees its
-- entries, and so do members of pg_read_all_data. The order of the columns is the library's too: src/load/reject_log.cpp.

CREATE TABLE ferry.loads (
  load_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  target text NOT NULL,
  source_kind text NOT NULL,
  source_name text,
  source_sha256 text,
  options jsonb NOT NULL,
  loaded_by text NOT NULL,
  started_at timestamptz NOT NULL,
  finished_at timestamptz NOT NULL,
  status text NOT NULL CHECK (status IN ('loaded', 'partial', 'aborted', 'dry run')),
  rows_read bigint NOT NULL,
  rows_loaded bigint NOT NULL,
  rows_rejected bigint NOT NULL,
  rows_repaired bigint NOT NULL,
  bytes_read bigint NOT NULL,
  elapsed interval NOT NULL,
  role_id oid NOT NULL
);
COMMENT ON TABLE ferry.loads IS 'One row per load: who brought what into which table, and how it went';
COMMENT ON COLUMN ferry.loads.load_id IS 'Number of the load';
COMMENT ON COLUMN ferry.loads.target IS 'Qualified name of the table at the time of the load';
COMMENT ON COLUMN ferry.loads.source_kind IS 'Where the rows came from: csv file, csv value, large object, json or avro';
COMMENT ON COLUMN ferry.loads.source_name IS 'Name of the file as the caller gave it; null for values';
COMMENT ON COLUMN ferry.loads.source_sha256 IS 'SHA-256 of the whole input in hexadecimal; null where it was not read to its end';
COMMENT ON COLUMN ferry.loads.options IS 'Options of the load, with their defaults filled in';
COMMENT ON COLUMN ferry.loads.loaded_by IS 'Role that ran the load';
COMMENT ON COLUMN ferry.loads.role_id IS 'OID of that role: a later role of the same name is another one';
COMMENT ON COLUMN ferry.loads.started_at IS 'When the load began';
COMMENT ON COLUMN ferry.loads.finished_at IS 'When its last row was settled';
COMMENT ON COLUMN ferry.loads.status IS 'loaded: all rows are in; partial: the good rows are in; aborted: no row is in; dry run: nothing was to be kept';
COMMENT ON COLUMN ferry.loads.rows_read IS 'Rows in the input that were looked at';
COMMENT ON COLUMN ferry.loads.rows_loaded IS 'Rows that went into the table; for a dry run, that would have';
COMMENT ON COLUMN ferry.loads.rows_rejected IS 'Rows that were refused';
COMMENT ON COLUMN ferry.loads.rows_repaired IS 'Rows that went in after a repair';
COMMENT ON COLUMN ferry.loads.bytes_read IS 'Bytes of the input that were read';
COMMENT ON COLUMN ferry.loads.elapsed IS 'Time from the first byte to the last row';

CREATE TABLE ferry.rejects (
  reject_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  load_id bigint NOT NULL REFERENCES ferry.loads ON DELETE CASCADE,
  record_number bigint NOT NULL,
  line_number bigint,
  byte_offset bigint NOT NULL,
  raw bytea,
  status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'fixed', 'dismissed', 'reloaded'))
);
CREATE INDEX rejects_load_id_idx ON ferry.rejects (load_id);
COMMENT ON TABLE ferry.rejects IS 'One row per refused row of a load, whole and as it came';
COMMENT ON COLUMN ferry.rejects.reject_id IS 'Number of the reject';
COMMENT ON COLUMN ferry.rejects.load_id IS 'The load it belongs to';
COMMENT ON COLUMN ferry.rejects.record_number IS 'Position among the rows of the input, from 1';
COMMENT ON COLUMN ferry.rejects.line_number IS 'Physical line of the file at which the row begins, from 1; null for inputs without lines';
COMMENT ON COLUMN ferry.rejects.byte_offset IS 'Bytes of the input before the row';
COMMENT ON COLUMN ferry.rejects.raw IS 'The row as it came, byte for byte; null when ferry.log_raw_rows was off';
COMMENT ON COLUMN ferry.rejects.status IS 'open, fixed, dismissed or reloaded';

CREATE TABLE ferry.reject_errors (
  reject_id bigint NOT NULL REFERENCES ferry.rejects ON DELETE CASCADE,
  ordinal integer NOT NULL,
  column_number integer,
  column_name text,
  column_type text,
  value text,
  class text NOT NULL CHECK (class IN ('structure', 'encoding', 'type', 'not_null', 'check', 'unique', 'foreign_key',
                                       'exclusion', 'domain', 'trigger', 'privilege')),
  sqlstate text NOT NULL,
  constraint_name text,
  message text NOT NULL,
  hint text,
  PRIMARY KEY (reject_id, ordinal)
);
COMMENT ON TABLE ferry.reject_errors IS 'Every error of every refused row';
COMMENT ON COLUMN ferry.reject_errors.reject_id IS 'The reject it belongs to';
COMMENT ON COLUMN ferry.reject_errors.ordinal IS 'Position among the errors of the row, from 1';
COMMENT ON COLUMN ferry.reject_errors.column_number IS 'Position of the field in the row, from 1; null for errors of the whole row';
COMMENT ON COLUMN ferry.reject_errors.column_name IS 'Column, or the columns of the violated key';
COMMENT ON COLUMN ferry.reject_errors.column_type IS 'Type of the column';
COMMENT ON COLUMN ferry.reject_errors.value IS 'The value as it came; null when there was none';
COMMENT ON COLUMN ferry.reject_errors.class IS 'Kind of error, the same for CSV, JSON and Avro';
COMMENT ON COLUMN ferry.reject_errors.sqlstate IS 'SQLSTATE of the error';
COMMENT ON COLUMN ferry.reject_errors.constraint_name IS 'Violated constraint or unique index';
COMMENT ON COLUMN ferry.reject_errors.message IS 'What is wrong';
COMMENT ON COLUMN ferry.reject_errors.hint IS 'What may help';

ALTER TABLE ferry.loads ENABLE ROW LEVEL SECURITY;
ALTER TABLE ferry.rejects ENABLE ROW LEVEL SECURITY;
ALTER TABLE ferry.reject_errors ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_loads ON ferry.loads FOR SELECT
  USING (role_id = (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = CURRENT_USER) OR pg_catalog.pg_has_role(CURRENT_USER, 'pg_read_all_data', 'USAGE'));
CREATE POLICY own_rejects ON ferry.rejects FOR SELECT
  USING (load_id IN (SELECT l.load_id FROM ferry.loads l));
CREATE POLICY own_reject_errors ON ferry.reject_errors FOR SELECT
  USING (reject_id IN (SELECT r.reject_id FROM ferry.rejects r));
GRANT SELECT ON ferry.loads, ferry.rejects, ferry.reject_errors TO PUBLIC;

SELECT pg_catalog.pg_extension_config_dump('ferry.loads', '');
SELECT pg_catalog.pg_extension_config_dump('ferry.rejects', '');
SELECT pg_catalog.pg_extension_config_dump('ferry.reject_errors', '');
SELECT pg_catalog.pg_extension_config_dump('ferry.loads_load_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('ferry.rejects_reject_id_seq', '');
