// A backend's memory does not grow with the input, clean or not, and a clean file costs few subtransactions.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { readFileSync } from 'node:fs';
import { Server, literal } from './harness.mjs';

let server;
before(() => {
  server = Server.start('memory', { max_wal_size: '4GB' });
  server.sql('CREATE TABLE parent (id integer PRIMARY KEY); INSERT INTO parent SELECT generate_series(1, 1000)');
});
after(() => {
  assert.deepEqual(server.crashes(), []);
  server.stop();
});

// Peak of a process's memory in MB, without the pages that it shares with the other backends.
function privateMemory(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)[1]);
  return (kilobytes('VmHWM') - kilobytes('RssShmem')) / 1024;
}
const nextXid = (session) => session.query('SELECT pg_current_xact_id()').then(Number);

// Loads the rows that the query makes, in a session of its own, and tells the report and what it took.
async function loadRows(query, options = '') {
  const path = `${server.folder}/rows.csv`;
  server.sql(`CREATE TABLE target (id integer PRIMARY KEY, parent integer REFERENCES parent);
    COPY (${query}) TO ${literal(path)} CSV`);
  const session = server.session();
  const pid = Number(await session.query('SELECT pg_backend_pid()'));
  const before = await nextXid(session);
  const report = await session.query(`SELECT status, rows_loaded, rows_rejected FROM ferry.migrate_csv('target', ${literal(path)}${options})`);
  const xids = await nextXid(session) - before - 1;
  const memory = privateMemory(pid);
  await session.close();
  server.sql('DROP TABLE target; DELETE FROM ferry.loads; VACUUM ferry.loads, ferry.rejects, ferry.reject_errors');
  return { report, memory, xids };
}

describe('a load of', () => {
  it('2,000,000 clean rows', async (t) => {
    const { report, memory, xids } = await loadRows('SELECT i, i % 1000 + 1 FROM generate_series(1, 2000000) i');
    assert.equal(report, 'loaded|2000000|0');
    t.diagnostic(`measured: ${memory.toFixed()} MB, ${xids} transaction numbers`);
    assert.ok(memory < 200, `${memory} MB`);
    assert.ok(xids < 64, `${xids} transaction numbers`);
  });

  it('1,000,000 rejects, logged as they come', async (t) => {
    const { report, memory } = await loadRows("SELECT i, 'x' FROM generate_series(1, 1000000) i");
    assert.equal(report, 'partial|0|1000000');
    t.diagnostic(`measured: ${memory.toFixed()} MB`);
    assert.ok(memory < 200, `${memory} MB`);
  });

  it('300,000 rejects, put aside and logged at the end', async (t) => {
    const { report, memory } = await loadRows("SELECT i, 'x' FROM generate_series(1, 300000) i", ', dry_run => true');
    assert.equal(report, 'dry run|0|300000');
    t.diagnostic(`measured: ${memory.toFixed()} MB`);
    assert.ok(memory < 200, `${memory} MB`);
  });

  it('200,000 rows of which every second has a key twice or no parent', async (t) => {
    const { report, memory } = await loadRows('SELECT i - (i % 4 = 3)::integer, CASE i % 4 WHEN 1 THEN 5000 ELSE 7 END FROM generate_series(0, 199999) i');
    assert.equal(report, 'partial|100000|100000');
    t.diagnostic(`measured: ${memory.toFixed()} MB`);
    assert.ok(memory < 200, `${memory} MB`);
  });
});
