-- load(target, rows) puts CSV into a table by the way that ferry_test.loader names, and tells what became of the rows:
--   copy   COPY, which is the yardstick
--   csv    ferry.migrate_csv_data, by the direct path
--   rows   ferry.migrate_csv_data into a table with a row trigger, so by one INSERT for each row
--   json   ferry.insert_batch
-- COPY fails at a violated constraint where ferry rejects the row. That one difference is hidden here, for SQLSTATEs 23xxx
-- and no others, so that all loaders can be held to one expected output.

CREATE EXTENSION pg_ferry;

CREATE FUNCTION as_json(target regclass, csv text) RETURNS json LANGUAGE sql AS $$
  SELECT json_agg(json_object(
           (SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute WHERE attrelid = target AND attnum > 0),
           string_to_array(line, ',')))
    FROM string_to_table(csv, E'\n') line
$$;

-- Called when the tables of a spec are made.
CREATE FUNCTION prepare(VARIADIC targets regclass[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  target regclass;
BEGIN
  IF current_setting('ferry_test.loader') = 'rows' THEN
    FOREACH target IN ARRAY targets LOOP
      EXECUTE format('CREATE TRIGGER nothing BEFORE INSERT ON %s FOR EACH ROW EXECUTE FUNCTION nothing()', target);
    END LOOP;
  END IF;
END
$$;
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';

-- Quietly: COPY has nothing to say about rejected rows.
CREATE FUNCTION load(target regclass, csv text) RETURNS text LANGUAGE plpgsql SET client_min_messages = error AS $$
DECLARE
  loaded bigint;
  rejected bigint := 0;
  load bigint;
  report ferry.load_report;
  answer json;
  rejects text;
BEGIN
  CASE current_setting('ferry_test.loader')
    WHEN 'copy' THEN
      BEGIN
        EXECUTE format('COPY %s FROM PROGRAM %L CSV', target, format($shell$printf '%%s' '%s'$shell$, csv));
        GET DIAGNOSTICS loaded = ROW_COUNT;
      EXCEPTION WHEN integrity_constraint_violation THEN
        rejects := 'rejected: ' || sqlerrm;
      END;
    WHEN 'csv', 'rows' THEN
      report := ferry.migrate_csv_data(target, convert_to(csv, 'UTF8'), header => 'off', force => true);
      loaded := report.rows_loaded;
      rejected := report.rows_rejected;
      load := report.load_id;
    WHEN 'json' THEN
      answer := ferry.insert_batch(target, as_json(target, csv));
      loaded := answer ->> 'inserted';
      rejected := answer ->> 'rejected';
      load := answer ->> 'load';
  END CASE;
  -- Whoever reads the log gets into the way of serializable transactions that write to it.
  IF rejected > 0 THEN
    SELECT string_agg('rejected: ' || split_part(e.message, ': Key', 1), '; ' ORDER BY r.record_number)
      INTO rejects FROM ferry.rejects r JOIN ferry.reject_errors e USING (reject_id) WHERE r.load_id = load;
  END IF;
  RETURN concat_ws('; ', CASE WHEN loaded > 0 THEN 'loaded: ' || loaded END, rejects);
END
$$;

-- The same for rows whose key may be taken: action is skip or update. COPY cannot do that, so copy stands for INSERT.
CREATE FUNCTION load_over(target regclass, csv text, action text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  report ferry.load_report;
  rows bigint;
BEGIN
  IF current_setting('ferry_test.loader') = 'copy' THEN
    EXECUTE format('INSERT INTO %s AS t SELECT j.* FROM json_populate_recordset(NULL::%1$s, $1) j ON CONFLICT (id) DO %s', target,
                   CASE action WHEN 'skip' THEN 'NOTHING' ELSE 'UPDATE SET label = excluded.label' END) USING as_json(target, csv);
    GET DIAGNOSTICS rows = ROW_COUNT;
    RETURN 'in: ' || rows;
  END IF;
  report := ferry.migrate_csv_data(target, convert_to(csv, 'UTF8'), header => 'off', force => true, on_conflict => action);
  RETURN 'in: ' || report.rows_loaded || CASE WHEN report.rows_rejected > 0 THEN '; rejected: ' || report.rows_rejected ELSE '' END;
END
$$;
