// The home page: logs in, asks the API and shows the answers. Every value is set as text, never as markup.
'use strict';

const words = {
  en: {
    login: 'Log in', logout: 'Log out', user: 'User name', password: 'Password', year: 'Year', refresh: 'Refresh',
    tools: 'Tools that ask this address for JSON get the OpenAPI document.',
    above: 'Departments above the mean', quarters: 'Hires by quarter', loads: 'Last loads', backups: 'Backups',
    rejects: 'Rejected rows', rejectsOf: 'Rejected rows of load', all: 'Of all loads', show: 'show',
    up: 'working', down: 'not reachable', none: 'Nothing here yet.', noHires: 'No hires in this year.',
    ended: 'The session has ended. Log in again.', failed: 'The request failed', offline: 'The service cannot be reached.',
    department: 'Department', job: 'Job', load: 'Load', table: 'Table', source: 'Source', by: 'By', started: 'Started',
    status: 'Status', read: 'Read', loaded: 'Loaded', rejected: 'Rejected', line: 'Line', column: 'Column', value: 'Value',
    reason: 'Reason', row: 'Row as it came', taken: 'Taken', rows: 'Rows', size: 'Size', codec: 'Codec', verified: 'Verified',
    locked: 'Too many failed logins. Try again in {0} seconds.', wrong: 'Wrong user name or password.',
    report: 'Report to print', app_reader: 'reader', app_writer: 'writer', app_operator: 'operator',
    st_loaded: 'loaded', st_partial: 'partial', st_aborted: 'aborted', 'st_dry run': 'dry run',
  },
  es: {
    login: 'Entrar', logout: 'Salir', user: 'Usuario', password: 'Contraseña', year: 'Año', refresh: 'Actualizar',
    tools: 'Las herramientas que piden JSON en esta dirección reciben el documento OpenAPI.',
    above: 'Departamentos sobre la media', quarters: 'Contrataciones por trimestre', loads: 'Últimas cargas',
    backups: 'Copias de seguridad', rejects: 'Filas rechazadas', rejectsOf: 'Filas rechazadas de la carga',
    all: 'De todas las cargas', show: 'ver', up: 'en marcha', down: 'sin respuesta', none: 'Aún no hay nada.',
    noHires: 'Sin contrataciones en este año.', ended: 'La sesión ha terminado. Vuelva a entrar.',
    failed: 'La petición falló', offline: 'No se puede contactar con el servicio.',
    department: 'Departamento', job: 'Puesto', load: 'Carga', table: 'Tabla', source: 'Origen', by: 'Por', started: 'Inicio',
    status: 'Estado', read: 'Leídas', loaded: 'Cargadas', rejected: 'Rechazadas', line: 'Línea', column: 'Columna', value: 'Valor',
    reason: 'Motivo', row: 'Fila tal como llegó', taken: 'Hecha', rows: 'Filas', size: 'Tamaño', codec: 'Códec', verified: 'Verificada',
    locked: 'Demasiados intentos fallidos. Pruebe de nuevo en {0} segundos.', wrong: 'Usuario o contraseña incorrectos.',
    report: 'Informe para imprimir', app_reader: 'lector', app_writer: 'editor', app_operator: 'operador',
    st_loaded: 'cargada', st_partial: 'parcial', st_aborted: 'anulada', 'st_dry run': 'prueba',
  },
};

let language = localStorage.getItem('language') ?? (navigator.language.startsWith('es') ? 'es' : 'en');
let session = JSON.parse(sessionStorage.getItem('session') ?? 'null');
let shownLoad = null;
const latest = {};

const t = (key) => words[language][key] ?? key;
const at = (id) => document.getElementById(id);
const number = (n) => (n == null ? '' : Number(n).toLocaleString(language));
const moment = (s) => (s ? new Date(s).toLocaleString(language, { dateStyle: 'short', timeStyle: 'medium' }) : '');

const short = (text) => (text?.length > 160 ? `${text.slice(0, 160)}…` : text);

