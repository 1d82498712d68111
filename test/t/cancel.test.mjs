// A load that is cancelled, by a request or by a timeout, ends at once in every phase, leaves nothing, and the session
// goes on. The median of the tries must stay far below a second; what was measured is printed.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { truncateSync } from 'node:fs';
import { Server, crate, crates, literal, load, schema, sleep, until } from './harness.mjs';

const bound = 1000; // ms
const tries = 5;
let server, control, slowest = 0, logged = 0; // loads that the log holds already
before(async () => {
  server = Server.start('cancel', { max_wal_size: '2GB' });
  server.sql(`${schema}
    CREATE TABLE plain (LIKE crate);
    CREATE TABLE harbour (id integer PRIMARY KEY);
    INSERT INTO harbour SELECT generate_series(1, 300000);
    CREATE TABLE boat (id integer, harbour integer REFERENCES harbour);
    CREATE TABLE watched (LIKE crate);
    CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
    CREATE TRIGGER nothing BEFORE INSERT ON watched FOR EACH ROW EXECUTE FUNCTION nothing();
    CREATE TABLE note (text text);
    CREATE TABLE moment (at timestamptz);`);
  control = server.session();
});
after(() => {
  assert.deepEqual(server.crashes(), []);
  server.stop();
});

const call = (table, path, options = '') =>
  `SELECT status FROM ferry.migrate_csv(${literal(table)}, ${literal(path)}${options && `, ${options}`})`;
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

async function leavesNothing(session, tables) {
  assert.equal(await session.query('SELECT 1'), '1');
  const counts = [...tables, 'ferry.rejects', 'ferry.reject_errors'].map((table) => `(SELECT count(*) FROM ${table})`);
  assert.equal(await session.query(`SELECT ${counts.join(' + ')} + (SELECT count(*) FROM ferry.loads)`), String(logged));
  assert.equal(await session.query('SELECT count(*) FROM pg_stat_progress_copy'), '0');
  assert.deepEqual(server.temporaryFiles(), []);
}

// Cancels the statement after `wait` milliseconds, five times, each time a bit later. A load that is over before that is
// taken away and begun again, to be cancelled sooner.
async function cancelled(t, statement, { wait = 30, tables = ['crate'], seen = async () => {} } = {}) {
  const session = server.session();
  const pid = await session.query('SELECT pg_backend_pid()');
  const times = [];
  for (let i = 0, late = 0; times.length < tries; i++) {
    const outcome = session.query(statement).then((text) => ({ text }), (error) => ({ error, at: performance.now() }));
    await sleep(wait * (1 + i / 2));
    await seen();
    const asked = performance.now();
    await control.query(`SELECT pg_cancel_backend(${pid})`);
    const { text, error, at } = await outcome;
    if (text !== undefined) {
      assert.ok(++late < 2 * tries, `never cancelled: ${text}`);
      server.sql(`TRUNCATE ${tables}; DELETE FROM ferry.loads WHERE load_id NOT IN (SELECT load_id FROM ferry.loads ORDER BY load_id LIMIT ${logged})`);
      [wait, i] = [wait / 2, -1];
      continue;
    }
    assert.equal(error.sqlstate, '57014', error.message);
    times.push(at - asked);
    await leavesNothing(session, tables);
  }
  await session.close();
  slowest = Math.max(slowest, ...times);
  t.diagnostic(`ended after ${median(times).toFixed()} ms at the median, ${Math.max(...times).toFixed()} ms at most`);
  assert.ok(median(times) < bound, times.join(' '));
}

