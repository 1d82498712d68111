-- The reject log: every error of every refused row with its column, value, class, SQLSTATE and constraint, whatever
-- refused it; and the row of ferry.loads that tells the whole load.
\set VERBOSITY terse
\getenv data FERRY_TEST_DATA
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
RESET client_min_messages;
SET bytea_output = 'escape';
CREATE SCHEMA reject_tables;
SET search_path = reject_tables;

-- Loads a CSV and tells its counts and every error: record/ordinal, class, SQLSTATE, column and type, value, constraint.
CREATE FUNCTION pg_temp.try(target regclass, input text, options text DEFAULT '') RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  report ferry.load_report;
BEGIN
  EXECUTE format('SELECT * FROM ferry.migrate_csv_data(%L, $1%s)', target, options) INTO report USING convert_to(input, 'UTF8');
  RETURN NEXT format('%s: %s read, %s loaded, %s rejected', report.status, report.rows_read, report.rows_loaded, report.rows_rejected);
  RETURN QUERY SELECT format('%s/%s %s %s %s:%s(%s)=%s [%s] %s', r.record_number, e.ordinal, e.class, e.sqlstate,
      coalesce(e.column_number::text, '-'), coalesce(e.column_name, '-'), coalesce(e.column_type, '-'), coalesce(quote_literal(e.value), 'null'), coalesce(e.constraint_name, '-'), e.message)
    FROM ferry.rejects r LEFT JOIN ferry.reject_errors e USING (reject_id)
    WHERE r.load_id = report.load_id ORDER BY r.record_number, e.ordinal;
END
$$;
\pset tuples_only
\pset format unaligned

CREATE TABLE parent (id int PRIMARY KEY, alt text UNIQUE);
INSERT INTO parent VALUES (1, 'one'), (2, 'two');
CREATE TABLE parent2 (x int, y int, PRIMARY KEY (x, y));
INSERT INTO parent2 VALUES (1, 1), (1, 2);
CREATE DOMAIN small AS int CHECK (VALUE < 100) CONSTRAINT small_even CHECK (VALUE % 2 = 0);
CREATE DOMAIN given AS text NOT NULL;
CREATE TABLE t (
  id int CONSTRAINT t_pkey PRIMARY KEY,
  code varchar(5) NOT NULL CONSTRAINT t_code_key UNIQUE,
  amount numeric(5,2) CONSTRAINT t_amount_positive CHECK (amount > 0),
  day date NOT NULL,
  parent_id int CONSTRAINT t_parent_fkey REFERENCES parent,
  x int, y int,
  size small,
  CONSTRAINT t_xy_fkey FOREIGN KEY (x, y) REFERENCES parent2,
  CONSTRAINT t_day_before CHECK (day < '2030-01-01' OR amount < 10));

