// The log over HTTP: what is wrong with a load, its rejects with filters and as a file, and how they are mended, given up
// and loaded again; each by the roles that may.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { count, get, isError, makeTable, post, sql, tokenFor } from './harness.mjs';

const tokens = {};
let table;
before(async () => {
  for (const role of ['reader', 'writer', 'operator']) tokens[role] = await tokenFor(role);
});
after(() => table?.drop());

const fresh = (columns = 'id integer PRIMARY KEY, word text NOT NULL, "on" date') => {
  table?.drop();
  table = makeTable(columns);
};
const load = async (body, headers = {}, token = tokens.writer) => {
  const answer = await post('/rpc/import_csv', body, { token, headers: { 'X-Table': table.name, ...headers } });
  return { ...answer.body, status: answer.status };
};
const rejectsOf = (load, token = tokens.writer) =>
  sql(`SELECT string_agg(reject_id::text, ',' ORDER BY reject_id) FROM ferry.rejects WHERE load_id = ${load}`).split(',').map(Number);
const statusOf = (reject) => sql(`SELECT status FROM ferry.rejects WHERE reject_id = ${reject}`);
const ask = (path, role = 'writer', headers = {}) => get(path, { token: tokens[role], headers });
const send = (path, body, role = 'writer') => post(path, body, { token: tokens[role] });

describe('rejects and loads', () => {
  it('are filtered, ordered, paged, counted, and CSV', async () => {
    fresh();
    const { load: number } = await load('1,one,\nx,two,\n3,,\n4,four,nodate\ny,,\n');
    const all = await ask(`/rejects?load_id=eq.${number}&select=record_number,ordinal,class&order=record_number.desc,ordinal`);
    assert.deepEqual(all.body.map((r) => r.record_number), [5, 5, 4, 3, 2]);
    const types = await ask(`/rejects?load_id=eq.${number}&class=eq.not_null&select=line_number,column_name&order=line_number`);
    assert.deepEqual(types.body, [{ line_number: 3, column_name: 'word' }, { line_number: 5, column_name: 'word' }]);
    const page = await ask(`/rejects?load_id=eq.${number}&order=record_number,ordinal&limit=2&offset=1&select=record_number`, 'writer', { Prefer: 'count=exact' });
    assert.equal(page.status, 206);
    assert.equal(page.headers.get('content-range'), '1-2/5');
    assert.deepEqual(page.body.map((r) => r.record_number), [3, 4]);
    const csv = await ask(`/rejects?load_id=eq.${number}&record_number=eq.4&select=record_number,value,raw`, 'writer', { Accept: 'text/csv' });
    assert.equal(csv.headers.get('content-type'), 'text/csv; charset=utf-8');
    assert.equal(csv.text.trim(), 'record_number,value,raw\n4,nodate,"4,four,nodate"');
    const loads = await ask(`/loads?load_id=eq.${number}&select=status,rows_read,rows_loaded,rows_rejected,loaded_by,options->>delimiter`);
    assert.deepEqual(loads.body, [{ status: 'partial', rows_read: 5, rows_loaded: 1, rows_rejected: 4, loaded_by: 'app_writer', delimiter: ',' }]);
    const bad = await ask('/rejects?no_such_column=eq.1');
    assert.ok(bad.status === 400 && isError(bad.body), bad.text);
    assert.equal((await ask(`/rejects?load_id=eq.${number}&order=nothing`)).status, 400);
  });
});

describe('reject_summary', () => {
  it('200: groups with a proposal', async () => {
    fresh();
    const { load: number } = await load('x,one,\ny,two,\n3,three,31/12/2021\n');
    const answer = await ask(`/rpc/reject_summary?load_id=${number}`);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.body.map((g) => [g.class, g.column_name, g.rows]), [['type', 'id', 2], ['type', 'on', 1]]);
    assert.match(answer.body[1].proposal, /date_format => 'DD\/MM\/YYYY'/);
    const csv = await ask(`/rpc/reject_summary?load_id=${number}&select=column_name,rows&order=rows`, 'writer', { Accept: 'text/csv' });
    assert.equal(csv.text.trim(), 'column_name,rows\non,1\nid,2');
  });
});

