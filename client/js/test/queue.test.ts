import { PredictClient } from 'penstock-client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connected, failure, fakeSockets, hello, prediction } from './fake.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function offline(options = {}) {
  const fake = fakeSockets();
  const client = new PredictClient('ws://server.test', { WebSocket: fake.WebSocket, ...options });
  return { client, ...fake };
}

test('what is asked before the connection stands is sent when it does, in order', async () => {
  const { client, last } = offline();
  const asked = [client.predict([1, 2]), client.feedback(77, 'one'), client.predict([3, 4])];
  last().open();
  expect(last().sent).toEqual([]);
  last().say(hello);
  expect(last().texts.map((t) => t['request_id'])).toEqual([1, 77, 2]);
  last().say(prediction(1));
  last().say({ type: 'feedback_ok', request_id: 77, correct: true });
  last().say(prediction(2));
  expect(await Promise.all(asked)).toMatchObject([{ label: 'one' }, { correct: true }, { label: 'one' }]);
});

test('the queue is bounded in number', async () => {
  const { client } = offline({ queueLimit: 3 });
  const first = [1, 2, 3].map((n) => failure(client.predict([n])));
  expect(await failure(client.predict([4]))).toMatchObject({ code: 'queue_full', retryable: true });
  client.close();
  for (const error of await Promise.all(first)) expect(error).toMatchObject({ code: 'closed' });
});

test('the queue is bounded in bytes', async () => {
  const { client } = offline({ queueBytes: 100 });
  const first = failure(client.predict(new Float32Array(10))); // 64 bytes
  expect(await failure(client.predict(new Float32Array(10)))).toMatchObject({ code: 'queue_full' });
  client.close();
  await first;
});

test('what waits for too long expires, and is never sent', async () => {
  const { client, last } = offline({ queueTtlMs: 5_000 });
  const early = failure(client.predict([1, 2]));
  vi.advanceTimersByTime(4_000);
  const late = client.predict([3, 4]);
  vi.advanceTimersByTime(1_000);
  expect(await early).toMatchObject({ code: 'queue_expired', retryable: true });
  last().open().say(hello);
  expect(last().texts.map((t) => t['features'])).toEqual([[3, 4]]);
  last().say(prediction(2));
  expect(await late).toMatchObject({ label: 'one' });
});

test('a deadline counts while waiting', async () => {
  const { client } = offline();
  const asked = failure(client.predict([1, 2], { deadlineMs: 50 }));
  vi.advanceTimersByTime(50);
  expect(await asked).toMatchObject({ code: 'deadline_exceeded' });
});

test('a queued request that is taken back is not sent', async () => {
  const { client, last } = offline();
  const taker = new AbortController();
  const asked = failure(client.predict([1, 2], { signal: taker.signal, requestId: 5 }));
  taker.abort();
  expect(await asked).toMatchObject({ name: 'AbortError' });
  last().open().say(hello);
  expect(last().sent).toEqual([]);
  void client.predict([1, 2], { requestId: 5 }).catch(() => undefined); // its id is free again
  expect(last().sent).toHaveLength(1);
});

test('rows in flight keep to the window; the others wait for room', async () => {
  const { client, last } = connected(); // the window has 4 rows
  const asked = Array.from({ length: 10 }, () => client.predict([1, 2]));
  expect(last().sent).toHaveLength(4);
  last().say(prediction(2));
  expect(last().sent).toHaveLength(5);
  for (const id of [1, 3, 4, 5, 6, 7, 8, 9, 10]) last().say(prediction(id));
  expect((await Promise.all(asked)).map((p) => p.requestId)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test('a request of more rows than the window goes out alone', () => {
  const { client, last } = connected();
  const rows = Array.from({ length: 6 }, () => [1, 2]);
  void client.predict([1, 2]).catch(() => undefined);
  void client.predictRows(rows).catch(() => undefined);
  expect(last().sent).toHaveLength(1);
  last().say(prediction(1));
  expect(last().sent).toHaveLength(2);
});
