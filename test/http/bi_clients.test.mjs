// The clients that BI tools stand on: ODBC, JDBC, psql and CSV over HTTP give the same numbers as SQL, to a role with the
// rights that docs/bi.md grants, and list functions, views, columns and comments.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { get, literal, sql, tokenFor, unique } from './harness.mjs';

const year = 2100 + Math.floor(Math.random() * 800);
const mark = unique('bi');
const role = unique('bi_reader');
const database = process.env.FERRY_PGDATABASE ?? process.env.PGDATABASE;
const socket = `${process.env.FERRY_PGHOST ?? process.env.PGHOST}/.s.PGSQL.${process.env.FERRY_PGPORT ?? process.env.PGPORT ?? 5432}`;
const names = ['Año', 'Beta, "quoted"', 'Gamma'].map((name) => `${name} ${mark}`);
let proxy, port, quarters, means;

// Clients that want TCP, in front of a server that listens on a socket only.
before(async () => {
  proxy = createServer((client) => {
    const server = createConnection(socket);
    client.pipe(server).pipe(client);
    for (const end of [client, server]) end.on('error', () => { client.destroy(); server.destroy(); });
  });
  await new Promise((done) => { proxy.listen(0, '127.0.0.1', done); });
  port = proxy.address().port;
  sql(`INSERT INTO public.departments (department) SELECT unnest(ARRAY[${names.map(literal)}]);
    INSERT INTO public.jobs (job) SELECT j || ' ${mark}' FROM unnest(ARRAY['Baker', 'Pilot']) j;
    INSERT INTO public.hired_employees (name, datetime, department_id, job_id)
    SELECT 'x', make_timestamptz(${year}, (1 + i % 12)::int, 1, 0, 0, 0, 'UTC'), d.id, j.id
      FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM public.departments WHERE department LIKE '%${mark}') d
      CROSS JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM public.jobs WHERE job LIKE '%${mark}') j
      CROSS JOIN LATERAL generate_series(1, d.n * d.n * j.n + 3) i;
    CREATE ROLE ${role} LOGIN;
    GRANT USAGE ON SCHEMA public TO ${role};
    GRANT SELECT ON public.departments, public.jobs TO ${role};
    GRANT SELECT (id, datetime, department_id, job_id) ON public.hired_employees TO ${role};
    ALTER ROLE ${role} SET search_path = public`);
  const lines = (text) => text.split('\n').map((line) => line.split('\t'));
  quarters = lines(sql(`SET search_path = public; SELECT concat_ws(E'\\t', department, job, q1, q2, q3, q4) FROM hiring.hires_by_quarter(${year})`));
  means = lines(sql(`SET search_path = public; SELECT concat_ws(E'\\t', id, department, hired) FROM hiring.departments_above_mean(${year})`));
  assert.equal(quarters.length, 6);
  assert.ok(means.length > 0);
});
after(() => {
  proxy.close();
  sql(`DROP OWNED BY ${role}; DROP ROLE ${role};
    DELETE FROM public.hired_employees USING public.departments d WHERE d.id = department_id AND d.department LIKE '%${mark}';
    DELETE FROM public.departments WHERE department LIKE '%${mark}'; DELETE FROM public.jobs WHERE job LIKE '%${mark}'`);
});

// Not synchronous: the proxy runs in this process.
function run(command, args, input = '', env = {}) {
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, { env: { ...process.env, ...env }, maxBuffer: 1 << 24 }, (error, stdout, stderr) =>
      (error ? reject(new Error(`${command}: ${stderr || stdout || error}`)) : resolve(stdout)));
    child.stdin.end(input);
  });
}
const missing = (program, ...args) => (spawnSync(program, args).error ? `${program} is not installed` : false);
const comment = (kind, name) => sql(`SELECT obj_description('hiring.${name}'::${kind}, '${kind === 'regclass' ? 'pg_class' : 'pg_proc'}')`);
const views = () => sql(`SELECT relname FROM pg_class WHERE relnamespace = 'hiring'::regnamespace AND relkind = 'v' ORDER BY 1`).split('\n');

describe('ODBC', { skip: missing('isql', '--version') }, () => {
  const isql = async (statement, ...options) => {
    const connection = `DRIVER={PostgreSQL Unicode};SERVER=127.0.0.1;PORT=${port};DATABASE=${database};UID=${role};ReadOnly=1`;
    return (await run('isql', ['-k', connection, '-b', '-v', '-x0x09', ...options], `${statement}\n`)).split('\n').filter((line) => line !== '').map((line) => line.split('\t'));
  };

  it('gives the metrics of a year, by function and by view', async () => {
    assert.deepEqual(await isql(`SELECT * FROM hiring.hires_by_quarter(${year})`), quarters);
    assert.deepEqual(await isql(`SELECT department, job, q1, q2, q3, q4 FROM hiring.hires_by_quarter_all WHERE year = ${year} ORDER BY department, job`), quarters);
    assert.deepEqual(await isql(`SELECT * FROM hiring.departments_above_mean(${year})`), means);
    assert.deepEqual(await isql(`SELECT id, department, hired FROM hiring.departments_above_mean_all WHERE year = ${year} ORDER BY hired DESC, id`), means);
  });

  it('lists the views and their columns', async () => {
    const tables = await isql('help');
    assert.deepEqual(tables.filter((t) => t[1] === 'hiring').map((t) => t[2]).sort(), views());
    assert.ok(tables.filter((t) => t[1] === 'hiring').every((t) => t[3] === 'VIEW'));
    assert.deepEqual(await isql('SELECT * FROM hiring.hires_by_quarter_all WHERE year = 3', '-c'),
      [['year', 'department', 'job', 'q1', 'q2', 'q3', 'q4']]);
  });
});

