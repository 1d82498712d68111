// What we write is read alike by four libraries that others wrote, and as SQL has it: every type with its extremes, every
// codec, and tables without rows, without columns, with huge rows, many blocks, odd names and 1,600 columns.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { libraries, linesOf, prepare, run } from '../avro/libraries.mjs';
import { Server, literal } from './harness.mjs';

// ---- SQL that writes a value in the canonical form of test/avro/README.md ----

// As the type's output function has it.
const text = (v) => `to_json(format('%s', ${v}))::text`;
const quoted = (sql) => `('"' || ${sql} || '"')`;
const int = (v) => `(${v})::text`;
const long = (v) => quoted(`(${v})::bigint`);
const real = (size) => (v) => quoted(`CASE WHEN ${v} = 'NaN' THEN 'NaN' ELSE encode(float${size}send(${v}), 'hex') END`);
const micros = (v) => long(`extract(epoch FROM ${v}) * 1000000`);
// By day and time, because extract(epoch) rounds near the ends of the range.
const stamp = (v) => long(`(${v}::date - '1970-01-01'::date)::numeric * 86400000000 + extract(epoch FROM ${v}::time) * 1000000`);
const days = (v) => int(`${v} - '1970-01-01'::date`);
const decimal = (scale) => (v) => quoted(`public.unscaled(${v}, ${scale})`);

// Nested values: what may be NULL is a union of null and one type.
const optional = (v, branch, show) =>
  `CASE WHEN ${v} IS NOT DISTINCT FROM NULL THEN 'null' ELSE '{"${branch}":' || ${show(v)} || '}' END`;
let subscripts = 0; // a name for each, because they stand inside each other
const array = (branch, show) => (v) => {
  const i = `i${++subscripts}`;
  const items = `string_agg(${optional(`(${v})[${i}]`, branch, show)}, ',' ORDER BY ${i})`;
  return `'[' || (SELECT coalesce(${items}, '') FROM generate_subscripts(${v}, 1) ${i}) || ']'`;
};
const record = (fields) => (v) => {
  const shown = fields.map(([name, branch, show]) => `'"${name}":' || ${optional(`(${v}).${name}`, branch, show)}`);
  return `'{' || ${shown.join(" || ',' || ")} || '}'`;
};
const part = (v, name) => `extract(${name} FROM ${v})`;
const interval = (v) => `'{"months":' || ${part(v, 'year')} * 12 + ${part(v, 'month')} || ',"days":' || ${part(v, 'day')} ||
  ',"micros":"' || ((${part(v, 'hour')} * 60 + ${part(v, 'minute')}) * 60000000 + ${part(v, 'microseconds')})::bigint || '"}'`;
const intervalName = 'postgres.pg_catalog.interval';
const bytes = (v) => quoted(`encode(${v}, 'hex')`);
const pair = record([['a', 'int', int], ['b', 'string', text]]);
const pairName = 'postgres.public.pair';

