// The view of the backups: make, verify, compare, download, drop, and restore behind a dialog that tells what is at stake,
// tries first, and wants the table's name typed. A backup_id passes what a JavaScript number holds, so it is asked for as text.
import {
  at, bare, begin, button, complaint, countTiles, element, errorsOf, fillTables, guarded, myTables, paragraph, reason, saveFile, scrolling, short, table,
} from './asset?name=page.js';
import { ask, post, rows, upload } from './asset?name=session.js';
import { moment, number, size, t } from './asset?name=words.js';

const makeForm = at('backup-form');
const uploadForm = at('upload-form');
const page = 25;  // rows of the list
let list = [];
let shown = page;

async function load() {
  const fresh = begin('backups');
  const found = await rows('rpc/backups?select=backup_id::text,target,file,codec,parts,rows,bytes,taken_at,taken_by,verified_level,verified_at&order=taken_at.desc');
  if (!fresh()) return;
  list = found;
  draw();
}

function draw() {
  at('backups-list').replaceChildren(table(list.slice(0, shown), [
    [t('table'), (r) => bare(r.target)], [t('taken'), (r) => moment(r.taken_at), 'now'], [t('by'), (r) => r.taken_by],
    [t('rows'), (r) => number(r.rows), 'number'], [t('size'), (r) => size(r.bytes), 'number'], [t('codec'), (r) => r.codec],
    [t('verified'), (r) => element('span', { className: r.verified_level ? 'good' : 'quiet', textContent: r.verified_level ?? t('never'), title: moment(r.verified_at) })],
    [t('actions'), drawActions],
  ], { stack: true }));
  at('backups-more').hidden = list.length <= shown;
}

function drawMore() {
  shown += page;
  draw();
}

function drawActions(one) {
  const made = element('div', { className: 'actions' },
    button('plain small', t('verify'), () => openVerify(one)), button('plain small', t('download'), guarded('backups-error', () => download(one))),
    button('plain small', t('compare'), () => openDiff(one)), button('plain small', t('restoreAsk'), () => openRestore(fromBackup(one))),
    button('plain small danger', t('dropBackup'), () => openDrop(one)));
  for (const each of made.children) each.ariaLabel = `${each.textContent} ${one.file}`;
  return made;
}

// What was done last, told again when the language changes.
let told = null;
function done(...what) {
  told = what;
  at('backups-done').textContent = what.length > 0 ? t(...what) : '';
}

at('backups-more').addEventListener('click', drawMore);
makeForm.addEventListener('submit', guarded('backups-error', async () => {
  const { table: target, codec } = makeForm.elements;
  done();
  const made = await post('rpc/backup_table', { table_name: target.value, codec: codec.value });
  await load();
  done('backedUp', made.file);
}));

at('backup-all').addEventListener('click', guarded('backups-error', async () => {
  done();
  const names = [...makeForm.elements.table.options].map((one) => one.value);
  const made = await post('rpc/backup_tables', { table_names: names, codec: makeForm.elements.codec.value });
  await load();
  done('backedUp', made.map((one) => one.file).join(', '));
}));

// Each part is a file; a large one comes in chunks, which are joined here.
async function download(one) {
  const parts = one.parts ?? 1;
  for (let part = 1; part <= parts; part++) {
    done('downloading', one.file, part, parts);
    const path = `rpc/download_backup?backup_id=${one.backup_id}&part=${part}`;
    const chunks = [];
    let name = one.file;
    for (let chunk = 0, all = 1; chunk < all; chunk++) {
      const response = await ask(`${path}&chunk=${chunk}`, { headers: { Accept: 'application/octet-stream, */*' } });
      all = Number(response.headers.get('X-Chunks') ?? 1);
      name = /filename="([^"]+)"/.exec(response.headers.get('Content-Disposition') ?? '')?.[1] ?? name;
      chunks.push(await response.blob());
    }
    saveFile(new Blob(chunks, { type: 'application/octet-stream' }), name);
  }
  done('downloaded', one.file);
}

// ---- dialogs ----

for (const dialog of document.querySelectorAll('dialog')) {
  for (const one of dialog.querySelectorAll('[data-close]')) one.addEventListener('click', () => dialog.close());
  // The button that opened it may have gone in the meantime, and with it the focus.
  dialog.addEventListener('close', () => {
    if (document.activeElement === document.body) at('backups-title').focus();
  });
}
// What a task of a dialog brings is for the showing in which it began.
let showing = 0;
function openDialog(id, title) {
  showing += 1;
  at(`${id}-title`).textContent = title;
  at(`${id}-error`).textContent = '';
  at(id).showModal();
}

