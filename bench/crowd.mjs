// Many clients at once: each sends batches through insert_raw until the time is over, one row in fifty of them bad.
// Counts statuses, and compares the rows in the table with what the answers said went in. usage: crowd.mjs CLIENTS SECONDS
import { execFileSync } from 'node:child_process';
import { Agent, request } from 'node:http';

const [clients, seconds] = process.argv.slice(2).map(Number);
const url = new URL('/rpc/insert_raw', process.env.FERRY_URL);
const agent = new Agent({ keepAlive: true, maxSockets: clients });
const end = Date.now() + seconds * 1000;
const statuses = new Map();
const times = [];
let inserted = 0;
let wrong = 0;

const rows = (n, who) => JSON.stringify(Array.from({ length: n }, (_, i) => ({
  name: `${who} ${i}`, datetime: '2021-07-01T08:00:00Z', department_id: i % 50 === 49 ? -1 : 1 + (i % 12), job_id: 1 + (i % 183),
})));

function send(body) {
  return new Promise((resolve) => {
    const sent = request(url, {
      agent, method: 'POST', headers: {
        Authorization: `Bearer ${process.env.TOKEN}`, 'X-Table': 'hired_employees', 'Content-Type': 'application/octet-stream',
        'Content-Length': Buffer.byteLength(body),
      },
    }, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part)).on('error', () => resolve({ status: 'broken' }))
        .on('end', () => resolve({ status: answer.statusCode, retry: answer.headers['retry-after'], text: Buffer.concat(parts).toString() }));
    });
    sent.on('error', (error) => resolve({ status: error.code }));
    sent.end(body);
  });
}

async function client(who) {
  for (let n = 0; Date.now() < end; n++) {
    const from = Date.now();
    const answer = await send(rows([10, 100, 400][(who + n) % 3], `client ${who}`));
    times.push(Date.now() - from);
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    if ([201, 207].includes(answer.status)) inserted += JSON.parse(answer.text).inserted;
    else if (![503, 504].includes(answer.status) || !answer.retry) {
      wrong += 1;
      console.error(`${answer.status} ${answer.text}`);
    }
  }
}

await Promise.all(Array.from({ length: clients }, (_, who) => client(who)));
agent.destroy();
times.sort((a, b) => a - b);
const counted = Number(execFileSync('psql', ['-XAtq', '-c', 'SELECT count(*) FROM public.hired_employees'], {
  encoding: 'utf8', env: { ...process.env, PGDATABASE: process.env.FERRY_PGDATABASE, PGHOST: process.env.FERRY_PGHOST,
    PGPORT: process.env.FERRY_PGPORT, PGUSER: process.env.FERRY_PGUSER },
}));
console.log(`${clients} clients for ${seconds} s: ${times.length} answers ${JSON.stringify(Object.fromEntries(statuses))}, `
  + `median ${times[times.length >> 1]} ms, 99 % within ${times[Math.floor(times.length * 0.99)]} ms`);
console.log(`rows by the answers ${inserted}, in the table ${counted}`);
process.exit(wrong === 0 && inserted === counted ? 0 : 1);