// ---- The types ----
// One line each: type, Avro's name of it, SQL for its canonical form, values, values that have to travel as text.
const types = [
  ['boolean', 'boolean', (v) => `(${v})::text`, ['true', 'false']],
  ['smallint', 'int', int, ['-32768', '-1', '0', '32767']],
  ['integer', 'int', int, ['-2147483648', '-1', '0', '63', '64', '2147483647']],
  ['bigint', 'long', long, ['-9223372036854775808', '-9007199254740993', '0', '9223372036854775807']],
  ['oid', 'long', long, ['0', '4294967295']],
  ['real', 'float', real(4), ['0', '-0', '0.1', '1e-45', '3.4028235e38', 'NaN', 'Infinity', '-Infinity']],
  ['double precision', 'double', real(8),
    ['0', '-0', '0.1', '4.9e-324', '1.7976931348623157e308', 'NaN', 'Infinity', '-Infinity']],
  ['numeric(6,2)', 'bytes', decimal(2), ['0', '-9999.99', '9999.99', '0.01', '1.28', '-1.28', '-1.29', '327.68'], ['NaN']],
  ['numeric(38,10)', 'bytes', decimal(10),
    ['9999999999999999999999999999.9999999999', '-9999999999999999999999999999.9999999999', '0', '-0.0000000001']],
  ['numeric(5)', 'bytes', decimal(0), ['0', '99999', '-99999']],
  ['numeric', 'string', text, ['0', '0.00', '-0.10', 'NaN', 'Infinity', '123456789012345678901234567890.123456789']],
  ['numeric(40,2)', 'string', text, ['1.50', '-99999999999999999999999999999999999999.99', 'NaN']],
  ['numeric(3,-2)', 'bytes', decimal(0), ['99900', '0', '-100']],
  ['numeric(2,4)', 'bytes', decimal(4), ['0.0099', '-0.0001']],
  ['money', 'bytes', (v) => decimal(2)(`${v}::numeric`), ['92233720368547758.07', '-92233720368547758.08', '-0.01']],
  ['text', 'string', text, ['', ' ', 'ñ€😀', '"\\/', '\u0001\t\n\r\b\f\u001f\u007f\u0080', '\u2028', '{"string":"x"}', 'null']],
  ['varchar(3)', 'string', text, ['', 'a  ', 'abc']],
  ['char(3)', 'string', text, ['', 'a', 'abc']],
  ['name', 'string', text, ['a', 'n'.repeat(63)]],
  ['bytea', 'bytes', bytes, ['', '\\x00', '\\xff00ff', `\\x${'deadbeef'.repeat(5000)}`]],
  ['uuid', 'string', text, ['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff']],
  ['date', 'int', days,
    ['4714-11-24 BC', '0001-01-01', '1969-12-31', '1970-01-01', '9999-12-31', '5874897-12-31'], ['infinity', '-infinity']],
  ['time', 'long', micros, ['00:00', '12:34:56.789', '23:59:59.999999'], ['24:00']],
  ['time(0)', 'long', micros, ['23:59:58']],
  ['timestamp', 'long', stamp,
    ['4714-11-24 BC', '1969-12-31 23:59:59.999999', '2021-03-28 02:30', '294247-01-10 04:00:54.775807'],
    ['infinity', '-infinity', '294247-01-10 04:00:54.775808', '294276-12-31 23:59:59.999999']],
  ['timestamptz', 'long', stamp,
    ['4714-11-24 BC Z', '1969-12-31 23:59:59.999999Z', '2021-03-28 02:30+05:45', '294247-01-10 04:00:54.775807Z'],
    ['infinity', '-infinity', '294247-01-10 04:00:54.775808Z', '294276-12-31 23:59:59.999999Z']],
  ['timestamptz(0)', 'long', stamp, ['2021-01-01 00:00:01Z']],
  ['timetz', 'string', text, ['00:00+15:59:59', '24:00-15:59:59', '12:00:00.000001Z']],
  ['interval', intervalName, interval,
    ['0', '1 year -2 months 3 days -4:05:06.789', '178000000 years', '-2147483648 days', '9223372036854775807 us']],
  ['json', 'string', text, ['{"a":  1, "a": 2}', ' "x"', '"\\u0000"']],
  ['jsonb', 'string', text, ['{"a": [1, null, {"b": 1.50}]}', 'null']],
  ['xml', 'string', text, ['<a b="1">é</a>']],
  ['"char"', 'bytes', (v) => bytes(`charsend(${v})`), ['', 'a', '\\377']],
  ['inet', 'string', text, ['1.2.3.4/24', '::/0']],
  ['varbit', 'string', text, ['', '0101']],
  ['int4range', 'string', text, ['empty', '[1,5)', '(,)']],
  ['tsvector', 'string', text, ['', 'a:1A,2B b']],
  ['point', 'string', text, ['(0.1,-0)', '(NaN,Infinity)']],
  ['regclass', 'string', text, ['pg_class', 'ferry.loads']],
  ['xid8', 'string', text, ['18446744073709551615']],
  ['public.mood', 'string', text, ['sad', 'so, so', 'né', '']],
  ['xid', 'long', (v) => long(`${v}::text`), ['3', '4294967295']],
  ['public.percent', 'int', int, ['0', '100']],
  ['public.words', 'array', array('string', text), ['{}', '{a,NULL,""}']],
  ['public.pair', pairName, pair, ['(,)', '(1,"a ""b"", c")']],
  ['integer[]', 'array', array('int', int), ['{}', '{1,NULL,-2147483648}', '{NULL}'],
    ['{{1,2},{3,4}}', '[0:1]={1,2}']],
  ['text[]', 'array', array('string', text), ['{"",NULL,"NULL","a,b","{}"}'], ['{{a},{b}}']],
  ['date[]', 'array', array('int', days), ['{1969-12-31,NULL}'], ['{2021-01-01,infinity}']],
  ['interval[]', 'array', array(intervalName, interval), ['{1 mon,-00:00:01}']],
  ['public.pair[]', 'array', array(pairName, pair), ['{"(1,a)",NULL,"(,)"}']],
  ['public.nested', 'postgres.public.nested',
    record([['p', pairName, pair], ['q', 'array', array(pairName, pair)], ['d', 'bytes', decimal(1)]]),
    ['("(1,x)","{""(2,y)"",NULL}",1.5)', '(,,)', '(,{},-0.1)'], ['(,,NaN)']],
];

