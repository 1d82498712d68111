// The report of a year: asks the API for both metrics and draws them as SVG and tables. Every value is set as text, never
// as markup; sizes and colours are attributes and classes, so the page needs no inline style.
import { ask, logIn as enter, person, whenOver } from './asset?name=session.js';
import { speak } from './asset?name=words.js';

const words = {
  en: {
    home: 'Home', year: 'Year', print: 'Print', login: 'Log in', user: 'User name', password: 'Password',
    title: 'Hiring report {0}', summary: '{0} people hired in {1} of {2} departments. Quarters are those of UTC.',
    above: 'Departments above the mean', heat: 'Hires by quarter and department', quarters: 'Hires by department, job and quarter',
    mean: 'mean of all departments {0}', meanOfHiring: 'of those with hires {0}', id: 'Id', department: 'Department', job: 'Job', hired: 'Hired', total: 'Total',
    cut: 'The {0} with most hires of {1} pairs of department and job; the whole table follows on the screen and comes as CSV.',
    rest: '{0} more departments', noHires: 'No hires in this year.', noneAbove: 'No department is above the mean.',
    made: 'Made on {0} (UTC) by pg_ferry',
    wrong: 'Wrong user name or password.', badYear: 'A year is a number from 1 to 9999.',
  },
  es: {
    home: 'Inicio', year: 'Año', print: 'Imprimir', login: 'Entrar', user: 'Usuario', password: 'Contraseña',
    title: 'Informe de contrataciones {0}', summary: '{0} personas contratadas en {1} de {2} departamentos. Los trimestres son los de UTC.',
    above: 'Departamentos sobre la media', heat: 'Contrataciones por trimestre y departamento',
    quarters: 'Contrataciones por departamento, puesto y trimestre',
    mean: 'media de todos los departamentos {0}', meanOfHiring: 'de los que contrataron {0}', id: 'Id', department: 'Departamento', job: 'Puesto',
    hired: 'Contratados', total: 'Total',
    cut: 'Los {0} pares con más contrataciones, de {1} pares de departamento y puesto; la tabla entera sigue en pantalla y está en CSV.',
    rest: '{0} departamentos más', noHires: 'Sin contrataciones en este año.', noneAbove: 'Ningún departamento está sobre la media.',
    made: 'Hecho el {0} (UTC) por pg_ferry',
    wrong: 'Usuario o contraseña incorrectos.', badYear: 'Un año es un número de 1 a 9999.',
  },
};

// What fits on a page. The heights of a row, in pixels of a sheet 210 mm wide, tell how many pairs go beside the charts.
const mostBars = 10, mostHeat = 12, mostPairs = 30;
function pairsThatFit({ above, quarters }) {
  const bars = Math.min(above.length, mostBars);
  const departments = new Set(quarters.map((r) => r.department)).size;
  const left = 530 - bars * 17.5 - Math.ceil(bars / 2) * 15 - Math.min(departments, mostHeat) * 15
    - (above.length > mostBars ? 14 : 0) - (departments > mostHeat ? 14 : 0);
  return Math.min(mostPairs, 2 * Math.max(4, Math.floor(left / 15.7)));
}

const query = new URLSearchParams(location.search);
let language = ['en', 'es'].includes(query.get('language')) ? query.get('language')
  : localStorage.getItem('language') ?? (navigator.language.startsWith('es') ? 'es' : 'en');
let data = null;
let turn = 0;

const t = (key, ...values) => (words[language][key] ?? key).replace(/\{(\d)\}/g, (_, i) => values[i]);
const at = (id) => document.getElementById(id);
const number = (n) => Number(n).toLocaleString(language, { useGrouping: 'always' });
const decimal = (n) => Number(n).toLocaleString(language, { useGrouping: 'always', minimumFractionDigits: 2, maximumFractionDigits: 2 });

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}
function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}
const short = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

// ---- the API ----

const rows = async (metric) => (await ask(`rpc/${metric}?year=${data.year}`)).json();

whenOver((reason) => {
  data = null;
  at('error').textContent = reason;
  draw();
});

async function logIn(event) {
  event.preventDefault();
  const form = event.target;
  try {
    await enter(form.elements.username.value, form.elements.password.value);
  } catch (error) {
    at('error').textContent = error.status === 401 ? t('wrong') : error.message;
    return;
  }
  form.reset();
  await load();
}

