-- The repair of rejects: replay, fix, dismiss, export, purge, who may do so, and what the log keeps.
\set VERBOSITY default
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
CREATE SCHEMA repair;
SET search_path = repair, pg_catalog;
SET DateStyle = 'ISO, MDY';
SET TimeZone = 'UTC';
\pset format unaligned
\pset tuples_only on
CREATE TABLE dept (id int PRIMARY KEY, name text);
INSERT INTO dept VALUES (1, 'one');
CREATE TABLE e (id int PRIMARY KEY, name varchar(6) NOT NULL, hired date, pay numeric(8,2), dept_id int REFERENCES dept, note text);
CREATE FUNCTION pg_temp.rejects(load bigint) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT concat_ws('|', r.reject_id, r.status, r.settled_by, r.record_number, r.line_number, r.byte_offset, encode(r.raw, 'escape'),
    (SELECT string_agg(concat_ws(' ', e.sqlstate, e.column_name, '@' || e.byte_position), ', ' ORDER BY e.ordinal) FROM ferry.reject_errors e WHERE e.reject_id = r.reject_id))
  FROM ferry.rejects r WHERE r.load_id = $1 ORDER BY r.reject_id $$;
CREATE FUNCTION pg_temp.report(r ferry.load_report) RETURNS text LANGUAGE sql AS $$
  SELECT format('%s: %s read, %s loaded, %s rejected, %s repaired, %s bytes', $1.status, $1.rows_read, $1.rows_loaded, $1.rows_rejected, $1.rows_repaired, $1.bytes_read) $$;
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

-- ---- A load says aloud what it left out, and where in the row each fault is ----
SELECT pg_temp.report(r) FROM ferry.migrate_csv_data('e', convert_to(
E'1,Ann,2021-01-01,10.5,1,\n'
'2,Bob,31/12/2021,1,1,\n'
'3,Cid,13/01/2021,"1,234.50",1,"two\nlines"\n'
'4,"Do""ra",2021-01-01,N/A,1,\n'
'5,Eve,2021-01-01,-,99,\n'
'6,Fay,2021-01-01,3,100,\n'
'7,Gregory,2021-01-01,3,1,\n'
'8,,2021-01-01,3,1,"é, then"\n'
'1,Dup,2021-01-01,3,1,\n'
'9,x\n'
'10,Kim,2021-01-01,x,99,y,surplus\n'
'11,"open,2021-01-01,3,1,\n'
'12,Lou,2021-01-01,3,1,last\n', 'UTF8')) r;
SELECT pg_temp.rejects(1);
-- A dry run changes nothing, an aborted replay neither; both have a log of their own.
SELECT pg_temp.report(r) FROM ferry.replay(1, date_format => 'DD/MM/YYYY', dry_run => true) r;
SELECT pg_temp.report(r) FROM ferry.replay(1, date_format => 'DD/MM/YYYY', on_error => 'abort') r;
SELECT pg_temp.refusal($$SELECT ferry.replay(1, on_error => 'raise')$$);
SELECT status, count(*) FROM ferry.rejects WHERE load_id = 1 GROUP BY 1;
SELECT load_id, source_kind, replay_of, status, rows_read, rows_loaded, rows_rejected FROM ferry.loads ORDER BY 1;
SELECT load_id, count(*) FROM ferry.rejects GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM e;
DELETE FROM ferry.loads WHERE load_id > 1;
-- With parents where they were missing; a row with another fault as well stays, with that one only.
INSERT INTO dept VALUES (99), (100);
SELECT load_id AS first, pg_temp.report(r) AS report FROM ferry.replay(1) r \gset
\echo :report
SELECT pg_temp.rejects(1);
-- With other options. What is not given stays as it was in the replay before; the number of a replay stands for the load.
SELECT pg_temp.report(r) FROM ferry.replay(:first, date_format => 'DD/MM/YYYY', decimal_mark => '.') r;
SELECT pg_temp.report(r) FROM ferry.replay(1, also_null => '{N/A,-}') r;
SELECT pg_temp.report(r) FROM ferry.replay(1, repair => 'salvage') r;
SELECT pg_temp.rejects(1);
-- Lineage: what was wrong with a row that went in is still told, how it was mended, and which replay brought it in.
SELECT l.load_id - :first AS replay, l.replay_of, l.source_kind, l.rows_loaded, (SELECT count(*) FROM ferry.rejects r WHERE r.settled_by = l.load_id) AS settled,
  (SELECT count(*) FROM ferry.rejects r WHERE r.load_id = l.load_id) AS rejects FROM ferry.loads l ORDER BY 1;
