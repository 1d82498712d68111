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
  role_id oid NOT NULL,
  rows_skipped bigint NOT NULL,
  rows_updated bigint NOT NULL,
  replay_of bigint REFERENCES ferry.loads ON DELETE SET NULL
);
CREATE INDEX loads_replay_of_idx ON ferry.loads (replay_of) WHERE replay_of IS NOT NULL;
COMMENT ON TABLE ferry.loads IS 'One row per load: who brought what into which table, and how it went';
COMMENT ON COLUMN ferry.loads.load_id IS 'Number of the load';
COMMENT ON COLUMN ferry.loads.target IS 'Qualified name of the table at the time of the load';
COMMENT ON COLUMN ferry.loads.source_kind IS 'Where the rows came from: csv file, csv value, large object, json, avro or replay';
COMMENT ON COLUMN ferry.loads.source_name IS 'Name of the file as the caller gave it; null for values';
COMMENT ON COLUMN ferry.loads.source_sha256 IS 'SHA-256 of the whole input in hexadecimal; null where it was not read to its end';
COMMENT ON COLUMN ferry.loads.options IS 'Options of the load, with their defaults filled in';
COMMENT ON COLUMN ferry.loads.loaded_by IS 'Role that ran the load';
COMMENT ON COLUMN ferry.loads.role_id IS 'OID of that role: a later role of the same name is another one';
COMMENT ON COLUMN ferry.loads.replay_of IS 'The load whose rejects this one brought in again; null for loads of an input';
COMMENT ON COLUMN ferry.loads.started_at IS 'When the load began';
COMMENT ON COLUMN ferry.loads.finished_at IS 'When its last row was settled';
COMMENT ON COLUMN ferry.loads.status IS 'loaded: no row was refused; partial: the good rows are in; aborted: no row is in; dry run: nothing was to be kept';
COMMENT ON COLUMN ferry.loads.rows_read IS 'Rows in the input that were looked at';
COMMENT ON COLUMN ferry.loads.rows_loaded IS 'Rows that went into the table; for a dry run, that would have';
COMMENT ON COLUMN ferry.loads.rows_rejected IS 'Rows that were refused';
COMMENT ON COLUMN ferry.loads.rows_repaired IS 'Rows that went in after a repair';
COMMENT ON COLUMN ferry.loads.rows_skipped IS 'Rows that on_conflict => ''skip'' left out, because their key was taken';
COMMENT ON COLUMN ferry.loads.rows_updated IS 'Rows among those loaded that overwrote a row of the same key';
COMMENT ON COLUMN ferry.loads.bytes_read IS 'Bytes of the input that were read';
COMMENT ON COLUMN ferry.loads.elapsed IS 'Time from the first byte to the last row';

-- What errors of one cause have in common. Errors are many and alike: each is kept as its kind and its value.
CREATE TABLE ferry.reject_kinds (
  kind_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  load_id bigint NOT NULL REFERENCES ferry.loads ON DELETE CASCADE,
  column_number integer,
  column_name text,
  column_type text,
  class text NOT NULL CHECK (class IN ('structure', 'encoding', 'type', 'not_null', 'check', 'unique', 'foreign_key',
                                       'exclusion', 'domain', 'trigger', 'privilege')),
  sqlstate text NOT NULL,
  constraint_name text,
  message_head text NOT NULL,
  message_tail text,
  hint text
);
CREATE INDEX reject_kinds_load_id_idx ON ferry.reject_kinds (load_id);
COMMENT ON TABLE ferry.reject_kinds IS 'What errors of one cause have in common; see ferry.reject_errors';
COMMENT ON COLUMN ferry.reject_kinds.kind_id IS 'Number of the kind';
COMMENT ON COLUMN ferry.reject_kinds.load_id IS 'The load whose rejects have it';
COMMENT ON COLUMN ferry.reject_kinds.column_number IS 'As in ferry.reject_errors';
COMMENT ON COLUMN ferry.reject_kinds.column_name IS 'As in ferry.reject_errors';
COMMENT ON COLUMN ferry.reject_kinds.column_type IS 'As in ferry.reject_errors';
COMMENT ON COLUMN ferry.reject_kinds.class IS 'As in ferry.reject_errors';
COMMENT ON COLUMN ferry.reject_kinds.sqlstate IS 'As in ferry.reject_errors';
COMMENT ON COLUMN ferry.reject_kinds.constraint_name IS 'As in ferry.reject_errors';
COMMENT ON COLUMN ferry.reject_kinds.message_head IS 'The message up to the value that it quotes, or all of it';
COMMENT ON COLUMN ferry.reject_kinds.message_tail IS 'The message behind that value; null when it quotes none';
COMMENT ON COLUMN ferry.reject_kinds.hint IS 'As in ferry.reject_errors';