function openVerify(one) {
  at('verify-answer').replaceChildren();
  openDialog('verify', t('verifyTitle', one.file));
  at('verify-form').onsubmit = guarded('verify-error', async () => {
    const mine = showing;
    at('verify-answer').replaceChildren(paragraph('quiet', t('working')));
    try {
      const answer = await post('rpc/verify_backup', { backup_id: one.backup_id, level: at('verify-form').elements.level.value });
      if (mine === showing) drawChecks(answer);
    } catch (error) {
      at('verify-answer').replaceChildren();
      throw error;
    }
    await load();
  });
}
// Columns that no check fills are left out.
function drawChecks({ ok, checks }) {
  const filled = (name, column) => (checks.some((check) => check[name] != null) ? [column] : []);
  at('verify-answer').replaceChildren(paragraph(ok ? 'good' : 'bad', t(ok ? 'sound' : 'notSound')), table(checks, [
    [t('level'), (c) => c.level], [t('result'), (c) => element('span', { className: c.ok ? 'good' : 'bad', textContent: c.ok ? t('passed') : t('problem') })],
    ...filled('column_name', [t('column'), (c) => c.column_name]),
    ...filled('record_number', [t('row'), (c) => (c.record_number == null ? '' : number(c.record_number)), 'number']),
    ...filled('problem', [t('problem'), (c) => element('span', { lang: 'en', textContent: short(c.problem, 300) }), 'text'])], { stack: true }));
}

// The rows that differ from a backup. Of very many the server gives the first; all is the number of them.
async function differing(one, columns) {
  const response = await ask(`rpc/diff_backup?select=${columns}`, { json: { backup_id: one.backup_id }, headers: { Prefer: 'count=exact' } });
  const list = await response.json();
  const all = Number(response.headers.get('Content-Range')?.split('/')[1] ?? list.length);
  const [missing, surplus, changed] = ['missing', 'surplus', 'changed'].map((name) => list.filter((row) => row.change === name).length);
  const text = all === 0 ? t('same') : all > list.length ? t('differ', number(all))
    : t('differs', number(all), number(missing), number(surplus), number(changed));
  return { list, all, text, now: all > list.length ? null : one.rows - missing + surplus };
}

async function openDiff(one) {
  openDialog('diff', t('diffTitle', one.file));
  const mine = showing;
  at('diff-answer').replaceChildren(paragraph('quiet', t('working')));
  try {
    const found = await differing(one, 'change,key,in_backup,in_table');
    if (mine === showing) drawDiff(found);
  } catch (error) {
    if (mine !== showing) return;
    at('diff-answer').replaceChildren();
    at('diff-error').textContent = complaint(error);
  }
}
function drawDiff({ list: found, all, text }) {
  const most = 200;
  at('diff-answer').replaceChildren(paragraph(all === 0 ? 'good' : '', text));
  if (all === 0) return;
  const json = (value) => (value == null ? '' : short(JSON.stringify(value), 200));
  at('diff-answer').append(
    scrolling(t('compare'), 'tall', table(found.slice(0, most), [
      [t('change'), (r) => t(`ch_${r.change}`)], [t('key'), (r) => json(r.key), 'code'], [t('inBackup'), (r) => json(r.in_backup), 'code'],
      [t('inTable'), (r) => json(r.in_table), 'code']], { stack: true })),
    ...(all > most ? [paragraph('quiet', t('firstOf', number(most), number(all)))] : []));
}

function openDrop(one) {
  openDialog('discard', t('dropTitle', one.file));
  at('discard-form').onsubmit = guarded('discard-error', async () => {
    await post('rpc/drop_backup', { backup_id: one.backup_id });
    at('discard').close();
    await load();
    done('dropped', one.file);
  });
}

// ---- restoring ----

// What a restore is made from: its table, what is known of it, and how it is sent.
const fromBackup = (one) => ({
  target: bare(one.target),
  facts: [[t('factBackup'), number(one.rows)], [t('factTaken'), moment(one.taken_at)], [t('factFile'), one.file]],
  compare: () => differing(one, 'change'),
  send: (options) => post('rpc/restore_table', { table_name: bare(one.target), backup: one.backup_id, ...options }),
});
const fromFile = (file, target) => ({
  target,
  facts: [[t('factFile'), `${file.name} · ${size(file.size)}`]],
  send: ({ mode, on_error: onError, dry_run: dryRun }) => upload('rpc/restore_upload', {
    body: file, told() {}, headers: { 'X-Table': target, 'X-Mode': mode, 'X-On-Error': onError, 'X-Dry-Run': String(dryRun) } }),
});

