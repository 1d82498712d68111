// Who gets in: login, lockout, and every token that must not work.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addUser, call, get, goodClaims, isError, literal, logIn, now, post, sign, sql, unique } from './harness.mjs';

const decode = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));

describe('login', () => {
  it('answers with a token of fifteen minutes that says who, what for and until when', async () => {
    const user = addUser('writer');
    const answer = await post('/rpc/login', { username: user.name, password: user.password });
    assert.equal(answer.status, 200);
    assert.equal(answer.body.token_type, 'Bearer');
    assert.equal(answer.body.expires_in, 900);
    assert.equal(answer.body.role, 'app_writer');
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    const claims = decode(answer.body.access_token);
    assert.equal(claims.sub, user.name);
    assert.equal(claims.role, 'app_writer');
    assert.equal(claims.aud, 'pg_ferry');
    assert.equal(claims.exp - claims.iat, 900);
    assert.match(claims.jti, /^[0-9a-f-]{36}$/);
    assert.equal((await get('/departments?limit=1', { token: answer.body.access_token })).status, 200);
  });

  it('says the same of a wrong password, an unknown user and a disabled one, and keeps the attempts', async () => {
    const user = addUser('reader');
    const disabled = addUser('reader');
    sql(`UPDATE auth.users SET disabled = true WHERE username = ${literal(disabled.name)}`);
    const nobody = unique('nobody');
    const answers = [
      await post('/rpc/login', { username: user.name, password: 'wrong' }),
      await post('/rpc/login', { username: nobody, password: 'wrong' }),
      await post('/rpc/login', { username: disabled.name, password: disabled.password }),
    ];
    for (const answer of answers) {
      assert.equal(answer.status, 401);
      assert.ok(isError(answer.body));
      assert.equal(answer.text, answers[0].text);
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
    }
    for (const name of [user.name, nobody, disabled.name]) {
      assert.equal(sql(`SELECT count(*) FROM auth.login_attempts WHERE username = ${literal(name)} AND NOT succeeded`), '1');
    }
  });

  it('spends the same work on unknown users', async () => {
    const user = addUser('reader');
    const time = async (username) => {
      const start = process.hrtime.bigint();
      await post('/rpc/login', { username, password: 'wrong' });
      return Number(process.hrtime.bigint() - start);
    };
    const least = async (username) => Math.min(await time(username), await time(username), await time(username));
    const known = await least(user.name);
    const unknown = await least(unique('nobody'));
    assert.ok(unknown > known / 3 && known > unknown / 3, `known ${known} ns, unknown ${unknown} ns`);
  });

  it('locks a name after five failures, known or not, whatever the password, and opens again', async () => {
    const user = addUser('reader');
    for (const name of [user.name, unique('nobody')]) {
      for (let i = 0; i < 5; i++) assert.equal((await post('/rpc/login', { username: name, password: 'wrong' })).status, 401);
      const answer = await post('/rpc/login', { username: name, password: user.password });
      assert.equal(answer.status, 429);
      assert.ok(isError(answer.body));
      const wait = Number(answer.headers.get('retry-after'));
      assert.ok(wait > 800 && wait <= 900, `Retry-After ${wait}`);
    }
    sql(`UPDATE auth.login_attempts SET attempted_at = attempted_at - interval '16 minutes' WHERE username = ${literal(user.name)}`);
    await logIn(user);
  });

  it('counts parallel guesses too', async () => {
    const user = addUser('reader');
    const answers = await Promise.all(Array.from({ length: 9 }, () =>
      post('/rpc/login', { username: user.name, password: 'wrong' })));
    assert.deepEqual(answers.map((a) => a.status).sort(), [401, 401, 401, 401, 401, 429, 429, 429, 429]);
  });

  it('starts counting anew after a success', async () => {
    const user = addUser('reader');
    for (let i = 0; i < 4; i++) await post('/rpc/login', { username: user.name, password: 'wrong' });
    await logIn(user);
    assert.equal((await post('/rpc/login', { username: user.name, password: 'wrong' })).status, 401);
    await logIn(user);
  });

  it('is not fooled by long, empty, null or odd values', async () => {
    for (const odd of [
      (u) => [u.name, u.password + 'x'.repeat(100)], (u) => [u.name, ''], (u) => [u.name, null], (u) => [u.name.toUpperCase(), u.password],
      (u) => [`${u.name}' OR '1'='1`, u.password], (u) => [`${u.name}\r\nX-Injected: yes`, u.password], (u) => [u.name.padEnd(10000, 'x'), u.password],
    ]) {
      const [username, password] = odd(addUser('reader'));
      const answer = await post('/rpc/login', { username, password });
      assert.equal(answer.status, 401, JSON.stringify([username, password]).slice(0, 80));
      assert.equal(answer.headers.get('x-injected'), null);
    }
    for (const username of [null, '']) {
      const answer = await post('/rpc/login', { username, password: 'x' });
      assert.ok([401, 429].includes(answer.status), answer.text);
    }
    assert.equal((await post('/rpc/login', { username: 'a\0b', password: 'x' })).status, 400);
    assert.equal((await post('/rpc/login', 'not json', { headers: { 'Content-Type': 'application/json' } })).status, 400);
  });

  it('does not take a password from the address', async () => {
    const user = addUser('reader');
    const answer = await get(`/rpc/login?username=${user.name}&password=${user.password}`);
    assert.equal(answer.status, 405);
  });
});

