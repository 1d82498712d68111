-- What the OpenAPI document shows of routes beyond their shape: what options may be, headers of answers, and examples of
-- requests with what they get. The HTTP tests send the examples, so each does what it says.

CREATE TABLE rest.options (
  operation   text NOT NULL,
  argument    text NOT NULL,
  schema      jsonb NOT NULL,
  description text,
  PRIMARY KEY (operation, argument)
);
COMMENT ON TABLE rest.options IS 'What an argument may be beyond its type; operation * stands for all that have it.';

CREATE TABLE rest.answer_headers (
  operation   text NOT NULL,
  status      integer NOT NULL,
  header      text NOT NULL,
  schema      jsonb NOT NULL,
  description text NOT NULL,
  PRIMARY KEY (operation, status, header)
);
COMMENT ON TABLE rest.answer_headers IS 'Headers of answers; operation * stands for all with this status.';

CREATE TABLE rest.examples (
  operation  text NOT NULL,
  name       text NOT NULL,
  summary    text NOT NULL,
  parameters jsonb NOT NULL DEFAULT '{}',
  request    json,
  status     integer NOT NULL,
  media      text NOT NULL DEFAULT 'application/json',
  answer     json,
  PRIMARY KEY (operation, name)
);
COMMENT ON TABLE rest.examples IS 'Requests and what they get. An operation is a function of api, or list_ or add_ and a view; parameters are of query and headers.';

GRANT SELECT ON rest.options, rest.answer_headers, rest.examples TO web_anon, app_reader;

INSERT INTO rest.options (operation, argument, schema, description) VALUES
  ('*', 'table_name', '{}', 'A table of schema public.'),
  ('*', 'table_names', '{"minItems": 1}', 'Tables of schema public.'),
  ('*', 'dry_run', '{}', 'Do everything, keep nothing, and tell what would be done.'),
  ('*', 'mode', '{"enum": ["partial", "atomic"]}', 'partial: the good rows go in; atomic: all or none.'),
  ('*', 'unknown', '{"enum": ["reject", "ignore"]}', 'What becomes of keys that are no column.'),
  ('*', 'strict', '{}', 'Take only JSON of the column''s own form: no number in a string.'),
  ('*', 'codec', '{"enum": ["null", "deflate", "snappy", "zstandard"]}', 'How the file is compressed.'),
  ('*', 'level', '{"enum": ["checksum", "decode", "plan", "restore"]}', 'How far to look; each level includes those before it.'),
  ('*', 'on_error', '{"enum": ["abort", "reject", "raise"]}', 'What a bad row means: nothing is done, it is left out and logged, or the request fails.'),
  ('*', 'on_conflict', '{"enum": ["reject", "skip", "update"]}', 'What becomes of a row whose key is taken.'),
  ('*', 'reject_limit', '{"minimum": 0}', 'More rejects than this, and nothing is done.'),
  ('*', 'reject_percent', '{"minimum": 0, "maximum": 100}', 'A greater part rejected than this, and nothing is done.'),
  ('*', 'year', '{"minimum": 1, "maximum": 9999}', 'The year, by UTC.'),
  ('*', 'include_idle', '{}', 'Whether departments without a hire count in the mean.'),
  ('*', 'first_year', '{}', 'The first with a hire unless it is named.'),
  ('*', 'last_year', '{}', 'The last with a hire unless it is named.'),
  ('*', 'since', '{}', 'Nothing earlier than this.'),
  ('*', 'before', '{}', 'Only what is earlier than this.'),
  ('*', 'load_id', '{"minimum": 1}', 'A load, as GET /loads lists them.'),
  ('*', 'reject_id', '{"minimum": 1}', 'A rejected row, as GET /rejects lists them.'),
  ('*', 'backup_id', '{"type": ["integer", "string"]}', 'A backup, as GET /rpc/backups lists them; as text where numbers are doubles, since it may pass 2^53.'),
  ('*', 'backup', '{"type": ["integer", "string"]}', 'A backup_id; as text where numbers are doubles, since it may pass 2^53.'),
  ('*', 'username', '{"maxLength": 64}', NULL),
  ('*', 'password', '{"maxLength": 72, "format": "password"}', NULL),
  ('*', 'refresh_token', '{}', 'The refresh_token of the last login or refresh; it serves once.'),
  ('*', 'part', '{"minimum": 1}', 'Which file of the backup.'),
  ('*', 'chunk', '{"minimum": 0}', 'Which 64 MB of a file that is larger.'),
  ('*', 'row', '{"type": "object"}', 'The row as it should have been.'),
  ('*', 'reason', '{"minLength": 1}', 'Why the row will never be loaded.'),
  ('restore_table', 'mode', '{"enum": ["replace", "append", "missing_only", "upsert"]}', 'What becomes of the rows that are there.'),
  ('export_rejects', 'status', '{"enum": ["open", "fixed", "dismissed", "reloaded"]}', 'Which rejects.'),
  ('report', 'year', '{"pattern": "^[0-9]{1,4}$"}', 'Another year than 2021.'),
  ('report', 'language', '{"enum": ["en", "es"]}', 'Another language than the browser''s.'),
  ('insert_batch', 'rows', '{"type": "array", "minItems": 1, "maxItems": 1000, "items": {"$ref": "#/components/schemas/AnyRow"}}', NULL),
  ('insert_batches', 'tables', '{"type": "object", "minProperties": 1, "additionalProperties":
     {"type": "array", "items": {"$ref": "#/components/schemas/AnyRow"}}}', 'For each table an array of rows, 1000 in all.');

