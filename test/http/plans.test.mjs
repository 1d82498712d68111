// Rights in plans that PostgREST keeps: what one role was allowed says nothing for the next on the same connection.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { makeTable, post, sql, tokenFor } from './harness.mjs';

describe('a plan that is kept', () => {
  let table;
  let token;
  before(async () => {
    table = makeTable('id integer PRIMARY KEY');
    token = await tokenFor('writer');
  });
  after(() => table.drop());

  it('does not carry the right of one role over to another', async () => {
    const send = (who) => post('/rpc/insert_batch', { table_name: table.name, rows: [{ id: 1 }], dry_run: true }, { token: who });
    // Often enough for every connection of the pool to have a generic plan.
    for (let i = 0; i < 12; i++) {
      const answers = await Promise.all(Array.from({ length: 10 }, () => send(token)));
      assert.ok(answers.every((a) => a.status === 200));
    }
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(undefined)));
    assert.deepEqual([...new Set(answers.map((a) => a.status))], [401]);
  });

  it('has no route inlined', () => {
    assert.equal(sql(`SELECT string_agg(p.oid::regprocedure::text, ' ') FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
      WHERE p.pronamespace = 'api'::regnamespace AND l.lanname = 'sql' AND p.proconfig IS NULL AND NOT p.prosecdef`), '');
  });
});
