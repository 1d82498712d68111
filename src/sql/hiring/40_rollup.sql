-- The rollup: how many hires there are by year, month, department and job, kept current by triggers in the transactions
-- that change hired_employees. The metrics read it instead of the hires: a hundredth of the rows or fewer.
--
-- What enable_rollup() makes are ordinary objects of the table's owner, beside the table: the table
-- hired_employees_rollup, four statement triggers and their functions. So pg_dump keeps them, they work without the
-- extension, and the triggers act with the rights of the owner of the table, like those of a foreign key.
--
-- The trigger of INSERT declares itself a tally (src/load/tally.hpp): a load of pg_ferry counts what it inserts and
-- hands the counts over at its end, to a function of the name of the trigger's.
--
-- Nobody waits for anybody. Every statement appends its own rows, one for each year, department and job that it
-- touched, with what it added or took away; a reader sums up. There is no row that two writers change. Now and then a
-- statement, or the commit of a transaction that wrote many, folds such rows into one for each key: it takes only rows
-- that nobody else has locked and puts in their sum in the same statement, so that every snapshot sees either the parts
-- or the sum.

-- Whether the metrics may answer from the rollup: it is there and kept, all by the owner of the hires, and this caller
-- may count all the hires. Asks the catalogs under the snapshot of the query, except for to_regclass, which sees the
-- present: where the two do not agree, another transaction is changing the rollup, and the hires are counted.
--
-- IMMUTABLE makes the planner ask, so that a plan has the rollup or the scan and not both. It may be believed as long as
-- the plan lives: whatever could change the answer (a trigger, a right, row security or an owner of hired_employees)
-- invalidates every plan that names the table, as these all do; the role and the path are part of what a plan is kept for.
CREATE FUNCTION hiring.rollup_serves() RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL RESTRICTED SECURITY INVOKER COST 1000
AS $function$
DECLARE
  hires CONSTANT pg_catalog.oid := pg_catalog.to_regclass('hired_employees')::pg_catalog.oid;
BEGIN
  RETURN EXISTS (
    SELECT FROM pg_catalog.pg_class h
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) h.relnamespace
    JOIN pg_catalog.pg_class r ON r.relnamespace OPERATOR(pg_catalog.=) h.relnamespace AND r.relname OPERATOR(pg_catalog.=) 'hired_employees_rollup'
    WHERE h.oid OPERATOR(pg_catalog.=) hires AND r.relkind OPERATOR(pg_catalog.=) 'r' AND r.relowner OPERATOR(pg_catalog.=) h.relowner
      AND r.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass(pg_catalog.format('%I.hired_employees_rollup', n.nspname))::pg_catalog.oid
      AND (SELECT pg_catalog.count(*)
           FROM pg_catalog.pg_trigger t
           JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) t.tgfoid
           WHERE t.tgrelid OPERATOR(pg_catalog.=) h.oid AND t.tgenabled OPERATOR(pg_catalog.=) 'A'
             AND t.tgname::pg_catalog.text OPERATOR(pg_catalog.=) ANY (ARRAY['hired_employees_rollup_insert', 'hired_employees_rollup_update',
                                                          'hired_employees_rollup_delete', 'hired_employees_rollup_truncate'])
             AND p.proname OPERATOR(pg_catalog.=) 'hired_employees_rollup_keep' AND p.pronamespace OPERATOR(pg_catalog.=) h.relnamespace
             AND p.proowner OPERATOR(pg_catalog.=) h.relowner) OPERATOR(pg_catalog.=) 4
      AND pg_catalog.has_column_privilege(h.oid, 'datetime', 'SELECT')
      AND pg_catalog.has_column_privilege(h.oid, 'department_id', 'SELECT')
      AND pg_catalog.has_column_privilege(h.oid, 'job_id', 'SELECT')
      AND NOT pg_catalog.row_security_active(h.oid));
END
$function$;

COMMENT ON FUNCTION hiring.rollup_serves() IS
  'Whether the metrics answer the caller from a rollup (see hiring.enable_rollup); false where they count the hires';

