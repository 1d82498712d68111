-- ferry.migrate_csv and ferry.migrate_csv_data: the sample tables, and every option that says how a CSV is written.
\set VERBOSITY terse
\getenv data FERRY_TEST_DATA
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry_hiring CASCADE;
RESET client_min_messages;
CREATE SCHEMA csv_tables;
SET search_path = csv_tables;

CREATE FUNCTION pg_temp.refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text;
  hint text;
BEGIN
  EXECUTE statement;
  RETURN 'not refused';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(E'\n', SQLSTATE || ': ' || SQLERRM, 'DETAIL: ' || NULLIF(detail, ''), 'HINT: ' || NULLIF(hint, ''));
END
$$;
CREATE FUNCTION pg_temp.bytes(input text) RETURNS bytea LANGUAGE sql AS $$SELECT convert_to(input, 'UTF8')$$;
-- The errors of the newest load.
CREATE FUNCTION pg_temp.errors(OUT record bigint, OUT line bigint, OUT column_name text, OUT value text, OUT class text,
  OUT sqlstate text, OUT message text) RETURNS SETOF record LANGUAGE sql AS $$
  SELECT r.record_number, r.line_number, e.column_name, e.value, e.class, e.sqlstate, e.message
  FROM ferry.rejects r LEFT JOIN ferry.reject_errors e USING (reject_id)
  WHERE r.load_id = (SELECT max(l.load_id) FROM ferry.loads l)
  ORDER BY r.record_number, e.ordinal
$$;

-- ---- The sample tables ----
SELECT hiring.create_tables();
SELECT status, rows_read, rows_loaded, rows_rejected, rows_repaired, bytes_read, elapsed >= '0' AS timed
FROM ferry.migrate_csv('departments', :'data' || '/departments.csv');
SELECT status, rows_read, rows_loaded, rows_rejected, rows_repaired, bytes_read
FROM ferry.migrate_csv('jobs', :'data' || '/jobs.csv');
SELECT status, rows_read, rows_loaded, rows_rejected, rows_repaired, bytes_read
FROM ferry.migrate_csv('hired_employees', :'data' || '/hired_employees.csv');
-- What is loaded is what COPY reads; what is rejected are exactly the rows that lack a field.
CREATE TEMP TABLE lines (id text, name text, datetime text, department_id text, job_id text, line int GENERATED ALWAYS AS IDENTITY);
\set sample :data '/hired_employees.csv'
COPY lines (id, name, datetime, department_id, job_id) FROM :'sample' (FORMAT csv);
SELECT count(*) AS differences FROM (
  SELECT h.id, h.name, h.datetime, h.department_id, h.job_id FROM hired_employees h
  EXCEPT SELECT l.id::int, l.name, l.datetime::timestamptz, l.department_id::int, l.job_id::int FROM lines l WHERE num_nulls(l.id, l.name, l.datetime, l.department_id, l.job_id) = 0) d;
SELECT count(*) AS rejected, count(*) FILTER (WHERE l.line IS NULL) AS wrongly, bool_and(r.line_number = r.record_number) AS lines
FROM ferry.rejects r LEFT JOIN lines l ON l.line = r.line_number AND num_nulls(l.id, l.name, l.datetime, l.department_id, l.job_id) > 0
WHERE r.load_id = (SELECT max(load_id) FROM ferry.loads);
SELECT column_name, class, count(*) FROM pg_temp.errors() GROUP BY 1, 2 ORDER BY 1;

-- ---- Header ----
CREATE TABLE ports (id int, name text, note text DEFAULT 'none');
SELECT status, rows_read, rows_loaded, rows_rejected FROM ferry.migrate_csv_data('ports', 'id,name,note
1,Vigo,a
2,Bari,b');
-- In another order and another case, with a byte order mark, quoted; a column left out takes its default.
SELECT status, rows_read, rows_loaded FROM ferry.migrate_csv_data('ports', pg_temp.bytes(E'\ufeff"Name","ID"\nRiga,3\n'));
SELECT * FROM ports ORDER BY id;
-- A data row is never eaten: not when it holds a column's name, not when it is text all over.
CREATE TABLE words (a text, b text);
SELECT status, rows_read, rows_loaded FROM ferry.migrate_csv_data('words', E'x,y\na,c\n');
SELECT status, rows_read, rows_loaded FROM ferry.migrate_csv_data('words', E'a,c\nb,b\n');
SELECT status, rows_read, rows_loaded FROM ferry.migrate_csv_data('words', E'A-1,B-1\n');
SELECT * FROM words;
TRUNCATE words, ports;
-- off: the names are data. on: the first row is the header, and names that the table lacks are an error.
SELECT status, rows_read, rows_loaded FROM ferry.migrate_csv_data('words', E'a,b\n1,2\n', header => 'off');
SELECT status, rows_read, rows_loaded FROM ferry.migrate_csv_data('words', E'b,a\n3,4\n', header => 'on');
SELECT * FROM words;
SELECT status, rows_read, rows_loaded FROM ferry.migrate_csv_data('words', E'b,a\n5,6\n', header => 'on', columns => '{a,b}');
SELECT * FROM words WHERE '5' IN (a, b);
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv_data('words', E'a,nonsense\n5,6\n', header => 'on')$$);
SELECT left(pg_temp.refusal($$SELECT ferry.migrate_csv_data('words', E'a,a\n5,6\n', header => 'on')$$), 5) AS twice;
-- A header alone and no bytes at all are loads of no rows.
SELECT status, rows_read, rows_loaded, rows_rejected, bytes_read FROM ferry.migrate_csv_data('words', E'a,b\n');
SELECT status, rows_read, rows_loaded, rows_rejected, bytes_read FROM ferry.migrate_csv_data('words', '');
SELECT status, rows_read, rows_loaded, rows_rejected, bytes_read FROM ferry.migrate_csv_data('words', '', header => 'on');
SELECT status, rows_read, rows_loaded, rows_rejected, bytes_read FROM ferry.migrate_csv('words', :'data' || '/dirty/empty.csv');

