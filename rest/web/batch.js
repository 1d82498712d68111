// The view that sends rows as JSON and shows each error beside its row.
import { at, countTiles, element, errorsOf, fillTables, guarded, myTables, paragraph, reason, rejectsLink, scrolling, short, table } from './asset?name=page.js';
import { ask, rows } from './asset?name=session.js';
import { t } from './asset?name=words.js';

const form = at('batch-form');
const fields = form.elements;
let sent = null; // the rows as they were written
let answer = null;
let offered = ''; // the last example, which may be overwritten by another

// A value that the column would take, as far as its schema tells.
function exampleOf(given) {
  const schema = (given.anyOf ?? given.oneOf)?.find((one) => one.type !== 'null') ?? given;
  const type = [schema.type].flat().find((one) => one !== 'null');
  if (schema.examples?.length) return schema.examples[0];
  if (schema.enum) return schema.enum[0];
  if (schema.format === 'date-time') return '2021-03-01T09:00:00Z';
  if (schema.format === 'date') return '2021-03-01';
  if (schema.format === 'uuid') return '00000000-0000-4000-8000-000000000001';
  if (type === 'integer' || type === 'number') return Math.max(1, schema.minimum ?? 1, (schema.exclusiveMinimum ?? 0) + 1);
  if (type === 'boolean') return true;
  if (type === 'array') return [];
  if (type === 'object') return {};
  return 'example'.slice(0, schema.maxLength ?? 20);
}

// Two rows of the form of the table: what must be there and what may be, but no key that the table makes itself. What was
// written in the meantime stays.
async function showExample() {
  const name = fields.table.value;
  const before = fields.rows.value;
  const [schema, tables] = await Promise.all([rows(`rpc/json_schema?table_name=${encodeURIComponent(name)}`), myTables()]);
  if (fields.rows.value !== before) return;
  const required = schema.required ?? [];
  const keys = tables.find((one) => one.name === name)?.primary_key ?? [];
  const entries = Object.entries(schema.properties ?? {}).filter(([column, one]) => !one.readOnly && (required.includes(column) || !keys.includes(column)));
  const row = (n) => Object.fromEntries(entries.map(([column, one]) => {
    const value = exampleOf(one);
    return [column, keys.includes(column) && typeof value === 'number' ? value + n : value];
  }));
  offered = `[\n  ${JSON.stringify(row(0))},\n  ${JSON.stringify(row(1))}\n]`;
  fields.rows.value = offered;
}

// The elements of a JSON array as they are written, since a number may have more digits than JavaScript keeps.
function elementsOf(text) {
  const found = [];
  let depth = 0;
  let quoted = false;
  let start = text.indexOf('[') + 1;
  for (let i = start - 1; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c === '\\') i += 1;
      else if (c === '"') quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === '[' || c === '{') depth += 1;
    else if (c === ']' || c === '}') depth -= 1;
    if (!quoted && (depth === 0 || (depth === 1 && c === ','))) {
      found.push(text.slice(start, i).trim());
      start = i + 1;
    }
    if (depth === 0) break;
  }
  return found.filter((one) => one !== '');
}

// Where a syntax error is, as far as the browser tells.
function place(text, error) {
  const position = /position (\d+)/.exec(error.message)?.[1];
  if (position === undefined) return '';
  const before = text.slice(0, Number(position)).split('\n');
  return ` (${before.length}:${before.at(-1).length + 1})`;
}

async function send() {
  const text = fields.rows.value;
  let list;
  try {
    list = JSON.parse(text);
  } catch (error) {
    throw new Error(`${t('notJson')}: ${error.message}${place(text, error)}`, { cause: error });
  }
  if (!Array.isArray(list)) throw new Error(t('notArray'));
  const request = JSON.stringify({ table_name: fields.table.value, mode: fields.mode.value, dry_run: fields.dry_run.checked });
  answer = null;
  at('batch-answer').replaceChildren();
  try {
    // The rows go as they were written: a number keeps all its digits.
    const body = `${request.slice(0, -1)},"rows":${text}}`;
    answer = await (await ask('rpc/insert_batch', { body, headers: { 'Content-Type': 'application/json' } })).json();
  } catch (error) {
    if (error.body?.load == null && !Array.isArray(error.body?.details)) throw error;
    answer = error.body;
  }
  sent = elementsOf(text);
  draw();
}

function fate(index, errors) {
  if (errors.length > 0) return element('span', {}, ...errors.map((error) => element('span', { className: 'line' }, reason(error))));
  if (answer.dry_run) return element('span', { className: 'good', textContent: t('rowGood') });
  if (answer.inserted === 0) return element('span', { className: 'quiet', textContent: t('rowOut') });
  const key = answer.keys?.[index];
  return element('span', { className: 'good', textContent: t('rowIn') + (key == null ? '' : ` · ${typeof key === 'object' ? JSON.stringify(key) : key}`) });
}

function draw() {
  if (!answer) return;
  const byRow = new Map();
  for (const error of errorsOf(answer)) byRow.set(error.index, [...(byRow.get(error.index) ?? []), error]);
  const list = sent.map((row, index) => ({ row, index, errors: byRow.get(index) ?? [] }));
  at('batch-answer').replaceChildren(element('div', { className: 'card' },
    countTiles({ received: sent.length, ...answer }),
    answer.message ? paragraph('bad', answer.message) : '',
    answer.load != null && answer.rejected > 0 && !answer.dry_run ? element('p', {}, rejectsLink(answer.load, t('seeRejects', answer.load))) : '',
    scrolling(t('why'), 'tall', table(list, [
      ['#', ({ index }) => String(index + 1), 'number'], [t('why'), ({ index, errors }) => fate(index, errors)],
      [t('row'), ({ row }) => short(row, 200), 'code']], { stack: true }))));
}

at('batch-example').addEventListener('click', guarded('batch-error', showExample));
fields.table.addEventListener('change', guarded('batch-error', async () => {
  if (fields.rows.value === '' || fields.rows.value === offered) await showExample();
}));
form.addEventListener('submit', guarded('batch-error', send));

export const batch = {
  open: guarded('batch-error', async () => {
    if ((await fillTables(fields.table, 'may_insert')).length === 0) throw new Error(t('noTables'));
    if (fields.rows.value === '') await showExample();
  }),
  draw,
  forget() {
    sent = answer = null;
    offered = '';
    form.reset();
    at('batch-answer').replaceChildren(paragraph('quiet', t('batchHint')));
  },
};
