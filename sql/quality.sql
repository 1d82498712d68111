-- Metrics of the data's own quality: loads by day, rejects by cause, the state of the backups, and all of it as Prometheus
-- reads it. Times are set by hand, so that days and rates are known.
\set VERBOSITY terse
SET client_min_messages = error;
CREATE EXTENSION pg_ferry;
SET TimeZone = 'America/Lima';
SET DateStyle = 'ISO, YMD';
CREATE TABLE quality_ports (id int PRIMARY KEY, name text NOT NULL, depth numeric CHECK (depth > 0));
CREATE TABLE "quality ""ships""" (id int PRIMARY KEY);

-- ---- Nothing there ----
SELECT * FROM ferry.loads_by_day();
SELECT * FROM ferry.rejects_by_day();
SELECT count(*) FROM ferry.backup_status() WHERE target LIKE 'public.%quality%';

-- ---- Loads ----
SELECT (ferry.migrate_csv_data('quality_ports', E'id,name,depth\n1,Callao,16\n2,,3\nx,Ilo,-1\n4,Paita\n')).status;
SELECT (ferry.migrate_csv_data('quality_ports', E'id,name,depth\n1,Again,1\n5,Pisco,14\n')).status;
SELECT (ferry.migrate_csv_data('quality_ports', E'id,name,depth\n6,Salaverry,10\n7,Bad,-7\n', on_error => 'abort')).status;
SELECT (ferry.migrate_csv_data('quality_ports', E'id,name,depth\n8,Dry,bad\n', dry_run => true)).status;
SELECT ferry.insert_batch('"quality ""ships"""', '[{"id": 1}, {"id": "one"}]') ->> 'rejected' AS rejected;
-- Late evening in Lima is the next day in UTC.
UPDATE ferry.loads SET started_at = '2021-03-01 20:00:00-05', finished_at = '2021-03-01 20:00:02-05', elapsed = '2 s' WHERE load_id = 1;
UPDATE ferry.loads SET started_at = '2021-03-02 18:59:59-05', finished_at = '2021-03-02 18:59:59-05', elapsed = '0.5 s' WHERE load_id = 2;
UPDATE ferry.loads SET started_at = '2021-03-02 19:00:00-05', finished_at = '2021-03-02 19:00:01-05', elapsed = '0' WHERE load_id = 3;
UPDATE ferry.loads SET started_at = '2021-03-04 00:00:00Z', finished_at = '2021-03-04 00:00:01Z', elapsed = '0.25 s' WHERE load_id > 4;
SELECT * FROM ferry.loads_by_day();
SELECT day, target, loads FROM ferry.loads_by_day(since => '2021-03-03Z', before => '2021-03-04Z');
SELECT * FROM ferry.rejects_by_day();
SELECT day, class, errors FROM ferry.rejects_by_day('2021-03-02Z', '2021-03-03Z') WHERE column_name = 'depth';
-- What was dismissed or came in after all is not open any more.
SELECT ferry.dismiss_reject(r.reject_id, 'not a port') IS NOT NULL AS dismissed FROM ferry.rejects r WHERE r.load_id = 1 AND r.record_number = 3;
SELECT day, class, column_name, rejects, open FROM ferry.rejects_by_day(before => '2021-03-03Z') WHERE source_kind = 'csv value';

-- ---- Backups ----
SELECT target, backup_id, taken_at, age, loads_since, rows_loaded_since FROM ferry.backup_status() WHERE target LIKE 'public.%quality%';
SELECT backup_id FROM ferry.backup_table_avro('quality_ports') \gset
SELECT (ferry.migrate_csv_data('quality_ports', E'id,name,depth\n11,Chimbote,9\n12,Huacho,8\n')).rows_loaded;
SELECT target, backup_id = :backup_id AS the_last, age BETWEEN '0' AND '1 hour' AS young, rows, bytes > 100 AS has_bytes, codec,
  verified_level, verified_at, loads_since, rows_loaded_since