// ---- drawing ----

// columns: [heading, row => text, class of the cells]
function table(list, columns) {
  const cell = (tag, [heading, , className = ''], text) =>
    element(tag, { className, textContent: text, ...(tag === 'th' ? { scope: 'col' } : {}) });
  return element('table', {},
    element('thead', {}, element('tr', {}, ...columns.map((column) => cell('th', column, column[0])))),
    element('tbody', {}, ...list.map((row) => element('tr', {}, ...columns.map((column) => cell('td', column, column[1](row)))))));
}
const empty = (key) => element('p', { className: 'quiet', textContent: t(key) });

function drawBars({ above, mean }) {
  if (above.length === 0) return empty('noneAbove');
  const shown = above.slice(0, mostBars);
  const [left, right, top, step] = [170, 640, 30, 20];
  const scale = (value) => left + (value / shown[0].hired) * (right - left);
  const bottom = top + shown.length * step;
  const picture = svg('svg', { viewBox: `0 0 700 ${bottom + (above.length > mostBars ? 16 : 2)}`, role: 'img', 'aria-label': t('above') });
  shown.forEach((d, i) => {
    const y = top + i * step;
    picture.append(
      svg('text', { x: left - 6, y: y + 13, 'text-anchor': 'end', class: 'name' }, short(d.department, 22)),
      svg('rect', { x: left, y: y + 3, width: scale(d.hired) - left, height: step - 6, rx: 2, class: 'bar' },
        svg('title', {}, `${d.department}: ${number(d.hired)}`)),
      svg('text', { x: scale(d.hired) + 5, y: y + 13, class: 'value' }, number(d.hired)));
  });
  const line = (value, className, label, y) => {
    const x = scale(value);
    const far = x > 500;
    picture.append(
      svg('line', { x1: x, x2: x, y1: y + 3, y2: bottom, class: className }),
      svg('text', { x: far ? x - 4 : x + 4, y: y + 9, 'text-anchor': far ? 'end' : 'start', class: 'mean-text' }, label));
  };
  if (mean.mean !== mean.mean_of_hiring && Number(mean.mean_of_hiring) <= shown[0].hired) {
    line(Number(mean.mean_of_hiring), 'mean-of-hiring', t('meanOfHiring', decimal(mean.mean_of_hiring)), 14);
  }
  line(Number(mean.mean), 'mean', t('mean', decimal(mean.mean)), 0);
  if (above.length > mostBars) picture.append(svg('text', { x: left, y: bottom + 12, class: 'small' }, t('rest', number(above.length - mostBars))));
  return picture;
}

// From white to dark blue; on the darker half the text is white.
function shade(part) {
  const mix = (from, to) => Math.round(from + (to - from) * part);
  return `rgb(${mix(244, 18)}, ${mix(248, 74)}, ${mix(252, 120)})`;
}

function drawHeat({ quarters }) {
  if (quarters.length === 0) return empty('noHires');
  const byDepartment = new Map();
  for (const row of quarters) {
    const sums = byDepartment.get(row.department) ?? [0, 0, 0, 0];
    ['q1', 'q2', 'q3', 'q4'].forEach((q, i) => { sums[i] += row[q]; });
    byDepartment.set(row.department, sums);
  }
  const total = (sums) => sums.reduce((a, b) => a + b, 0);
  const all = [...byDepartment].sort(([, a], [, b]) => total(b) - total(a));
  const shown = all.slice(0, mostHeat);
  const most = Math.max(...shown.flatMap(([, sums]) => sums));
  const [left, top, width, step] = [170, 16, 108, 17];
  const bottom = top + shown.length * step;
  const picture = svg('svg', { viewBox: `0 0 700 ${bottom + (all.length > mostHeat ? 16 : 2)}`, role: 'img', 'aria-label': t('heat') });
  ['Q1', 'Q2', 'Q3', 'Q4', t('total')].forEach((name, i) =>
    picture.append(svg('text', { x: left + (i + 0.5) * width - (i === 4 ? 20 : 0), y: 11, 'text-anchor': 'middle', class: 'small' }, name)));
  shown.forEach(([department, sums], row) => {
    const y = top + row * step;
    picture.append(svg('text', { x: left - 6, y: y + 12, 'text-anchor': 'end', class: 'name' }, short(department, 22)));
    sums.forEach((n, i) => {
      const part = most === 0 ? 0 : n / most;
      picture.append(
        svg('rect', { x: left + i * width + 1, y: y + 1, width: width - 2, height: step - 2, rx: 2, fill: shade(part) },
          svg('title', {}, `${department}, Q${i + 1}: ${number(n)}`)),
        svg('text', { x: left + (i + 0.5) * width, y: y + 12, 'text-anchor': 'middle', class: part > 0.5 ? 'name light' : 'name' }, number(n)));
    });
    picture.append(svg('text', { x: left + 4.5 * width - 20, y: y + 12, 'text-anchor': 'middle', class: 'value' }, number(total(sums))));
  });
  if (all.length > mostHeat) picture.append(svg('text', { x: left, y: bottom + 12, class: 'small' }, t('rest', number(all.length - mostHeat))));
  return picture;
}

