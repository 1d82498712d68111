// Values that want to become something else: a header, a status line, SQL, a path, an endless retry.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { addUser, count, get, goodClaims, isError, literal, makeTable, post, sign, sql, tokenFor, unique, url } from './harness.mjs';

let token, operator, folders;
before(async () => {
  folders = sql('SHOW data_directory').split('/').filter((part) => part.length > 3).slice(-2).join('/');
  token = await tokenFor('writer');
  operator = await tokenFor('operator');
});

const evil = [
  'bad\r\nX-Injected: yes\r\n\r\n<script>alert(1)</script>',
  "departments'; DROP TABLE public.departments; --",
  'departments"; SELECT pg_sleep(60); --',
  '$$; SELECT 1; $$', "E'\\x00'", '../../../../etc/passwd', '</script>', '%s %n %1$s', '{"status":200}', '\u202e\ufeff😀', 'x'.repeat(5000),
];

// One request, with its status line and headers as they are on the wire.
const onTheWire = (path, body, { method = 'POST', token: bearer = token, headers = {} } = {}) => new Promise((resolve, reject) => {
  const raw = typeof body === 'string' || Buffer.isBuffer(body);
  const sent = request(url + path, { method, headers: { ...(body === undefined ? {} : { 'Content-Type': raw ? 'application/octet-stream' : 'application/json' }),
    ...(bearer ? { Authorization: `Bearer ${bearer}` } : {}), ...headers } }, (response) => {
    const chunks = [];
    response.on('data', (chunk) => chunks.push(chunk));
    response.on('end', () => resolve({ status: response.statusCode, reason: response.statusMessage, raw: response.rawHeaders, headers: response.headers, text: Buffer.concat(chunks).toString() }));
  });
  sent.on('error', reject);
  sent.end(raw ? body : body === undefined ? undefined : JSON.stringify(body));
});

// What no answer may be, whatever was asked.
function assertHarmless(answer, what) {
  what = `${what}: ${answer.status} ${answer.text.slice(0, 300)}`;
  assert.ok(answer.status >= 200 && answer.status < 500, what);
  assert.match(answer.reason, /^[A-Za-z -]+$/, what);
  assert.doesNotMatch(answer.reason, /injected|script/i, what);
  assert.ok(answer.raw.every((part, i) => i % 2 ? !/[\r\n\0]/.test(part) : !/injected/i.test(part)), what);
  const disposition = answer.headers['content-disposition'];
  if (disposition) assert.match(disposition, /^attachment; filename="[^"\\/]+"(; filename\*=[A-Za-z0-9'%._-]+)?$/, what);
  if (answer.status >= 400) {
    assert.match(answer.headers['content-type'], /^application\/json/, what);
    assert.ok(isError(JSON.parse(answer.text)), what);
  }
  assertSilent(answer, what);
}
// Neither a path of the server, nor a piece of a query, nor a file.
function assertSilent(answer, what) {
  assert.ok(!answer.text.includes(folders), what);
  assert.doesNotMatch(answer.text, /pgrst_|PL\/pgSQL function|SQL function|root:x:0|\$2a\$10/, what);
}