FROM ferry.backup_status() WHERE target LIKE 'public.%quality%';
SELECT level FROM ferry.verify_backup(:backup_id, 'checksum') WHERE ok;
SELECT verified_level, verified_at BETWEEN taken_at AND clock_timestamp() AS just_now FROM ferry.backup_status() WHERE target = 'public.quality_ports';
SELECT backup_id FROM ferry.backup_table_avro('quality_ports') \gset
SELECT backup_id = :backup_id AS the_last, rows, loads_since, rows_loaded_since FROM ferry.backup_status() WHERE target = 'public.quality_ports';

-- ---- For Prometheus ----
SELECT ferry.prometheus_label(E'a"b\\c\nd'), ferry.prometheus_label(NULL) = '' AS empty;
SELECT line FROM unnest(string_to_array(ferry.prometheus(), E'\n')) line
WHERE line ~ 'quality' AND line !~ '^ferry_(backup_(age|bytes|verified)|load_seconds|last_load)'
ORDER BY line COLLATE "C";
SELECT regexp_replace(line, ' [0-9.]+$', ' N') AS line FROM unnest(string_to_array(ferry.prometheus(), E'\n')) line
WHERE line ~ '^ferry_(backup_(age|bytes|verified)|load_seconds|last_load).*quality' ORDER BY line COLLATE "C";
-- Each line is a sample or a comment, each family is announced once before its samples.
SELECT count(*) FROM unnest(string_to_array(ferry.prometheus(), E'\n')) line
WHERE line !~ '^# (HELP|TYPE) ferry_[a-z_]+ .' AND line !~ '^ferry_[a-z_]+\{([a-z]+="([^"\\]|\\["\\n])*",?)*\} -?[0-9]+(\.[0-9]+)?$' AND line <> '';
SELECT count(*) = count(DISTINCT split_part(line, ' ', 3)) AS once FROM unnest(string_to_array(ferry.prometheus(), E'\n')) line WHERE line ~ '^# TYPE';
SELECT right(ferry.prometheus(), 1) = E'\n' AS ends_with_a_line;

-- ---- Who sees what ----
CREATE ROLE regress_quality;
SET ROLE regress_quality;
SELECT * FROM ferry.loads_by_day();
SELECT ferry.prometheus();
RESET ROLE;
GRANT EXECUTE ON FUNCTION ferry.loads_by_day, ferry.rejects_by_day, ferry.prometheus, ferry.backup_status TO regress_quality;
SET ROLE regress_quality;
-- The loads of others are not seen, and to list backups is a right of its own.
SELECT count(*) FROM ferry.loads_by_day();
SELECT count(*) FROM ferry.rejects_by_day();
SELECT count(*) FROM ferry.backup_status();
RESET ROLE;
GRANT EXECUTE ON FUNCTION ferry.prometheus_label, ferry.list_backups TO regress_quality;
SET ROLE regress_quality;
SELECT count(*) FROM ferry.backup_status() WHERE target = 'public.quality_ports';
SELECT line FROM unnest(string_to_array(ferry.prometheus(), E'\n')) line WHERE line ~ '^ferry_(loads|rejects_open|backup_rows).*quality';
RESET ROLE;
-- Every function and what it gives back is told of.
SELECT p.proname, string_agg(a.name, ', ') FILTER (WHERE obj_description(p.oid, 'pg_proc') !~ ('\m' || a.name || '\M')) AS not_told
FROM pg_proc p LEFT JOIN LATERAL unnest(p.proargnames) a (name) ON true
WHERE p.pronamespace = 'ferry'::regnamespace AND p.proname IN ('loads_by_day', 'rejects_by_day', 'backup_status', 'prometheus')
GROUP BY p.proname ORDER BY p.proname COLLATE "C";

SELECT count(ferry.drop_backup(backup_id)) AS dropped FROM ferry.list_backups() WHERE target = 'public.quality_ports';
DROP TABLE quality_ports, "quality ""ships""";
DROP EXTENSION pg_ferry;
DROP ROLE regress_quality;
