// A backup is struck at chosen points: killed, cancelled, refused by the disk, or met by others who change, drop or back
// up the same table. Then there is all of it or nothing, nobody else's file is touched, and the next backup works and
// clears away what a killed one left.
//
// strace stops a backend at the system call that is wanted, so the points are hit every time. Where it is missing or may
// not trace, those tests are skipped and say why.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, linkSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { Server, asServer, sleep, until } from './harness.mjs';

function obstacle() {
  try {
    execFileSync('strace', ['-o', '/dev/null', 'true'], { stdio: 'pipe' });
  } catch (error) {
    return `strace cannot trace here: ${String(error.stderr || error.message).trim()}`;
  }
  return undefined;
}
const skip = obstacle() ?? false;
const rows = 60000;
let server;

before(() => {
  server = Server.start('backup', { fsync: 'on', max_wal_size: '1GB', max_parallel_workers: '8', log_min_messages: 'warning' });
  // Two parts: the last rows do not fit the plain schema. Random text, so that there are many blocks.
  server.sql(`CREATE TABLE cargo (id integer PRIMARY KEY, at date, note text);
    INSERT INTO cargo SELECT i, date '2021-01-01' + i % 1000, md5(i::text) || md5((-i)::text) FROM generate_series(1, ${rows}) i;
    INSERT INTO cargo VALUES (0, 'infinity', NULL);
    CREATE TABLE rest (id integer, note text);
    SELECT ferry.backup_table_avro('rest', name => 'rest.avro');`);
});
after(() => {
  server.stop();
  for (const line of server.crashes()) assert.match(line, /signal 9/);
});

const folder = () => `${server.data}/pg_ferry/backups`;
const files = () => readdirSync(folder()).sort();
const hidden = () => files().filter((name) => name.startsWith('.'));
const backup = (options = '') => `SELECT parts, rows FROM ferry.backup_table_avro('cargo'${options && `, ${options}`})`;
const listed = () => server.sql("SELECT string_agg(path, ' ' ORDER BY path) FROM ferry.backups");
const soundness = (path) => server.sql(`SELECT string_agg(v.level || ' ' || v.ok, ', ') FROM ferry.backups b, ferry.verify_backup(b.backup_id, 'restore') v
  WHERE b.path = '${path}' AND v.problem IS NULL`);
const sound = 'checksum true, decode true, plan true, restore true';
const drop = (path) => server.sql(`SELECT count(ferry.drop_backup(backup_id)) FROM ferry.backups WHERE path = '${path}'`);

