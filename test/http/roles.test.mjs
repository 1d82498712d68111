// The role matrix: each route, asked by each role. 401 is a stranger's answer, 403 that of someone known. The catalogs say
// which routes there are, the tables here who may use them, so no route can come without a line.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { addUser, call, get, goodClaims, identifier, isError, literal, logIn, makeTable, post, sign, sql, tokenFor } from './harness.mjs';

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
  ['POST /rpc/login', (o) => post('/rpc/login', { username: '', password: '' }, o), [[401, 429], [401, 429], [401, 429], [401, 429]]],
  ['POST /rpc/refresh', (o) => post('/rpc/refresh', { refresh_token: 'unknown' }, o), [401, 401, 401, 401]],
  ['POST /rpc/logout', (o) => post('/rpc/logout', { refresh_token: 'unknown' }, { ...o, token: undefined }), [204, 204, 204, 204]],
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

// route: the least role that may; each role may what those before it may
const roles = ['anonymous', 'reader', 'writer', 'operator'];
const least = {
  anonymous: ['root', 'asset', 'docs', 'health', 'login', 'openapi', 'refresh', 'report'],
  reader: ['hires_by_quarter', 'departments_above_mean', 'mean_hires', 'hires_by_department', 'hires_by_month', 'hires_trend',
    'tables', 'data_dictionary', 'json_schema', 'progress'],
  writer: ['insert_batch', 'insert_batches', 'insert_raw', 'import_csv', 'reject_fields', 'fix_reject', 'dismiss_reject', 'replay',
    'reject_summary', 'export_rejects', 'loads_by_day', 'rejects_by_day'],
  operator: ['backup_table', 'backup_tables', 'backups', 'download_backup', 'verify_backup', 'drop_backup', 'diff_backup',
    'restore_table', 'restore_upload', 'backup_status', 'prometheus'],
};
// A stranger without a refresh token is told 401 by logout itself.
least.anonymous.push('logout');
// view: the least role for SELECT and for INSERT; UPDATE and DELETE are nobody's
const views = {
  departments: ['reader', 'writer'], jobs: ['reader', 'writer'], hired_employees: ['reader', 'writer'],
  loads: ['writer', null], rejects: ['writer', null],
};
const mayCall = (route, role) => roles.indexOf(role) >= roles.findIndex((r) => least[r].includes(route));
const databaseRole = { anonymous: 'web_anon', reader: 'app_reader', writer: 'app_writer', operator: 'app_operator' };

const functions = sql(`SELECT p.oid::regprocedure || E'\\t' || p.proname || E'\\t' || (p.pronargs = 1 AND p.proargtypes[0] = 'bytea'::regtype AND p.proargnames IS NULL)
    || E'\\t' || coalesce((SELECT json_object_agg(name, NULL) FROM unnest(p.proargnames[:p.pronargs]) name), '{}')
  FROM pg_proc p WHERE p.pronamespace = 'api'::regnamespace ORDER BY 1`).split('\n').map((line) => {
  const [signature, name, takesBytes, nulls] = line.split('\t');
  return { signature, name, takesBytes: takesBytes === 'true', nulls };
});

describe('every route of the catalogs', () => {
  it('has a line in the tables of this test, which say who may use it', () => {
    const known = Object.values(least).flat();
    assert.equal(new Set(known).size, known.length, 'a route stands in one line');
    const missing = functions.filter(({ name }) => !known.includes(name)).map(({ name }) => name);
    assert.deepEqual(missing, [], `add to the table "least" in roles.test.mjs: ${missing}`);
    const others = sql(`SELECT relname FROM pg_class WHERE relnamespace = 'api'::regnamespace AND relkind NOT IN ('i', 'c')`).split('\n').filter((name) => !(name in views));
    assert.deepEqual(others, [], `add to the table "views" in roles.test.mjs: ${others}`);
  });

  for (const { signature, name } of functions) {
    it(`${name} may be run by the roles it is for`, () => {
      const may = sql(`SELECT string_agg(has_function_privilege(role, ${literal(signature)}, 'EXECUTE')::text, ' ' ORDER BY n)
        FROM unnest('{${roles.map((role) => databaseRole[role])}}'::text[]) WITH ORDINALITY r (role, n)`);
      assert.equal(may, roles.map((role) => mayCall(name, role)).join(' '), `${roles} ${signature}`);
    });
  }

  for (const [view, [reads, inserts]] of Object.entries(views)) {
    it(`${view} may be read and written by the roles it is for`, () => {
      for (const [privilege, from] of [['SELECT', reads], ['INSERT', inserts], ['UPDATE, DELETE, TRUNCATE', null]]) {
        const may = sql(`SELECT string_agg(has_table_privilege(role, 'api.${view}', '${privilege}')::text, ' ' ORDER BY n)
          FROM unnest('{${roles.map((role) => databaseRole[role])}}'::text[]) WITH ORDINALITY r (role, n)`);
        assert.equal(may, roles.map((role) => from !== null && roles.indexOf(role) >= roles.indexOf(from)).join(' '), `${roles} ${privilege} ${view}`);
      }
    });
  }

  it('answers 401 or 403 to those it is not for, and never 500 to the others, whatever is null', async () => {
    const users = Object.fromEntries(roles.slice(1).map((role) => [role, addUser(role).name]));
    const key = sql('SELECT jwt_secret FROM auth.secret');
    for (const { name, takesBytes, nulls } of functions) {
      for (const role of roles) {
        // A token of its own for every request, since one of the routes is logout.
        const token = role === 'anonymous' ? undefined : sign(goodClaims(users[role], databaseRole[role]), { key });
        const answer = await post(`/rpc/${name}`, takesBytes ? '' : JSON.parse(nulls), { token, ...(takesBytes ? octets() : {}) });
        const what = `${role} ${name}: ${answer.status} ${answer.text.slice(0, 200)}`;
        if (!mayCall(name, role)) assert.equal(answer.status, role === 'anonymous' ? 401 : 403, what);
        else assert.ok(answer.status < 500 && answer.status !== 403 && (answer.status !== 401 || ['login', 'refresh', 'logout'].includes(name)), what);
        if (answer.status >= 400) assert.ok(isError(answer.body), what);
      }
    }
  });
});

