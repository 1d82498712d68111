// CSV files through import_csv: every byte reaches the engine, and the answer tells what became of each row.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { count, get, isError, makeTable, post, sql, tokenFor } from './harness.mjs';

let token, table;
before(async () => {
  token = await tokenFor('writer');
});
after(() => table?.drop());

const fresh = () => {
  table?.drop();
  table = makeTable('id integer PRIMARY KEY, word text NOT NULL');
};
const load = (body, headers = {}) => post('/rpc/import_csv', body, { token, headers: { 'X-Table': table.name, ...headers } });

describe('import_csv', () => {
  it('201: a clean file', async () => {
    fresh();
    const answer = await load('1,one\n2,two\n3,three');
    assert.equal(answer.status, 201, answer.text);
    assert.equal(answer.body.table, `public.${table.name}`);
    assert.equal(answer.body.status, 'loaded');
    assert.deepEqual([answer.body.received, answer.body.inserted, answer.body.rejected], [3, 3, 0]);
    assert.equal(answer.body.bytes, 19);
    assert.deepEqual(answer.body.errors, []);
    assert.equal(sql(`SELECT string_agg(word, ',' ORDER BY id) FROM ${table.table}`), 'one,two,three');
  });

  it('207: a file with a bad row tells its line and column and keeps the row in the log', async () => {
    fresh();
    const answer = await load('1,one\r\n2,\r\nx,three\r\n4,four\r\n');
    assert.equal(answer.status, 207, answer.text);
    assert.deepEqual([answer.body.received, answer.body.inserted, answer.body.rejected], [4, 2, 2]);
    assert.deepEqual(answer.body.errors.map((e) => [e.line, e.code]), [[2, 'not_null'], [3, 'type']]);
    assert.equal(answer.body.errors[0].column, 'word');
    const log = (await get(`/rejects?load_id=eq.${answer.body.load}&order=line_number`, { token })).body;
    assert.deepEqual(log.map((r) => r.raw.trimEnd()), ['2,', 'x,three']);
    const csv = await get(`/rejects?load_id=eq.${answer.body.load}&select=line_number,class&order=line_number`,
      { token, headers: { Accept: 'text/csv' } });
    assert.equal(csv.text.trim(), 'line_number,class\n2,not_null\n3,type');
  });

  it('422: nothing was loaded, and the log is kept', async () => {
    fresh();
    const answer = await load('x,one\ny,two\n', { 'X-Header': 'off' });
    assert.equal(answer.status, 422, answer.text);
    assert.deepEqual(Object.keys(answer.body).slice(0, 4), ['code', 'message', 'details', 'hint']);
    assert.equal(answer.body.details.length, 2);
    assert.equal((await get(`/rejects?load_id=eq.${answer.body.load}`, { token })).body.length, 2);
  });

  it('422: atomic mode loads nothing when one row is bad', async () => {
    fresh();
    const answer = await load('1,one\n2,\n', { 'X-Mode': 'atomic' });
    assert.equal(answer.status, 422, answer.text);
    assert.equal(answer.body.status, 'aborted');
    assert.equal(count(table.table), 0);
    assert.equal((await get(`/loads?load_id=eq.${answer.body.load}`, { token })).body[0].status, 'aborted');
  });

  it('200: a dry run loads nothing', async () => {
    fresh();
    const answer = await load('1,one\n2,\n', { 'X-Dry-Run': 'true' });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.body.dry_run, true);
    assert.equal(answer.body.rejected, 1);
    assert.equal(count(table.table), 0);
  });

  it('takes columns in another order and another delimiter, a tab too', async () => {
    fresh();
    assert.equal((await load('one;1\n', { 'X-Columns': 'word, id', 'X-Delimiter': ';' })).status, 201);
    assert.equal((await load('two\t2\n', { 'X-Columns': 'word,id', 'X-Delimiter': '\\t' })).status, 201);
    assert.equal(sql(`SELECT string_agg(id || word, ',' ORDER BY id) FROM ${table.table}`), '1one,2two');
  });

  it('has every option of the engine as a header', async () => {
    fresh();
    const date = makeTable('id integer PRIMARY KEY, word text, "on" date');
    sql(`GRANT UPDATE ON ${date.table} TO app_writer`);
    try {
      const send = (body, headers) => post('/rpc/import_csv', body, { token, headers: { 'X-Table': date.name, ...headers } });
      const latin = await send(Buffer.from("on;word;id\n31/12/2021;'Mu\xf1oz; \\'x\\'';1\nnone;b;2\n", 'latin1'),
        { 'X-Encoding': 'LATIN1', 'X-Delimiter': ';', 'X-Quote': "'", 'X-Escape': '\\', 'X-Null-String': 'none', 'X-Date-Format': 'DD/MM/YYYY', 'X-Header': 'on' });
      assert.equal(latin.status, 201, latin.text);
      assert.equal(sql(`SELECT string_agg(concat_ws('|', id, word, "on"), ' ' ORDER BY id) FROM ${date.table}`), "1|Muñoz; 'x'|2021-12-31 2|b");
      const skipped = await send('1,again,\n3,c,\n', { 'X-On-Conflict': 'skip' });
      assert.deepEqual([skipped.status, skipped.body.inserted, skipped.body.skipped, skipped.body.updated], [201, 1, 1, 0], skipped.text);
      const updated = await send('1,again,\n4,d,\n', { 'X-On-Conflict': 'update' });
      assert.deepEqual([updated.status, updated.body.inserted, updated.body.updated], [201, 2, 1], updated.text);
      const repaired = await send('5\n6,f,,,more\n', { 'X-Repair': 'salvage' });
      assert.deepEqual([repaired.status, repaired.body.inserted, repaired.body.repaired], [201, 2, 2], repaired.text);
      const share = await send('7,g,\nx,h,\ny,i,\n', { 'X-Reject-Percent': '50' });
      assert.deepEqual([share.status, share.body.status, share.body.inserted], [422, 'aborted', 0], share.text);
      const limit = await send('7,g,\nx,h,\ny,i,\n', { 'X-Reject-Limit': '1' });
      assert.deepEqual([limit.status, limit.body.status], [422, 'aborted'], limit.text);
      assert.equal((await get(`/rejects?load_id=eq.${share.body.load}`, { token })).body.length, 2, 'the log stays');
      const found = await send('id;word;on\r\n8;h;\r\n', { 'X-Delimiter': 'auto', 'X-Encoding': 'auto' });
      assert.equal(found.status, 201, found.text);
      assert.equal(count(date.table), 7);
    } finally {
      date.drop();
    }
  });

  it('tells names that need quoting as they were sent', async () => {
    const odd = makeTable('id integer PRIMARY KEY', 'An "odd" name');
    try {
      const answer = await post('/rpc/import_csv', '1\n', { token, headers: { 'X-Table': odd.name } });
      assert.deepEqual([answer.status, answer.body.table], [201, 'public.An "odd" name'], answer.text);
    } finally {
      odd.drop();
    }
  });

  it('gets every byte: a NUL spoils its row and not the rest of the file', async () => {
    fresh();
    const answer = await load(Buffer.from('1,one\n2,t\0wo\n3,three\n'));
    assert.equal(answer.status, 207, answer.text);
    assert.equal(answer.body.received, 3);
    assert.equal(sql(`SELECT string_agg(word, ',' ORDER BY id) FROM ${table.table}`), 'one,three');
  });

  it('shows rejected bytes that are not UTF-8 without failing', async () => {
    fresh();
    const answer = await load(Buffer.from('1,one\n2,Mu\xf1oz\n', 'latin1'));
    assert.equal(answer.status, 207, answer.text);
    const [reject] = (await get(`/rejects?load_id=eq.${answer.body.load}`, { token })).body;
    assert.equal(reject.raw.trimEnd(), '2,Mu\\361oz');
  });

  it('refuses an unknown table, mode, switch or number, in the usual shape', async () => {
    fresh();
    for (const [headers, status] of [[{ 'X-Table': 'no_such_table' }, 404], [{ 'X-Table': '' }, 400], [{ 'X-Mode': 'sideways' }, 400],
      [{ 'X-Dry-Run': 'maybe' }, 400], [{ 'X-Header': 'sometimes' }, 400], [{ 'X-Reject-Limit': 'many' }, 400], [{ 'X-Reject-Limit': '-1' }, 400],
      [{ 'X-Reject-Percent': '101' }, 400], [{ 'X-Reject-Percent': 'half' }, 400], [{ 'X-Encoding': 'EBCDIC' }, 400], [{ 'X-Date-Format': 'QQ' }, 400],
      [{ 'X-On-Conflict': 'ignore' }, 400], [{ 'X-Repair': 'all' }, 400], [{ 'X-Delimiter': 'ab' }, 400], [{ 'X-Quote': 'ab' }, 400],
      [{ 'X-Columns': 'id,nothing' }, 400]]) {
      const answer = await load('1,one\n', headers);
      assert.equal(answer.status, status, `${JSON.stringify(headers)}: ${answer.text}`);
      assert.ok(isError(answer.body));
      if (status === 400 && !headers['X-Columns']) assert.match(`${answer.body.message} ${answer.body.hint}`, new RegExp((Object.keys(headers)[0].slice(2).toLowerCase().replace('-', '.')), 'i'), 'it says which');
    }
    assert.equal(count(table.table), 0);
  });

  it('refuses other media types rather than lose half of the file', async () => {
    fresh();
    for (const type of ['text/csv', 'text/plain', 'multipart/form-data; boundary=x']) {
      const answer = await load('1,one\n2,two\n', { 'Content-Type': type });
      assert.ok([400, 404, 415].includes(answer.status), `${type}: ${answer.status}`);
      assert.ok(isError(answer.body));
    }
    assert.equal(count(table.table), 0);
  });
});
