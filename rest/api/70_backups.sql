-- Backups: Avro files on the server.

-- Where the folder of backups lies is the server's own business: only the name of the file goes out.
CREATE FUNCTION rest.file_name(path text) RETURNS text LANGUAGE sql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp AS $$ SELECT regexp_replace(path, '^.*/', '') $$;
COMMENT ON FUNCTION rest.file_name IS 'The last part of a path.';

CREATE FUNCTION api.backups()
RETURNS TABLE (backup_id bigint, target text, file text, codec text, parts integer, rows bigint, bytes bigint,
               sha256 text, content_hash text, taken_at timestamptz, taken_by text, snapshot text,
               verified_level text, verified_at timestamptz) LANGUAGE sql STABLE
AS $$
  SELECT b.backup_id, b.target, rest.file_name(b.path), b.codec, b.parts, b.rows, b.bytes, b.sha256, b.content_hash,
         b.taken_at, b.taken_by, b.snapshot, b.verified_level, b.verified_at
    FROM ferry.list_backups() b
$$;
COMMENT ON FUNCTION api.backups IS 'Backups

One row per backup file on the server.';

CREATE FUNCTION api.backup_table(table_name text, codec text DEFAULT 'deflate') RETURNS json LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target CONSTANT regclass := rest.table_named(table_name);
  result json;
  error_detail text;
  error_hint text;
BEGIN
  BEGIN
    SELECT json_build_object(
             'backup_id', b.backup_id, 'target', b.target, 'file', rest.file_name(b.path), 'codec', b.codec,
             'parts', b.parts, 'rows', b.rows, 'bytes', b.bytes, 'sha256', b.sha256, 'content_hash', b.content_hash,
             'taken_at', b.taken_at, 'taken_by', b.taken_by, 'snapshot', b.snapshot,
             'verified_level', b.verified_level, 'verified_at', b.verified_at)
      INTO STRICT result
      FROM ferry.backup_table_avro(target, coalesce(backup_table.codec, 'deflate')) b;
  EXCEPTION WHEN query_canceled OR OTHERS THEN
    GET STACKED DIAGNOSTICS error_detail = PG_EXCEPTION_DETAIL, error_hint = PG_EXCEPTION_HINT;
    PERFORM rest.refuse(SQLSTATE, SQLERRM, error_detail, error_hint);
  END;
  PERFORM rest.answer(201);
  RETURN result;
END
$$;
COMMENT ON FUNCTION api.backup_table IS 'Back a table up

Writes the table, as one snapshot sees it, into an Avro file on the server and answers with its entry in the list of backups.';

CREATE FUNCTION api.restore_table(table_name text, backup bigint, mode text DEFAULT 'replace',
                                  dry_run boolean DEFAULT false) RETURNS json LANGUAGE plpgsql VOLATILE
SET search_path = public, pg_temp AS $$
DECLARE
  target CONSTANT regclass := rest.table_named(table_name);
  report ferry.load_report;
  result json;
  error_detail text;
  error_hint text;
BEGIN
  IF backup IS NULL THEN
    PERFORM rest.fail(400, '22004', 'no backup is named', NULL, 'Take a backup_id from the list of backups.');
  END IF;
  BEGIN
    report := ferry.restore_table_avro(target, restore_table.backup, coalesce(restore_table.mode, 'replace'),
                                       coalesce(restore_table.dry_run, false));
  EXCEPTION WHEN query_canceled OR OTHERS THEN
    GET STACKED DIAGNOSTICS error_detail = PG_EXCEPTION_DETAIL, error_hint = PG_EXCEPTION_HINT;
    PERFORM rest.refuse(SQLSTATE, SQLERRM, error_detail, error_hint);
  END;
  result := rest.load_answer(target, report, coalesce(restore_table.mode, 'replace'), coalesce(restore_table.dry_run, false));
  PERFORM rest.answer(CASE
    WHEN dry_run OR report.rows_rejected = 0 THEN 200
    WHEN report.rows_loaded > 0 THEN 207
    ELSE 422
  END);
  RETURN result;
END
$$;
COMMENT ON FUNCTION api.restore_table IS 'Restore a table from a backup

Mode replace (the default) puts the rows of the backup in place of those in the table. With dry_run nothing changes.';

-- Who may.
GRANT EXECUTE ON FUNCTION api.backups, api.backup_table, api.restore_table TO app_operator;
GRANT EXECUTE ON FUNCTION ferry.backup_table_avro, ferry.list_backups,
  ferry.restore_table_avro(regclass, bigint, text, boolean, text, bigint, jsonb, text) TO app_operator;

-- For the OpenAPI document: what the catalogs do not know.
INSERT INTO rest.routes (route, tag, answer, statuses) VALUES
  ('backups', 'backups', NULL, '{200,401,403}'),
  ('backup_table', 'backups', 'Backup', '{201,400,401,403,404,409,503,504}'),
  ('restore_table', 'backups', 'LoadAnswer', '{200,207,400,401,403,404,409,422,503,504}');

-- An entry of the list, as backup_table answers with.
INSERT INTO rest.schemas (name, schema)
SELECT 'Backup', jsonb_build_object('type', 'object', 'properties', jsonb_object_agg(c.name, rest.type_schema(c.type)))
  FROM pg_proc p CROSS JOIN LATERAL unnest(p.proargnames, p.proallargtypes, p.proargmodes) AS c(name, type, mode)
 WHERE p.oid = 'api.backups'::regproc AND c.mode = 't';
