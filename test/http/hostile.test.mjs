// Values that want to become something else: a header, a status line, SQL, a path, an endless retry.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { before, describe, it } from 'node:test';
import { count, get, isError, literal, makeTable, post, sql, tokenFor, unique, url } from './harness.mjs';

let token, operator;
before(async () => {
  token = await tokenFor('writer');
  operator = await tokenFor('operator');
});

const evil = [
  'bad\r\nX-Injected: yes\r\n\r\n<script>alert(1)</script>',
  "departments'; DROP TABLE public.departments; --",
  'departments"; SELECT pg_sleep(60); --',
  '$$; SELECT 1; $$', "E'\\x00'", '../../../../etc/passwd', '</script>', '%s %n %1$s', '{"status":200}', '\u202e\ufeff😀', 'x'.repeat(5000),
];

// Sees the status line and headers as they are on the wire.
const onTheWire = (path, body) => new Promise((resolve, reject) => {
  const sent = request(url + path, { method: 'POST', headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` } }, (response) => {
    const chunks = [];
    response.on('data', (chunk) => chunks.push(chunk));
    response.on('end', () => resolve({ status: response.statusCode, reason: response.statusMessage, raw: response.rawHeaders, text: Buffer.concat(chunks).toString() }));
  });
  sent.on('error', reject);
  sent.end(JSON.stringify(body));
});

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
