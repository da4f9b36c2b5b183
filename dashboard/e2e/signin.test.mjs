import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { draw, answer, mustBeAccessible, mustFit, open, serve, sleep, three, until } from './rig.mjs';

const binary = process.env.PENSTOCK_BINARY ?? '../penstock';
const folder = mkdtempSync(join(tmpdir(), 'signin-'));
const secret = join(folder, 'secret');
writeFileSync(secret, 'of-the-tests-of-the-page-'.repeat(3));

const mint = (...flags) => execFileSync(binary, ['token', '--secret-file', secret, '--user', 'ann', ...flags], { encoding: 'utf8' }).trim();
const scopes = (...names) => names.flatMap((name) => ['--scope', name]);
const all = scopes('predict', 'feedback', 'dashboard', 'notes');
const guarded = (args = []) => serve(['--auth', 'token', '--jwt-secret-file', secret, ...args]);

// The browser itself complains of an answer that is an error.
const refused = /answered 401: \S+\/api\/me|status of 401/;

/** Types a token and sends it. */
async function signIn(page, token) {
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** What the account's panel says. */
async function account(page) {
  const box = page.locator('ps-account details');
  if (!(await box.evaluate((d) => d.open))) await box.locator('summary').click();
  return box.locator('.panel').innerText();
}

/** Why a token is asked for. */
const why = (page, words) => page.locator('ps-sign-in .why', { hasText: words });

const status = (page) => page.locator('ps-connection .state');

/** The token is in memory alone, and in the messages and headers that show it. */
async function mustKeepSecret(page, token) {
  const found = await page.evaluate(() => [location.href, document.documentElement.outerHTML, document.cookie,
    JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.title, JSON.stringify(history.state)].join('\n'));
  assert.ok(!found.includes(token), 'the token is in the page, its address or its storage');
}

test('a token is asked for, refused when bad, and lets one in: who one is, and what one may do', async () => {
  const server = await guarded();
  const token = mint(...all, '--group', 'ops');
  for (const width of [1280, 360]) {
    const page = await open(server.url, { allow: refused, viewport: { width, height: 800 }, bypassCSP: true });
    const urls = [];
    page.on('request', (r) => urls.push(r.url()));
    page.on('websocket', (s) => urls.push(s.url()));
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    assert.equal(await page.title(), 'Sign in · Penstock');
    await why(page, 'This server asks who you are.').waitFor();
    assert.equal(await page.getByLabel('Token').getAttribute('type'), 'password');
    assert.equal(await page.getByRole('link', { name: 'Live' }).count(), 0);
    await page.locator('#token:focus').waitFor();
    await mustFit(page, `sign-in, ${width} px`);
    await mustBeAccessible(page, `sign-in, ${width} px`);

    await signIn(page, 'not-a-token');
    await why(page, 'The server did not accept the token').waitFor();
    assert.equal(await page.getByLabel('Token').inputValue(), '');
    await signIn(page, token);
    await status(page).filter({ hasText: 'Live' }).waitFor();
    const told = await account(page);
    assert.match(told, /Signed in as ann, until \d\d:\d\d:\d\d\./);
    for (const right of ['ask the models', 'send labels', 'see the dashboard', 'leave notes', 'ops']) assert.ok(told.includes(right), `${right} in: ${told}`);
    await mustFit(page, `signed in, ${width} px`);
    await mustBeAccessible(page, `signed in, ${width} px`);
    await mustKeepSecret(page, token);
    for (const url of urls) assert.ok(!url.includes(token), url);

    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.leave();
  }
});

test('a token in the fragment is taken at once, and out of the address', async () => {
  const server = await guarded();
  const token = mint(...all);
  const page = await open(`${server.url}#/quality?token=${token}`);
  await page.getByRole('heading', { name: 'Quality' }).waitFor();
  await page.locator('ps-account summary', { hasText: 'ann' }).waitFor();
  assert.equal(await page.evaluate(() => location.hash), '#/quality');
  await mustKeepSecret(page, token);

  // The same where the page is open already; another user begins anew.
  await page.evaluate((t) => { location.hash = `#token=${t}`; }, execFileSync(binary, ['token', '--secret-file', secret, '--user', 'bob', ...all], { encoding: 'utf8' }).trim());
  await page.locator('ps-account summary', { hasText: 'bob' }).waitFor();
  await status(page).filter({ hasText: 'Live' }).waitFor();
  assert.doesNotMatch(await page.evaluate(() => location.href), /token/);
  await page.goBack();
  assert.doesNotMatch(await page.evaluate(() => location.href), /token/);
  await page.leave();
});

test('what the scopes do not allow is not offered, and says why', async () => {
  const server = await guarded();
  const page = await open(`${server.url}#token=${mint(...scopes('predict'))}`, { bypassCSP: true });
  await page.getByText('Your token does not allow you to see the dashboard').waitFor();
  await mustBeAccessible(page, 'barred from Live');
  await page.visit('try');
  await draw(page, three);
  assert.equal(await answer(page), '3');
  await page.getByText('Your token does not allow you to send labels for digits').waitFor();
  assert.ok(await page.getByRole('button', { name: '3', exact: true }).isDisabled());
  await page.visit('models');
  await page.getByText('Your token does not allow you to see the dashboard').waitFor();
  await page.leave();

  const watcher = await open(`${server.url}#token=${mint(...scopes('dashboard'))}`);
  await status(watcher).filter({ hasText: 'Live' }).waitFor();
  await watcher.getByText('Your token does not allow you to leave notes').waitFor();
  assert.equal(await watcher.getByLabel('Leave a note').count(), 0);
  await watcher.visit('try');
  await watcher.getByText('Your token does not allow you to ask the models').waitFor();
  await watcher.leave();
});

test('a token that ends brings the question back, with the reason; the page is kept', async () => {
  const server = await guarded();
  const page = await open(`${server.url}#token=${mint(...all, '--expires', '12s')}`, { allow: /401/ });
  await status(page).filter({ hasText: 'Live' }).waitFor();
  await page.locator('ps-account .soon').waitFor();
  await page.visit('try');
  await draw(page, three);
  assert.equal(await answer(page), '3');
  await page.evaluate(() => { window.neverReloaded = true; });
  await why(page, 'Your token has ended.').waitFor();
  await signIn(page, mint(...all));
  assert.equal(await answer(page), '3');
  assert.equal(await page.evaluate(() => window.neverReloaded), true);
  await status(page).filter({ hasText: 'Live' }).waitFor();
  await page.getByRole('button', { name: '3', exact: true }).click();
  await page.getByText('Counted: right.').waitFor();
  await page.leave();
});

test('another token can be given before the old one ends', async () => {
  const server = await guarded();
  const page = await open(`${server.url}#token=${mint(...all, '--expires', '2m')}`);
  await page.getByRole('button', { name: 'Sign in again' }).click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Sign in again' }).click();
  await signIn(page, mint(...all, '--expires', '1h'));
  await status(page).filter({ hasText: 'Live' }).waitFor();
  await page.locator('ps-account .soon').waitFor({ state: 'detached' });
  await page.leave();
});

for (const [reason, words] of [
  ['revoked', 'Your token was revoked by whoever runs this server.'],
  ['unauthorized', 'The server did not accept the token'],
  ['auth_required', 'This server asks who you are.'],
]) {
  test(`a socket that is closed with ${reason} leads to the question`, async () => {
    const server = await guarded();
    const page = await open('about:blank');
    const sockets = [];
    await page.routeWebSocket(/\/ws\/dashboard/, (socket) => { sockets.push(socket); socket.connectToServer(); });
    await page.goto(`${server.url}#token=${mint(...all)}`);
    await status(page).filter({ hasText: 'Live' }).waitFor();
    await sockets[0].close({ code: 1008, reason });
    await why(page, words).waitFor();
    await sleep(1500);
    assert.equal(sockets.length, 1, 'it came back by itself');
    await signIn(page, mint(...all));
    await status(page).filter({ hasText: 'Live' }).waitFor();
    assert.equal(sockets.length, 2);
    await page.leave();
  });
}

test('other refusals are told beside the state of the connection', async () => {
  const server = await guarded();
  const page = await open('about:blank');
  const sockets = [];
  await page.routeWebSocket(/\/ws\/dashboard/, (socket) => { sockets.push(socket); socket.connectToServer(); });
  await page.goto(`${server.url}#token=${mint(...all)}`);
  await status(page).filter({ hasText: 'Live' }).waitFor();
  await sockets[0].close({ code: 1013, reason: 'too many sockets' });
  await page.locator('ps-connection .detail', { hasText: 'The server has as many connections as it takes' }).waitFor();
  await until('it comes back by itself', () => sockets.length === 2);
  await status(page).filter({ hasText: 'Live' }).waitFor();
  await sockets[1].close({ code: 1008, reason: 'forbidden' });
  await page.locator('ps-connection .detail', { hasText: 'Your token does not allow this.' }).waitFor();
  await page.leave();
});

test('messages are shown as text, once, and put away', async () => {
  const server = await guarded();
  for (const width of [1280, 360]) {
    const page = await open('about:blank', { viewport: { width, height: 800 }, bypassCSP: true });
    const sockets = [];
    await page.routeWebSocket(/\/ws\//, (socket) => { sockets.push(socket); socket.connectToServer(); });
    await page.goto(`${server.url}#/try?token=${mint(...all)}`);
    await status(page).filter({ hasText: 'Live' }).waitFor();
    await until('both sockets are there', () => sockets.length === 2);
    await draw(page, three);
    await answer(page);
    const message = { type: 'notice', code: 'notification', message: '<img src=x onerror=alert(1)> The line stops at noon', time: new Date().toISOString(), from: 'boss', group: 'ops' };
    for (const socket of sockets) socket.send(JSON.stringify(message));
    const inbox = page.getByRole('log', { name: 'Messages to you' });
    await inbox.locator('.text', { hasText: '<img src=x onerror=alert(1)> The line stops at noon' }).waitFor();
    assert.match(await inbox.locator('.head').innerText(), /^boss to ops \d\d:\d\d:\d\d$/);
    assert.equal(await inbox.locator('li').count(), 1);
    assert.equal(await inbox.locator('img').count(), 0);
    await mustFit(page, `a message, ${width} px`);
    await mustBeAccessible(page, `a message, ${width} px`);
    await inbox.getByRole('button', { name: 'Dismiss the message of boss' }).click();
    await until('it is gone', async () => (await inbox.locator('li').count()) === 0);
    await page.leave();
  }
});

test('a server without authentication asks nobody, and shows no account', async () => {
  const server = await serve();
  const page = await open(server.url);
  await status(page).filter({ hasText: 'Live' }).waitFor();
  assert.equal(await page.locator('ps-account, ps-sign-in').count(), 0);
  await page.leave();
});