const driver = '/usr/share/java/postgresql.jar';
describe('JDBC', { skip: missing('java', '-version') || (existsSync(driver) ? false : 'libpostgresql-jdbc-java is not installed') }, () => {
  it('gives the same numbers, and lists functions, views, columns and their comments', async () => {
    const program = fileURLToPath(new URL('../clients/BiClient.java', import.meta.url));
    const output = await run('java', ['-Dfile.encoding=UTF-8', '-Dstdout.encoding=UTF-8', '-cp', driver, program,
      `jdbc:postgresql://127.0.0.1:${port}/${database}?user=${role}`, String(year)], '', { LC_ALL: 'C.UTF-8' });
    const lines = output.trimEnd().split('\n').map((line) => line.split('\t'));
    const of = (what) => lines.filter((line) => line[0] === what).map((line) => line.slice(1));
    assert.deepEqual(of('function'), quarters);
    assert.deepEqual(of('view'), quarters);
    assert.deepEqual(of('mean'), means);
    assert.deepEqual(of('table').map(([name]) => name).sort(), views());
    for (const [name, type, remarks] of of('table')) assert.deepEqual([type, remarks], ['VIEW', comment('regclass', name)], name);
    const columns = of('column');
    assert.deepEqual(columns.filter((c) => c[0] === 'hires_by_month_all').map((c) => c[1]), ['year', 'month', 'starts', 'hired']);
    for (const [view, column, , remarks] of columns) assert.ok(remarks.length > 5 && remarks !== 'null', `${view}.${column}`);
    const routines = new Map(of('routine'));
    for (const name of ['hires_by_quarter', 'departments_above_mean', 'mean_hires', 'hires_by_department', 'hires_by_month', 'hires_trend']) {
      assert.equal(routines.get(name), comment('regproc', name), name);
    }
    assert.deepEqual(of('argument'), [['year', 'int4'], ['include_idle', 'bool'], ['id', 'int4'], ['department', 'text'], ['hired', 'int8']]);
  });
});

describe('psql', () => {
  const psql = (input) => run(process.env.FERRY_PSQL ?? 'psql', ['-XAtq', '-F', '\t', '-v', 'ON_ERROR_STOP=1', '-h', '127.0.0.1', '-p', String(port), '-U', role, '-d', database], input);

  it('turns departments and quarters into a table: \\crosstabview', async () => {
    const output = await psql(`\\pset tuples_only off
\\pset footer off
SELECT m.department, q.name, sum(q.n)::bigint FROM hiring.hires_by_quarter(${year}) m,
  LATERAL (VALUES ('Q1', q1), ('Q2', q2), ('Q3', q3), ('Q4', q4)) q (name, n) GROUP BY 1, 2 ORDER BY 1, 2 \\crosstabview\n`);
    const expected = [['department', 'Q1', 'Q2', 'Q3', 'Q4']];
    for (const [department, , ...counts] of quarters) {
      if (expected.at(-1)[0] !== department) expected.push([department, 0, 0, 0, 0]);
      counts.forEach((n, i) => { expected.at(-1)[i + 1] += Number(n); });
    }
    assert.deepEqual(output.trimEnd().split('\n').map((line) => line.split('\t')), expected.map((row) => row.map(String)));
  });

  it('describes functions and views: \\df+ and \\dv+', async () => {
    assert.ok((await psql('\\df+ hiring.hires_by_quarter\n')).includes(comment('regproc', 'hires_by_quarter')));
    assert.ok((await psql('\\dv+ hiring.hires_trend_all\n')).includes(comment('regclass', 'hires_trend_all')));
  });

  it('keeps the names of people from a role that may not read them', async () => {
    await assert.rejects(psql('SELECT name FROM hired_employees\n'), /permission denied/);
  });
});

describe('HTTP', () => {
  it('gives the same as CSV', async () => {
    const answer = await get(`/rpc/hires_by_quarter?year=${year}`, { token: await tokenFor('reader'), headers: { Accept: 'text/csv' } });
    const quoted = (text) => (/[", ]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    assert.equal(answer.text.trim(), ['department,job,q1,q2,q3,q4', ...quarters.map((row) => row.map(quoted).join(','))].join('\n'));
  });
});
