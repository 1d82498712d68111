// What is told of tables: the list with the caller's rights, the dictionary, the JSON Schema and whether it tells the
// truth; and the three tables of the API row by row.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { call, count, get, isError, makeTable, post, sql, tokenFor, unique } from './harness.mjs';

const tokens = {};
const made = [];
const table = (columns, name) => { const t = makeTable(columns, name); made.push(t); return t; };
before(async () => {
  for (const role of ['reader', 'writer', 'operator']) tokens[role] = await tokenFor(role);
});
after(() => {
  made.forEach((t) => t.drop());
  sql("DROP TYPE IF EXISTS public.schema_color; DELETE FROM public.departments WHERE department LIKE 'A department of the tables test%'");
});
const ask = (path, role = 'writer', headers = {}) => get(path, { token: tokens[role], headers });

describe('tables', () => {
  it('200: those that the caller has a right on, with what they may do', async () => {
    const one = table('id integer PRIMARY KEY, word text NOT NULL, n integer NOT NULL DEFAULT 0');
    sql(`COMMENT ON TABLE ${one.table} IS 'Words'; INSERT INTO ${one.table} SELECT i, i FROM generate_series(1, 500) i; ANALYZE ${one.table}`);
    const hidden = table('id integer');
    sql(`REVOKE ALL ON ${hidden.table} FROM app_reader, app_writer, app_operator`);
    const of = async (role) => (await ask('/rpc/tables', role)).body;
    const rights = ({ may_read, may_insert, may_restore }) => [may_read, may_insert, may_restore];
    for (const [role, expected] of [['reader', [true, false, false]], ['writer', [true, true, false]], ['operator', [true, true, true]]]) {
      const list = await of(role);
      assert.deepEqual(rights(list.find((t) => t.name === one.name)), expected, role);
      assert.deepEqual(rights(list.find((t) => t.name === 'departments')), expected, role);
      // Operators are members of pg_read_all_data, so they may read what nobody gave them.
      assert.equal(list.some((t) => t.name === hidden.name), role === 'operator', role);
    }
    const { comment, rows_estimate, columns, primary_key } = (await of('writer')).find((t) => t.name === one.name);
    assert.deepEqual([comment, rows_estimate, primary_key], ['Words', 500, ['id']]);
    assert.deepEqual(columns.map((c) => [c.name, c.type, c.nullable, c.required]),
      [['id', 'integer', false, true], ['word', 'text', false, true], ['n', 'integer', false, false]]);
    const csv = await ask(`/rpc/tables?name=eq.${one.name}&select=name,rows_estimate`, 'writer', { Accept: 'text/csv' });
    assert.equal(csv.text.trim(), `name,rows_estimate\n${one.name},500`);
  });

  it('counts a table on which one column is enough, and a partitioned one once', async () => {
    const narrow = table('id integer PRIMARY KEY, word text');
    sql(`REVOKE ALL ON ${narrow.table} FROM app_reader, app_writer; GRANT INSERT (word) ON ${narrow.table} TO app_writer`);
    const found = (await ask('/rpc/tables')).body.find((t) => t.name === narrow.name);
    assert.deepEqual([found.may_read, found.may_insert, found.may_restore], [false, true, false]);
    const whole = unique('parted');
    sql(`CREATE TABLE public.${whole} (id integer) PARTITION BY LIST (id); CREATE TABLE public.${whole}_1 PARTITION OF public.${whole} FOR VALUES IN (1);
         GRANT SELECT ON public.${whole}, public.${whole}_1 TO app_reader`);
    const names = (await ask('/rpc/tables')).body.map((t) => t.name).filter((name) => name.startsWith(whole));
    sql(`DROP TABLE public.${whole}`);
    assert.deepEqual(names, [whole]);
  });
});

