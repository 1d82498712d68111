// What the HTTP tests share: requests, users, tables of their own, tokens signed by hand, and psql as a superuser.
// Needs FERRY_URL and FERRY_PGHOST, FERRY_PGPORT, FERRY_PGDATABASE, FERRY_PGUSER (postgres); FERRY_PSQL names another psql.
import { execFileSync } from 'node:child_process';
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';

export const url = process.env.FERRY_URL;
if (!url) throw new Error('FERRY_URL is not set: run the tests through `make test`');

export const environment = {
  ...process.env,
  PGHOST: process.env.FERRY_PGHOST ?? process.env.PGHOST,
  PGPORT: process.env.FERRY_PGPORT ?? process.env.PGPORT,
  PGDATABASE: process.env.FERRY_PGDATABASE ?? process.env.PGDATABASE,
  PGUSER: process.env.FERRY_PGUSER ?? process.env.PGUSER ?? 'postgres',
};

// Runs SQL as the superuser and gives its unaligned output.
export function sql(text) {
  return execFileSync(process.env.FERRY_PSQL ?? 'psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-f', '-'],
    { env: environment, input: text, encoding: 'utf8', stdio: 'pipe' }).trim();
}

export const literal = (text) => `'${String(text).replaceAll("'", "''")}'`;
export const identifier = (text) => `"${text.replaceAll('"', '""')}"`;
export const unique = (prefix) => `${prefix}_${randomBytes(5).toString('hex')}`;

// One request. body: an object goes as JSON, bytes and text go as they are. The answer's body is parsed when it is JSON.
export async function call(method, path, { token, body, headers = {} } = {}) {
  const options = { method, headers: { ...headers }, redirect: 'error', signal: AbortSignal.timeout(30000) };
  if (token) options.headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) {
    const raw = typeof body === 'string' || Buffer.isBuffer(body);
    options.body = raw ? body : JSON.stringify(body);
    options.headers['Content-Type'] ??= raw ? 'application/octet-stream' : 'application/json';
  }
  const response = await fetch(url + path, options);
  const bytes = Buffer.from(await response.arrayBuffer());
  const text = bytes.toString();
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  return { status: response.status, headers: response.headers, bytes, text, body: isJson && text ? JSON.parse(text) : null };
}
export const get = (path, options) => call('GET', path, options);
export const post = (path, body, options) => call('POST', path, { ...options, body });

// A user made by rest/add_user.sh, as an administrator would.
export function addUser(role, name = unique('user')) {
  const password = randomBytes(12).toString('hex');
  execFileSync(fileURLToPath(new URL('../../rest/add_user.sh', import.meta.url)), [name, role],
    { env: environment, input: `${password}\n`, stdio: 'pipe' });
  return { name, password };
}

export async function logIn({ name, password }) {
  const answer = await post('/rpc/login', { username: name, password });
  if (answer.status !== 200) throw new Error(`login of ${name}: ${answer.status} ${answer.text}`);
  return answer.body.access_token;
}

// The token of a new user with this role.
export const tokenFor = (role) => logIn(addUser(role));

// A token signed with the deployment's own key, so that only its claims can be wrong.
export function sign(claims, { alg = 'HS256', key = sql('SELECT jwt_secret FROM auth.secret') } = {}) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const head = `${part({ alg, typ: 'JWT' })}.${part(claims)}`;
  return `${head}.${alg === 'none' ? '' : createHmac('sha256', key).update(head).digest('base64url')}`;
}

export const now = () => Math.floor(Number(sql('SELECT extract(epoch FROM clock_timestamp())')));
export const goodClaims = (name, role) => ({ aud: 'pg_ferry', sub: name, role, exp: now() + 600, jti: randomUUID() });

// A table in schema public that only this test knows. Readers may read, writers insert, operators do all.
export function makeTable(columns, name = unique('table')) {
  const table = `public.${identifier(name)}`;
  sql(`CREATE TABLE ${table} (${columns});
       GRANT SELECT ON ${table} TO app_reader;
       GRANT INSERT ON ${table} TO app_writer;
       GRANT UPDATE, DELETE, TRUNCATE ON ${table} TO app_operator;`);
  return { name, table, drop: () => sql(`SET client_min_messages = warning; DROP TABLE IF EXISTS ${table} CASCADE`) };
}

export const count = (table) => Number(sql(`SELECT count(*) FROM ${table}`));

// The four keys of an error, whoever reports it.
export function isError(body) {
  return body !== null && ['code', 'message', 'details', 'hint'].every((key) => key in body) && typeof body.message === 'string';
}