// ---- Tables ----

// What is made, backed up and read: `make` is SQL; `columns` say how each is called, in SQL and in Avro, its branch and SQL
// for its canonical form. `cannot` has, by codec and library, what a library says that cannot read the backup. With
// `converted` the libraries that convert logical types do so.
const tables = [];
const codecs = ['null', 'deflate', 'snappy', 'zstandard'];
const table = (name, more) => tables.push({ name, codecs: ['deflate'], cannot: {}, converted: false, ...more });

const identifier = (name) => `"${name.replaceAll('"', '""')}"`;

// A row in canonical form. `spare` is SQL that is true for values that travel as text, in columns that have such.
function canonical({ name, field = name, branch, show, required, spare }) {
  const v = identifier(name);
  const plain = show(v);
  const branches = [
    required ? '' : `WHEN ${v} IS NOT DISTINCT FROM NULL THEN 'null' `,
    spare ? `WHEN ${spare(v)} THEN '{"string":' || ${text(v)} || '}' ` : '',
  ].join('');
  return `'"${field}":' || ${branches ? `CASE ${branches}ELSE '{"${branch}":' || ${plain} || '}' END` : plain}`;
}
const rowOf = (columns) => `'{' || array_to_string(ARRAY[${columns.map(canonical)}]::text[], ',') || '}'`;

const made = (name, columns, rows) => `
  CREATE TABLE ${name} (${columns.map((c) => `${identifier(c.name)} ${c.type}${c.required ? ' NOT NULL' : ''}`)});
  INSERT INTO ${name} ${rows};`;

