-- What is refused without asking the type's input function is refused in its very words.
\set VERBOSITY terse
-- Each of many loads of one row would say that its row was rejected.
SET client_min_messages = error;
CREATE EXTENSION pg_ferry;
CREATE SCHEMA refusals;
SET search_path = refusals;

CREATE FUNCTION pg_temp.by_server(text, type text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('SELECT %L::%s', $1, type);
  RETURN 'taken';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
CREATE TABLE one (v text);
CREATE FUNCTION pg_temp.by_ferry(value text, type text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE load bigint;
BEGIN
  EXECUTE format('ALTER TABLE refusals.one ALTER v TYPE %s USING NULL', type);
  load := (ferry.migrate_csv_data('refusals.one', convert_to('"' || value || '"', 'UTF8'), header => 'off', null_string => 'NULL')).load_id;
  RETURN coalesce((SELECT string_agg(e.sqlstate || ' ' || e.message, '; ') FROM ferry.rejects r JOIN ferry.reject_errors e USING (reject_id) WHERE r.load_id = load), 'taken');
END $$;

CREATE TABLE texts (type text, value text);
INSERT INTO texts SELECT type, value FROM unnest('{smallint,integer,bigint}'::text[]) type,
  unnest(ARRAY['', ' ', '+', '-', '+-1', 'x', '1x', '12 3', ' 12 ', E'\t12', '12 x', '0x1F', '0x', '00x', '01x', '1_000', '_1', '1_', '1e3', '1.0', '1,000', '--1', '0',
    '9999', '32767', '32768', '-32768', '-32769', '99999', '99999x', '2147483647', '2147483648', '-2147483648', '-2147483649', '9999999999x',
    '9223372036854775807', '9223372036854775808', '-9223372036854775808', '-9223372036854775809', '99999999999999999999', '99999999999999999999x',
    '00000000000000000000001', '-00000000000000000000001', ' 99999999999999999999', '99999999999999999999 ', '000000000000000000099999999999999999999', 'é', '１２']) value;
INSERT INTO texts SELECT type, value || rest FROM (VALUES ('date', ''), ('timestamp', ' 10:00'), ('timestamptz', 'T10:00:00Z'), ('timestamp', 'T10:00:00+02'), ('timestamptz', ' 10:00:00'), ('timestamptz', ' 25:00:00'), ('date', 'x')) t(type, rest),
  unnest(ARRAY['2021-02-28', '2021-02-29', '2021-02-30', '2020-02-29', '2020-02-30', '1900-02-29', '2021-04-30', '2021-04-31', '2021-01-31', '2021-01-32', '2021-01-39', '2021-02-20', '0000-02-30', '2021-13-30', '2021-00-30', '2021-02-3x', '2021-2-300']) value;
SELECT count(*) FROM texts;
SELECT type, value, pg_temp.by_server(value, type), pg_temp.by_ferry(value, type) FROM texts WHERE pg_temp.by_server(value, type) IS DISTINCT FROM pg_temp.by_ferry(value, type);
SELECT pg_temp.by_ferry(value, type) FROM (VALUES ('integer', '12x'), ('smallint', '99999'), ('bigint', ''), ('date', '2021-02-30'), ('timestamptz', '2021-06-31T00:00:00Z')) t(type, value);

DROP SCHEMA refusals CASCADE;
DROP EXTENSION pg_ferry;
