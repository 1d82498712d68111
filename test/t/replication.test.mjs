// What a load writes reaches a physical standby and a logical subscriber as COPY's rows do, indexes and the log included.
// Rows that were refused, or taken back, are never seen by the subscriber, not even for a moment.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Server, checkIndexes, crate, crates, digest, keys, literal, load, schema, until } from './harness.mjs';

const rows = 50000, fewer = 20000;
let primary, standby, subscriber, watch;
before(() => {
  primary = Server.start('primary', { wal_level: 'logical', max_wal_size: '1GB' });
  subscriber = Server.start('subscriber');
  primary.sql(`${schema}
    CREATE TABLE copied (LIKE crate INCLUDING ALL);
    CREATE PUBLICATION cargo FOR TABLE crate, copied, berth;`);
  // The subscriber has no constraints that could hide a row, and notes all that it is told.
  subscriber.sql(`
    CREATE TABLE berth (id integer PRIMARY KEY, name text);
    CREATE TABLE crate (id integer, code text, berth integer, weight numeric, stored timestamptz, note text);
    ALTER TABLE crate REPLICA IDENTITY FULL;
    CREATE TABLE copied (LIKE crate);
    CREATE TABLE told (action text);
    CREATE FUNCTION note_it() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.told VALUES (TG_OP); RETURN NULL; END';
    CREATE TRIGGER note_it AFTER INSERT OR UPDATE OR DELETE ON crate FOR EACH ROW EXECUTE FUNCTION note_it();
    ALTER TABLE crate ENABLE ALWAYS TRIGGER note_it;
    CREATE SUBSCRIPTION cargo CONNECTION 'host=${primary.environment.PGHOST} port=5432 user=postgres dbname=postgres' PUBLICATION cargo;`);
  standby = primary.standby();
  watch = primary.session();
});
after(() => {
  // The subscription goes first: its slot would keep the primary from a quick stop.
  subscriber?.stop();
  standby?.stop();
  primary?.stop();
});

// Waits until both have all that the primary has committed.
async function catchUp() {
  const position = await watch.query('SELECT pg_current_wal_insert_lsn()');
  await until('standby and subscriber have it all', async () =>
    await watch.query(`SELECT count(*) = 2 AND bool_and(replay_lsn >= '${position}') FROM pg_stat_replication`) === 't');
}
async function empty() {
  primary.sql('TRUNCATE crate');
  await catchUp();
  subscriber.sql('TRUNCATE told');
}
const told = () => subscriber.sql('SELECT action, count(*) FROM told GROUP BY action ORDER BY action');

async function allAgree() {
  await catchUp();
  const expected = digest(primary, 'crate');
  assert.equal(digest(standby, 'crate'), expected);
  assert.equal(digest(subscriber, 'crate'), expected);
  for (const table of ['ferry.loads', 'ferry.rejects', 'ferry.reject_errors'])
    assert.equal(digest(standby, table), digest(primary, table), table);
  checkIndexes(standby);
  checkIndexes(primary);
}

// Two in a hundred wrong: no such berth, no number, a code that is there already, or a key that came before.
function dirtyCrates(order, rows) {
  const faults = [
    (id) => crate(id, { berth: 5000 + id }),
    (id) => crate(id, { weight: 'heavy' }),
    (id) => crate(id, { code: 'C00000001' }),
  ];
  let text = crate(1);
  let good = 1;
  for (const id of keys(rows, order)) {
    if (id === 1) continue;
    if (id % 100 === 7) { text += faults[(id / 100 | 0) % 3](id); continue; }
    text += crate(id);
    good += 1;
    if (id % 100 === 8) text += crate(id, { code: `D${id}` });
  }
  return { text, good };
}

