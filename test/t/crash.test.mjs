// A backend, or the whole server, is killed in the middle of a load. Then nothing of the load is left, neither rows nor
// log nor files, all indexes are sound, and the next load works.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Server, checkIndexes, crate, crates, load, schema, sleep, until } from './harness.mjs';

const rows = 30000;
let server, clean, dirty, tail;
before(() => {
  server = Server.start('crash', { max_wal_size: '1GB', log_min_messages: 'warning' });
  server.sql(schema);
  clean = Object.fromEntries(['ascending', 'descending', 'random'].map((order) =>
    [order, server.file(`${order}.csv`, crates(rows, order))]));
  // Every second row is wrong: with a limit, its rejects wait in a temporary file.
  dirty = server.file('dirty.csv', Array.from({ length: rows }, (_, i) => crate(i + 1, { berth: i % 2 ? 7 : 'x' })).join(''));
  // Keys that no other file has.
  tail = server.file('tail.csv', [1, 2, 3].map((id) => crate(900000 + id)).join(''));
});
after(() => server.stop());

const state = () => server.sql(`SELECT (SELECT count(*) FROM crate), (SELECT count(*) FROM ferry.loads),
  (SELECT count(*) FROM ferry.rejects), (SELECT count(*) FROM ferry.reject_errors)`);

async function strikeDuring(statement, strike) {
  const session = server.session();
  const pid = Number(await session.query('SELECT pg_backend_pid()'));
  const { outcome } = await server.startLoad(session, statement, 5000);
  await strike(pid);
  await assert.rejects(outcome, 'the load must not be over before it is struck');
}

const strikes = {
  'the backend': async (pid) => { process.kill(pid, 'SIGKILL'); },
  'the server': async () => { await server.kill(); server.startAgain(); },
};

async function isAsBefore(was) {
  await server.answers();
  assert.equal(state(), was);
  assert.deepEqual(server.temporaryFiles(), []);
  checkIndexes(server);
}

for (const [who, strike] of Object.entries(strikes)) {
  describe(`kill -9 of ${who} in mid-load`, () => {
    for (const order of ['ascending', 'descending', 'random']) {
      it(`leaves nothing of a file in ${order} order, and the next load works`, async () => {
        server.sql('TRUNCATE crate; CHECKPOINT');
        server.sql(load(tail));
        const was = state();
        await strikeDuring(load(clean[order]), strike);
        await isAsBefore(was);
        assert.equal(server.sql(load(clean[order])), `loaded|${rows}|0`);
        checkIndexes(server);
      });
    }

    it('leaves nothing when a checkpoint came in between', async () => {
      server.sql('TRUNCATE crate');
      const was = state();
      await strikeDuring(load(clean.random), async (pid) => { server.sql('CHECKPOINT'); await strike(pid); });
      await isAsBefore(was);
    });

    it('leaves no rejects and no temporary file', async () => {
      server.sql('TRUNCATE crate');
      const was = state();
      // The load waits for this key, near its end.
      const other = server.session();
      await other.query(`BEGIN; INSERT INTO crate (id, code) VALUES (${rows}, 'mine')`);
      await strikeDuring(load(dirty, 'reject_limit => 1000000'), async (pid) => {
        await until('rejects are in a temporary file', () => server.temporaryFiles().length > 0);
        await strike(pid);
      });
      await isAsBefore(was);
      assert.equal(server.sql(load(dirty)), `partial|${rows / 2}|${rows / 2}`);
      checkIndexes(server);
    });
  });
}

describe('kill -9 of the server', () => {
  for (const order of ['ascending', 'descending', 'random']) {
    it(`right after the commit loses nothing of a file in ${order} order`, async () => {
      server.sql('TRUNCATE crate; CHECKPOINT');
      server.sql(load(clean[order]));
      const was = state();
      await server.kill();
      server.startAgain();
      await isAsBefore(was);
      assert.equal(server.sql('SELECT count(*) FROM crate'), String(rows));
      assert.equal(server.sql(load(tail)), 'loaded|3|0');
      checkIndexes(server);
    });
  }

  it('around the commit leaves all of a load or nothing', async (t) => {
    const some = 5000;
    const path = server.file('some.csv', crates(some, 'random'));
    const session = server.session();
    await session.query(`TRUNCATE crate; ${load(path)}; TRUNCATE crate`);
    const began = Date.now();
    await session.query(load(path));
    const usual = Date.now() - began;
    const seen = { all: 0, nothing: 0 };
    // Later when nothing was in, sooner when all was.
    for (let i = 0, wait = usual; i < 6; i++, wait *= seen.last === 'all' ? 0.8 : 1.2) {
      server.sql('TRUNCATE crate');
      const loads = Number(server.sql('SELECT count(*) FROM ferry.loads'));
      const session = server.session();
      await session.query('SELECT 1');
      const outcome = session.query(load(path)).then(() => true, () => false);
      await sleep(wait);
      await server.kill();
      const told = await outcome;
      server.startAgain();
      const count = Number(server.sql('SELECT count(*) FROM crate'));
      assert.ok(count === 0 || count === some, `${count} rows`);
      if (told) assert.equal(count, some, 'who was told that the rows are in must find them');
      assert.equal(Number(server.sql('SELECT count(*) FROM ferry.loads')), loads + (count ? 1 : 0));
      checkIndexes(server);
      seen.last = count ? 'all' : 'nothing';
      seen[seen.last] += 1;
    }
    t.diagnostic(`all rows ${seen.all} times, none ${seen.nothing} times`);
  });
});
