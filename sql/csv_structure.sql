-- The bytes of a CSV: line ends, marks, quotes, and rows that cannot be cut into fields or are no text. Every broken row
-- is a reject that tells where it stood and holds it byte for byte; the rows after it are loaded.
\set VERBOSITY terse
\getenv data FERRY_TEST_DATA
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
RESET client_min_messages;
SET bytea_output = 'escape';
CREATE SCHEMA csv_bytes;
SET search_path = csv_bytes;
CREATE TABLE t (id int, name text, note text);

-- Loads an input into the empty table and tells the counts, the rows and the rejects; the last line is a check of what
-- must hold for every input: each reject is cut out of it at its own offset, and starts on its own line.
CREATE FUNCTION pg_temp.try(input bytea, options text DEFAULT '') RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  report ferry.load_report;
  bad int;
BEGIN
  TRUNCATE csv_bytes.t;
  EXECUTE format('SELECT * FROM ferry.migrate_csv_data(%L, $1%s)', 'csv_bytes.t', options) INTO report USING input;
  RETURN NEXT format('%s: %s read, %s loaded, %s rejected', report.status, report.rows_read, report.rows_loaded, report.rows_rejected);
  RETURN QUERY SELECT 'row ' || replace(replace(t::text, E'\r', '\r'), E'\n', '\n') FROM csv_bytes.t;
  RETURN QUERY SELECT format('reject record %s line %s offset %s: %s | %s', r.record_number, r.line_number, r.byte_offset,
      replace(replace(encode(r.raw, 'escape'), E'\n', '\n'), E'\r', '\r'),
      string_agg(concat_ws(' ', e.class, e.sqlstate, e.column_name, e.message), '; ' ORDER BY e.ordinal))
    FROM ferry.rejects r JOIN ferry.reject_errors e USING (reject_id)
    WHERE r.load_id = report.load_id GROUP BY r.reject_id ORDER BY r.record_number;
  SELECT count(*) INTO bad FROM ferry.rejects r
    WHERE r.load_id = report.load_id AND r.raw <> substring(input FROM r.byte_offset::int + 1 FOR length(r.raw));
  IF bad > 0 THEN RETURN NEXT bad || ' rejects are not what stands at their offset'; END IF;
  IF report.rows_read <> report.rows_loaded + report.rows_rejected THEN RETURN NEXT 'rows were lost'; END IF;
  IF report.bytes_read <> length(input) THEN RETURN NEXT 'bytes were not read'; END IF;
END
$$;
CREATE FUNCTION pg_temp.try(input text, options text DEFAULT '') RETURNS SETOF text LANGUAGE sql AS
$$SELECT pg_temp.try(convert_to(input, 'UTF8'), options)$$;
\pset tuples_only
\pset format unaligned