SELECT options - '{columns,quote,escape,encoding,null_string,delimiter}'::text[] FROM ferry.loads ORDER BY load_id DESC LIMIT 1;
SELECT r.reject_id, e.ordinal, e.message FROM ferry.rejects r JOIN ferry.reject_errors e USING (reject_id) WHERE r.load_id = 1 AND r.settled_by = :first + 3 ORDER BY r.reject_id, e.ordinal;
SELECT * FROM e ORDER BY id;

-- ---- Fix and dismiss ----
SELECT reject_id AS missing FROM ferry.rejects WHERE load_id = 1 AND record_number = 8 \gset
SELECT reject_id AS duplicate FROM ferry.rejects WHERE load_id = 1 AND record_number = 9 \gset
SELECT a ->> 'inserted', a ->> 'rejected', a ->> 'message', jsonb_path_query_array(a, '$.errors[*].pointer') FROM (SELECT ferry.fix_reject(:missing, '{"id": 8, "hired": "x", "nme": "Hal"}')::jsonb) f (a);
SELECT pg_temp.rejects(1) LIMIT 1 OFFSET 6;
SELECT a - 'load' FROM (SELECT ferry.fix_reject(:missing, '{"id": 8, "name": "Hal", "hired": "2021-01-01"}')::jsonb) f (a);
SELECT r.status, l.source_kind, l.replay_of, l.options = jsonb_build_object('mode', 'partial', 'dry_run', false, 'fixes', :missing) AS options
  FROM ferry.rejects r JOIN ferry.loads l ON l.load_id = r.settled_by WHERE r.reject_id = :missing;
SELECT l.status, l.rows_rejected, (SELECT count(*) FROM ferry.rejects r WHERE r.load_id = l.load_id) AS rejects FROM ferry.loads l WHERE source_kind = 'json' ORDER BY 1;
SELECT ferry.fix_reject(:missing, '{"id": 88, "name": "Hal"}');
SELECT ferry.fix_reject(:duplicate, NULL);
SELECT ferry.fix_reject(:duplicate, '[]')::jsonb -> 'errors' -> 0 ->> 'message';
SELECT ferry.dismiss_reject(:duplicate, 'twice in the file');
SELECT status, note, settled_by FROM ferry.rejects WHERE reject_id = :duplicate;
SELECT ferry.dismiss_reject(:duplicate);
SELECT ferry.fix_reject(0, '{}');
SELECT ferry.dismiss_reject(NULL);

-- ---- Nothing open, nothing there ----
ALTER TABLE e ALTER name TYPE varchar(7);
SELECT ferry.dismiss_reject(reject_id) FROM ferry.rejects WHERE load_id = 1 AND record_number = 11;
SELECT pg_temp.report(r) FROM ferry.replay(1) r;
SELECT pg_temp.report(r) FROM ferry.replay(1) r;
SELECT status, count(*) FROM ferry.rejects WHERE load_id = 1 GROUP BY 1 ORDER BY 1;
SELECT ferry.replay(0);
SELECT ferry.replay(NULL);
SELECT pg_temp.refusal(format('SELECT ferry.replay(1, %s)', o)) FROM unnest(ARRAY['delimiter => '';;''', 'quote => ''auto''', 'delimiter => ''"''', 'date_format => ''DD/QQ''',
  'repair => ''all''', 'decimal_mark => ''x''', 'encoding => ''EBCDIC''', 'on_error => ''x''', 'also_null => ''{NULL}''']) o;

