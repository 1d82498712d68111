// The report of a year: the page and its policy, both languages, what Chromium draws of it, and how it prints. The picture
// of the printed page is looked at: one page, clean margins, bars, the mean, the heat map. Its year is one no one else uses.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Browser, missing } from './browser.mjs';
import { addUser, get, literal, sql, unique, url } from './harness.mjs';

const year = 500 + Math.floor(Math.random() * 400);
const mark = unique('r');
const departments = ['Engineering', 'Marketing & Sales', 'Legal', 'Ñandú <b>Research</b>', 'Support', 'Accounting', 'Training', 'Services',
  'Human Resources of the Northern Branch', 'Product', 'Logistics', 'Idle'].map((name) => `${name} ${mark}`);
const folder = mkdtempSync(join(tmpdir(), 'ferry-report-'));
let user;

before(() => {
  user = addUser('reader');
  // Department n has 30 * n * n hires or so, spread over jobs and quarters; the last has none.
  sql(`INSERT INTO public.departments (department) SELECT unnest(ARRAY[${departments.map(literal)}]);
    INSERT INTO public.jobs (job) SELECT 'Job ' || i || ' ${mark}' FROM generate_series(1, 9) i;
    INSERT INTO public.hired_employees (name, datetime, department_id, job_id)
    SELECT 'x', make_timestamptz(${year}, 1 + ((i * i + d.n) % 12)::int, 1 + i % 28, 0, 0, 0, 'UTC'), d.id, j.id
      FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM public.departments WHERE department LIKE '%${mark}') d
      CROSS JOIN LATERAL generate_series(1, 3 * (12 - d.n)::int * (12 - d.n)::int) i
      JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM public.jobs WHERE job LIKE '%${mark}') j ON j.n = 1 + i % 9`);
});

// A year with more of everything than a page holds.
const crowded = year + 1000;
before(() => sql(`INSERT INTO public.departments (department) SELECT 'The long name of department number ' || i || ' ${mark}' FROM generate_series(1, 40) i;
  INSERT INTO public.hired_employees (name, datetime, department_id, job_id)
  SELECT 'x', make_timestamptz(${crowded}, 1 + i % 12, 1, 0, 0, 0, 'UTC'), d.id, j.id
    FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM public.departments WHERE department LIKE 'The long name%${mark}') d
    CROSS JOIN (SELECT id FROM public.jobs WHERE job LIKE '%${mark}') j CROSS JOIN LATERAL generate_series(1, (d.n * 3)::int) i`));
after(() => {
  sql(`DELETE FROM public.hired_employees USING public.departments d WHERE d.id = department_id AND d.department LIKE '%${mark}';
    DELETE FROM public.departments WHERE department LIKE '%${mark}'; DELETE FROM public.jobs WHERE job LIKE '%${mark}'`);
  rmSync(folder, { recursive: true, force: true });
});