// Attaches strace to a process (and, with follow, to those it starts) and injects into its system calls.
async function tamper(pid, inject, { follow = false } = {}) {
  const call = inject.split(':')[0];
  const options = ['-p', String(pid), '-o', '/dev/null', '-e', `trace=${call}`, '-e', `inject=${inject}`];
  const strace = spawn('strace', follow ? ['-f', ...options] : options, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  let gone = false;
  strace.stderr.setEncoding('utf8').on('data', (text) => { said += text; });
  strace.on('exit', () => { gone = true; });
  await until(`strace is attached to ${pid}`, () => { if (gone) throw new Error(said); return said.includes('attached'); });
  return async () => { strace.kill('SIGINT'); await until('strace is gone', () => gone); };
}

// Runs a statement in a session whose backend is tampered with; what came of it, and the session.
async function strike(statement, inject) {
  const session = server.session();
  const pid = Number(await session.query('SELECT pg_backend_pid()'));
  const release = await tamper(pid, inject);
  const outcome = await session.query(statement).then((answer) => ({ answer }), (error) => ({ error }));
  await release();
  return { ...outcome, session };
}

// A backup in a session of its own that goes slowly, once it has begun to write. The outcome is a promise.
async function slowBackup(statement, { delay = 100000, parallel = false } = {}) {
  const session = server.session();
  const pid = Number(await session.query('SELECT pg_backend_pid()'));
  const before = new Set(hidden());
  const release = await tamper(parallel ? server.processes()[0] : pid, `write:delay_enter=${delay}:when=1+`, { follow: parallel });
  const also = parallel ? await tamper(pid, `write:delay_enter=${delay}:when=1+`) : async () => {};
  const outcome = session.query(statement).then((answer) => ({ answer }), (error) => ({ error }));
  await until('the backup writes', () => hidden().filter((name) => name.endsWith('.tmp') && !before.has(name)).length >= (parallel ? 2 : 1));
  return { outcome, session, pid, release: async () => { await release(); await also(); } };
}

describe('kill -9', { skip }, () => {
  // Two parts and a manifest: the third link gives the manifest its name.
  const points = {
    'before the first byte': ['openat:signal=SIGKILL:when=12', false],
    'in the middle of the first part': ['write:signal=SIGKILL:when=20', false],
    'as a part is made durable': ['fsync:signal=SIGKILL:when=2', false],
    'before a part has its name': ['linkat:signal=SIGKILL:when=1', false],
    'between the names of two parts': ['linkat:signal=SIGKILL:when=2', false],
    'before the manifest has its name': ['linkat:signal=SIGKILL:when=3', false],
    'after the manifest has its name': ['unlinkat:signal=SIGKILL:when=1', true],
  };
  for (const [point, [inject, whole]] of Object.entries(points)) {
    it(`${point} leaves ${whole ? 'the whole' : 'no backup'}, and the next one clears away the rest`, async () => {
      writeFileSync(`${folder()}/theirs.avro`, 'of a user');
      writeFileSync(`${folder()}/.theirs.tmp`, 'of a user');
      const was = files();
      const { error } = await strike(backup("name => 'struck.avro'"), inject);
      assert.ok(error, 'the backend must be gone');
      await server.answers();
      assert.equal(listed(), whole ? 'rest.avro struck.avro' : 'rest.avro');
      if (whole) assert.equal(soundness('struck.avro'), sound);
      assert.equal(server.sql(backup("name => 'next.avro'")), `2|${rows + 1}`);
      const mine = whole ? ['struck.2.avro', 'struck.avro', 'struck.avro.manifest.json', 'struck.avro.verified.json'] : [];
      assert.deepEqual(files(), [...was, ...mine, 'next.2.avro', 'next.avro', 'next.avro.manifest.json'].sort());
      assert.equal(readFileSync(`${folder()}/theirs.avro`, 'utf8'), 'of a user');
      assert.equal(soundness('next.avro'), sound);
      drop('next.avro');
      drop('struck.avro');
    });
  }

  it('of the whole server in mid-backup leaves nothing that counts', async () => {
    const was = files();
    const { outcome, release } = await slowBackup(backup());
    await server.kill();
    await release();
    assert.ok((await outcome).error);
    server.startAgain();
    assert.equal(listed(), 'rest.avro');
    assert.notDeepEqual(hidden(), []);
    server.sql(backup("name => 'next.avro'"));
    drop('next.avro');
    assert.deepEqual(files(), was);
  });

  it('in the middle of several tables: none of them is there, or all are', async () => {
    const statement = "SELECT count(*) FROM ferry.backup_tables_avro('{cargo,rest}')";
    const was = files();
    // Links: three parts, then two manifests.
    for (const [when, count] of [[3, 0], [4, 0], [5, 2]]) {
      await strike(statement, `linkat:signal=SIGKILL:when=${when}`);
      await server.answers();
      server.sql(backup("name => 'next.avro'"));
      drop('next.avro');
      assert.equal(server.sql("SELECT count(*) FROM ferry.backups WHERE path <> 'rest.avro'"), String(count), `struck at link ${when}`);
      assert.equal(server.sql("SELECT count(*) FROM ferry.backups b, ferry.verify_backup(b.backup_id, 'restore') v WHERE NOT ok"), '0');
      server.sql("SELECT ferry.drop_backup(backup_id) FROM ferry.backups WHERE path <> 'rest.avro'");
      assert.deepEqual(files().filter((name) => !name.includes('verified')), was);
    }
  });

  it('of a dropped backup: it is there or it is not, and nothing else stays', async () => {
    for (const [inject, there] of [['linkat:signal=SIGKILL:when=2', true], ['unlinkat:signal=SIGKILL:when=2', true], ['unlinkat:signal=SIGKILL:when=3', false], ['unlinkat:signal=SIGKILL:when=4', false]]) {
      server.sql(backup("name => 'doomed.avro'"));
      await strike("SELECT ferry.drop_backup(backup_id) FROM ferry.backups WHERE path = 'doomed.avro'", inject);
      await server.answers();
      assert.equal(listed(), there ? 'doomed.avro rest.avro' : 'rest.avro', inject);
      if (there) assert.equal(soundness('doomed.avro'), sound);
      server.sql(backup("name => 'next.avro'"));
      drop('next.avro');
      assert.deepEqual(files().filter((name) => name.includes('doomed') && !there), [], inject);
      drop('doomed.avro');
    }
    assert.deepEqual(hidden().filter((name) => name !== '.theirs.tmp'), []);
  });

  it('of a worker: nothing counts, and the next one clears away', async () => {
    const was = files();
    const { outcome, release } = await slowBackup(backup("codec => 'null', parallel => 2"), { parallel: true });
    const worker = Number(server.sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'parallel worker' LIMIT 1"));
    process.kill(worker, 'SIGKILL');
    assert.ok((await outcome).error);
    await release();
    await server.answers();
    assert.equal(listed(), 'rest.avro');
    server.sql(backup("name => 'next.avro'"));
    drop('next.avro');
    assert.deepEqual(files(), was);
  });
});

describe('a fault of the disk', { skip }, () => {
  const faults = {
    'full at the first byte': ['write:error=ENOSPC:when=1', '53100'],
    'full in the middle': ['write:error=ENOSPC:when=15', '53100'],
    'full at the second part': ['write:error=ENOSPC:when=40+', '53100'],
    'broken at fsync of a part': ['fsync:error=EIO:when=1', '58030'],
    'broken at fsync of the folder, before there are names': ['fsync:error=EIO:when=4', '58030'],
    'broken at fsync of the folder, before the manifest': ['fsync:error=EIO:when=5', '58030'],
    'broken at fsync of the folder, after the manifest': ['fsync:error=EIO:when=6', '58030'],
    'full at the name of the second part': ['linkat:error=ENOSPC:when=2', '53100'],
    'full at the name of the manifest': ['linkat:error=ENOSPC:when=3', '53100'],
  };
  for (const [fault, [inject, sqlstate]] of Object.entries(faults)) {
    it(`${fault}: told, nothing is left, the session goes on`, async () => {
      const was = files();
      const { error, session } = await strike(backup("codec => 'null'"), inject);
      assert.equal(error?.sqlstate, sqlstate, error?.message ?? 'it was not told');
      assert.deepEqual(files(), was);
      assert.equal(await session.query(backup("name => 'after.avro'")), `2|${rows + 1}`);
      await session.close();
      drop('after.avro');
      assert.deepEqual(files(), was);
    });
  }

  it('that a worker meets ends the whole with its error', async () => {
    const was = files();
    const session = server.session();
    // The leader is slow, so that workers get a part. Of the postmaster its new children are meant: workers.
    const slow = await tamper(Number(await session.query('SELECT pg_backend_pid()')), 'write:delay_enter=20000:when=1+');
    const release = await tamper(server.processes()[0], 'fsync:error=EIO:when=1+', { follow: true });
    await assert.rejects(session.query(backup("codec => 'null', parallel => 2")), (error) => {
      assert.equal(error.sqlstate, '58030', error.message);
      assert.match(error.message, /could not fsync file[^]*parallel worker/);
      return true;
    });
    await release();
    await slow();
    assert.deepEqual(files(), was);
    assert.equal(await session.query(backup("name => 'after.avro', parallel => 2")).then((answer) => answer.split('|')[1]), String(rows + 1));
    await session.close();
    assert.equal(soundness('after.avro'), sound);
    drop('after.avro');
  });
});

describe('a backup that is ended', { skip }, () => {
  for (const parallel of [false, true]) {
    const options = `codec => 'null'${parallel ? ', parallel => 2' : ''}`;
    for (const [how, sqlstate] of [['cancel', '57014'], ['terminate', '57P01']]) {
      it(`by pg_${how}_backend${parallel ? ', with workers' : ''}, leaves nothing`, async () => {
        const was = files();
        const { outcome, pid, release } = await slowBackup(backup(options), { parallel });
        server.sql(`SELECT pg_${how}_backend(${pid})`);
        const { error } = await outcome;
        await release();
        assert.equal(error?.sqlstate, sqlstate, error?.message);
        await until('workers are gone', () => server.sql("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'parallel worker'") === '0');
        assert.deepEqual(files(), was);
      });
    }
  }

  it('by a timeout, or as one of many, leaves nothing', async () => {
    const was = files();
    const { error } = await strike(`SET statement_timeout = '300ms'; ${backup("codec => 'null'")}`, 'write:delay_enter=20000:when=1+');
    assert.equal(error?.sqlstate, '57014');
    const { outcome, pid, release } = await slowBackup("SELECT ferry.backup_tables_avro('{rest,cargo}', codec => 'null')");
    server.sql(`SELECT pg_cancel_backend(${pid})`);
    assert.equal((await outcome).error?.sqlstate, '57014');
    await release();
    assert.deepEqual(files(), was);
  });

  it('when a worker is terminated, leaves nothing', async () => {
    const was = files();
    const { outcome, release } = await slowBackup(backup("codec => 'null', parallel => 2"), { parallel: true });
    server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'parallel worker' LIMIT 1");
    const { error } = await outcome;
    await release();
    assert.equal(error?.sqlstate, '57P01', error?.message);
    assert.match(error.message, /CONTEXT: {2}parallel worker/);
    await until('workers are gone', () => server.sql("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'parallel worker'") === '0');
    assert.deepEqual(files(), was);
  });
});

describe('workers', { skip }, () => {
  it('take blocks of one table, each into files of its own, and all rows are there once', async () => {
    const { outcome, release } = await slowBackup(backup("codec => 'null', parallel => 3, name => 'shared.avro'"), { parallel: true });
    const writers = () => new Set(hidden().map((name) => /^\.shared\.avro\.(\d+)-/.exec(name)?.[1]).filter(Boolean)).size;
    await until('two write', () => writers() >= 2);
    await release();
    const [parts, count] = (await outcome).answer.split('|').map(Number);
    assert.ok(parts >= 3 && parts <= 8, `${parts} parts`); // one of the writers has one more, for the infinity
    assert.equal(count, rows + 1);
    assert.equal(soundness('shared.avro'), sound);
    assert.equal(server.sql("SELECT content_hash = (SELECT content_hash FROM ferry.backup_table_avro('cargo', name => 'alone.avro')) FROM ferry.backups WHERE path = 'shared.avro'"), 't');
    drop('shared.avro');
    drop('alone.avro');
  });

  it('take the next of many tables', async () => {
    const tables = [1, 2, 3, 4, 5, 6].map((i) => `many_${i}`);
    const targets = tables.join(',');
    for (const table of tables) server.sql(`CREATE TABLE ${table} AS SELECT * FROM cargo WHERE id > 0 LIMIT 5000`);
    const began = Date.now();
    const { answer, session } = await strike(`SELECT count(*), sum(parts), sum(rows) FROM ferry.backup_tables_avro('{${targets}}', codec => 'null', parallel => 2)`, 'write:delay_enter=300000:when=1+');
    assert.equal(answer, '6|6|30000');
    // Some five writes a table: alone the leader would take nine seconds.
    assert.ok(Date.now() - began < 6000, `${Date.now() - began} ms`);
    await session.close();
    server.sql(`DROP TABLE ${targets}; SELECT ferry.drop_backup(backup_id) FROM ferry.backups WHERE target ~ 'many_'`);
  });
});

describe('others at the same time', { skip }, () => {
  for (const parallel of [0, 2]) {
    it(`the table is written to, and waits to be altered or dropped: the backup is of its own moment${parallel ? ', with workers' : ''}`, async () => {
      server.sql('CREATE TABLE IF NOT EXISTS busy AS SELECT * FROM cargo');
      const { outcome, release } = await slowBackup(`SELECT rows FROM ferry.backup_table_avro('busy', codec => 'null', parallel => ${parallel}, name => 'busy.avro')`, { parallel: parallel > 0 });
      server.sql("UPDATE busy SET note = 'later'; INSERT INTO busy SELECT -i FROM generate_series(1, 1000) i; DELETE FROM busy WHERE id % 3 = 0");
      for (const change of ['ALTER TABLE busy ADD more integer', 'DROP TABLE busy', 'TRUNCATE busy'])
        assert.throws(() => server.sql(`SET lock_timeout = '50ms'; ${change}`), { sqlstate: '55P03' });
      await release();
      assert.equal((await outcome).answer, String(rows + 1));
      server.sql('DROP TABLE busy');
      assert.equal(server.sql("SELECT content_hash = (SELECT content_hash FROM ferry.backup_table_avro('cargo')) FROM ferry.backups WHERE path = 'busy.avro'"), 't');
      server.sql("SELECT ferry.drop_backup(backup_id) FROM ferry.backups WHERE path <> 'rest.avro'");
    });

    it(`rows that move between two tables are in one of them${parallel ? ', with workers' : ''}`, async () => {
      server.sql('CREATE TABLE a AS SELECT * FROM cargo; CREATE TABLE b AS SELECT * FROM cargo WHERE id % 2 = 0; CREATE TABLE c (LIKE a)');
      const { outcome, release } = await slowBackup(`SELECT sum(rows) FROM ferry.backup_tables_avro('{a,b,c}', codec => 'null', parallel => ${parallel})`, { parallel: parallel > 0 });
      server.sql('WITH gone AS (DELETE FROM a RETURNING *) INSERT INTO c TABLE gone; WITH gone AS (DELETE FROM b RETURNING *) INSERT INTO c TABLE gone');
      await release();
      assert.equal((await outcome).answer, String(rows + 1 + rows / 2 + 1));
      assert.equal(server.sql("SELECT count(DISTINCT snapshot), bool_or(rows = 0 AND target = 'public.c') FROM ferry.backups WHERE target ~ '^public.[abc]$'"), '1|t');
      server.sql("DROP TABLE a, b, c; SELECT ferry.drop_backup(backup_id) FROM ferry.backups WHERE path <> 'rest.avro'");
    });
  }

  it('the table is dropped while the backup waits for it', async () => {
    server.sql('CREATE TABLE doomed (id integer)');
    const [holder, waiter] = [server.session(), server.session()];
    await holder.query('BEGIN; LOCK TABLE doomed');
    const outcome = waiter.query("SELECT ferry.backup_table_avro('doomed')").then(() => undefined, (error) => error);
    await until('the backup waits', () => server.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") === '1');
    await holder.query('DROP TABLE doomed; COMMIT');
    assert.match((await outcome)?.message ?? '', /does not exist/);
    await holder.close();
    await waiter.close();
  });

  it('two backups of one table both come through, and neither takes the other for a leftover', async () => {
    const was = files();
    const first = await slowBackup(backup("codec => 'null', name => 'first.avro'"));
    const second = await slowBackup(backup("codec => 'null', name => 'second.avro'"));
    server.sql(backup("name => 'third.avro'")); // sweeps, too
    await first.release();
    await second.release();
    for (const { outcome } of [first, second]) assert.equal((await outcome).answer, `2|${rows + 1}`);
    for (const name of ['first', 'second', 'third']) {
      assert.equal(soundness(`${name}.avro`), sound);
      drop(`${name}.avro`);
    }
    assert.deepEqual(files(), was);
  });

  it('two backups under one name: the first to end has it, the other is told and leaves nothing', async () => {
    const was = files();
    const first = await slowBackup(backup("codec => 'null', name => 'same.avro'"));
    assert.equal(server.sql(backup("name => 'same.avro'")), `2|${rows + 1}`);
    await first.release();
    assert.equal((await first.outcome).error?.sqlstate, '42710');
    assert.equal(soundness('same.avro'), sound);
    drop('same.avro');
    assert.deepEqual(files(), was);
  });

  it('a backup is dropped while it is restored: the table stays what it was, or becomes the backup', async () => {
    server.sql('CREATE TABLE target (LIKE cargo)');
    server.sql("INSERT INTO target VALUES (1, NULL, 'kept')");
    server.sql(backup("name => 'going.avro', codec => 'null'"));
    const { error, answer } = await (async () => {
      const session = server.session();
      const pid = Number(await session.query('SELECT pg_backend_pid()'));
      const release = await tamper(pid, 'read:delay_enter=5000:when=1+');
      const outcome = session.query("SELECT status FROM ferry.restore_table_avro('target', 'going.avro')").then((text) => ({ answer: text }), (fault) => ({ error: fault }));
      await sleep(100);
      drop('going.avro');
      await release();
      return outcome;
    })();
    const count = server.sql('SELECT count(*) FROM target');
    if (error) assert.deepEqual([error.sqlstate, count], ['58P01', '1']);
    else assert.deepEqual([answer, count], ['loaded', String(rows + 1)]);
    server.sql('DROP TABLE target');
  });
});

describe('the folder', () => {
  it('that is not writable: told, and what is in it can be read', () => {
    server.sql(backup("name => 'kept.avro'"));
    asServer('chmod', 'a-w', folder());
    try {
      assert.throws(() => server.sql(backup()), { sqlstate: '42501' });
      assert.throws(() => drop('kept.avro'), { sqlstate: '42501' });
      assert.equal(soundness('kept.avro'), sound);
      assert.equal(server.sql("SELECT verified_level IS NULL FROM ferry.backups WHERE path = 'kept.avro'"), 't');
    } finally {
      asServer('chmod', 'u+w', folder());
    }
    drop('kept.avro');
  });

  it('with files of users under names like ours: they stay', () => {
    const names = ['.cargo.avro.0-0.tmp', '.cargo.avro.seal.0123.tmp', '.0123456789abcdef.tmp', '..x.0123456789abcdef.tmp', '.ferry.0123.lock', 'cargo.2.avro', 'x.manifest.json', 'x.verified.json', '.x.avro.123.tmp'];
    for (const name of names) writeFileSync(`${folder()}/${name}`, name);
    // A leftover of ours whose file was given its name, beside one of the same name but of somebody else's making.
    writeFileSync(`${folder()}/.left.avro.0-0.00000000000000aa.tmp`, 'ours');
    linkSync(`${folder()}/.left.avro.0-0.00000000000000aa.tmp`, `${folder()}/left.avro`);
    writeFileSync(`${folder()}/.other.avro.0-0.00000000000000bb.tmp`, 'ours');
    writeFileSync(`${folder()}/other.avro`, 'theirs');
    server.sql(backup("name => 'sweeps.avro'"));
    drop('sweeps.avro');
    const left = files();
    for (const name of names) assert.ok(left.includes(name), name);
    assert.ok(!left.some((name) => name.includes('00000000000000') || name === 'left.avro'), left.join(' '));
    assert.equal(readFileSync(`${folder()}/other.avro`, 'utf8'), 'theirs');
    chmodSync(`${folder()}/other.avro`, 0o600);
  });
});

describe('a standby', () => {
  let primary, standby;
  before(() => {
    primary = Server.start('backup_primary', { wal_level: 'replica', max_wal_size: '1GB' });
    primary.sql(`CREATE TABLE berth (id integer PRIMARY KEY);
      INSERT INTO berth SELECT generate_series(1, 10);
      CREATE TABLE crate (id integer PRIMARY KEY, berth integer REFERENCES berth, at date);
      INSERT INTO crate SELECT i, 1 + i % 10, CASE WHEN i < 49000 THEN date '2021-01-01' ELSE 'infinity' END FROM generate_series(1, 50000) i;`);
    standby = primary.standby();
  });
  after(() => {
    for (const one of [standby, primary]) {
      assert.deepEqual(one?.crashes() ?? [], []);
      one?.stop();
    }
  });

  it('makes backups, with workers and of many tables, and verifies, lists and drops them', async () => {
    const hash = primary.sql("SELECT content_hash FROM ferry.backup_table_avro('crate')");
    for (const parallel of [0, 2]) {
      assert.equal(standby.sql(`SELECT rows, content_hash FROM ferry.backup_table_avro('crate', parallel => ${parallel})`), `50000|${hash}`);
      assert.equal(standby.sql(`SELECT sum(rows) FROM ferry.backup_schema_avro('public', parallel => ${parallel})`), '50010');
    }
    const check = (level) => standby.sql(`SELECT v.level, bool_and(v.ok) FROM ferry.backups b, ferry.verify_backup(b.backup_id, '${level}') v GROUP BY 1 ORDER BY 1`);
    assert.equal(check('plan'), 'checksum|t\ndecode|t\nplan|t');
    assert.throws(() => check('restore'), { sqlstate: '25006' });
    assert.equal(standby.sql('SELECT count(*), min(verified_level) FROM ferry.backups'), '6|plan');
    assert.equal(standby.sql("SELECT count(*) FROM ferry.prune_backups(1, '0')"), '4');
    assert.equal(standby.sql('SELECT count(ferry.drop_backup(backup_id)) FROM ferry.backups'), '2');
    assert.deepEqual(readdirSync(`${standby.data}/pg_ferry/backups`), []);
  });
});