-- The rollup stands beside the hires that the caller's search_path finds.
CREATE FUNCTION hiring.rollup_name() RETURNS text
LANGUAGE sql STABLE PARALLEL RESTRICTED SECURITY INVOKER
AS $function$
  SELECT pg_catalog.format('%I.hired_employees_rollup', n.nspname)
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  WHERE c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass('hired_employees')::pg_catalog.oid
$function$;

COMMENT ON FUNCTION hiring.rollup_name() IS 'The qualified name that the rollup of the caller''s hires has or would have';

CREATE FUNCTION hiring.rollup_of_year(year integer)
RETURNS TABLE (department_id integer, job_id integer, q1 bigint, q2 bigint, q3 bigint, q4 bigint)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY INVOKER ROWS 2000
AS $function$
BEGIN
  RETURN QUERY EXECUTE pg_catalog.format($query$
    SELECT s.* FROM (
      SELECT r.department_id, r.job_id,
        pg_catalog.sum(r.m01 OPERATOR(pg_catalog.+) r.m02 OPERATOR(pg_catalog.+) r.m03) AS q1, pg_catalog.sum(r.m04 OPERATOR(pg_catalog.+) r.m05 OPERATOR(pg_catalog.+) r.m06) AS q2,
        pg_catalog.sum(r.m07 OPERATOR(pg_catalog.+) r.m08 OPERATOR(pg_catalog.+) r.m09) AS q3, pg_catalog.sum(r.m10 OPERATOR(pg_catalog.+) r.m11 OPERATOR(pg_catalog.+) r.m12) AS q4
      FROM (SELECT * FROM %1$s WHERE folded AND year OPERATOR(pg_catalog.=) $1
            UNION ALL SELECT * FROM %1$s WHERE NOT folded AND year OPERATOR(pg_catalog.=) $1) r
      GROUP BY r.department_id, r.job_id) s
    WHERE (s.q1 OPERATOR(pg_catalog.+) s.q2 OPERATOR(pg_catalog.+) s.q3 OPERATOR(pg_catalog.+) s.q4) OPERATOR(pg_catalog.<>) 0
  $query$, hiring.rollup_name()) USING year;
END
$function$;

COMMENT ON FUNCTION hiring.rollup_of_year(integer) IS
  'What the rollup says of a year: the hires of each department and job in each quarter. The metrics call it';

CREATE FUNCTION hiring.rollup_months(first_year integer, last_year integer)
RETURNS TABLE (year integer, month integer, hired bigint)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY INVOKER ROWS 200
AS $function$
BEGIN
  RETURN QUERY EXECUTE pg_catalog.format($query$
    SELECT s.year, m.month::pg_catalog.int4, m.hired
    FROM (
      SELECT r.year, ARRAY[
        pg_catalog.sum(r.m01), pg_catalog.sum(r.m02), pg_catalog.sum(r.m03), pg_catalog.sum(r.m04),
        pg_catalog.sum(r.m05), pg_catalog.sum(r.m06), pg_catalog.sum(r.m07), pg_catalog.sum(r.m08),
        pg_catalog.sum(r.m09), pg_catalog.sum(r.m10), pg_catalog.sum(r.m11), pg_catalog.sum(r.m12)] AS months
      FROM (SELECT * FROM %1$s WHERE folded AND year OPERATOR(pg_catalog.>=) $1 AND year OPERATOR(pg_catalog.<=) $2
            UNION ALL SELECT * FROM %1$s WHERE NOT folded AND year OPERATOR(pg_catalog.>=) $1 AND year OPERATOR(pg_catalog.<=) $2) r
      GROUP BY r.year) s
    CROSS JOIN LATERAL pg_catalog.unnest(s.months) WITH ORDINALITY m (hired, month)
    WHERE m.hired OPERATOR(pg_catalog.<>) 0
  $query$, hiring.rollup_name()) USING first_year, last_year;
END
$function$;

COMMENT ON FUNCTION hiring.rollup_months(integer, integer) IS
  'What the rollup says of the years from one to another: the hires of each month. The metrics call it';

