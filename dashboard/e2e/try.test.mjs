import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heldOut, strokesOf } from './digits.mjs';
import { answer, draw, open, serve, three, until } from './rig.mjs';

test('a drawn 3 is read, and its label moves the accuracy', async (t) => {
  const server = await serve();
  const live = await open(`${server.url}#/live`);
  await live.locator('[data-card=accuracy] .value', { hasText: 'no labels yet' }).waitFor();
  const page = await open(`${server.url}#/try`);
  await page.locator('ps-pad').waitFor();
  await draw(page, three);
  assert.equal(await answer(page), '3');
  assert.match(await page.locator('.guess .sure').innerText(), /^\d+\.\d % sure$/);
  assert.match(await page.locator('.times').innerText(), /Round trip\s+[\d.]+ (ms|µs)/);
  assert.equal(await page.locator('tr.best').getAttribute('data-class'), '3');

  const sent = Date.now();
  await page.locator('[data-label="3"]').click();
  await live.locator('[data-card=accuracy] .value', { hasText: '100.0' }).waitFor();
  t.diagnostic(`the accuracy moved ${Date.now() - sent} ms after the label`);
  await page.locator('.outcome', { hasText: 'Counted: right' }).waitFor();
  await page.locator('[data-label="3"]:disabled').waitFor(); // a second label may not be sent
  assert.equal(await page.locator('[data-label][aria-pressed="true"]').getAttribute('data-label'), '3');

  // A stroke now is of a new digit, which may be labelled again.
  await draw(page, [[[0.5, 0.2], [0.5, 0.5], [0.5, 0.8]]]);
  await page.locator('.read[aria-busy="false"] output', { hasText: '1' }).waitFor();
  await page.locator('[data-label="3"]:enabled').waitFor();
  assert.equal(await page.locator('[data-label][aria-pressed="true"]').count(), 0);

  // A wrong guess, by a label that says so, lands in the gallery.
  await page.getByRole('button', { name: 'Clear' }).click();
  await draw(page, three);
  await answer(page);
  await page.locator('[data-label="8"]').click();
  await page.getByRole('img', { name: /A 8, read as 3/ }).waitFor();
  await until('the accuracy is half', async () => (await live.locator('[data-card=accuracy] .value').innerText()) === '50.0');
  await page.leave();
  await live.leave();
});

test('a finger draws, and so does a keyboard', async () => {
  const server = await serve();
  const page = await open(`${server.url}#/try`, { hasTouch: true, isMobile: true, viewport: { width: 360, height: 740 } });
  await page.locator('ps-pad').waitFor();
  const box = await page.locator('ps-pad canvas').boundingBox();
  const cdp = await page.context().newCDPSession(page);
  const finger = (type, y) => cdp.send('Input.dispatchTouchEvent', {
    type, touchPoints: type === 'touchEnd' ? [] : [{ x: box.x + box.width / 2, y: box.y + y * box.height }],
  });
  await finger('touchStart', 0.2);
  for (let y = 0.25; y <= 0.8; y += 0.05) await finger('touchMove', y);
  await finger('touchEnd');
  assert.equal(await answer(page), '1');
  assert.equal(await page.evaluate(() => scrollY), 0, 'drawing must not scroll');

  const pad = page.locator('ps-pad canvas');
  await pad.press('Escape');
  await page.locator('output.nothing').waitFor();
  for (const key of ['ArrowLeft', 'ArrowLeft', 'ArrowLeft', 'ArrowLeft', ' ', ...Array(9).fill('ArrowRight'), ...Array(7).fill(['ArrowDown', 'ArrowDown', 'ArrowLeft']).flat(), ' ']) await pad.press(key);
  assert.equal(await answer(page), '7');
  await page.leave();
});

test('of 100 held-out digits, drawn, at least 95 are read right', async (t) => {
  const server = await serve();
  const page = await open(`${server.url}#/try`);
  await page.locator('ps-pad').waitFor();
  const wrong = [];
  for (const { label, pixels } of heldOut(100)) {
    // The same pointer events as a mouse makes, without a round trip for each.
    await page.locator('ps-pad canvas').evaluate((canvas, strokes) => {
      const box = canvas.getBoundingClientRect();
      const send = (type, [x, y]) => canvas.dispatchEvent(new PointerEvent(type, {
        bubbles: true, pointerId: 1, pointerType: 'pen', isPrimary: true,
        clientX: box.left + x * box.width, clientY: box.top + y * box.height,
      }));
      for (const stroke of strokes) {
        send('pointerdown', stroke[0]);
        for (const dot of stroke) send('pointermove', dot);
        send('pointerup', stroke.at(-1));
      }
    }, strokesOf(pixels));
    const guess = await answer(page);
    if (guess !== label) wrong.push(`${label} as ${guess}`);
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.locator('output.nothing').waitFor();
  }
  t.diagnostic(`${100 - wrong.length} of 100 drawings read right; wrong: ${wrong.join(', ') || 'none'}`);
  assert.ok(wrong.length <= 5, `wrong: ${wrong.join(', ')}`);
  await page.leave();
});
