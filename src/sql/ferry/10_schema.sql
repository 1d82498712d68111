\echo Use "CREATE EXTENSION pg_ferry" to load this file. \quit

-- The schema, made plainly so that nobody can have made it before; everything below is written qualified.
CREATE SCHEMA ferry;
COMMENT ON SCHEMA ferry IS 'pg_ferry: data into tables and out of them, every row checked, none lost';
GRANT USAGE ON SCHEMA ferry TO PUBLIC;

CREATE TYPE ferry.load_report AS (
  load_id bigint,
  status text,
  rows_read bigint,
  rows_loaded bigint,
  rows_rejected bigint,
  rows_repaired bigint,
  bytes_read bigint,
  elapsed interval,
  rows_skipped bigint,
  rows_updated bigint
);
COMMENT ON TYPE ferry.load_report IS 'What a load did: one row per call of a load function';

CREATE TYPE ferry.backup AS (
  backup_id bigint,
  target text,
  path text,
  codec text,
  parts integer,
  rows bigint,
  bytes bigint,
  sha256 text,
  content_hash text,
  taken_at timestamptz,
  taken_by text,
  snapshot text,
  verified_level text,
  verified_at timestamptz,
  filtered boolean,
  database text
);
COMMENT ON TYPE ferry.backup IS 'One backup, as its manifest tells it';

CREATE TYPE ferry.backup_check AS (
  level text,
  ok boolean,
  part text,
  block bigint,
  byte_offset bigint,
  record_number bigint,
  column_name text,
  problem text
);
COMMENT ON TYPE ferry.backup_check IS 'What a level of verify_backup found: that it passed, a remark, or a problem and its place';
