-- Life with rejects. All functions run with the caller's rights; NULL for an option means its default.

CREATE FUNCTION ferry.replay(
  load bigint,
  date_format text DEFAULT NULL,
  null_string text DEFAULT NULL,
  also_null text[] DEFAULT NULL,
  decimal_mark text DEFAULT NULL,
  delimiter text DEFAULT NULL,
  quote text DEFAULT NULL,
  escape text DEFAULT NULL,
  encoding text DEFAULT NULL,
  repair text DEFAULT NULL,
  on_error text DEFAULT 'reject',
  on_conflict text DEFAULT NULL,
  dry_run boolean DEFAULT false
) RETURNS ferry.load_report
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10000
AS 'MODULE_PATHNAME', 'ferry_replay';
COMMENT ON FUNCTION ferry.replay IS
'Loads the open rejects of a load again, after the cause was mended

Rows that go in leave their rejects with status reloaded; the others stay open, with the errors that they have now. What
is not given stays as the load had it.';

CREATE FUNCTION ferry.fix_reject(
  reject bigint,
  "row" json
) RETURNS json
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10000
AS 'MODULE_PATHNAME', 'ferry_fix_reject';
COMMENT ON FUNCTION ferry.fix_reject IS
'Inserts a corrected row in place of an open reject

The row is an object whose keys are names of columns. If it goes in, the reject is fixed; if not, the answer tells every
error and the reject stays open.';

CREATE FUNCTION ferry.dismiss_reject(
  reject bigint,
  reason text DEFAULT NULL
) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000
AS 'MODULE_PATHNAME', 'ferry_dismiss_reject';
COMMENT ON FUNCTION ferry.dismiss_reject IS
'Gives an open reject up

The row stays in the log, with the reason.';

CREATE FUNCTION ferry.reject_summary(
  load bigint,
  OUT class text,
  OUT sqlstate text,
  OUT column_name text,
  OUT constraint_name text,
  OUT pattern text,
  OUT rows bigint,
  OUT message text,
  OUT example text,
  OUT example_reject bigint,
  OUT proposal text
) RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10000 ROWS 20
AS 'MODULE_PATHNAME', 'ferry_reject_summary';
COMMENT ON FUNCTION ferry.reject_summary IS
'Groups the open rejects of a load by what is wrong with them and proposes what would mend it

The most frequent first. A pattern has 9 for digits and a for letters.';

CREATE FUNCTION ferry.reject_fields(
  reject bigint,
  OUT "position" integer,
  OUT column_name text,
  OUT column_type text,
  OUT value text,
  OUT errors json
) RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10000 ROWS 10
AS 'MODULE_PATHNAME', 'ferry_reject_fields';
COMMENT ON FUNCTION ferry.reject_fields IS
'The fields of a refused row, one row each, with what is wrong there

For a form whose values go to ferry.fix_reject. Where the row does not come apart, or was not kept, no field has a value.';

CREATE FUNCTION ferry.export_rejects(
  load bigint,
  status text DEFAULT 'open'
) RETURNS bytea
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10000
AS 'MODULE_PATHNAME', 'ferry_export_rejects';
COMMENT ON FUNCTION ferry.export_rejects IS
'The refused rows of a load as they came, in the dialect of its input, with a header

What it gives can be edited and loaded with migrate_csv_data and the options of the load.';

CREATE FUNCTION ferry.purge_loads(
  older_than interval
) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10000
AS 'MODULE_PATHNAME', 'ferry_purge_loads';
COMMENT ON FUNCTION ferry.purge_loads IS
'Deletes old loads and their rejects from the log, and tells how many loads

One''s own loads; a superuser those of everyone.';

REVOKE ALL ON FUNCTION ferry.replay, ferry.fix_reject, ferry.dismiss_reject, ferry.reject_summary, ferry.reject_fields, ferry.export_rejects,
  ferry.purge_loads FROM PUBLIC;