-- The hires of a source with columns datetime, department_id, job_id and n (how often a row counts), as rows of a rollup.
CREATE FUNCTION hiring.rollup_query(source text) RETURNS text
LANGUAGE sql IMMUTABLE SECURITY INVOKER
AS $function$
  SELECT pg_catalog.format($query$
      SELECT g.year, g.department_id, g.job_id,
        COALESCE(pg_catalog.sum(g.n) FILTER (WHERE g.month OPERATOR(pg_catalog.=) 1), 0) AS m01,
        COALESCE(pg_catalog.sum(g.n) FILTER (WHERE g.month OPERATOR(pg_catalog.=) 2), 0) AS m02,
        COALESCE(pg_catalog.sum(g.n) FILTER (WHERE g.month OPERATOR(pg_catalog.=) 3), 0) AS m03,
        COALESCE(pg_catalog.sum(g.n) FILTER (WHERE g.month OPERATOR(pg_catalog.=) 4), 0) AS m04,
        COALESCE(pg_catalog.sum(g.n) FILTER (WHERE g.month OPERATOR(pg_catalog.=) 5), 0) AS m05,
        COALESCE(pg_catalog.sum(g.n) FILTER (WHERE g.month OPERATOR(pg_catalog.=) 6), 0) AS m06,
        COALESCE(pg_catalog.sum(g.n) FILTER (WHERE g.month OPERATOR(pg_catalog.=) 7), 0) AS m07,
        COALESCE(pg_catalog.sum(g.n) FILTER (WHERE g.month OPERATOR(pg_catalog.=) 8), 0) AS m08,
        COALESCE(pg_catalog.sum(g.n) FILTER (WHERE g.month OPERATOR(pg_catalog.=) 9), 0) AS m09,
        COALESCE(pg_catalog.sum(g.n) FILTER (WHERE g.month OPERATOR(pg_catalog.=) 10), 0) AS m10,
        COALESCE(pg_catalog.sum(g.n) FILTER (WHERE g.month OPERATOR(pg_catalog.=) 11), 0) AS m11,
        COALESCE(pg_catalog.sum(g.n) FILTER (WHERE g.month OPERATOR(pg_catalog.=) 12), 0) AS m12
      FROM (
        SELECT pg_catalog.date_part('year', s.starts)::pg_catalog.int4 AS year,
          pg_catalog.date_part('month', s.starts)::pg_catalog.int4 AS month, s.department_id, s.job_id, s.n
        FROM (
          SELECT pg_catalog.date_trunc('month', pg_catalog.timezone('UTC', e.datetime)) AS starts, e.department_id, e.job_id,
            pg_catalog.sum(e.n)::pg_catalog.int4 AS n
          FROM (%s) e
          WHERE e.datetime OPERATOR(pg_catalog.>=) '0001-01-01 00:00:00+00'::pg_catalog.timestamptz
            AND e.datetime OPERATOR(pg_catalog.<) '294276-01-01 00:00:00+00'::pg_catalog.timestamptz
          GROUP BY 1, e.department_id, e.job_id
          HAVING pg_catalog.sum(e.n) OPERATOR(pg_catalog.<>) 0) s) g
      GROUP BY g.year, g.department_id, g.job_id
  $query$, source)
$function$;

COMMENT ON FUNCTION hiring.rollup_query(text) IS
  'The query that makes rows of a rollup out of hires; hiring.enable_rollup builds its triggers with it';

CREATE FUNCTION hiring.enable_rollup() RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY INVOKER
AS $function$
DECLARE
  hires CONSTANT pg_catalog.oid := pg_catalog.to_regclass('hired_employees')::pg_catalog.oid;
  -- Year, department, job and twelve months.
  counts CONSTANT pg_catalog.text := pg_catalog.concat(pg_catalog.repeat('integer[], ', 14), 'integer[]');
  target pg_catalog.name;
  owner pg_catalog.name;
  owner_id pg_catalog.oid;
  kind pg_catalog."char";
  persistence pg_catalog."char";
