// The metrics over HTTP: JSON and CSV, the year, filters. Their arithmetic is tested in SQL; here only rows of this run count,
// in a year no one else uses.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { get, isError, literal, sql, tokenFor, unique } from './harness.mjs';

const year = 1000 + Math.floor(Math.random() * 900);
const busy = unique('Busy, "quoted"');
const idle = unique('Idle');
const job = unique('Job');
let token;
before(async () => {
  token = await tokenFor('reader');
  sql(`WITH d AS (INSERT INTO public.departments (department) VALUES (${literal(busy)}) RETURNING id),
            i AS (INSERT INTO public.departments (department) VALUES (${literal(idle)})),
            j AS (INSERT INTO public.jobs (job) VALUES (${literal(job)}) RETURNING id)
       INSERT INTO public.hired_employees (name, datetime, department_id, job_id)
       SELECT 'x', make_timestamptz(${year}, m, 1, 0, 0, 0, 'UTC'), d.id, j.id FROM d, j, unnest(ARRAY[1, 3, 4, 12]) m`);
});
after(() => sql(`DELETE FROM public.hired_employees USING public.departments d WHERE d.id = department_id AND d.department = ${literal(busy)};
  DELETE FROM public.departments WHERE department IN (${literal(busy)}, ${literal(idle)});
  DELETE FROM public.jobs WHERE job = ${literal(job)};`));

describe('metrics', () => {
  it('hires_by_quarter counts by UTC quarter', async () => {
    const answer = await get(`/rpc/hires_by_quarter?year=${year}`, { token });
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body, [{ department: busy, job, q1: 2, q2: 1, q3: 0, q4: 1 }]);
  });

  it('departments_above_mean counts departments without hires in the mean', async () => {
    const answer = await get(`/rpc/departments_above_mean?year=${year}`, { token });
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body.map(({ department, hired }) => ({ department, hired })), [{ department: busy, hired: 4 }]);
    assert.deepEqual(Object.keys(answer.body[0]), ['id', 'department', 'hired']);
  });

  it('come as CSV when asked', async () => {
    const answer = await get(`/rpc/hires_by_quarter?year=${year}`, { token, headers: { Accept: 'text/csv' } });
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('content-type'), /^text\/csv/);
    assert.equal(answer.text.trim(), `department,job,q1,q2,q3,q4\n"${busy.replaceAll('"', '""')}",${job},2,1,0,1`);
  });

  it('can be filtered, ordered and cut', async () => {
    const answer = await get(`/rpc/hires_by_quarter?year=${year}&q1=gt.1&select=department,q1&order=q1.desc&limit=1`, { token });
    assert.deepEqual(answer.body, [{ department: busy, q1: 2 }]);
    assert.deepEqual((await get(`/rpc/hires_by_quarter?year=${year}&q3=gt.0`, { token })).body, []);
  });

  it('are of 2021 when no year is named, and empty for a year without hires', async () => {
    const [plain, named] = [await get('/rpc/departments_above_mean', { token }), await get('/rpc/departments_above_mean?year=2021', { token })];
    assert.equal(plain.text, named.text);
    assert.deepEqual((await get('/rpc/hires_by_quarter?year=999', { token })).body, []);
  });

  it('mean_hires, hires_by_department, hires_by_month and hires_trend say the same', async () => {
    const ask = async (path) => (await get(`/rpc/${path}`, { token })).body;
    const [means] = await ask(`mean_hires?year=${year}`);
    assert.deepEqual([means.hired, means.hiring_departments, means.mean_of_hiring], [4, 1, 4]);
    const hired = await ask(`hires_by_department?year=${year}`);
    assert.equal(hired.length, means.departments);
    assert.deepEqual(hired.filter((d) => d.department === busy || d.department === idle).map((d) => d.hired), [4, 0]);
    assert.deepEqual((await ask(`hires_by_month?year=${year}`)).map((m) => m.hired), [1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
    assert.deepEqual((await ask(`hires_trend?first_year=${year}&last_year=${year}`)).map((q) => [q.quarter, q.hired]), [[1, 2], [2, 1], [3, 0], [4, 1]]);
    assert.deepEqual(await ask(`departments_above_mean?year=${year}&include_idle=false`), []);
  });

  it('prometheus: text for operators, with the loads of all', async () => {
    const answer = await get('/rpc/prometheus', { token: await tokenFor('operator') });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
    assert.match(answer.text, /^# HELP ferry_info .*\n# TYPE ferry_info gauge\nferry_info\{version="[^"]+"\} 1\n/m);
    for (const line of answer.text.trimEnd().split('\n')) {
      assert.match(line, /^(# (HELP|TYPE) ferry_\w+ .+|ferry_\w+\{.*\} -?[0-9.]+)$/s);
    }
  });

  it('400: a year that is none', async () => {
    for (const bad of ['abc', '20.5', '99999999999', "2021'; DROP TABLE jobs"]) {
      const answer = await get(`/rpc/hires_by_quarter?year=${encodeURIComponent(bad)}`, { token });
      assert.equal(answer.status, 400, answer.text);
      assert.ok(isError(answer.body));
    }
  });
});
