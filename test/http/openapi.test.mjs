// The OpenAPI document is valid, and it is true: its examples are sent, and every answer is held against the schema of its
// status. Then Swagger UI over it, in a browser.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { lintFromString, loadConfig } from '@redocly/openapi-core';
import Ajv from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { Browser, missing } from './browser.mjs';
import { addUser, call, get, isError, post, sql, unique, url } from './harness.mjs';

const { body: document } = await get('/rpc/openapi');
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), ...operation })));
const operationNamed = Object.fromEntries(operations.map((o) => [o.operationId, o]));
const examples = JSON.parse(sql('SELECT json_agg(e ORDER BY operation, name) FROM rest.examples e'));

describe('the OpenAPI document', () => {
  it('is valid by the rules of Redocly, none left as a warning', async () => {
    const config = await loadConfig({ configPath: fileURLToPath(new URL('redocly.yaml', import.meta.url)) });
    const problems = await lintFromString({ source: JSON.stringify(document), absoluteRef: '/openapi.json', config });
    assert.deepEqual(problems.map((p) => `${p.ruleId}: ${p.message} ${p.location[0]?.pointer ?? ''}`), []);
  });

  it('shows an example of every request that takes something', () => {
    const shown = (o) => o.requestBody ? Object.values(o.requestBody.content).every((c) => c.examples)
      : !o.parameters.some((p) => p.required) || o.parameters.some((p) => p.examples);
    assert.deepEqual(operations.filter((o) => !shown(o)).map((o) => o.operationId), []);
  });

  it('knows defaults, choices and limits of options', () => {
    const { properties, required } = operationNamed.insert_batch.requestBody.content['application/json'].schema;
    assert.deepEqual(required, ['table_name', 'rows']);
    assert.deepEqual([properties.mode.default, properties.mode.enum], ['partial', ['partial', 'atomic']]);
    assert.deepEqual(properties.dry_run, { type: 'boolean', default: false, description: properties.dry_run.description });
    const year = operationNamed.mean_hires.parameters.find((p) => p.name === 'year');
    assert.deepEqual([year.in, year.required, year.schema.type, year.schema.default], ['query', false, 'integer', 2021]);
    assert.deepEqual(operationNamed.mean_hires.parameters.filter((p) => p.$ref).length, 4, 'lists are ordered and paged');
    assert.deepEqual(operationNamed.restore_table.requestBody.content['application/json'].schema.properties.mode.default, 'replace');
  });

  it('says of each answer what its headers are, and of each error its shape', () => {
    const resolve = (value) => value.$ref ? value.$ref.slice(2).split('/').reduce((at, key) => at[key], document) : value;
    for (const { operationId, security, responses } of operations) {
      for (const [status, response] of Object.entries(responses).map(([s, r]) => [Number(s), resolve(r)])) {
        if (status >= 400) assert.ok(response.content['application/json'].schema, `${operationId} ${status}`);
        if (status === 429 || status === 503) assert.ok(response.headers['Retry-After'], `${operationId} ${status}`);
        if (status === 204 || status === 304) assert.equal(response.content, undefined, operationId);
      }
      for (const status of security.length > 0 ? [401, 403, 503] : [503]) assert.ok(responses[status], `${operationId} ${status}`);
    }
  });

  it('is what a browser has when it has it', async () => {
    for (const path of ['/rpc/openapi', '/']) {
      const etag = (await get(path)).headers.get('etag');
      const again = await get(path, { headers: { 'If-None-Match': etag } });
      assert.deepEqual([again.status, again.text], [304, ''], path);
      assert.equal(again.headers.get('cache-control'), 'no-cache');
    }
  });
});

describe('types in the document', () => {
  const schema = (type) => JSON.parse(sql(`SELECT rest.type_schema(${type}::regtype)`));
  const name = unique('t');
  before(() => sql(`CREATE TYPE public.${name}_mood AS ENUM ('calm', 'rough');
    CREATE DOMAIN public.${name}_small AS smallint; CREATE TYPE public.${name}_pair AS (a integer, b text[])`));
  after(() => sql(`DROP TYPE public.${name}_mood, public.${name}_pair; DROP DOMAIN public.${name}_small`));

  it('are those of JSON: enums, domains, composites, arrays, ranges', () => {
    assert.deepEqual(schema(`'public.${name}_mood'`), { type: 'string', enum: ['calm', 'rough'] });
    assert.deepEqual(schema(`'public.${name}_small[]'`), { type: 'array', items: { type: 'integer', format: 'int32' } });
    assert.deepEqual(schema(`'public.${name}_pair'`), { type: 'object', properties: {
      a: { type: 'integer', format: 'int32' }, b: { type: 'array', items: { type: 'string' } } } });
    assert.equal(schema("'int4range'").type, 'string');
  });
});

