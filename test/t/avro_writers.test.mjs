// Files that four libraries of others write are restored as docs/avro-types.md promises: every type they know, nested
// ones too, unions in any order, every codec they have, files without rows and with many blocks, names that differ in case.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { libraries, prepare, run } from '../avro/libraries.mjs';
import { Server } from './harness.mjs';

// ---- Fields: Avro type, type of the column, and values: in the canonical form of test/avro/README.md, and as the column
// must show them ----

const same = (values) => values.map((value) => [value, value]);
const hex = (value) => [value, `\\x${value}`];
const fixed = (name, size, more) => ({ type: 'fixed', name, size, ...more });
const logical = (type, logicalType, more) => ({ type, logicalType, ...more });

const plain = [
  ['boolean', 'boolean', [[true, 'true'], [false, 'false']]],
  ['int', 'integer', [[-2147483648, '-2147483648'], [0, '0'], [2147483647, '2147483647']]],
  ['int', 'smallint', [[-32768, '-32768'], [32767, '32767']]],
  ['int', 'numeric(5,2)', [[-7, '-7.00']]],
  ['int', 'text', [[42, '42']]],
  ['long', 'bigint', same(['-9223372036854775808', '-9007199254740993', '0', '9223372036854775807'])],
  ['long', 'integer', same(['-2147483648', '2147483647'])],
  ['float', 'real', [['3fc00000', '1.5'], ['80000000', '-0'], ['00000001', '1e-45'], ['NaN', 'NaN'], ['ff800000', '-Infinity']]],
  ['float', 'double precision', [['3dcccccd', '0.10000000149011612']]],
  ['double', 'double precision',
    [['3fb999999999999a', '0.1'], ['7fefffffffffffff', '1.7976931348623157e+308'], ['NaN', 'NaN'], ['7ff0000000000000', 'Infinity']]],
  ['double', 'numeric', [['3fb999999999999a', '0.1']]],
  ['string', 'text', same(['', 'ñ€😀', '"\\/', '\t\u0001', '\u2028', 'x'.repeat(10000)])],
  ['string', 'integer', same(['-12'])],
  ['string', 'public.mood', same(['sad', 'so, so'])],
  ['string', 'timestamptz', [['2021-07-27T16:02:08Z', '2021-07-27 16:02:08+00']]],
  ['string', 'timestamp', [['2021-07-27T16:02:08', '2021-07-27 16:02:08']]],
  ['string', 'bytea', [['\\x41', '\\x5c783431']]],
  ['double', 'integer', [['3ff0000000000000', '1'], ['8000000000000000', '0'], ['c1e0000000000000', '-2147483648']]],
  ['double', 'bigint', [['430c6bf526340000', '1000000000000000']]],
  ['string', 'jsonb', same(['{"a": [1, null]}'])],
  ['string', 'integer[]', same(['{1,NULL,3}'])],
  ['bytes', 'bytea', [hex(''), hex('00'), hex('ff00ff')]],
  ['bytes', 'text', [['c3a9', 'é']]],
  [fixed('three', 3), 'bytea', [hex('000000'), hex('0102ff')]],
  [fixed('letters', 2), 'text', [['6162', 'ab']]],
  [{ type: 'enum', name: 'feelings', symbols: ['happy', 'sad', 'Z_9'] }, 'text', same(['Z_9', 'happy', 'sad'])],
  [{ type: 'enum', name: 'moods', symbols: ['sad', 'glad'] }, 'public.mood', same(['sad'])],
];

const dated = [
  [logical('int', 'date'), 'date', [[0, '1970-01-01'], [-719162, '0001-01-01'], [2932896, '9999-12-31']]],
  [logical('int', 'time-millis'), 'time', [[0, '00:00:00'], [86399999, '23:59:59.999']]],
  [logical('long', 'time-micros'), 'time', [['0', '00:00:00'], ['86399999999', '23:59:59.999999']]],
  [logical('long', 'time-micros'), 'time(0)', [['1000000', '00:00:01']]],
  [logical('long', 'timestamp-millis'), 'timestamptz',
    [['0', '1970-01-01 00:00:00+00'], ['-1', '1969-12-31 23:59:59.999+00'], ['253402300799999', '9999-12-31 23:59:59.999+00']]],
  [logical('long', 'timestamp-micros'), 'timestamptz',
    [['-1', '1969-12-31 23:59:59.999999+00'], ['1627401728000001', '2021-07-27 16:02:08.000001+00']]],
  [logical('int', 'date'), 'timestamp', [[0, '1970-01-01 00:00:00'], [-1, '1969-12-31 00:00:00']]],
  [logical('int', 'date'), 'text', [[18000, '2019-04-14']]],
  [logical('bytes', 'decimal', { precision: 9, scale: 2 }), 'numeric',
    [['00', '0.00'], ['ff', '-0.01'], ['04e2', '12.50'], ['3b9ac9ff', '9999999.99']]],
  [logical('bytes', 'decimal', { precision: 9, scale: 2 }), 'numeric(9,1)', [['04e2', '12.5']]],
  [fixed('money', 16, { logicalType: 'decimal', precision: 38, scale: 10 }), 'numeric',
    [['4b3b4ca85a86c47a098a223fffffffff', '9999999999999999999999999999.9999999999'], ['ffffffffffffffffffffffffffffffff', '-0.0000000001']]],
  [logical('string', 'uuid'), 'uuid', same(['00112233-4455-6677-8899-aabbccddeeff'])],
];

