import { DashboardClient, type History, type Metrics, type Note } from 'penstock-client';
import { fromDashboard } from 'penstock-client/rxjs';
import { firstValueFrom, take, toArray } from 'rxjs';
import { afterEach, expect, test } from 'vitest';
import { serve, until } from './server.js';

const server = await serve();
const clients: DashboardClient[] = [];
afterEach(() => clients.splice(0).forEach((c) => c.close()));

function watch(options = {}): DashboardClient {
  const client = new DashboardClient(server.url, { backoffMinMs: 20, backoffMaxMs: 100, ...options });
  clients.push(client);
  return client;
}

const next = <E extends 'history' | 'metrics' | 'note' | 'presence' | 'typing' | 'error'>(client: DashboardClient, event: E) =>
  new Promise<Parameters<Parameters<typeof client.on<E>>[1]>[0]>((resolve) => {
    const stop = client.on(event, (value) => {
      stop();
      resolve(value);
    });
  });

test('history comes first, then metrics each second', async () => {
  const client = watch();
  const seen: string[] = [];
  for await (const frame of client.frames()) {
    seen.push(frame.type);
    if (frame.type !== 'metrics') continue;
    expect(frame.models['digits']?.version).toBe('1');
    expect(frame.model_accuracy).toBeNull(); // nobody has sent a label
    expect(Date.parse(frame.timestamp)).toBeGreaterThan(0);
    break;
  }
  expect(seen[0]).toBe('history');
});

test('a subscription outlives the server', async () => {
  const client = watch({ subscription: { metrics: ['error_rate'], models: [] } });
  const filtered = (m: Metrics) => expect(Object.keys(m).sort()).toEqual(['error_rate', 'seq', 'timestamp', 'type']);
  filtered(await next(client, 'metrics'));
  await server.stop();
  await until(client.status, (s) => s.status === 'reconnecting');
  const history: Promise<History> = next(client, 'history');
  await server.start();
  expect((await history).points).toBeInstanceOf(Array);
  filtered(await next(client, 'metrics'));
});

test('notes, typing and presence reach the others', async () => {
  const one = watch();
  const two = watch();
  await Promise.all([until(one.status, (s) => s.status === 'connected'), next(two, 'presence')]);
  const note: Promise<Note> = next(two, 'note');
  const typing = next(two, 'typing');
  one.note('deployed <b>version 2</b>');
  expect(await note).toMatchObject({ text: 'deployed <b>version 2</b>', author: 'anonymous' });
  one.typing();
  expect(await typing).toMatchObject({ user: 'anonymous' });
  const refused = next(one, 'error');
  one.note('   ');
  expect(await refused).toMatchObject({ code: 'bad_message', retryable: false });
});

test('one socket feeds many subscribers in rxjs', async () => {
  const { points$, on, status$ } = fromDashboard(server.url);
  const [points, metrics, statuses] = await Promise.all([
    firstValueFrom(points$),
    firstValueFrom(on('metrics')),
    firstValueFrom(status$.pipe(take(2), toArray())),
  ]);
  expect(points).toBeInstanceOf(Array);
  expect(metrics.seq).toBeGreaterThan(0);
  expect(statuses.map((s) => s.status)).toEqual(['reconnecting', 'connected']);
});