describe('a load reaches the standby and the subscriber', () => {
  it('as COPY brings the same rows', async () => {
    const path = primary.file('clean.csv', crates(rows, 'random'));
    primary.sql(`COPY copied FROM ${literal(path)} CSV`);
    await empty();
    assert.equal(primary.sql(load(path)), `loaded|${rows}|0`);
    await allAgree();
    for (const server of [primary, standby, subscriber]) assert.equal(digest(server, 'crate'), digest(server, 'copied'));
    assert.equal(told(), `INSERT|${rows}`);
  });

  for (const order of ['ascending', 'descending']) {
    it(`clean and in ${order} order, into an empty table and on top`, async () => {
      const half = fewer / 2;
      const lines = keys(fewer, order).map((id) => crate(id));
      await empty();
      for (const part of [lines.slice(0, half), lines.slice(half)])
        assert.equal(primary.sql(load(primary.file('part.csv', part.join('')))), `loaded|${half}|0`);
      await allAgree();
      assert.equal(told(), `INSERT|${fewer}`);
    });
  }

  for (const [order, count] of [['ascending', fewer], ['descending', fewer], ['random', rows]]) {
    it(`with two wrong rows in a hundred, in ${order} order: the subscriber is told of none of them`, async () => {
      const { text, good } = dirtyCrates(order, count);
      await empty();
      const bad = text.split('\n').length - 1 - good;
      assert.equal(bad, count / 50);
      assert.equal(primary.sql(load(primary.file('dirty.csv', text))), `partial|${good}|${bad}`);
      await allAgree();
      assert.equal(told(), `INSERT|${good}`);
    });
  }

  it('by the way of tables with triggers', async () => {
    const { text, good } = dirtyCrates('random', 5000);
    await empty();
    primary.sql(`CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
      CREATE TRIGGER nothing BEFORE INSERT ON crate FOR EACH ROW EXECUTE FUNCTION nothing()`);
    assert.equal(primary.sql(load(primary.file('few.csv', text))), `partial|${good}|100`);
    primary.sql('DROP TRIGGER nothing ON crate');
    await allAgree();
    assert.equal(told(), `INSERT|${good}`);
  });

  it('with rows skipped and rows updated', async () => {
    const part = (from, to, note) => primary.file('part.csv', keys(to).slice(from).map((id) => crate(id, { weight: note })).join(''));
    await empty();
    primary.sql('ALTER TABLE crate REPLICA IDENTITY FULL'); // or the subscriber could not tell which row to update
    primary.sql(load(part(0, 1000, 1)));
    assert.equal(primary.sql(load(part(600, 1600, 2), "on_conflict => 'skip'")), 'loaded|600|0');
    assert.equal(primary.sql(load(part(1200, 1800, 3), "on_conflict => 'update'")), 'loaded|600|0');
    await allAgree();
    primary.sql('ALTER TABLE crate REPLICA IDENTITY DEFAULT');
    assert.equal(told(), 'INSERT|1800\nUPDATE|400');
    assert.equal(primary.sql('SELECT weight, count(*) FROM crate GROUP BY weight ORDER BY weight'), '1|1000\n2|200\n3|600');
  });

  it('not at all when it is a dry run, aborted or rolled back; the log follows its transaction', async () => {
    const { text, good } = dirtyCrates('ascending', fewer);
    const path = primary.file('dirty.csv', text);
    await empty();
    assert.match(primary.sql(load(path, 'dry_run => true')), new RegExp(`^dry run\\|${good}\\|`));
    assert.match(primary.sql(`${load(path, 'reject_limit => 3')}`), /^aborted\|0\|/);
    primary.sql(`BEGIN; ${load(path)}; ROLLBACK`);
    primary.sql(load(primary.file('last.csv', crate(1))));
    await allAgree();
    assert.equal(told(), 'INSERT|1');
    assert.equal(standby.sql('SELECT status FROM ferry.loads ORDER BY load_id DESC LIMIT 3'), 'loaded\naborted\ndry run');
  });

  it('so that every page the standby makes of the WAL is the primary\'s', async () => {
    // The standby compares each page that it changes with an image from the primary, and stops at a difference.
    for (const order of ['ascending', 'descending', 'random']) {
      await empty();
      const path = primary.file('few.csv', crates(1000, order));
      primary.sql(`CHECKPOINT; SET wal_consistency_checking = 'all'; ${load(path)}`);
      await allAgree();
    }
  });
});

describe('a standby', () => {
  it('refuses loads', () => {
    assert.throws(() => standby.sql(load(`${primary.folder}/clean.csv`)), { sqlstate: '25006' });
  });

  it('becomes a primary that goes on loading', async () => {
    const half = fewer / 2;
    const [first, rest] = [keys(half, 'ascending'), keys(fewer, 'ascending').slice(half)].map((part, i) =>
      primary.file(`half${i}.csv`, part.map((id) => crate(id)).join('')));
    primary.sql(`TRUNCATE crate; ${load(first)}`);
    await catchUp();
    standby.sql('SELECT pg_promote()');
    assert.equal(standby.sql(load(rest)), `loaded|${half}|0`);
    checkIndexes(standby);
    assert.equal(standby.sql('SELECT count(*), count(DISTINCT code) FROM crate'), `${fewer}|${fewer}`);
  });

  it('and none of the three has crashed', () => {
    for (const server of [primary, standby, subscriber]) assert.deepEqual(server.crashes(), []);
  });
});