BEGIN
  IF hires IS NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'undefined_table',
      MESSAGE = 'relation "hired_employees" does not exist',
      HINT = 'Call hiring.create_tables(), or set search_path to the schema of the table.';
  END IF;
  SELECT n.nspname, c.relowner, pg_catalog.pg_get_userbyid(c.relowner), c.relkind, c.relpersistence
  INTO target, owner_id, owner, kind, persistence
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  WHERE c.oid OPERATOR(pg_catalog.=) hires;
  IF NOT pg_catalog.pg_has_role(owner_id, 'USAGE') THEN
    RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = 'must be owner of table hired_employees';
  END IF;
  -- Rows may come and go through a partition, a child or a parent, and the triggers of this table would not know.
  IF kind OPERATOR(pg_catalog.<>) 'r' OR persistence OPERATOR(pg_catalog.=) 't' OR EXISTS (
       SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid OPERATOR(pg_catalog.=) hires OR i.inhparent OPERATOR(pg_catalog.=) hires) THEN
    RAISE EXCEPTION USING
      ERRCODE = 'feature_not_supported',
      MESSAGE = 'cannot keep a rollup of "hired_employees"',
      DETAIL = 'It must be an ordinary table, not a temporary one, without partitions or inheritance.';
  END IF;
  IF pg_catalog.to_regclass(pg_catalog.format('%I.hired_employees_rollup', target)) IS NOT NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'duplicate_table',
      MESSAGE = pg_catalog.format('relation "hired_employees_rollup" already exists in schema "%s"', target),
      HINT = 'To build it anew, call hiring.disable_rollup() first.';
  END IF;
  -- Hires that were committed after the snapshot of the whole transaction would never be counted.
  IF pg_catalog.current_setting('transaction_isolation') OPERATOR(pg_catalog.<>) 'read committed' THEN
    RAISE EXCEPTION USING
      ERRCODE = 'invalid_transaction_state',
      MESSAGE = 'a rollup can only be made in a READ COMMITTED transaction';
  END IF;

  EXECUTE pg_catalog.format($ddl$
    LOCK TABLE %1$I.hired_employees IN SHARE ROW EXCLUSIVE MODE;

    CREATE TABLE %1$I.hired_employees_rollup (
      year integer NOT NULL,
      department_id integer NOT NULL,
      job_id integer NOT NULL,
      m01 integer NOT NULL DEFAULT 0, m02 integer NOT NULL DEFAULT 0, m03 integer NOT NULL DEFAULT 0,
      m04 integer NOT NULL DEFAULT 0, m05 integer NOT NULL DEFAULT 0, m06 integer NOT NULL DEFAULT 0,
      m07 integer NOT NULL DEFAULT 0, m08 integer NOT NULL DEFAULT 0, m09 integer NOT NULL DEFAULT 0,
      m10 integer NOT NULL DEFAULT 0, m11 integer NOT NULL DEFAULT 0, m12 integer NOT NULL DEFAULT 0,
      folded boolean NOT NULL DEFAULT false
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_insert_scale_factor = 0);

    COMMENT ON TABLE %1$I.hired_employees_rollup IS
      'How many people were hired, summed up for the metrics; kept by the triggers of hired_employees. The sum over all rows '
      'of a key counts; never change it by hand';
    COMMENT ON COLUMN %1$I.hired_employees_rollup.year IS 'Year of the hires, by UTC';
    COMMENT ON COLUMN %1$I.hired_employees_rollup.department_id IS 'Department that hired: a departments.id';
    COMMENT ON COLUMN %1$I.hired_employees_rollup.job_id IS 'Job that people were hired for: a jobs.id';
    COMMENT ON COLUMN %1$I.hired_employees_rollup.m01 IS 'People hired in January';
    COMMENT ON COLUMN %1$I.hired_employees_rollup.m02 IS 'People hired in February';
    COMMENT ON COLUMN %1$I.hired_employees_rollup.m03 IS 'People hired in March';
    COMMENT ON COLUMN %1$I.hired_employees_rollup.m04 IS 'People hired in April';
    COMMENT ON COLUMN %1$I.hired_employees_rollup.m05 IS 'People hired in May';
    COMMENT ON COLUMN %1$I.hired_employees_rollup.m06 IS 'People hired in June';
    COMMENT ON COLUMN %1$I.hired_employees_rollup.m07 IS 'People hired in July';
    COMMENT ON COLUMN %1$I.hired_employees_rollup.m08 IS 'People hired in August';
    COMMENT ON COLUMN %1$I.hired_employees_rollup.m09 IS 'People hired in September';
    COMMENT ON COLUMN %1$I.hired_employees_rollup.m10 IS 'People hired in October';
    COMMENT ON COLUMN %1$I.hired_employees_rollup.m11 IS 'People hired in November';
    COMMENT ON COLUMN %1$I.hired_employees_rollup.m12 IS 'People hired in December';
    COMMENT ON COLUMN %1$I.hired_employees_rollup.folded IS
      'Whether the row is a sum over others; false for what one statement added or took away';
  $ddl$, target);

  EXECUTE pg_catalog.format($ddl$
    CREATE FUNCTION %1$I.hired_employees_rollup_fold() RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $body$
    DECLARE
      most CONSTANT integer := 100000;
      taken bigint;
    BEGIN
      LOOP
        EXECUTE $fold$ WITH part AS (
          DELETE FROM %1$I.hired_employees_rollup r WHERE r.ctid = ANY (ARRAY(
            SELECT p.ctid FROM %1$I.hired_employees_rollup p WHERE NOT p.folded LIMIT $1 FOR UPDATE SKIP LOCKED))
          RETURNING r.*
        ), sums AS (
          DELETE FROM %1$I.hired_employees_rollup r WHERE r.ctid = ANY (ARRAY(
            SELECT s.ctid FROM %1$I.hired_employees_rollup s
            JOIN (SELECT DISTINCT part.year, part.department_id, part.job_id FROM part) k
              ON k.year = s.year AND k.department_id = s.department_id AND k.job_id = s.job_id
            WHERE s.folded FOR UPDATE OF s SKIP LOCKED))
          RETURNING r.*
        ), new AS (
          INSERT INTO %1$I.hired_employees_rollup
        SELECT r.year, r.department_id, r.job_id,
          sum(r.m01), sum(r.m02), sum(r.m03), sum(r.m04), sum(r.m05), sum(r.m06), sum(r.m07), sum(r.m08), sum(r.m09),
          sum(r.m10), sum(r.m11), sum(r.m12), true
        FROM (SELECT * FROM part UNION ALL SELECT * FROM sums) r
        GROUP BY r.year, r.department_id, r.job_id
        HAVING sum(r.m01) <> 0 OR sum(r.m02) <> 0 OR sum(r.m03) <> 0 OR sum(r.m04) <> 0
          OR sum(r.m05) <> 0 OR sum(r.m06) <> 0 OR sum(r.m07) <> 0 OR sum(r.m08) <> 0
          OR sum(r.m09) <> 0 OR sum(r.m10) <> 0 OR sum(r.m11) <> 0 OR sum(r.m12) <> 0)
        SELECT count(*) FROM part $fold$ INTO taken USING most;
        EXIT WHEN taken < most;
      END LOOP;
    END
    $body$;
    COMMENT ON FUNCTION %1$I.hired_employees_rollup_fold() IS
      'Sums the rows of hired_employees_rollup up where they are many; the triggers call it now and then';
    REVOKE ALL ON FUNCTION %1$I.hired_employees_rollup_fold() FROM PUBLIC;
  $ddl$, target);

  -- Folding is for READ COMMITTED: under one snapshot for all a row that went meanwhile is an error. After a statement of
  -- few rows the clock's microseconds decide whether it is time, once in about two thousand rows: there is no counter to
  -- wait for. After one of many it is put off to the commit, by a row of year 0, or the parts of a load would be folded
  -- again and again. Folding is planned anew each time: a plan for the few rows of the first would not do for many.
  -- What decides this runs with the rights and the path of the functions that call it.
  -- What a load brings of years that have no sums yet has nothing to be folded into: it goes in as sums.
  EXECUTE pg_catalog.format($ddl$
    CREATE FUNCTION %1$I.hired_employees_rollup_grew(written bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY INVOKER
    AS $body$
    DECLARE
      here text;
    BEGIN
      IF current_setting('transaction_isolation') <> 'read committed' THEN
        RETURN;
      ELSIF written >= 100 THEN
        here := concat(%2$L, '/', txid_current());
        IF current_setting('hired_employees_rollup.folds_at_commit', true) IS DISTINCT FROM here THEN
          INSERT INTO %1$I.hired_employees_rollup (year, department_id, job_id) VALUES (0, 0, 0);
          PERFORM set_config('hired_employees_rollup.folds_at_commit', here, true);
        END IF;
      ELSIF date_part('microseconds', clock_timestamp())::bigint %% 2000 < written THEN
        PERFORM %1$I.hired_employees_rollup_fold();
      END IF;
    END
    $body$;
    COMMENT ON FUNCTION %1$I.hired_employees_rollup_grew(bigint) IS
      'Decides when hired_employees_rollup is folded after so many rows were added to it';
    REVOKE ALL ON FUNCTION %1$I.hired_employees_rollup_grew(bigint) FROM PUBLIC;
  $ddl$, target, target);

  EXECUTE pg_catalog.format($ddl$
    CREATE FUNCTION %1$I.hired_employees_rollup_keep() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $body$
    DECLARE
      written bigint;
    BEGIN
      IF TG_TABLE_NAME = 'hired_employees_rollup' THEN
        PERFORM %1$I.hired_employees_rollup_fold();
        RETURN NULL;
      ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO %1$I.hired_employees_rollup %2$s;
      ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO %1$I.hired_employees_rollup %3$s;
      ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO %1$I.hired_employees_rollup %4$s;
      ELSE
        -- The server truncates no table that a trigger still waits for.
        SET CONSTRAINTS %1$I.hired_employees_rollup_fold_at_commit IMMEDIATE;
        SET CONSTRAINTS %1$I.hired_employees_rollup_fold_at_commit DEFERRED;
        PERFORM set_config('hired_employees_rollup.folds_at_commit', '', true);
        TRUNCATE %1$I.hired_employees_rollup;
        RETURN NULL;
      END IF;
      GET DIAGNOSTICS written = ROW_COUNT;
      IF written > 0 THEN
        PERFORM %1$I.hired_employees_rollup_grew(written);
      END IF;
      RETURN NULL;
    END
    $body$;
    COMMENT ON FUNCTION %1$I.hired_employees_rollup_keep() IS
      'Trigger function of hired_employees: adds what a statement changed to hired_employees_rollup';
    REVOKE ALL ON FUNCTION %1$I.hired_employees_rollup_keep() FROM PUBLIC;

    CREATE FUNCTION %1$I.hired_employees_rollup_keep(%5$s) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $body$
    DECLARE
      known CONSTANT integer[] := ARRAY(SELECT y.year FROM (SELECT DISTINCT unnest($1)) y (year) WHERE EXISTS (
        SELECT FROM %1$I.hired_employees_rollup r WHERE r.folded AND r.year = y.year));
    BEGIN
      INSERT INTO %1$I.hired_employees_rollup
      SELECT t.*, t.year <> ALL (known) FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) t (year)
      WHERE t.year BETWEEN 1 AND 294275;
      PERFORM %1$I.hired_employees_rollup_grew((SELECT count(*) FROM unnest($1) y (year) WHERE y.year = ANY (known)));
    END
    $body$;
    COMMENT ON FUNCTION %1$I.hired_employees_rollup_keep(%5$s) IS
      'Adds what a load inserted to hired_employees_rollup: years, departments, jobs and the hires of each month';
    REVOKE ALL ON FUNCTION %1$I.hired_employees_rollup_keep(%5$s) FROM PUBLIC;

    CREATE TRIGGER hired_employees_rollup_insert AFTER INSERT ON %1$I.hired_employees
      REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
      EXECUTE FUNCTION %1$I.hired_employees_rollup_keep('ferry.tally', 'datetime', 'department_id', 'job_id');
    CREATE TRIGGER hired_employees_rollup_update AFTER UPDATE ON %1$I.hired_employees
      REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
      FOR EACH STATEMENT EXECUTE FUNCTION %1$I.hired_employees_rollup_keep();
    CREATE TRIGGER hired_employees_rollup_delete AFTER DELETE ON %1$I.hired_employees
      REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION %1$I.hired_employees_rollup_keep();
    CREATE TRIGGER hired_employees_rollup_truncate AFTER TRUNCATE ON %1$I.hired_employees
      FOR EACH STATEMENT EXECUTE FUNCTION %1$I.hired_employees_rollup_keep();
    ALTER TABLE %1$I.hired_employees ENABLE ALWAYS TRIGGER hired_employees_rollup_insert,
      ENABLE ALWAYS TRIGGER hired_employees_rollup_update, ENABLE ALWAYS TRIGGER hired_employees_rollup_delete,
      ENABLE ALWAYS TRIGGER hired_employees_rollup_truncate;
  $ddl$, target,
    hiring.rollup_query('SELECT n.datetime, n.department_id, n.job_id, 1 AS n FROM new_rows n'),
    hiring.rollup_query('SELECT o.datetime, o.department_id, o.job_id, -1 AS n FROM old_rows o'),
    hiring.rollup_query('SELECT n.datetime, n.department_id, n.job_id, 1 AS n FROM new_rows n UNION ALL '
                        'SELECT o.datetime, o.department_id, o.job_id, -1 FROM old_rows o'),
    counts);

  -- A statement of its own, so that its snapshot is taken after the lock.
  EXECUTE pg_catalog.format('INSERT INTO %I.hired_employees_rollup SELECT q.*, true FROM (%s) q ORDER BY 1, 2, 3', target,
    hiring.rollup_query(pg_catalog.format(
      'SELECT h.datetime, h.department_id, h.job_id, 1 AS n FROM %I.hired_employees h', target)));

  -- Who may read what is counted may read the counts.
  EXECUTE pg_catalog.format($ddl$
    CREATE INDEX hired_employees_rollup_sums_idx ON %1$I.hired_employees_rollup (year, department_id, job_id) WHERE folded;
    CREATE INDEX hired_employees_rollup_parts_idx ON %1$I.hired_employees_rollup (year) WHERE NOT folded;
    -- Rows that come by the hundred are folded once, when their transaction commits.
    CREATE CONSTRAINT TRIGGER hired_employees_rollup_fold_at_commit AFTER INSERT ON %1$I.hired_employees_rollup
      DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.year = 0) EXECUTE FUNCTION %1$I.hired_employees_rollup_keep();
    ALTER TABLE %1$I.hired_employees_rollup ENABLE ROW LEVEL SECURITY;
    CREATE POLICY as_hired_employees ON %1$I.hired_employees_rollup FOR SELECT USING (
      pg_catalog.has_column_privilege(%3$L::pg_catalog.regclass, 'datetime', 'SELECT')
      AND pg_catalog.has_column_privilege(%3$L::pg_catalog.regclass, 'department_id', 'SELECT')
      AND pg_catalog.has_column_privilege(%3$L::pg_catalog.regclass, 'job_id', 'SELECT')
      AND NOT pg_catalog.row_security_active(%3$L::pg_catalog.regclass));
    GRANT SELECT ON %1$I.hired_employees_rollup TO PUBLIC;
    ALTER TABLE %1$I.hired_employees_rollup OWNER TO %2$I;
    ALTER FUNCTION %1$I.hired_employees_rollup_keep() OWNER TO %2$I;
    ALTER FUNCTION %1$I.hired_employees_rollup_keep(%4$s) OWNER TO %2$I;
    ALTER FUNCTION %1$I.hired_employees_rollup_grew(bigint) OWNER TO %2$I;
    ALTER FUNCTION %1$I.hired_employees_rollup_fold() OWNER TO %2$I;
    ANALYZE %1$I.hired_employees_rollup;
  $ddl$, target, owner, pg_catalog.format('%I.hired_employees', target), counts);
