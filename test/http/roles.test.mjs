// The role matrix: each route, asked by each role. 401 is a stranger's answer, 403 that of someone known.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { call, get, isError, makeTable, post, sql, tokenFor } from './harness.mjs';

const tokens = {};
let table;
before(async () => {
  table = makeTable('id integer PRIMARY KEY, word text NOT NULL');
  for (const role of ['reader', 'writer', 'operator']) tokens[role] = await tokenFor(role);
});
after(() => {
  table.drop();
  sql("DELETE FROM public.departments WHERE department = 'A department of the role matrix'");
});

const octets = (headers = {}) => ({ headers: { 'X-Table': table.name, 'X-Dry-Run': 'true', ...headers } });
const patch = (path, o) => call('PATCH', path, { ...o, body: { department: 'x' } });
const remove = (path, o) => call('DELETE', path, o);

// route: request, then the status for anonymous, reader, writer, operator
const matrix = [
  ['GET /', (o) => get('/', o), [200, 200, 200, 200]],
  ['GET /rpc/asset', (o) => get('/rpc/asset?name=app.css', o), [200, 200, 200, 200]],
  ['GET /rpc/health', (o) => get('/rpc/health', o), [200, 200, 200, 200]],
  ['GET /departments', (o) => get('/departments?limit=1', o), [401, 200, 200, 200]],
  ['GET /jobs', (o) => get('/jobs?limit=1', o), [401, 200, 200, 200]],
  ['GET /hired_employees', (o) => get('/hired_employees?limit=1', o), [401, 200, 200, 200]],
  ['GET /rpc/hires_by_quarter', (o) => get('/rpc/hires_by_quarter', o), [401, 200, 200, 200]],
  ['GET /rpc/departments_above_mean', (o) => get('/rpc/departments_above_mean', o), [401, 200, 200, 200]],
  ['GET /rpc/mean_hires', (o) => get('/rpc/mean_hires', o), [401, 200, 200, 200]],
  ['GET /rpc/hires_by_department', (o) => get('/rpc/hires_by_department', o), [401, 200, 200, 200]],
  ['GET /rpc/hires_by_month', (o) => get('/rpc/hires_by_month', o), [401, 200, 200, 200]],
  ['GET /rpc/hires_trend', (o) => get('/rpc/hires_trend', o), [401, 200, 200, 200]],
  ['GET /rpc/report', (o) => get('/rpc/report?year=2021', o), [200, 200, 200, 200]],
  ['GET /rpc/loads_by_day', (o) => get('/rpc/loads_by_day', o), [401, 403, 200, 200]],
  ['GET /rpc/rejects_by_day', (o) => get('/rpc/rejects_by_day', o), [401, 403, 200, 200]],
  ['GET /rpc/backup_status', (o) => get('/rpc/backup_status', o), [401, 403, 403, 200]],
  ['GET /rpc/prometheus', (o) => get('/rpc/prometheus', o), [401, 403, 403, 200]],
  ['POST /departments', (o) => post('/departments', { department: 'A department of the role matrix' }, o), [401, 403, 201, 201]],
  ['PATCH /departments', (o) => patch('/departments?id=eq.-1', o), [401, 403, 403, 403]],
  ['DELETE /departments', (o) => remove('/departments?id=eq.-1', o), [401, 403, 403, 403]],
  ['POST /rpc/insert_batch', (o) => post('/rpc/insert_batch', { table_name: table.name, rows: [{ id: 1, word: 'a' }], dry_run: true }, o), [401, 403, 200, 200]],
  ['POST /rpc/insert_batches', (o) => post('/rpc/insert_batches', { tables: { [table.name]: [{ id: 1, word: 'a' }] }, dry_run: true }, o), [401, 403, 200, 200]],
  ['POST /rpc/insert_raw', (o) => post('/rpc/insert_raw', '[{"id":1,"word":"a"}]', { ...o, ...octets() }), [401, 403, 200, 200]],
  ['POST /rpc/import_csv', (o) => post('/rpc/import_csv', '1,a\n', { ...o, ...octets() }), [401, 403, 200, 200]],
  ['GET /rpc/tables', (o) => get('/rpc/tables', o), [401, 200, 200, 200]],
  ['GET /rpc/data_dictionary', (o) => get(`/rpc/data_dictionary?table_name=${table.name}`, o), [401, 200, 200, 200]],
  ['GET /rpc/json_schema', (o) => get(`/rpc/json_schema?table_name=${table.name}`, o), [401, 200, 200, 200]],
  ['GET /rpc/progress', (o) => get('/rpc/progress', o), [401, 200, 200, 200]],
  ['GET /rpc/reject_summary', (o) => get('/rpc/reject_summary?load_id=-1', o), [401, 403, 404, 404]],
  ['GET /rpc/reject_fields', (o) => get('/rpc/reject_fields?reject_id=-1', o), [401, 403, 404, 404]],
  ['GET /rpc/export_rejects', (o) => get('/rpc/export_rejects?load_id=-1', o), [401, 403, 404, 404]],
  ['POST /rpc/fix_reject', (o) => post('/rpc/fix_reject', { reject_id: -1, row: {} }, o), [401, 403, 404, 404]],
  ['POST /rpc/dismiss_reject', (o) => post('/rpc/dismiss_reject', { reject_id: -1 }, o), [401, 403, 404, 404]],
  ['POST /rpc/replay', (o) => post('/rpc/replay', { load_id: -1 }, o), [401, 403, 404, 404]],
  ['GET /loads', (o) => get('/loads?limit=1', o), [401, 403, 200, 200]],
  ['POST /loads', (o) => post('/loads', { target: 'x' }, o), [401, 403, 403, 403]],
  ['GET /rejects', (o) => get('/rejects?limit=1', o), [401, 403, 200, 200]],
  ['GET /rpc/backups', (o) => get('/rpc/backups?limit=1', o), [401, 403, 403, 200]],
  ['POST /rpc/backup_table', (o) => post('/rpc/backup_table', { table_name: table.name }, o), [401, 403, 403, 201]],
  ['POST /rpc/restore_table', (o) => post('/rpc/restore_table', { table_name: table.name, backup: -1 }, o), [401, 403, 403, 404]],
];

