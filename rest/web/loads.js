// The view of the log: what runs now, and the loads that were.
import { at, bare, begin, element, fillSelect, guarded, myTables, paragraph, rejectsLink, saveCsv, table } from './asset?name=page.js';
import { rows } from './asset?name=session.js';
import { decimal, moment, number, size, t } from './asset?name=words.js';

const page = 25;
let list = [];
let whole = true; // whether the list holds the last one
let running = [];
let timer = null;

function query() {
  const filters = [];
  // The log has names as SQL writes them, with quotes where it needs them.
  const name = at('loads-table').value;
  const value = (text) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  if (name) filters.push(`target=in.${encodeURIComponent(`(${value(`public.${name}`)},${value(`public."${name.replaceAll('"', '""')}"`)})`)}`);
  if (at('loads-status').value) filters.push(`status=eq.${encodeURIComponent(at('loads-status').value)}`);
  const columns = 'load_id,target,source_kind,source_name,loaded_by,started_at,status,rows_read,rows_loaded,rows_rejected';
  return [`loads?select=${columns}&order=load_id.desc`, ...filters].join('&');
}

async function load(from = null) {
  const fresh = begin('loads');
  const found = await rows(`${query()}&limit=${page + 1}${from ? `&load_id=lt.${from}` : ''}`);
  if (!fresh()) return;
  whole = found.length <= page;
  list = [...(from ? list : []), ...found.slice(0, page)];
  drawList();
}

// What runs now is asked again while the view is open and looked at.
async function look() {
  clearTimeout(timer);
  const fresh = begin('running');
  if (!document.hidden) {
    const before = running.length;
    running = await rows('rpc/progress');
    if (!fresh()) return;
    drawRunning();
    if (running.length < before) load();
  }
  timer = setTimeout(() => look().catch(() => {}), 2000);
}

function drawRunning() {
  if (running.length === 0) {
    if (at('running').querySelector('p')?.textContent !== t('nothingRuns')) at('running').replaceChildren(paragraph('quiet', t('nothingRuns')));
    return;
  }
  at('running').replaceChildren(...running.map((one) => {
    const bar = element('progress', { max: 1, ariaLabel: t(`kind_${one.kind}`) });
    if (one.bytes_total) bar.value = one.bytes_done / one.bytes_total;
    const all = one.bytes_total ? size(one.bytes_total) : '?';
    return element('div', { className: 'work' }, element('b', { textContent: t('progressOf', t(`kind_${one.kind}`), bare(one.target)) }), bar,
      paragraph('quiet', t('progressText', size(one.bytes_done), all, number(one.rows_done), number(one.rows_rejected ?? 0), decimal(one.seconds))));
  }));
}

const statusClass = { loaded: 'good', partial: 'warn', aborted: 'bad' };
function drawList() {
  at('loads-list').replaceChildren(table(list, [
    [t('ofLoad'), (r) => String(r.load_id), 'number'], [t('table'), (r) => bare(r.target)],
    [t('source'), (r) => [r.source_kind, r.source_name].filter(Boolean).join(' · '), 'text'], [t('by'), (r) => r.loaded_by],
    [t('started'), (r) => moment(r.started_at), 'now'],
    [t('status'), (r) => element('span', { className: statusClass[r.status] ?? '', textContent: t(`st_${r.status}`) })],
    [t('read'), (r) => number(r.rows_read), 'number'], [t('loaded'), (r) => number(r.rows_loaded), 'number'],
    [t('rejectedRows'), (r) => (r.rows_rejected > 0 ? Object.assign(rejectsLink(r.load_id, number(r.rows_rejected)), { ariaLabel: t('seeRejects', r.load_id) }) : '0'), 'number'],
  ], { stack: true }));
  at('loads-more').hidden = whole;
}

const reload = guarded('loads-error', () => load());
at('loads-refresh').addEventListener('click', guarded('loads-error', () => Promise.all([load(), look()])));
at('loads-table').addEventListener('change', reload);
at('loads-status').addEventListener('change', reload);
at('loads-more').addEventListener('click', guarded('loads-error', () => load(list.at(-1).load_id)));
at('loads-csv').addEventListener('click', guarded('loads-error', () => saveCsv(query(), 'loads.csv')));

async function fillFilter() {
  fillSelect(at('loads-table'), [['', t('allTables')], ...(await myTables()).map(({ name }) => [name, name])]);
}

export const loads = {
  open: guarded('loads-error', () => Promise.all([fillFilter(), load(), look()])),
  close() {
    clearTimeout(timer);
    begin('running');
  },
  draw() {
    drawList();
    drawRunning();
    fillFilter().catch(() => {});
  },
  forget() {
    list = [];
    running = [];
    at('loads-list').replaceChildren();
  },
};
