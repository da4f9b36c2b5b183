// A browser whose tabs are hidden when another is in front. Playwright tells
// every page that it is seen, so these are driven by the DevTools protocol
// alone.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

export async function browse() {
  const profile = mkdtempSync(join(tmpdir(), 'tabs-'));
  const browser = spawn(process.env.CHROMIUM ?? '/usr/bin/chromium', [
    '--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update',
    '--disable-dev-shm-usage', '--remote-debugging-port=0', `--user-data-dir=${profile}`, '--window-size=1280,900', 'about:blank',
  ], { stdio: ['ignore', 'ignore', 'pipe'] });
  after(async () => {
    browser.kill('SIGKILL');
    await once(browser, 'close');
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  });
  const address = await new Promise((found, failed) => {
    let log = '';
    browser.stderr.on('data', (text) => {
      log += text;
      const line = /DevTools listening on (ws:\S+)/.exec(log);
      if (line) found(line[1]);
    });
    browser.once('exit', () => failed(new Error(`the browser ended:\n${log}`)));
  });
  const socket = new WebSocket(address);
  await once(socket, 'open');
  const waiting = new Map();
  const listeners = [];
  socket.addEventListener('message', ({ data }) => {
    const m = JSON.parse(data);
    if (!m.id) return listeners.forEach((listen) => listen(m));
    const { done, failed } = waiting.get(m.id);
    waiting.delete(m.id);
    if (m.error) failed(new Error(m.error.message));
    else done(m.result);
  });
  let last = 0;
  const send = (method, params = {}, sessionId = undefined) => new Promise((done, failed) => {
    waiting.set(++last, { done, failed });
    socket.send(JSON.stringify({ id: last, method, params, sessionId }));
  });

  /** Opens a tab in front of all others; before is a script to run first in every page. */
  return async function tab(url, before = '') {
    const { targetId } = await send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
    const ask = (method, params) => send(method, params, sessionId);
    await ask('Page.enable');
    await ask('Page.addScriptToEvaluateOnNewDocument', { source: before });
    await ask('Page.navigate', { url });
    return {
      ask,
      on: (method, listen) => listeners.push((m) => { if (m.sessionId === sessionId && m.method === method) listen(m.params); }),
      show: () => send('Target.activateTarget', { targetId }),
      async evaluate(expression) {
        const { result, exceptionDetails } = await ask('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true });
        if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
        return result.value;
      },
    };
  };
}
