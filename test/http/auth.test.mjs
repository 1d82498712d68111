// Who gets in: login, lockout, sessions from refresh to logout, and every token that must not work.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { addUser, call, environment, get, goodClaims, isError, literal, logIn, now, post, sign, sql, unique } from './harness.mjs';

const script = fileURLToPath(new URL('../../rest/add_user.sh', import.meta.url));
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
    assert.match(claims.sid, /^[0-9a-f-]{36}$/);
    assert.match(answer.body.refresh_token, /^[A-Za-z0-9_-]{43}$/);
    assert.ok(answer.body.refresh_expires_in > 43190 && answer.body.refresh_expires_in <= 43200);
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

  it('tells nobody whether a locked name is that of a user', async () => {
    const answers = [];
    const disabled = addUser('reader');
    execFileSync(script, ['--disable', disabled.name], { env: environment, stdio: 'pipe' });
    for (const name of [addUser('reader').name, disabled.name, unique('nobody')]) {
      for (let i = 0; i < 6; i++) answers.push(await post('/rpc/login', { username: name, password: 'wrong' }));
    }
    const seen = answers.map((a) => [a.status, a.text, [...a.headers.keys()].sort().join()].join(' '));
    assert.deepEqual(seen.slice(6, 12), seen.slice(0, 6));
    assert.deepEqual(seen.slice(12), seen.slice(0, 6));
    assert.equal(answers[5].status, 429);
  });

  it('counts parallel guesses at once, whatever follows the first 64 characters of the name', async () => {
    const name = unique('n').padEnd(64, 'x');
    const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => post('/rpc/login', { username: name + 'y'.repeat(i), password: 'wrong' })));
    assert.deepEqual(answers.map((a) => a.status).sort(), [401, 401, 401, 401, 401, 429, 429, 429]);
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

const enter = async (user) => (await post('/rpc/login', { username: user.name, password: user.password })).body;
const refresh = (refresh_token, options) => post('/rpc/refresh', { refresh_token }, options);
const alive = async (token) => (await get('/departments?limit=1', { token })).status === 200;
const hash = (token) => createHash('sha256').update(token).digest('hex');
// Moves the whole session back, as if the time had passed.
const age = (token, interval) => sql(`UPDATE auth.sessions SET started_at = started_at - interval '${interval}', ends_at = ends_at - interval '${interval}'
  WHERE session_id = ${literal(decode(token).sid)}`);

