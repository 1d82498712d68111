// The rollup of the hiring metrics under writers that really run at the same time: it never differs from a count of the
// hires, in any snapshot, and nobody waits for, deadlocks with or is refused because of another.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { Server, until } from './harness.mjs';

let server;
before(() => {
  server = Server.start('rollup', { max_wal_size: '1GB', deadlock_timeout: '100ms' });
  server.sql(`CREATE EXTENSION pg_ferry_hiring; SELECT hiring.create_tables();
    INSERT INTO departments (department) SELECT 'Department ' || i FROM generate_series(1, 12) i;
    INSERT INTO jobs (job) SELECT 'Job ' || i FROM generate_series(1, 50) i;
    INSERT INTO hired_employees (name, datetime, department_id, job_id)
    SELECT 'Hire ' || i, timestamptz '2019-01-01Z' + i * interval '1 hour', i % 12 + 1, i % 50 + 1 FROM generate_series(1, 20000) i;
    SELECT hiring.enable_rollup();`);
});
after(() => {
  assert.deepEqual(server.crashes(), []);
  server.stop();
});

const differences = 'SELECT count(*) FROM hiring.check_rollup()';

// Small steps on rows that no other writer has, in transactions of one to three steps, some of them taken back.
function writer(number, seed) {
  let state = seed;
  const random = (n) => { state = (state * 48271) % 2147483647; return state % n; };
  const moment = () => `timestamptz '2019-01-01Z' + ${random(50000)} * interval '1 hour'`;
  const mine = () => `id % 6 = ${number} AND id BETWEEN ${random(20000)} AND ${random(20000) + 200}`;
  const one = () => `INSERT INTO hired_employees (name, datetime, department_id, job_id) VALUES ('One', ${moment()}, ${random(12) + 1}, ${random(50) + 1})`;
  const steps = [
    one, one, one,
    () => `INSERT INTO hired_employees (name, datetime, department_id, job_id)
           SELECT 'Many', ${moment()} + i * interval '1 day', i % 12 + 1, i % 50 + 1 FROM generate_series(1, ${random(400) + 1}) i`,
    () => `UPDATE hired_employees SET datetime = ${moment()} WHERE ${mine()}`,
    () => `UPDATE hired_employees SET department_id = ${random(12) + 1}, job_id = ${random(50) + 1} WHERE ${mine()}`,
    () => `DELETE FROM hired_employees WHERE ${mine()} AND id % 5 = 0`,
    () => `SELECT ferry.insert_batch('hired_employees', (SELECT json_agg(json_build_object('name', 'Batch', 'datetime', ${moment()},
             'department_id', 1 + i % 13, 'job_id', 1 + i % 50)) FROM generate_series(1, 100) i)) IS NULL`,
    () => `SELECT ferry.migrate_csv_data('hired_employees', convert_to((SELECT string_agg('Load,' || (${moment()})::text || ',' || (1 + i % 12) || ',' || (1 + i % 50), E'\\n')
             FROM generate_series(1, 700) i), 'UTF8'), columns => '{name,datetime,department_id,job_id}', force => true) IS NULL`,
  ];
  return () => {
    const all = Array.from({ length: 1 + random(3) }, () => steps[random(steps.length)]());
    const level = random(4) === 0 ? ' ISOLATION LEVEL REPEATABLE READ' : '';
    return `BEGIN${level}; ${all.join('; ')}; ${random(5) === 0 ? 'ROLLBACK' : 'COMMIT'}`;
  };
}