-- ---- Loads that left no rows in their table ----
TRUNCATE e;
SELECT load_id AS aborted FROM ferry.migrate_csv_data('e', E'1,A,2021-01-01,,,\nx,B,2021-01-01,,,\n', on_error => 'abort') \gset
SELECT load_id AS dry FROM ferry.migrate_csv_data('e', E'1,A,2021-01-01,,,\nx,B,2021-01-01,,,\n', dry_run => true) \gset
SELECT ferry.replay(:aborted);
SELECT ferry.replay(:dry);
SELECT ferry.fix_reject(reject_id, '{"id": 5}') FROM ferry.rejects WHERE load_id = :dry;

-- ---- A table that is gone, or has another name now ----
SELECT load_id AS load FROM ferry.migrate_csv_data('e', E'x,B,2021-01-01,,,\n') \gset
ALTER TABLE e RENAME TO f;
SELECT ferry.replay(:load);
SELECT ferry.fix_reject(reject_id, '{}') FROM ferry.rejects WHERE load_id = :load;
SELECT rows, proposal ~ '^correct each row' FROM ferry.reject_summary(:load);
ALTER TABLE f RENAME TO e;
BEGIN READ ONLY;
SELECT ferry.replay(:load);
ROLLBACK;

-- ---- Rows with broken quotes do not swallow their neighbours, and one row may become several ----
CREATE TABLE q (id int, word varchar(12));
SELECT load_id AS load, pg_temp.report(r) AS report
  FROM ferry.migrate_csv_data('q', E'x,''tis\n2,won''t\n3,''twas\ny,I''d rather not\nz,fine\n4,good\n5,''open\n', quote => '''') r \gset
\echo :report
SELECT pg_temp.rejects(:load);
SELECT pg_temp.report(r) FROM ferry.replay(:load, quote => '"') r;
SELECT pg_temp.rejects(:load);
SELECT * FROM q ORDER BY id;
-- Now they are rows of their own.
SELECT pg_temp.report(r) FROM ferry.replay(:load, also_null => '{y}') r;
-- The same with salvage, in UTF-16, where places are those of the original bytes.
TRUNCATE q;
CREATE FUNCTION pg_temp.utf16(text) RETURNS bytea LANGUAGE sql AS $$
  SELECT string_agg(set_byte(set_byte('\x0000', 0, ascii(c) % 256), 1, ascii(c) / 256), ''::bytea ORDER BY n) FROM regexp_split_to_table($1, '') WITH ORDINALITY AS x (c, n) $$;
SELECT load_id AS load FROM ferry.migrate_csv_data('q', pg_temp.utf16(E'1,\u00e9\nx,\u20ac\n2,5" wide\ny,3" high,more\n3,z\n'), encoding => 'UTF16LE') \gset
SELECT record_number, line_number, byte_offset, position(pg_temp.utf16('wide') IN raw) > 0 AS tied, message, byte_position FROM ferry.rejects JOIN ferry.reject_errors USING (reject_id) WHERE load_id = :load ORDER BY reject_id;
SELECT pg_temp.report(r) FROM ferry.replay(:load, repair => 'salvage') r;
SELECT record_number, line_number, byte_offset, status, raw = pg_temp.utf16('y,3" high,more') AS second, byte_position, message FROM ferry.rejects JOIN ferry.reject_errors USING (reject_id) WHERE load_id = :load ORDER BY reject_id, ordinal;
SELECT * FROM q ORDER BY id;
-- Rows that are pieces of others are not given up for a setting.
TRUNCATE q;
SELECT load_id AS load FROM ferry.migrate_csv_data('q', E'x,''tis\ny,won''t\n', quote => '''') \gset
SET ferry.log_raw_rows = off;
SELECT ferry.replay(:load, quote => '"');
RESET ferry.log_raw_rows;

-- ---- Rows that were not kept ----
TRUNCATE q;
SET ferry.log_raw_rows = off;
SELECT load_id AS load FROM ferry.migrate_csv_data('q', E'x,a\ny,b\n') \gset
RESET ferry.log_raw_rows;
SELECT pg_temp.report(r) FROM ferry.replay(:load) r;
SELECT pg_temp.rejects(:load);
SELECT convert_from(ferry.export_rejects(:load), 'UTF8');
SELECT ferry.fix_reject(reject_id, '{"id": 1, "word": "a"}')::jsonb ->> 'inserted' FROM ferry.rejects WHERE load_id = :load ORDER BY 1 LIMIT 1;

-- ---- JSON ----
TRUNCATE q;
SELECT (ferry.insert_batch('q', '[{"id": 1, "word": "a"}, {"id": "2,5", "word": "b"}, {"id": "N/A", "word": "c, \"d\""}, {"id": 4, "wrd": "e"}, 7]') ->> 'load')::bigint AS load \gset
SELECT pg_temp.rejects(:load);
ALTER TABLE q ADD COLUMN wrd text;
SELECT pg_temp.report(r) FROM ferry.replay(:load, also_null => '{N/A}') r;
SELECT ferry.replay(:load, delimiter => ';');
ALTER TABLE q ALTER id TYPE numeric;
SELECT pg_temp.report(r) FROM ferry.replay(:load, decimal_mark => ',') r;
SELECT pg_temp.rejects(:load);
SELECT * FROM q ORDER BY id, word;
SELECT convert_from(ferry.export_rejects(:load, 'reloaded'), 'UTF8')::json -> 1 ->> 'word';

-- A replay is as strict as its load was, and ignores the keys that it ignored.
TRUNCATE q;
SELECT (ferry.insert_batch('q', '[{"id": "5", "word": "a"}, {"id": 6, "word": "far too long a word", "x": 1}]', strict => true, unknown => 'ignore') ->> 'load')::bigint AS load \gset
ALTER TABLE q ALTER word TYPE text;
SELECT pg_temp.report(r) FROM ferry.replay(:load) r;
SELECT pg_temp.rejects(:load);
ALTER TABLE q ALTER word TYPE varchar(12) USING left(word, 12);

-- ---- Keys that are taken: rows that are left out are given up ----
CREATE TABLE k (id int PRIMARY KEY, v text);
SELECT load_id AS load FROM ferry.migrate_csv_data('k', E'1,a\n1,b\n1,c\nx,d\n2,e,f\n') \gset
SELECT status, rows_loaded, rows_rejected, rows_skipped FROM ferry.replay(:load, on_conflict => 'skip', dry_run => true);
SELECT status, rows_loaded, rows_rejected, rows_skipped FROM ferry.replay(:load, on_conflict => 'skip', repair => 'salvage', also_null => '{b}');
SELECT pg_temp.rejects(:load);
SELECT status, note, count(*) FROM ferry.rejects WHERE load_id = :load GROUP BY 1, 2 ORDER BY 1, 2;
SELECT options ->> 'on_conflict' FROM ferry.loads ORDER BY load_id DESC LIMIT 1;
SELECT load_id AS load FROM ferry.migrate_csv_data('k', E'1,f\n2,g\n') \gset
SELECT status, rows_loaded, rows_rejected, rows_updated FROM ferry.replay(:load);
SELECT status, rows_loaded, rows_rejected, rows_updated FROM ferry.replay(:load, on_conflict => 'update');
SELECT * FROM k ORDER BY id;
SELECT ferry.replay(:load, on_conflict => 'replace');
-- A load that skips or updates is replayed so.
SELECT load_id AS load FROM ferry.migrate_csv_data('k', E'1,z\n"2,5",y\n', on_conflict => 'skip') \gset
ALTER TABLE k ALTER id TYPE numeric;
INSERT INTO k VALUES (2.5);
SELECT status, rows_loaded, rows_rejected, rows_skipped FROM ferry.replay(:load, decimal_mark => ',');

-- ---- What was a backup cannot be replayed ----
CREATE TABLE r (id int CHECK (id < 9));
SELECT format('ferry_repair_test_%s', extract(epoch FROM clock_timestamp())::bigint) AS folder \gset
SET ferry.directory = :'folder';
INSERT INTO r VALUES (7);
SELECT backup_id AS backup FROM ferry.backup_table_avro('r') \gset
ALTER TABLE r DROP CONSTRAINT r_id_check, ADD CHECK (id < 5) NOT VALID;
SELECT load_id AS load FROM ferry.restore_table_avro('r', :backup) \gset
SELECT ferry.replay(:load);
SELECT ferry.export_rejects(:load);
SELECT proposal FROM ferry.reject_summary(:load);
\set cleanup 'cat > /dev/null && rm -rf ' :folder
COPY (SELECT) TO PROGRAM :'cleanup';
RESET ferry.directory;

-- ---- Exports are the rows byte for byte, and can be loaded again ----
CREATE TABLE x ("a;b" int, "c""d" text, e text);
SELECT load_id AS load FROM ferry.migrate_csv_data('x', E'x;|a;b|;1\r\ny;|open;2\r\n3;only\r\nz;| spaced |; q"uote\r\n', delimiter => ';', quote => '|', columns => '{a;b,"c\"d",e}') \gset
SELECT convert_from(ferry.export_rejects(:load), 'UTF8');
SELECT ferry.export_rejects(:load) = '|a;b|;c"d;e'::bytea || '\x0a' || string_agg(raw, '\x0a' ORDER BY reject_id) || '\x0a' AS same FROM ferry.rejects WHERE load_id = :load;
SELECT load_id AS again, pg_temp.report(r) AS report
  FROM ferry.migrate_csv_data('x', ferry.export_rejects(:load), delimiter => ';', quote => '|') r \gset
\echo :report
SELECT (SELECT array_agg(raw ORDER BY reject_id) FROM ferry.rejects WHERE load_id = :load) = (SELECT array_agg(raw ORDER BY reject_id) FROM ferry.rejects WHERE load_id = :again) AS same;
-- Edited, it is loaded with the same options.
SELECT pg_temp.report(r) FROM ferry.migrate_csv_data('x', replace(replace(replace(replace(convert_from(ferry.export_rejects(:load), 'UTF8'), E'\nx;', E'\n1;'), E'\ny;|', E'\n2;'), '3;only', '3;only;'), 'z;', '4;')::bytea,
  delimiter => ';', quote => '|') r;
SELECT * FROM x ORDER BY 1;
SELECT convert_from(ferry.export_rejects(:load, 'dismissed'), 'UTF8');
SELECT ferry.export_rejects(:load, 'lost');
SELECT ferry.export_rejects(0);
-- Through a large object, as psql would save it.
SELECT lo_from_bytea(0, ferry.export_rejects(:load)) AS object \gset
SELECT lo_get(:object) = ferry.export_rejects(:load) AS same;
SELECT lo_unlink(:object);
-- In UTF-16, with a mark.
TRUNCATE q;
SELECT load_id AS load FROM ferry.migrate_csv_data('q', pg_temp.utf16(E'\u00e9,a\n'), encoding => 'UTF16LE', columns => '{id,word}') \gset
SELECT ferry.export_rejects(:load) = pg_temp.utf16(E'\ufeffid,word\n\u00e9,a\n') AS same;
SELECT rows_read, rows_rejected FROM ferry.migrate_csv_data('q', ferry.export_rejects(:load));
-- One column, and rows of no bytes.
CREATE TABLE o (a int NOT NULL);
SELECT load_id AS load FROM ferry.migrate_csv_data('o', E'1\n\nx\n\n') \gset
SELECT ferry.export_rejects(:load);
SELECT rows_read, rows_rejected FROM ferry.migrate_csv_data('o', ferry.export_rejects(:load));
ALTER TABLE o ALTER a DROP NOT NULL;
SELECT pg_temp.report(r) FROM ferry.replay(:load) r;

-- ---- Latin-1 read as UTF-8 ----
CREATE TABLE l (id int, name text);
SELECT load_id AS load FROM ferry.migrate_csv_data('l', '1,Ana\0122,A\361o\012x,\200uro\012'::bytea) \gset
SELECT pg_temp.rejects(:load);
SELECT pg_temp.report(r) FROM ferry.replay(:load, encoding => 'WIN1252') r;
SELECT pg_temp.rejects(:load);
SELECT value, message FROM ferry.reject_errors JOIN ferry.rejects USING (reject_id) WHERE load_id = :load AND status = 'open';
SELECT * FROM l ORDER BY id;

-- ---- Blanks after the delimiters stay no part of values ----
SELECT load_id AS load FROM ferry.migrate_csv_data('l', E'1; Ana\n2; Bo\n3; Cy\nx; Di\n5; Ed\n', delimiter => 'auto') \gset
SELECT options ->> 'trim' FROM ferry.loads WHERE load_id = :load;
ALTER TABLE l ALTER id TYPE text;
SELECT pg_temp.report(r) FROM ferry.replay(:load) r;
SELECT '[' || name || ']' FROM l WHERE id = 'x';

-- ---- Rows that wait for others of their table have their places too, and are replayed like any ----
CREATE TABLE staff (id int PRIMARY KEY, boss int REFERENCES staff, name text);
SELECT load_id AS load FROM ferry.migrate_csv_data('staff', E'12,"9",a\n13,12,b\n14,14,c\n') \gset
SELECT pg_temp.rejects(:load);
INSERT INTO staff VALUES (9);
SELECT pg_temp.report(r) FROM ferry.replay(:load) r;
SELECT * FROM staff ORDER BY id;

-- ---- Masking ----
CREATE TABLE m (id int PRIMARY KEY, code varchar(3) CHECK (code <> 'bad'), parent int REFERENCES dept, day date NOT NULL);
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
ALTER TABLE m ADD amount positive;
SET ferry.log_values = off;
SET ferry.log_raw_rows = off;
SELECT load_id AS load FROM ferry.migrate_csv_data('m', E'1,ok,1,2021-01-01,\n1,ok,1,2021-01-01,\nsecret,ok,1,2021-01-01,\n2,secret,1,2021-01-01,\n3,bad,1,2021-01-01,\n4,ok,424242,2021-01-01,\n5,ok,1,secret,\n6,ok,1,,\n7,secret\n8,ok,1,2021-01-01,-424242\n') \gset
SELECT (ferry.insert_batch('m', '[{"id": 9, "secret": 1}]') ->> 'errors') ~ 'secret' AS answer_tells;
SELECT e.class, e.sqlstate, e.column_name, e.constraint_name, e.value, e.message, e.hint, e.byte_position FROM ferry.rejects r JOIN ferry.reject_errors e USING (reject_id) WHERE r.load_id >= :load ORDER BY reject_id, ordinal;
SELECT count(*) FILTER (WHERE r::text ~ 'secret|424242' OR e::text ~ 'secret|424242' OR l::text ~ 'secret|424242') AS told
  FROM ferry.loads l JOIN ferry.rejects r USING (load_id) JOIN ferry.reject_errors e USING (reject_id) WHERE l.load_id >= :load;
SELECT load_id AS load FROM ferry.migrate_csv_data('m', E'30,"secret,1,2021-01-01,\n', repair => 'salvage') \gset
SELECT r.status, e.message FROM ferry.rejects r JOIN ferry.reject_errors e USING (reject_id) WHERE r.load_id = :load ORDER BY ordinal;
SELECT class, column_name, pattern, rows, example, proposal FROM ferry.reject_summary(:load);
RESET ferry.log_values;
RESET ferry.log_raw_rows;

-- ---- Who may do what ----
\set VERBOSITY terse
CREATE ROLE regress_ferry_loader;
CREATE ROLE regress_ferry_member;
CREATE ROLE regress_ferry_stranger;
CREATE ROLE regress_ferry_auditor;
GRANT regress_ferry_loader TO regress_ferry_member;
GRANT pg_read_all_data TO regress_ferry_auditor;
GRANT USAGE ON SCHEMA repair TO regress_ferry_loader, regress_ferry_stranger, regress_ferry_auditor;
GRANT INSERT ON q TO regress_ferry_loader, regress_ferry_stranger, regress_ferry_auditor;
SET ROLE regress_ferry_loader;
SELECT pg_temp.refusal(s) FROM unnest(ARRAY['ferry.replay(1)', 'ferry.fix_reject(1, ''{}'')', 'ferry.dismiss_reject(1)', 'ferry.reject_summary(1)', 'ferry.export_rejects(1)', 'ferry.purge_loads(''1 day'')']) c (call), format('SELECT %s', call) s;
RESET ROLE;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ferry TO regress_ferry_loader, regress_ferry_stranger, regress_ferry_auditor;
TRUNCATE q;
SET ROLE regress_ferry_loader;
SELECT load_id AS load FROM ferry.migrate_csv_data('q', E'"1,5",a,\n"2,5",b,\nx,c,\n', null_string => 'c') \gset
SELECT min(reject_id) AS reject FROM ferry.rejects \gset
-- Those of another role are not one's own.
SELECT pg_temp.refusal('SELECT ferry.replay(1)');
SET ROLE regress_ferry_stranger;
SELECT pg_temp.refusal(format('SELECT ferry.replay(%s)', :load));
SELECT pg_temp.refusal(format('SELECT ferry.fix_reject(%s, ''{"id": 1}'')', :reject));
SELECT pg_temp.refusal(format('SELECT ferry.dismiss_reject(%s)', :reject));
SELECT pg_temp.refusal(format('SELECT ferry.reject_summary(%s)', :load));
SELECT pg_temp.refusal(format('SELECT ferry.export_rejects(%s)', :load));
SELECT ferry.purge_loads('0');
-- Who reads all data sees, but does not repair.
SET ROLE regress_ferry_auditor;
SELECT rows, column_name FROM ferry.reject_summary(:load);
SELECT length(ferry.export_rejects(:load)) > 0 AS some;
SELECT pg_temp.refusal(format('SELECT ferry.replay(%s)', :load));
-- A member repairs in the role's place, with the rights that he has on the table.
SET ROLE regress_ferry_member;
SELECT pg_temp.report(r) FROM ferry.replay(:load, decimal_mark => ',') r;
RESET ROLE;
SELECT loaded_by FROM ferry.loads ORDER BY load_id DESC LIMIT 1;
REVOKE INSERT ON q FROM regress_ferry_loader;
SET ROLE regress_ferry_loader;
SELECT pg_temp.refusal(format('SELECT ferry.replay(%s)', :load));
SELECT pg_temp.refusal(format('SELECT ferry.fix_reject(%s, ''{"id": 1}'')', r.reject_id)) FROM ferry.rejects r WHERE r.status = 'open';
SELECT ferry.dismiss_reject(r.reject_id, 'no rights left') FROM ferry.rejects r WHERE r.status = 'open';
-- Single columns.
RESET ROLE;
GRANT INSERT (id, word) ON q TO regress_ferry_loader;
SET ROLE regress_ferry_loader;
SELECT (ferry.insert_batch('q', '[{"id": "x", "word": "a"}]') ->> 'load')::bigint AS load \gset
SELECT pg_temp.report(r) FROM ferry.replay(:load, also_null => '{x}') r;
SELECT load_id AS load FROM ferry.migrate_csv_data('q', 'y,b', columns => '{id,word}') \gset
SELECT pg_temp.refusal(format('SELECT ferry.fix_reject(%s, ''{"id": 1, "wrd": "c"}'')', max(reject_id))) FROM ferry.rejects;
SELECT ferry.fix_reject(max(reject_id), '{"id": 1, "word": "c"}')::jsonb ->> 'inserted' FROM ferry.rejects;
-- Nobody writes to the log by hand, and no path of the caller's leads the owner's statements astray.
SELECT pg_temp.refusal('UPDATE ferry.rejects SET status = ''dismissed''');
RESET ROLE;
CREATE SCHEMA trap;
CREATE FUNCTION trap.eq(bigint, bigint) RETURNS bool LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'trapped as %', current_user; END$$;
CREATE FUNCTION trap.eq(text, text) RETURNS bool LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'trapped as %', current_user; END$$;
CREATE OPERATOR trap.= (FUNCTION = trap.eq, LEFTARG = bigint, RIGHTARG = bigint);
CREATE OPERATOR trap.= (FUNCTION = trap.eq, LEFTARG = text, RIGHTARG = text);
CREATE FUNCTION trap.count() RETURNS bigint LANGUAGE sql AS 'SELECT 1/0';
SELECT load_id AS load FROM ferry.migrate_csv_data('q', E'1,a,\ny,b,\nz,c,\n1,too long a word for it,\n') \gset
SELECT min(reject_id) AS reject, max(reject_id) AS last FROM ferry.rejects WHERE load_id = :load \gset
SET search_path = trap, pg_catalog, repair;
SELECT status, rows_rejected FROM ferry.replay(:load, also_null => '{z}');
SELECT ferry.fix_reject(:reject, '{"id": 5}')::jsonb -> 'inserted';
SELECT class, rows FROM ferry.reject_summary(:load);
SELECT length(ferry.export_rejects(:load)) > 0 AS some;
SELECT ferry.dismiss_reject(:last);
SELECT ferry.purge_loads('1 day');
SET search_path = repair, pg_catalog;
DROP SCHEMA trap CASCADE;

-- ---- Purge ----
\set VERBOSITY default
SELECT ferry.purge_loads(NULL);
SELECT ferry.purge_loads('-1 day');
SELECT ferry.purge_loads('1 day');
-- One's own, with their rejects; what they settled stays settled.
SET ROLE regress_ferry_loader;
SELECT count(*) AS own FROM ferry.loads \gset
SELECT ferry.purge_loads('0') = :own AS own_loads;
SELECT (SELECT count(*) FROM ferry.loads) AS loads, (SELECT count(*) FROM ferry.rejects) AS rejects;
RESET ROLE;
SELECT count(*) > 0 AS others FROM ferry.loads;
UPDATE ferry.loads SET finished_at = finished_at - interval '2 days' WHERE replay_of = 1;
SELECT ferry.purge_loads('1 day') > 0 AS replays;
SELECT status, settled_by, count(*) FROM ferry.rejects WHERE load_id = 1 GROUP BY 1, 2 ORDER BY 1;
UPDATE ferry.loads SET finished_at = finished_at - interval '2 days' WHERE load_id = 1;
SELECT ferry.purge_loads('1 day');
SELECT count(*) AS rejects FROM ferry.rejects WHERE load_id = 1;
SELECT ferry.purge_loads('0') > 0 AS rest;
SELECT (SELECT count(*) FROM ferry.loads) AS loads, (SELECT count(*) FROM ferry.reject_errors) AS errors;

RESET search_path;
DROP FUNCTION pg_temp.report;
DROP SCHEMA repair CASCADE;
DROP EXTENSION pg_ferry;
DROP ROLE regress_ferry_loader, regress_ferry_member, regress_ferry_stranger, regress_ferry_auditor;
