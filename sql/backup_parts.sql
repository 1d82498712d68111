-- Backups of several parts: a value that its column's Avro type cannot hold ends a file and begins the next one with a
-- wider schema. The manifest tells the parts, a restore reads them in order, and the hash of the whole is one.
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
RESET client_min_messages;
CREATE SCHEMA backup_parts;
SET search_path = backup_parts;
SELECT format('ferry_parts_test_%s', extract(epoch FROM clock_timestamp())::bigint) AS folder \gset
SET ferry.directory = :'folder';
-- What the manifest of a file says of its parts.
CREATE FUNCTION pg_temp.parts(path text, OUT file text, OUT rows bigint, OUT size_right boolean, OUT sha256_right boolean, OUT fingerprint text) RETURNS SETOF record LANGUAGE sql AS $$
SELECT p->>'file', (p->>'rows')::bigint, (p->>'bytes')::bigint = length(b), p->>'sha256' = encode(sha256(b), 'hex'), p->>'schema_fingerprint'
  FROM json_array_elements(pg_read_file(current_setting('ferry.directory') || '/backups/' || path || '.manifest.json')::json->'parts') p,
       pg_read_binary_file(current_setting('ferry.directory') || '/backups/' || (p->>'file')) b
$$;
CREATE FUNCTION pg_temp.files() RETURNS SETOF text LANGUAGE sql AS $$SELECT f FROM pg_ls_dir(current_setting('ferry.directory') || '/backups') f ORDER BY f COLLATE "C"$$;

CREATE TABLE plain (id int PRIMARY KEY, at date, amount numeric(6,2), hour time);
INSERT INTO plain SELECT i, date '2020-01-01' + i, i / 10.0, '12:00' FROM generate_series(1, 3000) i;
SELECT parts, rows FROM ferry.backup_table_avro('plain', name => 'plain.avro');
SELECT file, rows, size_right, sha256_right FROM pg_temp.parts('plain.avro');

-- The first infinity comes after 3000 rows, then two misfits in one row, then a table full of them.
CREATE TABLE rolling (LIKE plain INCLUDING ALL);
INSERT INTO rolling TABLE plain;
INSERT INTO rolling VALUES (3001, 'infinity', 1, '00:00'), (3002, '-infinity', NULL, '01:00'), (3003, NULL, 'NaN', '24:00'), (3004, '2020-01-01', 2, '24:00');
INSERT INTO rolling SELECT i, 'infinity', 'NaN', '24:00' FROM generate_series(3005, 4000) i;
SELECT backup_id AS rolling, path, parts, rows FROM ferry.backup_table_avro('rolling', name => 'rolling.avro') \gset
\echo :path :parts :rows
SELECT file, rows, size_right, sha256_right FROM pg_temp.parts('rolling.avro');
-- The fingerprint of the table's own schema, which is that of the first part; the wider ones differ.
SELECT count(DISTINCT fingerprint) AS schemas FROM pg_temp.parts('rolling.avro');
SELECT m->>'schema_fingerprint' = (m->'parts'->0->>'schema_fingerprint') AS own FROM (SELECT pg_read_file(:'folder' || '/backups/rolling.avro.manifest.json')::json AS m) f;
-- The checksum of several parts is that of the lines of sha256sum.
SELECT b.sha256 = encode(sha256(convert_to(string_agg((p->>'sha256') || '  ' || (p->>'file') || E'\n', '' ORDER BY n), 'UTF8')), 'hex') AS combined
  FROM ferry.backups b, json_array_elements(pg_read_file(:'folder' || '/backups/rolling.avro.manifest.json')::json->'parts') WITH ORDINALITY u(p, n) WHERE b.path = 'rolling.avro' GROUP BY b.sha256;
SELECT path, parts, rows FROM ferry.backups ORDER BY path;
SELECT pg_temp.files();

