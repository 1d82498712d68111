// The view that sends a file: drop or choose it, watch it go and being checked, read the answer.
import { at, bare, element, fillTables, guarded, loadAnswer } from './asset?name=page.js';
import { rows, upload } from './asset?name=session.js';
import { number, size, t } from './asset?name=words.js';

const form = at('load-form');
let file = null;
let answer = null;
let stopper = null;

function choose(chosen) {
  if (!chosen) return;
  file = chosen;
  drawFile();
  // departments_2021.csv.gz goes to the table of that name, if there is one.
  const stem = file.name.toLowerCase().replace(/\..*$/, '');
  const fitting = [...form.elements.table.options].map((one) => one.value).filter((name) => stem.includes(name.toLowerCase()));
  if (fitting.length > 0) form.elements.table.value = fitting.sort((a, b) => b.length - a.length)[0];
}
function drawFile() {
  if (!file) return;
  at('file-name').textContent = file.name;
  at('file-size').textContent = size(file.size);
}

function headers() {
  const wanted = { 'X-Table': form.elements.table.value };
  for (const field of form.elements) {
    if (!field.name?.startsWith('X-') || field.value === '' || (field.type === 'checkbox' && !field.checked)) continue;
    wanted[field.name] = field.value;
  }
  return wanted;
}

// While the server reads, its own count of this table's load is shown; other loads of the table look alike.
async function watch(target, signal) {
  while (!signal.aborted) {
    const running = await rows('rpc/progress').catch(() => []);
    if (signal.aborted) return;
    const mine = running.find((one) => one.kind === 'load' && bare(one.target) === target);
    if (mine) {
      if (mine.bytes_total) at('load-bar').value = mine.bytes_done / mine.bytes_total;
      at('load-counts').textContent = t('soFar', number(mine.rows_done), number(mine.rows_rejected));
    }
    await new Promise((done) => setTimeout(done, 1000));
  }
}

async function send() {
  if (!file) throw new Error(t('chooseFile'));
  const checked = new AbortController();
  const target = form.elements.table.value;
  stopper = new AbortController();
  answer = null;
  at('load-answer').replaceChildren();
  at('load-progress').hidden = at('load-cancel').hidden = false;
  at('load-counts').textContent = '';
  const told = (sent, all) => {
    const percent = all ? Math.floor((100 * sent) / all) : 100;
    if (sent < all) {
      at('load-step').textContent = t('uploading', file.name, size(sent), size(all));
      at('load-bar').value = percent / 100;
    } else if (!at('load-cancel').hidden) {
      at('load-cancel').hidden = true;
      at('load-step').textContent = t('checking', file.name);
      at('load-bar').removeAttribute('value');
      watch(target, checked.signal);
    }
  };
  told(0, file.size || 1);
  try {
    answer = await upload('rpc/import_csv', { body: file, headers: headers(), told, signal: stopper.signal });
  } catch (error) {
    if (error.name === 'AbortError') throw new Error(t('cancelled'), { cause: error });
    if (error.body?.load == null) throw error;
    answer = error.body;
  } finally {
    checked.abort();
    stopper = null;
    at('load-progress').hidden = at('load-cancel').hidden = true;
  }
  draw();
}

function draw() {
  drawFile();
  if (answer) at('load-answer').replaceChildren(loadAnswer(answer));
}

at('file').addEventListener('change', () => choose(at('file').files[0]));
for (const name of ['dragenter', 'dragover']) {
  at('drop').addEventListener(name, (event) => {
    event.preventDefault();
    at('drop').classList.add('over');
  });
}
for (const name of ['dragleave', 'drop']) at('drop').addEventListener(name, () => at('drop').classList.remove('over'));
at('drop').addEventListener('drop', (event) => {
  event.preventDefault();
  choose(event.dataTransfer.files[0]);
});
// Beside the mark, a dropped file would take the place of the page.
for (const name of ['dragover', 'drop']) addEventListener(name, (event) => event.preventDefault());
form.addEventListener('submit', guarded('load-error', send));
at('load-cancel').addEventListener('click', () => stopper?.abort());

export const load = {
  open: guarded('load-error', async () => {
    if ((await fillTables(form.elements.table, 'may_insert')).length === 0) throw new Error(t('noTables'));
  }),
  draw,
  forget() {
    stopper?.abort();
    file = answer = null;
    form.reset();
    Object.assign(at('file'), { value: '' });
    at('file-name').textContent = t('drop');
    at('file-size').textContent = t('dropHint');
    at('load-answer').replaceChildren(element('p', { className: 'quiet', textContent: t('loadHint') }));
  },
};