describe('hostile values', () => {
  it('as table, mode and codec names stay values', async () => {
    const departments = count('public.departments');
    for (const value of evil) {
      for (const [path, body] of [
        ['/rpc/insert_batch', { table_name: value, rows: [{ id: 1 }] }],
        ['/rpc/insert_batch', { table_name: 'departments', rows: [{ department: 'x' }], mode: value }],
        ['/rpc/login', { username: value, password: value }]]) {
        const answer = await onTheWire(path, body);
        assert.ok(answer.status >= 400 && answer.status < 500, `${path} ${value.slice(0, 40)}: ${answer.status}`);
        assert.doesNotMatch(answer.reason, /bad|Injected/);
        assert.ok(!answer.raw.some((h) => /injected/i.test(h)));
        assert.ok(isError(JSON.parse(answer.text)));
      }
      for (const [path, body] of [['/rpc/backup_table', { table_name: value }], ['/rpc/backup_table', { table_name: 'departments', codec: value }],
        ['/rpc/restore_table', { table_name: value, backup: 1 }], ['/rpc/restore_table', { table_name: 'departments', backup: -1, mode: value }]]) {
        const answer = await post(path, body, { token: operator });
        assert.ok(answer.status >= 400 && answer.status < 500, `${path} ${value.slice(0, 40)}: ${answer.status} ${answer.text}`);
        assert.ok(isError(answer.body));
      }
    }
    assert.equal(count('public.departments'), departments);
  });

  it('as headers of the byte routes stay values', async () => {
    for (const value of evil.filter((v) => !/[\r\n]|[^\x20-\x7e]/.test(v))) {
      for (const path of ['/rpc/insert_raw', '/rpc/import_csv']) {
        for (const header of ['X-Table', 'X-Mode', 'X-Batch-Mode', 'X-Dry-Run', 'X-Columns', 'X-Header', 'X-Reject-Limit']) {
          if ((path === '/rpc/insert_raw') !== (header === 'X-Batch-Mode') && !['X-Table', 'X-Dry-Run'].includes(header)) continue;
          const answer = await post(path, '[]', { token, headers: { 'X-Table': 'departments', [header]: value } });
          assert.ok(answer.status >= 400 && answer.status < 500, `${path} ${header} ${value.slice(0, 40)}: ${answer.status} ${answer.text}`);
          assert.ok(isError(answer.body));
        }
      }
    }
  });

  it('as arguments of the log and of descriptions stay values', async () => {
    const table = makeTable('id integer PRIMARY KEY, t text');
    try {
      const { load } = (await post('/rpc/import_csv', '1,a\nx,b\ny,c\n', { token, headers: { 'X-Table': table.name } })).body;
      const reject = Number(sql(`SELECT min(reject_id) FROM ferry.rejects WHERE load_id = ${load}`));
      for (const value of evil) {
        const text = encodeURIComponent(value);
        for (const path of [`/rpc/data_dictionary?table_name=${text}`, `/rpc/json_schema?table_name=${text}`, `/rpc/export_rejects?load_id=${load}&status=${text}`,
          `/rpc/reject_summary?load_id=${text}`, `/rpc/reject_fields?reject_id=${text}`]) {
          const answer = await get(path, { token });
          assert.ok(answer.status >= 400 && answer.status < 500, `${path.slice(0, 80)}: ${answer.status} ${answer.text}`);
          assert.ok(isError(answer.body) && answer.headers.get('x-injected') === null);
        }
        for (const option of ['date_format', 'encoding', 'repair', 'on_error', 'on_conflict', 'delimiter', 'quote', 'escape', 'decimal_mark']) {
          const answer = await onTheWire('/rpc/replay', { load_id: load, dry_run: true, [option]: value });
          assert.ok(answer.status < 500 && answer.status !== 201, `${option} ${value.slice(0, 40)}: ${answer.status} ${answer.text}`);
          assert.ok(!answer.raw.some((h) => /injected/i.test(h)));
        }
        const fixed = await onTheWire('/rpc/fix_reject', { reject_id: reject, row: { id: value, [value]: value } });
        assert.ok(fixed.status === 422 && isError(JSON.parse(fixed.text)), `${value.slice(0, 40)}: ${fixed.text}`);
        const summary = await post('/rpc/import_csv', '1,a\n', { token, headers: { 'X-Table': table.name, 'X-Query': text } });
        assert.ok(summary.status === 400 && isError(summary.body), summary.text);
      }
      const reason = evil.join(' ');
      assert.equal((await onTheWire('/rpc/dismiss_reject', { reject_id: reject, reason })).status, 204);
      assert.equal(sql(`SELECT length(note) FROM ferry.rejects WHERE reject_id = ${reject}`), String([...reason].length));
    } finally {
      table.drop();
    }
  });

  it('as data are stored as they came, or reported as they came', async () => {
    const table = makeTable('id integer PRIMARY KEY, t text NOT NULL, n integer');
    try {
      const good = await post('/rpc/insert_batch', { table_name: table.name, rows: evil.map((t, id) => ({ id, t })) }, { token });
      assert.equal(good.status, 201, good.text);
      evil.forEach((t, id) => assert.equal(sql(`SELECT t = ${literal(t).replaceAll('\\', '\\\\').replace(/^/, 'E').replaceAll('\r', '\\r').replaceAll('\n', '\\n')} FROM ${table.table} WHERE id = ${id}`), 't', t.slice(0, 40)));
      const bad = await onTheWire('/rpc/insert_batch', { table_name: table.name, rows: evil.map((t, id) => ({ id: 1000 + id, t, n: t })) });
      assert.equal(bad.status, 422);
      assert.ok(!bad.raw.some((h) => /injected/i.test(h)));
      assert.equal(JSON.parse(bad.text).errors.length, evil.length);
      const log = await get(`/rejects?load_id=eq.${JSON.parse(bad.text).load}&order=record_number`, { token });
      assert.equal(log.body.length, evil.length);
    } finally {
      table.drop();
    }
  });

  it('as table names that exist are found', async () => {
    for (const name of [unique('UPPER lower'), unique('quo"te'), unique("apo'strophe"), unique('semi;colon --'), unique('ñandú')]) {
      const table = makeTable('id integer PRIMARY KEY', name);
      try {
        const answer = await post('/rpc/insert_batch', { table_name: name, rows: [{ id: 1 }] }, { token });
        assert.equal(answer.status, 201, `${name}: ${answer.text}`);
        assert.equal(count(table.table), 1);
      } finally {
        table.drop();
      }
    }
  });

  it('as column names are reported, not run', async () => {
    for (const key of evil) {
      const answer = await post('/rpc/insert_batch', { table_name: 'departments', rows: [{ department: 'x', [key]: 1 }] }, { token });
      assert.equal(answer.status, 422, answer.text.slice(0, 200));
      assert.equal(answer.body.errors[0].code, 'structure');
    }
  });

  it('as asset names and filters find nothing', async () => {
    for (const value of evil) {
      assert.equal((await get(`/rpc/asset?name=${encodeURIComponent(value)}`)).status, 404);
      const answer = await get(`/departments?department=eq.${encodeURIComponent(value)}`, { token });
      assert.equal(answer.status, 200);
      assert.deepEqual(answer.body, []);
    }
  });
});