INSERT INTO rest.answer_headers (operation, status, header, schema, description) VALUES
  ('*', 401, 'WWW-Authenticate', '{"type": "string"}', 'Bearer, with the reason where there is one; not for a wrong password.'),
  ('*', 429, 'Retry-After', '{"type": "integer"}', 'Seconds until the next attempt.'),
  ('*', 503, 'Retry-After', '{"type": "integer"}', 'Seconds until the next attempt.'),
  ('root', 200, 'ETag', '{"type": "string"}', 'For If-None-Match.'),
  ('openapi', 200, 'ETag', '{"type": "string"}', 'For If-None-Match.'),
  ('export_rejects', 200, 'Content-Disposition', '{"type": "string"}', 'The name to save it under.'),
  ('download_backup', 200, 'Content-Disposition', '{"type": "string"}', 'The name to save it under.'),
  ('download_backup', 200, 'ETag', '{"type": "string"}', 'For If-None-Match.'),
  ('download_backup', 200, 'X-SHA256', '{"type": "string"}', 'Checksum of the whole file.'),
  ('download_backup', 200, 'X-Chunks', '{"type": "integer"}', 'How many chunks the file has.'),
  ('download_backup', 200, 'X-Parts', '{"type": "integer"}', 'How many files the backup has.'),
  ('download_backup', 413, 'X-Chunks', '{"type": "integer"}', 'How many chunks the file has.');

-- ---------------------------------------------------------------------------------------------------------------
-- Examples: requests and what they get
-- ---------------------------------------------------------------------------------------------------------------