// Every type twice, NULL and NOT NULL; the value of row n is the n-th, and from the first again.
function columnsOf(types, withSpare = false) {
  return types.flatMap(([type, branch, show, values, others = []], i) => [false, true].map((required) => {
    const as = (value) => `${literal(value)}::${type}`;
    const all = withSpare ? [...others, ...values] : values;
    const list = `ARRAY[${[...all.map(literal), ...(required ? [] : ['NULL'])]}]::text[]`;
    const spare = withSpare && others.length > 0 &&
      ((v) => `format('%s', ${v}) IN (${others.map((value) => `format('%s', ${as(value)})`)})`);
    const value = `(${list})[1 + n % ${all.length + (required ? 0 : 1)}]::${type}`;
    return { name: `c${i}${required ? 'n' : ''}`, type, branch, show, required, spare, value };
  }));
}
function tableOfTypes(name, columns, rows, more) {
  table(name, { ...more, columns, make: made(name, columns, `SELECT ${columns.map((c) => c.value)} FROM generate_series(0, ${rows - 1}) n`) });
}
const rowsOf = (types) => 2 * Math.max(...types.map(([, , , values, others = []]) => values.length + others.length + 1));
tableOfTypes('every_type', columnsOf(types), rowsOf(types), { codecs });
tableOfTypes('text_branches', columnsOf(types, true), rowsOf(types), { codecs });

const column = (name, type, branch, show, field = name) => ({ name, type, branch, show, field });
const few = [column('id', 'integer', 'int', int), column('name', 'text', 'string', text)];
table('without_rows', { columns: few, codecs, make: made('without_rows', few, 'SELECT 1, NULL WHERE false') });
table('only_nulls', { columns: few, codecs, make: made('only_nulls', few, 'SELECT FROM generate_series(1, 1000)') });
// A block of rows without columns has no bytes; avro-c asks for memory for them and takes none for an error.
table('without_columns', { columns: [], codecs, cannot: { snappy: { 'avro-c': /Cannot allocate memory for/ } },
  make: 'CREATE TABLE without_columns (); INSERT INTO without_columns SELECT FROM generate_series(1, 7);' });
const huge = "(SELECT string_agg(md5(i::text), '' ORDER BY i) FROM generate_series(1, 160000) i)";
table('huge_rows', { columns: few, codecs,
  make: made('huge_rows', few, `SELECT n, CASE n WHEN 3 THEN ${huge} ELSE 'short' END FROM generate_series(1, 5) n`) });

// Many blocks; those of the other codecs with fewer rows, which is enough for them.
const hires = [column('id', 'bigint', 'long', long), column('name', 'text', 'string', text),
  column('at', 'timestamptz', 'long', stamp), column('department', 'integer', 'int', int)];
const hire = "n, 'name ' || n, '2021-01-01Z'::timestamptz + n * '1 minute'::interval, nullif(n % 100, 0)";
for (const [name, rows, which] of [['many_blocks', 100000, ['deflate']], ['some_blocks', 30000, codecs]])
  table(name, { columns: hires, codecs: which, make: made(name, hires, `SELECT ${hire} FROM generate_series(1, ${rows}) n`) });

// Names that Avro does not allow, that differ in case only, or that look like others' names made legal.
const odd = Object.entries({
  'my col': 'my_u0020col_2', my_u0020col: 'my_u0020col', café: 'caf_u00E9', '1x': '_u0031x', Case: 'Case', case: 'case_2',
  select: 'select', null: 'null', '😀': '_u1F600', 'a"b': 'a_u0022b', '-': '_u002D',
}).map(([name, field]) => column(name, 'integer', 'int', int, field));
table('"odd né-1"', { columns: odd, codecs: ['null'], make: made('"odd né-1"', odd, `SELECT ${odd.map((_, i) => i)}`) });

// A schema of more than 64 KiB.
const wide = Array.from({ length: 1600 }, (_, i) =>
  column(`column_number_${i}`, ...(i % 3 ? ['integer', 'int', int] : ['text', 'string', text])));
table('wide', { columns: wide,
  make: made('wide', wide, `SELECT ${wide.map((_, i) => (i % 7 ? `n * ${i}` : 'NULL'))} FROM generate_series(1, 5) n`) });

