-- Backups by their numbers, and refusals without them.
CREATE FUNCTION pg_temp.backup(target regclass) RETURNS bigint LANGUAGE sql AS $$ SELECT backup_id FROM ferry.backup_table_avro(target) $$;
CREATE FUNCTION pg_temp.refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text;
  hint text;
BEGIN
  EXECUTE statement;
  RETURN 'not refused';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN regexp_replace(concat_ws(E'\n', SQLSTATE || ': ' || SQLERRM, 'DETAIL: ' || NULLIF(detail, ''), 'HINT: ' || NULLIF(hint, '')), '\d{10,}', 'N');
END
$$;