describe('a token', () => {
  const user = addUser('operator');
  const probe = (token) => get('/departments?limit=1', { token });

  it('works when signed with our key and complete', async () => {
    assert.equal((await probe(sign(goodClaims(user.name, 'app_operator')))).status, 200);
  });

  const good = goodClaims(user.name, 'app_operator');
  const without = (key) => Object.fromEntries(Object.entries(good).filter(([k]) => k !== key));
  const [head, payload, signature] = sign(good).split('.');
  const tampered = Buffer.from(JSON.stringify({ ...good, role: 'app_writer' })).toString('base64url');
  for (const [what, token] of [
    ['without exp', sign(without('exp'))],
    ['without aud', sign(without('aud'))],
    ['without sub', sign(without('sub'))],
    ['for another audience', sign({ ...good, aud: 'other' })],
    ['expired an hour ago', sign({ ...good, exp: now() - 3600 })],
    ['expired a second ago', sign({ ...good, exp: now() - 1 })],
    ['not valid yet', sign({ ...good, nbf: now() + 3600 })],
    ['with exp as text', sign({ ...good, exp: String(good.exp) })],
    ['of a user who does not exist', sign({ ...good, sub: unique('nobody') })],
    ['for a role the user does not have', sign({ ...good, role: 'app_writer' })],
    ['signed with another key', sign(good, { key: 'another key, of more than thirty-two bytes' })],
    ['without a signature, alg none', sign(good, { alg: 'none' })],
    ['with other claims under the old signature', `${head}.${tampered}.${signature}`],
    ['that is no token', 'nonsense'],
    ['cut short', `${head}.${payload}`],
  ]) {
    it(`${what} is refused with 401`, async () => {
      const answer = await probe(token);
      assert.equal(answer.status, 401, answer.text);
      assert.ok(isError(answer.body));
      assert.match(answer.headers.get('www-authenticate') ?? 'Bearer', /^Bearer/);
    });
  }

  it('for a role outside the four is refused', async () => {
    for (const role of ['postgres', 'ferry_auth', 'authenticator', 'pg_read_all_data', 'no such role']) {
      const answer = await probe(sign({ ...good, role }));
      assert.ok([400, 401, 403].includes(answer.status), `${role}: ${answer.status}`);
      assert.ok(isError(answer.body));
    }
  });

  it('without a role is a stranger', async () => {
    assert.equal((await probe(sign(without('role')))).status, 401);
  });

  it('ends at once when its user is disabled, loses the role or is deleted', async () => {
    for (const change of ['UPDATE auth.users SET disabled = true', "UPDATE auth.users SET role = 'app_reader'", 'DELETE FROM auth.users']) {
      const other = addUser('writer');
      const token = await logIn(other);
      assert.equal((await probe(token)).status, 200);
      sql(`${change} WHERE username = ${literal(other.name)}`);
      assert.equal((await probe(token)).status, 401, change);
    }
  });
});

describe('secrets', () => {
  it('are closed to every role a request can have', () => {
    for (const role of ['web_anon', 'app_reader', 'app_writer', 'app_operator', 'authenticator']) {
      for (const table of ['secret', 'users', 'login_attempts']) {
        assert.equal(sql(`SET ROLE ${role};
          DO $$ BEGIN PERFORM FROM auth.${table}; IF FOUND THEN RAISE 'open'; END IF; EXCEPTION WHEN insufficient_privilege THEN NULL; END $$;
          SELECT 'closed'`), 'closed', `${role} ${table}`);
      }
      assert.throws(() => sql(`SET ROLE ${role}; SELECT auth.sign('{"role": "app_operator"}')`), /permission denied/, role);
      assert.throws(() => sql(`SET ROLE ${role}; SELECT auth.set_user('x', 'xxxxxxxxx', 'app_operator')`), /permission denied/, role);
    }
  });

  it('are not in any schema that PostgREST exposes', async () => {
    const token = sign(goodClaims(addUser('operator').name, 'app_operator'));
    for (const path of ['/secret', '/users', '/assets', '/rpc/sign', '/rpc/set_user', '/rpc/pre_request', '/rpc/fail', '/rpc/refuse']) {
      for (const headers of [{}, { 'Accept-Profile': 'auth', 'Content-Profile': 'auth' }, { 'Accept-Profile': 'rest', 'Content-Profile': 'rest' }]) {
        const answer = path.startsWith('/rpc') ? await post(path, {}, { token, headers }) : await get(path, { token, headers });
        assert.ok([404, 406].includes(answer.status), `${path} ${JSON.stringify(headers)}: ${answer.status}`);
      }
    }
  });
});

describe('security headers', () => {
  it('are on answers of every kind', async () => {
    for (const answer of [await get('/'), await get('/rpc/health'), await get('/rpc/asset?name=app.js'),
      await post('/rpc/login', { username: unique('x'), password: 'x' }), await get('/rpc/asset?name=no_such_file')]) {
      assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
    }
  });

  it('let no other site send a token or read an answer', async () => {
    const headers = { Origin: 'https://elsewhere.example' };
    const preflight = await call('OPTIONS', '/departments', { headers: {
      ...headers, 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'authorization' } });
    assert.equal(preflight.headers.get('access-control-allow-headers'), null);
    assert.equal((await get('/rpc/health', { headers })).headers.get('access-control-allow-origin'), null);
  });
});