// Counted where the table has a route of its own, else what the server's statistics say.
async function rowsNow(target) {
  if (['departments', 'jobs', 'hired_employees'].includes(target)) {
    const counted = await ask(`${target}?limit=0`, { headers: { Prefer: 'count=exact' } });
    return number(counted.headers.get('Content-Range').split('/')[1]);
  }
  const estimate = (await myTables()).find((one) => one.name === target)?.rows_estimate;
  return estimate == null || estimate < 0 ? t('unknown') : t('about', number(estimate));
}

// What the table holds now, and how that differs from the backup, told as soon as it is known.
async function tellNow(from, now, difference) {
  const mine = showing;
  const [counted, compared] = await Promise.all([rowsNow(from.target).catch(() => t('unknown')), from.compare?.().catch(() => null)]);
  if (mine !== showing) return;
  now.textContent = compared?.now != null ? number(compared.now) : counted;
  difference.textContent = compared?.text ?? t('unknown');
}

const restoreForm = at('restore-form');
let source = null;
let tried = null; // the options of the last dry run that could be done

const options = () => ({ mode: restoreForm.elements.mode.value, on_error: restoreForm.elements.on_error.value });

function openRestore(from) {
  source = from;
  tried = null;
  restoreForm.reset();
  at('restore-tried').replaceChildren();
  openDialog('restore', t('restoreTitle', source.target));
  const now = element('dd', { textContent: '…' });
  const difference = element('dd', { textContent: '…' });
  const facts = [[t('factTable'), source.target], [t('factNow'), now], ...source.facts, ...(source.compare ? [[t('factDiffers'), difference]] : [])];
  at('restore-facts').replaceChildren(...facts.flatMap(([name, value]) =>
    [element('dt', { textContent: name }), value instanceof Node ? value : element('dd', { textContent: value })]));
  at('restore-type').textContent = t('typeName', source.target);
  drawGo();
  tellNow(source, now, difference);
}

function drawGo() {
  const ready = tried === JSON.stringify(options());
  at('restore-sure').hidden = !ready;
  at('restore-go').disabled = !ready || restoreForm.elements.name.value !== source?.target;
}

async function send(dryRun) {
  try {
    return await source.send({ ...options(), dry_run: dryRun });
  } catch (error) {
    if (error.body?.received == null) throw error;
    return error.body;
  }
}

function drawTried(answer) {
  const errors = errorsOf(answer);
  at('restore-tried').replaceChildren(element('h3', { textContent: t('restoreTried') }), countTiles(answer),
    ...(answer.message ? [paragraph('bad', answer.message)] : []),
    ...(errors.length > 0 ? [scrolling(t('why'), '', table(errors.slice(0, 20), [[t('row'), (e) => String(e.record), 'number'], [t('why'), reason]]))] : []));
}

at('restore-try').addEventListener('click', guarded('restore-error', async () => {
  const mine = showing;
  const wanted = JSON.stringify(options());
  tried = null;
  at('restore-tried').replaceChildren(paragraph('quiet', t('working')));
  let answer;
  try {
    answer = await send(true);
  } catch (error) {
    at('restore-tried').replaceChildren();
    throw error;
  }
  if (mine !== showing) return;
  drawTried(answer);
  if (answer.status !== 'aborted') tried = wanted;
  drawGo();
  if (tried) restoreForm.elements.name.focus();
}));
restoreForm.addEventListener('input', drawGo);
restoreForm.addEventListener('submit', guarded('restore-error', async () => {
  if (at('restore-go').disabled) return;
  const answer = await send(false);
  if (answer.status === 'aborted' || answer.code) {
    tried = null;
    drawTried(answer);
    drawGo();
    return;
  }
  at('restore').close();
  done('restored', source.target, number(answer.inserted));
}));

uploadForm.elements.file.addEventListener('change', () => {
  at('upload-name').textContent = uploadForm.elements.file.files[0]?.name ?? t('avroFile');
});
uploadForm.addEventListener('submit', (event) => {
  event.preventDefault();
  openRestore(fromFile(uploadForm.elements.file.files[0], uploadForm.elements.table.value));
});

export const backups = {
  open: guarded('backups-error', () => Promise.all([
    fillTables(makeForm.elements.table, 'may_read'), fillTables(uploadForm.elements.table, 'may_restore'), load()])),
  draw() {
    draw();
    done(...(told ?? []));
    const file = uploadForm.elements.file.files[0];
    if (file) at('upload-name').textContent = file.name;
  },
  forget() {
    list = [];
    done();
    uploadForm.reset();
    at('upload-name').textContent = t('avroFile');
    at('backups-list').replaceChildren();
    for (const dialog of document.querySelectorAll('dialog[open]')) dialog.close();
  },
};