describe('role matrix', () => {
  for (const [route, ask, expected] of matrix) {
    it(`${route}: ${expected.join(' ')}`, async () => {
      for (const [i, role] of ['anonymous', 'reader', 'writer', 'operator'].entries()) {
        const answer = await ask({ token: tokens[role] });
        assert.equal(answer.status, expected[i], `${role}: ${answer.text.slice(0, 200)}`);
        if (answer.status >= 400) assert.ok(isError(answer.body), `${role}: ${answer.text}`);
      }
    });
  }

  it('leaves no function of ours to PUBLIC', () => {
    assert.equal(sql(`SELECT string_agg(p.oid::regprocedure::text, ', ') FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
      WHERE p.pronamespace::regnamespace::text IN ('api', 'rest', 'auth') AND a.grantee = 0`), '');
  });

  it('describes every object of the API', () => {
    assert.equal(sql(`SELECT string_agg(p.proname, ', ') FROM pg_proc p WHERE p.pronamespace::regnamespace::text = 'api'
      AND coalesce(obj_description(p.oid, 'pg_proc'), '') !~ '^[^\\n]+\\n\\n[^\\n]'`), '');
    assert.equal(sql(`SELECT string_agg(c.relname, ', ') FROM pg_class c WHERE c.relnamespace::regnamespace::text = 'api'
      AND coalesce(obj_description(c.oid, 'pg_class'), '') !~ '^[^\\n]+\\n\\n[^\\n]'`), '');
  });

  it('runs definer functions as ferry_auth or ferry_stats only, with a fixed search_path', () => {
    assert.equal(sql(`SELECT string_agg(p.proname || ' ' || p.proowner::regrole, ', ' ORDER BY p.proname) FROM pg_proc p
      WHERE p.pronamespace::regnamespace::text IN ('api', 'rest', 'auth') AND p.prosecdef
        AND array_to_string(p.proconfig, ' ') = 'search_path=pg_catalog, pg_temp'`), 'login ferry_auth, pre_request ferry_auth, running ferry_stats');
    assert.equal(sql(`SELECT count(*) FROM pg_proc p WHERE p.pronamespace::regnamespace::text IN ('api', 'rest', 'auth') AND p.prosecdef`), '3');
  });

  it('gives ferry_stats a look at sessions and nothing else', () => {
    assert.equal(sql(`SELECT rolsuper OR rolcanlogin OR rolcreaterole OR rolbypassrls FROM pg_roles WHERE rolname = 'ferry_stats'`), 'f');
    assert.equal(sql(`SELECT string_agg(roleid::regrole::text, ', ') FROM pg_auth_members WHERE member = 'ferry_stats'::regrole`), 'pg_read_all_stats');
    assert.equal(sql(`SELECT count(*) FROM pg_auth_members WHERE roleid = 'ferry_stats'::regrole`), '0');
    assert.throws(() => sql('SET ROLE ferry_stats; SELECT 1 FROM public.departments'), /permission denied/);
  });

  it('gives authenticator nothing of its own', () => {
    assert.equal(sql(`SELECT rolinherit OR rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls FROM pg_roles WHERE rolname = 'authenticator'`), 'f');
    assert.throws(() => sql('SET SESSION AUTHORIZATION authenticator; SELECT 1 FROM public.departments'), /permission denied/);
  });
});

describe('a log', () => {
  it('shows writers the loads of writers, and operators all', async () => {
    const mine = await post('/rpc/insert_batch', { table_name: table.name, rows: [{ id: 1 }] }, { token: tokens.writer });
    const theirs = await post('/rpc/insert_batch', { table_name: table.name, rows: [{ id: 1 }] }, { token: tokens.operator });
    assert.deepEqual([mine.status, theirs.status], [422, 422]);
    const seen = async (role, path) => (await get(`${path}?load_id=in.(${mine.body.load},${theirs.body.load})&select=load_id`, { token: tokens[role] })).body;
    for (const path of ['/loads', '/rejects']) {
      assert.deepEqual(await seen('writer', path), [{ load_id: mine.body.load }], path);
      assert.equal((await seen('operator', path)).length, 2, path);
    }
  });
});
