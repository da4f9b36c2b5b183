// Takes the pictures in docs/images of a server under a steady stream.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { feed } from './feed.mjs';
import { answer, draw, open, serve, sleep, socket, three } from './rig.mjs';

const folder = fileURLToPath(new URL('../../docs/images/', import.meta.url));

test('pictures', async () => {
  mkdirSync(folder, { recursive: true });
  const server = await serve(['--alert-error-rate', '0.2', '--alert-error-rate-critical', '0.9', '--alert-cpu', '0', '--alert-cpu-critical', '0', '--alert-latency-ms', '0', '--alert-latency-ms-critical', '0', '--alert-fire-after', '1s']);
  let stream = await feed(server, { sockets: 5, every: 60, rows: 2, wrong: 0.01 });
  await sleep(25_000);
  const board = await socket(`${server.ws}ws/dashboard`);
  board.send({ type: 'note', text: 'Half the sensors move to the new line now' });
  await sleep(15_000);
  stream.stop();
  stream = await feed(server, { sockets: 9, every: 45, rows: 4, wrong: 0.01 });
  await sleep(15_000);
  const bad = await socket(`${server.ws}ws/predict`);
  const burst = setInterval(() => { for (let i = 0; i < 40; i++) bad.send({ features: [1] }); }, 100);
  await sleep(9_000);
  clearInterval(burst);
  board.send({ type: 'note', text: 'Found it: a client with last week’s feature list' });
  await sleep(22_000);
  for (const [name, colorScheme, width, height] of [
    ['light', 'light', 1440, 900], ['dark', 'dark', 1440, 900], ['phone-light', 'light', 360, 780], ['phone-dark', 'dark', 360, 780],
  ]) {
    const page = await open(server.url, { colorScheme, viewport: { width, height } });
    for (const route of ['live', 'try', 'quality', 'models']) {
      await page.goto(`${server.url}#/${route}`);
      if (route === 'try') {
        await draw(page, three);
        await answer(page);
      }
      await page.locator({ live: '.plot canvas', try: '.guess', quality: '.confusion', models: '.hash' }[route]).first().waitFor();
      await sleep(1500);
      await page.screenshot({ path: `${folder}dashboard-${route}-${name}.png` });
    }
    await page.leave();
  }
  stream.stop();
  bad.close();
  board.close();
});

after(() => {
  const pictures = readdirSync(folder).filter((n) => n.startsWith('dashboard-')).map((n) => folder + n);
  try {
    execFileSync('pngquant', ['--force', '--skip-if-larger', '--strip', '--ext', '.png', '--quality', '70-95', ...pictures]);
  } catch (error) {
    if (error.code === 'ENOENT') console.log('pictures.mjs: with pngquant they would be smaller');
  }
  console.log(`${pictures.length} pictures, ${Math.round(pictures.reduce((sum, p) => sum + statSync(p).size, 0) / 1024)} KiB`);
});
