import assert from 'node:assert/strict';
import { test } from 'node:test';
import { feed } from './feed.mjs';
import { writeBundle } from './bundle.mjs';
import { draw, mustBeAccessible, mustFit, open, serve, sleep, three, until } from './rig.mjs';

const routes = ['live', 'try', 'quality', 'models'];

test('every page, light and dark, wide and at 360 px: clean, accessible, no horizontal scroll', async (t) => {
  const server = await serve();
  const stream = await feed(server, { wrong: 0.02 });
  await sleep(4000);
  for (const colorScheme of ['light', 'dark']) {
    for (const width of [1280, 360]) {
      // axe's script is put into the page, which its policy would refuse.
      const page = await open(server.url, { colorScheme, viewport: { width, height: 800 }, bypassCSP: true });
      for (const route of routes) {
        await page.goto(`${server.url}#/${route}`);
        const where = `${route}, ${colorScheme}, ${width} px`;
        await page.locator({ live: '.plot canvas', try: 'ps-pad canvas', quality: '.confusion', models: '.hash' }[route]).first().waitFor();
        if (route === 'try') await draw(page, three);
        await sleep(300);
        await mustFit(page, where);
        const minor = await mustBeAccessible(page, where);
        if (minor > 0) t.diagnostic(`${where}: ${minor} things that axe calls minor or moderate`);
      }
      await page.leave();
    }
  }
  stream.stop();
});

test('the page says what is not there: no labels, no requests', async () => {
  const server = await serve();
  const page = await open(`${server.url}#/quality`, { bypassCSP: true });
  await page.getByRole('heading', { name: 'No labels yet' }).waitFor();
  assert.match(await page.locator('.facts').innerText(), /Accuracy\s+no labels yet/);
  await mustBeAccessible(page, 'quality, empty');
  await page.goto(`${server.url}#/live`);
  await page.getByText('No labels yet: accuracy is measured').waitFor();
  await page.getByText('No request was answered in this time.').waitFor();
  await mustBeAccessible(page, 'live, empty');
  await page.leave();
});

test('the filter by model, and a bundle that reads no digits', async () => {
  const server = await serve(['--model', '../weights/digits', '--model', writeBundle({ name: 'pets', classes: ['cat', 'dog', 'fish'] }), '--model', writeBundle({ name: 'breeds', classes: ['cat', 'long-haired dachshund', 'a breed that nobody has written in one line yet'] }), '--model', writeBundle({ name: 'price', classes: [], features: 2 })]);
  const page = await open(`${server.url}#/try`, { bypassCSP: true });
  await page.getByRole('combobox', { name: 'Model' }).selectOption('pets');
  await page.getByLabel(/pasted row/).fill('0.1; 0,2');
  await page.getByRole('button', { name: 'Ask the model' }).click();
  await page.getByRole('button', { name: 'dog' }).waitFor({ state: 'attached' });
  await page.locator('output', { hasText: 'fish' }).waitFor();
  await page.getByLabel(/pasted row/).fill('1, 2');
  await page.getByRole('button', { name: 'Ask the model' }).click();
  await page.getByText('This model takes 3 values; there are 2.').waitFor();
  await page.getByLabel(/pasted row/).fill('0 7 0');
  await page.getByRole('button', { name: 'Ask the model' }).click();
  await page.locator('output', { hasText: 'dog' }).waitFor();
  await mustBeAccessible(page, 'try, a form');
  await page.getByRole('button', { name: 'cat' }).click();
  await page.getByText('Counted: wrong. You labelled 1; 0 were right.').waitFor();

  await page.getByRole('combobox', { name: 'Model' }).selectOption('breeds');
  await page.getByRole('button', { name: 'long-haired dachshund' }).waitFor();
  assert.equal(await page.locator('.outcome').innerText(), '', 'the labels of another model');
  const cut = await page.locator('.buttons button').evaluateAll((all) => all.filter((b) => b.scrollWidth > b.clientWidth || b.scrollHeight > b.clientHeight).map((b) => b.textContent));
  assert.deepEqual(cut, [], 'names that do not fit their buttons');

  await page.getByRole('combobox', { name: 'Model' }).selectOption('price');
  await page.getByLabel(/pasted row/).fill('[2, 5]');
  await page.getByRole('button', { name: 'Ask the model' }).click();
  await page.locator('output', { hasText: '8' }).waitFor();
  await page.getByLabel('True value').fill('9.5');
  await page.getByRole('button', { name: 'Send' }).click();
  await page.getByText('Counted.', { exact: false }).waitFor();

  await page.visit('live');
  await page.getByRole('combobox', { name: 'Model' }).selectOption('pets');
  await page.locator('[data-card=accuracy]', { hasText: '1 label' }).waitFor();
  assert.equal(await page.locator('[data-card=accuracy] .value').innerText(), '0.0');
  assert.match(await page.locator('[data-card=cpu]').innerText(), /all models/);
  await page.getByRole('combobox', { name: 'Model' }).selectOption('price');
  await page.locator('[data-card=accuracy]', { hasText: 'mean absolute error' }).waitFor();
  await page.visit('quality');
  await page.getByRole('combobox', { name: 'Model' }).selectOption('price');
  await page.getByText('Root mean square error', { exact: true }).waitFor();
  await page.leave();
});