-- ---- One error each ----
SELECT pg_temp.try('t', E'1,a,1.5,2021-01-01,1,1,2,4\n2,b,,2021-01-01,,,,\n');
SELECT pg_temp.try('t', E'x,c,1,2021-01-01,,,,\n');                  -- type
SELECT pg_temp.try('t', E'99999999999,c,1,2021-01-01,,,,\n');        -- out of range
SELECT pg_temp.try('t', E'3,toolong,1,2021-01-01,,,,\n');            -- type modifiers
SELECT pg_temp.try('t', E'3,c,12345.6,2021-01-01,,,,\n');
SELECT pg_temp.try('t', E'3,c,1,2021-02-29,,,,\n');
SELECT pg_temp.try('t', E'3,,1,2021-01-01,,,,\n');                   -- not null
SELECT pg_temp.try('t', E'3,c,0,2021-01-01,,,,\n');                  -- check
SELECT pg_temp.try('t', E'1,c,1,2021-01-01,,,,\n');                  -- unique, against the table
SELECT pg_temp.try('t', E'3,c,1,2021-01-01,7,,,\n');                 -- foreign key
SELECT pg_temp.try('t', E'3,c,1,2021-01-01,,2,1,\n');                -- foreign key of two columns
SELECT pg_temp.try('t', E'3,c,1,2021-01-01,,,,7\n');                 -- domain
SELECT pg_temp.try('t', E'3,c,1,2021-01-01,,,,200\n');
-- A key with a null in it is not looked up (MATCH SIMPLE).
SELECT pg_temp.try('t', E'3,c,1,2021-01-01,,77,,\n');
DELETE FROM t WHERE id > 2;
-- ---- Several errors in one row ----
SELECT pg_temp.try('t', E'x,toolong,abc,never,q,,,odd\n');
SELECT pg_temp.try('t', E',,-1,,9,9,9,3\n');
SELECT status, rows_loaded FROM ferry.migrate_csv_data('t', E'1,a,-1,2031-01-01,7,2,2,\n');
SELECT constraint_name FROM ferry.reject_errors WHERE reject_id = (SELECT max(reject_id) FROM ferry.rejects) ORDER BY 1;
SELECT pg_temp.try('t', E'4,d,50,2031-01-01,x,2,2,\n');
-- ---- Unique within the file: the first one wins, rows that were refused for something else do not count ----
SELECT pg_temp.try('t', E'3,c,1,2021-01-01,,,,\n3,d,1,2021-01-01,,,,\n4,c,1,2021-01-01,,,,\n4,e,1,2021-01-01,,,,\n');
SELECT pg_temp.try('t', E'5,f,-1,2021-01-01,,,,\n5,f,1,2021-01-01,,,,\n5,f,1,2021-01-01,,,,\n');
SELECT id, code FROM t ORDER BY id;
-- Nulls are distinct, but not where the index says otherwise; expressions and partial indexes are indexes too.
CREATE TABLE u (a int, b text, c text);
CREATE UNIQUE INDEX u_a ON u (a);
CREATE UNIQUE INDEX u_lower ON u (lower(b)) WHERE a > 10;
SELECT pg_temp.try('u', E',x,\n,x,\n11,Y,\n12,y,\n1,Y,\n2,y,\n');
TRUNCATE u;
DROP INDEX u_a, u_lower;
CREATE UNIQUE INDEX u_c ON u (c) NULLS NOT DISTINCT;
SELECT pg_temp.try('u', E'1,x,\n2,y,\n3,z,q\n');
-- ---- Exclusion ----
CREATE TABLE bookings (room int4range, note text, CONSTRAINT bookings_apart EXCLUDE USING gist (room WITH &&));
SELECT pg_temp.try('bookings', E'"[1,5)",a\n"[3,7)",b\n"[5,9)",c\nnonsense,d\n"[8,9)",e\n');
SELECT * FROM bookings;
-- ---- A domain that is not null, and one column of a table that cannot be null because it is a key ----
CREATE TABLE d (g given, k int PRIMARY KEY);
SELECT status, rows_loaded, rows_rejected FROM ferry.migrate_csv_data('d', E',1\nx,\ny,2\n');
SELECT * FROM d;
SELECT r.record_number, e.sqlstate FROM ferry.rejects r JOIN ferry.reject_errors e USING (reject_id) JOIN ferry.loads l USING (load_id) WHERE l.target = 'reject_tables.d' ORDER BY e.reject_id;
-- ---- Deep in the file: every row of many batches is settled the same way ----
TRUNCATE u;
DROP INDEX u_c;
ALTER TABLE u ADD PRIMARY KEY (a), ADD CONSTRAINT u_b CHECK (b <> 'bad'), ADD CONSTRAINT u_fkey FOREIGN KEY (c) REFERENCES parent (alt);
SELECT status, rows_read, rows_loaded, rows_rejected FROM ferry.migrate_csv_data('u', (SELECT convert_to(string_agg(format('%s,%s,%s',
  CASE WHEN i % 100 = 10 THEN i - 1 ELSE i END, CASE WHEN i % 100 = 20 THEN 'bad' ELSE 'good' END, CASE WHEN i % 100 = 30 THEN 'three' ELSE 'two' END), E'\n' ORDER BY i), 'UTF8')
  FROM generate_series(1, 30000) i));
