// The disk fills up under a load: under its table, its index, its temporary file or the log. The caller is told 53100,
// nothing is loaded, the server lives, and once there is space the next load works.
//
// The small disk is a tmpfs that only the server sees: it is mounted in a mount namespace of the server's own, and goes
// with it. Where that is not permitted, the tests are skipped and say why.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { Server, checkIndexes, crate, crates, load, schema } from './harness.mjs';

// Why there can be no small disk, or nothing.
function obstacle() {
  if (process.getuid() !== 0) return 'mounting a tmpfs needs root';
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'pipe' });
  } catch (error) {
    return `a tmpfs cannot be mounted here: ${String(error.stderr || error.message).trim()}`;
  }
  return undefined;
}

const skip = obstacle() ?? false;
const rows = 40000; // several times what the small disk holds
let server, disk, ballast, large, dirty, small;

describe('a full disk', { skip }, () => {
  before(() => {
    server = Server.start('disk_full', { max_wal_size: '1GB' }, ['unshare', '--mount', '--propagation', 'private']);
    disk = `${server.folder}/small`;
    const owner = execFileSync('stat', ['-c', 'uid=%u,gid=%g', server.data], { encoding: 'utf8' }).trim();
    execFileSync('mkdir', ['-m', '700', disk]);
    inside('mount', '-t', 'tmpfs', '-o', `size=8m,mode=700,${owner}`, 'tmpfs', disk);
    inside('mkdir', '-m', '700', `${disk}/space`);
    inside('chown', `--reference=${server.data}`, `${disk}/space`);
    ballast = `${disk}/ballast`;
    server.sql(`CREATE TABLESPACE small LOCATION '${disk}/space'`);
    server.sql(schema);
    large = server.file('large.csv', crates(rows));
    dirty = server.file('dirty.csv', Array.from({ length: rows }, (_, i) => crate(i + 1, { berth: i % 10 ? 'x' : 7 })).join(''));
    small = server.file('small.csv', crates(2000, 'random'));
    occupy();
  });
  after(() => {
    assert.deepEqual(server.crashes(), []);
    server.stop();
  });

  const inside = (...command) => execFileSync('nsenter', [`--mount=/proc/${server.processes()[0]}/ns/mnt`, ...command], { stdio: 'pipe' });
  const occupy = () => inside('dd', 'if=/dev/zero', `of=${ballast}`, 'bs=1M', 'count=7', 'status=none');
  const free = () => inside('rm', '-f', ballast);
  const state = () => server.sql('SELECT (SELECT count(*) FROM crate), (SELECT count(*) FROM ferry.loads), (SELECT count(*) FROM ferry.rejects)');

  // The load fails, leaves nothing, and the same session can go on; with some space a smaller one works.
  async function failsAndRecovers(statement, message = /could not extend file "pg_tblspc/) {
    const was = state();
    const session = server.session();
    await assert.rejects(session.query(statement), (error) => {
      assert.equal(error.sqlstate, '53100', error.message);
      assert.match(error.message, message);
      return true;
    });
    assert.equal(await session.query('SELECT 1'), '1');
    assert.equal(state(), was);
    assert.deepEqual(server.temporaryFiles(), []);
    inside('sh', '-c', `! find ${disk} -path '*pgsql_tmp/*' | grep .`);
    checkIndexes(server);
    free();
    assert.equal(await session.query(load(small)), 'loaded|2000|0');
    await session.close();
    checkIndexes(server);
    server.sql('TRUNCATE crate');
    server.sql('VACUUM ferry.rejects, ferry.reject_errors');
    occupy();
  }

  it('under the table', async () => {
    server.sql('ALTER TABLE crate SET TABLESPACE small');
    await failsAndRecovers(load(large));
    server.sql('ALTER TABLE crate SET TABLESPACE pg_default');
  });

  it('under an index', async () => {
    server.sql('ALTER INDEX crate_text_idx SET TABLESPACE small');
    await failsAndRecovers(load(large));
    server.sql('ALTER INDEX crate_text_idx SET TABLESPACE pg_default');
  });

  it('under the temporary file in which rejects wait', async () => {
    await failsAndRecovers(`SET temp_tablespaces = small; ${load(dirty, 'reject_limit => 1000000')}`,
      /could not write .*pg_tblspc.*pgsql_tmp/);
  });

  it('under the log, with rejects written as they come', async () => {
    server.sql('ALTER TABLE ferry.rejects SET TABLESPACE small');
    await failsAndRecovers(load(dirty));
  });

  // Room for so many kB, of some 3000 to 4000 that it takes.
  for (const [room, options] of [[0, ''], [30, ''], [300, ''], [900, ''], [900, ', parallel => 2'], [900, ", codec => 'null'"]]) {
    it(`under a backup, with ${room} kB left${options}`, async () => {
      server.sql("DROP TABLE IF EXISTS cargo; CREATE TABLE cargo AS SELECT i AS id, date '2021-01-01' AS at, md5(i::text) AS note FROM generate_series(1, 100000) i; INSERT INTO cargo VALUES (0, 'infinity')");
      const available = Number(inside('df', '--output=avail', '-k', disk).toString().split('\n')[1]);
      inside('dd', 'if=/dev/zero', `of=${ballast}`, 'bs=1k', `count=${available - room}`, 'status=none', 'conv=notrunc', 'oflag=append');
      const session = server.session();
      inside('sh', '-c', `rm -rf ${disk}/space/ferry`);
      await session.query(`SET ferry.directory = '${disk}/space/ferry'`);
      await assert.rejects(session.query(`SELECT ferry.backup_table_avro('cargo'${options})`), (error) => {
        assert.equal(error.sqlstate, '53100', error.message);
        return true;
      });
      inside('sh', '-c', `! find ${disk}/space/ferry -type f | grep .`);
      free();
      assert.equal(await session.query(`SELECT rows FROM ferry.backup_table_avro('cargo'${options})`), '100001');
      assert.equal(await session.query("SELECT bool_and(ok) FROM ferry.backups b, ferry.verify_backup(b.backup_id, 'restore')"), 't');
      await session.query('SELECT ferry.drop_backup(backup_id) FROM ferry.backups; DROP TABLE cargo');
      await session.close();
      inside('sh', '-c', `! find ${disk}/space/ferry -type f | grep .`);
      occupy();
    });
  }

  it('under the log, with rejects written at the end', async () => {
    await failsAndRecovers(load(dirty, 'reject_limit => 1000000'));
    await failsAndRecovers(load(dirty, "on_error => 'abort'"));
  });
});