describe('reject_fields', () => {
  const fields = async (reject) => {
    const answer = await ask(`/rpc/reject_fields?reject_id=${reject}`);
    assert.equal(answer.status, 200, answer.text);
    return answer.body;
  };

  it('200: a row of CSV, each field with its value and its errors', async () => {
    fresh();
    const { load: number } = await load('on;word;id\nnever;"a ""b""; c";x\n', { 'X-Delimiter': ';' });
    const [reject] = rejectsOf(number);
    const found = await fields(reject);
    assert.deepEqual(found.map((f) => [f.position, f.column_name, f.column_type, f.value]),
      [[1, 'on', 'date', 'never'], [2, 'word', 'text', 'a "b"; c'], [3, 'id', 'integer', 'x']]);
    assert.deepEqual(found.map((f) => f.errors.length), [1, 0, 1]);
    const [error] = found[2].errors;
    assert.deepEqual([error.column, error.code, error.sqlstate, error.value], ['id', 'type', '22P02', 'x']);
    assert.match(error.message, /invalid input syntax for type integer/);
  });

  it('200: rows of other encodings, of too few fields, and of JSON', async () => {
    fresh();
    const latin = await load(Buffer.from('x,Mu\xf1oz,\n', 'latin1'), { 'X-Encoding': 'LATIN1' });
    assert.equal((await fields(rejectsOf(latin.load)[0]))[1].value, 'Muñoz');
    const short = await load('9\n');
    assert.deepEqual((await fields(rejectsOf(short.load)[0])).map((f) => f.value), ['9', null, null]);
    const json = (await send('/rpc/insert_batch', { table_name: table.name, rows: [{ word: 'w', id: 'x', other: 1 }, 5] })).body;
    const [object, number] = rejectsOf(json.load);
    const found = await fields(object);
    assert.deepEqual(found.map((f) => [f.column_name, f.value]), [['id', 'x'], ['word', 'w'], ['on', null]]);
    assert.deepEqual(found.map((f) => f.errors.length), [1, 0, 0]);
    assert.deepEqual((await fields(number)).map((f) => f.value), [null, null, null], 'no object, no fields');
  });

  it('gives what goes in once it is mended', async () => {
    fresh();
    const [reject] = rejectsOf((await load('x,one,2021-12-31\n')).load);
    const row = Object.fromEntries((await fields(reject)).map((f) => [f.column_name, f.value]));
    assert.equal((await send('/rpc/fix_reject', { reject_id: reject, row: { ...row, id: '7' } })).status, 200);
    assert.equal(sql(`SELECT word || "on" FROM ${table.table} WHERE id = 7`), 'one2021-12-31');
  });
});

describe('fix_reject and dismiss_reject', () => {
  let rejects;
  before(async () => {
    fresh();
    rejects = rejectsOf((await load('1,one,\nx,two,\n3,,\n4,four,never\n')).load);
  });

  it('422: a row that is still bad is told why, and the reject stays open', async () => {
    const answer = await send('/rpc/fix_reject', { reject_id: rejects[0], row: { id: 'y', word: null } });
    assert.equal(answer.status, 422, answer.text);
    assert.ok(isError(answer.body));
    assert.equal(answer.body.code, 'BATCH_INVALID');
    assert.deepEqual(answer.body.details.map((e) => [e.column, e.code]), [['id', 'type'], ['word', 'not_null']]);
    assert.equal(statusOf(rejects[0]), 'open');
    assert.equal((await ask(`/loads?load_id=eq.${answer.body.load}`)).body.length, 1, 'the try is in the log');
  });

  it('200: a good row goes in, once', async () => {
    const fix = () => send('/rpc/fix_reject', { reject_id: rejects[0], row: { id: 2, word: 'two' } });
    const answer = await fix();
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual([answer.body.inserted, answer.body.keys], [1, [2]]);
    assert.equal(statusOf(rejects[0]), 'fixed');
    const again = await fix();
    assert.equal(again.status, 409);
    assert.ok(isError(again.body));
    assert.equal(count(table.table), 2);
  });

  it('204: dismissed, with the reason; not twice', async () => {
    const dismiss = () => send('/rpc/dismiss_reject', { reject_id: rejects[1], reason: 'nobody knows "it"' });
    const answer = await dismiss();
    assert.equal(answer.status, 204, answer.text);
    assert.equal(answer.text, '');
    assert.equal(sql(`SELECT status || ': ' || note FROM ferry.rejects WHERE reject_id = ${rejects[1]}`), 'dismissed: nobody knows "it"');
    assert.equal((await dismiss()).status, 409);
    assert.equal((await send('/rpc/dismiss_reject', { reject_id: rejects[2] })).status, 204, 'a reason is not needed');
  });

  it('400: no object, or nothing', async () => {
    fresh();
    const [reject] = rejectsOf((await load('1,one,\nx,two,\n')).load);
    assert.equal((await send('/rpc/fix_reject', { reject_id: reject, row: 5 })).status, 422, 'a row that is no object is a bad row');
    for (const body of [{ reject_id: reject, row: null }, { reject_id: null, row: {} }, { reject_id: 'x', row: {} }]) {
      const answer = await send('/rpc/fix_reject', body);
      assert.equal(answer.status, 400, `${JSON.stringify(body)}: ${answer.text}`);
      assert.ok(isError(answer.body));
    }
    assert.equal(statusOf(reject), 'open');
  });
});

