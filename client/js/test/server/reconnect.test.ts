import { type PenstockError, PredictClient, type StatusInfo } from 'penstock-client';
import { afterEach, expect, test } from 'vitest';
import { failure } from '../fake.js';
import { digits, serve, until } from './server.js';

const server = await serve();
const clients: PredictClient[] = [];
afterEach(() => clients.splice(0).forEach((c) => c.close()));

function connect(options = {}): PredictClient {
  const client = new PredictClient(server.url, { backoffMinMs: 20, backoffMaxMs: 100, reconnectThrottleMs: 50, ...options });
  clients.push(client);
  return client;
}

const image = digits()[3]?.bytes ?? [];
const isConnected = (s: StatusInfo) => s.status === 'connected';

test('a server that is killed and comes back is found again, and gets what waited', async () => {
  const client = connect();
  expect(await client.predict(image)).toMatchObject({ label: '3' });
  await server.stop('SIGKILL');
  await until(client.status, (s) => s.status === 'reconnecting' && s.attempt >= 3);
  const waiting = client.predict(image);
  const expired = failure(client.predict(image, { deadlineMs: 1 }));
  expect(await expired).toMatchObject({ code: 'deadline_exceeded' });
  await server.start();
  expect(await waiting).toMatchObject({ label: '3' });
  expect(client.status.value.status).toBe('connected');
});

test('over a restart, requests are answered by the server or by its successor', async () => {
  const client = connect();
  await until(client.status, isConnected);
  // What crosses the server's close on the wire is lost, as nobody knows whether it was run.
  const ask = () => client.predict(image).then(({ label }) => label, (error: PenstockError) => error.code);
  const asked = Array.from({ length: 200 }, ask);
  const later: typeof asked = [];
  let stopped = false;
  const stopping = server.stop('SIGTERM').then(() => (stopped = true));
  while (!stopped) {
    (client.status.value.status === 'connected' ? asked : later).push(ask());
    await new Promise((resolve) => setImmediate(resolve));
    if (asked.length + later.length > 1_500) await stopping;
  }
  later.push(ask());
  await server.start();
  for (const outcome of await Promise.all(asked)) expect(['3', 'connection_lost']).toContain(outcome);
  expect(new Set(await Promise.all(later))).toEqual(new Set(['3']));
});

test('a label finds its prediction over a new connection', async () => {
  const client = connect();
  const { requestId } = await client.predict(image);
  client.reconnect();
  expect(client.status.value.status).toBe('reconnecting');
  expect(await client.feedback(requestId, '3')).toEqual({ requestId, correct: true });
  expect(client.status.value.status).toBe('connected');
});

test('a page that kept its session labels what the page before it asked', async () => {
  const before = connect();
  const { requestId } = await before.predict(image);
  before.close();
  const after = connect({ session: before.session });
  expect(await after.feedback(requestId, '5')).toEqual({ requestId, correct: false });
  const stranger = connect();
  expect(await failure(stranger.feedback(requestId, '3'))).toMatchObject({ code: 'unknown_request' });
});

test('a server that falls silent counts as lost, until it wakes', async () => {
  const client = connect({ pingIntervalMs: 100, pongTimeoutMs: 1_500 });
  await until(client.status, isConnected);
  await new Promise((resolve) => setTimeout(resolve, 500)); // many pings, all answered
  expect(client.status.value.status).toBe('connected');
  server.signal('SIGSTOP');
  await new Promise((resolve) => setTimeout(resolve, 100));
  const asked = failure(client.predict(image));
  await until(client.status, (s) => s.status === 'reconnecting');
  expect(await asked).toMatchObject({ code: 'connection_lost', retryable: true });
  server.signal('SIGCONT');
  expect(await client.predict(image)).toMatchObject({ label: '3' });
});