describe('the examples', () => {
  const ajv = new Ajv({ strict: false, allErrors: true });
  formats(ajv);
  ajv.addSchema(document, 'document');
  const escape = (part) => part.replaceAll('~', '~0').replaceAll('/', '~1');
  const operator = addUser('operator');
  let departments;
  let session;

  // Ids of an example that stand for something this database must have first.
  async function makeReal(example) {
    const token = session.access_token;
    const values = { ana: operator.name, 'correct horse battery staple': operator.password };
    const text = JSON.stringify([example.parameters, example.request]);
    if (text.includes('oLw3bDjCv0Fz')) {
      values.oLw3bDjCv0Fz = (await post('/rpc/login', { username: operator.name, password: operator.password })).body.refresh_token;
    }
    if (/"(?:reject_id|load_id)"/.test(text)) {
      const csv = 'name,datetime,department_id,job_id\nKeldor Una,2021-02-30T08:00:00Z,9001,9001\n';
      const headers = { 'X-Table': 'hired_employees', 'X-Header': 'on' };
      const { load } = (await post('/rpc/import_csv', csv, { token, headers })).body;
      values[9] = load;
      values['eq.9'] = `eq.${load}`;
      values[17] = (await get(`/rejects?load_id=eq.${load}`, { token })).body[0].reject_id;
    }
    if (text.includes('1777881600000000')) {
      const { body } = await post('/rpc/backup_table', { table_name: 'departments' }, { token });
      values['1777881600000000'] = String(body.backup_id);
    }
    const real = (value) => value !== null && typeof value === 'object'
      ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, Array.isArray(v) ? v.map(real) : real(v)]))
      : values[value] ?? value;
    return { parameters: real(example.parameters), request: example.request === null ? undefined : real(example.request) };
  }

  function send(operation, { parameters, request }, token) {
    const place = (name) => operation.parameters.find((p) => p.name === name)?.in ?? 'query';
    const query = new URLSearchParams();
    const headers = {};
    for (const [name, value] of Object.entries(parameters)) {
      if (place(name) === 'header') headers[name] = String(value);
      else query.set(name, value);
    }
    const search = query.size > 0 ? `?${query}` : '';
    return call(operation.method, operation.path + search, { token, headers, body: request });
  }

  // The schema of the status describes the answer, and knows every key of it.
  function holds(operation, answer) {
    const what = `${operation.operationId} ${answer.status} ${answer.text.slice(0, 300)}`;
    const pointer = `document#/paths/${escape(operation.path)}/${operation.method.toLowerCase()}/responses/${answer.status}`;
    let response = operation.responses[answer.status];
    assert.ok(response, `no such status: ${what}`);
    let at = pointer;
    if (response.$ref) {
      at = `document${response.$ref}`;
      response = document.components.responses[response.$ref.split('/').pop()];
    }
    if (!response.content || answer.text === '') return;
    const media = answer.headers.get('content-type').split(';')[0];
    assert.ok(media in response.content, `${media}: ${what}`);
    if (media !== 'application/json') return;
    const validate = ajv.compile({ $ref: `${at}/content/${escape(media)}/schema` });
    assert.ok(validate(answer.body), `${what}: ${ajv.errorsText(validate.errors)}`);
    const name = response.content[media].schema.$ref?.split('/').pop();
    const known = document.components.schemas[name]?.properties;
    if (known && name !== 'OpenAPI') assert.deepEqual(Object.keys(answer.body).filter((key) => !(key in known)), [], what);
  }

  before(async () => {
    departments = unique('Engineering');
    sql(`INSERT INTO public.departments (id, department) VALUES (9001, '${departments}');
      INSERT INTO public.jobs (id, job) VALUES (9001, 'Recruiter')`);
    session = (await post('/rpc/login', { username: operator.name, password: operator.password })).body;
  });
  after(() => sql(`DELETE FROM public.hired_employees WHERE department_id BETWEEN 9001 AND 9299;
    DELETE FROM public.departments WHERE id BETWEEN 9001 AND 9299; DELETE FROM public.jobs WHERE id BETWEEN 9001 AND 9299`));

  for (const example of examples.filter((e) => e.operation in operationNamed)) {
    const operation = operationNamed[example.operation];
    it(`${example.operation}, ${example.name}: ${example.status}, as documented`, async () => {
      assert.ok(operation.responses[example.status], 'the status of the example is documented');
      const request = await makeReal(example);
      // Logging out ends the token, so that example has one of its own.
      const { access_token: token } = operation.operationId === 'logout'
        ? (await post('/rpc/login', { username: operator.name, password: operator.password })).body : session;
      const answer = await send(operation, request, operation.security.length > 0 ? token : undefined);
      assert.equal(answer.status, example.status, answer.text);
      holds(operation, answer);
      if (example.media === 'application/json' && example.answer !== null && !Array.isArray(example.answer)) {
        assert.deepEqual(Object.keys(example.answer).filter((key) => !(key in answer.body)), [], 'the answer has the keys of the example');
        for (const key of ['code', 'message', 'hint', 'received', 'inserted', 'rejected', 'dry_run'].filter((k) => !example.operation.startsWith('restore') && k in example.answer)) {
          assert.deepEqual(answer.body[key], example.answer[key], key);
        }
      }
    });

    if (operation.security.length > 0 && example.status < 400) {
      it(`${example.operation}, ${example.name}: 401 for a stranger`, async () => {
        const answer = await send(operation, { parameters: example.parameters, request: example.request ?? undefined });
        assert.equal(answer.status, 401, answer.text);
        assert.ok(isError(answer.body));
        holds(operation, answer);
      });
    }
  }

  it('routes without one that are only read answer as documented too', async () => {
    const shown = new Set(examples.map((e) => e.operation));
    for (const operation of operations.filter((o) => !shown.has(o.operationId) && o.method === 'GET')) {
      const answer = await send(operation, { parameters: {} }, operation.security.length > 0 ? session.access_token : undefined);
      assert.equal(answer.status, 200, `${operation.operationId} ${answer.text}`);
      holds(operation, answer);
    }
  });
});

