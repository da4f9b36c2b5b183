import { DashboardClient, PredictClient, predictEach } from 'penstock-client';
import { predict } from 'penstock-client/rxjs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { connected, failure, fakeSockets, prediction } from './fake.js';

// Times and counts that a platform's timer, or a loop, would take for others.

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const month = 30 * 24 * 3_600_000; // beyond 2^31 ms
const quiet = (promise: Promise<unknown>) => void promise.catch(() => undefined);

const durations = ['backoffMinMs', 'backoffMaxMs', 'connectTimeoutMs', 'pingIntervalMs', 'pongTimeoutMs', 'reconnectThrottleMs', 'queueTtlMs'];
const counts = ['maxAttempts', 'queueLimit', 'queueBytes'];
const never = [NaN, -1, -Infinity, '5', 1n];

describe.each([PredictClient, DashboardClient] as const)('%o', (Client) => {
  test.each([...durations, ...counts].flatMap((option) => never.map((value) => [option, value] as const)))('refuses %s of %s', (option, value) => {
    const make = () => new Client('ws://server.test', { WebSocket: fakeSockets().WebSocket, [option]: value });
    expect(make).toThrow(RangeError);
    expect(make).toThrow(option);
  });

  test.each(counts)('refuses a fraction for %s', (option) => {
    expect(() => new Client('ws://server.test', { WebSocket: fakeSockets().WebSocket, [option]: 1.5 })).toThrow(RangeError);
  });

  test('refuses to pause for ever', () => {
    const options = { WebSocket: fakeSockets().WebSocket, backoffMinMs: Infinity, backoffMaxMs: Infinity };
    expect(() => new Client('ws://server.test', options)).toThrow(RangeError);
  });

  test.each([month, Infinity])('takes %s for an attempt, a ping and a pause', (ms) => {
    const { WebSocket, sockets, last } = fakeSockets();
    const client = new Client('ws://server.test', { WebSocket, connectTimeoutMs: ms, pingIntervalMs: ms, reconnectThrottleMs: ms, backoffMaxMs: ms });
    vi.advanceTimersByTime(month - 1);
    expect([sockets.length, last().closedWith]).toEqual([1, undefined]);
    vi.advanceTimersByTime(1);
    expect(last().closedWith).toBe(ms === month ? 1000 : undefined);
    client.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});

test.each([month, Infinity])('a ping after %s comes then, and its answer has as long', (ms) => {
  const { client, last } = connected({ pingIntervalMs: ms, pongTimeoutMs: ms });
  vi.advanceTimersByTime(month - 1);
  expect(last().sent).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(last().sent).toHaveLength(ms === month ? 1 : 0);
  vi.advanceTimersByTime(month - 1);
  expect(client.status.value.status).toBe('connected');
  client.close();
  expect(vi.getTimerCount()).toBe(0);
});

test.each([month, Infinity])('a message may wait for %s', async (ms) => {
  const { WebSocket } = fakeSockets();
  const client = new PredictClient('ws://server.test', { WebSocket, queueTtlMs: ms, connectTimeoutMs: Infinity });
  const settled = vi.fn();
  client.predict([1, 2]).catch(settled);
  await vi.advanceTimersByTimeAsync(month - 1);
  expect(settled).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(settled).toHaveBeenCalledTimes(ms === month ? 1 : 0);
  client.close();
});

test('a pause of a month is one', () => {
  const { sockets, last } = connected({ backoffMinMs: month, backoffMaxMs: Infinity, random: () => 0.999 });
  last().end(1006);
  vi.advanceTimersByTime(0.999 * month - 1);
  expect(sockets).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(sockets).toHaveLength(2);
});

describe('deadlineMs', () => {
  test.each([0, ...never])('refuses %s', async (value) => {
    const { client, last } = connected();
    const options = { deadlineMs: value as number };
    for (const asked of [client.predict([1, 2], options), client.predictRows([[1, 2]], options), client.predict(Float32Array.of(1), options), client.feedback(1, 'one', options)]) {
      expect(await failure(asked)).toBeInstanceOf(RangeError);
    }
    expect(last().sent).toEqual([]);
  });

  test('is told to the server up to the most that it takes', () => {
    const { client, last } = connected();
    quiet(client.predict([1, 2], { deadlineMs: 2 * 86_400_000 }));
    expect(last().last).toMatchObject({ deadline_ms: 86_400_000 });
    quiet(client.predict([1, 2], { deadlineMs: Infinity }));
    expect(last().last).not.toHaveProperty('deadline_ms');
    quiet(client.predict(Float32Array.of(1, 2), { deadlineMs: month }));
    quiet(client.predict(Float32Array.of(1, 2), { deadlineMs: Infinity }));
    const told = last().sent.slice(2).map((frame) => new DataView(frame as ArrayBuffer).getUint32(16, true));
    expect(told).toEqual([0xffffffff, 0]);
  });

  test.each([500, month])('of %s ms is kept in flight, and the server told to cancel', async (ms) => {
    const { client, last } = connected({ pingIntervalMs: Infinity });
    const settled = vi.fn();
    client.predict([1, 2], { deadlineMs: ms }).catch(settled);
    await vi.advanceTimersByTimeAsync(ms - 1);
    expect(settled).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(settled.mock.calls[0]?.[0]).toMatchObject({ code: 'deadline_exceeded', retryable: true });
    expect(last().last).toEqual({ type: 'cancel', request_id: 1 });
    expect(await failure(client.predict([1, 2], { requestId: 1 }))).toMatchObject({ code: 'duplicate_request_id' });
    last().say({ type: 'error', request_id: 1, code: 'cancelled', message: '', retryable: false });
    quiet(client.predict([1, 2], { requestId: 1 })); // its id is free again
    expect(last().last).toMatchObject({ type: 'predict', request_id: 1 });
  });

  test('that was met leaves no timer', async () => {
    const { client, last } = connected({ pingIntervalMs: Infinity });
    const asked = client.predict([1, 2], { deadlineMs: 500 });
    last().say(prediction(1));
    await asked;
    expect(vi.getTimerCount()).toBe(0);
  });

  test('and signal end a label, and cancel no prediction of the same id', async () => {
    const { client, last } = connected();
    const late = failure(client.feedback(1, 'one', { deadlineMs: 50 }));
    vi.advanceTimersByTime(50);
    expect(await late).toMatchObject({ code: 'deadline_exceeded' });
    const taker = new AbortController();
    const taken = failure(client.feedback(2, ['one'], { signal: taker.signal }));
    taker.abort(new Error('no more'));
    expect(await taken).toMatchObject({ message: 'no more' });
    expect(last().texts.map((t) => t['type'])).toEqual(['feedback', 'feedback']);
    expect(await failure(client.feedback(1, 'one'))).toMatchObject({ code: 'duplicate_feedback' }); // its answer may still come
    last().say({ type: 'feedback_ok', request_id: 1, correct: true });
    quiet(client.feedback(1, 'one'));
    expect(last().texts).toHaveLength(3);
  });

  test('and signal end a label that waits', async () => {
    const { WebSocket, last } = fakeSockets();
    const client = new PredictClient('ws://server.test', { WebSocket });
    const late = failure(client.feedback(1, 'one', { deadlineMs: 50 }));
    vi.advanceTimersByTime(50);
    expect(await late).toMatchObject({ code: 'deadline_exceeded' });
    last().open();
    expect(last().sent).toEqual([]);
  });
});

describe('counts', () => {
  test.each([0, 0.5, ...never])('a concurrency of %s is refused', (value) => {
    const { client } = connected();
    expect(() => predictEach(client, [[1, 2]], { concurrency: value as number })).toThrow(RangeError);
    expect(() => predict(client, {}, value as number)).toThrow(RangeError);
  });

  test('a concurrency without bound is taken', async () => {
    const { client, last } = connected();
    const all = predictEach(client, [[1, 2], [3, 4]], { concurrency: Infinity });
    const first = all.next();
    await vi.advanceTimersByTimeAsync(0);
    expect(last().sent).toHaveLength(2);
    last().say(prediction(1));
    expect((await first).value).toMatchObject({ requestId: 1 });
    await all.return();
  });

  test.each([0, 1.5, NaN, -1])('a topK of %s is refused', async (topK) => {
    const { client } = connected();
    for (const row of [[1, 2], Float32Array.of(1, 2)]) expect(await failure(client.predict(row, { topK }))).toBeInstanceOf(RangeError);
  });
});

test.each([NaN, -1, 60_001, Infinity, '5'])('an interval of %s is refused', (value) => {
  const { WebSocket } = fakeSockets();
  const subscription = { intervalMs: value as number };
  expect(() => new DashboardClient('ws://server.test', { WebSocket, subscription })).toThrow(RangeError);
  expect(() => new DashboardClient('ws://server.test', { WebSocket }).subscribe(subscription)).toThrow(RangeError);
});
