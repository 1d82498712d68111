// What the views share to build the page: elements, tables, answers of loads, downloads. Every value is set as text, never
// as markup.
import { ask, rows } from './asset?name=session.js';
import { decimal, knows, number, t } from './asset?name=words.js';

export const at = (id) => document.getElementById(id);

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}
export const paragraph = (className, textContent) => element('p', { className, textContent });
export function button(className, text, act) {
  const made = element('button', { type: 'button', className, textContent: text });
  made.addEventListener('click', act);
  return made;
}

export const short = (text, most = 160) => (text?.length > most ? `${text.slice(0, most)}…` : text ?? '');
// The name of a table as it stands, from the name that SQL reads; tables of other schemas keep theirs.
export function bare(target) {
  const name = target?.replace(/^public\./, '');
  return name?.startsWith('"') && name !== target ? name.slice(1, -1).replaceAll('""', '"') : name;
}
export const pill = (text, className = '') => element('span', { className: `pill ${className}`, textContent: text });
export const classPill = (name) => pill(knows(`class_${name}`) ? t(`class_${name}`) : name ?? '', 'bad');

// columns: [heading, row => text or node, class of the cells]. With stack, a phone shows each row as a block of named
// values; the roles say again what the elements are, since that style takes it from them.
export function table(list, columns, { empty = t('none'), stack = false } = {}) {
  if (list.length === 0) return paragraph('quiet', empty);
  const cell = (tag, role, [heading, , className = ''], content) => {
    const made = element(tag, { className, role }, content ?? '');
    if (stack && tag === 'td') made.dataset.label = heading;
    return made;
  };
  return element('table', { className: stack ? 'stack' : '', role: 'table' },
    element('thead', { role: 'rowgroup' }, element('tr', { role: 'row' }, ...columns.map((column) => cell('th', 'columnheader', column, column[0])))),
    element('tbody', { role: 'rowgroup' }, ...list.map((row) => element('tr', { role: 'row' },
      ...columns.map((column) => cell('td', 'cell', column, column[1](row)))))));
}

export function fillSelect(select, options, chosen = select.value) {
  select.replaceChildren(...options.map(([value, text]) => element('option', { value, textContent: text })));
  select.value = chosen;
  if (select.selectedIndex < 0) select.selectedIndex = 0;
}

export const complaint = (error) => [error.message, error.hint].filter(Boolean).join(' — ');

let running = 0;
// Runs a task of the user's; while it runs its button rests, and what goes wrong is told in the place of that id.
export const guarded = (errorId, task) => async (event) => {
  event?.preventDefault?.();
  const pressed = event?.submitter ?? (event?.currentTarget instanceof HTMLButtonElement ? event.currentTarget : null);
  at(errorId).textContent = '';
  if (pressed) pressed.ariaDisabled = 'true';
  running += 1;
  document.body.classList.add('busy');
  try {
    await task(event);
  } catch (error) {
    if (error.name !== 'AbortError') at(errorId).textContent = complaint(error);
  } finally {
    if (pressed) pressed.ariaDisabled = null;
    running -= 1;
    document.body.classList.toggle('busy', running > 0);
  }
};
// A button at rest keeps the focus, but does nothing.
document.addEventListener('click', (event) => {
  if (event.target.closest?.('button[aria-disabled="true"]')) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}, true);

// A part that scrolls in itself, also by keyboard.
export const scrolling = (ariaLabel, className, ...children) => element('div', { className: `scroll ${className}`, tabIndex: 0, role: 'region', ariaLabel }, ...children);
export const rejectsLink = (load, textContent) => element('a', { href: `#rejects/${load}`, textContent });

// Whether nothing newer was begun for a part of the page since: const fresh = begin('loads'); … if (fresh()) draw.
const turns = {};
export function begin(part) {
  const turn = (turns[part] = (turns[part] ?? 0) + 1);
  return () => turns[part] === turn;
}

export function saveFile(blob, name) {
  const link = element('a', { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 30000);
}
export async function saveCsv(path, name) {
  saveFile(await (await ask(path, { headers: { Accept: 'text/csv' } })).blob(), name);
}

// The tables of the caller, asked for anew whenever a view fills its choice.
let tables = null;
export const forgetTables = () => { tables = null; };
export function myTables() {
  tables ??= rows('rpc/tables?order=name').catch((error) => { tables = null; throw error; });
  return tables;
}
export async function fillTables(select, right) {
  forgetTables();
  const usable = (await myTables()).filter((one) => one[right]);
  fillSelect(select, usable.map(({ name }) => [name, name]));
  return usable;
}

// ---- answers of loads, replays and restores ----

export const tiles = (...facts) => element('dl', { className: 'tiles' }, ...facts.filter(Boolean).map(([value, name, className = '']) =>
  element('div', { className: `tile ${className}` }, element('dt', { textContent: name }), element('dd', { textContent: value }))));

export const countTiles = (answer) => tiles(
  [number(answer.received), t('received')],
  [number(answer.inserted), answer.dry_run ? t('wouldInsert') : t('inserted'), answer.inserted > 0 ? 'good' : ''],
  [number(answer.rejected), t('rejected'), answer.rejected > 0 ? 'bad' : ''],
  answer.repaired > 0 && [number(answer.repaired), t('repaired'), 'warn'],
  answer.skipped > 0 && [number(answer.skipped), t('skipped')],
  answer.updated > 0 && [number(answer.updated), t('updated')],
  answer.seconds != null && [decimal(answer.seconds, 3), t('seconds')]);

export const errorsOf = (answer) => answer.errors ?? (Array.isArray(answer.details) ? answer.details : []);
export const reason = (error) => element('span', { className: 'reason' },
  classPill(error.class ?? error.code), ' ', ...(error.column ? [element('b', { textContent: error.column }), ' '] : []),
  element('span', { lang: 'en', textContent: [short(error.message), error.hint].filter(Boolean).join(' — ') }));

export function loadAnswer(answer) {
  const errors = errorsOf(answer);
  const heading = answer.dry_run ? t('answerDry', bare(answer.table)) : t('answerOf', answer.load, bare(answer.table));
  const parts = [element('h3', { textContent: heading }), countTiles(answer)];
  if (answer.message) parts.push(paragraph('bad', answer.message));
  if (answer.load != null && answer.rejected > 0) {
    parts.push(element('p', {}, rejectsLink(answer.load, t('seeRejects', answer.load))));
  }
  if (errors.length > 0) {
    const title = t('firstErrors', number(errors.length));
    parts.push(element('h4', { textContent: title }), scrolling(title, 'tall', table(errors, [
      [t('row'), (e) => String(e.line ?? e.record), 'number'], [t('why'), reason], ['', (e) => short(e.value, 60), 'code']])));
  }
  return element('div', { className: 'card' }, ...parts);
}
