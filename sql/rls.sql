-- Row level security holds in both directions: a policy refuses rows of a load one by one, and no backup is made of rows
-- that somebody does not see.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
RESET client_min_messages;
CREATE ROLE regress_ferry_tenant;
CREATE ROLE regress_ferry_bypass BYPASSRLS;
CREATE SCHEMA guarded;
GRANT USAGE ON SCHEMA guarded TO regress_ferry_tenant, regress_ferry_bypass;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ferry TO regress_ferry_tenant, regress_ferry_bypass;
SET search_path = guarded;
SELECT format('ferry_rls_test_%s', extract(epoch FROM clock_timestamp())::bigint) AS folder \gset
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
  RETURN concat_ws(E'\n', SQLSTATE || ': ' || SQLERRM, 'DETAIL: ' || NULLIF(detail, ''), 'HINT: ' || NULLIF(hint, ''));
END
$$;
CREATE FUNCTION pg_temp.errors() RETURNS TABLE (record bigint, class text, sqlstate text, message text) LANGUAGE sql AS $$
  SELECT r.record_number, e.class, e.sqlstate, e.message FROM ferry.rejects r JOIN ferry.reject_errors e USING (reject_id)
  WHERE r.load_id = (SELECT max(load_id) FROM ferry.loads) ORDER BY 1, e.ordinal
$$;
\pset tuples_only
\pset format unaligned
CREATE TABLE t (id int PRIMARY KEY, tenant text NOT NULL, v int CHECK (v > 0));
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON t USING (tenant = current_user) WITH CHECK (tenant = current_user AND v < 100);
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON t TO regress_ferry_tenant, regress_ferry_bypass;
INSERT INTO t VALUES (1, 'somebody', 1);

-- ---- In ----
SET ROLE regress_ferry_tenant;
SELECT status, rows_read, rows_loaded, rows_rejected FROM ferry.migrate_csv_data('t', E'2,regress_ferry_tenant,5\n3,somebody,5\n4,regress_ferry_tenant,500\nx,somebody,5\n5,regress_ferry_tenant,6\n');
SELECT * FROM pg_temp.errors();
SELECT id FROM t ORDER BY id;
SELECT a->>'inserted' AS inserted, a->'keys' AS keys, a->'errors'->0->>'code' AS code, a->'errors'->0->>'pointer' AS pointer FROM ferry.insert_batch('t', '[{"id": 6, "tenant": "somebody", "v": 1}, {"id": 7, "tenant": "regress_ferry_tenant", "v": 1}]') a;
SELECT a->>'inserted' AS inserted FROM ferry.insert_batch('t', '[{"id": 8, "tenant": "somebody", "v": 1}, {"id": 9, "tenant": "regress_ferry_tenant", "v": 1}]', 'atomic') a;
-- A key that is taken by a row one does not see is taken, but the row is not shown.
SELECT status, rows_loaded, rows_rejected FROM ferry.migrate_csv_data('t', E'1,regress_ferry_tenant,5\n10,regress_ferry_tenant,7');
SELECT record, class, sqlstate, message ~ 'somebody' AS shown FROM pg_temp.errors();
SELECT status, rows_loaded FROM ferry.migrate_csv_data('t', E'11,somebody,5\n', dry_run => true);
SELECT status, rows_loaded FROM ferry.migrate_csv_data('t', E'11,somebody,5\n12,regress_ferry_tenant,5\n', on_error => 'abort');
RESET ROLE;
SELECT id, tenant FROM t ORDER BY id;
-- A restrictive policy, one for INSERT alone, and none at all.
CREATE TABLE r (id int, tenant text DEFAULT current_user);
ALTER TABLE r ENABLE ROW LEVEL SECURITY;
GRANT ALL ON r TO regress_ferry_tenant;
SET ROLE regress_ferry_tenant;
SELECT status, rows_loaded, rows_rejected FROM ferry.migrate_csv_data('r', E'1,x\n2,y\n');
RESET ROLE;
CREATE POLICY put ON r FOR INSERT WITH CHECK (id < 10);
CREATE POLICY less ON r AS RESTRICTIVE FOR INSERT WITH CHECK (id <> 5);
SET ROLE regress_ferry_tenant;
SELECT status, rows_loaded, rows_rejected FROM ferry.migrate_csv_data('r', E'1\n5\n50\n', columns => '{id}');
SELECT a->>'inserted' AS inserted, a->>'rejected' AS rejected FROM ferry.insert_batch('r', '[{"id": 2}, {"id": 5}, {"id": 50}]') a;
SELECT count(*) AS seen FROM r;
RESET ROLE;
SELECT id, tenant FROM r ORDER BY id;
-- A policy that looks into another table, and one that fails for some rows.
CREATE TABLE allowed (id int);
INSERT INTO allowed VALUES (1), (2);
GRANT SELECT ON allowed TO regress_ferry_tenant;
DROP POLICY put ON r;
DROP POLICY less ON r;
CREATE POLICY listed ON r FOR INSERT WITH CHECK (EXISTS (SELECT FROM allowed a WHERE a.id = r.id AND 10 / (a.id - 2) < 0));
TRUNCATE r;
SET ROLE regress_ferry_tenant;
SELECT status, rows_loaded, rows_rejected FROM ferry.migrate_csv_data('r', E'1\n2\n3\n', columns => '{id}');
SELECT sqlstate FROM pg_temp.errors();
RESET ROLE;
SELECT id FROM r;
-- A partitioned table's policies are those of the table that was named.
CREATE TABLE p (id int, tenant text) PARTITION BY LIST (tenant);
CREATE TABLE p_all PARTITION OF p DEFAULT;
ALTER TABLE p ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON p USING (tenant = current_user);
GRANT INSERT ON p TO regress_ferry_tenant;
SET ROLE regress_ferry_tenant;
SELECT status, rows_loaded, rows_rejected FROM ferry.migrate_csv_data('p', E'1,somebody\n2,regress_ferry_tenant\n');
SELECT left(pg_temp.refusal($$SELECT ferry.migrate_csv_data('p_all', '1,somebody')$$), 5);
RESET ROLE;
SELECT id FROM p;
-- Who is above the policies: superusers, the owner unless forced, BYPASSRLS.
SET ROLE regress_ferry_bypass;
SELECT status, rows_loaded FROM ferry.migrate_csv_data('t', '20,somebody,5');
RESET ROLE;
ALTER TABLE t OWNER TO regress_ferry_tenant;
SET ROLE regress_ferry_tenant;
SELECT status, rows_loaded FROM ferry.migrate_csv_data('t', '21,somebody,5');
ALTER TABLE t FORCE ROW LEVEL SECURITY;
SELECT status, rows_loaded, rows_rejected FROM ferry.migrate_csv_data('t', '22,somebody,5');

