import { DashboardClient, PredictClient } from 'penstock-client';
import { afterEach, expect, test, vi } from 'vitest';
import WebSocket from 'ws';
import { failure } from '../fake.js';
import { digits, serve } from './server.js';

// Node.js before version 22 has no WebSocket of its own: the one of the package
// ws is taken in its place, as it is.

const server = await serve();
afterEach(() => vi.unstubAllGlobals());

test('without a WebSocket a client says where to get one', () => {
  vi.stubGlobal('WebSocket', undefined);
  for (const Client of [PredictClient, DashboardClient]) expect(() => new Client(server.url)).toThrow(/option WebSocket.*package ws/);
});

test('with that of the package ws everything goes, in text and in binary', async () => {
  vi.stubGlobal('WebSocket', undefined);
  using client = new PredictClient(server.url, { WebSocket, backoffMinMs: 20, backoffMaxMs: 100 });
  const [three] = digits().slice(3);
  const asked = [client.predict(three?.numbers ?? []), client.predict(three?.floats ?? []), client.predict(three?.bytes ?? [])];
  for (const { label } of await Promise.all(asked)) expect(label).toBe('3');
  const { requestId } = await client.predict(three?.bytes ?? []);
  expect(await client.feedback(requestId, '3', { deadlineMs: 60_000 })).toMatchObject({ correct: true });
  using dashboard = new DashboardClient(server.url, { WebSocket });
  expect((await dashboard.frames().next()).value).toMatchObject({ type: 'history' });

  await server.stop('SIGKILL');
  expect(await failure(client.predict(three?.bytes ?? [], { deadlineMs: 50 }))).toMatchObject({ code: expect.stringMatching(/deadline_exceeded|connection_lost/) });
  await server.start();
  expect(await client.predict(three?.bytes ?? [])).toMatchObject({ label: '3' });
});

test('without global crypto a session must be named', () => {
  vi.stubGlobal('crypto', undefined);
  expect(() => new PredictClient(server.url)).toThrow(/option session/);
  const client = new PredictClient(server.url, { session: 'named-by-the-program' });
  client.close();
});