// ---- Logical types ----
// What the two libraries that convert them make of values that they can hold: no dates BC, and times in whole milliseconds
// because the Java of this release ends there. What is no logical type to them stays what it is.
const stampText = (v) => quoted(`to_char(${v}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`);
const plainText = (v) => quoted(`${v}::text`);
const logicalTypes = [
  ['date', 'int', (v) => quoted(`to_char(${v}, 'YYYY-MM-DD')`), ['0001-01-01', '1969-12-31', '2024-02-29', '9999-12-31']],
  ['time', 'long', (v) => quoted(`to_char(${v}, 'HH24:MI:SS.US')`), ['00:00', '12:34:56.789', '23:59:59.999']],
  ['timestamptz', 'long', stampText,
    ['0001-01-01Z', '1969-12-31 23:59:59.999Z', '2021-03-28 02:30:00.123+05:45', '9999-12-31 23:59:59.999Z']],
  ['timestamp', 'long', stamp, ['2021-03-28 02:30']], // local-timestamp-micros is younger than both
  ['numeric(12,2)', 'bytes', plainText, ['0', '-0.01', '1.50', '9999999999.99', '-9999999999.99']],
  ['numeric(38,0)', 'bytes', plainText, ['99999999999999999999999999999999999999', '-1']],
  ['uuid', 'string', text, ['00112233-4455-6677-8899-aabbccddeeff']],
];
tableOfTypes('calendar', columnsOf(logicalTypes), rowsOf(logicalTypes), { converted: true });

// ---- Backups and what the libraries make of them ----

const converting = ['python3-avro', 'libavro-java'];
let server, folder;
const backups = []; // table, codec, converted, path, and the lines that SQL says
const backupOf = (table, codec) => backups.findIndex((backup) => backup.table === table && backup.codec === codec);
before(async () => {
  server = Server.start('avro_readers');
  folder = `${server.place}/lines`;
  mkdirSync(folder, { recursive: true });
  prepare();
  server.sql(`
    CREATE TYPE mood AS ENUM ('sad', 'so, so', 'né', '');
    CREATE DOMAIN percent AS integer CHECK (VALUE BETWEEN 0 AND 100);
    CREATE TYPE pair AS (a integer, b text);
    CREATE TYPE nested AS (p pair, q pair[], d numeric(5,1));
    CREATE DOMAIN words AS text[];
    -- A numeric's digits as a number of the fewest bytes of two's complement, in hexadecimal.
    CREATE FUNCTION unscaled(value numeric, scale integer) RETURNS text LANGUAGE plpgsql AS $$
    DECLARE
      rest numeric := trunc(value * 10::numeric ^ scale);
      half numeric := 128; -- of the numbers of so many bytes
      bytes integer := 1;
      answer text := '';
    BEGIN
      WHILE rest >= half OR rest < -half LOOP
        half := half * 256;
        bytes := bytes + 1;
      END LOOP;
      IF rest < 0 THEN rest := rest + 2 * half; END IF;
      FOR i IN 1 .. bytes LOOP
        answer := lpad(to_hex(mod(rest, 256)::integer), 2, '0') || answer;
        rest := div(rest, 256);
      END LOOP;
      RETURN answer;
    END $$;
    ${tables.map(({ make }) => make).join('\n')}`);
  const session = server.session();
  // Backups do not depend on the settings of their session.
  await session.query(`SET TimeZone = 'Asia/Kathmandu'; SET DateStyle = 'SQL, DMY'; SET IntervalStyle = iso_8601;
    SET extra_float_digits = -5; SET bytea_output = escape`);
  for (const [i, { name, columns, codecs: which, converted }] of tables.entries()) {
    const lines = `${folder}/${i}.sql`;
    // The settings under which all text is written (docs/avro-types.md).
    server.sql(`SET DateStyle = ISO; SET IntervalStyle = postgres; SET extra_float_digits = 3; SET bytea_output = hex;
      SET TimeZone = UTC; SET lc_monetary = 'C'; SET search_path = pg_catalog; SET max_parallel_workers_per_gather = 0;
      \\o '${lines}'
      SELECT ${rowOf(columns)} FROM public.${name};`);
    for (const codec of which) {
      const path = await session.query(
        `SELECT path FROM ferry.backup_table_avro('${name}', '${codec}', name => '${i}.${codec}.avro')`);
      backups.push({ table: name, codec, converted, path: `${server.data}/pg_ferry/backups/${path}`, lines: linesOf(lines) });
    }
  }
  const files = (library, which) =>
    backups.flatMap(({ path, converted }, i) => (converted === which ? [path, `${folder}/${i}.${library}`] : []));
  await Promise.all(Object.keys(libraries).map((library) => run(library, 'read', ...files(library, false))));
  await Promise.all(converting.map((library) => run(library, 'values', ...files(library, true))));
});
after(() => server?.stop());