describe('the rollup', () => {
  it('never differs from a count while six sessions write', async (t) => {
    const end = Date.now() + 12000;
    let transactions = 0;
    let looks = 0;
    const write = async (number) => {
      const session = server.session();
      const next = writer(number, 1000 + number);
      while (Date.now() < end) { await session.query(next()); transactions += 1; }
      await session.close();
    };
    const look = async (level) => {
      const session = server.session();
      while (Date.now() < end) {
        // Two questions under one snapshot in the second case, while the writers go on.
        const answers = await session.query(level === 'READ COMMITTED' ? differences
          : `BEGIN ISOLATION LEVEL ${level}; ${differences}; SELECT pg_sleep(0.05) IS NULL; ${differences}; COMMIT`);
        for (const answer of answers.split('\n').filter((line) => line !== 'f')) assert.equal(answer, '0');
        looks += 1;
      }
      await session.close();
    };
    await Promise.all([0, 1, 2, 3, 4, 5].map(write).concat(look('READ COMMITTED'), look('REPEATABLE READ')));
    assert.equal(server.sql(differences), '0');
    assert.ok(transactions > 50 && looks > 5, `${transactions} transactions, ${looks} looks`);
    assert.equal(server.sql(`SELECT bool_and(hiring.rollup_serves())::text || count(*) FROM hiring.hires_by_department(2020)`), 'true12');
    // Folded now and then, or it would hold a row for every step and key.
    const [parts, sums, keys] = server.sql(`SELECT count(*) FILTER (WHERE NOT folded), count(*) FILTER (WHERE folded),
      count(DISTINCT (year, department_id, job_id)) FROM hired_employees_rollup`).split('|').map(Number);
    assert.ok(sums > 0 && parts < 40000, `${parts} parts, ${sums} sums`);
    t.diagnostic(`measured: ${transactions} transactions, ${looks} comparisons; ${parts} parts and ${sums} sums for ${keys} keys`);
  });

  it('lets a writer go on while another, with the same keys, has not committed', async () => {
    const [first, second] = [server.session(), server.session()];
    const insert = `INSERT INTO hired_employees (name, datetime, department_id, job_id) VALUES ('Same', '2021-05-05Z', 1, 1)`;
    await first.query(`BEGIN; ${insert}; SELECT hired_employees_rollup_fold()`);
    await second.query(`SET statement_timeout = '5s'`);
    await second.query(`BEGIN; ${insert}; SELECT hired_employees_rollup_fold(); COMMIT`);
    await first.query(`${insert}; COMMIT`);
    assert.equal(server.sql(differences), '0');
    await first.close();
    await second.close();
  });

  it('folds in many sessions at once and loses nothing', async () => {
    const before = server.sql('SELECT sum(m01 + m02 + m03 + m04 + m05 + m06 + m07 + m08 + m09 + m10 + m11 + m12) FROM hired_employees_rollup');
    server.sql(`INSERT INTO hired_employees (name, datetime, department_id, job_id)
      SELECT 'Part', timestamptz '2020-01-01Z' + i * interval '7 hours', i % 12 + 1, i % 50 + 1 FROM generate_series(1, 3000) i`);
    await Promise.all([1, 2, 3, 4].map(async () => {
      const session = server.session();
      for (let i = 0; i < 10; i++) await session.query('SELECT hired_employees_rollup_fold()');
      await session.close();
    }));
    assert.equal(server.sql(differences), '0');
    const now = server.sql('SELECT sum(m01 + m02 + m03 + m04 + m05 + m06 + m07 + m08 + m09 + m10 + m11 + m12) FROM hired_employees_rollup');
    assert.equal(Number(now) - Number(before), 3000);
    assert.equal(server.sql('SELECT count(*) FROM hired_employees_rollup WHERE NOT folded'), '0');
  });

  it('counts what loads bring at the same time, and a restore puts back', async (t) => {
    // One row in fifty has a fault: no such day, no such department, or a key that the file has twice.
    const rows = (first, n) => Array.from({ length: n }, (_, i) => {
      const id = i % 150 === 100 ? first : first + i;
      const moment = i % 150 === 50 ? 'never' : `${2015 + i % 9}-${String(1 + i % 12).padStart(2, '0')}-01T00:00:00Z`;
      return `${id},Load,${moment},${i % 150 === 0 && i > 0 ? 99 : 1 + i % 12},${1 + i % 50}\n`;
    }).join('');
    const columns = `columns => '{id,name,datetime,department_id,job_id}', header => 'off', force => true`;
    const backup = server.sql('SELECT backup_id FROM ferry.backup_table_avro(\'hired_employees\')');
    const end = Date.now() + 8000;
    const done = { loads: 0, updates: 0, restores: 0 };
    const again = async (what, statement) => {
      const session = server.session();
      for (let i = 0; Date.now() < end; i++) { await session.query(statement(i)); done[what] += 1; }
      await session.close();
    };
    const loader = (number) => again('loads', (i) => {
      const path = server.file(`hires_${number}.csv`, rows(10000000 * number + 3000 * i, 3000));
      const load = `SELECT status FROM ferry.migrate_csv('hired_employees', '${path}', ${columns}`;
      return [`${load})`, `${load}, on_error => 'abort')`, `BEGIN; ${load}); ROLLBACK`, `${load}, on_conflict => 'skip')`][i % 4];
    });
    await Promise.all([loader(1), loader(2), loader(3),
      again('updates', (i) => `SELECT status FROM ferry.migrate_csv('hired_employees', '${server.file('update.csv', rows(1 + 500 * (i % 20), 1500))}', ${columns}, on_conflict => 'update')`),
      again('restores', (i) => `SELECT status FROM ferry.restore_table_avro('hired_employees', ${backup}, mode => '${i % 2 === 0 ? 'replace' : 'missing_only'}')`),
      (async () => {
        const session = server.session();
        while (Date.now() < end) assert.equal(await session.query(differences), '0');
        await session.close();
      })()]);
    assert.equal(server.sql(differences), '0');
    assert.ok(done.loads > 5 && done.updates > 1 && done.restores > 0, JSON.stringify(done));
    assert.equal(server.sql(`SELECT count(*) FROM ferry.loads WHERE status = 'partial' AND rows_rejected > 0 AND source_name LIKE '%hires_%'`) > 0, true);
    t.diagnostic(`measured: ${done.loads} loads, ${done.updates} updates, ${done.restores} restores`);
  });

  it('knows nothing of a load that is cancelled', async () => {
    const rows = Array.from({ length: 400000 }, (_, i) => `${500000000 + i},Hire,2024-05-05T00:00:00Z,${1 + i % 12},${1 + i % 50}\n`).join('');
    const load = `SELECT rows_loaded FROM ferry.migrate_csv('hired_employees', '${server.file('long.csv', rows)}', header => 'off',
      columns => '{id,name,datetime,department_id,job_id}')`;
    const before = server.sql('SELECT count(*) FROM hired_employees');
    const session = server.session();
    const pid = await session.query('SELECT pg_backend_pid()');
    const { outcome } = await server.startLoad(session, load, 20000);
    server.sql(`SELECT pg_cancel_backend(${pid})`);
    await assert.rejects(outcome, { sqlstate: '57014' });
    assert.equal(server.sql('SELECT count(*) FROM hired_employees'), before);
    assert.equal(server.sql(differences), '0');
    assert.equal(await session.query(load), '400000');
    assert.equal(server.sql(differences), '0');
    server.sql('DELETE FROM hired_employees WHERE id >= 500000000');
    assert.equal(server.sql(differences), '0');
    await session.close();
  });

  it('is made while others write, and removed while others read', async () => {
    server.sql('SELECT hiring.disable_rollup()');
    const open = server.session();
    const maker = server.session();
    await open.query(`BEGIN; INSERT INTO hired_employees (name, datetime, department_id, job_id) VALUES ('Late', '2021-05-05Z', 1, 1)`);
    const made = maker.query('SELECT hiring.enable_rollup()');
    await until('the maker waits for the writer', () => server.sql(`SELECT count(*) FROM pg_locks WHERE NOT granted`) === '1');
    await open.query('COMMIT');
    await made;
    assert.equal(server.sql(differences), '0');
    const reader = server.session();
    await reader.query('BEGIN; SELECT count(*) FROM hiring.hires_by_quarter(2021)');
    const gone = maker.query('SELECT hiring.disable_rollup()');
    await until('the remover waits for the reader', () => server.sql(`SELECT count(*) FROM pg_locks WHERE NOT granted`) === '1');
    const counted = await reader.query('SELECT sum(hired) FROM hiring.hires_by_month(2021)');
    await reader.query('COMMIT');
    await gone;
    assert.equal(await reader.query('SELECT sum(hired) FROM hiring.hires_by_month(2021)'), counted);
    for (const session of [open, maker, reader]) await session.close();
  });

  it('survives a dump and a restore', () => {
    server.sql('SELECT hiring.enable_rollup(); CREATE DATABASE copy');
    execFileSync('bash', ['-c', 'set -o pipefail; bin=$("${PG_CONFIG:-pg_config}" --bindir); "$bin/pg_dump" postgres | "$bin/psql" -Xq -v ON_ERROR_STOP=1 -d copy'],
      { env: server.environment, stdio: ['ignore', 'ignore', 'pipe'] });
    const state = `SELECT hiring.rollup_serves(), (${differences}), (SELECT count(*) FROM hired_employees)`;
    assert.match(server.sql(state), /^t\|0\|/);
    assert.equal(server.sql(state, 'copy'), server.sql(state));
    server.sql(`INSERT INTO hired_employees (name, datetime, department_id, job_id) VALUES ('Copy', '2021-05-05Z', 1, 1)`, 'copy');
    assert.equal(server.sql(`SELECT hiring.rollup_serves(), (${differences})`, 'copy'), 't|0');
    // A load there finds its way to the counts as well: one row for what are three batches.
    assert.equal(server.sql(`BEGIN ISOLATION LEVEL REPEATABLE READ; CREATE TEMP TABLE before AS SELECT count(*) AS n FROM hired_employees_rollup;
      SELECT rows_loaded FROM ferry.migrate_csv_data('hired_employees', convert_to(repeat(E'Load,2021-05-05Z,1,1\\n', 1200), 'UTF8'), columns => '{name,datetime,department_id,job_id}', header => 'off');
      SELECT (SELECT count(*) FROM hired_employees_rollup) - n FROM before; ${differences}; COMMIT`, 'copy'), '1200\n1\n0');
  });
});
