import assert from 'node:assert/strict';
import { test } from 'node:test';
import { feed } from './feed.mjs';
import { serve, until } from './rig.mjs';
import { browse } from './tabs.mjs';

const count = `
  window.drawn = { strokes: 0, frames: 0, changes: 0 };
  const { stroke } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.stroke = function (...a) { drawn.strokes++; return stroke.apply(this, a); };
  const ask = window.requestAnimationFrame;
  window.requestAnimationFrame = (run) => ask.call(window, (now) => { drawn.frames++; run(now); });
  new MutationObserver(() => drawn.changes++).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
`;

test('a hidden tab draws nothing, and shows all that it missed when it is looked at again', async (t) => {
  const server = await serve();
  const stream = await feed(server);
  const tab = await browse();
  const page = await tab(`${server.url}#/live`, count);
  const points = () => page.evaluate(`Number(document.querySelector('.plot')?.getAttribute('data-points') ?? 0)`);
  const drawn = () => page.evaluate('({ ...drawn, hidden: document.hidden })');
  await until('some seconds are charted', async () => (await points()) >= 3);
  const looked = await drawn();
  assert.ok(!looked.hidden && looked.strokes > 0 && looked.changes > 0, `${JSON.stringify(looked)} while the tab is in front`);

  let received = 0;
  await page.ask('Network.enable');
  page.on('Network.webSocketFrameReceived', ({ response }) => { if (response.payloadData.includes('"type":"metrics"')) received++; });
  await tab('about:blank');
  await until('the tab is hidden', async () => (await drawn()).hidden);
  await until('a frame came while it was', () => received >= 1);
  const [before, atBefore, receivedBefore] = [await drawn(), await points(), received];
  await until('six more came', () => received >= receivedBefore + 6);
  const after = await drawn();
  t.diagnostic(`hidden for ${received - receivedBefore} frames: ${JSON.stringify(before)} before, ${JSON.stringify(after)} after`);
  assert.deepEqual([after.strokes, after.frames], [before.strokes, before.frames], 'strokes and animation frames of a hidden tab');
  assert.equal(await points(), atBefore, 'a hidden tab goes on charting');

  await page.show();
  await until('the charts have what came meanwhile', async () => (await points()) >= atBefore + 6);
  await until('it is drawn', async () => (await drawn()).strokes > after.strokes);
  stream.stop();
});
