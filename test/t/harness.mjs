// What the tests of crashes, full disks, replicas, cancels and memory share: throw-away servers of their own, sessions
// that stay open, tables with every kind of B-tree index, and rows for them.
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export { sleep };
const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = process.env.FERRY_TEST_OUT ?? `${root}build/test`;
const stage = process.env.FERRY_TEST_STAGE ?? `${root}build/stage`;

const run = (command, args, options = {}) =>
  execFileSync(command, args, { cwd: root, encoding: 'utf8', stdio: ['pipe', 'pipe', 'inherit'], ...options });

// Runs a command as the user that the servers run as.
export const asServer = (...command) =>
  run('bash', ['-c', '. scripts/lib.sh; as_server "$@"', 'bash', ...command]);
const programs = run(process.env.PG_CONFIG ?? 'pg_config', ['--bindir']).trim();

// Asks until the answer is true. The limit only ends a test that has gone wrong.
export async function until(what, ask, seconds = 60) {
  const end = Date.now() + seconds * 1000;
  while (!(await ask())) {
    if (Date.now() > end) throw new Error(`waited ${seconds} s in vain until ${what}`);
    await sleep(2);
  }
}

export class SqlError extends Error {
  constructor(text) {
    super(text);
    this.sqlstate = /(?:ERROR|FATAL): {2}([0-9A-Z]{5}):/.exec(text)?.[1];
  }
}