-- Back again, by number and by path; every row is as it was.
CREATE TABLE kept AS TABLE rolling;
UPDATE rolling SET at = NULL WHERE id % 7 = 0;
DELETE FROM rolling WHERE id % 5 = 0;
SELECT status, rows_read, rows_loaded FROM ferry.restore_table_avro('rolling', :rolling);
SELECT count(*) AS different FROM (TABLE rolling EXCEPT TABLE kept UNION ALL (TABLE kept EXCEPT TABLE rolling)) d;
TRUNCATE rolling;
SELECT status, rows_read, rows_loaded FROM ferry.restore_table_avro('rolling', 'rolling.avro');
SELECT count(*) AS different FROM (TABLE rolling EXCEPT TABLE kept UNION ALL (TABLE kept EXCEPT TABLE rolling)) d;
SELECT l.source_name, l.source_sha256 = b.sha256 AS whole FROM ferry.loads l, ferry.backups b WHERE b.path = 'rolling.avro' ORDER BY load_id;
-- The same rows in another order have other parts and the same hash.
CREATE TABLE turned (LIKE kept INCLUDING ALL);
INSERT INTO turned SELECT * FROM kept ORDER BY id DESC;
SELECT parts FROM ferry.backup_table_avro('turned', name => 'turned.avro');
SELECT file, rows FROM pg_temp.parts('turned.avro');
SELECT count(DISTINCT content_hash) AS hashes FROM ferry.backups WHERE path IN ('rolling.avro', 'turned.avro');
-- Where the first row does not fit, there is no empty first part; a name without .avro is numbered at its end.
SELECT parts, rows FROM ferry.backup_table_avro('turned', name => 'turned');
CREATE TABLE pair AS SELECT * FROM kept WHERE id <= 3001 ORDER BY id;
SELECT parts, rows FROM ferry.backup_table_avro('pair', name => 'pair');
SELECT pg_temp.files();
-- Rows that were refused are numbered through all parts.
CREATE TABLE strict (id int PRIMARY KEY, at date CHECK (at < 'infinity'), amount numeric(6,2), hour time);
SET client_min_messages = error;
SELECT status, rows_read, rows_rejected FROM ferry.restore_table_avro('strict', 'rolling.avro', mode => 'append');
RESET client_min_messages;
SELECT min(record_number), max(record_number) FROM ferry.rejects;
SELECT count(*) FROM strict;

-- ---- What is refused ----
-- A part alone is not a backup, and not a way around its manifest.
CREATE FUNCTION pg_temp.refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE statement;
  RETURN 'not refused';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ': ' || regexp_replace(SQLERRM, '\d{16}', 'N');
END
$$;
SELECT pg_temp.refusal($$SELECT ferry.restore_table_avro('rolling', 'rolling.2.avro')$$);
-- The name of a part that is taken.
SELECT path FROM ferry.backup_table_avro('plain', name => 'taken.2.avro');
SELECT ferry.backup_table_avro('rolling', name => 'taken.avro');
SELECT ferry.backup_table_avro('plain', name => 'taken.2.avro');
SELECT ferry.backup_table_avro('plain', name => 'plain.avro.verified.json');
SELECT ferry.backup_table_avro('plain', name => '.hidden');
SELECT ferry.backup_table_avro('plain', name => '../out');
-- Nothing of it was left.
SELECT f FROM pg_temp.files() f WHERE f LIKE '%taken%' OR f LIKE '.%';
-- A manifest that names other files than its own is none of ours.
CREATE FUNCTION pg_temp.write(name text, content text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('COPY (SELECT %L) TO PROGRAM %L', replace(encode(convert_to(content, 'UTF8'), 'base64'), E'\n', ''), format('base64 -d > %s/backups/%s', current_setting('ferry.directory'), name));
END
$$;
SELECT pg_temp.write('rolling.avro.manifest.json', replace(pg_read_file(:'folder' || '/backups/rolling.avro.manifest.json'), '"rolling.2.avro"', '"plain.avro"'));
SELECT count(*) FROM ferry.backups WHERE path = 'rolling.avro';
-- One part is damaged, one is gone.
SELECT pg_temp.write('pair.2', 'Obj');
SELECT pg_temp.refusal($$SELECT ferry.restore_table_avro('pair', 'pair')$$);
SELECT pg_temp.refusal(format($$COPY (SELECT) TO PROGRAM 'cat > /dev/null && rm %s/backups/pair.2'$$, :'folder'));
SELECT pg_temp.refusal($$SELECT ferry.restore_table_avro('pair', 'pair')$$);
SELECT count(*) FROM pair;

\set cleanup 'cat > /dev/null && rm -rf ' :folder
COPY (SELECT) TO PROGRAM :'cleanup';
DROP SCHEMA backup_parts CASCADE;
DROP EXTENSION pg_ferry;
