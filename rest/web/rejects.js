// The view of the rejects: what is wrong with a load and what would mend it, each row beside its reasons, a form that mends
// one, and the replay of a load, which is always tried first.
import {
  at, bare, begin, button, classPill, complaint, element, errorsOf, fillSelect, guarded, paragraph, pill, reason, saveFile, short, table,
} from './asset?name=page.js';
import { ask, post, rows } from './asset?name=session.js';
import { knows, moment, number, t } from './asset?name=words.js';

const page = 50; // errors asked for at once; a reject whose errors may be cut comes with the next page
const classes = ['structure', 'encoding', 'type', 'not_null', 'check', 'unique', 'foreign_key', 'exclusion', 'domain', 'trigger', 'privilege'];
const form = at('replay-form');
let wanted = ''; // the load, or all
let list = []; // { reject_id, …, errors }
let whole = true;
let recent = []; // loads with rejects
let groups = []; // of the summary
let tried = null; // the options of the last dry run

// ---- what is asked for ----

function query() {
  const parts = ['rejects?select=reject_id,load_id,target,record_number,line_number,status,ordinal,column_name,value,class,message,hint,raw'];
  if (wanted) parts.push(`load_id=eq.${wanted}`);
  if (at('rejects-class').value) parts.push(`class=eq.${at('rejects-class').value}`);
  if (at('rejects-status').value) parts.push(`status=eq.${at('rejects-status').value}`);
  return parts.join('&');
}

function group(errors) {
  const byId = new Map();
  for (const error of errors) {
    if (!byId.has(error.reject_id)) byId.set(error.reject_id, { ...error, errors: [] });
    if (error.ordinal != null) byId.get(error.reject_id).errors.push({ ...error, column: error.column_name });
  }
  return [...byId.values()];
}

// A load is read in the order of its file; all loads, the latest first.
async function load(after = null) {
  const fresh = begin('rejects');
  const from = after == null ? '' : `&reject_id=${wanted ? 'gt' : 'lt'}.${after}`;
  const errors = await rows(`${query()}&order=reject_id.${wanted ? 'asc' : 'desc'},ordinal&limit=${page}${from}`);
  if (!fresh()) return;
  const found = group(errors);
  whole = errors.length < page;
  if (!whole && found.length > 1) found.pop();
  list = [...(after == null ? [] : list), ...found];
  drawList(after == null ? 0 : list.length - found.length);
}

async function loadSummary() {
  const fresh = begin('summary');
  at('repair').hidden = at('rejects-csv').hidden = !wanted;
  if (!wanted) return;
  const found = await rows(`rpc/reject_summary?load_id=${wanted}`);
  if (!fresh()) return;
  groups = found;
  drawSummary();
}

// ---- the list ----

const whereOf = (one) => [one.line_number != null ? t('line', number(one.line_number)) : t('record', number(one.record_number)),
  wanted ? '' : t('ofTable', one.load_id, bare(one.target))].filter(Boolean).join(' · ');

function drawReject(one) {
  const item = element('li', {},
    element('div', { className: 'reject' },
      element('div', { className: 'where' }, element('span', { textContent: whereOf(one) }),
        one.status === 'open' ? '' : pill(t(`rj_${one.status}`), one.status === 'dismissed' ? '' : 'good')),
      element('div', { className: 'reasons' }, ...one.errors.map((error) => element('span', { className: 'line' }, reason(error)))),
      one.raw == null ? paragraph('quiet', t('noRaw')) : element('code', { textContent: short(one.raw, 400) })));
  const place = element('div', { className: 'place' });
  if (one.status === 'open') {
    const name = whereOf(one);
    item.append(element('div', { className: 'actions' },
      button('plain small', t('mend'), () => openForm(one, item, place)), button('plain small', t('dismiss'), () => openDismissal(one, item, place))), place);
    for (const made of item.querySelectorAll('button')) made.ariaLabel = `${made.textContent}: ${name}`;
  }
  return item;
}

function drawList(from = 0) {
  if (from === 0) at('rejects-list').replaceChildren();
  at('rejects-list').append(...list.slice(from).map(drawReject));
  at('rejects-note').textContent = list.length === 0 ? t('noRejects') : t('shown', number(list.length));
  at('rejects-more').hidden = whole;
}

function settle(one, item, status, text) {
  one.status = status;
  const note = element('p', { className: 'good', role: 'status', tabIndex: -1, textContent: text });
  item.querySelector('.actions')?.remove();
  item.querySelector('.place')?.replaceChildren(note);
  note.focus();
  tried = null;
  drawReplay();
  loadSummary().catch(() => {});
}

// ---- mending one ----