describe('replay', () => {
  it('200, then 201: tried, then done with the option that reads the rows', async () => {
    fresh();
    const { load: number } = await load('1,one,2021-12-31\n2,two,31/12/2021\n3,three,30/12/2021\n');
    const options = { load_id: number, date_format: 'DD/MM/YYYY' };
    const tried = await send('/rpc/replay', { ...options, dry_run: true });
    assert.equal(tried.status, 200, tried.text);
    assert.deepEqual([tried.body.dry_run, tried.body.received, tried.body.inserted, tried.body.rejected], [true, 2, 2, 0]);
    assert.equal(count(table.table), 1);
    const done = await send('/rpc/replay', options);
    assert.equal(done.status, 201, done.text);
    assert.deepEqual([done.body.inserted, done.body.table, done.body.status, done.body.errors], [2, `public.${table.name}`, 'loaded', []]);
    assert.equal(count(table.table), 3);
    assert.deepEqual(rejectsOf(number).map(statusOf), ['reloaded', 'reloaded']);
  });

  it('207: what is left over is told, and open', async () => {
    fresh();
    sql(`ALTER TABLE ${table.table} ADD CHECK (word <> '-')`);
    const bad = await load('5,five,\n6,-,\ny,seven,\n');
    assert.equal(bad.status, 207);
    sql(`ALTER TABLE ${table.table} DROP CONSTRAINT ${table.name}_word_check`);
    const answer = await send('/rpc/replay', { load_id: bad.load });
    assert.equal(answer.status, 207, answer.text);
    assert.deepEqual([answer.body.received, answer.body.inserted, answer.body.rejected], [2, 1, 1]);
    assert.deepEqual(answer.body.errors.map((e) => [e.line, e.column, e.value]), [[3, 'id', 'y']]);
    assert.deepEqual(rejectsOf(bad.load).map(statusOf), ['reloaded', 'open']);
  });

  it('422: nothing went in, all or nothing, or no row was good; the log is kept', async () => {
    fresh();
    const { load: number } = await load('1,one,\nx,two,\n3,three,31/12/2021\n');
    for (const body of [{ load_id: number }, { load_id: number, date_format: 'DD/MM/YYYY', on_error: 'abort' }]) {
      const answer = await send('/rpc/replay', body);
      assert.equal(answer.status, 422, answer.text);
      assert.ok(isError(answer.body));
      assert.equal(answer.body.inserted, 0);
      assert.ok(answer.body.errors.some((e) => e.column === 'id' && e.value === 'x'), answer.text);
      assert.equal((await ask(`/loads?load_id=eq.${answer.body.load}`)).body.length, 1);
    }
    assert.deepEqual(rejectsOf(number).map(statusOf), ['open', 'open']);
  });

  it('takes texts for null as an array', async () => {
    fresh();
    const { load: number } = await load('1,one,\n2,two,N/A\n3,three,-\n');
    const answer = await send('/rpc/replay', { load_id: number, also_null: ['N/A', '-'] });
    assert.equal(answer.status, 201, answer.text);
    assert.equal(answer.body.inserted, 2);
  });

  it('400 or 409: wrong options, and loads that cannot be replayed', async () => {
    fresh();
    const { load: number } = await load('1,one,\nx,two,\n');
    const aborted = await load('8,one,\nx,two,\n', { 'X-Mode': 'atomic' });
    for (const [body, status] of [[{ load_id: number, encoding: 'EBCDIC' }, 400], [{ load_id: number, on_error: 'sometimes' }, 400],
      [{ load_id: number, delimiter: 'ab' }, 400], [{ load_id: number, date_format: 'QQ' }, 400], [{ load_id: null }, 400],
      [{ load_id: aborted.load }, 409], [{ load_id: number, wrong: 1 }, 404]]) {
      const answer = await send('/rpc/replay', body);
      assert.equal(answer.status, status, `${JSON.stringify(body)}: ${answer.text}`);
      assert.ok(isError(answer.body));
    }
  });
});

