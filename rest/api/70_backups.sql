-- Backups: Avro files on the server. They are named by number only; the folder that holds them is the server's own
-- business, and so are the backups of other databases in it.

-- ---------------------------------------------------------------------------------------------------------------
-- What the routes share
-- ---------------------------------------------------------------------------------------------------------------

CREATE FUNCTION rest.chunk_size() RETURNS integer LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$ SELECT 67108864 $$;
COMMENT ON FUNCTION rest.chunk_size IS 'Bytes of one download at most. Whatever is answered is held in memory on its way, more than once.';

CREATE FUNCTION rest.chunk_count(bytes bigint) RETURNS integer LANGUAGE sql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp AS $$ SELECT greatest(1, ((bytes - 1) / rest.chunk_size() + 1)::integer) $$;
COMMENT ON FUNCTION rest.chunk_count IS 'Downloads that a file of so many bytes takes.';

-- The name of a backup is any that a file may have. What is no letter, digit, dot, hyphen or underscore is replaced in
-- the plain form and encoded in the other one (RFC 6266), so nothing of it can end the header.
CREATE FUNCTION rest.attachment(file text) RETURNS text LANGUAGE sql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp AS $$
  SELECT format('attachment; filename="%s"', regexp_replace(file, '[^A-Za-z0-9._-]', '_', 'g'))
      || CASE WHEN file ~ '[^A-Za-z0-9._-]' THEN '; filename*=UTF-8''''' || (
           SELECT string_agg(CASE WHEN c ~ '[A-Za-z0-9._-]' THEN c
                                  ELSE regexp_replace(upper(encode(convert_to(c, 'UTF8'), 'hex')), '(..)', '%\1', 'g') END, '' ORDER BY n)
             FROM regexp_split_to_table(file, '') WITH ORDINALITY AS s(c, n)) ELSE '' END
$$;
COMMENT ON FUNCTION rest.attachment IS 'The Content-Disposition of a file to be saved under this name.';

CREATE FUNCTION api.backups()
RETURNS TABLE (backup_id bigint, target text, file text, codec text, parts integer, rows bigint, bytes bigint,
               sha256 text, content_hash text, taken_at timestamptz, taken_by text, snapshot text,
               verified_level text, verified_at timestamptz, filtered boolean, chunks integer, files json) LANGUAGE sql STABLE
AS $$
  SELECT b.backup_id, b.target, b.path, b.codec, b.parts, b.rows, b.bytes, b.sha256, b.content_hash,
         b.taken_at, b.taken_by, b.snapshot, b.verified_level, b.verified_at, b.filtered, f.chunks, f.files
    FROM ferry.list_backups() b
    JOIN (SELECT p.backup_id, sum(rest.chunk_count(p.bytes))::integer AS chunks,
                 json_agg(json_build_object('part', p.part, 'file', p.file, 'rows', p.rows, 'bytes', p.bytes,
                                            'sha256', p.sha256, 'chunks', rest.chunk_count(p.bytes)) ORDER BY p.part) AS files
            FROM ferry.backup_parts() p GROUP BY p.backup_id) f USING (backup_id)
   WHERE b.database = current_database()
   ORDER BY b.backup_id
$$;
COMMENT ON FUNCTION api.backups IS 'Backups

One row per backup of this database, oldest first. files has its files in the order of reading; chunks is how many downloads they take together, one for each 64 MB of a file.';

CREATE FUNCTION rest.backup_entry(backup_id bigint) RETURNS json LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  entry json;
  error_detail text;
  error_hint text;
BEGIN
  IF backup_id IS NULL THEN
    PERFORM rest.fail(400, '22004', 'no backup is named', NULL, 'Take a backup_id from the list of backups.');
  END IF;
  BEGIN
    SELECT to_json(b) INTO entry FROM api.backups() b WHERE b.backup_id = backup_entry.backup_id;
  EXCEPTION WHEN query_canceled OR OTHERS THEN
    GET STACKED DIAGNOSTICS error_detail = PG_EXCEPTION_DETAIL, error_hint = PG_EXCEPTION_HINT;
    PERFORM rest.refuse(SQLSTATE, SQLERRM, error_detail, error_hint);
  END;
  IF entry IS NULL THEN
    PERFORM rest.fail(404, '42704', format('backup %s does not exist', backup_id), NULL,
                      'Take a backup_id from the list of backups.');
  END IF;
  RETURN entry;
END
$$;
COMMENT ON FUNCTION rest.backup_entry IS 'What the list says of a backup; else 404, also for those of other databases.';

-- ---------------------------------------------------------------------------------------------------------------
-- Making and ending them
-- ---------------------------------------------------------------------------------------------------------------

CREATE FUNCTION api.backup_table(table_name text, codec text DEFAULT 'deflate') RETURNS json LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target CONSTANT regclass := rest.table_named(table_name);
  made bigint;
  result json;
  error_detail text;
  error_hint text;
BEGIN
  BEGIN
    made := (ferry.backup_table_avro(target, coalesce(backup_table.codec, 'deflate'))).backup_id;
  EXCEPTION WHEN query_canceled OR OTHERS THEN
    GET STACKED DIAGNOSTICS error_detail = PG_EXCEPTION_DETAIL, error_hint = PG_EXCEPTION_HINT;
    PERFORM rest.refuse(SQLSTATE, SQLERRM, error_detail, error_hint);
  END;
  result := rest.backup_entry(made);
  PERFORM rest.answer(201);
  RETURN result;
END
$$;
COMMENT ON FUNCTION api.backup_table IS 'Back a table up

Writes the table, as one snapshot sees it, into an Avro file on the server and answers with its entry in the list of backups.';

CREATE FUNCTION api.backup_tables(table_names text[], codec text DEFAULT 'deflate') RETURNS json LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  targets CONSTANT regclass[] := (SELECT array_agg(rest.table_named(n) ORDER BY position)
                                    FROM unnest(table_names) WITH ORDINALITY AS t(n, position));
  made bigint[];
  result json;
  error_detail text;
  error_hint text;
BEGIN
  IF targets IS NULL THEN
    PERFORM rest.fail(400, '22004', 'no table is named', NULL, 'Name the tables in table_names, an array.');
  END IF;
  BEGIN
    SELECT array_agg(b.backup_id) INTO made
      FROM ferry.backup_tables_avro(targets, coalesce(backup_tables.codec, 'deflate')) b;
  EXCEPTION WHEN query_canceled OR OTHERS THEN
    GET STACKED DIAGNOSTICS error_detail = PG_EXCEPTION_DETAIL, error_hint = PG_EXCEPTION_HINT;
    PERFORM rest.refuse(SQLSTATE, SQLERRM, error_detail, error_hint);
  END;
  SELECT json_agg(rest.backup_entry(id) ORDER BY position) INTO result FROM unnest(made) WITH ORDINALITY AS m(id, position);
  PERFORM rest.answer(201);
  RETURN result;
END
$$;
COMMENT ON FUNCTION api.backup_tables IS 'Back several tables up as of one moment

All of them or none, each into a backup of its own. Answers with their entries in the list of backups, in the order of the names.';

CREATE FUNCTION api.drop_backup(backup_id bigint) RETURNS json LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  entry CONSTANT json := rest.backup_entry(backup_id);
  error_detail text;
  error_hint text;
BEGIN
  PERFORM ferry.drop_backup(backup_id);
  RETURN entry;
EXCEPTION WHEN query_canceled OR OTHERS THEN
  GET STACKED DIAGNOSTICS error_detail = PG_EXCEPTION_DETAIL, error_hint = PG_EXCEPTION_HINT;
  PERFORM rest.refuse(SQLSTATE, SQLERRM, error_detail, error_hint);
END
$$;
COMMENT ON FUNCTION api.drop_backup IS 'Remove a backup

At once and for good. Only backups that were taken through this API; answers with what it was.';

-- ---------------------------------------------------------------------------------------------------------------
-- Looking at them
-- ---------------------------------------------------------------------------------------------------------------

CREATE FUNCTION api.download_backup(backup_id bigint, part integer DEFAULT 1, chunk integer DEFAULT NULL)
RETURNS rest."*/*" LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  entry CONSTANT json := rest.backup_entry(backup_id);
  file CONSTANT json := entry -> 'files' -> (coalesce(part, 1) - 1);
  chunks CONSTANT integer := file ->> 'chunks';
  etag CONSTANT text := format('"%s%s"', file ->> 'sha256', '-' || chunk);
  unchanged CONSTANT boolean := coalesce(rest.header('If-None-Match') = etag, false);
  result bytea;
  error_detail text;
  error_hint text;
BEGIN
  IF part < 1 OR file IS NULL THEN
    PERFORM rest.fail(404, '42704', format('backup %s has no part %s', backup_id, part), NULL,
                      format('Number of its parts: %s.', entry ->> 'parts'));
  ELSIF chunk IS NULL AND chunks > 1 THEN
    PERFORM rest.fail(413, '54000', 'the file is larger than one download may be', NULL,
                      format('Ask for chunk=0 to chunk=%s and put them together.', chunks - 1),
                      json_build_object('X-Chunks', chunks::text));
  ELSIF NOT chunk BETWEEN 0 AND chunks - 1 THEN
    PERFORM rest.fail(404, '42704', format('the file has no chunk %s', chunk), NULL,
                      format('Chunks are numbered from 0; number of its chunks: %s.', chunks));
  END IF;
  BEGIN
    -- Read also when nothing is sent: the right to it and the file itself may be gone.
    result := ferry.read_backup_file(backup_id, part, coalesce(chunk, 0)::bigint * rest.chunk_size(),
                                     CASE WHEN unchanged THEN 1 ELSE rest.chunk_size() END);
  EXCEPTION WHEN query_canceled OR OTHERS THEN
    GET STACKED DIAGNOSTICS error_detail = PG_EXCEPTION_DETAIL, error_hint = PG_EXCEPTION_HINT;
    PERFORM rest.refuse(SQLSTATE, SQLERRM, error_detail, error_hint);
  END;
  PERFORM rest.answer(CASE WHEN unchanged THEN 304 ELSE 200 END, json_build_object(
    'Content-Type', 'application/octet-stream', 'Content-Disposition', rest.attachment(file ->> 'file'),
    'Cache-Control', 'private, no-cache', 'ETag', etag, 'X-SHA256', file ->> 'sha256', 'X-Chunks', chunks::text,
    'X-Parts', entry ->> 'parts'));
  RETURN CASE WHEN unchanged THEN '' ELSE result END;
END
$$;
COMMENT ON FUNCTION api.download_backup IS 'A file of a backup

The Avro file as it is on the server, for those who may restore the backup and read its table. A backup has parts files, numbered from 1. A file larger than 64 MB comes in chunks of that size, numbered from 0, as X-Chunks says; without chunk it is refused (413). X-SHA256 is the checksum of the whole file.';

CREATE FUNCTION api.verify_backup(backup_id bigint, level text DEFAULT 'decode') RETURNS json LANGUAGE plpgsql VOLATILE
SET search_path = public, pg_temp AS $$
DECLARE
  entry CONSTANT json := rest.backup_entry(backup_id);
  result json;
  error_detail text;
  error_hint text;
BEGIN
  SELECT json_build_object('ok', bool_and(c.ok), 'backup_id', verify_backup.backup_id,
                           'level', coalesce(verify_backup.level, 'decode'), 'checks', json_agg(to_json(c)))
    INTO STRICT result
    FROM ferry.verify_backup(verify_backup.backup_id, coalesce(verify_backup.level, 'decode')) c;
  RETURN result;
EXCEPTION WHEN query_canceled OR OTHERS THEN
  GET STACKED DIAGNOSTICS error_detail = PG_EXCEPTION_DETAIL, error_hint = PG_EXCEPTION_HINT;
  PERFORM rest.refuse(SQLSTATE, SQLERRM, error_detail, error_hint);
END
$$;
COMMENT ON FUNCTION api.verify_backup IS 'Whether a backup is sound and would come back

Levels are checksum, decode (every row), plan (every row against the table of today) and restore (into a scratch table, rolled back), each with those before it. ok says that all passed; checks has one row for each level that did, and one for each problem. A bad backup is no error: the status is 200.';

CREATE FUNCTION api.diff_backup(backup_id bigint)
RETURNS TABLE (change text, key jsonb, in_backup jsonb, in_table jsonb) LANGUAGE plpgsql VOLATILE
SET search_path = public, pg_temp AS $$
DECLARE
  entry CONSTANT json := rest.backup_entry(backup_id);
  error_detail text;
  error_hint text;
BEGIN
  RETURN QUERY SELECT d.change, d.key, d.in_backup, d.in_table FROM ferry.diff_backup(diff_backup.backup_id) d;
EXCEPTION WHEN query_canceled OR OTHERS THEN
  GET STACKED DIAGNOSTICS error_detail = PG_EXCEPTION_DETAIL, error_hint = PG_EXCEPTION_HINT;
  PERFORM rest.refuse(SQLSTATE, SQLERRM, error_detail, error_hint);
END
$$;
COMMENT ON FUNCTION api.diff_backup IS 'The rows in which a table and its backup differ

change is missing (only in the backup), surplus (only in the table) or changed. Nothing is touched; it is a POST because the backup is loaded into a temporary table on the way.';

-- ---------------------------------------------------------------------------------------------------------------
-- Bringing them back
-- ---------------------------------------------------------------------------------------------------------------

CREATE FUNCTION rest.restore_status(report ferry.load_report, dry_run boolean) RETURNS integer LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE
    WHEN dry_run OR report.rows_rejected = 0 THEN 200
    WHEN report.rows_loaded > 0 THEN 207
    ELSE 422
  END
$$;
COMMENT ON FUNCTION rest.restore_status IS 'The status of a restore that did not fail.';

CREATE FUNCTION api.restore_table(table_name text, backup bigint, mode text DEFAULT 'replace', dry_run boolean DEFAULT false,
                                  on_error text DEFAULT 'abort', reject_limit bigint DEFAULT NULL)
RETURNS json LANGUAGE plpgsql VOLATILE
SET search_path = public, pg_temp AS $$
DECLARE
  target CONSTANT regclass := rest.table_named(table_name);
  how CONSTANT text := coalesce(restore_table.mode, 'replace');
  dry CONSTANT boolean := coalesce(restore_table.dry_run, false);
  report ferry.load_report;
  result json;
  error_detail text;
  error_hint text;
BEGIN
  PERFORM rest.backup_entry(backup);
  BEGIN
    report := ferry.restore_table_avro(target, restore_table.backup, how, dry, restore_table.on_error,
                                       restore_table.reject_limit);
  EXCEPTION WHEN query_canceled OR OTHERS THEN
    GET STACKED DIAGNOSTICS error_detail = PG_EXCEPTION_DETAIL, error_hint = PG_EXCEPTION_HINT;
    PERFORM rest.refuse(SQLSTATE, SQLERRM, error_detail, error_hint);
  END;
  result := rest.load_answer(target, report, how, dry);
  PERFORM rest.answer(rest.restore_status(report, dry));
  RETURN result;
END
$$;
COMMENT ON FUNCTION api.restore_table IS 'Restore a table from a backup

Mode replace (the default) puts the rows of the backup in place of those in the table; append adds them, missing_only those whose key is not there, upsert writes them over the rows with their key. With on_error abort (the default) one bad row and nothing changes, with reject the others are restored. With dry_run nothing changes.';

CREATE FUNCTION api.restore_upload(bytea) RETURNS json LANGUAGE plpgsql VOLATILE
SET search_path = public, pg_temp AS $$
DECLARE
  target CONSTANT regclass := rest.table_named(rest.header('X-Table'));
  how CONSTANT text := coalesce(rest.option('mode'), 'replace');
  dry CONSTANT boolean := coalesce(rest.boolean_option('dry_run'), false);
  reject_limit CONSTANT bigint := rest.number_option('reject_limit', true);
  report ferry.load_report;
  result json;
  error_detail text;
  error_hint text;
BEGIN
  PERFORM rest.require_known_arguments('mode', 'dry_run', 'on_error', 'reject_limit', 'columns', 'naive_time_zone');
  BEGIN
    report := ferry.restore_table_avro_data(target, $1, how, dry, rest.option('on_error'), reject_limit,
                rest.option('columns')::jsonb, rest.option('naive_time_zone'));
  EXCEPTION WHEN query_canceled OR OTHERS THEN
    GET STACKED DIAGNOSTICS error_detail = PG_EXCEPTION_DETAIL, error_hint = PG_EXCEPTION_HINT;
    PERFORM rest.refuse(SQLSTATE, SQLERRM, error_detail, error_hint);
  END;
  result := rest.load_answer(target, report, how, dry);
  PERFORM rest.answer(rest.restore_status(report, dry));
  RETURN result;
END
$$;
COMMENT ON FUNCTION api.restore_upload IS 'Restore a table from an Avro file that is sent

The body is the file, a download of a backup or one by any other program, sent as application/octet-stream; table and options are headers. All else is as in restore_table.';

-- Who may.
GRANT EXECUTE ON FUNCTION api.backups, api.backup_table, api.backup_tables, api.drop_backup, api.download_backup,
  api.verify_backup, api.diff_backup, api.restore_table, api.restore_upload TO app_operator;
GRANT EXECUTE ON FUNCTION ferry.list_backups, ferry.backup_parts, ferry.backup_table_avro, ferry.backup_tables_avro,
  ferry.drop_backup, ferry.read_backup_file, ferry.verify_backup, ferry.diff_backup,
  ferry.restore_table_avro(regclass, bigint, text, boolean, text, bigint, jsonb, text), ferry.restore_table_avro_data
  TO app_operator;

-- For the OpenAPI document: what the catalogs do not know.
INSERT INTO rest.routes (route, tag, answer, statuses) VALUES
  ('backups', 'backups', NULL, '{200,401,403}'),
  ('backup_table', 'backups', 'Backup', '{201,400,401,403,404,409,503,504}'),
  ('backup_tables', 'backups', 'Backups', '{201,400,401,403,404,409,503,504}'),
  ('drop_backup', 'backups', 'Backup', '{200,400,401,403,404}'),
  ('download_backup', 'backups', 'application/octet-stream', '{200,400,401,403,404,413,504}'),
  ('verify_backup', 'backups', 'BackupChecks', '{200,400,401,403,404,409,503,504}'),
  ('diff_backup', 'backups', NULL, '{200,400,401,403,404,409,503,504}'),
  ('restore_table', 'backups', 'LoadAnswer', '{200,207,400,401,403,404,409,422,503,504}'),
  ('restore_upload', 'backups', 'LoadAnswer', '{200,207,400,401,403,404,409,413,422,503,504}');

INSERT INTO rest.route_headers (route, header, required, schema, description) VALUES
  ('restore_upload', 'X-Table', true, '{"type": "string", "examples": ["departments"]}', 'The table the rows go into.'),
  ('restore_upload', 'X-Mode', false, '{"enum": ["replace", "append", "missing_only", "upsert"], "default": "replace"}', 'What becomes of the rows that are there.'),
  ('restore_upload', 'X-Dry-Run', false, '{"type": "boolean", "default": false}', 'Do everything, keep nothing.'),
  ('restore_upload', 'X-On-Error', false, '{"enum": ["abort", "reject", "raise"], "default": "abort"}', 'What a bad row means.'),
  ('restore_upload', 'X-Reject-Limit', false, '{"type": "integer", "minimum": 0}', 'With X-On-Error reject: more bad rows than this, and nothing is restored.'),
  ('restore_upload', 'X-Columns', false, '{"type": "string", "examples": ["{\"field\": \"column\", \"other\": null}"]}', 'A JSON object: which column takes a field, or null to pass over it.'),
  ('restore_upload', 'X-Naive-Time-Zone', false, '{"type": "string", "examples": ["Europe/Madrid"]}', 'The zone of times that name none.');

-- An entry of the list, as backup_table answers with.
INSERT INTO rest.schemas (name, schema)
SELECT 'Backup', jsonb_build_object('type', 'object', 'properties', jsonb_object_agg(c.name, rest.type_schema(c.type))
         || $json${
    "verified_level": {"enum": ["checksum", "decode", "plan", "restore", null], "description": "The highest level that passed"},
    "verified_at": {"type": ["string", "null"], "format": "date-time"},
    "chunks": {"type": "integer", "description": "How many downloads its files take"},
    "files": {"type": "array", "items": {"type": "object", "properties": {
      "part": {"type": "integer"}, "file": {"type": "string"}, "rows": {"type": "integer"}, "bytes": {"type": "integer"},
      "sha256": {"type": "string"}, "chunks": {"type": "integer"}}}}}$json$)
  FROM pg_proc p CROSS JOIN LATERAL unnest(p.proargnames, p.proallargtypes, p.proargmodes) AS c(name, type, mode)
 WHERE p.oid = 'api.backups'::regproc AND c.mode = 't';

INSERT INTO rest.schemas (name, schema) VALUES
  ('Backups', '{"type": "array", "items": {"$ref": "#/components/schemas/Backup"}}'),
  ('BackupChecks', $json${"type": "object", "properties": {
    "ok": {"type": "boolean"}, "backup_id": {"type": "integer"},
    "level": {"enum": ["checksum", "decode", "plan", "restore"]},
    "checks": {"type": "array", "items": {"type": "object", "properties": {
      "level": {"type": "string"}, "ok": {"type": "boolean"}, "part": {"type": ["string", "null"], "description": "The file"},
      "block": {"type": ["integer", "null"]}, "byte_offset": {"type": ["integer", "null"]},
      "record_number": {"type": ["integer", "null"]}, "column_name": {"type": ["string", "null"]},
      "problem": {"type": ["string", "null"]}}}}}}$json$);