END
$function$;

COMMENT ON FUNCTION hiring.enable_rollup() IS
  'Makes a summary of the caller''s hired_employees and the triggers that keep it current in every transaction that '
  'changes the table; from then on the metrics answer from it. Writers wait while it is made. For the owner of the table';

CREATE FUNCTION hiring.disable_rollup() RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY INVOKER
AS $function$
DECLARE
  counts CONSTANT pg_catalog.text := pg_catalog.concat(pg_catalog.repeat('integer[], ', 14), 'integer[]');
  target pg_catalog.name;
BEGIN
  SELECT n.nspname INTO target
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  WHERE c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass('hired_employees')::pg_catalog.oid;
  IF target IS NULL OR pg_catalog.to_regclass(pg_catalog.format('%I.hired_employees_rollup', target)) IS NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'undefined_table',
      MESSAGE = 'table "hired_employees" has no rollup',
      HINT = 'The table is looked for in search_path.';
  END IF;
  EXECUTE pg_catalog.format($ddl$
    DROP TRIGGER IF EXISTS hired_employees_rollup_insert ON %1$I.hired_employees;
    DROP TRIGGER IF EXISTS hired_employees_rollup_update ON %1$I.hired_employees;
    DROP TRIGGER IF EXISTS hired_employees_rollup_delete ON %1$I.hired_employees;
    DROP TRIGGER IF EXISTS hired_employees_rollup_truncate ON %1$I.hired_employees;
    DROP TABLE %1$I.hired_employees_rollup;
    DROP FUNCTION IF EXISTS %1$I.hired_employees_rollup_keep();
    DROP FUNCTION IF EXISTS %1$I.hired_employees_rollup_keep(%2$s);
    DROP FUNCTION IF EXISTS %1$I.hired_employees_rollup_grew(bigint);
    DROP FUNCTION IF EXISTS %1$I.hired_employees_rollup_fold();
  $ddl$, target, counts);