const array = (items) => ({ type: 'array', items });
const pair = (name) => ({ type: 'record', name, fields: [{ name: 'B', type: ['string', 'null'] }, { name: 'a', type: 'int' }] });
const nested = [
  [array('int'), 'integer[]', [[[], '{}'], [[1, -2], '{1,-2}']]],
  [array(['null', 'string']), 'text[]', [[[null, { string: 'a "b"' }, { string: '' }], '{NULL,"a \\"b\\"",""}']]],
  [array(array('long')), 'bigint[]', [[[['1', '2'], ['3', '4']], '{{1,2},{3,4}}']]],
  [array('int'), 'jsonb', [[[1, 2], '[1, 2]']]],
  [pair('pairs'), 'public.pair', [[{ B: { string: 'x,y' }, a: 7 }, '(7,"x,y")'], [{ B: null, a: 0 }, '(0,)']]],
  [pair('objects'), 'jsonb', [[{ B: { string: 'x' }, a: 7 }, '{"B": "x", "a": 7}']]],
  [{ type: 'map', values: 'double' }, 'jsonb', [[{ 'a key': '3ff8000000000000' }, '{"a key": 1.5}'], [{}, '{}']]],
  [array(pair('items')), 'public.pair[]', [[[{ B: null, a: 1 }, { B: { string: '' }, a: 2 }], '{"(1,)","(2,\\"\\")"}']]],
];

const namespace = 'other.writer';
const typeName = (type) => (typeof type === 'string' ? type : type.name ? `${namespace}.${type.name}` : type.type);

// A named type is defined once, then referred to. Only python3-avro defines a fixed decimal again at each use.
function again(type) {
  if (type.items) return { ...type, items: again(type.items) };
  return type.name ? typeName(type) : type;
}

// The fields as they are, and nullable in both orders. python3-avro cannot write null for a union with a uuid.
const columnsOf = (fields, library) => fields.flatMap(([type, column, values], i) => {
  const cannot = library === 'python3-avro' && type.logicalType === 'uuid';
  const nullable = (suffix, union) => {
    const branch = again(type);
    const wrapped = values.map(([value, text]) => [{ [typeName(branch)]: value }, text]);
    return { name: `f${i}${suffix}`, type: union(branch), column, values: cannot ? wrapped : [...wrapped, [null, null]] };
  };
  return [
    { name: `f${i}`, type, column, values },
    nullable('n', (branch) => ['null', branch]),
    nullable('o', (branch) => [branch, 'null']),
  ];
});

// Without their logical types, which avro-c leaves out of the files that it writes.
const bare = (fields) => fields.map(([type, column, values]) => {
  if (type.type === 'string') return [type, column, values];
  const number = { int: 'integer', long: 'bigint' }[type.type];
  return [type, number ?? 'bytea', values.map(([value]) => (number ? [value, String(value)] : hex(value)))];
});

const permutations = (list) => (list.length < 2 ? [list]
  : list.flatMap((item) => permutations(list.filter((other) => other !== item)).map((rest) => [item, ...rest])));
const mixed = permutations(['null', 'int', 'string', 'double']).map((type, i) => ({ name: `u${i}`, type, column: 'text',
  values: [[null, null], [{ int: 7 }, '7'], [{ string: 'seven' }, 'seven'], [{ double: '401d000000000000' }, '7.25']] }));

