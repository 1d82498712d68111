-- The roles of the HTTP front and what each may do in the engine and in the three hiring tables.
-- Roles belong to the whole cluster, so they are made only when missing; every grant may be repeated.

DO $$
DECLARE
  wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['web_anon', 'app_reader', 'app_writer', 'app_operator', 'authenticator', 'ferry_auth',
                                'ferry_stats'] LOOP
    BEGIN
      IF to_regrole(wanted) IS NULL THEN
        EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
      END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
      NULL;  -- another deployment made it in the meantime
    END;
  END LOOP;
END
$$;

-- PostgREST connects as authenticator and becomes, per request, one of four roles; alone it may do nothing.
-- ferry_auth owns users and secrets; nobody logs in as it and nobody is a member of it.
ALTER ROLE authenticator LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
GRANT web_anon, app_reader, app_writer, app_operator TO authenticator;
-- Passwords and tokens are parameters of its statements; whatever the server logs, it does not log those.
ALTER ROLE authenticator SET log_parameter_max_length = 0;
ALTER ROLE authenticator SET log_parameter_max_length_on_error = 0;

-- ferry_stats looks at what the sessions of others do, for rest.running(); nobody is a member of it either.
GRANT pg_read_all_stats TO ferry_stats;

-- Each role includes the one before it.
GRANT app_reader TO app_writer;
GRANT app_writer TO app_operator;

-- PostgREST does not cancel a statement when its client goes away, so each role has a limit.
ALTER ROLE web_anon SET statement_timeout = '5s';
ALTER ROLE app_reader SET statement_timeout = '15s';
ALTER ROLE app_writer SET statement_timeout = '60s';
ALTER ROLE app_operator SET statement_timeout = '15min';

-- The hiring tables. Whoever may insert needs nothing more for identity and foreign keys. The metric functions are
-- open to everyone and read these tables with the caller's rights.
GRANT USAGE ON SCHEMA public TO app_reader;
GRANT SELECT ON public.departments, public.jobs, public.hired_employees TO app_reader;
GRANT INSERT ON public.departments, public.jobs, public.hired_employees TO app_writer;
GRANT UPDATE, DELETE, TRUNCATE ON public.departments, public.jobs, public.hired_employees TO app_operator;

-- The engine. Its functions act with the caller's own rights, so EXECUTE alone gives access to no table; each file of
-- routes grants what its routes call.
GRANT USAGE ON SCHEMA ferry TO app_writer;

-- An operator sees every load, for which the engine asks membership in pg_read_all_data. That role does not pass
-- row security, which is how schema auth stays closed to it.
GRANT pg_read_all_data TO app_operator;