-- ---- Columns ----
SELECT status, rows_loaded FROM ferry.migrate_csv_data('ports', E'Oslo,4\nKiel,5', columns => '{name,id}');
SELECT status, rows_loaded FROM ferry.migrate_csv_data('ports', E'6,\n7,kept', columns => '{id,note}');
SELECT * FROM ports ORDER BY id;
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv_data('ports', '1,2', columns => '{id,nonsense}')$$);
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv_data('ports', '1,2', columns => '{id,id}')$$);
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv_data('ports', '1,2', columns => '{id,null}')$$);
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv_data('ports', '1,2', columns => '{id,ctid}')$$);

-- ---- Delimiter, quote, escape, null ----
TRUNCATE ports;
SELECT status, rows_loaded FROM ferry.migrate_csv_data('ports', E'1;A;x\n', delimiter => ';');
SELECT status, rows_loaded FROM ferry.migrate_csv_data('ports', E'2\tB,b\tx\n', delimiter => E'\t');
SELECT status, rows_loaded FROM ferry.migrate_csv_data('ports', $$3,'C, c''s',x$$, quote => '''');
SELECT status, rows_loaded FROM ferry.migrate_csv_data('ports', convert_to($$4,"D \"d\" \\",x$$, 'UTF8'), escape => '\');
SELECT status, rows_loaded FROM ferry.migrate_csv_data('ports', convert_to($$5,\N,"\N"$$, 'UTF8'), null_string => '\N');
-- As in COPY: an empty field is null, a quoted empty field is an empty string, spaces are kept.
SELECT status, rows_loaded FROM ferry.migrate_csv_data('ports', E'6,,""\n7, x ,"a""b"\n8,x"y"z,"p" q\n');
SELECT id, name, name IS NULL AS name_null, note, note IS NULL AS note_null FROM ports ORDER BY id;
TRUNCATE hired_employees;
SELECT status, rows_loaded FROM ferry.migrate_csv('hired_employees', :'data' || '/dirty/header_reordered_semicolon.csv', delimiter => ';');
SELECT id, name, datetime AT TIME ZONE 'UTC' AS utc, department_id, job_id FROM hired_employees ORDER BY id;
-- NULL for an option means its default.
SELECT status, rows_loaded FROM ferry.migrate_csv_data('words', 'n,',
  columns => NULL, header => NULL, delimiter => NULL, quote => NULL, escape => NULL, null_string => NULL, on_error => NULL,
  reject_limit => NULL, dry_run => NULL);
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv_data('words', 'x', delimiter => ';;')$$);
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv_data('words', 'x', delimiter => '')$$);
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv_data('words', 'x', delimiter => 'ñ')$$);
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv_data('words', 'x', delimiter => E'\n')$$);
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv_data('words', 'x', quote => ',')$$);
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv_data('words', 'x', quote => '')$$);
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv_data('words', 'x', escape => 'ab')$$);
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv_data('words', 'x', null_string => 'a,b')$$);
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv_data('words', 'x', null_string => E'a\nb')$$);
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv_data('words', 'x', header => 'maybe')$$);
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv_data('words', 'x', on_error => 'ignore')$$);
SELECT pg_temp.refusal($$SELECT ferry.migrate_csv_data('words', 'x', reject_limit => -1)$$);

DROP VIEW hires;
DROP TABLE hired_employees, departments, jobs, ports, words, lines;
RESET search_path;
DROP SCHEMA csv_tables;
DROP EXTENSION pg_ferry_hiring;
DROP EXTENSION pg_ferry;