const ratio = (n) => 1 + n * Number.EPSILON;
const bits = (number) => {
  const buffer = Buffer.alloc(8);
  buffer.writeDoubleBE(number);
  return buffer.toString('hex');
};
const files = {
  plain_types: () => ({ columns: columnsOf(plain), rows: 12 }),
  logical_types: (library) => ({ columns: columnsOf(library === 'avro-c' ? bare(dated) : dated, library), rows: 12 }),
  nested_types: (library) => ({ columns: columnsOf(nested, library), rows: 6 }),
  unions: () => ({ rows: 8, columns: [...mixed,
    { name: 'only', type: ['string'], column: 'text', values: [[{ string: 'one' }, 'one']] },
    { name: 'nothing', type: 'null', column: 'integer', values: [[null, null]] }] }),
  without_rows: () => ({ rows: 0, columns: columnsOf(plain.slice(0, 2)) }),
  many_rows: () => ({ rows: 20000, columns: [
    { name: 'id', type: 'long', column: 'bigint', value: (n) => [String(n), String(n)] },
    { name: 'name', type: ['null', 'string'], column: 'text',
      value: (n) => (n % 10 ? [{ string: `name ${n}` }, `name ${n}`] : [null, null]) },
    { name: 'ratio', type: 'double', column: 'double precision', value: (n) => [bits(ratio(n)), String(ratio(n))] }] }),
  // Columns are found by their names, exactly or but for case.
  other_case: () => ({ rows: 1, columns: [
    { name: 'Id', field: 'ID', type: 'int', column: 'integer', values: [[1, '1']] },
    { name: 'exact', type: 'int', column: 'integer', values: [[2, '2']] },
    { name: 'employeename', field: 'EmployeeName', type: 'string', column: 'text', values: [['Ada', 'Ada']] }] }),
};

// What row n of a column is: in canonical form, and as the column must show it.
const valueOf = ({ value, values }, n) => (value ? value(n) : values[n % values.length]);
const schemaOf = (columns) =>
  ({ type: 'record', name: 'rows', namespace, fields: columns.map(({ name, field = name, type }) => ({ name: field, type })) });
const linesOf = (columns, rows) => Array.from({ length: rows }, (_, n) =>
  `${JSON.stringify(Object.fromEntries(columns.map((column) => [column.field ?? column.name, valueOf(column, n)[0]])))}\n`).join('');

let server, session;
const written = []; // { file, library, codec, path }
before(async () => {
  server = Server.start('avro_writers');
  server.sql("CREATE TYPE mood AS ENUM ('sad', 'so, so'); CREATE TYPE pair AS (a integer, b text)");
  session = server.session();
  await session.query('SET max_parallel_workers_per_gather = 0');
  const folder = `${server.place}/lines`;
  mkdirSync(folder, { recursive: true });
  prepare();
  await Promise.all(Object.keys(libraries).map(async (library) => {
    const args = Object.entries(files).flatMap(([file, make]) => {
      const { columns, rows } = make(library);
      const base = `${folder}/${file}.${library}`;
      writeFileSync(`${base}.avsc`, JSON.stringify(schemaOf(columns)));
      writeFileSync(`${base}.lines`, linesOf(columns, rows));
      return libraries[library].codecs.flatMap((codec) => {
        const path = server.file(`${file}.${library}.${codec}.avro`, '');
        written.push({ file, library, codec, path });
        return [`${base}.avsc`, `${base}.lines`, codec, path];
      });
    });
    await run(library, 'write', ...args);
  }));
});
after(() => server?.stop());

for (const library of Object.keys(libraries)) {
  describe(`files that ${library} writes are restored`, () => {
    for (const [file, make] of Object.entries(files)) {
      for (const codec of libraries[library].codecs) {
        it(`${file}, ${codec}`, async () => {
          const { columns, rows } = make(library);
          const { path } = written.find((w) => w.file === file && w.library === library && w.codec === codec);
          const definitions = columns.map(({ name, column }) => `"${name}" ${column}`);
          await session.query(`DROP TABLE IF EXISTS target; CREATE TABLE target (${definitions})`);
          const report = await session.query(
            `SELECT status, rows_loaded, rows_rejected FROM ferry.restore_table_avro('target', '${path}')`);
          assert.equal(report, `loaded|${rows}|0`);
          const shown = await session.query(`SELECT to_json(ARRAY[${columns.map(({ name }) => `"${name}"::text`)}]) FROM target`);
          const actual = shown === '' ? [] : shown.split('\n');
          assert.equal(actual.length, rows);
          actual.forEach((line, n) => {
            const row = JSON.parse(line);
            columns.forEach((column, i) =>
              assert.equal(row[i], valueOf(column, n)[1], `row ${n}, ${column.name} ${JSON.stringify(column.type)}`));
          });
        });
      }
    }
  });
}