const pairColumns = () => [
  [t('department'), (r) => r.department], [t('job'), (r) => r.job],
  ...['q1', 'q2', 'q3', 'q4'].map((q) => [q.toUpperCase(), (r) => number(r[q]), 'number']),
];
function drawTop({ quarters }) {
  const sum = (r) => r.q1 + r.q2 + r.q3 + r.q4;
  const most = pairsThatFit(data);
  const top = [...quarters].sort((a, b) => sum(b) - sum(a)).slice(0, most);
  const half = Math.ceil(top.length / 2);
  at('cut').textContent = quarters.length > most ? t('cut', number(top.length), number(quarters.length)) : '';
  return [top.slice(0, half), top.slice(half)].filter((part) => part.length).map((part) => table(part, pairColumns()));
}
function drawAbove({ above }) {
  const shown = above.slice(0, mostBars);
  const half = Math.ceil(shown.length / 2);
  const columns = [[t('id'), (r) => String(r.id), 'number'], [t('department'), (r) => r.department], [t('hired'), (r) => number(r.hired), 'number']];
  return element('div', { className: 'columns wide-numbers' },
    ...[shown.slice(0, half), shown.slice(half)].filter((part) => part.length).map((part) => table(part, columns)));
}

function draw() {
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll('[data-t]')) node.textContent = t(node.dataset.t);
  Object.assign(at('language'), { textContent: language === 'en' ? 'Español' : 'English', lang: language === 'en' ? 'es' : 'en' });
  at('login').hidden = Boolean(person());
  const ready = Boolean(person() && data?.mean);
  at('report').hidden = at('print').hidden = !ready;
  if (!ready) return;
  document.title = at('title').textContent = t('title', data.year);
  at('summary').textContent = t('summary', number(data.mean.hired), number(data.mean.hiring_departments), number(data.mean.departments));
  at('bars').replaceChildren(drawBars(data));
  at('above').replaceChildren(drawAbove(data));
  at('heat').replaceChildren(drawHeat(data));
  at('top').replaceChildren(...drawTop(data));
  const whole = data.quarters.length <= pairsThatFit(data);
  at('quarters').replaceChildren(whole ? '' : table(data.quarters, pairColumns()));
  at('quarters').hidden = whole;
  at('foot').textContent = t('made', new Date().toISOString().slice(0, 16).replace('T', ' '));
}

async function load() {
  const year = Number(at('year').value);
  const mine = ++turn;
  data = null;
  at('error').textContent = '';
  if (!Number.isInteger(year) || year < 1 || year > 9999) {
    at('error').textContent = t('badYear');
  } else if (person()) {
    data = { year };
    try {
      const [quarters, above, [mean]] = await Promise.all([rows('hires_by_quarter'), rows('departments_above_mean'), rows('mean_hires')]);
      if (mine !== turn) return;
      data = { year, quarters, above, mean };
    } catch (error) {
      if (mine === turn && person()) at('error').textContent = error.message;
    }
  }
  draw();
}

speak(language, { forLong: false });
at('year').value = query.get('year') ?? 2021;
at('year').addEventListener('change', () => {
  query.set('year', at('year').value);
  history.replaceState(null, '', `?${query}`);
  load();
});
at('language').addEventListener('click', () => {
  language = language === 'en' ? 'es' : 'en';
  speak(language);
  draw();
});
at('print').addEventListener('click', () => print());
at('login').addEventListener('submit', logIn);
load();