// ---- Every argument of every route, as the catalogs know them ----

describe('every route', () => {
  const hostile = [...evil, '\0', '\ud800', '%0d%0aX-Injected:%20yes', '..%2f..%2fetc%2fpasswd', '..', '/etc/passwd', 'a/../b', '.', '1; SELECT 1', "1' OR '1'='1", '-1', '1e400', '{}', '[]', ''];
  let table, good;
  before(async () => {
    table = makeTable('id integer PRIMARY KEY, t text NOT NULL');
    sql(`INSERT INTO ${table.table} VALUES (1, 'one')`);
    const refused = await post('/rpc/insert_batch', { table_name: table.name, rows: [{ id: 2 }] }, { token: operator });
    const backup = sql(`SELECT backup_id FROM ferry.backup_table_avro('${table.table}')`);
    good = { table_name: table.name, table_names: [table.name], load_id: refused.body.load, backup, backup_id: backup, rows: [{ id: 3 }], tables: { [table.name]: [{ id: 3 }] },
      reject_id: sql(`SELECT max(reject_id) FROM ferry.rejects WHERE load_id = ${refused.body.load}`), username: 'x', row: { id: 2, t: 'two' } };
  });
  after(() => table.drop());

  const functions = sql(`SELECT json_agg(json_build_object('name', p.proname, 'reads', p.provolatile <> 'v', 'types',
      (SELECT json_object_agg(a.name, a.type::regtype) FROM unnest(p.proargnames[:p.pronargs], p.proargtypes::oid[]) a (name, type) WHERE a.name IS NOT NULL)) ORDER BY p.proname)
    FROM pg_proc p WHERE p.pronamespace = 'api'::regnamespace`);
  for (const { name, reads, types } of JSON.parse(functions)) {
    if (types === null) continue;
    it(`${name} takes odd arguments as values`, async () => {
      const departments = sql('SELECT md5(string_agg(d::text, $$,$$ ORDER BY id)) FROM public.departments d');
      for (const [argument, type] of Object.entries(types)) {
        for (const value of hostile) {
          // A session of its own, or logout would end the next request.
          const what = `${name}(${argument} => ${JSON.stringify(value).slice(0, 60)})`;
          const others = Object.fromEntries(Object.keys(types).filter((key) => key in good).map((key) => [key, good[key]]));
          const bearer = ['login', 'refresh', 'logout'].includes(name) ? null : operator;
          if (reads) {
            const query = new URLSearchParams({ ...others, [argument]: value.toWellFormed?.() ?? value });
            assertHarmless(await onTheWire(`/rpc/${name}?${query}`, undefined, { method: 'GET', token: bearer }), what);
            continue;
          }
          const shapes = type.endsWith('[]') ? [[value], value] : type.startsWith('json') ? [value, [value], { [value]: value }, [{ [value]: value }], { [good.table_name]: [{ [value]: value }] }] : [value];
          for (const shape of shapes) assertHarmless(await onTheWire(`/rpc/${name}`, { ...others, [argument]: shape }, { token: bearer }), what);
        }
      }
      assert.equal(sql('SELECT md5(string_agg(d::text, $$,$$ ORDER BY id)) FROM public.departments d'), departments);
    });
  }

  it('takes odd headers as values', async () => {
    const headers = JSON.parse(sql(`SELECT json_agg(json_build_array(h.route, h.header)) FROM rest.route_headers h`));
    for (const [route, header] of headers) {
      const body = (takes) => takes ? '[]' : { table_name: table.name, rows: [] };
      const takesBytes = !JSON.parse(functions).find(({ name }) => name === route)?.types;
      for (const value of hostile.filter((v) => /^[\x20-\x7e]+$/.test(v))) {
        assertHarmless(await onTheWire(`/rpc/${route}`, body(takesBytes), { token: operator,
          headers: { ...(takesBytes ? { 'X-Table': table.name, 'X-Dry-Run': 'true' } : {}), [header]: value } }), `${route} ${header}: ${value.slice(0, 60)}`);
      }
    }
    for (const header of ['Prefer', 'Range', 'Accept', 'Accept-Profile', 'Content-Profile', 'If-None-Match', 'Origin', 'Cookie', 'X-Forwarded-For']) {
      for (const value of hostile.filter((v) => /^[\x20-\x7e]+$/.test(v))) {
        const answer = await onTheWire('/departments?limit=1', undefined, { method: 'GET', headers: { [header]: value } });
        assertHarmless(answer, `${header}: ${value.slice(0, 60)}`);
      }
    }
    for (const value of hostile.filter((v) => /^[\x20-\x7e]+$/.test(v))) {
      const answer = await onTheWire('/departments?limit=1', undefined, { method: 'GET', token: null, headers: { Authorization: `Bearer ${value}` } });
      assertHarmless(answer, `Bearer ${value.slice(0, 60)}`);
      assert.equal(answer.status, 401);
    }
  });

  // CR, LF and NUL cannot be sent by a client that knows HTTP, so this one does not.
  it('takes no line for a header that a lone CR, LF, fold or NUL made', async () => {
    const { hostname, port } = new URL(url);
    const send = (line, path = '/rpc/insert_raw') => new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => socket.end(`POST ${path} HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\nAuthorization: Bearer ${token}\r\n`
        + `Content-Type: application/octet-stream\r\n${line}\r\nContent-Length: 2\r\n\r\n[]`, 'latin1'));
      const chunks = [];
      socket.on('data', (chunk) => chunks.push(chunk)).on('close', () => resolve(Buffer.concat(chunks).toString('latin1'))).on('error', reject);
      socket.setTimeout(10000, () => socket.destroy(new Error('no answer')));
    });
    for (const value of ['bad\rX-Injected: yes', 'bad\nX-Injected: yes', 'bad\r\n X-Injected: yes', 'bad\r\n\tX-Injected: yes', 'bad\0X-Injected: yes', 'bad\x0bX-Injected: yes', 'bad\x85X-Injected: yes', '\xff\xfe']) {
      for (const header of ['X-Table', 'X-Batch-Mode', 'X-Dry-Run', 'Idempotency-Key']) {
        const answer = await send(`${header === 'X-Table' ? '' : `X-Table: ${table.name}\r\n`}${header}: ${value}`);
        const what = `${header}: ${JSON.stringify(value)} ${answer.slice(0, 400)}`;
        const [head] = answer.split('\r\n\r\n');
        assert.doesNotMatch(head, /injected/i, what);
        assert.ok(/^HTTP\/1\.1 4\d\d /.test(answer) || answer === '' || /^HTTP\/1\.1 500 [^]*\r\n\r\n(.*\r\n)?Something went wrong/.test(answer), what);
        assertSilent({ text: answer }, what);
      }
    }
    const answer = await send('X-Table: x', '/rpc/insert_raw?x=1\rX-Injected: yes');
    assert.doesNotMatch(answer.split('\r\n\r\n')[0], /injected/i);
  });

  it('takes odd paths, filters, orders and columns as values', async () => {
    const departments = count('public.departments');
    for (const value of hostile.filter((v) => v.length < 1000).map((v) => encodeURIComponent(Buffer.from(v).toString()))) {
      for (const path of [`/${value}`, `/rpc/${value}`, `/departments?${value}=eq.1`, `/departments?id=${value}`, `/departments?id=eq.${value}`, `/departments?id=in.(${value})`,
        `/departments?order=${value}`, `/departments?select=${value}`, `/departments?limit=${value}`, `/departments?offset=${value}`, `/departments?and=(${value})`,
        `/departments?or=(id.eq.${value})`, `/departments?department=fts(${value}).x`, `/departments?department=like.${value}`, `/loads?target=eq.${value}`, `/rejects?value=eq.${value}`,
        `/rpc/hires_by_quarter?order=${value}`, `/rpc/hires_by_quarter?job=eq.${value}`]) {
        const answer = await onTheWire(path, undefined, { method: 'GET' });
        if (path === '/' || answer.headers['content-type']?.startsWith('text/html')) continue;
        assertHarmless(answer, path);
      }
      assertHarmless(await onTheWire(`/departments?columns=${value}`, { department: 'x', id: null }, { token: null }), `columns=${value}`);
    }
    assert.equal(count('public.departments'), departments);
  });

  it('keeps a file name that a table made up inside its header', async () => {
    if (!JSON.parse(functions).some(({ name }) => name === 'download_backup')) return;
    for (const name of ['quo"te', 'cr\r\nX-Injected: yes', '../../etc/passwd', 'semi;colon', '</script>', 'ñandú 😀', 'back\\slash'].map(unique)) {
      const odd = makeTable('id integer PRIMARY KEY', name);
      try {
        sql(`INSERT INTO ${odd.table} VALUES (1)`);
        const made = await onTheWire('/rpc/backup_table', { table_name: name }, { token: operator });
        assertHarmless(made, name);
        if (made.status !== 201) continue;
        assert.doesNotMatch(JSON.parse(made.text).file, /[/\\]/);
        const answer = await onTheWire(`/rpc/download_backup?backup_id=${made.text.match(/"backup_id"\s*:\s*(\d+)/)[1]}`, undefined, { method: 'GET', token: operator });
        assert.equal(answer.status, 200, name);
        assertHarmless(answer, name);
      } finally {
        odd.drop();
      }
    }
  });

  it('tells nothing of the server when a file of a backup is damaged', async () => {
    const backup = sql(`SELECT backup_id FROM ferry.backup_table_avro('${table.table}')`);
    const file = sql(`SELECT path FROM ferry.list_backups() WHERE backup_id = ${backup}`);
    const path = file.startsWith('/') ? file : `${sql('SHOW data_directory')}/pg_ferry/backups/${file}`;
    sql(`COPY (SELECT 'junk') TO ${literal(path)}`);
    for (const [name, body] of [['restore_table', { table_name: table.name, backup }], ['verify_backup', { backup_id: backup, level: 'full' }], ['diff_backup', { backup_id: backup }],
      ['download_backup', { backup_id: backup }], ['backups', {}], ['backup_status', {}], ['prometheus', {}], ['drop_backup', { backup_id: backup }]]) {
      if (!JSON.parse(functions).some((f) => f.name === name)) continue;
      const answer = await onTheWire(`/rpc/${name}`, body, { token: operator });
      assertSilent(answer, `${name}: ${answer.status} ${answer.text}`);
      if (answer.status >= 500) assert.equal(JSON.parse(answer.text).message, 'internal error', name);
    }
  });
});