SELECT e.class, e.sqlstate, e.constraint_name, e.column_name, count(*), min(r.record_number), max(r.record_number),
  count(DISTINCT r.record_number % 100) FROM ferry.rejects r JOIN ferry.reject_errors e USING (reject_id)
WHERE r.load_id = (SELECT max(load_id) FROM ferry.loads) GROUP BY 1, 2, 3, 4 ORDER BY 1;
SELECT count(*), sum(a) FROM u;
-- ---- Hints tell what may help ----
SELECT pg_temp.try('t', E'9,c9,1,2021-01-01,7,,,\n') \g /dev/null
SELECT hint FROM ferry.reject_errors ORDER BY reject_id DESC LIMIT 1;
-- ---- Rows are whole and as they came, however long ----
SELECT pg_temp.try('u', 'x,' || repeat('y', 100000) || ',z') \g /dev/null
SELECT length(raw), raw = convert_to('x,' || repeat('y', 100000) || ',z', 'UTF8') AS whole, status FROM ferry.rejects ORDER BY reject_id DESC LIMIT 1;
SET ferry.log_raw_rows = off;
SELECT pg_temp.try('u', 'x,secret,');
SELECT raw IS NULL AS off FROM ferry.rejects ORDER BY reject_id DESC LIMIT 1;
RESET ferry.log_raw_rows;

-- ---- ferry.loads ----
SELECT * FROM ferry.migrate_csv('parent', :'data' || '/departments.csv', header => 'off', reject_limit => 5) \gset
\pset tuples_only off
\pset format aligned
\x
SELECT l.target, l.source_kind, l.source_name = :'data' || '/departments.csv' AS source_name, l.options - 'header' AS options, l.options ? 'header' AS header, l.loaded_by = current_user AS loaded_by,
  l.status, l.rows_read, l.rows_loaded, l.rows_rejected, l.rows_repaired, l.bytes_read,
  l.source_sha256 = encode(sha256(pg_read_binary_file(l.source_name)), 'hex') AS sha256,
  l.started_at <= l.finished_at AND l.finished_at <= clock_timestamp() AND l.started_at > now() - interval '1 minute' AS times,
  l.elapsed >= '0' AS elapsed,
  (l.status, l.rows_read, l.rows_loaded, l.rows_rejected, l.rows_repaired, l.bytes_read, l.elapsed)
    = (:'status', :rows_read, :rows_loaded, :rows_rejected, :rows_repaired, :bytes_read, :'elapsed'::interval) AS as_reported
FROM ferry.loads l WHERE l.load_id = :load_id;
SELECT load_id FROM ferry.migrate_csv_data('parent', E'"ID";alt\n50;fifty\n', columns => '{id,alt}', header => 'on', delimiter => ';', quote => '''', escape => '\', null_string => 'nil',
  on_error => 'abort', dry_run => true) \gset
SELECT target, source_kind, source_name, options - 'header' AS options, options ? 'header' AS header, status, source_sha256 = encode(sha256(E'"ID";alt\n50;fifty\n'), 'hex') AS sha256 FROM ferry.loads WHERE load_id = :load_id;
\x
-- Deleting a load takes its rejects along; nobody else writes to the log by hand.
SELECT count(*) > 0 AS before FROM ferry.rejects;
DELETE FROM ferry.loads;
SELECT (SELECT count(*) FROM ferry.rejects) AS rejects, (SELECT count(*) FROM ferry.reject_errors) AS errors;

DROP TABLE t, u, d, bookings, parent, parent2;
DROP DOMAIN small, given;
RESET search_path;
DROP SCHEMA reject_tables;
DROP EXTENSION pg_ferry;