test('keyboard: pages, the skip link, and the cursor of the charts', async () => {
  const server = await serve();
  const page = await open(server.url);
  await page.locator('.plot canvas').first().waitFor();
  await page.keyboard.press('Tab');
  await page.getByRole('link', { name: 'Skip to the page' }).and(page.locator(':focus')).waitFor();
  await page.keyboard.press('Enter');
  await page.locator('#main:focus').waitFor();

  const chart = page.getByRole('slider', { name: /Latency/ });
  const at = (id) => page.locator(`[data-chart=${id}] .at`);
  await until('five seconds are charted', async () => Number(await chart.getAttribute('data-points')) >= 5);
  await chart.focus();
  let moment = '';
  for (const key of ['End', 'ArrowLeft', 'ArrowLeft', 'Home', 'ArrowRight']) {
    await page.keyboard.press(key);
    const moved = await until(`${key} moves the cursor`, async () => {
      const now = await at('latency').innerText();
      return now !== moment && now;
    });
    assert.match(moved, /^\d\d:\d\d:\d\d$/);
    if (moment) assert.equal(moved > moment, key === 'ArrowRight', `${key} from ${moment} to ${moved}`);
    moment = moved;
  }
  assert.match(await chart.getAttribute('aria-valuetext'), new RegExp(`^${moment}: p99 `));
  await at('batch').filter({ hasText: moment }).waitFor(); // the charts share their cursor
  await page.keyboard.press('Escape');
  await until('no chart points at a moment', async () => (await at('latency').innerText()) + (await at('batch').innerText()) === '');
  await page.getByRole('link', { name: 'Models' }).press('Enter');
  await page.getByRole('heading', { name: 'Models' }).waitFor();
  await until('the title follows', async () => (await page.title()) === 'Models · Penstock');
  await page.leave();
});

test('charts: a part is dragged over, a series is switched off, and the address keeps what was chosen', async () => {
  const server = await serve();
  const stream = await feed(server);
  const page = await open(`${server.url}#/live?minutes=10&scale=log`);
  const plot = page.locator('[data-chart=latency] .plot');
  await until('ten seconds are charted', async () => Number(await plot.getAttribute('data-points')) >= 10);
  assert.ok(await page.getByRole('radio', { name: '10 min' }).isChecked());
  assert.ok(await page.getByLabel('log scale of latency').isChecked());

  const p95 = page.locator('[data-chart=latency] .legend button', { hasText: 'p95' });
  assert.match(await p95.getAttribute('title'), /95 of 100 requests/);
  await p95.click();
  await page.locator('[data-chart=latency] .legend button[aria-pressed="false"]', { hasText: 'p95' }).waitFor();

  const box = await plot.locator('.u-over').boundingBox();
  const x = (share) => box.x + share * box.width;
  await page.mouse.move(x(0.9), box.y + 40);
  await page.mouse.down();
  await page.mouse.move(x(0.95), box.y + 50);
  await page.mouse.move(x(0.99), box.y + 50);
  await page.mouse.up();
  await page.getByRole('heading', { name: /^\d\d:\d\d:\d\d to \d\d:\d\d:\d\d$/ }).waitFor();
  await page.getByRole('button', { name: 'Show all' }).click();
  await page.getByRole('heading', { name: 'Last 10 minutes' }).waitFor();

  await page.getByText('1 min', { exact: true }).click();
  await until('the address follows', () => page.url().endsWith('#/live?minutes=1&scale=log'));
  await page.getByRole('link', { name: 'Models' }).click();
  await page.getByRole('heading', { name: 'Models' }).waitFor();
  await page.getByRole('link', { name: 'Live', exact: true }).click();
  await until('what was chosen is kept', () => page.url().endsWith('#/live?minutes=1&scale=log'));
  stream.stop();
  await page.leave();
});

test('what is transferred, how it is served, and how soon it paints', async (t) => {
  const server = await serve();
  const page = await open('about:blank');
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Network.enable');
  // The other pages are brought while nothing else is to be done, which may be before
  // this test looks.
  let bytes = 0;
  const others = new Set();
  cdp.on('Network.requestWillBeSent', (e) => { if (/\/(try|quality|models)[-.]/.test(e.request.url)) others.add(e.requestId); });
  cdp.on('Network.loadingFinished', (e) => { if (!others.has(e.requestId)) bytes += e.encodedDataLength; });
  await page.goto(server.url);
  await page.locator('.plot canvas').first().waitFor();
  const paint = await until('the browser tells of its first paint', () => page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime));
  t.diagnostic(`${(bytes / 1000).toFixed(1)} kB transferred, headers included; first contentful paint after ${paint.toFixed(0)} ms`);
  assert.ok(bytes < 120_000, `${bytes} bytes`);
  await page.leave();

  const get = (path, headers) => fetch(server.url + path, { headers });
  for (const path of ['', 'main.js', 'styles.css']) {
    const first = await get(path, { 'Accept-Encoding': 'br' });
    assert.equal(first.headers.get('Content-Encoding'), 'br', path);
    assert.match(first.headers.get('Content-Security-Policy'), /default-src 'none'; script-src 'self'; style-src 'self';/);
    const again = await get(path, { 'Accept-Encoding': 'br', 'If-None-Match': first.headers.get('ETag') });
    assert.equal(again.status, 304, path);
  }
  assert.equal((await get('no/such/page')).status, 404);
  assert.equal((await get('main.js.br')).status, 404);
});