describe('tokens', () => {
  it('that are forged open no route that writes, and no secret one', async () => {
    const { name } = addUser('operator');
    const claims = goodClaims(name, 'app_operator');
    const forged = [sign(claims, { alg: 'none' }), sign(claims, { alg: 'None' }), sign(claims, { key: 'x'.repeat(32) }), sign(claims, { alg: 'HS512' }), sign(claims, { alg: 'RS256' }),
      sign({ ...claims, role: 'postgres' }), sign({ ...claims, role: 'ferry_auth' }), sign({ ...claims, exp: undefined }), sign({ ...claims, aud: undefined }), sign({ ...claims, jti: undefined }),
      sign({ ...claims, exp: 1 }), sign({ ...claims, nbf: claims.exp }), sign({ ...claims, aud: 'other' }), sign({ ...claims, sub: 'nobody' }), `${sign(claims)}x`, 'x.y.z'];
    for (const bearer of forged) {
      for (const [path, body] of [['/departments', { department: 'x' }], ['/rpc/insert_batch', { table_name: 'departments', rows: [{ department: 'x' }] }],
        ['/rpc/backup_table', { table_name: 'departments' }], ['/rpc/prometheus', {}], ['/rpc/logout', {}]]) {
        const answer = await onTheWire(path, body, { token: bearer });
        assert.ok([401, 403].includes(answer.status), `${path} ${bearer}: ${answer.status} ${answer.text}`);
        assertHarmless(answer, path);
      }
    }
    assert.equal(sql("SELECT count(*) FROM public.departments WHERE department = 'x'"), '0');
  });
});

