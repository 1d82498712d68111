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
    assert.equal(server.sql(`SELECT hiring.rollup_serves(), (${differences}), (SELECT count(*) > 20000 FROM hired_employees)`, 'copy'), 't|0|t');
    server.sql(`INSERT INTO hired_employees (name, datetime, department_id, job_id) VALUES ('Copy', '2021-05-05Z', 1, 1)`, 'copy');
    assert.equal(server.sql(`SELECT hiring.rollup_serves(), (${differences})`, 'copy'), 't|0');
  });
});