describe('pg_cancel_backend while a load', () => {
  it('reads and checks', async (t) => {
    await cancelled(t, call('plain', server.file('plain.csv', crates(300000))), { tables: ['plain'] });
  });
  it('writes into a table with many indexes', async (t) => {
    await cancelled(t, load(server.file('random.csv', crates(200000, 'random'))), { wait: 100 });
  });
  it('asks for parents, another one for each row', async (t) => {
    const text = Array.from({ length: 300000 }, (_, i) => `${i},${i + 1}\n`).join('');
    await cancelled(t, call('boat', server.file('boats.csv', text)), { tables: ['boat'] });
  });
  it('logs rejects as they come', async (t) => {
    const text = Array.from({ length: 200000 }, (_, i) => crate(i, { weight: 'heavy' })).join('');
    await cancelled(t, load(server.file('heavy.csv', text)), { wait: 100 });
  });
  it('puts rejects aside, and logs them at its end', async (t) => {
    await cancelled(t, load(`${server.folder}/heavy.csv`, "on_error => 'abort'"), { wait: 100 });
    // By its end nothing is left to read.
    const ended = () => until('the load is past its rows', async () =>
      await control.query('SELECT count(*) FROM pg_stat_progress_copy') === '0');
    await cancelled(t, load(`${server.folder}/heavy.csv`, "on_error => 'abort'"), { wait: 100, seen: ended });
  });
  it('takes a bad batch apart row by row', async (t) => {
    server.sql('CREATE INDEX crate_share_idx ON crate ((100 / weight))');
    const text = Array.from({ length: 100000 }, (_, i) => crate(i, { weight: i % 20 ? 3 : 0 })).join('');
    await cancelled(t, load(server.file('shares.csv', text)), { wait: 100 });
    server.sql('DROP INDEX crate_share_idx');
  });
  it('updates rows that are there', async (t) => {
    const path = server.file('half.csv', crates(100000));
    server.sql(`CREATE TABLE stock (LIKE crate INCLUDING ALL); INSERT INTO stock SELECT i, i::text FROM generate_series(1, 100000) i`);
    const session = server.session();
    const pid = await session.query('SELECT pg_backend_pid()');
    const outcome = session.query(call('stock', path, "on_conflict => 'update'"));
    await sleep(150);
    const asked = performance.now();
    await control.query(`SELECT pg_cancel_backend(${pid})`);
    await assert.rejects(outcome, { sqlstate: '57014' });
    t.diagnostic(`ended after ${(performance.now() - asked).toFixed()} ms`);
    assert.equal(await session.query('SELECT count(*) FROM stock WHERE note IS NOT NULL'), '0');
    await session.close();
  });
  it('runs triggers', async (t) => {
    await cancelled(t, call('watched', `${server.folder}/plain.csv`), { tables: ['watched'] });
  });
  it('unpacks gzip', async (t) => {
    await cancelled(t, call('plain', server.file('plain.csv.gz', gzipSync(crates(300000), { level: 1 }))), { tables: ['plain'] });
  });
  it('unpacks a few kilobytes that become gigabytes', async (t) => {
    const line = gzipSync(Buffer.alloc(64 << 20, '0'), { level: 9 });
    await cancelled(t, call('note', server.file('bomb.csv.gz', Buffer.concat(Array(40).fill(line)))), { tables: ['note'] });
  });
  it('looks for the end of a record that has none', async (t) => {
    const path = server.file('endless.csv', '1,"');
    truncateSync(path, 4 * 2 ** 30);
    await cancelled(t, call('note', path), { tables: ['note'] });
    await cancelled(t, call('note', path, "repair => 'salvage'"), { tables: ['note'] });
  });
  it('reads dates by a format of the caller', async (t) => {
    const path = server.file('dates.csv', '31/12/2020 23:59\n'.repeat(500000));
    await cancelled(t, call('moment', path, "date_format => 'DD/MM/YYYY HH24:MI'"), { tables: ['moment'] });
  });
  it('finds out whether the file was loaded before', async (t) => {
    const path = server.file('again.csv', 'once');
    server.sql(`${call('note', path)}; TRUNCATE note; UPDATE ferry.loads SET bytes_read = ${4 * 2 ** 30}`);
    truncateSync(path, 4 * 2 ** 30);
    logged = 1;
    await cancelled(t, call('note', path), { tables: ['note'] });
    server.sql('DELETE FROM ferry.loads');
    logged = 0;
  });
  it('waits for somebody else\'s key', async (t) => {
    const other = server.session();
    await other.query("BEGIN; INSERT INTO crate (id, code) VALUES (20000, 'mine')");
    await cancelled(t, load(server.file('some.csv', crates(20000))), { wait: 300 });
    await other.query('ROLLBACK');
    await other.close();
  });
  it('waits for somebody who may delete the parent', async (t) => {
    const other = server.session();
    await other.query('BEGIN; DELETE FROM berth WHERE id = 77');
    await cancelled(t, load(`${server.folder}/some.csv`), { wait: 100 });
    await other.query('ROLLBACK');
    await other.close();
  });
});

describe('statement_timeout', () => {
  it('ends a load as well', async (t) => {
    const session = server.session();
    const times = [];
    await session.query('SET statement_timeout = 150');
    for (const [table, path] of [['crate', 'random.csv'], ['crate', 'heavy.csv'], ['watched', 'plain.csv'], ['plain', 'plain.csv.gz']]) {
      const began = performance.now();
      await assert.rejects(session.query(call(table, `${server.folder}/${path}`)), { sqlstate: '57014' });
      times.push(performance.now() - began - 150);
      await leavesNothing(session, [table]);
    }
    t.diagnostic(`ended ${Math.max(...times).toFixed()} ms late at most`);
    assert.ok(median(times) < bound, times.join(' '));
    await session.close();
  });

  it('ends insert_batch', async () => {
    const session = server.session();
    const rows = `(SELECT json_agg(json_build_object('id', i)) FROM generate_series(1, 1000) i)`;
    await session.query("CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.01); RETURN new; END'");
    await session.query('CREATE TRIGGER slow BEFORE INSERT ON watched FOR EACH ROW EXECUTE FUNCTION slow(); SET statement_timeout = 150');
    await assert.rejects(session.query(`SELECT ferry.insert_batch('watched', ${rows})`), { sqlstate: '57014' });
    await leavesNothing(session, ['watched']);
    await session.close();
  });
});

it('the slowest cancel was quick enough', (t) => {
  t.diagnostic(`measured: ${slowest.toFixed()} ms`);
  assert.ok(slowest < 5 * bound);
});
