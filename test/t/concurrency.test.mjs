// Loads, deletes and updates that really run at the same time. test/specs says what happens in each interleaving; here the
// machine picks them, and what must hold whatever it picks is checked afterwards.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Server, checkIndexes, crate, keys, literal, load, schema } from './harness.mjs';

let server;
before(() => { server = Server.start('concurrency', { max_wal_size: '1GB' }); server.sql(schema); });
after(() => {
  assert.deepEqual(server.crashes(), []);
  server.stop();
});

const sum = (reports, field) => reports.reduce((total, report) => total + Number(report.split('|')[field]), 0);

// Runs each session's statements one after the other, all sessions at the same time. Gives their outputs; errors are given
// as they are.
async function together(...scripts) {
  return Promise.all(scripts.map(async (statements) => {
    const session = server.session();
    const outcomes = [];
    for (const statement of statements) outcomes.push(await session.query(statement).catch((error) => error));
    await session.close();
    return outcomes;
  }));
}

describe('at the same time', () => {
  it('loads of the same keys in the same order: no deadlock, every key once', async () => {
    const rows = 10000;
    const path = server.file('same.csv', keys(rows).map((id) => crate(id)).join(''));
    for (let i = 0; i < 3; i++) {
      server.sql('TRUNCATE crate');
      const reports = (await together([load(path)], [load(path)], [load(path)])).flat();
      for (const report of reports) assert.equal(typeof report, 'string', String(report));
      assert.equal(sum(reports, 1), rows);
      assert.equal(sum(reports, 2), 2 * rows);
      assert.equal(server.sql('SELECT count(*), count(DISTINCT id), count(DISTINCT code) FROM crate'), `${rows}|${rows}|${rows}`);
      checkIndexes(server);
    }
  });

  it('loads of the same keys in other orders: who is not the victim of a deadlock has loaded', async () => {
    const rows = 5000;
    const paths = ['ascending', 'descending', 'random'].map((order) =>
      server.file(`${order}.csv`, keys(rows, order).map((id) => crate(id)).join('')));
    server.sql('TRUNCATE crate');
    const outcomes = (await together(...paths.map((path) => [load(path)]))).flat();
    const reports = outcomes.filter((outcome) => typeof outcome === 'string');
    for (const error of outcomes.filter((outcome) => typeof outcome !== 'string')) assert.equal(error.sqlstate, '40P01', error.message);
    assert.ok(reports.length > 0);
    assert.equal(sum(reports, 1), rows);
    assert.equal(server.sql('SELECT count(*), count(DISTINCT id) FROM crate'), `${rows}|${rows}`);
    checkIndexes(server);
  });

  it('the same file without force: one load has it, the others are refused', async () => {
    const path = server.file('once.csv', keys(2000).map((id) => crate(id)).join(''));
    server.sql('TRUNCATE crate');
    const once = `SELECT status FROM ferry.migrate_csv('crate', ${literal(path)})`;
    const outcomes = (await together([once], [once], [once])).flat();
    assert.deepEqual(outcomes.filter((outcome) => typeof outcome === 'string'), ['loaded']);
    for (const error of outcomes.filter((outcome) => typeof outcome !== 'string')) assert.equal(error.sqlstate, '42710', error.message);
  });

  it('loads that skip or update the same keys: nobody fails, every key once', async () => {
    const rows = 5000;
    const path = server.file('same.csv', keys(rows).map((id) => crate(id)).join(''));
    server.sql('TRUNCATE crate');
    const reports = (await together(...['skip', 'update', 'skip'].map((action) => [load(path, `on_conflict => '${action}'`)]))).flat();
    for (const report of reports) assert.match(String(report), /^loaded\|\d+\|0$/);
    assert.equal(server.sql('SELECT count(*), count(DISTINCT id), count(DISTINCT code) FROM crate'), `${rows}|${rows}|${rows}`);
    checkIndexes(server);
  });

  it('loads of neighbouring keys, each of them in order', async () => {
    const rows = 30000;
    server.sql('TRUNCATE crate');
    const paths = [0, 1, 2].map((part) =>
      server.file(`part${part}.csv`, keys(rows).filter((id) => id % 3 === part).map((id) => crate(id)).join('')));
    const reports = (await together(...paths.map((path) => [load(path)]))).flat();
    for (const report of reports) assert.equal(report, `loaded|${rows / 3}|0`);
    assert.equal(server.sql('SELECT count(*), count(DISTINCT id), max(id) FROM crate'), `${rows}|${rows}|${rows}`);
    checkIndexes(server);
  });

  it('loads, INSERTs and VACUUM on one table', async () => {
    server.sql('TRUNCATE crate');
    const inserts = Array.from({ length: 300 }, (_, i) =>
      `INSERT INTO crate (id, code, berth) VALUES (${1000000 + i}, 'I${i}', 1); DELETE FROM crate WHERE id = ${1000000 + i - 1}`);
    const path = server.file('vacuumed.csv', keys(30000).map((id) => crate(id)).join(''));
    const [[first, again], ...others] = await together([load(path), load(path)], inserts, Array(10).fill('VACUUM crate'));
    for (const outcome of others.flat()) assert.equal(outcome, '', String(outcome));
    assert.equal(first, 'loaded|30000|0');
    assert.equal(again, 'partial|0|30000');
    assert.equal(server.sql('SELECT count(*) FROM crate'), '30001');
    checkIndexes(server);
  });

  for (const level of ['READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE']) {
    it(`loads of children and what takes their parents away, ${level}: nobody is an orphan`, async (t) => {
      server.sql(`DROP TABLE IF EXISTS boat, harbour;
        CREATE TABLE harbour (id integer PRIMARY KEY);
        INSERT INTO harbour SELECT generate_series(1, 600);
        CREATE TABLE boat (id integer PRIMARY KEY, harbour integer REFERENCES harbour)`);
      // Each load needs forty harbours, the next one some of the same and some further on; what takes them away jumps about.
      const boats = (part) => Array.from({ length: 25 }, (_, i) => {
        const lines = Array.from({ length: 400 }, (_, j) => `${part * 1000000 + i * 1000 + j},${1 + i * 20 + j % 40}\n`);
        return `BEGIN ISOLATION LEVEL ${level};
          SELECT 'done', rows_loaded, rows_rejected FROM ferry.migrate_csv_data('boat', convert_to(${literal(lines.join(''))}, 'UTF8'));
          COMMIT`;
      });
      const harbours = (step) => Array.from({ length: 150 }, (_, i) => {
        const id = 1 + (i * step) % 600;
        return [`DELETE FROM harbour WHERE id = ${id}`,
          `UPDATE harbour SET id = id + 1000 WHERE id = ${id}`,
          `INSERT INTO harbour VALUES (${id - step}) ON CONFLICT DO NOTHING`][i % 3];
      });
      const [first, second, ...others] = await together(boats(1), boats(2), harbours(7), harbours(131));
      const loads = [...first, ...second];
      // What a load may meet: a snapshot that is too old, or a deadlock; never an orphan that was found out too late.
      for (const { sqlstate, message } of loads.filter((outcome) => typeof outcome !== 'string'))
        assert.match(String(sqlstate), /^(40001|40P01)$/, message);
      for (const outcome of others.flat().filter((one) => typeof one !== 'string'))
        assert.match(String(outcome.sqlstate), /^(23503|40P01)$/, outcome.message);
      const reports = loads.filter((outcome) => typeof outcome === 'string');
      t.diagnostic(`${sum(reports, 1)} rows loaded, ${sum(reports, 2)} rejected, ${loads.length - reports.length} loads failed`);
      assert.ok(sum(reports, 1) > 0 && (sum(reports, 2) > 0 || reports.length < loads.length), 'they must get into each other\'s way');
      assert.equal(server.sql('SELECT count(*) FROM boat'), String(sum(reports, 1)));
      assert.equal(sum(reports, 1) + sum(reports, 2), 400 * reports.length);
      assert.equal(server.sql('SELECT count(*) FROM boat b WHERE NOT EXISTS (SELECT FROM harbour h WHERE h.id = b.harbour)'), '0');
      checkIndexes(server);
    });
  }
});
