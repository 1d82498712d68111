-- diff_backup: rows missing, surplus and changed, on tables with and without a key, without touching anything.
\set VERBOSITY terse
SET client_min_messages = error;
CREATE EXTENSION pg_ferry;
CREATE SCHEMA diffs;
SET search_path = diffs;
SELECT format('ferry_diff_test_%s', extract(epoch FROM clock_timestamp())::bigint) AS folder \gset
SET ferry.directory = :'folder';
\getenv source PG_ABS_SRCDIR
\set include :source '/sql/include/backups.sql'
\set ECHO none
\i :include
\set ECHO all
\pset tuples_only
\pset format unaligned

-- ---- By primary key ----
CREATE TABLE ports (id int PRIMARY KEY, code text NOT NULL CHECK (code <> ''), depth numeric, twice numeric GENERATED ALWAYS AS (depth * 2) STORED, at timestamptz, tags text[]);
CREATE TABLE ships (port int REFERENCES ports);
INSERT INTO ports (id, code, depth, at, tags) SELECT i, 'P' || i, i, timestamptz '2021-01-01 12:00Z', ARRAY['a', NULL] FROM generate_series(1, 5) i;
SELECT pg_temp.backup('ports') AS ports \gset
SELECT count(*) FROM ferry.diff_backup(:ports);
DELETE FROM ports WHERE id = 1;
UPDATE ports SET depth = 20 WHERE id = 2;
UPDATE ports SET depth = 3.0 WHERE id = 3;
UPDATE ports SET depth = 4 WHERE id = 4;
INSERT INTO ports (id, code) VALUES (6, 'new');
INSERT INTO ships VALUES (6);
SELECT count(*) AS loads FROM ferry.loads \gset
CREATE TABLE stamps AS SELECT ctid AS place, xmin AS stamp, id FROM ports;
SELECT * FROM ferry.diff_backup(:ports) ORDER BY key;
-- Nothing was touched, and no load is in the log.
SELECT count(*) FROM ports p FULL JOIN stamps s USING (id) WHERE p.ctid IS DISTINCT FROM s.place OR p.xmin IS DISTINCT FROM s.stamp;
SELECT count(*) = :loads FROM ferry.loads;
SELECT count(*) FROM pg_class WHERE relname LIKE 'ferry%scratch%';
-- Settings of the session do not show.
SET timezone = 'Asia/Tokyo';
SET extra_float_digits = -10;
SELECT in_backup ->> 'at' FROM ferry.diff_backup(:ports) WHERE change = 'missing';
RESET timezone;
RESET extra_float_digits;
-- In other queries.
SELECT change, count(*) FROM ferry.diff_backup(:ports) GROUP BY change ORDER BY change;
SELECT d.key ->> 'id' FROM (VALUES (1), (2)) v, LATERAL ferry.diff_backup(:ports) d WHERE change = 'missing';
SELECT (ferry.diff_backup(:ports)).change FROM (VALUES (1)) v ORDER BY 1 LIMIT 1;
BEGIN;
DECLARE c CURSOR FOR SELECT change FROM ferry.diff_backup(:ports) ORDER BY change;
FETCH 1 FROM c;
ROLLBACK;
-- What the transaction has done so far counts.
BEGIN;
DELETE FROM ships;
DELETE FROM ports;
SELECT change, count(*) FROM ferry.diff_backup(:ports) GROUP BY change;
ROLLBACK;
-- A restore brings what was told, and then nothing is left to tell.
DELETE FROM ships;
SELECT status FROM ferry.restore_table_avro('ports', :ports);
SELECT count(*) FROM ferry.diff_backup(:ports);
-- Rows that today's constraints refuse are compared all the same.
UPDATE ports SET code = 'x';
ALTER TABLE ports ADD CONSTRAINT all_x CHECK (code = 'x'), ALTER COLUMN depth SET NOT NULL;
SELECT change, key, in_backup -> 'code', in_table -> 'code' FROM ferry.diff_backup(:ports) ORDER BY key;
-- A column that came later is not compared.
ALTER TABLE ports DROP CONSTRAINT all_x, ADD COLUMN later int DEFAULT 7;
UPDATE ports SET code = 'P' || id;
SELECT count(*) FROM ferry.diff_backup(:ports);
-- Nor is a key that came later, or that is another one now, more than a column.
ALTER TABLE ports DROP CONSTRAINT ports_pkey CASCADE, ADD PRIMARY KEY (later, code);
DELETE FROM ports WHERE id = 5;
SELECT change, key, in_backup -> 'id' FROM ferry.diff_backup(:ports);
-- A key of several columns, named to be awkward.
CREATE TABLE odd ("here" text, "image" int, "A ""b""" varchar(3), x bool, PRIMARY KEY ("A ""b""", "here"));
INSERT INTO odd VALUES ('h', 1, 'a', true), ('i', 2, 'b', NULL);
SELECT pg_temp.backup('odd') AS odd \gset
UPDATE odd SET x = false;
DELETE FROM odd WHERE "here" = 'i';
SELECT * FROM ferry.diff_backup(:odd) ORDER BY change;