INSERT INTO rest.examples (operation, name, summary, request, status, answer) VALUES
  ('login', 'right', 'The right password', '{"username": "ana", "password": "correct horse battery staple"}', 200, NULL),
  ('login', 'wrong', 'A wrong password, or a name that nobody has', '{"username": "ana", "password": "guess"}', 401,
   '{"code": "28P01", "message": "wrong user name or password", "details": null, "hint": null}'),
  ('refresh', 'fresh', 'A refresh token that was not used yet', '{"refresh_token": "oLw3bDjCv0Fz"}', 200, NULL),
  ('refresh', 'unknown', 'One that is unknown, expired or used', '{"refresh_token": "nobody"}', 401, NULL),
  ('logout', 'out', 'This token and all that come of its login', '{"refresh_token": "oLw3bDjCv0Fz"}', 204, NULL),
  ('health', 'well', 'All is well', NULL, 200, '{"status": "ok", "time": "2026-05-04T08:00:00.25+00:00", "pg_ferry": "0.1.0"}'),

  ('insert_batch', 'good', 'Good rows', '{"table_name": "departments", "rows": [{"id": 9101, "department": "Quality"}, {"id": 9102, "department": "Training"}]}',
   201, '{"load": 1, "table": "public.departments", "mode": "partial", "dry_run": false, "received": 2, "inserted": 2, "rejected": 0,
          "keys": [9101, 9102], "errors": []}'),
  ('insert_batch', 'one_bad', 'One bad row of two: the other goes in, and all that is wrong is told',
   '{"table_name": "hired_employees", "rows": [
       {"name": "Bova Telin", "datetime": "2021-07-01T08:00:00Z", "department_id": 9001, "job_id": 9001},
       {"name": "Keldor Una", "datetime": "2021-02-30T08:00:00Z", "department_id": -1, "job_id": 9001}]}',
   207, $json${"load": 2, "table": "public.hired_employees", "mode": "partial", "dry_run": false, "received": 2, "inserted": 1, "rejected": 1,
          "keys": [1, null], "errors": [
            {"index": 1, "pointer": "/1/datetime", "column": "datetime", "code": "type", "sqlstate": "22008", "constraint": null,
             "value": "2021-02-30T08:00:00Z", "message": "date/time field value out of range: \"2021-02-30T08:00:00Z\"", "hint": null},
            {"index": 1, "pointer": "/1/department_id", "column": "department_id", "code": "foreign_key", "sqlstate": "23503",
             "constraint": "hired_employees_department_id_fkey", "value": "-1",
             "message": "insert or update on table \"hired_employees\" violates foreign key constraint \"hired_employees_department_id_fkey\": Key (department_id)=(-1) is not present in table \"departments\".",
             "hint": "Add the missing row to table \"departments\", then send this row again."}]}$json$),
  ('insert_batch', 'dry', 'What would be done', '{"table_name": "departments", "rows": [{"department": "Logistics"}], "dry_run": true}',
   200, '{"load": 3, "table": "public.departments", "mode": "partial", "dry_run": true, "received": 1, "inserted": 0, "rejected": 0, "keys": [], "errors": []}'),
  ('insert_batch', 'all_or_none', 'One bad row with mode atomic: nothing goes in',
   '{"table_name": "departments", "mode": "atomic", "rows": [{"department": "Quality"}, {"department": null}]}',
   422, $json${"code": "BATCH_INVALID", "message": "1 of 2 rows is not valid, nothing was inserted", "details": [
            {"index": 1, "pointer": "/1/department", "column": "department", "code": "not_null", "sqlstate": "23502", "constraint": null, "value": null,
             "message": "null value in column \"department\" of relation \"departments\" violates not-null constraint", "hint": null}],
          "hint": "Mend these rows, or send the batch with mode partial to insert the others.",
          "load": 4, "table": "public.departments", "mode": "atomic", "dry_run": false, "received": 2, "inserted": 0, "rejected": 1, "keys": [], "errors": [
            {"index": 1, "pointer": "/1/department", "column": "department", "code": "not_null", "sqlstate": "23502", "constraint": null, "value": null,
             "message": "null value in column \"department\" of relation \"departments\" violates not-null constraint", "hint": null}]}$json$),
  ('insert_batch', 'no_table', 'A table that does not exist, or that the caller has no right on',
   '{"table_name": "departmets", "rows": [{"department": "Quality"}]}',
   404, $json${"code": "42P01", "message": "table \"departmets\" does not exist", "details": null, "hint": null}$json$),

  ('insert_batches', 'family', 'A department and who works there, in one request',
   '{"mode": "atomic", "tables": {"departments": [{"id": 9103, "department": "Design"}],
                                  "hired_employees": [{"name": "Alsen Ro", "department_id": 9103, "job_id": 9001}]}}',
   201, '{"mode": "atomic", "dry_run": false, "received": 2, "inserted": 2, "rejected": 0, "tables": {
            "departments": {"load": 5, "table": "public.departments", "received": 1, "inserted": 1, "rejected": 0, "keys": [9103]},
            "hired_employees": {"load": 6, "table": "public.hired_employees", "received": 1, "inserted": 1, "rejected": 0, "keys": [2]}}, "errors": []}'),
  ('insert_batches', 'empty', 'Not a row', '{"tables": {"departments": []}}', 422, NULL),

  ('fix_reject', 'mended', 'A row that goes in now',
   '{"reject_id": 17, "row": {"name": "Keldor Una", "datetime": "2021-03-02T08:00:00Z", "department_id": 9001, "job_id": 9001}}', 200, NULL),
  ('fix_reject', 'no_reject', 'A reject that does not exist', '{"reject_id": 9007199254740991, "row": {"name": "Keldor Una"}}', 404, NULL),
  ('dismiss_reject', 'dismissed', 'A row that nobody wants', '{"reject_id": 17, "reason": "a test of the supplier"}', 204, NULL),
  ('replay', 'dry', 'What would come in of the rejects of a load', '{"load_id": 9, "dry_run": true}', 200, NULL),

  ('backup_table', 'zstandard', 'A table, with a codec', '{"table_name": "departments", "codec": "zstandard"}', 201, NULL),
  ('backup_table', 'no_table', 'A table that does not exist', '{"table_name": "departmets"}', 404,
   $json${"code": "42P01", "message": "table \"departmets\" does not exist", "details": null, "hint": null}$json$),
  ('backup_tables', 'family', 'Tables that belong together, as one moment saw them', '{"table_names": ["departments", "jobs", "hired_employees"]}', 201, NULL),
  ('verify_backup', 'decode', 'Every row is read', '{"backup_id": "1777881600000000", "level": "decode"}', 200, NULL),
  ('drop_backup', 'gone', 'A backup that is not there', '{"backup_id": "1"}', 404, NULL),
  ('diff_backup', 'one', 'One backup against its table', '{"backup_id": "1777881600000000"}', 200, NULL),
  ('restore_table', 'dry', 'What would be done', '{"table_name": "departments", "backup": "1777881600000000", "mode": "missing_only", "dry_run": true}',
   200, '{"load": 7, "table": "public.departments", "mode": "missing_only", "dry_run": true, "status": "dry run", "received": 12, "inserted": 4, "rejected": 0,
          "repaired": 0, "bytes": 683, "seconds": 0.004, "errors": []}'),
  ('restore_table', 'gone', 'A backup that is not there', '{"table_name": "departments", "backup": "1"}', 404, NULL),

  ('add_departments', 'named', 'A department with its number', '{"id": 9104, "department": "Security"}', 201, NULL),
  ('add_departments', 'taken', 'A number that is taken', '{"id": 9001, "department": "Engineering"}', 409,
   $json${"code": "23505", "message": "duplicate key value violates unique constraint \"departments_pkey\"", "details": "Key (id)=(9001) already exists.", "hint": null}$json$),
  ('add_jobs', 'named', 'A job with its number', '{"id": 9104, "job": "Archivist"}', 201, NULL),
  ('add_hired_employees', 'now', 'Hired at this moment', '{"name": "Bova Telin", "department_id": 9001, "job_id": 9001}', 201, NULL);

