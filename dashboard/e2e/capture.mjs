// Takes docs/images/try-it.webp: a digit is drawn, the prediction follows, and
// its label is given. Every frame is a screenshot of the page as it stood when
// the answer to that much of the drawing was there.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { answer, open, serve, three, until } from './rig.mjs';

const file = fileURLToPath(new URL('../../docs/images/try-it.webp', import.meta.url));
const stroke = 60, pause = 900, end = 2500; // ms that a frame is shown

test('capture', async () => {
  mkdirSync(fileURLToPath(new URL('.', `file://${file}`)), { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), 'capture-'));
  const server = await serve();
  const page = await open(`${server.url}#/try`, { colorScheme: 'light', viewport: { width: 1000, height: 720 } });
  const box = await page.locator('ps-pad canvas').boundingBox();
  const frames = [];
  const shoot = async (ms) => {
    const path = join(folder, `${String(frames.length).padStart(3, '0')}.png`);
    await page.screenshot({ path });
    frames.push('-d', String(ms), path);
  };
  await shoot(pause);
  const at = ([x, y]) => [box.x + x * box.width, box.y + y * box.height];
  const [first, ...rest] = three[0];
  await page.mouse.move(...at(first));
  await page.mouse.down();
  let last = first;
  for (const dot of rest) {
    const middle = [(last[0] + dot[0]) / 2, (last[1] + dot[1]) / 2];
    for (const to of [middle, dot]) {
      await page.mouse.move(...at(to));
      await answer(page);
      await shoot(stroke);
    }
    last = dot;
  }
  await page.mouse.up();
  await answer(page);
  await shoot(pause);
  await page.locator('[data-label="3"]').click();
  await until('the label is counted', async () => /Counted/.test(await page.locator('.outcome').innerText()));
  await page.mouse.move(1, 1);
  await shoot(end);
  await page.leave();
  try {
    execFileSync('img2webp', ['-loop', '0', '-lossy', '-q', '80', '-m', '6', ...frames, '-o', file], { stdio: ['ignore', 'ignore', 'inherit'] });
  } catch (error) {
    throw error.code === 'ENOENT' ? new Error('please install img2webp (Debian\'s package webp)') : error;
  }
  console.log(`${frames.length / 3} frames, ${Math.round(statSync(file).size / 1024)} KiB`);
});
