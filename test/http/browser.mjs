// A headless Chromium for the tests, driven over a pipe by the DevTools protocol: no port, no profile that stays, no
// library. Pages are opened one after the other; what the browser complains of is kept.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const program = process.env.FERRY_CHROMIUM ?? 'chromium';
export const missing = spawnSync(program, ['--version']).error ? 'chromium is not installed' : false;

export class Browser {
  complaints = [];
  #answers = new Map();
  #number = 0;
  #rest = '';

  static async start() {
    const browser = new Browser();
    browser.profile = mkdtempSync(join(tmpdir(), 'ferry-chromium-'));
    browser.process = spawn(program, ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--force-color-profile=srgb', '--lang=en-US',
      `--user-data-dir=${browser.profile}`, '--remote-debugging-pipe', 'about:blank'],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'], env: { ...process.env, HOME: browser.profile } });
    browser.process.stdio[4].setEncoding('utf8').on('data', (text) => browser.#hear(text));
    browser.process.stdio[3].on('error', () => {});
    browser.ended = new Promise((resolve) => browser.process.on('exit', () => {
      for (const { reject } of browser.#answers.values()) reject(new Error('chromium ended'));
      resolve();
    }));
    const { targetId } = await browser.#send('Target.createTarget', { url: 'about:blank' });
    browser.session = (await browser.#send('Target.attachToTarget', { targetId, flatten: true })).sessionId;
    for (const domain of ['Page', 'Runtime', 'Log']) await browser.send(`${domain}.enable`);
    return browser;
  }

  #hear(text) {
    const messages = (this.#rest + text).split('\0');
    this.#rest = messages.pop();
    for (const message of messages.map((m) => JSON.parse(m))) {
      const waiting = this.#answers.get(message.id);
      this.#answers.delete(message.id);
      if (waiting && message.error) waiting.reject(new Error(`${waiting.method}: ${message.error.message}`));
      else if (waiting) waiting.resolve(message.result);
      else if (message.method === 'Log.entryAdded' && message.params.entry.level === 'error') this.complaints.push(message.params.entry.text);
      else if (message.method === 'Runtime.exceptionThrown') this.complaints.push(message.params.exceptionDetails.exception?.description ?? 'exception');
    }
  }
  #send(method, params = {}, sessionId = undefined) {
    const id = ++this.#number;
    return new Promise((resolve, reject) => {
      this.#answers.set(id, { method, resolve, reject });
      this.process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }
  send(method, params) { return this.#send(method, params, this.session); }

  open(url) { return this.send('Page.navigate', { url }); }

  // The value of an expression in the page.
  async look(expression) {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }
  async until(expression, seconds = 20) {
    for (const end = Date.now() + seconds * 1000; ;) {
      const value = await this.look(expression).catch(() => null);
      if (value) return value;
      if (Date.now() > end) throw new Error(`waited in vain for ${expression}: ${await this.look('document.body.innerText').catch(String)}`);
      await new Promise((done) => setTimeout(done, 30));
    }
  }

  // The page as the printer gets it.
  async pdf(paper = { paperWidth: 8.27, paperHeight: 11.69 }) {
    const { data } = await this.send('Page.printToPDF', { ...paper, preferCSSPageSize: false, printBackground: false });
    return Buffer.from(data, 'base64');
  }

  async stop() {
    await this.#send('Browser.close').catch(() => {});
    await this.ended;
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
