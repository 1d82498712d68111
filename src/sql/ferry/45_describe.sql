-- Tables described: for people, column by column, and for programs, as the JSON Schema of a row to insert. Both read the
-- catalogs only, which everybody may.

CREATE FUNCTION ferry.data_dictionary(target regclass)
RETURNS TABLE (
  ordinal integer, column_name text, type text, nullable boolean, default_value text, identity text, generated text,
  primary_key integer, is_unique boolean, refers_to text, checks text[], comment text
)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 20 SET search_path = pg_catalog, pg_temp
AS $$
  WITH RECURSIVE columns AS (
    SELECT a.*, (row_number() OVER (ORDER BY a.attnum))::integer AS ordinal
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.oid = target AND c.relkind IN ('r', 'p', 'f', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped
  ), domains AS (
    SELECT c.attnum, 1 AS depth, t.oid, t.typbasetype, t.typnotnull, t.typdefault
    FROM columns c JOIN pg_type t ON t.oid = c.atttypid WHERE t.typtype = 'd'
    UNION ALL
    SELECT d.attnum, d.depth + 1, t.oid, t.typbasetype, t.typnotnull, t.typdefault
    FROM domains d JOIN pg_type t ON t.oid = d.typbasetype WHERE t.typtype = 'd'
  )
  SELECT c.ordinal, c.attname::text, format_type(c.atttypid, c.atttypmod),
    NOT (c.attnotnull OR EXISTS (SELECT FROM domains d WHERE d.attnum = c.attnum AND d.typnotnull)),
    CASE WHEN c.attgenerated = '' AND c.attidentity = ''
         THEN coalesce(e.expression, (SELECT d.typdefault FROM domains d WHERE d.attnum = c.attnum AND d.depth = 1)) END,
    CASE c.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END,
    CASE WHEN c.attgenerated <> '' THEN e.expression END,
    array_position(p.conkey, c.attnum),
    EXISTS (SELECT FROM pg_index i WHERE i.indrelid = target AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
                                     AND i.indnkeyatts = 1 AND i.indkey[0] = c.attnum),
    (SELECT string_agg(format('%s(%I)', f.confrelid::regclass, r.attname), ', ' ORDER BY f.conname)
       FROM pg_constraint f
       JOIN pg_attribute r ON r.attrelid = f.confrelid AND r.attnum = f.confkey[array_position(f.conkey, c.attnum)]
      WHERE f.conrelid = target AND f.contype = 'f' AND c.attnum = ANY (f.conkey)),
    ARRAY(SELECT pg_get_expr(k.conbin, k.conrelid, true) FROM pg_constraint k
           WHERE k.conrelid = target AND k.contype = 'c' AND c.attnum = ANY (k.conkey) ORDER BY k.conname)
    || ARRAY(SELECT pg_get_expr(k.conbin, 0, true) FROM domains d JOIN pg_constraint k ON k.contypid = d.oid
              WHERE d.attnum = c.attnum AND k.contype = 'c' ORDER BY d.depth, k.conname),
    col_description(target, c.attnum)
  FROM columns c
  LEFT JOIN LATERAL (SELECT pg_get_expr(d.adbin, d.adrelid, true) FROM pg_attrdef d
                     WHERE d.adrelid = target AND d.adnum = c.attnum) e (expression) ON true
  LEFT JOIN pg_constraint p ON p.conrelid = target AND p.contype = 'p'
  ORDER BY c.ordinal
$$;
COMMENT ON FUNCTION ferry.data_dictionary IS
'The columns of a table, one row each

ordinal: position among the columns; type: as SQL writes it; nullable: whether it takes NULL; default_value: expression
of its default, or of its domain''s; identity: always or by default; generated: expression it is computed by;
primary_key: position in the primary key; is_unique: whether a unique index is on this column alone; refers_to: what its
foreign keys name; checks: conditions of the CHECK constraints that name it, those of its domain last; comment: its
comment.';

-- ---- JSON Schema, in pieces ----

CREATE FUNCTION ferry.schema_of_condition(condition text, operand text, kind text) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $_$
  SELECT CASE
    WHEN kind IN ('integer', 'number') AND range[1] = '>=' THEN jsonb_build_object('minimum', range[2]::numeric)
    WHEN kind IN ('integer', 'number') AND range[1] = '>' THEN jsonb_build_object('exclusiveMinimum', range[2]::numeric)
    WHEN kind IN ('integer', 'number') AND range[1] = '<=' THEN jsonb_build_object('maximum', range[2]::numeric)
    WHEN kind IN ('integer', 'number') AND range[1] = '<' THEN jsonb_build_object('exclusiveMaximum', range[2]::numeric)
    WHEN kind = 'text' AND size[1] = '>=' THEN jsonb_build_object('minLength', size[2]::integer)
    WHEN kind = 'text' AND size[1] = '>' THEN jsonb_build_object('minLength', size[2]::integer + 1)
    WHEN kind = 'text' AND size[1] = '<=' THEN jsonb_build_object('maxLength', size[2]::integer)
    WHEN kind = 'text' AND size[1] = '<' AND size[2] <> '0' THEN jsonb_build_object('maxLength', size[2]::integer - 1)
    WHEN kind = 'text' AND condition ~ ('^\(' || col || ' <> ''''::text\)$') THEN '{"minLength": 1}'
    WHEN kind = 'text' AND condition ~ ('^\(btrim\(' || col || '\) <> ''''::text\)$') THEN '{"pattern": "[^ ]"}'
    WHEN kind IN ('text', 'enum') THEN
      (SELECT jsonb_build_object('enum', jsonb_agg(replace(w[1], '''''', ''''))) FROM regexp_matches(words[1], word, 'g') w HAVING count(*) > 0)
    WHEN kind IN ('integer', 'number') THEN
      (SELECT jsonb_build_object('enum', jsonb_agg(w[1]::numeric)) FROM regexp_matches(numbers[1], number, 'g') w HAVING count(*) > 0)
  END
  FROM (SELECT '\(?' || regexp_replace(operand, '([][\\.*+?(){}|^$-])', '\\\1', 'g') || '\)?'
                 || CASE WHEN kind = 'integer' THEN '(?:::(?:smallint|integer|bigint|numeric))?' WHEN kind <> 'number' THEN '(?:::text)?' ELSE '' END,
               '\(?''?(-?[0-9]+(?:\.[0-9]+)?)''?(?:::[a-z ]+)?\)?(?:::[a-z ]+)?', '''((?:[^'']|'''')*)''(?:::[a-z0-9_". ]+)?') t (col, number, word),
  LATERAL (SELECT '^\(' || col || ' = (?:ANY \(\(?ARRAY\[)?', '(?:\]\)?(?:::[a-z0-9_". ]+\[\])?\))?\)$') l (head, tail),
  LATERAL (SELECT regexp_match(condition, '^\(' || col || ' (>=|<=|>|<) ' || number || '\)$'),
                  regexp_match(condition, '^\((?:char_length|length)\(' || col || '\) (>=|<=|>|<) ([0-9]{1,9})\)$'),
                  regexp_match(condition, head || '((?:''(?:[^'']|'''')*''(?:::[a-z0-9_". ]+)?(?:, )?)+)' || tail),
                  regexp_match(condition, head || '((?:\(?''?-?[0-9]+(?:\.[0-9]+)?''?(?:::[a-z ]+)?\)?(?:::[a-z ]+)?(?:, )?)+)' || tail)) m (range, size, words, numbers)
$_$;
COMMENT ON FUNCTION ferry.schema_of_condition IS
'What one comparison, as pg_get_expr() writes it, says in JSON Schema of its operand; NULL where it is of no known form

kind: integer, number, text or enum. How constants of other types are written depends on settings.';

-- A condition counts where all that it joins with AND is known; the others stay for the table to check. Of two that say
-- the same the stricter counts.
CREATE FUNCTION ferry.schema_with_checks(schema jsonb, operand text, conditions text[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
  WITH said AS (
    SELECT c.n, ferry.schema_of_condition(t.term, operand,
             CASE WHEN schema ->> 'type' IN ('integer', 'number') THEN schema ->> 'type'
                  WHEN schema ->> 'type' = 'string' AND schema ? 'enum' THEN 'enum'
                  WHEN schema ->> 'type' = 'string' AND NOT schema ?| '{format,pattern}' THEN 'text' END) AS part
    FROM unnest(conditions) WITH ORDINALITY c (condition, n),
      unnest(string_to_array(CASE WHEN c.condition LIKE '((%) AND (%))' THEN substr(c.condition, 2, length(c.condition) - 2) ELSE c.condition END, ' AND ')) t (term)
  ), parts (n, part) AS (
    SELECT 0, schema
    UNION ALL
    SELECT s.n, s.part FROM said s WHERE NOT EXISTS (SELECT FROM said o WHERE o.n = s.n AND o.part IS NULL)
  )
  SELECT jsonb_object_agg(k.key, CASE WHEN k.key IN ('minimum', 'exclusiveMinimum', 'minLength') THEN to_jsonb(k.most)
                                      WHEN k.key IN ('maximum', 'exclusiveMaximum', 'maxLength') THEN to_jsonb(k.least) ELSE k.last END)
  FROM (SELECT e.key, max(e.value::text::numeric) FILTER (WHERE jsonb_typeof(e.value) = 'number') AS most,
               min(e.value::text::numeric) FILTER (WHERE jsonb_typeof(e.value) = 'number') AS least, (array_agg(e.value ORDER BY p.n DESC))[1] AS last
        FROM parts p, jsonb_each(p.part) e GROUP BY e.key) k
$$;
COMMENT ON FUNCTION ferry.schema_with_checks IS 'A JSON Schema with what conditions of CHECK constraints add to it';

CREATE FUNCTION ferry.schema_or_null(schema jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
  SELECT schema || jsonb_build_object('type', (schema -> 'type') || '"null"')
    || CASE WHEN schema ? 'enum' THEN jsonb_build_object('enum', (schema -> 'enum') || 'null') ELSE '{}' END
$$;
COMMENT ON FUNCTION ferry.schema_or_null IS 'A JSON Schema that takes null besides';

-- A numeric(p,s) rounds before it looks at the size; both stand in typmod (PostgreSQL: make_numeric_typmod in numeric.c).
CREATE FUNCTION ferry.schema_of_type(type oid, typmod integer) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $_$
  SELECT CASE
    WHEN t.typtype = 'd' THEN
      ferry.schema_with_checks(ferry.schema_of_type(t.typbasetype, t.typtypmod), 'VALUE',
        ARRAY(SELECT pg_get_expr(k.conbin, 0) FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c' ORDER BY k.conname))
    WHEN t.typtype = 'e' THEN
      jsonb_build_object('type', 'string', 'enum', (SELECT jsonb_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid))
    WHEN t.typtype = 'c' THEN
      jsonb_build_object('type', 'object', 'additionalProperties', false, 'properties',
        (SELECT coalesce(jsonb_object_agg(a.attname, ferry.schema_or_null(ferry.schema_of_type(a.atttypid, a.atttypmod))), '{}')
           FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped))
    WHEN t.typcategory = 'A' AND t.typelem <> 0 THEN
      jsonb_build_object('type', 'array', 'items', ferry.schema_or_null(ferry.schema_of_type(t.typelem, typmod)))
    WHEN t.typnamespace <> 'pg_catalog'::regnamespace THEN '{"type": "string"}'
    WHEN t.typname = 'int2' THEN '{"type": "integer", "format": "int32", "minimum": -32768, "maximum": 32767}'
    WHEN t.typname = 'int4' THEN '{"type": "integer", "format": "int32", "minimum": -2147483648, "maximum": 2147483647}'
    WHEN t.typname = 'int8' THEN '{"type": "integer", "format": "int64", "minimum": -9223372036854775808, "maximum": 9223372036854775807}'
    WHEN t.typname = 'numeric' AND typmod >= 4 THEN
      (SELECT jsonb_build_object('type', 'number', 'minimum', -most, 'maximum', most)
         FROM (SELECT ((typmod - 4) >> 16) & 65535, (((typmod - 4) & 2047) # 1024) - 1024) n (digits, scale),
              LATERAL (SELECT trim_scale(('1e' || digits - scale)::numeric - ('1e' || - scale)::numeric)) m (most))
    WHEN t.typname IN ('float4', 'float8', 'numeric') THEN '{"type": "number"}'
    WHEN t.typname = 'bool' THEN '{"type": "boolean"}'
    WHEN t.typname IN ('timestamptz', 'timestamp') THEN '{"type": "string", "format": "date-time"}'
    WHEN t.typname IN ('date', 'uuid') THEN jsonb_build_object('type', 'string', 'format', t.typname)
    WHEN t.typname IN ('time', 'timetz') THEN '{"type": "string", "format": "time"}'
    WHEN t.typname = 'interval' THEN '{"type": "string", "format": "duration"}'
    WHEN t.typname = 'bytea' THEN '{"type": "string", "pattern": "^\\\\x([0-9a-fA-F]{2})*$"}'
    WHEN t.typname IN ('varchar', 'bpchar') AND typmod > 4 THEN jsonb_build_object('type', 'string', 'maxLength', typmod - 4)
    WHEN t.typname = 'bit' AND typmod > 0 THEN jsonb_build_object('type', 'string', 'pattern', format('^[01]{%s}$', typmod))
    WHEN t.typname IN ('bit', 'varbit') THEN
      jsonb_build_object('type', 'string', 'pattern', format('^[01]{0,%s}$', nullif(typmod, -1)))
    WHEN t.typname IN ('json', 'jsonb') THEN '{"type": ["object", "array", "string", "number", "boolean"]}'
    ELSE '{"type": "string"}'
  END::jsonb
  FROM pg_type t WHERE t.oid = type
$_$;
COMMENT ON FUNCTION ferry.schema_of_type IS 'The JSON Schema of the values of a type, NULL apart';

CREATE FUNCTION ferry.json_schema(target regclass) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
  SELECT json_strip_nulls(json_build_object(
    '$schema', 'https://json-schema.org/draft/2020-12/schema',
    'title', target::text, 'description', obj_description(target, 'pg_class'), 'type', 'object',
    'properties', coalesce(json_object_agg(d.column_name, CASE WHEN d.nullable THEN ferry.schema_or_null(s.schema) ELSE s.schema END
        || CASE WHEN d.comment IS NULL THEN '{}' ELSE jsonb_build_object('description', d.comment) END
        || CASE WHEN d.generated IS NULL AND d.identity IS DISTINCT FROM 'always' THEN '{}' ELSE jsonb_build_object('readOnly', true) END
        ORDER BY d.ordinal), '{}'),
    'required', coalesce(json_agg(d.column_name ORDER BY d.ordinal)
        FILTER (WHERE NOT d.nullable AND d.default_value IS NULL AND d.identity IS NULL AND d.generated IS NULL), '[]'),
    'additionalProperties', false))
  FROM ferry.data_dictionary(target) d
  JOIN pg_attribute a ON a.attrelid = target AND a.attname = d.column_name
  CROSS JOIN LATERAL (SELECT ferry.schema_with_checks(ferry.schema_of_type(a.atttypid, a.atttypmod), quote_ident(d.column_name),
      ARRAY(SELECT pg_get_expr(k.conbin, k.conrelid) FROM pg_constraint k
             WHERE k.conrelid = target AND k.contype = 'c' AND k.conkey = ARRAY[a.attnum] ORDER BY k.conname))) s (schema)
$$;
COMMENT ON FUNCTION ferry.json_schema IS
'The JSON Schema (2020-12) of a row to insert: types, lengths, ranges, what must be there, comments

It knows enums, domains, arrays, composites, and CHECK constraints that are plain comparisons with constants. What the
database makes itself is readOnly.';

REVOKE ALL ON FUNCTION ferry.data_dictionary, ferry.json_schema, ferry.schema_of_type, ferry.schema_with_checks,
  ferry.schema_of_condition, ferry.schema_or_null FROM PUBLIC;
