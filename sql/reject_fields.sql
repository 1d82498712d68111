-- reject_fields: every field of a refused row with its value and what is wrong there, in whatever way the row was written;
-- and no value where a row does not come apart.
\set VERBOSITY terse
SET client_min_messages = error;
CREATE EXTENSION pg_ferry;
CREATE SCHEMA reject_fields;
SET search_path = reject_fields;
CREATE TABLE t (id integer PRIMARY KEY, word varchar(5) NOT NULL, "on" date, twice integer GENERATED ALWAYS AS (id * 2) STORED, UNIQUE ("on", word));
CREATE FUNCTION latest() RETURNS SETOF bigint LANGUAGE sql AS $$
  SELECT r.reject_id FROM ferry.rejects r WHERE r.load_id = (SELECT max(l.load_id) FROM ferry.loads l) ORDER BY r.reject_id $$;
-- One line for each row: column=value, and in brackets the classes of what is wrong.
CREATE FUNCTION show() RETURNS SETOF text LANGUAGE sql AS $$
  SELECT string_agg(format('%s %s %s=%s%s', f.position, f.column_type, f.column_name, coalesce(quote_literal(f.value), 'null'),
           (SELECT string_agg(format(' [%s %s %s %s]', e ->> 'code', e ->> 'column', e ->> 'sqlstate', coalesce(e ->> 'value', '-')), '') FROM json_array_elements(f.errors) e)), '; ' ORDER BY f.position)
  FROM latest() WITH ORDINALITY l (reject, n), ferry.reject_fields(l.reject) f GROUP BY l.n ORDER BY l.n $$;
\pset tuples_only
\pset format unaligned

-- CSV: quotes, NULL, types, several errors, too few and too many fields, an open quote, an empty line.
INSERT INTO t VALUES (1, 'one', '2020-01-01');
SELECT status FROM ferry.migrate_csv_data('t', convert_to(E'x,"a ""b"", c",never\n2,,\n1,one,2020-01-01\n4\n5,five,2020-01-05,more,\n6,"open,2020-01-01\n', 'UTF8'));
SELECT show();
SELECT status FROM ferry.migrate_csv_data('t', convert_to(E'on;id\n''a;\\''b'';-\n', 'UTF8'), delimiter => ';', quote => '''', escape => '\', null_string => '-');
SELECT show();
-- Encodings, and bytes that are no text.
SELECT status FROM ferry.migrate_csv_data('t', '\x782c4d75f16f7a2c0a'::bytea, encoding => 'LATIN1');
SELECT show();
SELECT status FROM ferry.migrate_csv_data('t', '\xfffe78002c00f1002c000a00'::bytea);
SELECT show();
SELECT status FROM ferry.migrate_csv_data('t', '\x782c4d75f16f7a2c0a792c6100622c0a'::bytea);
SELECT show();
-- JSON: by the table's columns; texts, numbers, arrays, null, absent, a key that is no column, no object at all.
SELECT ferry.insert_batch('t', '[{"word": "w", "id": "x", "other": 1}, {"id": 1.5, "word": null, "on": [1, {"a": 2}]}, {"word": "lo\u006eger than five"}, 5]') ->> 'rejected';
SELECT show();
-- A row that is another one after a replay with other options; one that is settled.
SELECT status FROM ferry.migrate_csv_data('t', convert_to(E'7,seven,\n8;eight;\n', 'UTF8'));
SELECT show();
SELECT status, rows_loaded FROM ferry.replay((SELECT max(load_id) FROM ferry.loads), delimiter => ';');
SELECT f.column_name, f.value FROM ferry.rejects r, ferry.reject_fields(r.reject_id) f WHERE r.raw = '8;eight;' ORDER BY f.position;
-- What it gives goes to fix_reject.
SELECT status FROM ferry.migrate_csv_data('t', convert_to(E'x,nine,2021-12-31\n', 'UTF8'));
SELECT ferry.fix_reject(l, (SELECT json_object_agg(f.column_name, CASE WHEN json_array_length(f.errors) > 0 THEN '9' ELSE f.value END) FROM ferry.reject_fields(l) f)) ->> 'inserted' FROM latest() l;
SELECT * FROM t WHERE id = 9;
-- Rows that were not kept, and Avro's.
SET ferry.log_raw_rows = off;
SELECT status FROM ferry.migrate_csv_data('t', convert_to(E'x,ten,\n', 'UTF8'));
SELECT show();
RESET ferry.log_raw_rows;
SELECT rows FROM ferry.backup_table_avro('t', name => 'reject_fields.avro');
ALTER TABLE t ADD CHECK (id <> 9) NOT VALID;
SELECT status, rows_rejected FROM ferry.restore_table_avro('t', 'reject_fields.avro');
SELECT show();
-- A restore whose columns were told.
SELECT status FROM ferry.restore_table_avro('t', 'reject_fields.avro', columns => '{"on": null}');
SELECT show();
SELECT count(*) FROM ferry.backups b, ferry.drop_backup(b.backup_id) WHERE b.path = 'reject_fields.avro';
-- Columns and tables that have gone.
SELECT status FROM ferry.migrate_csv_data('t', convert_to(E'x,word,\n', 'UTF8'));
ALTER TABLE t DROP COLUMN word;
SELECT show();
SELECT ferry.insert_batch('t', '[{"id": "x"}]') ->> 'rejected';
ALTER TABLE t RENAME TO u;
SELECT ferry.reject_fields(l) FROM latest() l;
SELECT column_name, column_type, value FROM ferry.rejects r, ferry.reject_fields(r.reject_id) WHERE r.raw = 'x,word,';

-- Errors and rights.
SELECT ferry.reject_fields(-1);
SELECT ferry.reject_fields(NULL);
CREATE ROLE regress_fields;
SET ROLE regress_fields;
SELECT ferry.reject_fields(1);
RESET ROLE;
GRANT EXECUTE ON FUNCTION ferry.reject_fields TO regress_fields;
SELECT max(reject_id) AS last FROM ferry.rejects \gset
SET ROLE regress_fields;
\set VERBOSITY sqlstate
SELECT ferry.reject_fields(:last);
\set VERBOSITY terse
RESET ROLE;
GRANT pg_read_all_data TO regress_fields;
ALTER TABLE u RENAME TO t;
SET ROLE regress_fields;
SELECT column_name, value FROM ferry.reject_fields(:last);
RESET ROLE;
DROP OWNED BY regress_fields;
DROP ROLE regress_fields;
DROP SCHEMA reject_fields CASCADE;
DROP EXTENSION pg_ferry;