describe('export_rejects', () => {
  it('is a CSV file that goes in once it is mended', async () => {
    fresh();
    const { load: number } = await load(Buffer.from('on;word;id\n;Mu\xf1oz;x\n;two;2\n;"a;b";y\n', 'latin1'), { 'X-Delimiter': ';', 'X-Encoding': 'LATIN1' });
    for (const accept of ['*/*', 'text/csv', 'text/html,application/xhtml+xml,*/*;q=0.8']) {
      const answer = await ask(`/rpc/export_rejects?load_id=${number}`, 'writer', { Accept: accept });
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.headers.get('content-type'), 'text/csv; charset=iso-8859-1');
      assert.equal(answer.headers.get('content-disposition'), `attachment; filename="rejects_${number}.csv"`);
      assert.equal(answer.bytes.toString('latin1'), 'on;word;id\n;Mu\xf1oz;x\n;"a;b";y\n');
    }
    const file = (await ask(`/rpc/export_rejects?load_id=${number}&status=open`)).bytes.toString('latin1').replace('x', '7').replace('y', '8');
    assert.equal((await load(Buffer.from(file, 'latin1'), { 'X-Delimiter': ';', 'X-Encoding': 'LATIN1' })).status, 201);
    assert.equal(sql(`SELECT word FROM ${table.table} WHERE id = 7`), 'Muñoz');
    assert.equal((await ask(`/rpc/export_rejects?load_id=${number}&status=fixed`)).bytes.length > 0, true);
    const wrong = await ask(`/rpc/export_rejects?load_id=${number}&status=lost`);
    assert.ok(wrong.status === 400 && isError(wrong.body), wrong.text);
  });

  it('is an array for rows of JSON', async () => {
    fresh();
    const batch = (await send('/rpc/insert_batch', { table_name: table.name, rows: [{ id: 1, word: 'a' }, { id: 2 }] })).body;
    const answer = await ask(`/rpc/export_rejects?load_id=${batch.load}`);
    assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8');
    assert.equal(answer.headers.get('content-disposition'), `attachment; filename="rejects_${batch.load}.json"`);
    assert.deepEqual(JSON.parse(answer.text), [{ id: 2 }]);
  });
});

describe('whose log it is', () => {
  let mine, theirs;
  before(async () => {
    fresh();
    mine = await load('1,one,\nx,two,\n');
    theirs = await load('2,one,\nx,two,\n', {}, tokens.operator);
  });
  const routes = (number, reject) => [['GET', `/rpc/reject_summary?load_id=${number}`], ['GET', `/rpc/reject_fields?reject_id=${reject}`],
    ['GET', `/rpc/export_rejects?load_id=${number}`], ['POST', '/rpc/replay', { load_id: number, dry_run: true }],
    ['POST', '/rpc/fix_reject', { reject_id: reject, row: { id: 'x', word: 'x' } }]];
  const statuses = async (role, number, reject) => {
    const found = [];
    for (const [method, path, body] of routes(number, reject)) {
      const answer = method === 'GET' ? await ask(path, role) : await send(path, body, role);
      if (answer.status >= 400) assert.ok(isError(answer.body), answer.text);
      found.push(answer.status);
    }
    return found;
  };

  it('a writer mends what writers loaded, and knows of nothing else', async () => {
    assert.deepEqual(await statuses('writer', mine.load, rejectsOf(mine.load)[0]), [200, 200, 200, 200, 422]);
    assert.deepEqual(await statuses('writer', theirs.load, rejectsOf(theirs.load)[0]), [404, 404, 404, 404, 404]);
    const dismissal = await send('/rpc/dismiss_reject', { reject_id: rejectsOf(theirs.load)[0], reason: 'mine now' });
    assert.equal(dismissal.status, 404);
    assert.equal(statusOf(rejectsOf(theirs.load)[0]), 'open');
  });

  it('an operator mends both, and sees but does not mend those of others', async () => {
    for (const one of [mine, theirs]) assert.deepEqual(await statuses('operator', one.load, rejectsOf(one.load)[0]), [200, 200, 200, 200, 422]);
    const other = Number(sql(`SELECT load_id FROM ferry.migrate_csv_data('${table.table}', convert_to(E'9,nine,\\nx,two,\\n', 'UTF8'))`));
    assert.deepEqual(await statuses('operator', other, rejectsOf(other)[0]), [200, 200, 200, 403, 403]);
  });

  it('a writer without a right on the table mends nothing in it', async () => {
    sql(`REVOKE INSERT ON ${table.table} FROM app_writer`);
    const [reject] = rejectsOf(mine.load);
    assert.equal((await send('/rpc/fix_reject', { reject_id: reject, row: { id: 5, word: 'x' } })).status, 403);
    assert.equal((await send('/rpc/replay', { load_id: mine.load })).status, 403);
    assert.equal(statusOf(reject), 'open');
  });
});
