// Watches the Live page for some minutes while the program's own demo streams
// 1,000 digits a second, and tells what that costs the browser, by its own
// counters of processor time: of the page's thread, and of its process with all
// that rasters and collects garbage. It takes too long for CI: run it with
// "run.sh --watch".
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { open, serve, sleep } from './rig.mjs';

const minutes = Number(process.env.WATCH_MINUTES ?? 5);

test(`${minutes} minutes of the Live page under 1,000 predictions a second`, async (t) => {
  const server = await serve();
  const demo = spawn(process.env.PENSTOCK_BINARY, ['demo', '--url', server.ws, '--rate', '1000', '--connections', '8'], { stdio: 'ignore' });
  t.after(() => demo.kill('SIGKILL'));
  const page = await open(`${server.url}#/live`);
  await page.locator('.plot canvas').first().waitFor();
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('HeapProfiler.enable');
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' }); // the default counts time that others had the core
  const heap = async () => {
    await cdp.send('HeapProfiler.collectGarbage');
    await cdp.send('HeapProfiler.collectGarbage');
    return (await cdp.send('Runtime.getHeapUsage')).usedSize / 2 ** 20;
  };
  const busy = async () => {
    const { metrics } = await cdp.send('Performance.getMetrics');
    const of = (name) => metrics.find((m) => m.name === name).value;
    return { page: of('TaskDuration'), process: of('ProcessTime') };
  };
  await sleep(20_000); // what is made once
  const [heapBefore, busyBefore, began] = [await heap(), await busy(), performance.now()];
  await sleep(minutes * 60_000);
  const busyAfter = await busy();
  const seconds = (performance.now() - began) / 1000;
  const share = (of) => (100 * (busyAfter[of] - busyBefore[of])) / seconds;
  const heapAfter = await heap();
  t.diagnostic(`page ${share('page').toFixed(2)} %, its process ${share('process').toFixed(2)} % of a core, heap ${heapBefore.toFixed(2)} MiB before and ${heapAfter.toFixed(2)} MiB after`);
  assert.ok(share('process') < 3, `the page's process takes ${share('process').toFixed(2)} % of a core`);
  assert.ok(heapAfter - heapBefore < 5, `the heap grew by ${(heapAfter - heapBefore).toFixed(2)} MiB`);
  await page.leave();
});