describe('data_dictionary', () => {
  it('200: a row per column; 404 for a table that the caller does not know', async () => {
    const parent = table('id integer PRIMARY KEY');
    const one = table(`id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent_id integer NOT NULL REFERENCES ${parent.table}, word varchar(9) UNIQUE CHECK (word <> 'no') DEFAULT 'yes'`);
    sql(`COMMENT ON COLUMN ${one.table}.word IS 'A word'`);
    const { status, body } = await ask(`/rpc/data_dictionary?table_name=${one.name}`, 'reader');
    assert.equal(status, 200);
    assert.deepEqual(body.map((c) => [c.ordinal, c.column_name, c.type, c.nullable, c.identity, c.primary_key, c.is_unique]),
      [[1, 'id', 'bigint', false, 'always', 1, true], [2, 'parent_id', 'integer', false, null, null, false], [3, 'word', 'character varying(9)', true, null, null, true]]);
    assert.equal(body[1].refers_to, `public.${parent.name}(id)`);
    assert.deepEqual([body[2].default_value, body[2].checks, body[2].comment], ["'yes'::character varying", ["word::text <> 'no'::text"], 'A word']);
    const csv = await ask(`/rpc/data_dictionary?table_name=${one.name}&select=column_name,ordinal&ordinal=lt.3`, 'reader', { Accept: 'text/csv' });
    assert.equal(csv.text.trim(), 'column_name,ordinal\nid,1\nparent_id,2');
    for (const name of ['no_such_table', 'pg_class', one.name.toUpperCase()]) {
      const answer = await ask(`/rpc/data_dictionary?table_name=${name}`, 'reader');
      assert.ok(answer.status === 404 && isError(answer.body), `${name}: ${answer.text}`);
    }
  });
});

// Enough of JSON Schema for what ferry.json_schema writes; format is an annotation there, as in the standard.
function complaint(schema, value, at = '') {
  const kind = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  const types = [schema.type].flat();
  if (!types.includes(kind) && !(types.includes('integer') && Number.isInteger(value))) return `${at}: ${kind} is not ${types}`;
  if (schema.enum && !schema.enum.includes(value)) return `${at}: not one of ${schema.enum}`;
  if (kind === 'number') {
    if (value < schema.minimum || value > schema.maximum || value <= schema.exclusiveMinimum || value >= schema.exclusiveMaximum) return `${at}: ${value} is out of range`;
  } else if (kind === 'string') {
    if ([...value].length > schema.maxLength || [...value].length < schema.minLength) return `${at}: length of ${value}`;
    if (schema.pattern && !new RegExp(schema.pattern, 'u').test(value)) return `${at}: ${value} is not ${schema.pattern}`;
  } else if (kind === 'array') {
    for (const [i, item] of schema.items ? value.entries() : []) { const c = complaint(schema.items, item, `${at}/${i}`); if (c) return c; }
  } else if (kind === 'object' && schema.properties) {
    for (const name of schema.required ?? []) if (!(name in value)) return `${at}: ${name} is missing`;
    for (const [name, item] of Object.entries(value)) {
      if (!(name in schema.properties)) return schema.additionalProperties === false ? `${at}: ${name} is not known` : null;
      const c = complaint(schema.properties[name], item, `${at}/${name}`);
      if (c) return c;
    }
  }
  return null;
}

