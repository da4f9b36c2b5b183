// The Quality page over time: against a stand-in that remembers a month, and
// against the real server.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { feed } from './feed.mjs';
import { remember } from './history.mjs';
import { mustBeAccessible, mustFit, open, serve, until } from './rig.mjs';

/** A page on which the past is stood in for; prepare(page, past) changes what it is before it is looked at. */
async function begin(server, address, { prepare, ...options } = {}) {
  const page = await open('about:blank', { bypassCSP: true, ...options });
  const past = await remember(page);
  await prepare?.(page, past);
  await page.addInitScript(() => {
    window.shifted = 0;
    new PerformanceObserver((list) => {
      for (const e of list.getEntries()) if (!e.hadRecentInput) window.shifted += e.value;
    }).observe({ type: 'layout-shift', buffered: true });
  });
  await page.goto(`${server.url}#/${address}`);
  return { page, past };
}

/** Picks one of several that exclude each other, as a mouse does: by its label. */
const choose = (page, group, text) => page.getByRole('group', { name: group }).getByText(text, { exact: typeof text === 'string' }).click();

const last = {
  digits: (page) => page.getByRole('img', { name: /A map of 28 by 28 pixels/ }),
  fraud: (page) => page.getByRole('img', { name: /ROC/ }),
  price: (page) => page.getByRole('img', { name: /Histogram of the residuals/ }),
};

test('every kind, light and dark, wide and at 390 px: accessible, no horizontal scroll, nothing jumps', async () => {
  const server = await serve();
  for (const [colorScheme, width] of [['light', 1280], ['dark', 390]]) {
    for (const [model, window] of [['digits', '1h'], ['fraud', '7d'], ['price', '1y']]) {
      const { page } = await begin(server, `quality?model=${model}&window=${window}`, { colorScheme, viewport: { width, height: 900 } });
      const where = `${model}, ${colorScheme}, ${width} px`;
      await page.locator('[data-chart=measure] .over-time .line').first().waitFor({ state: 'attached' });
      await last[model](page).waitFor();
      await mustFit(page, where);
      await mustBeAccessible(page, where);
      const shifted = await page.evaluate(() => window.shifted);
      // What the Web Vitals call good. The stand-in's counts are not those of the frames
      // that come from the server beside it, so that lines of a narrow table may go.
      assert.ok(shifted < 0.1, `${where}: the layout shifted by ${shifted}`);
      await page.leave();
    }
  }
});

test('the window and what puts labels into it stand in the address, and are asked for', async () => {
  const { page, past } = await begin(await serve(), 'quality?model=digits');
  const asked = (path) => until(`${path} is asked`, () => past.asked.includes(path));
  await asked('api/quality?model=digits&window=1h&by=prediction');
  await choose(page, 'Window', '30d');
  await asked('api/quality?model=digits&window=30d&by=prediction');
  await asked('api/quality/worst?model=digits&window=30d');
  await choose(page, 'A label counts', 'when labelled');
  await asked('api/quality?model=digits&window=30d&by=label');
  await until('the address follows', () => page.url().endsWith('#/quality?model=digits&window=30d&by=label'));
  await page.goBack();
  await page.getByRole('radio', { name: 'when predicted', checked: true }).waitFor();

  await choose(page, 'Slices by', 'caller');
  await page.getByRole('row', { name: /nightly import/ }).getByRole('cell', { name: 'worse' }).waitFor();
  await choose(page, 'What is charted', /^Log loss/);
  await page.getByRole('slider', { name: 'Log loss over time' }).waitFor();
  await page.leave();
});

test('keyboard: a cursor along time, shared by the charts, and told in words', async () => {
  const { page } = await begin(await serve(), 'quality?model=fraud&window=1d');
  const chart = page.getByRole('slider', { name: 'Accuracy over time' });
  await chart.focus();
  const at = (id) => page.locator(`[data-chart=${id}] .at`);
  await at('measure').filter({ hasText: 'whole window' }).waitFor();
  await page.keyboard.press('Home');
  await at('measure').filter({ hasText: /^\s*Nov \d+, \d\d:00\s*$/ }).waitFor();
  assert.equal(await at('arrivals').innerText(), await at('measure').innerText());
  await page.keyboard.press('End');
  await at('measure').filter({ hasText: 'labels still to come' }).waitFor();
  await page.keyboard.press('ArrowLeft');
  assert.match(await chart.getAttribute('aria-valuetext'), /^Nov \d+, \d\d:00, labels still to come: \d/);
  await page.keyboard.press('Escape');
  await at('arrivals').filter({ hasText: 'whole window' }).waitFor();

  await chart.hover();
  await at('arrivals').filter({ hasText: /^\s*Nov/ }).waitFor();
  await page.mouse.move(1, 1);
  await at('arrivals').filter({ hasText: 'whole window' }).waitFor();

  const threshold = page.getByRole('slider', { name: /^Threshold/ });
  await threshold.focus();
  await page.keyboard.press('ArrowRight');
  await page.locator('output', { hasText: '0.510' }).waitFor();
  await page.getByLabel('Cost of each that is yes and said to be no').fill('40');
  await page.getByRole('button', { name: /Take the cheapest/ }).click();
  await until('a lower threshold is taken', async () => Number(await page.locator('.threshold output').innerText()) < 0.51);
  await page.leave();
});

