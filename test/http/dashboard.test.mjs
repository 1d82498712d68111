// The dashboard in a real browser, as people use it: by keyboard, by mouse, on a phone, in the dark, in Spanish. What it says
// is held against the database. Pictures of every view stay in build/screenshots.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Browser, missing } from './browser.mjs';
import { addUser, call, count, get, literal, makeTable, sql, unique, url } from './harness.mjs';

const folder = mkdtempSync(join(tmpdir(), 'ferry-dashboard-'));
const pictures = fileURLToPath(new URL('../../build/screenshots', import.meta.url));
mkdirSync(pictures, { recursive: true });
after(() => rmSync(folder, { recursive: true, force: true }));

const asset = async (name) => (await get(`/rpc/asset?name=${name}`)).text;
const scripts = ['app', 'backups', 'batch', 'charts', 'load', 'loads', 'metrics', 'page', 'rejects', 'session', 'words'].map((name) => `${name}.js`);

describe('the files of the dashboard', () => {
  it('are all served: those the page names, and those that the scripts import', async () => {
    const page = (await get('/', { headers: { Accept: 'text/html' } })).text;
    const seen = new Set();
    const wanted = [...page.matchAll(/(?:href|src)="rpc\/asset\?name=([^"]+)"/g)].map((m) => m[1]);
    assert.deepEqual([...new Set(wanted)].sort(), ['app.css', 'app.js', 'favicon.svg', 'uPlot.iife.min.js', 'uPlot.min.css']);
    while (wanted.length > 0) {
      const name = wanted.pop();
      if (seen.has(name)) continue;
      seen.add(name);
      const answer = await get(`/rpc/asset?name=${name}`);
      assert.equal(answer.status, 200, name);
      if (scripts.includes(name)) wanted.push(...[...answer.text.matchAll(/from '\.\/asset\?name=([^']+)'/g)].map((m) => m[1]));
    }
    assert.deepEqual([...seen].filter((name) => name.endsWith('.js') && !name.startsWith('uPlot')).sort(), scripts);
  });

  it('speak both languages in full, and have no word that nobody says', async () => {
    const source = await asset('words.js');
    const { words } = await import(`data:text/javascript,${encodeURIComponent(`${source.slice(source.indexOf('export const words'), source.indexOf('let language'))}`)}`);
    assert.deepEqual(Object.keys(words.es).sort(), Object.keys(words.en).sort());
    const values = (text) => [...new Set(text.match(/\{\d\}/g) ?? [])].sort();
    for (const key of Object.keys(words.en)) assert.deepEqual(values(words.es[key]), values(words.en[key]), key);

    const page = (await get('/', { headers: { Accept: 'text/html' } })).text;
    const others = (await Promise.all(scripts.filter((name) => name !== 'words.js').map(asset))).join('\n');
    const said = new Set([...page.matchAll(/data-t(?:-label)?="([^"]+)"/g), ...others.matchAll(/\bt\('([^']+)'/g)].map((m) => m[1]));
    for (const key of said) assert.ok(key in words.en, key);
    // The words for what the server says are found by its name; some are one of two in a call.
    const silent = Object.keys(words.en).filter((key) => !said.has(key) && !/^(class|st|rj|kind|ch|app)_/.test(key) && !others.includes(`'${key}'`));
    assert.deepEqual(silent, []);
  });
});

describe('the dashboard in Chromium', { skip: missing }, () => {
  const year = 3000 + Math.floor(Math.random() * 5000);
  const mark = unique('d');
  let browser;
  let operator;
  let ports;

  const page = (expression) => browser.look(expression);
  const text = (selector) => page(`document.querySelector(${JSON.stringify(selector)}).innerText`);
  const shown = (selector) => browser.until(`(() => { const e = document.querySelector(${JSON.stringify(selector)}); return e && e.getClientRects().length > 0; })()`);
  const view = async (hash) => {
    await page(`location.hash = ${JSON.stringify(hash)}`);
    await shown(`#view-${hash.split('/')[0]}`);
    await browser.until('!document.body.classList.contains("busy")');
  };
  // The table of a part as rows of texts.
  const cells = (selector) => page(`[...document.querySelectorAll(${JSON.stringify(`${selector} tbody tr`)})].map((r) => [...r.cells].map((c) => c.innerText.trim()))`);
  const plain = (number) => Number(number.replaceAll(',', ''));
  // What the browser complained of, but for the answers that were asked for.
  const complaints = (...statuses) => browser.complaints.splice(0).filter((one) => !statuses.some((status) => one.includes(`status of ${status}`)));
  // A phone lays a page that is too wide out on a wider screen, so its own width says nothing.
  const fits = async (what, screen) => {
    const [wide, culprits] = await page(`[document.scrollingElement.scrollWidth, [...document.querySelectorAll('body *')]
      .filter((e) => e.getBoundingClientRect().right > ${screen} + 1 && !e.closest('.scroll, nav')).slice(0, 5).map((e) => e.tagName + '#' + e.id + '.' + e.className)]`);
    assert.ok(wide <= screen, `${what}: ${wide} > ${screen} ${culprits}`);
  };

  async function logIn(user) {
    await browser.open(`${url}/`);
    await browser.until('document.readyState === "complete" && document.getElementById("status").textContent !== "…"');
    await page('sessionStorage.clear(); localStorage.setItem("language", "en")');
    await browser.open('about:blank');
    await browser.open(`${url}/`);
    await shown('#login');
    await browser.fill('#login [name=username]', user.name);
    await browser.fill('#login [name=password]', user.password);
    await browser.press('Enter');
    await shown('#views');
  }

  before(async () => {
    browser = await Browser.start();
    await browser.keepDownloads();
    await browser.sit();
    operator = addUser('operator');
    ports = makeTable('id integer PRIMARY KEY, name text NOT NULL, opened date, depth numeric(6,2) CHECK (depth > 0)', unique('Ports')); // a name that SQL writes in quotes
    // Department n has more hires the smaller n is; the last has none.
    sql(`INSERT INTO public.departments (department) SELECT 'Ferry <i>' || i || '</i> ${mark}' FROM generate_series(1, 6) i;
      INSERT INTO public.jobs (job) SELECT 'Job ' || i || ' ${mark}' FROM generate_series(1, 3) i;
      INSERT INTO public.hired_employees (name, datetime, department_id, job_id)
      SELECT 'x', make_timestamptz(${year}, 1 + (i % 12)::int, 1, 0, 0, 0, 'UTC'), d.id, j.id
        FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM public.departments WHERE department LIKE '%${mark}') d
        CROSS JOIN LATERAL generate_series(1, (6 - d.n)::int * 40) i
        JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM public.jobs WHERE job LIKE '%${mark}') j ON j.n = 1 + i % 3`);
  });
  after(async () => {
    await browser.stop();
    sql(`DELETE FROM public.hired_employees USING public.departments d WHERE d.id = department_id AND d.department LIKE '%${mark}';
      DELETE FROM public.departments WHERE department LIKE '%${mark}'; DELETE FROM public.jobs WHERE job LIKE '%${mark}'`);
    ports.drop();
  });

  it('lets in by keyboard alone, with a focus that shows', async () => {
    await browser.open(`${url}/`);
    await shown('#login');
    await page('localStorage.setItem("language", "en")');
    await browser.open(`${url}/?`);
    await shown('#login');
    const focused = () => page('(() => { const e = document.activeElement, s = getComputedStyle(e); return [e.name || e.id, s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2]; })()');
    const seen = [];
    for (let i = 0; i < 10 && seen.at(-1) !== 'username'; i++) {
      await browser.press('Tab');
      const [name, visible] = await focused();
      assert.ok(visible, `the focus shows on ${name}`);
      seen.push(name);
    }
    assert.deepEqual(seen, ['skip', 'language', 'username']);
    await browser.picture(join(pictures, 'login.png'));
    await browser.type(operator.name);
    await browser.press('Tab');
    await browser.type('wrong');
    await browser.press('Enter');
    await browser.until('document.getElementById("login-error").textContent === "Wrong user name or password."');
    await browser.fill('#login [name=password]', operator.password);
    await browser.press('Enter');
    await shown('#view-metrics');
    assert.equal(await page('document.activeElement.id'), 'metrics-title');
    assert.match(await text('#who'), /\(operator\)/);
    assert.deepEqual(complaints(401), []);
    // On to the next view: the first link after the skip link, the language and the way out.
    for (let i = 0; i < 20 && (await page('document.activeElement.getAttribute("href")')) !== '#load'; i++) await browser.press('Tab', 8);
    await browser.press('Enter');
    await shown('#view-load');
    assert.equal(await page('document.activeElement.id'), 'load-title');
  });

  it('draws both metrics of a year, as the database has them', async () => {
    await view('metrics');
    await browser.fill('#year', String(year));
    await browser.press('Tab');
    await browser.until(`[...document.querySelectorAll('#above td')].some((cell) => cell.textContent.includes('${mark}'))`);
    const above = sql(`SET search_path = public; SELECT id || '|' || department || '|' || hired FROM hiring.departments_above_mean(${year})`).split('\n');
    assert.deepEqual((await cells('#above')).map(([id, name, hired]) => `${id}|${name}|${plain(hired)}`), above);
    assert.equal(await page('document.querySelectorAll("main i").length'), 0, 'names are text');
    const quarters = sql(`SET search_path = public; SELECT department || '|' || job || '|' || q1 || '|' || q2 || '|' || q3 || '|' || q4 FROM hiring.hires_by_quarter(${year})`).split('\n');
    assert.deepEqual((await cells('#quarters')).map(([department, job, ...q]) => [department, job, ...q.map(plain)].join('|')), quarters);
    const mean = sql(`SET search_path = public; SELECT round(mean, 2) FROM hiring.mean_hires(${year})`);
    assert.equal(Number(await page('[...document.querySelectorAll("#tiles .tile")].find((tile) => tile.innerText.includes("mean of all")).querySelector("dd").textContent.replaceAll(",", "")')), Number(mean));

    // The charts hold ink of the colours they should: bars, and the line of the mean.
    const ink = (box, name) => page(`(() => { const c = document.querySelector('${box} canvas'); const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
      const wanted = getComputedStyle(document.documentElement).getPropertyValue('${name}').trim().match(/[0-9a-f]{2}/gi).map((h) => parseInt(h, 16)); let n = 0;
      for (let i = 0; i < d.length; i += 4) if (d[i + 3] > 200 && wanted.every((v, k) => Math.abs(v - d[i + k]) < 12)) n++; return n; })()`);
    assert.ok(await ink('#chart-departments', '--accent') > 3000);
    assert.ok(await ink('#chart-departments', '--mean') > 50);
    assert.ok(await ink('#chart-quarters', '--accent') > 3000);
    assert.ok(await ink('#chart-trend', '--accent') > 300);
    assert.match(await page('document.getElementById("chart-departments").getAttribute("aria-label")'), new RegExp(`${year}.*mean`));

    await browser.choose('#department', (await cells('#quarters'))[0][0]);
    assert.equal((await cells('#quarters')).length, 3);
    await browser.choose('#department', '');
    await browser.click('[data-csv=departments_above_mean]');
    const csv = (await browser.download(`departments_above_mean_${year}.csv`)).toString();
    assert.equal(csv.trim().split('\n').length, above.length + 1);
    await browser.click('#year-after');
    await browser.until('document.querySelector("#above").textContent === "No hires in this year."');
    await browser.click('#year-before');
    await browser.until(`document.querySelector('#above').textContent.includes('${mark}')`);
    assert.match(await page('document.getElementById("report").href'), new RegExp(`/rpc/report\\?year=${year}$`));
    await browser.fill('#year', '0');
    await browser.press('Enter');
    await browser.until('document.getElementById("metrics-error").textContent === "A year is a number from 1 to 9999."');
    await browser.fill('#year', String(year));
    await browser.press('Enter');
    await browser.until(`document.querySelector('#above').textContent.includes('${mark}')`);
    assert.deepEqual(complaints(), []);
  });

  // Line 1 is good. 2 and 3 have dates of the other order; 4 lacks a name and has no date; 5 has a depth that is none; 6 a key twice.
  const dirty = ['id;name;opened;depth', '1;Norte;2021-01-31;5.5', '2;Sur;31/12/2020;7', '3;Este;30/11/2020;8', '4;;1/1;9', '5;<img src=x onerror=alert(1)>;2021-05-05;deep', '1;Oeste;2021-06-06;3'].join('\n');
  let loaded;

  it('loads a dirty file: a progress, the counts, the first errors', async () => {
    await view('load');
    await page(`(() => { const dragged = new DataTransfer(); dragged.items.add(new File(['1;x'], '${ports.name}_dropped.csv'));
      document.getElementById('drop').dispatchEvent(new DragEvent('drop', { dataTransfer: dragged, bubbles: true, cancelable: true })); })()`);
    assert.equal(await text('#drop'), `${ports.name}_dropped.csv\n3 B`);
    assert.equal(await page('document.querySelector("#load-form [name=table]").value'), ports.name, 'the table by its name');
    const file = join(folder, `${ports.name}.csv`);
    writeFileSync(file, `${dirty}\n`);
    await browser.chooseFiles('#file', [file]);
    await browser.until(`document.querySelector('#load-form [name=table]').value === ${JSON.stringify(ports.name)}`);
    await browser.click('#load-form [name=X-Dry-Run]');
    await page('window.steps = []; new MutationObserver(() => steps.push(document.getElementById("load-step").textContent)).observe(document.getElementById("load-step"), { childList: true })');
    await browser.click('#load-form [type=submit]');
    await browser.until('document.querySelector("#load-answer h3")?.textContent.startsWith("Dry run")');
    const steps = await page('steps');
    assert.match(steps[0], new RegExp(`^Sending ${ports.name}\\.csv: `));
    assert.equal(steps.at(-1), `Checking the rows of ${ports.name}.csv`);
    assert.equal(count(ports.table), 0);
    await browser.click('#load-form [name=X-Dry-Run]');
    await browser.click('#load-form [type=submit]');
    await browser.until('document.querySelector("#load-answer h3")?.textContent.startsWith("Load ")');
    const tiles = await page('Object.fromEntries([...document.querySelectorAll("#load-answer .tile")].map((t) => [t.querySelector("dt").textContent, t.querySelector("dd").textContent]))');
    assert.deepEqual([tiles.read, tiles.loaded, tiles.rejected], ['6', '1', '5']);
    assert.equal((await cells('#load-answer')).length, Number(sql(`SELECT count(*) FROM ferry.reject_errors JOIN ferry.rejects USING (reject_id) WHERE load_id = (SELECT max(load_id) FROM ferry.loads WHERE target = ${literal(ports.table)})`)));
    assert.equal(await page('document.querySelectorAll("main img").length'), 0, 'values are text');
    await browser.picture(join(pictures, 'load.png'));
    await browser.click('#load-answer a');
    await shown('#view-rejects');
    loaded = Number((await page('location.hash')).split('/')[1]);
    assert.equal(Number(sql(`SELECT load_id FROM ferry.loads WHERE load_id = ${loaded} AND rows_rejected = 5`)), loaded);
    assert.deepEqual(complaints(), []);
  });

  it('shows how far a large file is, and lets it be stopped', async () => {
    const large = makeTable('id integer, name text', unique('large'));
    const file = join(folder, `${large.name}.csv`);
    writeFileSync(file, Array.from({ length: 80000 }, (_, i) => `${1000 + i},a port with a rather long name\n`).join(''));
    try {
      await view('load');
      await browser.chooseFiles('#file', [file]);
      await browser.slowDown(50000);
      await browser.click('#load-form [type=submit]');
      await browser.until('document.getElementById("load-bar").value > 0.04 && document.getElementById("load-bar").value < 0.95');
      assert.match(await text('#load-step'), /^Sending .*: [\d.]+ [kM]B of 3 MB$/);
      await browser.picture(join(pictures, 'sending.png'), { whole: false });
      await browser.click('#load-cancel');
      await browser.until('document.getElementById("load-error").textContent === "Cancelled. The file was not sent to its end."');
      assert.equal(await page('document.getElementById("load-progress").hidden'), true);
      // The network hears of it a little later; what it still holds must not go off at full speed.
      await new Promise((done) => setTimeout(done, 1000));
      assert.equal(count(large.table), 0);
    } finally {
      await browser.slowDown(0);
      large.drop();
    }
    assert.deepEqual(complaints(), []);
  });

  const item = (line) => `([...document.querySelectorAll('#rejects-list > li')].find((li) => li.querySelector('.where').innerText.includes('line ${line}')))`;
  const within = (line, selector) => `(${item(line)}?.querySelector(${JSON.stringify(selector)}))`;
  const namedButton = (line, name) => `([...(${item(line)}?.querySelectorAll('button') ?? [])].find((b) => b.textContent === ${JSON.stringify(name)}))`;

  it('shows each reject beside its reasons, by class and status', async () => {
    await view(`rejects/${loaded}`);
    await browser.until('document.querySelectorAll("#rejects-list > li").length === 5');
    assert.match(await page(`${within(5, 'code')}.textContent`), /^4;;1\/1;9/);
    assert.equal(await page(`${item(5)}.querySelectorAll('.reasons .line').length`), 2);
    assert.match(await page(`${item(5)}.innerText`), /type opened invalid[^]*missing name null/);
    assert.equal(await page('document.querySelectorAll("main img").length'), 0, 'rows are text');
    await browser.choose('#rejects-class', 'unique');
    await browser.until('document.querySelectorAll("#rejects-list > li").length === 1');
    await browser.choose('#rejects-class', '');
    await browser.choose('#rejects-status', 'dismissed');
    await browser.until('document.getElementById("rejects-note").textContent === "No rejects here."');
    await browser.choose('#rejects-status', 'open');
    await browser.until('document.querySelectorAll("#rejects-list > li").length === 5');
    await browser.click('#rejects-csv');
    const exported = await browser.download(`rejects_${loaded}.csv`);
    assert.equal(exported.toString('hex'), sql(`SELECT encode(ferry.export_rejects(${loaded}), 'hex')`));
  });

  it('mends a reject in a form, and shows what is still wrong beside the field', async () => {
    await browser.click(namedButton(5, 'Mend'));
    await browser.until(`${item(5)}.querySelectorAll('.mend input').length === 4`);
    const fields = () => page(`Object.fromEntries([...${item(5)}.querySelectorAll('.mend .field')].map((f) => [f.querySelector('label').textContent, [f.querySelector('input').value, f.lastElementChild.textContent]]))`);
    let now = await fields();
    assert.deepEqual([now.id[0], now.name[0], now.opened[0], now.depth[0]], ['4', '', '1/1', '9']);
    assert.ok(now.name[1] && now.opened[1] && !now.id[1] && !now.depth[1], JSON.stringify(now));
    assert.match(await page('document.activeElement.getAttribute("aria-invalid")'), /true/);
    await browser.picture(join(pictures, 'rejects.png'));
    await browser.fill('.mend [name=name]', 'Faro');
    await browser.fill('.mend [name=opened]', '2021-02-30');
    await browser.click(within(5, '.mend [type=submit]'));
    await browser.until(`${item(5)}.querySelector('.mend [name=opened]').parentElement.lastElementChild.textContent.includes('2021-02-30')`);
    now = await fields();
    assert.equal(now.name[1], '');
    await browser.fill('.mend [name=opened]', '2021-02-28');
    await browser.click(within(5, '.mend [type=submit]'));
    await browser.until(`${item(5)}.innerText.includes('mended: the row is in')`);
    assert.equal(sql(`SELECT name || ' ' || opened FROM ${ports.table} WHERE id = 4`), 'Faro 2021-02-28');
    assert.deepEqual(complaints(422), []);
  });

  it('gives one up, with a reason', async () => {
    await browser.click(namedButton(7, 'Dismiss'));
    await shown('.mend input');
    await browser.type('a copy of the first');
    await browser.press('Enter');
    await browser.until(`${item(7)}.innerText.includes('dismissed')`);
    assert.equal(sql(`SELECT note FROM ferry.rejects WHERE load_id = ${loaded} AND status = 'dismissed'`), 'a copy of the first');
  });

  it('replays the load as a proposal says, after a dry run', async () => {
    const offer = '([...document.querySelectorAll("#summary button")].find((b) => b.textContent.includes("DD/MM/YYYY")))';
    await browser.click(offer);
    assert.equal(await page('document.querySelector("#replay-form [name=date_format]").value'), 'DD/MM/YYYY');
    assert.equal(await page('document.getElementById("replay").disabled'), true);
    await browser.click('#replay-form [type=submit]');
    await browser.until('document.getElementById("replay-answer").textContent === "Would load 2 of 3 rows; 1 would stay."');
    assert.equal(count(ports.table), 2);
    await browser.choose('#replay-form [name=repair]', 'salvage');
    assert.equal(await page('document.getElementById("replay").disabled'), true, 'other options are tried first');
    await browser.choose('#replay-form [name=repair]', '');
    await browser.click('#replay-form [type=submit]');
    await browser.until('!document.getElementById("replay").disabled');
    await browser.picture(join(pictures, 'replay.png'));
    await browser.click('#replay');
    await browser.until('document.getElementById("replay-answer").textContent === "2 of 3 rows are in; 1 stay."');
    await browser.until('document.querySelectorAll("#rejects-list > li").length === 1');
    assert.equal(sql(`SELECT string_agg(id || ' ' || opened, ',' ORDER BY id) FROM ${ports.table}`), '1 2021-01-31,2 2020-12-31,3 2020-11-30,4 2021-02-28');
    assert.deepEqual(complaints(), []);
  });

  it('leaves the fields that are not mended as they came, line breaks and all', async () => {
    const load = sql(`SET ROLE app_operator; SELECT load_id FROM ferry.migrate_csv_data(${literal(ports.table)}, convert_to(E'60,"two\\r\\nlines",soon,""\\n', 'UTF8'))`);
    await view(`rejects/${load}`);
    await browser.click('#rejects-list button');
    await shown('.mend textarea');
    await browser.fill('.mend [name=opened]', '2021-07-07');
    await browser.click('.mend [type=submit]');
    await browser.until('document.getElementById("rejects-list").innerText.includes("mended: the row is in")');
    assert.equal(sql(`SELECT encode(convert_to(name, 'UTF8'), 'hex') || coalesce(depth::text, ' none') FROM ${ports.table} WHERE id = 60`), `${Buffer.from('two\r\nlines').toString('hex')} none`);
    sql(`DELETE FROM ${ports.table} WHERE id = 60`);
    assert.deepEqual(complaints(), []);
  });

  it('sends a batch of JSON and puts each error beside its row', async () => {
    await view('batch');
    await browser.choose('#batch-form [name=table]', ports.name);
    await browser.click('#batch-example');
    await browser.until('JSON.parse(document.querySelector("#batch-form textarea").value)[1].depth > 0');
    assert.deepEqual(await page('JSON.parse(document.querySelector("#batch-form textarea").value).map((row) => row.id)'), [1, 2]);
    await browser.fill('#batch-form textarea', '[{"id": 50, "name": "Alta"}, ]');
    await browser.click('#batch-form [type=submit]');
    await browser.until('document.getElementById("batch-error").textContent.startsWith("This is not JSON")');
    await browser.fill('#batch-form textarea', '[{"id": 50, "name": "Alta", "depth": 12345678901234567890}, {"id": 51, "name": null, "depth": -1}, {"id": 52, "name": "Baja", "depth": 4000.10}]');
    await browser.click('#batch-form [type=submit]');
    await browser.until('document.querySelectorAll("#batch-answer tbody tr").length === 3');
    const [first, second, third] = await cells('#batch-answer');
    assert.match(first[1], /type depth .*overflow/);
    assert.match(second[1], /missing name[^]*check depth/);
    assert.match(third[1], /is in · 52/);
    assert.deepEqual([first[2].includes('12345678901234567890'), third[2].includes('4000.10')], [true, true], 'all digits are shown');
    assert.equal(sql(`SELECT depth FROM ${ports.table} WHERE id = 52`), '4000.10');
    await browser.picture(join(pictures, 'batch.png'));
    assert.deepEqual(complaints(), []);
  });

  it('lists the loads, and what runs now', async () => {
    const slow = makeTable('id integer', unique('slow'));
    sql(`CREATE FUNCTION ${slow.table}_wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.01); RETURN new; END';
      CREATE TRIGGER wait BEFORE INSERT ON ${slow.table} FOR EACH ROW EXECUTE FUNCTION ${slow.table}_wait();`.replaceAll(`${slow.table}_wait`, `public.${slow.name}_wait`));
    const running = spawn(process.env.FERRY_PSQL ?? 'psql', ['-XAtqc', `SELECT ferry.migrate_csv_data('${slow.table}', convert_to(string_agg(i::text, E'\\n'), 'UTF8')) FROM generate_series(1, 1500) i`],
      { stdio: 'ignore', env: { ...process.env, PGHOST: process.env.FERRY_PGHOST ?? process.env.PGHOST, PGPORT: process.env.FERRY_PGPORT ?? process.env.PGPORT,
        PGDATABASE: process.env.FERRY_PGDATABASE ?? process.env.PGDATABASE, PGUSER: process.env.FERRY_PGUSER ?? process.env.PGUSER ?? 'postgres' } });
    const ended = new Promise((done) => running.on('exit', done));
    try {
      await view('loads');
      await browser.until(`document.getElementById('running').textContent.includes(${JSON.stringify(slow.name)})`);
      await browser.picture(join(pictures, 'loads.png'));
      const [, latest] = await cells('#loads-list');
      assert.equal(latest.length, 9);
      await browser.choose('#loads-table', ports.name);
      await browser.until(`[...document.querySelectorAll('#loads-list tbody tr')].every((r) => r.cells[1].textContent === ${JSON.stringify(ports.name)})`);
      const ours = await cells('#loads-list');
      assert.ok(ours.some(([id, , , , , status, , good, bad]) => Number(id) === loaded && status === 'partial' && good === '1' && bad === '5'), JSON.stringify(ours));
      await browser.choose('#loads-status', 'dry run');
      await browser.until('[...document.querySelectorAll("#loads-list tbody tr")].every((r) => r.cells[5].textContent === "dry run")');
      await browser.choose('#loads-status', '');
      await browser.choose('#loads-table', '');
      await ended;
      await browser.until('document.getElementById("running").textContent === "Nothing runs now."');
    } finally {
      running.kill();
      await ended;
      slow.drop();
      sql(`DROP FUNCTION IF EXISTS public.${slow.name}_wait`);
    }
    assert.deepEqual(complaints(), []);
  });

  const backupRow = (n = 0) => `([...document.querySelectorAll('#backups-list tbody tr')].filter((r) => r.cells[0].textContent === ${JSON.stringify(ports.name)})[${n}])`;
  const backupButton = (name) => `([...(${backupRow()}?.querySelectorAll('button') ?? [])].find((b) => b.textContent === ${JSON.stringify(name)}))`;
  const content = () => sql(`SELECT md5(string_agg(p::text, E'\\n' ORDER BY id)) FROM ${ports.table} p`);
  let avro;

  it('takes a backup, verifies it and downloads it', async () => {
    await view('backups');
    await browser.until(`[...document.querySelectorAll('#backup-form option')].some((o) => o.value === ${JSON.stringify(ports.name)})`);
    await browser.choose('#backup-form [name=table]', ports.name);
    await browser.click('#backup-form [type=submit]');
    await browser.until('document.getElementById("backups-done").textContent.startsWith("Backed up: ")');
    const file = (await text('#backups-done')).slice('Backed up: '.length);
    await browser.click(backupButton('Verify'));
    await shown('#verify');
    await browser.choose('#verify [name=level]', 'restore');
    await browser.click('#verify [type=submit]');
    await browser.until('document.getElementById("verify-answer").textContent.includes("The backup is sound.")');
    assert.deepEqual((await cells('#verify-answer')).map(([level, result]) => [level, result]), ['checksum', 'decode', 'plan', 'restore'].map((level) => [level, 'passed']));
    await browser.picture(join(pictures, 'verify.png'), { whole: false });
    await browser.press('Escape');
    await browser.until(`${backupRow()}.cells[6].textContent === 'restore'`);
    await browser.click(backupButton('Download'));
    const bytes = await browser.download(file);
    assert.equal(createHash('sha256').update(bytes).digest('hex'), sql(`SELECT sha256 FROM ferry.backups WHERE target = ${literal(ports.table)}`));
    avro = join(folder, 'copy.avro');
    writeFileSync(avro, bytes);
    assert.deepEqual(complaints(), []);
  });

  it('shows how the table differs from the backup, and restores it behind a dialog', async () => {
    const before = content();
    sql(`DELETE FROM ${ports.table} WHERE id IN (1, 2); UPDATE ${ports.table} SET name = 'Otra' WHERE id = 3; INSERT INTO ${ports.table} VALUES (99, 'Nueva')`);
    await browser.click(backupButton('Compare'));
    await browser.until('document.getElementById("diff-answer").textContent.includes("4 rows differ: 2 missing, 1 surplus, 1 changed.")');
    await browser.press('Escape');
    await browser.click(backupButton('Restore…'));
    await shown('#restore');
    assert.equal(await text('#restore-title'), `Restore the table ${ports.name}?`);
    await browser.until('document.getElementById("restore-facts").innerText.includes("4 rows differ: 2 missing, 1 surplus, 1 changed.")');
    assert.match(await text('#restore-facts'), /Rows now\s+4\s+Rows of the backup\s+5/);
    assert.equal(await page('document.getElementById("restore-go").disabled'), true);
    await browser.click('#restore-try');
    await shown('#restore-sure');
    assert.match(await text('#restore-tried'), /read\s+5/);
    assert.equal(await page('document.getElementById("restore-go").disabled'), true);
    await browser.fill('#restore-sure input', ports.name.slice(0, -1));
    assert.equal(await page('document.getElementById("restore-go").disabled'), true, 'the name is to be typed in full');
    await browser.choose('#restore-form [name=mode]', 'upsert');
    assert.equal(await page('document.getElementById("restore-sure").hidden'), true, 'another mode is tried first');
    await browser.choose('#restore-form [name=mode]', 'replace');
    await browser.fill('#restore-sure input', ports.name);
    await browser.picture(join(pictures, 'restore.png'), { whole: false });
    assert.equal(count(ports.table), 4);
    await browser.click('#restore-go');
    await browser.until('document.getElementById("backups-done").textContent.includes("5 rows restored")');
    assert.equal(content(), before);
    assert.equal(await page('document.querySelectorAll("dialog[open]").length'), 0);
    assert.deepEqual(complaints(), []);
  });

  it('counts the rows of a table that has a route, in the dialog', async () => {
    sql("SELECT ferry.backup_table_avro('public.jobs')");
    await view('metrics');
    await view('backups');
    const row = "([...document.querySelectorAll('#backups-list tbody tr')].find((r) => r.cells[0].textContent === 'jobs'))";
    await browser.click(`([...(${row}?.querySelectorAll('button') ?? [])].find((b) => b.textContent === 'Restore…'))`);
    await browser.until(`document.getElementById('restore-facts').innerText.replaceAll(',', '').match(/Rows now\\s+(\\d+)/)?.[1] === '${count('public.jobs')}'`);
    await browser.press('Escape');
    assert.deepEqual(complaints(), []);
  });

  it('backs all tables up as of one moment', async () => {
    const before = Number(sql('SELECT count(*) FROM ferry.backups'));
    const tables = await page('document.querySelectorAll("#backup-form [name=table] option").length');
    await browser.click('#backup-all');
    await browser.until('document.getElementById("backups-done").textContent.startsWith("Backed up: ")');
    assert.equal(Number(sql('SELECT count(*) FROM ferry.backups')), before + tables);
    assert.equal(sql(`SELECT count(DISTINCT snapshot) FROM (SELECT snapshot FROM ferry.backups ORDER BY backup_id DESC LIMIT ${tables}) b`), '1');
    const mine = sql(`SELECT max(backup_id) FROM ferry.backups WHERE target = ${literal(ports.table)}`);
    sql(`SELECT ferry.drop_backup(${mine})`);
    await view('metrics');
    await view('backups');
    assert.deepEqual(complaints(), []);
  });

  it('restores from an Avro file that is sent, and drops a backup when asked twice', async () => {
    const before = content();
    sql(`DELETE FROM ${ports.table}`);
    await browser.chooseFiles('#upload-form [name=file]', [avro]);
    await browser.choose('#upload-form [name=table]', ports.name);
    await browser.click('#upload-form [type=submit]');
    await shown('#restore');
    await browser.click('#restore-try');
    await shown('#restore-sure');
    assert.equal(count(ports.table), 0);
    await browser.fill('#restore-sure input', ports.name);
    await browser.press('Enter');
    await browser.until('document.getElementById("backups-done").textContent.includes("5 rows restored")');
    assert.equal(content(), before);

    await browser.click(backupButton('Drop…'));
    await shown('#discard');
    await browser.press('Escape');
    assert.equal(await page(`Boolean(${backupRow()})`), true);
    await browser.click(backupButton('Drop…'));
    await shown('#discard');
    await browser.click('#discard [type=submit]');
    await browser.until('document.getElementById("backups-done").textContent.startsWith("Dropped: ")');
    assert.equal(sql(`SELECT count(*) FROM ferry.backups WHERE target = ${literal(ports.table)}`), '0');
    assert.deepEqual(complaints(), []);
  });

  const views = ['metrics', 'load', 'batch', 'loads', 'rejects', 'backups'];
  const visit = async (name, prefix) => {
    await view(name === 'rejects' ? `rejects/${loaded}` : name);
    if (name === 'metrics') await browser.until('document.querySelector("#chart-trend canvas")');
    await browser.until('!document.body.classList.contains("busy")');
    await new Promise((done) => setTimeout(done, 150));
    await browser.picture(join(pictures, `${prefix}-${name}.png`));
  };

  it('fits a phone without scrolling sideways, in every view and dialog', async () => {
    sql(`SELECT ferry.backup_table_avro(${literal(ports.table)})`);
    for (const width of [360, 320]) {
      await browser.sit({ width, height: 740, scale: 2, phone: true });
      for (const name of views) {
        await visit(name, `phone-${width}`);
        await fits(`${name} at ${width}`, width);
      }
    }
    await browser.sit({ width: 360, height: 740, scale: 2, phone: true });
    await view(`rejects/${loaded}`);
    await browser.until('document.querySelectorAll("#rejects-list > li").length === 1');
    await browser.click('#rejects-list button');
    await shown('.mend input');
    await fits('mending', 360);
    await browser.picture(join(pictures, 'phone-mending.png'), { whole: false });
    await view('backups');
    for (const [name, dialog] of [['Verify', 'verify'], ['Compare', 'diff'], ['Restore…', 'restore'], ['Drop…', 'discard']]) {
      await browser.click(backupButton(name));
      await shown(`#${dialog}`);
      if (dialog === 'restore') {
        await browser.click('#restore-try');
        await shown('#restore-sure');
      }
      await browser.picture(join(pictures, `phone-${dialog}.png`), { whole: false });
      await fits(dialog, 360);
      const [left, right, inner, outer] = await page(`(() => { const d = document.getElementById('${dialog}'), r = d.getBoundingClientRect(); return [r.left, r.right, d.scrollWidth, d.clientWidth]; })()`);
      assert.ok(left >= 0 && right <= 360 && inner <= outer, `${dialog}: ${left} ${right} ${inner} ${outer}`);
      await browser.press('Escape');
    }
    await browser.sit();
    assert.deepEqual(complaints(), []);
  });

  it('is dark where the reader wants it dark, and can be read in both', async () => {
    const pairs = [['--text', '--card'], ['--text', '--page'], ['--quiet', '--card'], ['--quiet', '--page'], ['--quiet', '--sunk'], ['--accent', '--card'], ['--accent', '--page'],
      ['--on-accent', '--accent'], ['--good', '--card'], ['--warn', '--card'], ['--bad', '--card'], ['--bad', '--bad-ground'], ['--bad', '--sunk'], ['--mean', '--card']];
    for (const dark of [false, true]) {
      await browser.sit({ dark });
      const colours = await page(`Object.fromEntries(${JSON.stringify([...new Set(pairs.flat())])}.map((n) => [n, getComputedStyle(document.documentElement).getPropertyValue(n).trim()]))`);
      const light = (name) => {
        const [r, g, b] = colours[name].match(/[0-9a-f]{2}/gi).map((h) => parseInt(h, 16) / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      for (const [ink, ground] of pairs) {
        const [low, high] = [light(ink), light(ground)].sort((a, b) => a - b);
        assert.ok((high + 0.05) / (low + 0.05) >= 4.5, `${ink} on ${ground}, ${dark ? 'dark' : 'light'}: ${(high + 0.05) / (low + 0.05)}`);
      }
      assert.equal(light('--page') < 0.1, dark);
      for (const name of views) await visit(name, dark ? 'dark' : 'light');
    }
    await browser.sit();
    assert.deepEqual(complaints(), []);
  });

  it('speaks Spanish, whatever is on the page', async () => {
    await view(`rejects/${loaded}`);
    await browser.until('document.querySelectorAll("#rejects-list > li").length === 1');
    await browser.click('#language');
    assert.equal(await page('document.documentElement.lang'), 'es');
    assert.match(await page('document.getElementById("backups-done").textContent'), /^Eliminada: /, 'what was said before is said again');
    const source = await asset('words.js');
    const { words } = await import(`data:text/javascript,${encodeURIComponent(`${source.slice(source.indexOf('export const words'), source.indexOf('let language'))}`)}`);
    // Texts that are said in English only; short ones and those with values may stand in other words.
    const foreign = Object.keys(words.en).filter((key) => words.en[key] !== words.es[key] && words.en[key].length > 5 && !words.en[key].includes('{') && !Object.values(words.es).includes(words.en[key]));
    const english = new Set(foreign.map((key) => words.en[key]));
    english.delete('departments'); // the name of a table, too
    for (const name of views) {
      await visit(name, 'spanish');
      const said = await page(`(() => { const all = []; const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) if (walker.currentNode.parentElement.checkVisibility() && walker.currentNode.parentElement.closest('[lang=en], noscript') === null) all.push(walker.currentNode.data.trim());
        for (const e of document.querySelectorAll('[aria-label]')) if (e.checkVisibility()) all.push(e.getAttribute('aria-label')); return all; })()`);
      assert.deepEqual(said.filter((one) => english.has(one)), [], name);
      await fits(`${name} in Spanish`, 1280);
    }
    await browser.click('#language');
    assert.equal(await page('document.documentElement.lang'), 'en');
    assert.deepEqual(complaints(), []);
  });

  const session = () => page('JSON.parse(sessionStorage.getItem("session"))');

  it('renews its session before the token ends, and ends with a message when it cannot', async () => {
    await view('metrics');
    const first = await session();
    await page('(() => { const s = JSON.parse(sessionStorage.getItem("session")); s.ends_at = Date.now() + 2000; sessionStorage.setItem("session", JSON.stringify(s)); location.reload(); })()');
    await browser.until(`(JSON.parse(sessionStorage.getItem('session')) ?? {}).refresh_token !== ${JSON.stringify(first.refresh_token)}`);
    const second = await session();
    assert.notEqual(second.access_token, first.access_token);
    assert.ok(second.ends_at > Date.now() + 600000);
    await browser.until('document.querySelector("#chart-departments canvas, #above p")');
    // A token that the server does not take any more is renewed on the way.
    await page('(() => { const s = JSON.parse(sessionStorage.getItem("session")); s.access_token += "x"; sessionStorage.setItem("session", JSON.stringify(s)); location.reload(); })()');
    await browser.until(`(JSON.parse(sessionStorage.getItem('session')) ?? {}).refresh_token !== ${JSON.stringify(second.refresh_token)}`);
    await browser.until('document.querySelector("#chart-departments canvas, #above p")');
    sql(`UPDATE auth.users SET disabled = false WHERE username = ${literal(operator.name)}`); // ends the sessions
    await page('location.hash = "#loads"');
    await browser.until('document.getElementById("login-error").textContent === "The session has ended. Log in again."');
    assert.equal(await page('document.querySelectorAll(".view:not([hidden])").length'), 0);
    assert.equal(await session(), null);
    assert.deepEqual(complaints(401), []);
  });

  it('logs out for good', async () => {
    await logIn(operator);
    const { access_token: token, refresh_token } = await session();
    assert.equal((await get('/rpc/mean_hires', { token })).status, 200);
    await browser.click('#logout');
    await browser.until('document.getElementById("login-error").textContent === "You have logged out."');
    assert.equal((await get('/rpc/mean_hires', { token })).status, 401);
    assert.equal((await call('POST', '/rpc/refresh', { body: { refresh_token } })).status, 401);
    assert.equal(await page('document.getElementById("loads-list").childElementCount'), 0, 'nothing stays on the page');
  });

  it('shows each role what it may use and nothing else', async () => {
    const links = () => page('[...document.querySelectorAll("#views a")].filter((a) => !a.hidden).map((a) => a.getAttribute("href"))');
    await logIn(addUser('reader'));
    assert.deepEqual(await links(), ['#metrics', 'rpc/docs']);
    await page('location.hash = "#backups"');
    await new Promise((done) => setTimeout(done, 100));
    assert.deepEqual(await page('[...document.querySelectorAll(".view")].filter((v) => !v.hidden).map((v) => v.id)'), ['view-metrics']);
    await logIn(addUser('writer'));
    assert.deepEqual(await links(), ['#metrics', '#load', '#batch', '#loads', '#rejects', 'rpc/docs']);
    for (const name of ['load', 'batch', 'loads', 'rejects']) {
      await view(name);
      await browser.until('!document.body.classList.contains("busy")');
      assert.equal(await text(`#${name}-error`), '', name);
    }
    assert.deepEqual(complaints(), []);
  });

  it('left a picture of every view', () => {
    const kept = readdirSync(pictures);
    for (const prefix of ['light', 'dark', 'spanish', 'phone-360']) {
      for (const name of views) {
        assert.ok(kept.includes(`${prefix}-${name}.png`), `${prefix}-${name}`);
        assert.ok(readFileSync(join(pictures, `${prefix}-${name}.png`)).length > 5000, `${prefix}-${name}`);
      }
    }
  });
});