describe('the documentation as a page', { skip: missing }, () => {
  let browser;
  before(async () => { browser = await Browser.start(); });
  after(() => browser?.stop());

  it('is under a strict content security policy, and names files that are served, licences among them', async () => {
    const answer = await get('/rpc/docs');
    assert.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8');
    const policy = answer.headers.get('content-security-policy');
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';/);
    assert.doesNotMatch(policy, /unsafe|\*|https?:/);
    assert.doesNotMatch(answer.text, /<script>|<style|\son\w+=|\sstyle=|https?:\/\//, 'nothing inline, nothing from elsewhere');
    const files = [...answer.text.matchAll(/(?:href|src)="\.\.(\/rpc\/asset[^"]+)"/g)].map((m) => m[1]);
    assert.equal(files.length, 8);
    for (const file of files) {
      const { status, headers } = await get(file);
      assert.deepEqual([status, headers.get('cache-control')], [200, 'no-cache'], file);
      const again = await get(file, { headers: { 'If-None-Match': headers.get('etag') } });
      assert.equal(again.status, 304, file);
    }
  });

  it('lists every operation, follows the colours of the system, and the browser has nothing to complain of', async () => {
    await browser.open(`${url}/rpc/docs`);
    await browser.until(`document.querySelectorAll('.opblock').length === ${operations.length}`);
    const isDark = `document.documentElement.classList.contains('dark-mode')`;
    for (const [value, dark] of [['dark', true], ['light', false]]) {
      await browser.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value }] });
      await browser.until(`${isDark} === ${dark}`);
    }
    assert.deepEqual(browser.complaints, []);
  });

  it('shows the examples of an operation', async () => {
    await browser.look(`document.querySelector('#operations-rows-insert_batch .opblock-summary-control').click()`);
    await browser.until(`document.querySelector('#operations-rows-insert_batch .examples-select__select, #operations-rows-insert_batch .examples-select select')?.options.length >= 5`);
    assert.match(await browser.look(`document.querySelector('#operations-rows-insert_batch').innerText`), /BATCH_INVALID|Bova Telin|Quality/);
  });

  it('takes a token and sends requests with it', async () => {
    const user = addUser('reader');
    const { access_token: token } = (await post('/rpc/login', { username: user.name, password: user.password })).body;
    await browser.look(`document.querySelector('.auth-wrapper .authorize').click()`);
    await browser.until(`!!document.querySelector('.auth-container input')`);
    await browser.look(`(() => {
      const input = document.querySelector('.auth-container input');
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(input, ${JSON.stringify(token)});
      input.dispatchEvent(new Event('input', { bubbles: true }));
      document.querySelector('.auth-btn-wrapper .authorize').click();
    })()`);
    await browser.until(`!!document.querySelector('.auth-btn-wrapper .btn-done')`);
    await browser.look(`document.querySelector('.auth-btn-wrapper .btn-done').click()`);
    const at = '#operations-metrics-mean_hires';
    await browser.look(`document.querySelector('${at} .opblock-summary-control').click()`);
    await browser.until(`!!document.querySelector('${at} .try-out__btn')`);
    await browser.look(`document.querySelector('${at} .try-out__btn').click()`);
    await browser.until(`!!document.querySelector('${at} .execute')`);
    await browser.look(`document.querySelector('${at} .execute').click()`);
    await browser.until(`document.querySelector('${at} .live-responses-table tbody .response-col_status')?.innerText.startsWith('200')`);
    assert.match(await browser.look(`document.querySelector('${at} .live-responses-table').innerText`), /mean_of_hiring/);
    assert.deepEqual(browser.complaints, []);
  });
});