-- ---- Out: a part of a table is no backup of it ----
SELECT pg_temp.refusal($$SELECT ferry.backup_table_avro('t')$$);
ALTER TABLE t NO FORCE ROW LEVEL SECURITY;
SELECT rows FROM ferry.backup_table_avro('t');
RESET ROLE;
ALTER TABLE t OWNER TO CURRENT_USER;
SET ROLE regress_ferry_tenant;
SELECT left(pg_temp.refusal($$SELECT ferry.backup_table_avro('t')$$), 5);
SET ROLE regress_ferry_bypass;
SELECT backup_id AS backup, rows FROM ferry.backup_table_avro('t') \gset
SELECT :rows = count(*) AS whole FROM t;
-- ---- And back: a restore that would replace only what one sees is none ----
SET ROLE regress_ferry_tenant;
SELECT left(pg_temp.refusal(format('SELECT ferry.restore_table_avro(%L, %s)', 't', :backup)), 5);
RESET ROLE;
SELECT count(*) = :rows AS untouched FROM t;
SET ROLE regress_ferry_bypass;
SELECT status FROM ferry.restore_table_avro('t', :backup);
RESET ROLE;
-- row_security = off asks for an error where a policy would apply, as in COPY.
SET ROLE regress_ferry_tenant;
SET row_security = off;
SELECT left(pg_temp.refusal($$SELECT ferry.migrate_csv_data('t', '30,regress_ferry_tenant,5')$$), 5);
RESET row_security;
RESET ROLE;

\set cleanup 'cat > /dev/null && rm -rf ' :folder
COPY (SELECT) TO PROGRAM :'cleanup';
RESET ferry.directory;
SET client_min_messages = warning;
DROP SCHEMA guarded CASCADE;
DROP OWNED BY regress_ferry_tenant, regress_ferry_bypass;
DROP ROLE regress_ferry_tenant, regress_ferry_bypass;
DROP EXTENSION pg_ferry;
