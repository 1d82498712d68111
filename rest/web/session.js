// Who is logged in, and every request of the pages. A session renews itself before its token ends; when that fails for
// good it is over, and whoever asked to know (whenOver) is told why.
import { t } from './asset?name=words.js';

// Paths of requests are those below the address of the service, whatever page asks.
const root = new URL('..', import.meta.url);

let session = JSON.parse(sessionStorage.getItem('session') ?? 'null');
let timer = null;
let renewing = null;
let over = () => {};

// A tab that was duplicated has the same refresh token, which can be used once: who uses it tells the others.
const others = new BroadcastChannel('pg_ferry session');

class Refused extends Error {
  constructor(status, body, retryAfter = null) {
    super(body?.message ?? `${t('failed')} (${status})`);
    Object.assign(this, { status, body, retryAfter, hint: body?.hint ?? null });
  }
}

const ranks = ['app_reader', 'app_writer', 'app_operator'];
export const person = () => session;
export const may = (role) => Boolean(session) && (!role || ranks.indexOf(session.role) >= ranks.indexOf(role));
export function whenOver(told) { over = told; }

function keep(answer) {
  session = answer && { ...answer, ends_at: answer.ends_at ?? Date.now() + answer.expires_in * 1000 };
  if (session) sessionStorage.setItem('session', JSON.stringify(session));
  else sessionStorage.removeItem('session');
  plan();
}

function end(reason) {
  if (!session) return;
  keep(null);
  over(reason);
}

// A minute or so before the token ends; not at the same moment in every tab.
function plan() {
  clearTimeout(timer);
  if (!session?.refresh_token || !session.ends_at) return;
  const early = Math.min(60000 + Math.random() * 20000, (session.expires_in * 1000) / 3);
  timer = setTimeout(() => renew().catch(() => {}), Math.max(1000, session.ends_at - early - Date.now()));
}

async function exchange() {
  const used = session.refresh_token;
  const response = await send('rpc/refresh', { json: { refresh_token: used } }, false);
  if (response.ok) {
    const answer = await response.json();
    if (session?.refresh_token !== used) return;
    keep(answer);
    others.postMessage({ used, session });
  } else if (response.status === 401 && session?.refresh_token === used) {
    end(t('ended'));
  }
}
// One exchange at a time, whoever asks for it. A service out of reach is tried again.
function renew() {
  renewing ??= exchange().catch((error) => {
    clearTimeout(timer);
    timer = setTimeout(() => renew().catch(() => {}), 5000);
    throw error;
  }).finally(() => { renewing = null; });
  return renewing;
}
others.addEventListener('message', ({ data }) => {
  if (session?.refresh_token === data.used) keep(data.session);
});

async function send(path, { json, headers = {}, ...options } = {}, signed = true) {
  const all = { ...headers };
  if (signed && session) all.Authorization = `Bearer ${session.access_token}`;
  if (json !== undefined) Object.assign(all, { 'Content-Type': 'application/json' });
  const body = json === undefined ? options.body : JSON.stringify(json);
  const method = options.method ?? (body === undefined ? 'GET' : 'POST');
  try {
    return await fetch(new URL(path, root), { ...options, method, headers: all, body });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Error(t('offline'), { cause: error });
  }
}

const ending = () => session?.refresh_token && session.ends_at && session.ends_at < Date.now() + 5000;

// A request with the session's token; an answer that is no success is thrown as Refused.
export async function ask(path, options) {
  if (ending()) await renew();
  let response = await send(path, options);
  if (response.status === 401 && session?.refresh_token) {
    await renew();
    if (session) response = await send(path, options);
  }
  if (response.ok) return response;
  const body = await response.json().catch(() => null);
  if (response.status === 401) end(t('ended'));
  throw new Refused(response.status, body, response.headers.get('Retry-After'));
}
export const rows = async (path) => (await ask(path)).json();
export const post = async (path, json) => (await ask(path, { json })).json();

// Sends bytes and tells how far it is: told(sent, all). Resolves with the answer's body, or throws Refused with it.
export async function upload(path, { body, headers, told, signal }) {
  if (ending()) await renew();
  const request = new XMLHttpRequest();
  request.open('POST', new URL(path, root));
  request.setRequestHeader('Authorization', `Bearer ${session?.access_token}`);
  request.setRequestHeader('Content-Type', 'application/octet-stream');
  for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
  request.upload.addEventListener('progress', (event) => told(event.loaded, event.total));
  request.upload.addEventListener('load', () => told(body.size, body.size));
  signal?.addEventListener('abort', () => request.abort());
  await new Promise((resolve, reject) => {
    request.addEventListener('load', resolve);
    request.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
    request.addEventListener('error', () => reject(new Error(t('offline'))));
    request.send(body);
  });
  let answer = null;
  try { answer = JSON.parse(request.responseText); } catch { /* not JSON: Refused says the status */ }
  if (request.status >= 200 && request.status < 300) return answer;
  if (request.status === 401) end(t('ended'));
  throw new Refused(request.status, answer);
}

export async function logIn(username, password) {
  const response = await send('rpc/login', { json: { username, password } }, false);
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new Refused(response.status, body, response.headers.get('Retry-After'));
  keep(body);
}

export async function logOut() {
  const body = session.refresh_token ? { refresh_token: session.refresh_token } : {};
  await send('rpc/logout', { json: body }).catch(() => {});
  end(t('left'));
}

plan();
