// What the end-to-end tests share: the real binary, a real browser, and pages
// that are held to be clean: no console error or warning, no failed request,
// nothing run that a stranger wrote.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const binary = process.env.PENSTOCK_BINARY ?? '../penstock';

export { sleep };

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** A busy machine's latency and CPU usage raise no alerts among the tests. */
const calm = ['cpu', 'latency-ms'].flatMap((a) => [`--alert-${a}`, '0', `--alert-${a}-critical`, '0']);

/** Starts the server and waits until it is ready. */
export async function serve(args = [], port = undefined) {
  port ??= await freePort();
  const child = spawn(binary, ['--listen', `127.0.0.1:${port}`, '--admin-listen', '', ...calm, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (text) => { log = (log + text).slice(-20_000); });
  const url = `http://127.0.0.1:${port}/`;
  const end = async (signal) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  };
  const server = { port, url, ws: url.replace('http', 'ws'), kill: () => end('SIGKILL'), stop: () => end('SIGTERM') };
  after(server.kill);
  for (let i = 0; i < 100; i++) {
    if (child.exitCode !== null) throw new Error(`the server ended:\n${log}`);
    if ((await fetch(`${url}readyz`).catch(() => null))?.ok) return server;
    await sleep(100);
  }
  throw new Error(`the server did not become ready:\n${log}`);
}

let browser;

/** Opens a page of its own context, and watches it until the end of the test. */
export async function open(url, { allow, ...options } = {}) {
  browser ??= await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
    ],
  });
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const problems = [];
  const note = (problem) => { if (!allow?.test(problem)) problems.push(problem); };
  page.on('console', (m) => { if (['error', 'warning', 'assert'].includes(m.type())) note(`console ${m.type()}: ${m.text()}`); });
  page.on('pageerror', (e) => note(`exception: ${e.stack ?? e}`));
  page.on('requestfailed', (r) => note(`failed request: ${r.url()} ${r.failure()?.errorText}`));
  page.on('response', (r) => { if (r.status() >= 400) note(`answered ${r.status()}: ${r.url()}`); });
  page.on('dialog', (d) => { note(`dialog: ${d.message()}`); void d.dismiss(); });
  await page.goto(url);
  // To another page of the dashboard, and waits until it is there: what is done to the
  // page before would go to that one.
  page.visit = async (route) => {
    await page.goto(`${page.url().split('#')[0]}#/${route}`);
    await page.locator(`a[aria-current=page][href*="#/${route}"]`).waitFor();
  };
  page.mustBeClean = () => assert.deepEqual(problems, []);
  page.leave = async () => {
    page.mustBeClean();
    await context.close();
  };
  return page;
}

after(() => browser?.close());

/** Waits until a function of the test's own, which may look at the page, is true. */
export async function until(what, isSo, timeout = 30_000) {
  const end = Date.now() + timeout;
  for (;;) {
    const value = await isSo();
    if (value) return value;
    if (Date.now() > end) assert.fail(`not within ${timeout / 1000} s: ${what}`);
    await sleep(50);
  }
}

/** A plain client's socket, opened; ask(message) waits for the next answer. */
export async function socket(url) {
  const ws = new WebSocket(url);
  const answers = [];
  const waiting = [];
  ws.addEventListener('message', (e) => {
    const take = waiting.shift();
    if (take) take(JSON.parse(e.data));
    else if (answers.length < 1000) answers.push(JSON.parse(e.data));
  });
  await new Promise((done, failed) => { ws.addEventListener('open', done); ws.addEventListener('error', failed); });
  return {
    send: (m) => ws.send(JSON.stringify(m)),
    next: () => (answers.length > 0 ? Promise.resolve(answers.shift()) : new Promise((done) => waiting.push(done))),
    async ask(m) { this.send(m); return this.next(); },
    close: () => ws.close(),
  };
}

/** No page may be wider than its window. */
export async function mustFit(page, where) {
  const { wide, window } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, window: innerWidth }));
  assert.ok(wide <= window, `${where}: ${wide} px of content in a window of ${window} px`);
}

/** axe-core's own words on what is serious. */
export async function mustBeAccessible(page, where) {
  await page.evaluate(axe);
  const found = await page.evaluate(async () => (await window.axe.run()).violations.map((v) => ({
    impact: v.impact, id: v.id, nodes: v.nodes.map((n) => `${n.target.join(' ')}: ${n.failureSummary}`),
  })));
  const serious = found.filter((v) => ['serious', 'critical'].includes(v.impact));
  assert.deepEqual(serious, [], where);
  return found.length;
}

/** Draws strokes, in coordinates from 0 to 1, with the mouse. */
export async function draw(page, strokes) {
  const box = await page.locator('ps-pad canvas').boundingBox();
  const at = ([x, y]) => [box.x + x * box.width, box.y + y * box.height];
  for (const [first, ...rest] of strokes) {
    await page.mouse.move(...at(first));
    await page.mouse.down();
    for (const dot of rest) await page.mouse.move(...at(dot));
    await page.mouse.up();
  }
}

/** The answer to the drawing as it is now. */
export async function answer(page) {
  await page.locator('.read[aria-busy="false"] output:not(.nothing)').waitFor();
  return page.locator('.guess output').innerText();
}

/** A three, as a hand draws it. */
export const three = [
  [...arc(0.5, 0.32, 0.17, -150, 80), ...arc(0.5, 0.66, 0.2, -85, 150)],
];

function arc(cx, cy, r, from, to) {
  return Array.from({ length: 16 }, (_, i) => {
    const a = ((from + ((to - from) * i) / 15) * Math.PI) / 180;
    return [cx + r * Math.cos(a), cy + r * Math.sin(a)];
  });
}
