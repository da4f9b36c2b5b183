import assert from 'node:assert/strict';
import { test } from 'node:test';
import { feed } from './feed.mjs';
import { open, serve, sleep, until } from './rig.mjs';

// The browser itself complains of a socket that cannot be opened.
const lost = /WebSocket connection to .* failed|ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED/;

test('the server is killed and comes back: Reconnecting, then Live, with the charts filled, without a reload', async () => {
  let server = await serve();
  const stream = await feed(server);
  const page = await open(server.url, { allow: lost });
  const status = page.locator('ps-connection .state');
  const points = async () => Number(await page.getByRole('slider', { name: /Latency/ }).getAttribute('data-points'));
  await status.filter({ hasText: 'Live' }).waitFor();
  await until('some seconds are charted', async () => (await points()) >= 5);
  await page.evaluate(() => { window.neverReloaded = true; });

  stream.stop();
  await server.kill();
  await status.filter({ hasText: 'Reconnecting' }).waitFor();
  await page.locator('ps-connection .detail', { hasText: /next attempt in \d+ s|trying now/ }).waitFor();
  // What it said last fades, with its age, and the title does not say Live.
  await page.locator('.ledger.stale').waitFor();
  await page.locator('ps-connection .detail', { hasText: /last data \d+ s ago/ }).waitFor();
  assert.equal(await page.title(), 'Reconnecting · Penstock');
  const before = await points();
  await sleep(1500);

  server = await serve([], server.port);
  await page.getByRole('button', { name: 'Try now' }).click({ timeout: 2000 }).catch(() => {}); // it may be Live already
  await status.filter({ hasText: 'Live' }).waitFor({ timeout: 40_000 });
  await page.locator('.ledger:not(.stale)').waitFor();
  await until('the title says so', async () => (await page.title()) === 'Live · Penstock');
  await until('the charts go on after what they had', async () => (await points()) > before + 2);
  assert.equal(await page.evaluate(() => window.neverReloaded), true);

  // A page opened now gets the server's own history at once.
  const late = await open(server.url);
  await until('the history is there', async () => Number(await late.getByRole('slider', { name: /Latency/ }).getAttribute('data-points')) >= 2);
  await late.leave();
  await page.leave();
});

test('a server that says goodbye is waited for too', async () => {
  let server = await serve();
  const page = await open(server.url, { allow: lost });
  const status = page.locator('ps-connection .state');
  await status.filter({ hasText: 'Live' }).waitFor();
  await server.stop();
  await status.filter({ hasText: 'Reconnecting' }).waitFor();
  server = await serve([], server.port);
  await status.filter({ hasText: 'Live' }).waitFor({ timeout: 40_000 });
  await page.leave();
});

test('a server that wants no more of the page: Disconnected, until its button is pressed', async () => {
  const server = await serve();
  const page = await open('about:blank');
  const sockets = [];
  await page.routeWebSocket(/\/ws\/dashboard/, (socket) => {
    sockets.push(socket);
    socket.connectToServer();
  });
  await page.goto(server.url);
  const status = page.locator('ps-connection .state');
  const points = async () => Number(await page.getByRole('slider', { name: /Latency/ }).getAttribute('data-points'));
  await status.filter({ hasText: 'Live' }).waitFor();
  await until('some seconds are charted', async () => (await points()) >= 2);
  const before = await points();

  await sockets[0].close({ code: 1008, reason: 'policy' });
  await status.filter({ hasText: 'Disconnected' }).waitFor();
  await sleep(3000); // a reconnect would come within one second
  assert.equal(await status.innerText(), 'Disconnected');
  assert.equal(sockets.length, 1, 'the page came back by itself');

  await page.getByRole('button', { name: 'Reconnect' }).click();
  await status.filter({ hasText: 'Live' }).waitFor();
  assert.equal(sockets.length, 2);
  await until('the charts go on, with what was missed', async () => (await points()) >= before + 3);
  await page.leave();
});
