import assert from 'node:assert/strict';
import { test } from 'node:test';
import { feed } from './feed.mjs';
import { open, serve, sleep } from './rig.mjs';

const FRAMES = 3000; // a minute where the screen is drawn 50 times a second

test(`the heap returns after ${FRAMES} frames of drawing`, async (t) => {
  const server = await serve();
  const stream = await feed(server, { sockets: 2, every: 50 });
  const page = await open(`${server.url}#/try`);
  await page.locator('ps-pad').waitFor();
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('HeapProfiler.enable');
  const heap = async () => {
    await page.goto(`${server.url}#/live`); // what is kept is what counts, not what is on the sheet
    await page.locator('.plot canvas').first().waitFor();
    await sleep(500);
    await cdp.send('HeapProfiler.collectGarbage');
    await cdp.send('HeapProfiler.collectGarbage');
    return (await cdp.send('Runtime.getHeapUsage')).usedSize / 2 ** 20;
  };
  const scribble = async (frames) => {
    await page.goto(`${server.url}#/try`);
    await page.locator('ps-pad').waitFor();
    return page.locator('ps-pad canvas').evaluate((canvas, frames) => new Promise((done) => {
      const asked = { frames: 0, answers: 0 };
      const watch = new MutationObserver(() => asked.answers++);
      watch.observe(document.querySelector('.times'), { subtree: true, characterData: true, childList: true });
      const box = canvas.getBoundingClientRect();
      const send = (type, a) => canvas.dispatchEvent(new PointerEvent(type, {
        bubbles: true, pointerId: 1, pointerType: 'pen',
        clientX: box.left + box.width * (0.5 + 0.3 * Math.cos(a)), clientY: box.top + box.height * (0.5 + 0.3 * Math.sin(1.7 * a)),
      }));
      const frame = () => {
        const at = asked.frames++ / 10;
        if (asked.frames % 120 === 1) {
          if (asked.frames > 1) send('pointerup', at);
          document.querySelectorAll('.under button')[1].click();
          send('pointerdown', at);
        } else send('pointermove', at);
        if (asked.frames < frames) requestAnimationFrame(frame);
        else { watch.disconnect(); done(asked); }
      };
      requestAnimationFrame(frame);
    }), frames);
  };

  await scribble(300); // what is made once
  const before = await heap();
  const { answers } = await scribble(FRAMES);
  const after = await heap();
  t.diagnostic(`heap ${before.toFixed(2)} MiB before, ${after.toFixed(2)} MiB after ${answers} changes of the answer`);
  assert.ok(answers > FRAMES / 100, `the answer changed ${answers} times in ${FRAMES} frames`);
  assert.ok(after - before < 5, `the heap grew by ${(after - before).toFixed(2)} MiB`);
  stream.stop();
  await page.leave();
});