-- Numbers are taken a hundred at a time: bad rows may be many.
CREATE TABLE ferry.rejects (
  reject_id bigint GENERATED ALWAYS AS IDENTITY (CACHE 100) PRIMARY KEY,
  load_id bigint NOT NULL REFERENCES ferry.loads ON DELETE CASCADE,
  record_number bigint NOT NULL,
  line_number bigint,
  byte_offset bigint NOT NULL,
  raw bytea,
  status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'fixed', 'dismissed', 'reloaded')),
  error_kinds bigint[] NOT NULL,
  error_values text[] NOT NULL,
  error_positions integer[] NOT NULL,
  settled_by bigint REFERENCES ferry.loads ON DELETE SET NULL,
  note text
);
CREATE INDEX rejects_load_id_idx ON ferry.rejects (load_id);
CREATE INDEX rejects_settled_by_idx ON ferry.rejects (settled_by) WHERE settled_by IS NOT NULL;
COMMENT ON TABLE ferry.rejects IS 'One row per refused row of a load, whole and as it came';
COMMENT ON COLUMN ferry.rejects.reject_id IS 'Number of the reject';
COMMENT ON COLUMN ferry.rejects.load_id IS 'The load it belongs to';
COMMENT ON COLUMN ferry.rejects.record_number IS 'Position among the rows of the input, from 1';
COMMENT ON COLUMN ferry.rejects.line_number IS 'Physical line of the file at which the row begins, from 1; null for inputs without lines';
COMMENT ON COLUMN ferry.rejects.byte_offset IS 'Bytes of the input before the row';
COMMENT ON COLUMN ferry.rejects.raw IS 'The row as it came, byte for byte; null when ferry.log_raw_rows was off';
COMMENT ON COLUMN ferry.rejects.status IS 'open: not in the table; fixed: in, corrected or repaired; reloaded: in, by a replay; dismissed: given up';
COMMENT ON COLUMN ferry.rejects.error_kinds IS 'Kinds of its errors, for ferry.reject_errors';
COMMENT ON COLUMN ferry.rejects.error_values IS 'Values of its errors, for ferry.reject_errors';
COMMENT ON COLUMN ferry.rejects.error_positions IS 'Byte positions of its errors, for ferry.reject_errors; -1 where not known';
COMMENT ON COLUMN ferry.rejects.settled_by IS 'The load that brought the row in after all';
COMMENT ON COLUMN ferry.rejects.note IS 'Why it was dismissed';

CREATE TABLE ferry.answers (
  role_id oid NOT NULL,
  idempotency_key text NOT NULL,
  request_sha256 text NOT NULL,
  answer json,
  answered_at timestamptz NOT NULL,
  PRIMARY KEY (role_id, idempotency_key)
);
CREATE INDEX answers_answered_at_idx ON ferry.answers (answered_at);
-- Without a policy: privileges alone would not hold members of pg_read_all_data and pg_write_all_data.
ALTER TABLE ferry.answers ENABLE ROW LEVEL SECURITY;
COMMENT ON TABLE ferry.answers IS 'Answers to requests with an idempotency key; the library alone reads and writes it';
COMMENT ON COLUMN ferry.answers.role_id IS 'OID of the role whose key it is';
COMMENT ON COLUMN ferry.answers.idempotency_key IS 'The key as the caller gave it';
COMMENT ON COLUMN ferry.answers.request_sha256 IS 'SHA-256 of the request: function, table, options and rows';
COMMENT ON COLUMN ferry.answers.answer IS 'The answer as it was given';
COMMENT ON COLUMN ferry.answers.answered_at IS 'When the request came; after ferry.idempotency_lifetime the key is free again';

