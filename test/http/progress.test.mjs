// What runs now, watched from a second connection: loads, backups and restores that are slow enough to be seen, each by
// those who have a right on its table and by nobody else.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { get, makeTable, post, sql, tokenFor } from './harness.mjs';

const tokens = {};
let table;
before(async () => {
  for (const role of ['reader', 'writer', 'operator']) tokens[role] = await tokenFor(role);
  table = makeTable('id integer PRIMARY KEY, word text NOT NULL');
  // Every row that comes in takes a millisecond, and so does every row that a policy lets somebody see.
  sql(`CREATE FUNCTION public.${table.name}_slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.001); RETURN new; END $$;
       CREATE TRIGGER slow BEFORE INSERT ON ${table.table} FOR EACH ROW EXECUTE FUNCTION public.${table.name}_slow();
       REVOKE ALL ON ${table.table} FROM app_reader`);
});
after(() => {
  table.drop();
  sql(`DROP FUNCTION IF EXISTS public.${table.name}_slow`);
});

const rows = 3000;
const file = Array.from({ length: rows }, (_, i) => (i % 100 === 7 ? `x,bad\n` : `${i},word\n`)).join('');
const running = async (role) => (await get('/rpc/progress', { token: tokens[role] })).body.filter((r) => r.target === `public.${table.name}`);

// All that is seen of this table until the work is done.
async function watch(work, roles) {
  const seen = Object.fromEntries(roles.map((role) => [role, []]));
  let done = false;
  const ending = work.finally(() => { done = true; });
  while (!done) {
    for (const role of roles) seen[role].push(...await running(role));
    await sleep(20);
  }
  await ending;
  return seen;
}

// A statement of a session of its own, as an operator.
async function asOperator(statement) {
  const psql = spawn(process.env.FERRY_PSQL ?? 'psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-c', 'SET ROLE app_operator', '-c', statement], {
    env: { ...process.env, PGHOST: process.env.FERRY_PGHOST ?? process.env.PGHOST, PGPORT: process.env.FERRY_PGPORT ?? process.env.PGPORT,
      PGDATABASE: process.env.FERRY_PGDATABASE ?? process.env.PGDATABASE, PGUSER: process.env.FERRY_PGUSER ?? process.env.PGUSER ?? 'postgres' }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  psql.stdout.on('data', (text) => { output += text; });
  psql.stderr.on('data', (text) => { output += text; });
  const [status] = await once(psql, 'close');
  assert.equal(status, 0, output);
  return output.trim();
}

const grows = (list, key) => list.every((one, i) => i === 0 || one[key] >= list[i - 1][key]) && list.at(-1)[key] > list[0][key];

describe('progress', () => {
  it('200: a load, seen by those who have a right on its table', async () => {
    const work = post('/rpc/import_csv', file, { token: tokens.writer, headers: { 'X-Table': table.name } });
    const seen = await watch(work, ['writer', 'operator', 'reader']);
    assert.equal((await work).status, 207);
    assert.deepEqual(seen.reader, [], 'a reader has no right on this table');
    for (const role of ['writer', 'operator']) {
      const list = seen[role];
      assert.ok(list.length > 2, `${role} saw it ${list.length} times`);
      assert.ok(list.every((r) => r.kind === 'load' && r.bytes_total === file.length && r.bytes_done <= file.length), JSON.stringify(list[0]));
      assert.ok(grows(list, 'rows_done') && grows(list, 'rows_rejected') && grows(list, 'seconds'), JSON.stringify(list));
      assert.ok(list.every((r) => r.started_at === list[0].started_at), 'one beginning');
      assert.ok(Math.abs(new Date(list[0].started_at) - Date.now()) < 120000, list[0].started_at);
    }
    assert.deepEqual(await running('operator'), [], 'and nothing afterwards');
  });

  it('a backup', async () => {
    sql(`ALTER TABLE ${table.table} ENABLE ROW LEVEL SECURITY;
         CREATE POLICY slow ON ${table.table} TO app_operator USING (pg_sleep(0.0005) IS NOT NULL)`);
    const seen = await watch(asOperator(`SELECT (ferry.backup_table_avro('${table.table}', codec => 'null', block_size => 1024, row_security => 'filter')).rows`), ['operator', 'reader']);
    sql(`ALTER TABLE ${table.table} DISABLE ROW LEVEL SECURITY; DROP POLICY slow ON ${table.table}`);
    assert.ok(seen.operator.length > 2, String(seen.operator.length));
    assert.ok(seen.operator.every((r) => r.kind === 'backup' && r.bytes_total === null && r.rows_rejected === 0));
    assert.ok(grows(seen.operator, 'rows_done') && grows(seen.operator, 'bytes_done'), JSON.stringify(seen.operator));
    assert.deepEqual(seen.reader, []);
    assert.deepEqual(await running('operator'), []);
  });

  it('a restore', async () => {
    const [backup] = sql(`SELECT backup_id FROM ferry.backup_table_avro('${table.table}')`).split('\n');
    const restore = () => post('/rpc/restore_table', { table_name: table.name, backup: Number(backup), mode: 'replace' }, { token: tokens.operator });
    const work = restore();
    const seen = await watch(work, ['writer']);
    assert.equal((await work).status, 200, (await work).text);
    assert.ok(seen.writer.length > 2, String(seen.writer.length));
    assert.ok(seen.writer.every((r) => r.kind === 'restore' && r.bytes_total > 0 && r.bytes_done <= r.bytes_total), JSON.stringify(seen.writer[0]));
    assert.ok(grows(seen.writer, 'rows_done'), JSON.stringify(seen.writer));
    sql(`SELECT ferry.drop_backup(b.backup_id) FROM ferry.backups b WHERE b.target = 'public.${table.name}'`);
  });

  it('in psql everything for those who may see all, and only the own otherwise', async () => {
    const work = post('/rpc/import_csv', file.replaceAll(/^(\d)/gm, '7$1'), { token: tokens.writer, headers: { 'X-Table': table.name } });
    let all = '';
    for (let i = 0; !all && i < 500; i++, await sleep(10)) all = sql(`SELECT kind || ' ' || target FROM ferry.progress() WHERE target = 'public.${table.name}'`);
    assert.equal(all, `load public.${table.name}`);
    assert.equal(sql(`GRANT EXECUTE ON FUNCTION ferry.progress TO app_reader; SET ROLE app_reader; SELECT count(*) FROM ferry.progress()`), '0');
    sql('REVOKE EXECUTE ON FUNCTION ferry.progress FROM app_reader');
    await work;
  });
});