describe('refresh', () => {
  it('answers as login does, with new tokens of the same session', async () => {
    const user = addUser('writer');
    const first = await enter(user);
    const answer = await refresh(first.refresh_token);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    assert.deepEqual(Object.keys(answer.body), Object.keys(first));
    assert.deepEqual([answer.body.username, answer.body.role, answer.body.token_type], [user.name, 'app_writer', 'Bearer']);
    assert.notEqual(answer.body.refresh_token, first.refresh_token);
    const [before, after] = [decode(first.access_token), decode(answer.body.access_token)];
    assert.equal(after.sid, before.sid);
    assert.notEqual(after.jti, before.jti);
    assert.ok(await alive(answer.body.access_token) && await alive(first.access_token));
    assert.equal((await refresh(answer.body.refresh_token)).status, 200);
  });

  it('keeps only the SHA-256 of a token', async () => {
    const { refresh_token: token } = await enter(addUser('reader'));
    assert.equal(sql(`SELECT count(*) FROM auth.refresh_tokens WHERE token_hash = '\\x${hash(token)}' AND used_at IS NULL`), '1');
    for (const table of ['users', 'sessions', 'refresh_tokens', 'denied_tokens', 'login_attempts']) {
      assert.equal(sql(`SELECT count(*) FROM auth.${table} t WHERE strpos(t::text, ${literal(token)}) > 0
        OR strpos(t::text, encode(convert_to(${literal(token)}, 'UTF8'), 'hex')) > 0`), '0', table);
    }
  });

  it('ends the session, access tokens too, when a token comes a second time', async () => {
    const first = await enter(addUser('writer'));
    const second = (await refresh(first.refresh_token)).body;
    const third = (await refresh(second.refresh_token)).body;
    const stolen = await refresh(first.refresh_token);
    assert.equal(stolen.status, 401);
    assert.ok(isError(stolen.body));
    assert.equal(stolen.headers.get('www-authenticate'), 'Bearer');
    for (const tokens of [first, second, third]) {
      assert.equal((await refresh(tokens.refresh_token)).status, 401);
      assert.equal(await alive(tokens.access_token), false);
    }
  });

  it('leaves other sessions of the user alone', async () => {
    const user = addUser('reader');
    const [one, other] = [await enter(user), await enter(user)];
    await refresh(one.refresh_token);
    assert.equal((await refresh(one.refresh_token)).status, 401);
    assert.ok(await alive(other.access_token));
    assert.equal((await refresh(other.refresh_token)).status, 200);
  });

  it('lets one of two parallel requests win, and then ends the session', async () => {
    for (let round = 0; round < 5; round++) {
      const { refresh_token: token } = await enter(addUser('reader'));
      const answers = await Promise.all(Array.from({ length: 6 }, () => refresh(token)));
      assert.deepEqual(answers.map((a) => a.status).sort(), [200, 401, 401, 401, 401, 401]);
      const winner = answers.find((a) => a.status === 200).body;
      assert.equal((await refresh(winner.refresh_token)).status, 401);
      assert.equal(await alive(winner.access_token), false);
    }
  });

  it('says the same of an unknown, a used and an expired token, and takes no harm from odd ones', async () => {
    const used = await enter(addUser('reader'));
    await refresh(used.refresh_token);
    const expired = await enter(addUser('reader'));
    age(expired.access_token, '13 hours');
    const answers = [];
    for (const token of [used.refresh_token, expired.refresh_token, 'x'.repeat(43), '', null, "' OR true --", 'x\r\nX-Injected: yes', 'x'.repeat(100000),
      expired.access_token, `\\x${hash(used.refresh_token)}`, hash(used.refresh_token)]) answers.push(await refresh(token));
    for (const answer of answers) {
      assert.equal(answer.status, 401);
      assert.equal(answer.text, answers[0].text);
    }
    assert.equal((await refresh('a\0b')).status, 400);
  });

  it('ends twelve hours after the login, access tokens too', async () => {
    const first = await enter(addUser('reader'));
    age(first.access_token, '11 hours 55 minutes');
    const last = (await refresh(first.refresh_token)).body;
    assert.ok(last.expires_in <= 300 && last.expires_in > 280, String(last.expires_in));
    assert.ok(last.refresh_expires_in <= 300);
    assert.equal(decode(last.access_token).exp - decode(last.access_token).iat, last.expires_in);
    age(first.access_token, '6 minutes');
    assert.equal((await refresh(last.refresh_token)).status, 401);
    assert.equal(await alive(first.access_token), false);
  });

  it('refuses a user who is disabled, and ends the sessions of one whose password or role changes', async () => {
    for (const change of [
      (user) => execFileSync(script, ['--disable', user.name], { env: environment, stdio: 'pipe' }),
      (user) => addUser('reader', user.name),
      (user) => addUser('writer', user.name),
      (user) => sql(`UPDATE auth.users SET disabled = true WHERE username = ${literal(user.name)};
                     UPDATE auth.users SET disabled = false WHERE username = ${literal(user.name)}`),
      (user) => sql(`DELETE FROM auth.users WHERE username = ${literal(user.name)}`),
    ]) {
      const user = addUser('reader');
      const tokens = await enter(user);
      change(user);
      assert.equal((await refresh(tokens.refresh_token)).status, 401, String(change));
      assert.equal(await alive(tokens.access_token), false, String(change));
    }
  });

  it('takes no token from the address, and does not use up one that came there', async () => {
    const { refresh_token: token } = await enter(addUser('reader'));
    assert.equal((await get(`/rpc/refresh?refresh_token=${token}`)).status, 405);
    assert.equal((await refresh(token)).status, 200);
  });

  it('sweeps what has expired', async () => {
    const old = await enter(addUser('reader'));
    age(old.access_token, '13 hours');
    sql("INSERT INTO auth.denied_tokens VALUES ('of yesterday', now() - interval '1 day') ON CONFLICT DO NOTHING");
    await enter(addUser('reader'));
    assert.equal(sql(`SELECT count(*) FROM auth.sessions WHERE ends_at < now()`), '0');
    assert.equal(sql(`SELECT count(*) FROM auth.refresh_tokens WHERE token_hash = '\\x${hash(old.refresh_token)}'`), '0');
    assert.equal(sql(`SELECT count(*) FROM auth.denied_tokens WHERE expires_at < now()`), '0');
  });
});