async function openForm(one, item, place) {
  const note = element('p', { id: `wrong-${one.reject_id}`, className: 'error', role: 'alert' });
  const fields = element('div', { className: 'pairs' });
  const mended = element('form', { className: 'mend' }, fields, paragraph('quiet', t('mendHint')), note,
    sendOrLeave(t('mendSend'), item, place));
  mended.addEventListener('submit', guarded(note.id, () => sendMended(one, item, mended, note)));
  place.replaceChildren(mended);
  try {
    const found = await rows(`rpc/reject_fields?reject_id=${one.reject_id}`);
    fields.append(...found.sort((a, b) => a.position - b.position).map((field, i) => drawField(one, field, i)));
    note.textContent = one.errors.filter((error) => !found.some((field) => field.column_name === error.column)).map((error) => error.message).join(' — ');
  } catch (error) {
    note.textContent = complaint(error);
  }
  (fields.querySelector('[aria-invalid]') ?? fields.querySelector('input, textarea') ?? note).focus();
}

const sendOrLeave = (text, item, place) => element('div', { className: 'actions' }, element('button', { type: 'submit', textContent: text }),
  button('plain', t('cancel'), () => {
    place.replaceChildren();
    item.querySelector('button').focus();
  }));

// What came in a field, and what its input made of that: line breaks become others there.
const given = new WeakMap();
function drawField(one, field, i) {
  const id = `field-${one.reject_id}-${i}`;
  const tag = /[\r\n]/.test(field.value) ? 'textarea' : 'input';
  const input = element(tag, { id, name: field.column_name, value: field.value ?? '', autocapitalize: 'none', spellcheck: false, autocomplete: 'off' });
  const wrong = (field.errors ?? []).length > 0;
  given.set(input, { came: wrong && field.value === '' ? null : field.value, shown: input.value });
  input.setAttribute('aria-describedby', `${id}-type ${id}-error`);
  const box = element('div', { className: 'field' }, element('label', { htmlFor: id, textContent: field.column_name }),
    element('span', { id: `${id}-type`, className: 'quiet', textContent: field.column_type ?? '' }), input,
    element('span', { id: `${id}-error`, className: 'bad', lang: 'en' }));
  blame(input, (field.errors ?? []).map((error) => error.message));
  return box;
}
// What was not touched goes as it came; an input that was emptied, or was wrong for being empty, stands for nothing.
function valueOf(input) {
  const { came, shown } = given.get(input);
  return input.value === shown ? came : input.value || null;
}
function blame(input, messages) {
  if (messages.length > 0) input.ariaInvalid = 'true';
  else input.ariaInvalid = null;
  input.parentElement.lastElementChild.textContent = messages.join(' — ');
}

async function sendMended(one, item, mended, note) {
  const inputs = [...mended.querySelectorAll('.field > input, .field > textarea')];
  const row = Object.fromEntries(inputs.map((input) => [input.name, valueOf(input)]).filter(([, value]) => value !== null));
  try {
    await post('rpc/fix_reject', { reject_id: one.reject_id, row });
  } catch (error) {
    const errors = error.body ? errorsOf(error.body) : [];
    if (errors.length === 0) throw error;
    for (const input of inputs) blame(input, errors.filter((e) => e.column === input.name).map((e) => [e.message, e.hint].filter(Boolean).join(' — ')));
    note.textContent = [error.message, ...errors.filter((e) => !inputs.some((input) => input.name === e.column)).map((e) => e.message)].join(' — ');
    mended.querySelector('[aria-invalid]')?.focus();
    return;
  }
  settle(one, item, 'fixed', t('fixedNow'));
}

function openDismissal(one, item, place) {
  const note = element('p', { id: `wrong-${one.reject_id}`, className: 'error', role: 'alert' });
  const why = element('input', { maxLength: 500, autocomplete: 'off' });
  const asked = element('form', { className: 'mend' }, element('label', {}, element('span', { textContent: t('whyDismiss') }), why), note,
    sendOrLeave(t('dismiss'), item, place));
  asked.addEventListener('submit', guarded(note.id, async () => {
    await ask('rpc/dismiss_reject', { json: { reject_id: one.reject_id, reason: why.value || null } });
    settle(one, item, 'dismissed', t('dismissedNow'));
  }));
  place.replaceChildren(asked);
  why.focus();
}

// ---- the summary, and the replay ----