INSERT INTO rest.examples (operation, name, summary, parameters, request, status, answer) VALUES
  ('insert_raw', 'dry', 'What would be done', '{"X-Table": "departments", "X-Dry-Run": true}', '"[{\"department\": \"Logistics\"}]"',
   200, '{"load": 3, "table": "public.departments", "mode": "partial", "dry_run": true, "received": 1, "inserted": 0, "rejected": 0, "keys": [], "errors": []}'),
  ('insert_raw', 'broken', 'A body that is not JSON', '{"X-Table": "departments"}', '"[{\"department\": \"Logistics\"]"',
   400, $json${"code": "22P02", "message": "the body is not valid JSON: invalid input syntax for type json", "details": "Expected \",\" or \"}\", but found \"]\".", "hint": null}$json$),
  ('import_csv', 'two_bad', 'Two bad rows of three', '{"X-Table": "departments", "X-Header": "on"}', '"id,department\n9201,Support\n9202,\nx,Training\n"',
   207, $json${"load": 9, "table": "public.departments", "mode": "partial", "dry_run": false, "status": "partial", "received": 3, "inserted": 1, "rejected": 2,
          "repaired": 0, "bytes": 44, "seconds": 0.001, "errors": [
            {"record": 2, "line": 3, "ordinal": 1, "column": "department", "code": "not_null", "sqlstate": "23502", "constraint": null, "value": null,
             "message": "null value in column \"department\" of relation \"departments\" violates not-null constraint", "hint": null},
            {"record": 3, "line": 4, "ordinal": 1, "column": "id", "code": "type", "sqlstate": "22P02", "constraint": null, "value": "x",
             "message": "invalid input syntax for type integer: \"x\"", "hint": null}]}$json$),
  ('import_csv', 'all_bad', 'Not one good row', '{"X-Table": "departments", "X-Header": "on"}', '"id,department\nx,Support\n"',
   422, $json${"code": "BATCH_INVALID", "message": "1 of 1 rows are not valid, nothing was inserted", "details": [
            {"record": 1, "line": 2, "ordinal": 1, "column": "id", "code": "type", "sqlstate": "22P02", "constraint": null, "value": "x",
             "message": "invalid input syntax for type integer: \"x\"", "hint": null}], "hint": null,
          "load": 10, "table": "public.departments", "mode": "partial", "dry_run": false, "status": "partial", "received": 1, "inserted": 0, "rejected": 1,
          "repaired": 0, "bytes": 26, "seconds": 0.001, "errors": [
            {"record": 1, "line": 2, "ordinal": 1, "column": "id", "code": "type", "sqlstate": "22P02", "constraint": null, "value": "x",
             "message": "invalid input syntax for type integer: \"x\"", "hint": null}]}$json$),
  ('restore_upload', 'not_avro', 'A body that is not an Avro file', '{"X-Table": "departments"}', '"id,department\n"', 400, NULL),

  ('hires_by_quarter', 'year', 'One year', '{"year": 2021}', NULL, 200, '[{"department": "Engineering", "job": "Recruiter", "q1": 0, "q2": 0, "q3": 1, "q4": 0}]'),
  ('departments_above_mean', 'year', 'One year', '{"year": 2021, "include_idle": false}', NULL, 200, '[{"id": 9001, "department": "Engineering", "hired": 1}]'),
  ('mean_hires', 'year', 'One year', '{"year": 2021}', NULL, 200, '[{"hired": 1, "departments": 4, "hiring_departments": 1, "mean": 0.25, "mean_of_hiring": 1.00}]'),
  ('hires_by_department', 'year', 'One year', '{"year": 2021}', NULL, 200, '[{"id": 9001, "department": "Engineering", "hired": 1}]'),
  ('hires_by_month', 'year', 'One year, its first month', '{"year": 2021, "limit": 1}', NULL, 200, '[{"month": 1, "starts": "2021-01-01", "hired": 0}]'),
  ('hires_trend', 'years', 'Some years', '{"first_year": 2021, "last_year": 2021}', NULL, 200, '[{"year": 2021, "quarter": 3, "starts": "2021-07-01", "hired": 1, "year_before": 0}]'),
  ('loads_by_day', 'since', 'From a day on', '{"since": "2026-05-04T00:00:00Z"}', NULL, 200,
   '[{"day": "2026-05-04", "target": "public.departments", "loads": 3, "aborted": 1, "rows_read": 6, "rows_loaded": 2, "rows_rejected": 3, "rows_repaired": 0,
      "bytes_read": 126, "seconds": 0.002, "rows_per_second": 1001.5, "reject_rate": 0.5}]'),
  ('rejects_by_day', 'since', 'From a day on', '{"since": "2026-05-04T00:00:00Z"}', NULL, 200,
   '[{"day": "2026-05-04", "target": "public.departments", "source_kind": "csv value", "source_name": null, "class": "not_null", "column_name": "department",
      "errors": 1, "rejects": 1, "open": 1}]'),
  ('backup_status', 'never', 'A table that was never backed up', '{}', NULL, 200,
   '[{"target": "public.departments", "backup_id": null, "taken_at": null, "age": null, "rows": null, "bytes": null, "codec": null, "verified_level": null,
      "verified_at": null, "loads_since": 2, "rows_loaded_since": 2}]'),
  ('list_departments', 'one', 'One by its number', '{"id": "eq.9001"}', NULL, 200, '[{"id": 9001, "department": "Engineering"}]'),
  ('list_departments', 'no_column', 'A filter on what is no column', '{"order": "nmae"}', NULL, 400, NULL),
  ('list_jobs', 'one', 'One by its number', '{"id": "eq.9001"}', NULL, 200, '[{"id": 9001, "job": "Recruiter"}]'),
  ('list_hired_employees', 'department', 'Those of a department, three columns', '{"department_id": "eq.9001", "select": "id,name,job_id"}', NULL, 200,
   '[{"id": 1, "name": "Bova Telin", "job_id": 9001}]'),
  ('list_loads', 'last', 'The last one', '{"order": "load_id.desc", "limit": 1}', NULL, 200, NULL),
  ('list_rejects', 'open', 'Those of a load that wait to be mended', '{"load_id": "eq.9", "status": "eq.open", "order": "record_number,ordinal"}', NULL, 200, NULL),
  ('reject_fields', 'one', 'One row', '{"reject_id": 17}', NULL, 200, NULL),
  ('reject_summary', 'one', 'One load', '{"load_id": 9}', NULL, 200, NULL),
  ('export_rejects', 'open', 'Those that wait to be mended', '{"load_id": 9, "status": "open"}', NULL, 200, NULL),
  ('data_dictionary', 'one', 'One table', '{"table_name": "departments"}', NULL, 200, NULL),
  ('json_schema', 'one', 'One table', '{"table_name": "departments"}', NULL, 200, NULL),
  ('download_backup', 'one', 'A backup of one small file', '{"backup_id": "1777881600000000"}', NULL, 200, NULL);
