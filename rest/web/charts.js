// Charts by uPlot: bars across with the mean drawn in, columns, and lines. Colours are those of app.css; a chart is made anew
// when its width or the colours of the page change. For a screen reader each is a picture with a text.
/* global uPlot */

const drawn = new Map(); // the box of a chart => { describe, plot, width }

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const letters = (size = 12) => `${size}px ${getComputedStyle(document.body).fontFamily}`;

function make(box) {
  const chart = drawn.get(box);
  chart.plot?.destroy();
  chart.plot = null;
  chart.width = box.clientWidth;
  if (chart.width < 50) return;
  const { options, data } = chart.describe(chart.width);
  chart.plot = new uPlot({ width: chart.width, ...options }, data, box);
}
const widths = new ResizeObserver((changes) => {
  for (const { target } of changes) if (drawn.has(target) && drawn.get(target).width !== target.clientWidth) make(target);
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => [...drawn.keys()].forEach(make));

function place(box, text, describe) {
  clear(box);
  drawn.set(box, { describe, plot: null, width: 0 });
  box.role = 'img';
  box.ariaLabel = text;
  make(box);
  widths.observe(box);
}
export function clear(box) {
  drawn.get(box)?.plot?.destroy();
  drawn.delete(box);
  widths.unobserve(box);
  box.role = box.ariaLabel = null;
  box.replaceChildren();
}

const measure = document.createElement('canvas').getContext('2d');
function fit(text, width) {
  measure.font = letters();
  if (measure.measureText(text).width <= width) return text;
  let end = text.length;
  while (end > 1 && measure.measureText(`${text.slice(0, end)}…`).width > width) end -= 1;
  return `${text.slice(0, end)}…`;
}
function widest(texts) {
  measure.font = letters();
  return Math.max(...texts.map((text) => measure.measureText(text).width));
}

// Text on the canvas, whose pixels are finer than those of the page; a rim keeps it apart from lines behind it.
function write(plot, text, x, y, { align = 'center', base = 'middle', fill = '--text' } = {}) {
  const { ctx } = plot;
  ctx.save();
  ctx.font = letters(12 * devicePixelRatio);
  Object.assign(ctx, { textAlign: align, textBaseline: base, fillStyle: colour(fill), strokeStyle: colour('--card'), lineJoin: 'round' });
  ctx.lineWidth = 4 * devicePixelRatio;
  ctx.strokeText(text, x, y);
  ctx.fillText(text, x, y);
  ctx.restore();
}

const quiet = () => ({ font: letters(), stroke: colour('--quiet'), ticks: { show: false }, grid: { show: false } });
const plain = { legend: { show: false }, cursor: { show: false }, select: { show: false } };

// Bars across, one for each name from the top down: those above the mean in the colour of the page, the others pale.
export function drawBars(box, { names, values, mean, meanText, write: told, text }) {
  place(box, text, (width) => {
    const left = Math.min(widest(names) + 12, width * 0.4);
    const most = Math.max(mean, ...values) * 1.02 || 1;
    const series = (fill) => ({ fill: colour(fill), width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [0.72, 22] }) });
    return {
      data: [names.map((_, i) => i), values.map((v) => (v > mean ? v : null)), values.map((v) => (v > mean ? null : v))],
      options: {
        ...plain, height: 40 + names.length * 22, padding: [22, widest(values.map(told)) + 10, 0, 0],
        scales: { x: { time: false, ori: 1, dir: -1, range: [-0.6, names.length - 0.4] }, y: { ori: 0, range: [0, most] } },
        series: [{}, series('--accent'), series('--bar')],
        axes: [
          { ...quiet(), side: 3, size: left, gap: 6, stroke: colour('--text'), splits: () => names.map((_, i) => i),
            values: (_, at) => at.map((i) => fit(names[i], left - 8)) },
          { ...quiet(), side: 2, size: 24, space: 60, grid: { stroke: colour('--line'), width: 1 }, values: (_, at) => at.map(told) }],
        hooks: { draw: [(plot) => {
          const x = plot.valToPos(mean, 'y', true);
          const { ctx, bbox } = plot;
          ctx.save();
          Object.assign(ctx, { strokeStyle: colour('--mean'), lineWidth: 2 * devicePixelRatio });
          ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
          ctx.beginPath();
          ctx.moveTo(x, bbox.top - 4);
          ctx.lineTo(x, bbox.top + bbox.height);
          ctx.stroke();
          ctx.restore();
          values.forEach((v, i) => write(plot, told(v), plot.valToPos(v, 'y', true) + 5 * devicePixelRatio, plot.valToPos(i, 'x', true), { align: 'left' }));
          const far = x > bbox.left + bbox.width * 0.6;
          write(plot, meanText, x, bbox.top - 6 * devicePixelRatio, { align: far ? 'right' : 'left', base: 'bottom', fill: '--mean' });
        }] },
      },
    };
  });
}

// Upright columns with their values on top.
export function drawColumns(box, { names, values, write: told, text }) {
  place(box, text, () => ({
    data: [names.map((_, i) => i), values],
    options: {
      ...plain, height: 220, padding: [22, 8, 0, 8],
      scales: { x: { time: false, range: [-0.6, names.length - 0.4] }, y: { range: [0, Math.max(...values) * 1.02 || 1] } },
      series: [{}, { fill: colour('--accent'), width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [0.6, 90] }) }],
      axes: [
        { ...quiet(), stroke: colour('--text'), size: 28, splits: () => names.map((_, i) => i), values: (_, at) => at.map((i) => names[i]) },
        { ...quiet(), size: 54, grid: { stroke: colour('--line'), width: 1 }, values: (_, at) => at.map(told) }],
      hooks: { draw: [(plot) => values.forEach((v, i) =>
        write(plot, told(v), plot.valToPos(i, 'x', true), plot.valToPos(v, 'y', true) - 5 * devicePixelRatio, { base: 'bottom' }))] },
    },
  }));
}

// Lines over a row of names; series: [[name, values, dashed]]. The pointer reads the values off.
export function drawLines(box, { names, nameHeading, series, write: told, text }) {
  place(box, text, () => ({
    data: [names.map((_, i) => i), ...series.map(([, values]) => values)],
    options: {
      height: 230, padding: [10, 12, 0, 4], cursor: { y: false, drag: { x: false, y: false } }, legend: { live: true },
      scales: { x: { time: false, range: (_, low, high) => [low - 0.3, high + 0.3] }, y: { range: (_, low, high) => [0, high * 1.08 || 1] } },
      series: [{ label: nameHeading, value: (_, i) => (i == null ? '' : names[i]) },
        ...series.map(([label, , dashed]) => ({
          label, stroke: colour(dashed ? '--quiet' : '--accent'), width: dashed ? 1.5 : 2.5, dash: dashed ? [5, 5] : undefined,
          points: { show: !dashed && names.length < 40, size: 6 }, value: (_, v) => (v == null ? '' : told(v)),
        }))],
      axes: [
        { ...quiet(), size: 28, space: 70, incrs: [1, 2, 4, 8, 20, 40, 80, 200, 400], values: (_, at) => at.map((i) => names[i] ?? '') },
        { ...quiet(), size: 54, grid: { stroke: colour('--line'), width: 1 }, values: (_, at) => at.map(told) }],
    },
  }));
}
