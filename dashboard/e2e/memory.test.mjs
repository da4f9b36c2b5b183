import assert from 'node:assert/strict';
import { test } from 'node:test';
import { feed } from './feed.mjs';
import { open, serve, sleep } from './rig.mjs';

const seconds = 60;

test(`the heap returns after ${seconds} s of drawing at the rate of the screen`, async (t) => {
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
  const scribble = async (ms) => {
    await page.goto(`${server.url}#/try`);
    await page.locator('ps-pad').waitFor();
    return page.locator('ps-pad canvas').evaluate((canvas, ms) => new Promise((done) => {
      const began = performance.now();
      const asked = { frames: 0, answers: 0 };
      const watch = new MutationObserver(() => asked.answers++);
      watch.observe(document.querySelector('.times'), { subtree: true, characterData: true, childList: true });
      const box = canvas.getBoundingClientRect();
      const send = (type, a) => canvas.dispatchEvent(new PointerEvent(type, {
        bubbles: true, pointerId: 1, pointerType: 'pen',
        clientX: box.left + box.width * (0.5 + 0.3 * Math.cos(a)), clientY: box.top + box.height * (0.5 + 0.3 * Math.sin(1.7 * a)),
      }));
      const frame = (now) => {
        const at = asked.frames++ / 10;
        if (asked.frames % 120 === 1) {
          if (asked.frames > 1) send('pointerup', at);
          document.querySelectorAll('.under button')[1].click();
          send('pointerdown', at);
        } else send('pointermove', at);
        if (now - began < ms) requestAnimationFrame(frame);
        else { watch.disconnect(); done(asked); }
      };
      requestAnimationFrame(frame);
    }), ms);
  };

  await scribble(5000); // what is made once
  const before = await heap();
  const { frames, answers } = await scribble(seconds * 1000);
  const after = await heap();
  t.diagnostic(`heap ${before.toFixed(2)} MiB before, ${after.toFixed(2)} MiB after ${frames} frames drawn and ${answers} changes of the answer`);
  assert.ok(frames > seconds * 20, `${frames} frames in ${seconds} s`);
  assert.ok(after - before < 5, `the heap grew by ${(after - before).toFixed(2)} MiB`);
  stream.stop();
  await page.leave();
});