describe('json_schema', () => {
  it('says what insert_batch takes', async () => {
    sql("DROP TYPE IF EXISTS public.schema_color; CREATE TYPE public.schema_color AS ENUM ('red', 'green')");
    const one = table(`id integer PRIMARY KEY, word varchar(5) NOT NULL, size integer CHECK (size BETWEEN 1 AND 10), color public.schema_color,
      kind text NOT NULL DEFAULT 'a' CHECK (kind IN ('a', 'b''c')), price numeric(4,1) CHECK (price >= 0), tags varchar(3)[], flag boolean,
      data jsonb NOT NULL DEFAULT '{}', name text CHECK (btrim(name) <> ''), code char(2), made bigint GENERATED ALWAYS AS (size * 2) STORED, bits bit(3), raw bytea`);
    const { status, body: schema } = await ask(`/rpc/json_schema?table_name=${one.name}`, 'reader');
    assert.equal(status, 200);
    assert.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema');
    assert.deepEqual(schema.required, ['id', 'word']);
    assert.equal(schema.properties.made.readOnly, true);
    assert.deepEqual(Object.keys(schema.properties).slice(0, 3), ['id', 'word', 'size']);
    let id = 0;
    const base = () => ({ id: ++id, word: 'w' });
    const variants = [{}, { word: 'abcde' }, { word: 'ñandú' }, { word: 'abcdef' }, { word: null }, { word: undefined }, { id: 2147483647 }, { id: 2147483648 }, { id: 1.5 },
      { size: 1 }, { size: 10 }, { size: 0 }, { size: 11 }, { size: null }, { color: 'red' }, { color: 'blue' }, { color: null }, { kind: 'b\'c' }, { kind: 'c' }, { kind: null },
      { price: 999.9 }, { price: 1000 }, { price: -0.1 }, { price: 0.5 }, { tags: ['a', null, 'abc'] }, { tags: ['abcd'] }, { tags: [] }, { tags: [['a']] }, { flag: true },
      { data: [1, { a: null }] }, { data: 'text' }, { data: null }, { name: '  ' }, { name: ' x' }, { name: '' }, { code: 'ab' }, { code: 'abc' }, { other: 1 },
      { bits: '101' }, { bits: '10' }, { bits: '102' }, { raw: '\\x00ff' }, { raw: '\\x0' }];
    let taken = 0;
    for (const variant of variants) {
      const row = JSON.parse(JSON.stringify({ ...base(), ...variant }));
      const wrong = complaint(schema, row);
      const answer = await post('/rpc/insert_batch', { table_name: one.name, rows: [row], dry_run: true }, { token: tokens.writer });
      const refused = answer.body.rejected > 0;
      // What the schema takes the table takes. The other way round text may go beyond it: tags [["a"]] are an array of two dimensions.
      assert.equal(wrong !== null, refused || 'tags' in variant && variant.tags[0]?.[0] === 'a' && Array.isArray(variant.tags[0]), `${JSON.stringify(row)}: ${wrong} ${answer.text.slice(0, 300)}`);
      if (!wrong) ++taken;
    }
    assert.equal(taken, 21);
  });

  it('404 for a table that the caller does not know, 400 for none', async () => {
    for (const [query, status] of [['?table_name=no_such_table', 404], ['?table_name=', 404], ['', 404]]) {
      const answer = await ask(`/rpc/json_schema${query}`, 'reader');
      assert.equal(answer.status, status, answer.text);
      assert.ok(isError(answer.body));
    }
  });
});

describe('the three tables', () => {
  const name = 'A department of the tables test';
  it('take one row, and answer with the usual errors when it is bad', async () => {
    const made = await post('/departments', { department: name }, { token: tokens.writer, headers: { Prefer: 'return=representation' } });
    assert.equal(made.status, 201, made.text);
    const [{ id }] = made.body;
    const [job] = (await post('/jobs', { job: name }, { token: tokens.writer, headers: { Prefer: 'return=representation' } })).body;
    for (const [path, body, status, code] of [
      ['/departments', { id, department: `${name} again` }, 409, '23505'], ['/departments', { department: null }, 400, '23502'],
      ['/departments', { department: ' ' }, 400, '23514'], ['/departments', { department: name, other: 1 }, 400, 'PGRST204'],
      ['/hired_employees', { name: 'A', department_id: -1, job_id: job.id }, 409, '23503'],
      ['/hired_employees', { name: 'A', department_id: 'x', job_id: job.id }, 400, '22P02'],
      ['/hired_employees', { name: 'A', department_id: id, job_id: job.id, datetime: 'never' }, 400, '22007']]) {
      const answer = await post(path, body, { token: tokens.writer });
      assert.equal(answer.status, status, `${JSON.stringify(body)}: ${answer.text}`);
      assert.ok(isError(answer.body));
      assert.equal(answer.body.code, code);
    }
    const bad = await call('POST', '/departments', { token: tokens.writer, body: '{', headers: { 'Content-Type': 'application/json' } });
    assert.ok(bad.status === 400 && isError(bad.body), bad.text);
    const hire = await post('/hired_employees', { name: 'A', department_id: id, job_id: job.id, datetime: '2021-12-31T23:59:59Z' }, { token: tokens.writer, headers: { Prefer: 'return=representation' } });
    assert.equal(hire.status, 201, hire.text);
    assert.equal(new Date(hire.body[0].datetime).toISOString(), '2021-12-31T23:59:59.000Z');
    const found = await ask(`/hired_employees?department_id=eq.${id}&select=name,job_id&order=id`, 'reader');
    assert.deepEqual(found.body, [{ name: 'A', job_id: job.id }]);
    sql(`DELETE FROM public.hired_employees WHERE department_id = ${id}; DELETE FROM public.jobs WHERE id = ${job.id}`);
  });
});