-- ---- Line ends ----
SELECT pg_temp.try(E'1,a,x\n2,b,y\n');
SELECT pg_temp.try(E'1,a,x\r\n2,b,y\r\n');
SELECT pg_temp.try(E'1,a,x\r2,b,y\r');
SELECT pg_temp.try(E'1,a,x\r\n2,b,y\n3,c,z');
SELECT pg_temp.try(E'1,a,x\n2,b,y\r\n3,c,z\r\n');
-- Line numbers count physical lines, whatever ends them.
SELECT pg_temp.try(E'1,"a\nb\nc",x\nx,b,y\n3,"d\r\ne",z\ny,,\n');
SELECT pg_temp.try(E'1,"a\r\nb",x\r\nx,b,y\r\n');
SELECT pg_temp.try(E'1,"a\rb",x\rx,b,y\r');
SELECT pg_temp.try(E'id,name,note\nx,b,y\n');
-- ---- Marks ----
SELECT pg_temp.try(E'\ufeff1,a,x\nx,b,y');
SELECT pg_temp.try(E'\ufeff"1",a,x');
SELECT pg_temp.try(E'\ufeff');
SELECT pg_temp.try(E'\\xefbb'::bytea);
-- ---- Blank lines ----
SELECT pg_temp.try(E'\n\n1,a,x\n\n2,b,y\n\n\nx,c,z\n\n');
SELECT pg_temp.try(E'\r\n1,a,x\r\n\r\n');
SELECT pg_temp.try(E'   \n');
SELECT pg_temp.try(E',,\n');
-- ---- Number of fields ----
SELECT pg_temp.try(E'1,a\n2,b,y\n3,c,z,more\n4\n5,,,,,\n6,f,w\n');
SELECT pg_temp.try(E'1,a\n', $$, columns => '{id,name}'$$);
-- ---- Quotes ----
SELECT pg_temp.try(E'1,"a,b",""\n"2","say ""hi""",""""\n3," sp ","a""b"\n');
SELECT pg_temp.try(E'1,"never closed,x\n2,b,y\n3,c,z\n');
SELECT pg_temp.try(E'1,a,"never closed');
SELECT pg_temp.try(E'1,a,"');
-- Where a quote that is never closed meets one that is, the rows before and behind both are loaded all the same.
SELECT line FROM pg_temp.try(E'1,"two\nlines",x\n2,"open,y\n3,"two\nmore",z\n4,d,w\n') line WHERE line ~ '^row [(][14]';
SELECT pg_temp.try(E'1,a,x\n2,b,y"\n3,c,z\n');
SELECT pg_temp.try(E'1,''open,x\n2,b,y\n', $$, quote => ''''$$);
SELECT pg_temp.try(E'1,"a\\"b",x\n2,"b\\\\",y\n3,"c\\x",z', $$, escape => '\'$$);
-- ---- Bytes that are no text ----
SELECT pg_temp.try('1,a\000b,x\0122,b,y\012'::bytea);
SELECT pg_temp.try('1,a,x\0122,\377,y\0123,c,\303\0124,\303\251,z\012'::bytea);
-- Overlong, surrogate, beyond U+10FFFF, a lone continuation byte, cut short by the end of the file.
SELECT pg_temp.try('1,\300\200,x\0122,\355\240\200,y\0123,\364\220\200\200,z\0124,\200,w\0125,e,\342\202'::bytea);
SELECT pg_temp.try('1,"\377\012\000",x\0122,b,y\012'::bytea);
SELECT pg_temp.try('\000'::bytea);
SELECT pg_temp.try('\377\376'::bytea);
-- Characters of two to four bytes arrive unharmed, and so do control characters.
SELECT line FROM pg_temp.try(E'1,ñ€😀,\u0001\u001f\u007f\n2,\ufeffa,\t') line WHERE line !~ '^row';
SELECT id, convert_to(name, 'UTF8') AS name, encode(convert_to(note, 'UTF8'), 'hex') AS note FROM t;
-- ---- The same from a file ----
CREATE TABLE departments (id int, department text NOT NULL);
CREATE TABLE hires (id int, name text, datetime timestamptz, department_id int, job_id int);
SELECT status, rows_read, rows_loaded, rows_rejected FROM ferry.migrate_csv('departments', :'data' || '/dirty/bom_crlf_header.csv');
SELECT * FROM departments;
SELECT status, rows_read, rows_loaded, rows_rejected FROM ferry.migrate_csv('hires', :'data' || '/dirty/unterminated_quote.csv');
SELECT id, name FROM hires;
TRUNCATE hires;
SELECT status, rows_read, rows_loaded, rows_rejected FROM ferry.migrate_csv('hires', :'data' || '/dirty/field_counts.csv');
SELECT id, name FROM hires;
TRUNCATE hires;
SELECT status, rows_read, rows_loaded, rows_rejected FROM ferry.migrate_csv('hires', :'data' || '/dirty/bad_encoding.csv');
SELECT id, name FROM hires;
SELECT count(*), bool_and(r.raw = substring(pg_read_binary_file(l.source_name) FROM r.byte_offset::int + 1 FOR length(r.raw)))
FROM ferry.rejects r JOIN ferry.loads l USING (load_id) WHERE l.source_kind = 'csv file';
-- ---- Size ----
-- A field of 3 MB, a row of 60 columns, and rows that straddle every block of the reader.
TRUNCATE t;
SELECT status, rows_loaded FROM ferry.migrate_csv_data('t', convert_to('1,"' || repeat(E'0123456789abcde\n', 200000) || E'",x\n2,b,y', 'UTF8'));
SELECT id, length(name), md5(name) = md5(repeat(E'0123456789abcde\n', 200000)) AS same FROM t WHERE id = 1;
SELECT format('CREATE TABLE wide (%s)', string_agg('c' || i || CASE i % 3 WHEN 0 THEN ' int' WHEN 1 THEN ' text' ELSE ' date' END, ', ' ORDER BY i))
FROM generate_series(1, 60) i \gexec
SELECT status, rows_loaded, rows_rejected FROM ferry.migrate_csv_data('wide', (SELECT convert_to(string_agg(
  (SELECT string_agg(CASE i % 3 WHEN 0 THEN (r * i)::text WHEN 1 THEN 'v' || r ELSE '2021-01-01' END, ',' ORDER BY i) FROM generate_series(1, 60) i),
  E'\n' ORDER BY r), 'UTF8') FROM generate_series(1, 500) r));
SELECT count(*), sum(c60), count(DISTINCT c58), to_char(min(c59), 'YYYY-MM-DD') FROM wide;
TRUNCATE t;
SELECT status, rows_read, rows_loaded, rows_rejected FROM ferry.migrate_csv_data('t', (SELECT convert_to(string_agg(CASE WHEN i % 1000 = 7 THEN 'x' ELSE i::text END || ',"' || repeat('q', i % 97) || E'\n",', E'\n' ORDER BY i), 'UTF8') FROM generate_series(1, 20000) i));
SELECT count(*), sum(id), sum(length(name)) FROM t;
SELECT count(*), bool_and(line_number = 2 * record_number - 1) AS lines, bool_and(record_number % 1000 = 7) AS records
FROM ferry.rejects WHERE load_id = (SELECT max(load_id) FROM ferry.loads);

DROP TABLE t, wide, departments, hires;
RESET search_path;
DROP SCHEMA csv_bytes;
DROP EXTENSION pg_ferry;