test('rows are exported, a calibration is frozen, and a disk that is full is told', async () => {
  const said = [];
  const { page, past } = await begin(await serve(), 'quality?model=digits&window=1d', {
    prepare: (page) => page.on('websocket', (ws) => ws.on('framesent', ({ payload }) => said.push(String(payload)))),
  });
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export as CSV' }).click()]);
  assert.equal(file.suggestedFilename(), 'digits-1d.csv');
  assert.equal(readFileSync(await file.path(), 'utf8'), 'model,version\nfraud,1\n');
  assert.ok(past.asked.includes('api/quality/export?model=digits&window=1d&format=csv'));

  await page.locator('.state[data-state=connected]').waitFor();
  await page.getByRole('switch', { name: 'Freeze the calibration' }).click();
  await until('it is asked of the server', () => said.includes('{"type":"freeze_calibration","model":"digits","frozen":true}'));
  past.models[0].calibrator.frozen = true;
  await page.getByText('Frozen: labels do not change it.').waitFor();

  past.store.degraded = true;
  past.store.reason = 'no space left on device';
  past.store.lost_rows = 1234;
  await page.getByRole('alert').filter({ hasText: 'The history is not written: no space left on device. 1\u202f234 rows are lost so far; predictions are not affected.' }).waitFor();
  await page.leave();
});

test('a model without labels: what it will show, and what there is without them', async () => {
  const nothing = { labelled: 0, label_coverage: 0, correct: 0, accuracy: null, accuracy_interval: null, calibration_error: null, label_delay_ms: null, estimate: null, drift: null };
  const { page } = await begin(await serve(), 'quality?model=digits', {
    prepare: (_, past) => { past.models = [{ ...past.models[0], ...nothing }]; past.empty = true; },
  });
  await page.getByRole('heading', { name: 'No labels yet' }).waitFor();
  await page.getByText('Nothing was predicted in this window.').first().waitFor();
  await page.getByText('penstock reference --model BUNDLE').waitFor();
  assert.equal(await page.getByRole('heading', { name: 'Confusion' }).count(), 0);
  await mustBeAccessible(page, 'quality, nothing there');
  await page.leave();
});

test('the real server: what labels say goes into the window, minute by minute', async () => {
  const server = await serve();
  const stream = await feed(server, { wrong: 0.1, rows: 4 });
  await until('labels say that some rows are wrong', async () => {
    const { models: [digits] } = await (await fetch(`${server.url}api/quality`)).json();
    return digits.labelled - digits.correct > 20;
  });
  const page = await open(`${server.url}#/quality?model=digits`, { bypassCSP: true });
  const measures = page.locator('.measures');
  await measures.getByText(/^Accuracy [\d.]+ %$/).waitFor();
  await until('a step of time is charted', async () => Number(await page.locator('[data-chart=measure] .plot').getAttribute('data-points')) >= 1);
  for (const name of ['Log loss', 'Brier score', 'Calibration error']) await measures.getByText(new RegExp(`^${name} [\\d.]+`)).waitFor();
  await page.getByRole('region', { name: 'Scores by class' }).getByRole('row').nth(10).waitFor();
  await page.getByRole('region', { name: 'Calibration' }).getByText('Spiegelhalter').waitFor();
  await page.getByRole('region', { name: 'Sets' }).getByText('promised', { exact: true }).waitFor();
  await page.getByRole('region', { name: 'Worst examples' }).getByRole('rowheader').first().waitFor();
  await page.getByRole('region', { name: 'Where it is kept' }).getByText('In memory').waitFor();
  await choose(page, 'A label counts', 'when labelled');
  await measures.getByText(/^Accuracy [\d.]+ %$/).waitFor();
  for (const name of ['6h', '1d', '7d', '30d', '1y']) {
    const answered = page.waitForResponse((r) => r.url().includes('/api/quality?model=digits&window='));
    await choose(page, 'Window', name);
    assert.equal((await answered).status(), 200, name);
  }
  for (const format of ['CSV', 'Parquet']) {
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: `Export as ${format}` }).click()]);
    const bytes = readFileSync(await file.path());
    assert.match(bytes.subarray(0, 40).toString('latin1'), format === 'CSV' ? /^model,version,predicted_at/ : /^PAR1/);
  }
  await page.getByRole('switch', { name: 'Freeze the calibration' }).click();
  await page.getByText('Frozen: labels do not change it.').waitFor();
  await page.getByRole('switch', { name: 'Freeze the calibration' }).click();
  await page.getByText('Labels may change it.').waitFor();
  await mustFit(page, 'quality, the real server');
  await mustBeAccessible(page, 'quality, the real server');
  stream.stop();
  await page.leave();
});