describe('the sources', () => {
  const folder = new URL('../../rest/', import.meta.url);
  const files = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('.sql'));
  const code = files.map((file) => [file, readFileSync(new URL(file, folder), 'utf8').replace(/--.*/g, '')]);

  it('raise neither PTxyz, which puts its message into the status line, nor 40001, which is tried again for ever', () => {
    assert.ok(code.length > 8);
    for (const [file, text] of code) {
      assert.doesNotMatch(text, /\bPT\d{3}\b|'PT|serialization_failure/i, file);
      for (const [raise] of text.matchAll(/\bRAISE\b[^;]*;/gi)) assert.doesNotMatch(raise, /40001/, file);
      assert.doesNotMatch(text, /fail\(\s*\d+,\s*'40001'/, file);
    }
  });

  it('raise PGRST in one place, and let no text of a user be its message', () => {
    const raising = code.filter(([, text]) => /SQLSTATE 'PGRST'/.test(text)).map(([file]) => file);
    assert.deepEqual(raising, ['api/10_common.sql']);
    for (const [file, text] of code) assert.doesNotMatch(text, /\bEXECUTE\s+(format\s*\(\s*)?'[^']*(SELECT|INSERT|UPDATE|DELETE)/i, `${file} builds a query from text`);
  });
});

describe('a table that misbehaves', () => {
  const withTrigger = (body) => {
    const table = makeTable('id integer PRIMARY KEY');
    const name = unique('misbehave');
    sql(`CREATE FUNCTION public.${name}() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN ${body} RETURN new; END $f$;
         CREATE TRIGGER t BEFORE INSERT ON ${table.table} FOR EACH ROW EXECUTE FUNCTION public.${name}();`);
    return { ...table, drop: () => { table.drop(); sql(`DROP FUNCTION public.${name}()`); } };
  };

  for (const state of ['40001', '40P01', '55P03']) {
    it(`${state} is answered, not tried again for ever`, async () => {
      const table = withTrigger(`RAISE 'conflict' USING ERRCODE = '${state}';`);
      try {
        for (const [path, body, headers] of [['/rpc/insert_batch', { table_name: table.name, rows: [{ id: 1 }] }],
          ['/rpc/insert_raw', '[{"id":1}]', { 'X-Table': table.name }], ['/rpc/import_csv', '1\n', { 'X-Table': table.name }]]) {
          const answer = await post(path, body, { token, headers });
          assert.ok([409, 422].includes(answer.status), `${path}: ${answer.status} ${answer.text}`);
          assert.ok(isError(answer.body));
          if (state === '40001') assert.equal(answer.status, 409, path);
        }
        assert.equal(count(table.table), 0);
      } finally {
        table.drop();
      }
    });
  }

  it('a statement that takes too long is answered with 504', async () => {
    const table = withTrigger(`RAISE 'canceling statement due to statement timeout' USING ERRCODE = '57014';`);
    try {
      const answer = await post('/rpc/insert_batch', { table_name: table.name, rows: [{ id: 1 }] }, { token });
      assert.equal(answer.status, 504, answer.text);
      assert.ok(isError(answer.body));
    } finally {
      table.drop();
    }
  });

  it('an internal error says nothing of itself', async () => {
    const table = withTrigger(`RAISE 'could not open file "/var/lib/hidden/base/1"' USING ERRCODE = 'XX001', DETAIL = 'SELECT hidden', HINT = 'hidden';`);
    try {
      for (const [path, body, headers] of [['/rpc/insert_batch', { table_name: table.name, rows: [{ id: 1 }] }], ['/rpc/insert_batches', { tables: { [table.name]: [{ id: 1 }] } }],
        ['/rpc/insert_raw', '[{"id":1}]', { 'X-Table': table.name }], ['/rpc/import_csv', '1\n', { 'X-Table': table.name }]]) {
        const answer = await post(path, body, { token, headers });
        assert.equal(answer.status, 500, path);
        assert.deepEqual(answer.body, { code: 'XX001', message: 'internal error', details: null, hint: 'The server log says more.' }, path);
      }
    } finally {
      table.drop();
    }
  });

  it('and every role has its limit', async () => {
    const table = makeTable("id integer PRIMARY KEY, timeout text DEFAULT current_setting('statement_timeout')");
    try {
      await post('/rpc/insert_batch', { table_name: table.name, rows: [{ id: 1 }] }, { token });
      await post('/rpc/insert_batch', { table_name: table.name, rows: [{ id: 2 }] }, { token: operator });
      assert.equal(sql(`SELECT string_agg(timeout, ' ' ORDER BY id) FROM ${table.table}`), '1min 15min');
    } finally {
      table.drop();
    }
  });

  it('a trigger whose message holds CR and LF reaches no header', async () => {
    const table = withTrigger(`RAISE E'bad\\r\\nX-Injected: yes\\r\\n\\r\\n<script>' USING ERRCODE = 'PT422';`);
    try {
      const answer = await onTheWire('/rpc/insert_batch', { table_name: table.name, rows: [{ id: 1 }] });
      assert.ok(answer.status >= 400 && answer.status <= 500, String(answer.status));
      assert.doesNotMatch(answer.reason, /bad/);
      assert.ok(!answer.raw.some((h) => /injected/i.test(h)));
      assert.ok(isError(JSON.parse(answer.text)));
    } finally {
      table.drop();
    }
  });
});
