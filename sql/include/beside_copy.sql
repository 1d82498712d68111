-- Gives the same bytes to COPY and to ferry and tells what became of both. Tables come in pairs, one in schema "copied"
-- and one in schema "ferried"; schema "shared" has what they share.
CREATE SCHEMA copied;
CREATE SCHEMA ferried;
CREATE SCHEMA shared;
SET search_path = shared;
SELECT current_setting('data_directory') || '/ferry_beside_copy_' || pg_backend_pid() || '.csv' AS beside_copy \gset

-- Makes the same thing twice.
CREATE FUNCTION pg_temp.make(ddl text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  SET LOCAL search_path = copied, shared;
  EXECUTE ddl;
  SET LOCAL search_path = ferried, shared;
  EXECUTE ddl;
  SET LOCAL search_path = shared;
END
$$;
-- Leaves bytes in a file of the server, and tells its name.
CREATE FUNCTION pg_temp.put(input bytea) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  path text := current_setting('data_directory') || '/ferry_beside_copy_' || pg_backend_pid() || '.csv';
  object oid := lo_from_bytea(0, input);
BEGIN
  PERFORM lo_export(object, path), lo_unlink(object);
  RETURN path;
END
$$;
-- How many rows there are, which of them only one of the tables has, and the errors by record: COPY's, and all of ferry's
-- where it tells more than that one.
CREATE FUNCTION pg_temp.compare(target text, load bigint, copy_states text[]) RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  n int; d record;
BEGIN
  EXECUTE format('SELECT count(*) FROM ferried.%s', target) INTO n;
  RETURN NEXT format('  rows: %s', n);
  FOR d IN EXECUTE format($q$
    WITH c AS (SELECT p.relname AS part, whole::text AS content FROM copied.%1$s whole JOIN pg_class p ON p.oid = whole.tableoid),
      f AS (SELECT p.relname AS part, whole::text AS content FROM ferried.%1$s whole JOIN pg_class p ON p.oid = whole.tableoid)
    SELECT 'copied' AS side, x.* FROM (TABLE c EXCEPT ALL TABLE f) x UNION ALL SELECT 'ferried', x.* FROM (TABLE f EXCEPT ALL TABLE c) x
    ORDER BY 1, 2, 3$q$, target) LOOP
    RETURN NEXT format('  DIFFERENT: only %s %s %s', d.side, d.part, left(d.content, 200));
  END LOOP;
  RETURN QUERY
    SELECT CASE WHEN c.state IS NOT DISTINCT FROM f.states THEN format('  record %s: %s', i, c.state)
             WHEN f.states ~ ('^' || c.state || ' ') THEN format('  record %s: %s, ferry tells all: %s', i, c.state, f.states)
             ELSE format('  DIFFERENT: record %s: COPY %s, ferry %s', i, coalesce(c.state, 'no error'), coalesce(f.states, 'no error')) END
    FROM unnest(copy_states) WITH ORDINALITY c(state, i)
      FULL JOIN (SELECT r.record_number AS i, string_agg(e.sqlstate, ' ' ORDER BY e.ordinal) AS states FROM ferry.rejects r JOIN ferry.reject_errors e USING (reject_id)
                 WHERE r.load_id = load GROUP BY 1) f USING (i)
    WHERE c.state IS NOT NULL OR f.states IS NOT NULL ORDER BY i;
END
$$;
-- Loads the same records by both. COPY gets them one by one if it does not take them all, so that it too keeps the good
-- ones.
CREATE FUNCTION pg_temp.load(rule text, target text, records bytea[], columns text[] DEFAULT NULL, copy_options text DEFAULT '', ferry_options text DEFAULT $$header => 'off'$$) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  list text := (SELECT '(' || string_agg(quote_ident(c), ', ' ORDER BY i) || ')' FROM unnest(columns) WITH ORDINALITY u(c, i));
  command text := format('COPY copied.%s %s FROM %%L (FORMAT csv%s)', target, list, copy_options);
  all_records bytea := (SELECT string_agg(r || '\x0a', '' ORDER BY i) FROM unnest(records) WITH ORDINALITY u(r, i));
  states text[] := '{}';
  state text; input bytea; report ferry.load_report;
BEGIN
  RETURN NEXT rule;
  BEGIN
    EXECUTE format(command, pg_temp.put(all_records));
  EXCEPTION WHEN OTHERS THEN
    FOREACH input IN ARRAY records LOOP
      state := NULL;
      BEGIN
        EXECUTE format(command, pg_temp.put(input || '\x0a'));
      EXCEPTION WHEN OTHERS THEN
        state := SQLSTATE;
      END;
      states := states || state;
    END LOOP;
  END;
  BEGIN
    EXECUTE format('SELECT * FROM ferry.migrate_csv_data(%L, $1, $2, %s)', 'ferried.' || target, ferry_options) INTO report USING all_records, columns;
  EXCEPTION WHEN OTHERS THEN
    RETURN NEXT CASE WHEN SQLSTATE = ALL (states) THEN '  both refuse: ' || SQLSTATE
      ELSE format('  DIFFERENT: COPY %s, ferry refuses: %s %s', array_to_string(states, ' ', 'no error'), SQLSTATE, SQLERRM) END;
    RETURN;
  END;
  RETURN QUERY SELECT pg_temp.compare(target, report.load_id, states);
END
$$;
CREATE FUNCTION pg_temp.load(rule text, target text, records text, columns text[] DEFAULT NULL, copy_options text DEFAULT '', ferry_options text DEFAULT $$header => 'off'$$) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT pg_temp.load(rule, target, (SELECT array_agg(convert_to(r, 'UTF8') ORDER BY i) FROM string_to_table(records, E'\n') WITH ORDINALITY u(r, i)), columns, copy_options, ferry_options) $$;
CREATE FUNCTION pg_temp.state(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE statement;
  RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE;
END
$$;
-- The SQLSTATEs of the two statements alone, for one record of one field.
CREATE FUNCTION pg_temp.states(rule text, copied text, ferried text) RETURNS text LANGUAGE sql AS $$
  SELECT format('%s: COPY %s, ferry %s', rule, pg_temp.state(format('COPY %s FROM %L (FORMAT csv)', copied, pg_temp.put('1'))), pg_temp.state(format('SELECT ferry.migrate_csv_data(%L, ''1'')', ferried))) $$;
\set drop_beside_copy 'DROP SCHEMA copied, ferried, shared CASCADE'
\set remove_file 'cat > /dev/null && rm -f ' :beside_copy