function size(bytes) {
  if (bytes == null) return '';
  const step = bytes < 1000 ? 0 : Math.min(3, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** step).toLocaleString(language, { maximumFractionDigits: 1 })} ${['B', 'kB', 'MB', 'GB'][step]}`;
}

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// ---- the API ----

class Refused extends Error {
  constructor(status, body, retryAfter) {
    super(body?.message ?? `${t('failed')} (${status})`);
    Object.assign(this, { status, retryAfter });
  }
}

async function ask(path, options = {}) {
  const headers = { ...options.headers };
  if (session) headers.Authorization = `Bearer ${session.access_token}`;
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch {
    throw new Error(t('offline'));
  }
  if (response.ok) return response;
  if (response.status === 401 && session) {
    leave();
    at('login-error').textContent = t('ended');
  }
  throw new Refused(response.status, await response.json().catch(() => null), response.headers.get('Retry-After'));
}

const rows = async (path) => (await ask(path)).json();

// Shows a failure above the board instead of losing it in the console.
const guarded = (task) => async (...args) => {
  try {
    at('error').textContent = '';
    await task(...args);
  } catch (error) {
    at('error').textContent = error.message;
  }
};

// Fills a part of the page, unless a later request for the same part was sent in the meantime.
async function fill(part, path, draw) {
  const turn = (latest[part] = (latest[part] ?? 0) + 1);
  const data = await rows(path);
  if (turn === latest[part]) at(part).replaceChildren(draw(data));
}

// ---- drawing ----

// columns: [heading, row => text or node, class of the cells]
function table(data, columns, whenEmpty = t('none')) {
  if (data.length === 0) return element('p', { className: 'empty', textContent: whenEmpty });
  return element('table', {},
    element('thead', {}, element('tr', {}, ...columns.map(([heading, , className = '']) =>
      element('th', { scope: 'col', className, textContent: heading })))),
    element('tbody', {}, ...data.map((row) => element('tr', {}, ...columns.map(([, cell, className = '']) =>
      element('td', { className }, cell(row) ?? ''))))));
}

function statusOf(load) {
  const className = { loaded: 'good', partial: 'warn', aborted: 'bad' }[load.status] ?? '';
  return element('span', { className, textContent: t(`st_${load.status}`) });
}

function rejectsLink(load) {
  if (!load.rows_rejected) return '0';
  const link = element('button', {
    type: 'button', className: 'link', textContent: number(load.rows_rejected), title: `${t('show')} ${load.load_id}`,
  });
  link.addEventListener('click', guarded(async () => {
    shownLoad = load.load_id;
    await showRejects();
    at('rejects-card').scrollIntoView({ behavior: 'smooth' });
  }));
  return link;
}

function drawAbove(data) {
  if (data.length === 0) return element('p', { className: 'empty', textContent: t('noHires') });
  const most = Math.max(...data.map((d) => d.hired));
  return element('div', {}, ...data.map((d) => element('div', { className: 'department' },
    element('span', { textContent: d.department }), element('strong', { textContent: number(d.hired) }),
    element('meter', { min: 0, max: most, value: d.hired, ariaLabel: d.department }))));
}

const drawQuarters = (data) => table(data, [
  [t('department'), (r) => r.department], [t('job'), (r) => r.job],
  ...['q1', 'q2', 'q3', 'q4'].map((q) => [q.toUpperCase(), (r) => number(r[q]), 'number']),
], t('noHires'));

const drawLoads = (data) => table(data, [
  [t('load'), (r) => String(r.load_id), 'number'], [t('table'), (r) => r.target],
  [t('source'), (r) => [r.source_kind, r.source_name].filter(Boolean).join(' · ')], [t('by'), (r) => r.loaded_by],
  [t('started'), (r) => moment(r.started_at), 'now'], [t('status'), statusOf], [t('read'), (r) => number(r.rows_read), 'number'],
  [t('loaded'), (r) => number(r.rows_loaded), 'number'], [t('rejected'), rejectsLink, 'number'],
]);

const drawRejects = (data) => table(data, [
  [t('load'), (r) => String(r.load_id), 'number'], [t('table'), (r) => r.target],
  [t('line'), (r) => String(r.line_number ?? r.record_number), 'number'], [t('column'), (r) => r.column_name],
  [t('value'), (r) => short(r.value), 'text'], [t('reason'), (r) => short(r.message), 'text'], [t('row'), (r) => short(r.raw), 'code'],
]);

const drawBackups = (data) => table(data, [
  [t('table'), (r) => r.target], [t('taken'), (r) => moment(r.taken_at), 'now'], [t('by'), (r) => r.taken_by],
  [t('rows'), (r) => number(r.rows), 'number'], [t('size'), (r) => size(r.bytes), 'number'], [t('codec'), (r) => r.codec],
  [t('verified'), (r) => r.verified_level], ['SHA-256', (r) => r.sha256?.slice(0, 16), 'code'],
]);

// ---- the parts of the board ----

const year = () => encodeURIComponent(at('year').value || 2021);

const showMetrics = () => Promise.all([
  Object.assign(at('report'), { href: `rpc/report?year=${year()}` }),
  fill('above', `rpc/departments_above_mean?year=${year()}`, drawAbove),
  fill('quarters', `rpc/hires_by_quarter?year=${year()}`, drawQuarters),
]);

const showLoads = () => fill('loads', 'loads?select=load_id,target,source_kind,source_name,loaded_by,started_at,status,'
  + 'rows_read,rows_loaded,rows_rejected&order=load_id.desc&limit=10', drawLoads);

function showRejects() {
  at('rejects-title').textContent = shownLoad == null ? t('rejects') : `${t('rejectsOf')} ${shownLoad}`;
  at('all-rejects').hidden = shownLoad == null;
  const which = shownLoad == null ? 'order=reject_id.desc,ordinal' : `load_id=eq.${shownLoad}&order=record_number,ordinal`;
  return fill('rejects', 'rejects?select=load_id,target,record_number,line_number,column_name,value,message,raw'
    + `&${which}&limit=50`, drawRejects);
}

// A backup_id may pass what a JavaScript number holds, so it is not asked for.
const showBackups = () => fill('backups', 'rpc/backups?select=target,taken_at,taken_by,rows,bytes,codec,verified_level,sha256'
  + '&order=taken_at.desc&limit=20', drawBackups);

async function showAll() {
  const writes = session.role !== 'app_reader';
  const operates = session.role === 'app_operator';
  at('loads-card').hidden = at('rejects-card').hidden = !writes;
  at('backups-card').hidden = !operates;
  await Promise.all([showMetrics(), writes && showLoads(), writes && showRejects(), operates && showBackups()]);
}

async function saveCsv(metric) {
  const response = await ask(`rpc/${metric}?year=${year()}`, { headers: { Accept: 'text/csv' } });
  const link = element('a', { href: URL.createObjectURL(await response.blob()), download: `${metric}_${at('year').value}.csv` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

async function showStatus() {
  const up = await fetch('rpc/health').then((r) => (r.ok ? r.json() : null), () => null);
  const version = up?.pg_ferry ? ` · ${up.pg_ferry}` : '';
  Object.assign(at('status'), { textContent: (up ? t('up') : t('down')) + version, className: `pill ${up ? 'good' : 'bad'}` });
}

// ---- the page as a whole ----

function drawPage() {
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll('[data-t]')) node.textContent = t(node.dataset.t);
  Object.assign(at('language'), { textContent: language === 'en' ? 'Español' : 'English', lang: language === 'en' ? 'es' : 'en' });
  at('login').hidden = Boolean(session);
  at('board').hidden = at('logout').hidden = !session;
  at('who').textContent = session ? `${session.username} (${t(session.role)})` : '';
  showStatus();
  if (session) guarded(showAll)();
}

function leave() {
  session = null;
  shownLoad = null;
  sessionStorage.removeItem('session');
  for (const part of ['above', 'quarters', 'loads', 'rejects', 'backups']) {
    latest[part] = (latest[part] ?? 0) + 1;
    at(part).replaceChildren();
  }
  drawPage();
}

async function logIn(event) {
  event.preventDefault();
  const form = event.target;
  at('login-error').textContent = '';
  try {
    const response = await ask('rpc/login', {
      method: 'POST', headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(Object.fromEntries(new FormData(form))),
    });
    session = await response.json();
    sessionStorage.setItem('session', JSON.stringify(session));
    form.reset();
    drawPage();
  } catch (error) {
    at('login-error').textContent = error.status === 429 ? t('locked').replace('{0}', error.retryAfter)
      : error.status === 401 ? t('wrong') : error.message;
  }
}

at('login-form').addEventListener('submit', logIn);
at('logout').addEventListener('click', leave);
at('refresh').addEventListener('click', guarded(() => Promise.all([showStatus(), showAll()])));
at('all-rejects').addEventListener('click', guarded(() => { shownLoad = null; return showRejects(); }));
at('year').addEventListener('change', guarded(showMetrics));
at('language').addEventListener('click', () => {
  language = language === 'en' ? 'es' : 'en';
  localStorage.setItem('language', language);
  drawPage();
});
for (const button of document.querySelectorAll('[data-csv]')) {
  button.addEventListener('click', guarded(() => saveCsv(button.dataset.csv)));
}
drawPage();