describe('the report page', () => {
  it('is a page under a strict content security policy, of which every file is served', async () => {
    const answer = await get(`/rpc/report?year=${year}`);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8');
    assert.equal(answer.headers.get('content-security-policy'), (await get('/', { headers: { Accept: 'text/html' } })).headers.get('content-security-policy'));
    assert.doesNotMatch(answer.text, /<script>|<style|\son\w+=|\sstyle=|https?:\/\//, 'nothing inline, nothing from elsewhere');
    const files = [...answer.text.matchAll(/(?:href|src)="\.\.(\/rpc\/asset[^"]+)"/g)].map((m) => m[1]);
    assert.equal(files.length, 3);
    for (const file of files) assert.equal((await get(file)).status, 200, file);
  });

  it('speaks both languages in full', async () => {
    const script = (await get('/rpc/asset?name=report.js')).text;
    const { words } = await import(`data:text/javascript,${encodeURIComponent(`${script.slice(script.indexOf('const words'), script.indexOf('// What fits'))} export { words };`)}`);
    assert.deepEqual(Object.keys(words.es).sort(), Object.keys(words.en).sort());
    for (const key of Object.keys(words.en)) assert.equal((words.es[key].match(/\{\d\}/g) ?? []).length, (words.en[key].match(/\{\d\}/g) ?? []).length, key);
    for (const [, key] of (await get('/rpc/report')).text.matchAll(/data-t="([^"]+)"/g)) assert.ok(key in words.en, key);
  });
});

describe('in Chromium', { skip: missing }, () => {
  let browser;
  before(async () => { browser = await Browser.start(); });
  after(() => browser.stop());

  const above = () => sql(`SET search_path = public; SELECT department || '|' || hired FROM hiring.departments_above_mean(${year})`).split('\n');
  const mean = () => Number(sql(`SET search_path = public; SELECT mean FROM hiring.mean_hires(${year})`));

  it('asks who it is, and draws both metrics once it knows', async () => {
    await browser.open(`${url}/rpc/report?year=${year}&language=en`);
    await browser.until('!document.getElementById("login").hidden');
    assert.equal(await browser.look('document.getElementById("report").hidden'), true);
    await browser.look(`(() => { const form = document.getElementById('login');
      form.username.value = ${JSON.stringify(user.name)}; form.password.value = ${JSON.stringify(user.password)}; form.requestSubmit(); })()`);
    await browser.until('!document.getElementById("report").hidden');
    assert.equal(await browser.look('document.getElementById("title").textContent'), `Hiring report ${year}`);
    const bars = await browser.look('[...document.querySelectorAll("#bars rect title")].map((t) => t.textContent)');
    assert.deepEqual(bars.map((bar) => bar.replace(/: ([\d,]+)$/, (_, n) => `|${n.replaceAll(',', '')}`)), above());
    const table = await browser.look('[...document.querySelectorAll("#above tbody tr")].map((r) => `${r.cells[1].textContent}|${r.cells[2].textContent.replaceAll(",", "")}`)');
    assert.deepEqual(table, above());
    // The mean stands where its value is on the scale of the bars.
    const drawn = await browser.look(`(() => { const bar = document.querySelector('#bars rect').getBBox();
      return (Number(document.querySelector('#bars .mean').getAttribute('x1')) - bar.x) / bar.width; })()`);
    assert.ok(Math.abs(drawn - mean() / Number(above()[0].split('|')[1])) < 1e-6, `${drawn}`);
    // Eleven departments with hires, four quarters each; darker for more.
    assert.equal(await browser.look('document.querySelectorAll("#heat rect").length'), 44);
    const sums = sql(`SELECT sum(q1) || ',' || sum(q2) || ',' || sum(q3) || ',' || sum(q4) FROM api.hires_by_quarter(${year})`).split(',').map(Number);
    const heat = await browser.look(`[1, 2, 3, 4].map((q) => [...document.querySelectorAll('#heat rect title')].map((t) => t.textContent)
      .filter((t) => t.includes(', Q' + q + ': ')).reduce((sum, t) => sum + Number(t.split(': ').pop().replaceAll(',', '')), 0))`);
    assert.deepEqual(heat, sums);
    assert.equal(await browser.look('document.querySelectorAll("#quarters tbody tr").length'), Number(sql(`SELECT count(*) FROM api.hires_by_quarter(${year})`)));
    assert.equal(await browser.look('document.querySelectorAll("main b").length'), 0, 'names are text');
    assert.deepEqual(browser.complaints, []);
  });

  it('says so when a year has no hires, and when it is none', async () => {
    await browser.look('(() => { const y = document.getElementById("year"); y.value = 3; y.dispatchEvent(new Event("change")); })()');
    await browser.until('document.getElementById("title").textContent === "Hiring report 3"');
    assert.equal(await browser.look('document.getElementById("heat").textContent'), 'No hires in this year.');
    await browser.look('(() => { const y = document.getElementById("year"); y.value = 0; y.dispatchEvent(new Event("change")); })()');
    await browser.until('document.getElementById("error").textContent !== ""');
    assert.equal(await browser.look('document.getElementById("report").hidden'), true);
  });

  // Pages, words and the picture of a PDF.
  const noPoppler = spawnSync('pdftoppm', ['-v']).error ? 'poppler-utils is not installed' : false;
  function read(pdf, name) {
    const file = join(folder, `${name}.pdf`);
    writeFileSync(file, pdf);
    if (process.env.FERRY_KEEP_REPORTS) writeFileSync(join(process.env.FERRY_KEEP_REPORTS, `${name}.pdf`), pdf);
    const words = execFileSync('pdftotext', ['-layout', file, '-'], { encoding: 'utf8' });
    const pages = Number(/Pages: +(\d+)/.exec(execFileSync('pdfinfo', [file], { encoding: 'utf8' }))[1]);
    execFileSync('pdftoppm', ['-r', '72', '-singlefile', file, join(folder, name)]);
    const ppm = readFileSync(join(folder, `${name}.ppm`));
    const [head, width, height] = /^P6\n(\d+) (\d+)\n255\n/.exec(ppm.subarray(0, 30).toString('latin1')).map((n, i) => (i ? Number(n) : n));
    const pixels = ppm.subarray(head.length);
    const at = (x, y) => pixels.subarray(3 * (y * width + x), 3 * (y * width + x) + 3);
    const count = (test, from = 0, to = height) => {
      let n = 0;
      for (let y = from; y < to; y++) for (let x = 0; x < width; x++) if (test(at(x, y), x, y)) n += 1;
      return n;
    };
    return { words, pages, width, height, count };
  }
  const near = (wanted) => (pixel) => wanted.every((value, i) => Math.abs(pixel[i] - value) < 24);
  const isWhite = near([255, 255, 255]);

  it('prints one page of a year with more than a page holds', { skip: noPoppler }, async () => {
    for (const size of [{ paperWidth: 8.27, paperHeight: 11.69 }, { paperWidth: 8.5, paperHeight: 11 }]) {
      await browser.open(`${url}/rpc/report?year=${crowded}&language=es`);
      await browser.until(`document.getElementById("title").textContent.endsWith("${crowded}") && document.querySelectorAll("#bars rect").length === 10`);
      const page = read(await browser.pdf(size), 'report-crowded');
      assert.equal(page.pages, 1);
      assert.match(page.words, /\d+ departamentos más[^]*28 departamentos más[^]*de 360 pares/);
    }
  });

  for (const [language, paper, size] of [['en', 'A4', { paperWidth: 8.27, paperHeight: 11.69 }], ['es', 'Letter', { paperWidth: 8.5, paperHeight: 11 }]]) {
    it(`prints one clean page: ${language}, ${paper}`, { skip: noPoppler }, async () => {
      await browser.open(`${url}/rpc/report?year=${year}&language=${language}`);
      await browser.until(`!document.getElementById("report").hidden && document.documentElement.lang === "${language}"`);
      const page = read(await browser.pdf(size), `report-${language}`);
      assert.equal(page.pages, 1);
      const texts = language === 'en' ? [`Hiring report ${year}`, 'Departments above the mean', 'mean of all departments', 'Hires by quarter']
        : [`Informe de contrataciones ${year}`, 'Departamentos sobre la media', 'media de todos los departamentos', 'Contrataciones por trimestre'];
      for (const text of texts) assert.ok(page.words.includes(text), text);
      assert.doesNotMatch(page.words, /Log in|Entrar|Print|Imprimir/, 'buttons stay on the screen');
      // 7 mm of white all around, and ink from top to bottom third.
      const margin = 20;
      assert.equal(page.count((p, x, y) => !isWhite(p) && (x < margin || y < margin || x >= page.width - margin || y >= page.height - margin)), 0);
      for (const part of [0, 1, 2]) {
        const [from, to] = [Math.round((part * page.height) / 3), Math.round(((part + 1) * page.height) / 3)];
        const ink = page.count((p) => !isWhite(p), from, to) / ((to - from) * page.width);
        assert.ok(ink > 0.01 && ink < 0.6, `third ${part}: ${ink}`);
      }
      // The bars in their colour, the mean in its own, the darkest field of the heat map.
      assert.ok(page.count(near([28, 93, 143])) > 2000, 'bars');
      assert.ok(page.count(near([194, 65, 12])) > 30, 'the mean');
      assert.ok(page.count(near([18, 74, 120])) > 200, 'the darkest field');
      assert.deepEqual(browser.complaints.filter((text) => !/400/.test(text)), []);
    });
  }
});
