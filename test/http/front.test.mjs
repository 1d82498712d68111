// rest/nginx.conf in front of PostgREST: nice paths, limits on size and rate. Skipped where nginx is not installed.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { count, isError, makeTable, sql, tokenFor, unique, url } from './harness.mjs';

const missing = spawnSync('nginx', ['-v']).error ? 'nginx is not installed' : false;
let front, folder, nginx, token, table;

const freePort = () => new Promise((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

before(async () => {
  if (missing) return;
  folder = mkdtempSync(join(tmpdir(), 'ferry-front-'));
  chmodSync(folder, 0o755);
  const port = await freePort();
  writeFileSync(join(folder, 'nginx.conf'), readFileSync(new URL('../../rest/nginx.conf', import.meta.url), 'utf8')
    .replace('@PORT@', new URL(url).port).replace('@NGINX_PORT@', port));
  const options = ['-p', `${folder}/`, '-c', 'nginx.conf', '-e', join(folder, 'nginx.error.log')];
  execFileSync('nginx', [...options, '-t'], { stdio: 'pipe' });
  nginx = spawn('nginx', [...options, '-g', 'daemon off;'], { stdio: 'ignore' });
  front = `http://127.0.0.1:${port}`;
  for (let i = 0; i < 50 && !(await fetch(front).catch(() => null)); i++) await new Promise((done) => setTimeout(done, 100));
  token = await tokenFor('writer');
  table = makeTable('id integer PRIMARY KEY, word text NOT NULL');
});
after(() => {
  if (missing) return;
  nginx.kill();
  table.drop();
  rmSync(folder, { recursive: true });
});

const send = async (path, body) => {
  const response = await fetch(front + path, { method: 'POST', body, headers: { Authorization: `Bearer ${token}` } });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: JSON.parse(text) };
};

describe('nginx', { skip: missing }, () => {
  it('POST /tables/{table}/rows is insert_raw, mode and dry_run are arguments', async () => {
    assert.equal((await send(`/tables/${table.name}/rows`, '[{"id":1,"word":"a"},{"id":2}]')).status, 207);
    assert.equal((await send(`/tables/${table.name}/rows?mode=atomic`, '[{"id":3,"word":"a"},{"id":4}]')).status, 422);
    assert.equal((await send(`/tables/${table.name}/rows?dry_run=true`, '[{"id":5,"word":"a"}]')).status, 200);
    assert.equal((await send(`/tables/${table.name}/rows?mode=sideways`, '[{"id":6,"word":"a"}]')).status, 400);
    assert.equal(count(table.table), 1);
  });

  it('POST /tables/{table}/csv is import_csv', async () => {
    assert.equal((await send(`/tables/${table.name}/csv`, '11,a\n12,b\n')).status, 201);
    assert.equal((await send(`/tables/${table.name}/csv?mode=atomic`, '13,a\n14,\n')).status, 422);
    assert.equal((await send('/tables/no_such_table/csv', '1\n')).status, 404);
    assert.equal(count(table.table), 3);
    const options = 'delimiter=%3B&columns=word,id&null_string=no+word&encoding=LATIN1&reject_limit=0';
    assert.equal((await send(`/tables/${table.name}/csv?${options}`, Buffer.from('\xf1;21\nb;22\n', 'latin1'))).status, 201);
    assert.equal((await send(`/tables/${table.name}/csv?${options}`, 'no word;23\nb;24\n')).status, 422);
    assert.equal(count(table.table), 5);
    assert.equal(sql(`SELECT word FROM ${table.table} WHERE id = 21`), 'ñ');
  });

  it('400: arguments that are wrong, misspelt or no text, on both paths', async () => {
    for (const path of ['csv', 'rows']) {
      for (const query of ['dry_run=perhaps', 'dryrun=true', 'mode=%ff', 'mode=%00', 'mode=sideways', 'a%0d%0aX-Injected:%20yes=1']) {
        const answer = await send(`/tables/${table.name}/${path}?${query}`, path === 'csv' ? '31,a\n' : '[{"id":31,"word":"a"}]');
        assert.equal(answer.status, 400, `${path}?${query}: ${answer.text}`);
        assert.ok(isError(answer.body));
        assert.equal(answer.headers.get('x-injected'), null);
      }
    }
    assert.equal(count(table.table), 5);
  });

  it('GET /tables, /tables/{table}/dictionary and /tables/{table}/schema', async () => {
    const ask = async (path) => { const r = await fetch(front + path, { headers: { Authorization: `Bearer ${token}` } }); return { status: r.status, body: await r.json() }; };
    assert.ok((await ask('/tables')).body.some((t) => t.name === table.name));
    assert.deepEqual((await ask(`/tables?name=eq.${table.name}&select=name`)).body, [{ name: table.name }]);
    assert.deepEqual((await ask(`/tables/${table.name}/dictionary?select=column_name,ordinal&order=ordinal.desc`)).body,
      [{ column_name: 'word', ordinal: 2 }, { column_name: 'id', ordinal: 1 }]);
    assert.deepEqual((await ask(`/tables/${table.name}/schema`)).body.required, ['id', 'word']);
    assert.equal((await ask('/tables/no_such_table/schema')).status, 404);
  });

  it('POST /backups, GET /backups and /backups/{id}: made, listed, verified, downloaded, restored by /tables/{table}/avro', async () => {
    const headers = { Authorization: `Bearer ${await tokenFor('operator')}` };
    const made = await fetch(`${front}/backups`, { method: 'POST', headers: { ...headers, 'Content-Type': 'application/json' },
      body: JSON.stringify({ table_name: table.name }) });
    assert.equal(made.status, 201);
    const { backup_id: id, sha256, file, rows } = await made.json();
    const list = await fetch(`${front}/backups?backup_id=eq.${id}&select=backup_id,file`, { headers });
    assert.deepEqual([list.status, await list.json()], [200, [{ backup_id: id, file }]]);
    for (const [query, level] of [['', 'decode'], ['?level=restore', 'restore']]) {
      const answer = await fetch(`${front}/backups/${id}/verify${query}`, { method: 'POST', headers });
      const body = await answer.json();
      assert.deepEqual([answer.status, body.ok, body.level, body.checks.length], [200, true, level, level === 'restore' ? 4 : 2]);
    }
    for (const level of ['gaze', '%22%7D', '"}', 'null"'])
      assert.equal((await fetch(`${front}/backups/${id}/verify?level=${level}`, { method: 'POST', headers })).status, 400, level);
    const whole = await fetch(`${front}/backups/${id}/download`, { headers });
    const bytes = Buffer.from(await whole.arrayBuffer());
    assert.equal(whole.headers.get('content-disposition'), `attachment; filename="${file}"`);
    assert.equal(createHash('sha256').update(bytes).digest('hex'), sha256);
    assert.equal((await fetch(`${front}/backups/${id}/download?part=2`, { headers })).status, 404);
    assert.equal((await fetch(`${front}/backups/${id}/download?chunk=0`, { headers })).status, 200);
    assert.equal((await fetch(`${front}/backups/${id}x/download`, { headers })).status, 404);
    const back = (query) => fetch(`${front}/tables/${table.name}/avro${query}`, { method: 'POST', headers, body: bytes });
    const dry = await back('?dry_run=true');
    assert.deepEqual([dry.status, (await dry.json()).status], [200, 'dry run']);
    const upsert = await back('?mode=upsert');
    const answer = await upsert.json();
    assert.deepEqual([upsert.status, answer.mode, answer.inserted], [200, 'upsert', rows]);
    assert.equal((await back('')).status, 200);
    assert.equal((await back('?mode=sideways')).status, 400);
    // A dry run that is misspelt must not be the real thing.
    assert.equal((await back('?dryrun=true')).status, 400);
    assert.equal(count(table.table), rows);
  });

  it('GET /metrics/{metric} is the metric', async () => {
    const response = await fetch(`${front}/metrics/hires_by_quarter?year=999`, { headers: { Authorization: `Bearer ${token}` } });
    assert.deepEqual([response.status, await response.json()], [200, []]);
  });

  it('GET /report is the page, which finds its files from there', async () => {
    const response = await fetch(`${front}/report?year=2021`);
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-security-policy'), /default-src 'none'/);
    const [, script] = /<script src="([^"]+)"/.exec(await response.text());
    assert.equal((await fetch(new URL(script, `${front}/report?year=2021`))).status, 200);
  });

  it('GET /docs is the documentation, which finds its files from there, and GET /openapi.json what it shows', async () => {
    const page = await (await fetch(`${front}/docs`)).text();
    const files = [...page.matchAll(/(?:href|src)="(\.\.\/rpc\/[^"]+)"/g)].map((m) => m[1]);
    assert.ok(files.length >= 8, String(files.length));
    for (const file of files) assert.equal((await fetch(new URL(file, `${front}/docs`))).status, 200, file);
    assert.equal((await (await fetch(`${front}/openapi.json`)).json()).openapi, '3.1.0');
  });

  it('413: a body without measure, in the usual shape', async () => {
    const answer = await send(`/tables/${table.name}/csv`, Buffer.alloc(65 * 1024 * 1024, '1,a\n'));
    assert.equal(answer.status, 413);
    assert.ok(isError(answer.body));
  });

  it('429: logins and refreshes in a hurry, by whatever path, in the usual shape', async () => {
    const hurry = (path, body) => Promise.all(Array.from({ length: 15 }, () => fetch(front + path, { method: 'POST',
      headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })));
    for (const [path, body] of [['/rpc/login', { username: unique('nobody'), password: 'x' }], ['/rpc/refresh', { refresh_token: 'x' }],
      ['/metrics/login', { username: unique('nobody'), password: 'x' }], ['/rpc//%6cogin', {}], ['/metrics/refresh?x', { refresh_token: 'x' }]]) {
      const answers = await hurry(path, body);
      const refused = answers.filter((a) => a.status === 429 && a.headers.get('retry-after') === '1');
      assert.ok(refused.length >= 5, `${path}: ${refused.length}`);
      assert.ok(isError(await refused[0].json()));
    }
    // Others at the same time are not held up.
    assert.ok((await Promise.all(Array.from({ length: 15 }, () => fetch(`${front}/rpc/health`)))).every((a) => a.status === 200));
  });

  it('adds the header that errors of PostgreSQL lose', async () => {
    const response = await fetch(`${front}/departments`);
    assert.equal(response.status, 401);
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
    assert.equal(response.headers.get('server'), 'nginx');
  });
});
