import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open, serve, until } from './rig.mjs';

/** A binary request of 64 rows of 784 bytes (docs/protocol.md). */
function frame() {
  const bytes = new Uint8Array(24 + 64 * 784);
  const header = new DataView(bytes.buffer);
  header.setUint8(0, 1);
  header.setUint8(1, 2);
  header.setUint32(4, 64, true);
  header.setUint32(8, ++frame.id, true);
  return bytes;
}
frame.id = 0;

async function rowSocket(url) {
  const ws = new WebSocket(url);
  await new Promise((done, failed) => { ws.addEventListener('open', done); ws.addEventListener('error', failed); });
  return ws;
}

test('an alert fires under overload, can be dismissed, and clears', async () => {
  const server = await serve([
    '--workers', '1', '--max-batch', '8', '--queue-rows', '64', '--window', '64', '--max-rows', '64',
    '--alert-error-rate', '0.02', '--alert-error-rate-critical', '0', '--alert-queue', '0', '--alert-queue-critical', '0',
    '--alert-fire-after', '1s', '--alert-resolve-after', '1s',
  ]);
  const page = await open('about:blank');
  const sockets = [];
  await page.routeWebSocket(/\/ws\/dashboard/, (socket) => {
    sockets.push(socket);
    socket.connectToServer();
  });
  await page.goto(server.url);
  await page.locator('.plot canvas').first().waitFor();

  // Each frame has as many rows as may wait in all, and takes the model eight
  // batches: of six sockets that send at once, most are shed.
  const clients = await Promise.all(Array.from({ length: 6 }, () => rowSocket(`${server.ws}ws/predict`)));
  const burst = setInterval(() => { for (const c of clients) for (let i = 0; i < 10; i++) c.send(frame()); }, 200);
  const alert = page.locator('.alert', { hasText: 'error rate' });
  await alert.waitFor();
  assert.match(await alert.innerText(), /Warning[\s\S]*since \d\d:\d\d:\d\d/);
  assert.equal(await page.locator('ps-alert-log .entry.warning').count(), 0, 'it stands in one place');
  await alert.filter({ hasText: /at firing [\d.]+ % · worst [\d.]+ % · now [\d.]+ %/ }).waitFor();
  await page.locator('[data-card=errors] .value', { hasText: /^\s*[1-9]/ }).waitFor();

  // It is on every page, and gone once dismissed; the log keeps it.
  await page.goto(`${server.url}#/models`);
  await alert.waitFor();
  await alert.getByRole('button', { name: /Dismiss/ }).click();
  await alert.waitFor({ state: 'detached' });
  // A new connection is told of it again, which does not bring it back.
  await sockets[0].close({ code: 1012, reason: 'restart' });
  await until('another connection', () => sockets.length > 1);
  await page.locator('ps-connection .state', { hasText: 'Live' }).waitFor();
  await page.goto(`${server.url}#/live`);
  await page.locator('ps-alert-log .entry.warning', { hasText: /now \d/ }).waitFor();
  assert.equal(await alert.count(), 0);
  clearInterval(burst);

  await page.locator('ps-alert-log .entry.over', { hasText: 'Resolved' }).waitFor({ timeout: 30_000 });
  const late = await open(server.url);
  await late.locator('ps-alert-log .entry.over', { hasText: 'Resolved' }).waitFor();
  await until('no banner for what is over', async () => (await late.locator('.alert').count()) === 0);
  for (const c of clients) c.close();
  await late.leave();
  await page.leave();
});