END
$function$;

COMMENT ON FUNCTION hiring.disable_rollup() IS
  'Removes what hiring.enable_rollup made; the metrics count the hires again. For the owner of the table';

-- One statement and so one snapshot, whoever writes meanwhile.
CREATE FUNCTION hiring.check_rollup()
RETURNS TABLE (year integer, department_id integer, job_id integer, month integer, counted bigint, kept bigint)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY INVOKER ROWS 10
AS $function$
BEGIN
  IF pg_catalog.to_regclass(hiring.rollup_name()) IS NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'undefined_table',
      MESSAGE = 'table "hired_employees" has no rollup',
      HINT = 'Call hiring.enable_rollup().';
  END IF;
  RETURN QUERY EXECUTE pg_catalog.format($query$
    SELECT d.year, d.department_id, d.job_id, d.month::pg_catalog.int4,
      pg_catalog.sum(d.counted)::pg_catalog.int8, pg_catalog.sum(d.kept)::pg_catalog.int8
    FROM (
      SELECT q.year, q.department_id, q.job_id, m.month, m.n AS counted, 0 AS kept
      FROM (%1$s) q CROSS JOIN LATERAL pg_catalog.unnest(ARRAY[q.m01, q.m02, q.m03, q.m04, q.m05, q.m06, q.m07, q.m08, q.m09, q.m10, q.m11, q.m12]) WITH ORDINALITY m (n, month)
      UNION ALL
      SELECT r.year, r.department_id, r.job_id, m.month, 0, m.n
      FROM %2$s r CROSS JOIN LATERAL pg_catalog.unnest(ARRAY[r.m01, r.m02, r.m03, r.m04, r.m05, r.m06, r.m07, r.m08, r.m09, r.m10, r.m11, r.m12]) WITH ORDINALITY m (n, month)
    ) d
    GROUP BY d.year, d.department_id, d.job_id, d.month
    HAVING pg_catalog.sum(d.counted) OPERATOR(pg_catalog.<>) pg_catalog.sum(d.kept)
    ORDER BY d.year, d.department_id, d.job_id, d.month
  $query$, hiring.rollup_query('SELECT h.datetime, h.department_id, h.job_id, 1 AS n FROM hired_employees h'),
    hiring.rollup_name());
END
$function$;

COMMENT ON FUNCTION hiring.check_rollup() IS
  'Counts the hires and compares the rollup with them: one row for each year, department, job and month where they '
  'differ, with the hires counted and those kept in the rollup. None when all is well';

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA hiring FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA hiring TO PUBLIC;
GRANT SELECT ON hiring.hires_by_quarter_all, hiring.hires_by_department_all, hiring.departments_above_mean_all,
  hiring.hires_by_month_all, hiring.hires_trend_all TO PUBLIC;
