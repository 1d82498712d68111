-- Avro files made by hand, byte by byte, in the folder of backups of ferry.directory.
CREATE FUNCTION pg_temp.num(n numeric) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
  z numeric := CASE WHEN n < 0 THEN -2 * n - 1 ELSE 2 * n END;
  bytes bytea := '';
BEGIN
  WHILE z >= 128 LOOP
    bytes := bytes || set_byte('\x00', 0, (z % 128 + 128)::int);
    z := div(z, 128);
  END LOOP;
  RETURN bytes || set_byte('\x00', 0, z::int);
END
$$;
CREATE FUNCTION pg_temp.str(content bytea) RETURNS bytea LANGUAGE sql AS $$SELECT pg_temp.num(length(content)) || content$$;
CREATE FUNCTION pg_temp.str(content text) RETURNS bytea LANGUAGE sql AS $$SELECT pg_temp.str(convert_to(content, 'UTF8'))$$;
CREATE FUNCTION pg_temp.header(schema text, codec text DEFAULT 'null') RETURNS bytea LANGUAGE sql AS $$
SELECT 'Obj\001'::bytea || pg_temp.num(2) || pg_temp.str('avro.schema') || pg_temp.str(schema) || pg_temp.str('avro.codec') || pg_temp.str(codec)
  || pg_temp.num(0) || '0123456789abcdef'::bytea
$$;
CREATE FUNCTION pg_temp.block(rows bigint, data bytea, sync bytea DEFAULT '0123456789abcdef') RETURNS bytea LANGUAGE sql AS $$
SELECT pg_temp.num(rows) || pg_temp.str(data) || sync
$$;
-- A record of these fields: {"name": type, …}.
CREATE FUNCTION pg_temp.record(fields json) RETURNS text LANGUAGE sql AS $$
SELECT json_build_object('type', 'record', 'name', 'r', 'fields', json_agg(json_build_object('name', key, 'type', value)))::text FROM json_each(fields)
$$;
CREATE FUNCTION pg_temp.write_file(name text, content bytea) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('COPY (SELECT %L) TO PROGRAM %L', replace(encode(content, 'base64'), E'\n', ''),
    format('base64 -d > %s/backups/%s', current_setting('ferry.directory'), name));
END
$$;
-- What a statement raises, all of it.
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
