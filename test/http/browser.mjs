// A headless Chromium for the tests, driven over a pipe by the DevTools protocol: no port, no profile that stays, no
// library. Pages are opened one after the other; what the browser complains of is kept. It types, presses keys, chooses
// files, saves downloads and takes pictures, as a person at the desk or on a phone would.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

  // ---- what a person does ----

  // The element is brought into sight and clicked in its middle; a CSS selector, or an expression that begins with (.
  async click(what) {
    const at = await this.until(`(() => { const e = ${what.startsWith('(') ? what : `document.querySelector(${JSON.stringify(what)})`};
      if (!e || e.disabled) return null;
      e.scrollIntoView({ block: 'center' });
      const { x, y, width, height } = e.getBoundingClientRect();
      return width > 0 ? { x: x + width / 2, y: y + height / 2 } : null; })()`);
    for (const type of ['mousePressed', 'mouseReleased']) {
      await this.send('Input.dispatchMouseEvent', { type, ...at, button: 'left', clickCount: 1 });
    }
  }
  type(text) { return this.send('Input.insertText', { text }); }
  async press(key, modifiers = 0) {
    const code = { Tab: 9, Enter: 13, Escape: 27, ' ': 32, ArrowDown: 40, ArrowUp: 38 }[key];
    const event = { key, code: key === ' ' ? 'Space' : key, windowsVirtualKeyCode: code, modifiers, ...(key === 'Enter' ? { text: '\r' } : key === ' ' ? { text: ' ' } : {}) };
    await this.send('Input.dispatchKeyEvent', { type: 'keyDown', ...event });
    await this.send('Input.dispatchKeyEvent', { type: 'keyUp', ...event, text: undefined });
  }
  // What stands in a field is replaced, key by key as far as the page can tell.
  async fill(selector, text) {
    await this.look(`(() => { const e = document.querySelector(${JSON.stringify(selector)}); e.focus(); e.select?.(); })()`);
    if (text === '') return this.look(`(() => { const e = document.activeElement; e.value = ''; e.dispatchEvent(new Event('input', { bubbles: true })); })()`);
    return this.type(text);
  }
  choose(selector, value) {
    return this.look(`(() => { const e = document.querySelector(${JSON.stringify(selector)}); e.value = ${JSON.stringify(value)};
      if (e.value !== ${JSON.stringify(value)}) throw new Error('no such choice: ' + ${JSON.stringify(value)} + ' in ' + [...e.options].map((o) => o.value));
      e.dispatchEvent(new Event('input', { bubbles: true })); e.dispatchEvent(new Event('change', { bubbles: true })); })()`);
  }
  async chooseFiles(selector, files) {
    const { root } = await this.send('DOM.getDocument');
    const { nodeId } = await this.send('DOM.querySelector', { nodeId: root.nodeId, selector });
    await this.send('DOM.setFileInputFiles', { nodeId, files });
  }
  // Sees the page on a screen of this width; dark or light.
  async sit({ width = 1280, height = 900, dark = false, scale = 1, phone = false } = {}) {
    await this.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: scale, mobile: phone });
    await this.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }] });
  }
  // What the page sends goes at this many bytes a second; 0 as fast as it can.
  async slowDown(bytes) {
    await this.send('Network.enable');
    await this.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytes || -1 });
  }
  async picture(file, { whole = true } = {}) {
    if (whole) await this.look('scrollTo(0, 0)');
    const { data } = await this.send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: whole });
    if (file) writeFileSync(file, Buffer.from(data, 'base64'));
    return Buffer.from(data, 'base64');
  }
  // Downloads go to a folder of the profile from here on; download(name) waits for one and gives its bytes.
  async keepDownloads() {
    this.downloads = join(this.profile, 'downloads');
    mkdirSync(this.downloads, { recursive: true });
    await this.#send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: this.downloads });
  }
  async download(name, seconds = 20) {
    const file = join(this.downloads, name);
    for (const end = Date.now() + seconds * 1000; !existsSync(file) || existsSync(`${file}.crdownload`);) {
      if (Date.now() > end) throw new Error(`no download ${name}`);
      await new Promise((done) => setTimeout(done, 30));
    }
    const bytes = readFileSync(file);
    rmSync(file);
    return bytes;
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