// A proposal is a sentence and the SQL that does it. Where that is a replay, its options are offered as a button instead:
// [{ date_format: 'DD/MM/YYYY' }, …]
const replays = /:? *SELECT \* FROM ferry\.replay\(\d+, ([^]*?)\)(?=[\s;,(]|$)/g;
const literals = (sql) => [...sql.matchAll(/'((?:[^']|'')*)'/g)].map(([, text]) => text.replaceAll("''", "'"));
function optionsOf(proposal) {
  return [...(proposal ?? '').matchAll(replays)].map(([, sql]) =>
    Object.fromEntries([...sql.matchAll(/(\w+) => (ARRAY\[[^\]]*\]|'(?:[^']|'')*')/g)].map(([, name, value]) => [name, literals(value).join(',')])))
    .filter((options) => Object.keys(options).length > 0 && Object.keys(options).every((name) => name in form.elements));
}

function use(options) {
  form.reset();
  for (const [name, value] of Object.entries(options)) form.elements[name].value = value;
  tried = null;
  drawReplay();
  form.querySelector('[type=submit]').focus();
}

function drawProposal({ proposal }) {
  const offers = optionsOf(proposal);
  const sentence = offers.length > 0 ? proposal.replace(replays, '') : proposal;
  const naming = (options) => Object.entries(options).map(([name, value]) => `${name} ${value}`).join(', ');
  return element('div', { className: 'offers' }, element('span', { lang: 'en', className: 'small line', textContent: short(sentence, 400) }),
    ...offers.map((options) => button('plain small', t('useIt', naming(options)), () => use(options))));
}

function drawSummary() {
  at('summary').replaceChildren(table(groups, [
    [t('reason'), (g) => element('span', { className: 'reason' }, classPill(g.class), ' ', element('b', { textContent: g.column_name ?? '' }))],
    [t('pattern'), (g) => g.pattern ?? short(g.example, 30), 'code'], [t('rows'), (g) => number(g.rows), 'number'],
    [t('proposal'), drawProposal, 'text'],
  ], { empty: t('noRejects'), stack: true }));
}

function replayOptions() {
  const options = { load_id: Number(wanted) };
  for (const { name, value } of form.elements) {
    if (name && value !== '') options[name] = name === 'also_null' ? value.split(',').map((one) => one.trim()) : value;
  }
  return options;
}

// The button that loads waits for a dry run with the very options that stand in the form.
function drawReplay(text = '') {
  at('replay').disabled = !tried || tried !== JSON.stringify(replayOptions());
  at('replay-answer').textContent = text;
}

async function replay(dryRun) {
  const options = replayOptions();
  tried = null;
  let answer;
  try {
    answer = await post('rpc/replay', { ...options, dry_run: dryRun });
  } catch (error) {
    if (error.body?.received == null) throw error;
    answer = error.body;
  }
  if (dryRun) tried = JSON.stringify(options);
  drawReplay(t(dryRun ? 'tried' : 'replayed', number(answer.inserted), number(answer.received), number(answer.rejected)));
  if (!dryRun) {
    form.reset();
    await Promise.all([load(), loadSummary()]);
  }
}

form.addEventListener('submit', guarded('replay-error', () => replay(true)));
form.addEventListener('input', () => drawReplay());
at('replay').addEventListener('click', guarded('replay-error', () => replay(false)));

// ---- filters ----

function drawFilters() {
  const nameOf = (one) => [one.load_id, bare(one.target), moment(one.started_at), number(one.rows_rejected)].join(' · ');
  const named = recent.map((one) => [String(one.load_id), nameOf(one)]);
  if (wanted && !recent.some((one) => String(one.load_id) === wanted)) named.unshift([wanted, wanted]);
  fillSelect(at('rejects-load'), [['', t('allLoads')], ...named], wanted);
  fillSelect(at('rejects-class'), [['', t('any')], ...classes.map((name) => [name, knows(`class_${name}`) ? t(`class_${name}`) : name])]);
}

at('rejects-load').addEventListener('change', () => {
  const chosen = at('rejects-load').value;
  location.hash = chosen ? `#rejects/${chosen}` : '#rejects';
});
for (const id of ['rejects-class', 'rejects-status']) at(id).addEventListener('change', guarded('rejects-error', () => load()));
at('rejects-more').addEventListener('click', guarded('rejects-error', () => load(list.at(-1).reject_id)));
at('rejects-csv').addEventListener('click', guarded('rejects-error', async () => {
  const status = at('rejects-status').value || 'open';
  const response = await ask(`rpc/export_rejects?load_id=${wanted}&status=${status}`, { headers: { Accept: '*/*' } });
  saveFile(await response.blob(), `rejects_${wanted}.csv`);
}));

export const rejects = {
  open: guarded('rejects-error', async (argument) => {
    const other = /^\d+$/.test(argument ?? '') ? argument : '';
    if (other !== wanted) {
      form.reset();
      tried = null;
      at('replay-error').textContent = '';
      drawReplay();
    }
    wanted = other;
    recent = await rows('loads?select=load_id,target,started_at,rows_rejected&rows_rejected=gt.0&order=load_id.desc&limit=50');
    drawFilters();
    await Promise.all([load(), loadSummary()]);
  }),
  draw() {
    drawFilters();
    drawList();
    if (wanted) drawSummary();
    drawReplay();
  },
  forget() {
    wanted = '';
    list = recent = groups = [];
    at('rejects-list').replaceChildren();
    at('summary').replaceChildren();
  },
};
