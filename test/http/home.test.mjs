// GET /: a page for a browser, an OpenAPI document for a tool; and whether that document tells the truth.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { get, sql, tokenFor } from './harness.mjs';

describe('home', () => {
  const asBrowser = { headers: { Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8' } };

  it('is a page for a browser, under a strict content security policy', async () => {
    const answer = await get('/', asBrowser);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8');
    const policy = answer.headers.get('content-security-policy');
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.doesNotMatch(policy, /unsafe|\*|https?:/);
    assert.match(answer.text, /^<!doctype html>/);
    assert.doesNotMatch(answer.text, /<script>|<style|\son\w+=|\sstyle=|https?:\/\//, 'nothing inline, nothing from elsewhere');
  });

  it('answers 304 to a browser that has its files', async () => {
    for (const name of ['app.css', 'app.js', 'favicon.svg']) {
      const answer = await get(`/rpc/asset?name=${name}`);
      assert.equal(answer.status, 200, name);
      assert.match(answer.headers.get('content-type'), /^(text\/css; charset=utf-8|text\/javascript; charset=utf-8|image\/svg\+xml)$/);
      const again = await get(`/rpc/asset?name=${name}`, { headers: { 'If-None-Match': answer.headers.get('etag') } });
      assert.equal(again.status, 304, name);
    }
  });

  it('is an OpenAPI document for everyone else', async () => {
    for (const headers of [{}, { Accept: '*/*' }, { Accept: 'application/json' }]) {
      const answer = await get('/', { headers });
      assert.equal(answer.status, 200);
      assert.equal(answer.body.openapi, '3.1.0');
    }
  });
});

describe('the OpenAPI document', () => {
  it('names every route of the API and nothing else', async () => {
    const { paths } = (await get('/')).body;
    const routes = sql(`SELECT CASE proname WHEN 'root' THEN '/' ELSE '/rpc/' || proname END FROM pg_proc WHERE pronamespace = 'api'::regnamespace AND proname <> 'asset'
      UNION ALL SELECT '/' || relname FROM pg_class WHERE relnamespace = 'api'::regnamespace AND relkind = 'v'`).split('\n');
    assert.deepEqual(Object.keys(paths).sort(), routes.sort());
  });

  it('describes each operation: summary, description, answers, and security where a token is needed', async () => {
    const document = (await get('/')).body;
    const text = JSON.stringify(document);
    for (const [, name] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) assert.ok(name in document.components.schemas, name);
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        const what = `${method} ${path}`;
        assert.ok(operation.summary && operation.description && operation.operationId, what);
        assert.ok(Object.values(operation.responses).every((r) => r.description || r.$ref), what);
        const page = ['/', '/rpc/docs', '/rpc/openapi', '/rpc/report', '/rpc/health'].includes(path);
        const open = page || ['/rpc/login', '/rpc/refresh', '/rpc/logout'].includes(path);
        assert.equal(operation.security.length, open ? 0 : 1, what);
        assert.equal('401' in operation.responses, !page, what);
      }
    }
  });

  it('knows the columns: types, what is required', async () => {
    const { departments, hired_employees: hires } = (await get('/')).body.components.schemas;
    assert.deepEqual(departments.required, ['department']);
    assert.equal(departments.properties.id.type, 'integer');
    assert.equal(hires.properties.datetime.format, 'date-time');
    assert.deepEqual(hires.required.sort(), ['department_id', 'job_id', 'name']);
    const { rows } = (await get('/')).body.paths['/rpc/insert_batch'].post.requestBody.content['application/json'].schema.properties;
    assert.deepEqual([rows.minItems, rows.maxItems], [1, 1000]);
  });

  it('reads the same for a stranger and an operator', async () => {
    const token = await tokenFor('operator');
    assert.deepEqual((await get('/', { token })).body, (await get('/')).body);
  });
});

describe('health', () => {
  it('is open to all and never cached', async () => {
    const answer = await get('/rpc/health');
    assert.equal(answer.status, 200);
    assert.equal(answer.body.status, 'ok');
    assert.equal(answer.headers.get('cache-control'), 'no-store');
  });
});
