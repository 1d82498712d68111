// The view of the numbers: both metrics of a year with their charts, and how hiring went over the years.
import { at, begin, element, fillSelect, guarded, paragraph, saveCsv, table, tiles } from './asset?name=page.js';
import { clear, drawBars, drawColumns, drawLines } from './asset?name=charts.js';
import { rows } from './asset?name=session.js';
import { decimal, number, t } from './asset?name=words.js';

const mostBars = 15;
const mostRows = 500;
const quarterNames = ['q1', 'q2', 'q3', 'q4'];
let data = null;

function wantedYear() {
  const year = Number(at('year').value);
  if (!Number.isInteger(year) || year < 1 || year > 9999) throw new Error(t('badYear'));
  return year;
}

// Some years before the one that is looked at, and the one after.
const trendPath = (year) => `rpc/hires_trend?first_year=${Math.max(1, year - 4)}&last_year=${Math.min(9999, year + 1)}`;
function withoutEmptyEnds(trend) {
  const full = (row) => row.hired > 0 || row.year_before > 0;
  return trend.slice(trend.findIndex(full), trend.findLastIndex(full) + 1);
}

async function load() {
  const fresh = begin('metrics');
  const year = wantedYear();
  at('report').href = `rpc/report?year=${year}`;
  const [above, quarters, [mean], departments, trend] = await Promise.all([
    rows(`rpc/departments_above_mean?year=${year}`), rows(`rpc/hires_by_quarter?year=${year}`), rows(`rpc/mean_hires?year=${year}`),
    rows(`rpc/hires_by_department?year=${year}&limit=${mostBars}`), rows(trendPath(year))]);
  if (!fresh()) return;
  data = { year, above, quarters, mean, departments, trend: withoutEmptyEnds(trend) };
  draw();
}

function drawAbove() {
  const { above, departments, mean, year } = data;
  const shown = departments.filter((one) => one.hired > 0);
  if (shown.length === 0) clear(at('chart-departments'));
  else {
    drawBars(at('chart-departments'), {
      names: shown.map((one) => one.department), values: shown.map((one) => one.hired), mean: Number(mean.mean),
      meanText: t('mean', decimal(mean.mean)), write: number, text: t('chartDepartments', year, decimal(mean.mean)),
    });
  }
  at('above').replaceChildren(table(above, [[t('id'), (r) => String(r.id), 'number'], [t('department'), (r) => r.department],
    [t('hired'), (r) => number(r.hired), 'number']], { empty: t(shown.length ? 'noneAbove' : 'noHires') }));
}

function drawQuarters() {
  const { quarters, year } = data;
  const names = [...new Set(quarters.map((row) => row.department))];
  fillSelect(at('department'), [['', t('allDepartments')], ...names.map((name) => [name, name])]);
  const wanted = at('department').value;
  const mine = wanted ? quarters.filter((row) => row.department === wanted) : quarters;
  const sums = quarterNames.map((q) => mine.reduce((sum, row) => sum + row[q], 0));
  if (mine.length === 0) clear(at('chart-quarters'));
  else {
    drawColumns(at('chart-quarters'), {
      names: quarterNames.map((q) => q.toUpperCase()), values: sums, write: number,
      text: t('chartQuarters', year, sums.map((sum, i) => `Q${i + 1} ${number(sum)}`).join(', ')),
    });
  }
  const list = table(mine.slice(0, mostRows), [[t('department'), (r) => r.department], [t('job'), (r) => r.job],
    ...quarterNames.map((q) => [q.toUpperCase(), (r) => number(r[q]), 'number'])], { empty: t('noHires') });
  at('quarters').replaceChildren(list, ...(mine.length > mostRows ? [paragraph('quiet', t('firstOf', number(mostRows), number(mine.length)))] : []));
}

function drawTrend() {
  const { trend } = data;
  const name = (row) => `${row.year} Q${row.quarter}`;
  if (trend.length === 0) clear(at('chart-trend'));
  else {
    drawLines(at('chart-trend'), {
      names: trend.map(name), nameHeading: t('quarter'), write: number, text: t('chartTrend', name(trend[0]), name(trend.at(-1))),
      series: [[t('hired'), trend.map((row) => row.hired)], [t('beforeThat'), trend.map((row) => row.year_before), true]],
    });
  }
  at('trend').replaceChildren(table(trend, [[t('quarter'), name], [t('hired'), (r) => number(r.hired), 'number'],
    [t('beforeThat'), (r) => number(r.year_before), 'number']]));
  at('years').replaceChildren(...[...new Set(trend.map((row) => row.year))].map((value) => element('option', { value })));
}

function draw() {
  if (!data) return;
  const { mean, above } = data;
  at('tiles').replaceChildren(tiles([number(mean.hired), t('tileHired')], [number(mean.departments), t('tileDepartments')],
    [number(mean.hiring_departments), t('tileHiring')], [decimal(mean.mean), t('tileMean')], [number(above.length), t('tileAbove'), 'good']));
  drawAbove();
  drawQuarters();
  drawTrend();
}

const step = (by) => guarded('metrics-error', () => {
  at('year').value = Math.min(9999, Math.max(1, wantedYear() + by));
  return load();
});
at('year').addEventListener('change', guarded('metrics-error', load));
at('year-before').addEventListener('click', step(-1));
at('year-after').addEventListener('click', step(1));
at('department').addEventListener('change', drawQuarters);
for (const one of document.querySelectorAll('[data-csv]')) {
  one.addEventListener('click', guarded('metrics-error', () => {
    const metric = one.dataset.csv;
    const year = wantedYear();
    return saveCsv(metric === 'hires_trend' ? trendPath(year) : `rpc/${metric}?year=${year}`, `${metric}_${year}.csv`);
  }));
}

export const metrics = { open: guarded('metrics-error', load), draw, forget: () => { data = null; } };