describe('logout', () => {
  it('204: neither token is worth anything afterwards', async () => {
    const user = addUser('writer');
    const [tokens, other] = [await enter(user), await enter(user)];
    const later = (await refresh(tokens.refresh_token)).body;
    const answer = await post('/rpc/logout', {}, { token: tokens.access_token });
    assert.deepEqual([answer.status, answer.text], [204, '']);
    for (const t of [tokens, later]) assert.equal(await alive(t.access_token), false);
    assert.equal((await refresh(later.refresh_token)).status, 401);
    assert.equal((await post('/rpc/logout', {}, { token: tokens.access_token })).status, 401);
    assert.ok(await alive(other.access_token), 'another session lasts');
  });

  it('denies a token without a session by its jti, until it expires', async () => {
    const user = addUser('reader');
    const claims = goodClaims(user.name, 'app_reader');
    const [token, other] = [sign(claims), sign(goodClaims(user.name, 'app_reader'))];
    assert.equal((await post('/rpc/logout', {}, { token })).status, 204);
    assert.equal(await alive(token), false);
    assert.ok(await alive(other));
    assert.equal(sql(`SELECT extract(epoch FROM expires_at)::bigint FROM auth.denied_tokens WHERE jti = ${literal(claims.jti)}`), String(claims.exp));
  });

  it('takes the refresh token too, alone or with another bearer token', async () => {
    const user = addUser('reader');
    const [one, two] = [await enter(user), await enter(user)];
    assert.equal((await post('/rpc/logout', { refresh_token: one.refresh_token })).status, 204);
    assert.equal(await alive(one.access_token), false);
    assert.equal((await refresh(one.refresh_token)).status, 401);
    assert.equal((await post('/rpc/logout', { refresh_token: two.refresh_token }, { token: sign(goodClaims(user.name, 'app_reader')) })).status, 204);
    assert.equal(await alive(two.access_token), false);
  });

  it('401 for a stranger, 204 for a refresh token that is unknown, 405 for GET', async () => {
    assert.equal((await post('/rpc/logout', {})).status, 401);
    assert.equal((await post('/rpc/logout', { refresh_token: null })).status, 401);
    assert.equal((await post('/rpc/logout', { refresh_token: 'unknown' })).status, 204);
    assert.equal((await get('/rpc/logout', { token: sign(goodClaims(addUser('reader').name, 'app_reader')) })).status, 405);
  });
});

describe('add_user.sh', () => {
  const run = (args, input = '') => execFileSync(script, args, { env: environment, input, encoding: 'utf8', stdio: 'pipe' });

  it('makes a password and prints nothing else', async () => {
    const name = unique('user');
    const password = run([name, 'reader']).trim();
    assert.match(password, /^[A-Za-z0-9_-]{24}$/);
    assert.equal(run([name, 'writer'], 'another password\n'), '');
    assert.equal((await enter({ name, password })).code, '28P01');
    assert.equal((await enter({ name, password: 'another password' })).role, 'app_writer');
  });

  it('refuses odd names, short passwords, unknown roles and users, and shows no hash', () => {
    for (const [args, input, message] of [[["o'brien", 'reader'], 'long enough\n', /user name/], [['a b', 'reader'], 'long enough\n', /user name/],
      [['--disable', unique('nobody')], '', /does not exist/], [[unique('user'), 'reader'], 'short\n', /at least 8/],
      [[unique('user'), 'postgres'], '', /no such role/], [[], '', /usage/]]) {
      assert.throws(() => run(args, input), (error) => message.test(error.stderr) && !/\$2a\$/.test(error.stderr), String(args));
    }
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
    ['without jti', sign(without('jti'))],
    ['with an empty jti', sign({ ...good, jti: '' })],
    ['of a session that is over', sign({ ...good, sid: unique('session') })],
    ['for several audiences', sign({ ...good, aud: ['pg_ferry', 'other'] })],
    ['for another audience', sign({ ...good, aud: 'other' })],
    ['expired an hour ago', sign({ ...good, exp: now() - 3600 })],
    ['not valid for an hour', sign({ ...good, nbf: now() + 3600 })],
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

  it('holds to the second, where PostgREST alone would give it thirty more', async () => {
    assert.equal((await probe(sign({ ...good, exp: now() }))).status, 401);
    assert.equal((await probe(sign({ ...good, nbf: now() + 5 }))).status, 401);
    assert.equal((await probe(sign({ ...good, nbf: now() }))).status, 200);
  });

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
      for (const table of ['secret', 'users', 'login_attempts', 'sessions', 'refresh_tokens', 'denied_tokens']) {
        assert.equal(sql(`SET ROLE ${role};
          DO $$ BEGIN PERFORM FROM auth.${table}; IF FOUND THEN RAISE 'open'; END IF; EXCEPTION WHEN insufficient_privilege THEN NULL; END $$;
          SELECT 'closed'`), 'closed', `${role} ${table}`);
      }
      assert.throws(() => sql(`SET ROLE ${role}; SELECT auth.sign('{"role": "app_operator"}')`), /permission denied/, role);
      assert.throws(() => sql(`SET ROLE ${role}; SELECT auth.set_user('x', 'xxxxxxxxx', 'app_operator')`), /permission denied/, role);
    }
  });

  it('never reach the log of the server as parameters', () => {
    assert.equal(sql(`SELECT string_agg(s, ' ' ORDER BY s) FROM pg_db_role_setting, unnest(setconfig) s
      WHERE setrole = 'authenticator'::regrole AND s LIKE 'log%'`), 'log_parameter_max_length=0 log_parameter_max_length_on_error=0');
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