// One psql that stays open: statements run one after the other, in the same session.
export class Session {
  constructor(server, database) {
    this.output = '';
    this.waiting = undefined;
    this.marks = 0;
    const command = 'exec "$0" -XAtq -v VERBOSITY=verbose -d "$1" 2>&1';
    this.psql = spawn('bash', ['-c', command, `${programs}/psql`, database], { env: server.environment, stdio: 'pipe' });
    this.psql.stdin.on('error', () => {}); // a dead server is told by the end of the output
    this.psql.stdout.setEncoding('utf8').on('data', (text) => { this.output += text; this.#settle(); });
    this.psql.on('exit', () => { this.ended = true; this.#settle(); });
  }

  // The statement's output, or its SqlError.
  query(text) {
    const mark = `--- statement ${++this.marks} ---`;
    return new Promise((resolve, reject) => {
      this.waiting = { mark: `${mark}\n`, resolve, reject };
      this.psql.stdin.write(`${text}\n;\n\\echo ${mark}\n`);
      this.#settle();
    });
  }
  #settle() {
    const at = this.waiting ? this.output.indexOf(this.waiting.mark) : -1;
    if (!this.waiting || (at < 0 && !this.ended)) return;
    const { mark, resolve, reject } = this.waiting;
    const text = at < 0 ? this.output : this.output.slice(0, at);
    this.output = at < 0 ? '' : this.output.slice(at + mark.length);
    this.waiting = undefined;
    if (at < 0 || /^(ERROR|FATAL|PANIC): /m.test(text)) reject(new SqlError(text || 'the session ended'));
    else resolve(text.trim());
  }
  async close() {
    this.psql.stdin.end();
    await until('psql ends', () => this.ended);
  }
}

export class Server {
  sessions = [];

  // A cluster with both extensions of these tests, below the folder of test logs. Leftovers of an earlier run are stopped
  // and removed. `wrapper` is put before the command that starts it.
  static start(name, settings = {}, wrapper = []) {
    const server = new Server();
    server.place = `${folder}/${name}`;
    const given = { fsync: 'off', autovacuum: 'off', ...settings };
    run('mkdir', ['-p', server.place]);
    const [command, ...args] = [...wrapper, 'scripts/cluster.sh', 'start', server.place, stage,
      ...Object.entries(given).map(([key, value]) => `${key}=${value}`)];
    // Descriptors that the server inherits would keep a pipe to us open for ever.
    run(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    const env = readFileSync(`${server.place}/env`, 'utf8');
    const value = (variable) => new RegExp(`${variable}='?([^' \n]*)`).exec(env)[1];
    server.folder = value('FERRY_SERVER');
    server.data = value('FERRY_PGDATA');
    server.log = `${server.place}/postgres.log`;
    server.connect(value('PGHOST'), '5432');
    server.sql('CREATE EXTENSION pg_ferry; CREATE EXTENSION amcheck;');
    return server;
  }

  connect(socket, port) {
    // Loads warn of rejects; here the outputs tell enough.
    this.environment = { ...process.env, PGHOST: socket, PGPORT: port, PGUSER: 'postgres', PGDATABASE: 'postgres',
      PGOPTIONS: '-c client_min_messages=error' };
    for (const variable of ['PGPASSWORD', 'PGSERVICE']) delete this.environment[variable];
  }

  // A physical standby of this server that streams from it.
  standby() {
    const standby = new Server();
    standby.data = `${this.folder}/standby`;
    standby.log = `${this.place}/standby.log`;
    standby.connect(this.environment.PGHOST, '5433');
    asServer(`${programs}/pg_basebackup`, '-h', this.environment.PGHOST, '-p', '5432', '-U', 'postgres',
      '-D', standby.data, '-R', '-c', 'fast', '--no-sync');
    asServer('sh', '-c', `echo "port = 5433" >> '${standby.data}/postgresql.conf'`);
    standby.startAgain();
    return standby;
  }

  // Runs SQL and gives its unaligned output.
  sql(text, database = 'postgres') {
    try {
      return run(`${programs}/psql`, ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-v', 'VERBOSITY=verbose', '-d', database, '-f', '-'],
        { env: this.environment, input: text, stdio: 'pipe' }).trim();
    } catch (error) {
      throw new SqlError(String(error.stderr ?? error));
    }
  }
  session(database = 'postgres') {
    this.sessions.push(new Session(this, database));
    return this.sessions.at(-1);
  }

  // A file that the server can read; the content may also be bytes.
  file(name, content) {
    writeFileSync(`${this.folder}/${name}`, content, { mode: 0o644 });
    return `${this.folder}/${name}`;
  }

  // PIDs of the postmaster and of all its children.
  processes() {
    const postmaster = Number(readFileSync(`${this.data}/postmaster.pid`, 'utf8').split('\n')[0]);
    const children = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)).map(Number).filter((pid) => {
      try {
        return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ')[1]) === postmaster;
      } catch { return false; } // it ended meanwhile
    });
    return [postmaster, ...children];
  }

  // Ends postmaster and children as a power cut would, as far as processes go.
  async kill() {
    const all = this.processes();
    for (const pid of all) try { process.kill(pid, 'SIGKILL'); } catch { /* it went with the postmaster */ }
    const gone = (pid) => {
      try { return /^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')); } catch { return true; }
    };
    await until('the server is gone', () => all.every(gone));
    // Where nobody buries the dead at once, the next postmaster would take this one for alive.
    const { PGHOST, PGPORT } = this.environment;
    for (const lock of [`${this.data}/postmaster.pid`, `${PGHOST}/.s.PGSQL.${PGPORT}.lock`]) rmSync(lock, { force: true });
  }
  startAgain() {
    run('bash', ['-c', '. scripts/lib.sh; as_server "$@" < /dev/null >> "$0" 2>&1', this.log,
      `${programs}/pg_ctl`, '-D', this.data, '-w', '-t', '60', 'start'], { stdio: 'ignore' });
  }
  // After a backend was killed the postmaster ends the others and recovers.
  answers() {
    return until('the server answers', () => { try { return this.sql('SELECT 1') === '1'; } catch { return false; } });
  }
  stop() {
    for (const session of this.sessions) session.psql.kill(); // one that is left open would keep node from ending
    if (this.place) run('scripts/cluster.sh', ['stop', this.place]);
    else asServer(`${programs}/pg_ctl`, '-D', this.data, '-m', 'fast', '-w', 'stop');
  }

  // Lines of the server's log that tell of a crash.
  crashes() {
    return readFileSync(this.log, 'utf8').split('\n').filter((line) => /was terminated by signal|TRAP:|PANIC:/.test(line));
  }
  // Names of the temporary files that lie about, wherever the server puts them.
  temporaryFiles(where = `${this.data}/base`) {
    return run('find', [where, '-path', '*pgsql_tmp/*']).split('\n').filter(Boolean);
  }
  // Begins a load in the session and waits until it has taken some rows. The load's outcome is a promise in an object.
  async startLoad(session, statement, rows) {
    const watch = this.session();
    let over = false;
    const outcome = session.query(statement).finally(() => { over = true; });
    outcome.catch(() => {}); // it is the caller's to look at
    await until(`a load has ${rows} rows`, async () => {
      if (over) throw new Error('the load was over too soon');
      return Number(await watch.query('SELECT coalesce(max(tuples_processed), -1) FROM pg_stat_progress_copy')) >= rows;
    });
    await watch.close();
    return { outcome };
  }
}

// A table with a B-tree of each kind that a load may meet, and the parents of its rows.
export const schema = `
  CREATE TABLE berth (id integer PRIMARY KEY, name text);
  INSERT INTO berth SELECT i, 'berth ' || i FROM generate_series(1, 100) i;
  CREATE TABLE crate (
    id integer PRIMARY KEY,
    code text NOT NULL UNIQUE,
    berth integer REFERENCES berth,
    weight numeric,
    stored timestamptz,
    note text
  );
  CREATE UNIQUE INDEX crate_pair_idx ON crate (berth, id);
  CREATE INDEX crate_berth_idx ON crate (berth);
  CREATE INDEX crate_text_idx ON crate (note, code);
  CREATE INDEX crate_stored_idx ON crate (stored DESC NULLS FIRST) INCLUDE (weight);
  CREATE INDEX crate_expression_idx ON crate (lower(note)) WHERE weight > 50;`;

// The order in which keys 1 to count arrive.
export function keys(count, order) {
  const all = Array.from({ length: count }, (_, i) => i + 1);
  if (order === 'descending') return all.reverse();
  if (order === 'random') {
    let state = 12345;
    for (let i = count - 1; i > 0; i--) {
      state = (state * 16807) % 2147483647;
      const j = state % (i + 1);
      [all[i], all[j]] = [all[j], all[i]];
    }
  }
  return all;
}

// One line of CSV for table crate.
export function crate(id, { code = `C${String(id).padStart(8, '0')}`, berth = 1 + (id % 100), weight = id % 97 } = {}) {
  const stored = `2021-0${1 + (id % 9)}-1${id % 10}T0${id % 8}:30:00Z`;
  return `${id},${code},${berth},${weight},${id % 50 === 0 ? '' : stored},${'abcdefgh'[id % 8]} note ${id % 1000}\n`;
}
export const crates = (count, order = 'ascending') => keys(count, order).map((id) => crate(id)).join('');

// Checks every B-tree of the target and of the log, entry by entry against its table, and the tables themselves. Where the
// server may take the locks, also the order between pages.
export function checkIndexes(server) {
  const check = server.sql('SELECT pg_is_in_recovery()') === 't' ? 'bt_index_check(c.oid, true)' : 'bt_index_parent_check(c.oid, true, true)';
  server.sql(`SELECT ${check} FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid JOIN pg_am a ON a.oid = c.relam
                WHERE a.amname = 'btree' AND c.relnamespace IN ('public'::regnamespace, 'ferry'::regnamespace)`);
  const faults = server.sql(`SELECT c.relname, v.* FROM pg_class c, verify_heapam(c.oid) v
                              WHERE c.relkind = 'r' AND c.relnamespace IN ('public'::regnamespace, 'ferry'::regnamespace)`);
  if (faults) throw new Error(`verify_heapam: ${faults}`);
}

// What stands in a table, as one line that is the same on every server.
export const digest = (server, table) =>
  server.sql(`SELECT count(*), md5(string_agg(t::text, '/' ORDER BY t::text COLLATE "C")) FROM ${table} t`);

export const literal = (text) => `'${text.replaceAll("'", "''")}'`;
export const load = (path, options = '') =>
  `SELECT status, rows_loaded, rows_rejected FROM ferry.migrate_csv('crate', ${literal(path)}, force => true${options && `, ${options}`})`;
export const size = (path) => statSync(path).size;