// The libraries agree with SQL line by line; where not, only the first difference is told, with a little around it.
function assertSame(actual, expected, what) {
  const line = expected.findIndex((text, i) => text !== actual[i]);
  if (line < 0) return assert.equal(actual.length, expected.length, `${what}: lines`);
  const [a, b] = [actual[line] ?? '', expected[line]];
  let at = 0;
  while (at < b.length && a[at] === b[at]) at += 1;
  const part = (text) => `line ${line + 1}, ${at}: ${text.slice(Math.max(at - 30, 0), at + 60)}`;
  assert.equal(part(a), part(b), what);
}

describe('every library reads every backup', () => {
  for (const { name, codecs: which, cannot } of tables.filter(({ converted }) => !converted)) {
    for (const codec of which) {
      const refusal = (library) =>
        libraries[library].codecs.includes(codec) ? cannot[codec]?.[library] : libraries[library].unknown;
      const not = Object.keys(libraries).filter(refusal);
      it(`${name}, ${codec}${not.length ? `, not by ${not.join(' and ')}` : ''}`, () => {
        const at = backupOf(name, codec);
        for (const library of Object.keys(libraries)) {
          const lines = linesOf(`${folder}/${at}.${library}`);
          if (not.includes(library)) assert.match(lines.join('\n'), new RegExp(`^! .*${refusal(library).source}`), library);
          else assertSame(lines, backups[at].lines, library);
        }
      });
    }
  }
});

describe('logical types arrive as such', () => {
  for (const library of converting)
    it(library, () => {
      const at = backupOf('calendar', 'deflate');
      assertSame(linesOf(`${folder}/${at}.${library}`), backups[at].lines, library);
    });
});

describe('the backups are what they are meant to be', () => {
  // The last 16 bytes are the marker that stands at the end of the header and of every block.
  const blocks = (table, codec) => {
    const bytes = readFileSync(backups[backupOf(table, codec)].path);
    const marker = bytes.subarray(-16);
    let count = -1;
    for (let at = bytes.indexOf(marker); at >= 0; at = bytes.indexOf(marker, at + 16)) count += 1;
    return count;
  };
  it('no block without rows, several blocks for many rows', () => {
    for (const codec of codecs) {
      assert.equal(blocks('without_rows', codec), 0);
      assert.equal(blocks('only_nulls', codec), 1);
      assert.ok(blocks('some_blocks', codec) >= 3, codec);
    }
    assert.ok(blocks('many_blocks', 'deflate') > 10);
  });
  it('a row larger than a block, a schema larger than 64 KiB', () => {
    assert.ok(blocks('huge_rows', 'null') >= 2);
    assert.ok(Math.max(...backups[backupOf('huge_rows', 'null')].lines.map((line) => line.length)) > 5_000_000);
    const header = readFileSync(backups[backupOf('wide', 'deflate')].path).indexOf('"column_number_1599"');
    assert.ok(header > 65536);
  });
  it('values that travel as text are there', () => {
    for (const branch of ['"string":"infinity"', '"string":"NaN"', '"string":"24:00:00"', '"string":"294276-12-31'])
      assert.ok(backups[backupOf('text_branches', 'null')].lines.join().includes(branch), branch);
  });
});
