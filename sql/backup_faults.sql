-- What a backup and a restore refuse: damaged and foreign files, unknown backups, taken and unsafe names, tables that do not
-- fit. After every refusal the table is what it was.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
RESET client_min_messages;
CREATE SCHEMA backup_faults;
SET search_path = backup_faults;
SELECT format('ferry_faults_test_%s', extract(epoch FROM clock_timestamp())::bigint) AS folder \gset
SET ferry.directory = :'folder';
CREATE FUNCTION pg_temp.refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text;
  hint text;
BEGIN
  EXECUTE statement;
  RETURN 'not refused';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  -- Paths are those of the machine.
  RETURN regexp_replace(concat_ws(E'\n', SQLSTATE || ': ' || SQLERRM, 'DETAIL: ' || NULLIF(detail, ''), 'HINT: ' || NULLIF(hint, '')), '/[^"]*/', '.../', 'g');
END
$$;
\pset tuples_only
\pset format unaligned
CREATE TABLE t (id int PRIMARY KEY, name text NOT NULL, at timestamptz);
INSERT INTO t SELECT i, 'name ' || i, timestamptz '2021-01-01Z' + i * interval '1 minute' FROM generate_series(1, 3000) i;
SELECT backup_id AS backup FROM ferry.backup_table_avro('t', name => 'whole.avro') \gset
SELECT path FROM ferry.backups;
UPDATE t SET name = 'kept' WHERE id = 1;
SELECT md5(string_agg(t::text, '|' ORDER BY id)) AS before FROM t \gset

-- ---- Damaged copies: each is refused, or restores what the backup held; the table is never something else ----
-- A writer of bytes at the server: COPY to a program that runs in the data directory.
CREATE FUNCTION pg_temp.write_file(name text, content bytea) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('COPY (SELECT %L) TO PROGRAM %L', replace(encode(content, 'base64'), E'\n', ''),
    format('base64 -d > %s/backups/%s', current_setting('ferry.directory'), name));