-- ---- Without a key ----
CREATE TABLE heap (a int, j json, f float8);
INSERT INTO heap VALUES (1, '{"a": 1}', 0.1), (1, '{"a": 1}', 0.1), (1, '{"a": 1}', 0.1), (2, NULL, 'NaN'), (3, '[]', '-0'), (NULL, NULL, NULL);
SELECT pg_temp.backup('heap') AS heap \gset
SELECT count(*) FROM ferry.diff_backup(:heap);
DELETE FROM heap WHERE ctid = (SELECT min(ctid) FROM heap);
UPDATE heap SET f = 0 WHERE a = 3;
INSERT INTO heap VALUES (2, NULL, 'NaN'), (NULL, NULL, NULL);
SELECT * FROM ferry.diff_backup(:heap) ORDER BY change, in_backup, in_table;
CREATE TABLE no_columns ();
INSERT INTO no_columns SELECT FROM generate_series(1, 3);
SELECT pg_temp.backup('no_columns') AS no_columns \gset
INSERT INTO no_columns DEFAULT VALUES;
SELECT * FROM ferry.diff_backup(:no_columns);

-- ---- Partitions and parents ----
CREATE TABLE parted (id int PRIMARY KEY, b text) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10);
CREATE TABLE parted_2 PARTITION OF parted DEFAULT;
INSERT INTO parted SELECT i, 'row ' || i FROM generate_series(8, 12) i;
SELECT pg_temp.backup('parted') AS parted \gset
DELETE FROM parted WHERE id = 8;
UPDATE parted SET b = 'changed' WHERE id = 12;
SELECT * FROM ferry.diff_backup(:parted) ORDER BY key;
CREATE TABLE parent (id int PRIMARY KEY);
INSERT INTO parent VALUES (1);
SELECT pg_temp.backup('parent') AS parent \gset
CREATE TABLE heir () INHERITS (parent);
INSERT INTO heir VALUES (2);
SELECT count(*) FROM ferry.diff_backup(:parent);

-- ---- More rows than fit into memory ----
SET work_mem = '64kB';
CREATE TABLE many (id int PRIMARY KEY, b text);
INSERT INTO many SELECT i, repeat('x', 50) FROM generate_series(1, 20000) i;
SELECT pg_temp.backup('many') AS many \gset
UPDATE many SET b = 'y' WHERE id % 2 = 0;
SELECT change, count(*), count(in_backup), count(in_table), sum((key ->> 'id')::int) FROM ferry.diff_backup(:many) GROUP BY change;
RESET work_mem;

-- ---- Refusals ----
SELECT pg_temp.refusal('SELECT * FROM ferry.diff_backup(NULL)');
SELECT pg_temp.refusal('SELECT * FROM ferry.diff_backup(1)');
BEGIN READ ONLY;
SELECT pg_temp.refusal(format('SELECT * FROM ferry.diff_backup(%s)', :heap));
COMMIT;
CREATE ROLE diffs_other;
GRANT USAGE ON SCHEMA diffs, ferry TO diffs_other;
SET ROLE diffs_other;
SELECT pg_temp.refusal(format('SELECT * FROM ferry.diff_backup(%s)', :heap));
RESET ROLE;
GRANT EXECUTE ON FUNCTION ferry.diff_backup, ferry.backup_table_avro TO diffs_other;
SET ROLE diffs_other;
SELECT pg_temp.refusal(format('SELECT * FROM ferry.diff_backup(%s)', :heap));
RESET ROLE;
GRANT SELECT ON heap TO diffs_other;
SET ROLE diffs_other;
SELECT pg_temp.refusal(format('SELECT * FROM ferry.diff_backup(%s)', :heap));
RESET ROLE;
GRANT INSERT ON heap TO diffs_other;
SET ROLE diffs_other;
SELECT change, count(*) FROM ferry.diff_backup(:heap) GROUP BY change ORDER BY change;
RESET ROLE;
ALTER TABLE heap ENABLE ROW LEVEL SECURITY;
CREATE POLICY ones ON heap USING (a = 1);
SET ROLE diffs_other;
SELECT pg_temp.refusal(format('SELECT * FROM ferry.diff_backup(%s)', :heap));
SELECT backup_id AS filtered FROM ferry.backup_table_avro('heap', row_security => 'filter') \gset
RESET ROLE;
SELECT pg_temp.refusal(format('SELECT * FROM ferry.diff_backup(%s)', :filtered));
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TABLE strict (n positive);
INSERT INTO strict VALUES (1);
SELECT pg_temp.backup('strict') AS strict \gset
ALTER DOMAIN positive ADD CONSTRAINT large CHECK (VALUE > 1) NOT VALID;
SELECT pg_temp.refusal(format('SELECT * FROM ferry.diff_backup(%s)', :strict));
DROP TABLE strict;
SELECT pg_temp.refusal(format('SELECT * FROM ferry.diff_backup(%s)', :strict));
-- A damaged file is told before anything is compared.
SELECT path AS many_path FROM ferry.backups WHERE backup_id = :many \gset
\set damage 'cat > /dev/null && printf x >> ' :folder '/backups/' :many_path
COPY (SELECT) TO PROGRAM :'damage';
SELECT left(pg_temp.refusal(format('SELECT * FROM ferry.diff_backup(%s)', :many)), 5);

\set cleanup 'cat > /dev/null && rm -rf ' :folder
COPY (SELECT) TO PROGRAM :'cleanup';
DROP SCHEMA diffs CASCADE;
REVOKE ALL ON SCHEMA ferry FROM diffs_other;
DROP EXTENSION pg_ferry;
DROP ROLE diffs_other;