describe('role matrix', () => {
  for (const [route, ask, expected] of matrix) {
    it(`${route}: ${expected.map((status) => [status].flat().join('|')).join(' ')}`, async () => {
      for (const [i, role] of roles.entries()) {
        const answer = await ask({ token: tokens[role] });
        assert.ok([expected[i]].flat().includes(answer.status), `${role}: ${answer.status} ${answer.text.slice(0, 200)}`);
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

  it('runs definer functions as roles that nobody can be, with a fixed search_path', () => {
    const definers = `FROM pg_proc p JOIN pg_roles o ON o.oid = p.proowner WHERE p.pronamespace::regnamespace::text IN ('api', 'rest', 'auth') AND p.prosecdef`;
    assert.equal(sql(`SELECT string_agg(p.proname || ' ' || o.rolname, ', ' ORDER BY p.proname) ${definers} AND p.pronamespace::regnamespace::text = 'auth'`),
      'login ferry_auth, logout ferry_auth, pre_request ferry_auth, refresh ferry_auth');
    assert.equal(sql(`SELECT string_agg(p.proname, ', ') ${definers} AND (o.rolsuper OR o.rolcanlogin OR o.rolbypassrls
      OR EXISTS (SELECT FROM pg_auth_members m WHERE m.roleid = o.oid)
      OR array_to_string(p.proconfig, ' ') IS DISTINCT FROM 'search_path=pg_catalog, pg_temp')`), '');
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

// Each row belongs to the person who wrote it; nobody sees or writes another's.
describe('row security on a table', () => {
  const people = {};
  let own, other;
  const mine = "owner = current_setting('request.jwt.claims', true)::json ->> 'sub'";
  before(async () => {
    own = makeTable(`id integer PRIMARY KEY, owner text NOT NULL DEFAULT current_setting('request.jwt.claims', true)::json ->> 'sub', word text CHECK (word <> 'bad')`);
    sql(`ALTER TABLE ${own.table} ENABLE ROW LEVEL SECURITY;
         CREATE POLICY own_rows ON ${own.table} USING (${mine}) WITH CHECK (${mine});
         CREATE VIEW api.${identifier(own.name)} WITH (security_invoker) AS SELECT * FROM ${own.table};
         GRANT SELECT, INSERT ON api.${identifier(own.name)} TO app_writer;
         NOTIFY pgrst, 'reload schema'`);
    for (const [name, role] of [['ann', 'writer'], ['bob', 'writer'], ['eve', 'operator']]) {
      const user = addUser(role);
      people[name] = { name: user.name, token: await logIn(user) };
    }
    sql(`INSERT INTO ${own.table} (id, owner, word) VALUES (1000, ${literal(people.bob.name)}, 'a secret of bob')`);
    for (let i = 0; i < 50 && (await get(`/${own.name}`, people.ann)).status !== 200; i++) await new Promise((done) => setTimeout(done, 100));
  });
  after(() => own.drop());
  const secret = /a secret of bob/;
  const stolen = () => sql(`SELECT count(*) FROM ${own.table} WHERE id <> 1000 AND owner = ${literal(people.bob.name)}`);

  it('holds for a view', async () => {
    assert.deepEqual((await get(`/${own.name}`, people.ann)).body, []);
    assert.equal((await get(`/${own.name}`, people.bob)).body.length, 1);
    assert.equal((await post(`/${own.name}`, { id: 1, owner: people.bob.name }, people.ann)).status, 403);
    assert.equal((await post(`/${own.name}`, { id: 1, word: 'hers' }, people.ann)).status, 201);
    assert.equal(stolen(), '0');
  });

  it('holds for batches, CSV files and dry runs of them', async () => {
    const bytes = (headers) => ({ token: people.ann.token, headers: { 'X-Table': own.name, ...headers } });
    for (const dry of [true, false]) {
      const rows = [{ id: 10 + Number(dry), owner: people.bob.name }];
      const answers = {
        insert_batch: await post('/rpc/insert_batch', { table_name: own.name, rows, dry_run: dry }, people.ann),
        insert_batches: await post('/rpc/insert_batches', { tables: { [own.name]: rows }, dry_run: dry }, people.ann),
        insert_raw: await post('/rpc/insert_raw', JSON.stringify(rows), bytes({ 'X-Dry-Run': String(dry) })),
        import_csv: await post('/rpc/import_csv', `id,owner\n20,${people.bob.name}\n`, bytes({ 'X-Dry-Run': String(dry) })),
      };
      for (const [route, answer] of Object.entries(answers)) {
        assert.equal(answer.status, dry ? 200 : 422, `${route}: ${answer.text}`);
        assert.deepEqual(answer.body.errors.map((e) => e.code), ['privilege'], `${route}: ${answer.text}`);
        assert.equal(answer.body.inserted, 0, route);
      }
    }
    assert.equal(stolen(), '0');
    assert.equal((await post('/rpc/insert_batch', { table_name: own.name, rows: [{ id: 30 }] }, people.ann)).status, 201);
    assert.equal((await post('/rpc/import_csv', 'id,word\n31,hers\n', bytes())).status, 201);
    assert.equal(sql(`SELECT count(*) FROM ${own.table} WHERE owner = ${literal(people.ann.name)} AND id IN (30, 31)`), '2');
  });

  it('holds for a key that is taken by a row the caller may not see', async () => {
    const answer = await post('/rpc/insert_batch', { table_name: own.name, rows: [{ id: 1000 }] }, people.ann);
    assert.equal(answer.status, 422);
    assert.doesNotMatch(answer.text, secret);
    assert.doesNotMatch(answer.text, new RegExp(people.bob.name));
  });

  // What the routes show of a table: as operator, whom the policy holds like everyone.
  it('holds for backups, comparisons and descriptions', async () => {
    const backup = await post('/rpc/backup_table', { table_name: own.name }, people.eve);
    assert.equal(backup.status, 403, backup.text);
    const asked = [backup];
    const bodies = { backup_tables: { table_names: [own.name] }, tables: {}, data_dictionary: { table_name: own.name }, json_schema: { table_name: own.name },
      progress: {}, backups: {}, prometheus: {}, backup_status: {} };
    for (const [route, body] of Object.entries(bodies)) {
      if (functions.some(({ name }) => name === route)) asked.push(await post(`/rpc/${route}`, body, people.eve));
    }
    for (const answer of asked) assert.doesNotMatch(answer.text, secret);
  });

  it('holds for a restore: nobody puts another one\'s rows in place or away', async () => {
    // A backup that a superuser took holds all rows.
    const id = sql(`SELECT backup_id FROM ferry.backup_table_avro('${own.table}')`);
    const before = sql(`SELECT string_agg(t::text, ',' ORDER BY id) FROM ${own.table} t`);
    for (const [mode, status] of [['replace', 400], ['missing_only', 422], ['upsert', 422]]) {
      const answer = await post('/rpc/restore_table', { table_name: own.name, backup: Number(id), mode }, people.eve);
      assert.ok([status, 403].includes(answer.status), `${mode}: ${answer.status} ${answer.text}`);
      assert.doesNotMatch(answer.text, secret);
      assert.equal(sql(`SELECT string_agg(t::text, ',' ORDER BY id) FROM ${own.table} t`), before, mode);
    }
    for (const route of ['diff_backup', 'download_backup', 'verify_backup']) {
      if (!functions.some(({ name }) => name === route)) continue;
      const answer = await post(`/rpc/${route}`, { backup_id: id }, people.eve);
      assert.ok(answer.status < 500, `${route}: ${answer.text}`);
      assert.ok(!answer.bytes.includes('a secret of bob'), route);
      if (route !== 'verify_backup') assert.ok([400, 403].includes(answer.status), `${route}: ${answer.status} ${answer.text}`);
    }
  });

  it('the log is one for all writers, and says nothing to readers', async () => {
    const answer = await post('/rpc/insert_batch', { table_name: own.name, rows: [{ id: 40, word: 'bad' }] }, people.bob);
    assert.equal(answer.status, 422);
    const path = `/rejects?load_id=eq.${answer.body.load}`;
    assert.equal((await get(path, people.ann)).body.length, 1);
    assert.equal((await get(path, { token: tokens.reader })).status, 403);
    assert.equal((await get(path)).status, 401);
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