ALTER TABLE ferry.loads ENABLE ROW LEVEL SECURITY;
ALTER TABLE ferry.rejects ENABLE ROW LEVEL SECURITY;
ALTER TABLE ferry.reject_kinds ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_loads ON ferry.loads FOR SELECT
  USING (role_id = (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = CURRENT_USER) OR pg_catalog.pg_has_role(CURRENT_USER, 'pg_read_all_data', 'USAGE'));
CREATE POLICY own_rejects ON ferry.rejects FOR SELECT
  USING (load_id IN (SELECT l.load_id FROM ferry.loads l));
CREATE POLICY own_reject_kinds ON ferry.reject_kinds FOR SELECT
  USING (load_id IN (SELECT l.load_id FROM ferry.loads l));

-- Up to 14 a view reads its tables with the rights of its owner, whom no policy holds: it says itself what the policies
-- say, behind a barrier. From 15 on it reads them as the caller, and the policies hold; without the barrier a join by
-- reject_id looks at the rows it needs and no others.
CREATE VIEW ferry.reject_errors WITH (security_barrier) AS
SELECT r.reject_id, e.ordinal::integer AS ordinal, k.column_number, k.column_name, k.column_type, r.error_values[e.ordinal::integer] AS value,
       k.class, k.sqlstate, k.constraint_name,
       CASE WHEN k.message_tail IS NULL THEN k.message_head
            ELSE pg_catalog.concat(k.message_head, r.error_values[e.ordinal::integer], k.message_tail) END AS message,
       k.hint, CASE WHEN r.error_positions[e.ordinal::integer] OPERATOR(pg_catalog.>=) 0 THEN r.error_positions[e.ordinal::integer] END AS byte_position
FROM ferry.rejects r
CROSS JOIN LATERAL pg_catalog.unnest(r.error_kinds) WITH ORDINALITY e (kind_id, ordinal)
JOIN ferry.reject_kinds k ON k.kind_id OPERATOR(pg_catalog.=) e.kind_id
WHERE pg_catalog.pg_has_role(CURRENT_USER, 'pg_read_all_data', 'USAGE')
   OR r.load_id IN (SELECT l.load_id FROM ferry.loads l WHERE l.role_id OPERATOR(pg_catalog.=)
                    (SELECT o.oid FROM pg_catalog.pg_roles o WHERE o.rolname OPERATOR(pg_catalog.=) CURRENT_USER));
DO $$
BEGIN
  IF pg_catalog.current_setting('server_version_num')::integer >= 150000 THEN
    ALTER VIEW ferry.reject_errors SET (security_invoker = true, security_barrier = false);
  END IF;
END $$;
COMMENT ON VIEW ferry.reject_errors IS 'Every error of every refused row';
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
COMMENT ON COLUMN ferry.reject_errors.byte_position IS 'Bytes of the row before the field, or before the place where its structure breaks; null where not known';
GRANT SELECT ON ferry.loads, ferry.rejects, ferry.reject_kinds, ferry.reject_errors TO PUBLIC;

SELECT pg_catalog.pg_extension_config_dump('ferry.loads', '');
SELECT pg_catalog.pg_extension_config_dump('ferry.reject_kinds', '');
SELECT pg_catalog.pg_extension_config_dump('ferry.rejects', '');
SELECT pg_catalog.pg_extension_config_dump('ferry.loads_load_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('ferry.reject_kinds_kind_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('ferry.rejects_reject_id_seq', '');