END
$$;
CREATE FUNCTION pg_temp.whole() RETURNS bytea LANGUAGE sql AS $$SELECT pg_read_binary_file(current_setting('ferry.directory') || '/backups/whole.avro')$$;
SELECT pg_temp.write_file('copy.avro', pg_temp.whole());
SELECT pg_read_binary_file(:'folder' || '/backups/copy.avro') = pg_temp.whole() AS copied;
CREATE FUNCTION pg_temp.damaged(content bytea, codec text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  report ferry.load_report; before text; after text; state text; message text;
BEGIN
  PERFORM pg_temp.write_file('damaged.avro', content);
  SELECT md5(string_agg(t::text, '|' ORDER BY id)) INTO before FROM backup_faults.t;
  BEGIN
    report := ferry.restore_table_avro('backup_faults.t', 'damaged.avro');
    RETURN 'status ' || report.status;
  EXCEPTION WHEN OTHERS THEN
    state := SQLSTATE; message := SQLERRM;
  END;
  SELECT md5(string_agg(t::text, '|' ORDER BY id)) INTO after FROM backup_faults.t;
  RETURN state || CASE WHEN after IS DISTINCT FROM before THEN ' AND THE TABLE IS ANOTHER' ELSE '' END;
END
$$;
-- Cut short at many places; one byte flipped at many places; bytes behind the end; not Avro at all.
SET client_min_messages = warning;
SELECT answer, count(*) FROM (SELECT pg_temp.damaged(substring(pg_temp.whole() FOR (length(pg_temp.whole()) * n / 40))) AS answer FROM generate_series(0, 39) n) d GROUP BY 1;
SELECT answer FROM (SELECT DISTINCT pg_temp.damaged(pg_temp.whole() || 'x'::bytea) AS answer) d;
SELECT pg_temp.damaged(''), pg_temp.damaged('Obj'), pg_temp.damaged('Obj\001'), pg_temp.damaged('PK\003\004'), pg_temp.damaged('id,name,at');
SELECT status, rows_loaded FROM ferry.restore_table_avro('t', 'copy.avro');
SELECT count(*) FILTER (WHERE name = 'kept') AS kept, count(*) FROM t;
-- A file of ours with its manifest: whatever byte is another, its checksum tells. (XX001 or 22P03; never rows.)
CREATE TABLE small (id int, v text);
INSERT INTO small VALUES (1, 'one'), (2, 'two'), (3, NULL);
SELECT backup_id AS small FROM ferry.backup_table_avro('small', codec => 'null', name => 'small.avro') \gset
DELETE FROM small WHERE id = 3;
DO $$
DECLARE
  whole bytea := pg_read_binary_file(current_setting('ferry.directory') || '/backups/small.avro');
  states text[]; i int;
BEGIN
  FOR i IN 0 .. length(whole) - 1 BY 7 LOOP
    PERFORM pg_temp.write_file('small.avro', set_byte(whole, i, get_byte(whole, i) # 1));
    BEGIN
      PERFORM ferry.restore_table_avro('backup_faults.small', (SELECT backup_id FROM ferry.backups WHERE path = 'small.avro'));
      RAISE WARNING 'byte % of % was not missed', i, length(whole);
    EXCEPTION WHEN OTHERS THEN
      IF NOT SQLSTATE = ANY (coalesce(states, '{}')) THEN states := states || SQLSTATE::text; END IF;
    END;
    -- The same file by its path.
    BEGIN
      PERFORM ferry.restore_table_avro('backup_faults.small', 'small.avro');
      RAISE WARNING 'byte % of % was not missed by path', i, length(whole);
    EXCEPTION WHEN OTHERS THEN NULL;
    END;
  END LOOP;
  IF NOT states <@ '{XX001,22P03}' THEN RAISE WARNING 'refused with %', states; END IF;
  PERFORM pg_temp.write_file('small.avro', whole);
END
$$;
SELECT id, v FROM small ORDER BY id;
SELECT status FROM ferry.restore_table_avro('small', :small);
SELECT id, v FROM small ORDER BY id;
-- A manifest that is no manifest does not hide the other backups, nor does a file that is not ours.
SELECT pg_temp.write_file('stray.avro', 'x'), pg_temp.write_file('odd.avro.manifest.json', '{"x":'), pg_temp.write_file('odd2.avro.manifest.json', '[]'), pg_temp.write_file('.hidden', '');
SELECT path AS path, rows FROM ferry.backups ORDER BY taken_at;
RESET client_min_messages;

-- ---- Names ----
SELECT left(n, 40), left(pg_temp.refusal(format('SELECT ferry.backup_table_avro(%L, name => %L)', 'small', n)), 5) <> 'not r' AS refused FROM unnest(ARRAY['small.avro', 'a/b', '../x', '..', '.', '/tmp/x', 'a/../b', '', '.hidden', repeat('x', 300)]) n;
SELECT pg_temp.refusal($$SELECT ferry.backup_table_avro('small', name => 'small.avro')$$);
SELECT pg_temp.refusal($$SELECT ferry.backup_table_avro('small', name => 'a/b')$$);
SELECT path FROM ferry.backup_table_avro('small', name => 'Niño 1');
SELECT path FROM ferry.backup_table_avro('small', name => 'with.avro');
SELECT n, left(pg_temp.refusal(format('SELECT ferry.restore_table_avro(%L, %L::text)', 'small', n)), 5) FROM unnest(ARRAY['../backups/small.avro', 'nothing.avro', '', '.', 'a/b.avro', '/nonexistent/x.avro', './small.avro']) n;
SELECT pg_temp.refusal($$SELECT ferry.restore_table_avro('small', 'nothing.avro')$$);
SELECT pg_temp.refusal($$SELECT ferry.restore_table_avro('small', 12345)$$);
SELECT pg_temp.refusal($$SELECT ferry.restore_table_avro('small', NULL::bigint)$$);
SELECT pg_temp.refusal($$SELECT ferry.restore_table_avro('small', NULL::text)$$);
SELECT pg_temp.refusal($$SELECT ferry.restore_table_avro(NULL, 12345)$$);
SELECT pg_temp.refusal($$SELECT ferry.backup_table_avro(NULL)$$);
-- No backup can pass for the manifest of another, or take its place.
SELECT left(pg_temp.refusal($$SELECT ferry.backup_table_avro('small', name => 'small.avro.manifest.json')$$), 5) <> 'not r' AS refused;
SELECT left(pg_temp.refusal($$SELECT ferry.backup_table_avro('small', name => 'other.manifest.json'), ferry.backup_table_avro('small', name => 'other')$$), 5) <> 'not r' AS refused;
-- A symbolic link out of the folder is not followed.
\set link 'ln -s ../../PG_VERSION ' :folder '/backups/link.avro'
COPY (SELECT) TO PROGRAM :'link';
SELECT left(pg_temp.refusal($$SELECT ferry.restore_table_avro('small', 'link.avro')$$), 5) <> 'not r' AS refused;
SELECT left(pg_temp.refusal($$SELECT ferry.backup_table_avro('small', name => 'link.avro')$$), 5) <> 'not r' AS refused;

-- ---- Tables that do not fit ----
SELECT id FROM small ORDER BY id;
ALTER TABLE small DROP COLUMN v;
SELECT pg_temp.refusal(format('SELECT ferry.restore_table_avro(%L, %s)', 'small', :small));
ALTER TABLE small ADD COLUMN v int;
SET client_min_messages = error;
SELECT status, rows_loaded FROM ferry.restore_table_avro('small', :small);
RESET client_min_messages;
SELECT id, v FROM small ORDER BY id;
ALTER TABLE small DROP COLUMN v;
ALTER TABLE small ADD COLUMN v text, ADD COLUMN added text DEFAULT 'new';
SELECT status FROM ferry.restore_table_avro('small', :small);
SELECT id, v, added FROM small ORDER BY id;
ALTER TABLE small DROP COLUMN added;
-- Other kinds of relations have no backup of this kind.
CREATE VIEW v AS TABLE small;
CREATE MATERIALIZED VIEW m AS TABLE small;
CREATE SEQUENCE s;
SELECT r, pg_temp.refusal(format('SELECT ferry.restore_table_avro(%L, %s)', r, :small)) FROM unnest('{v,m,s,t_pkey,pg_class}'::text[]) r;
SELECT r, pg_temp.refusal(format('SELECT ferry.backup_table_avro(%L)', r)) FROM unnest('{s,t_pkey}'::text[]) r;

\set cleanup 'cat > /dev/null && rm -rf ' :folder
COPY (SELECT) TO PROGRAM :'cleanup';
SET client_min_messages = warning;
DROP SCHEMA backup_faults CASCADE;
DROP EXTENSION pg_ferry;
