import { PredictClient, type StatusInfo } from 'penstock-client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { connected, failure, fakeSockets, hello, prediction, seeded } from './fake.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const quiet = (promise: Promise<unknown>) => void promise.catch(() => undefined);

test('the status tells the whole story', () => {
  const { client, last, greet } = connected({ random: () => 0.5 });
  const told: StatusInfo[] = [];
  client.status.subscribe((s) => told.push(s));
  last().end(1006);
  vi.advanceTimersByTime(500);
  last().end(1006);
  vi.advanceTimersByTime(1_000);
  greet();
  client.close();
  const start = Date.now() - 1_500;
  const reason = 'the connection was lost (1006)';
  const unreached = 'the server could not be reached (1006)';
  expect(told.map(({ closeReason, renewal, ...rest }) => (expect([closeReason, renewal]).toEqual([null, null]), rest))).toEqual([
    { status: 'connected', attempt: 0, nextAttemptAt: null, reason: null, closeCode: null },
    { status: 'reconnecting', attempt: 1, nextAttemptAt: start + 500, reason, closeCode: 1006 },
    { status: 'reconnecting', attempt: 1, nextAttemptAt: null, reason, closeCode: 1006 },
    { status: 'reconnecting', attempt: 2, nextAttemptAt: start + 1_500, reason: unreached, closeCode: 1006 },
    { status: 'reconnecting', attempt: 2, nextAttemptAt: null, reason: unreached, closeCode: 1006 },
    { status: 'connected', attempt: 0, nextAttemptAt: null, reason: unreached, closeCode: 1006 },
    { status: 'disconnected', attempt: 0, nextAttemptAt: null, reason: 'closed by the client', closeCode: null },
  ]);
});

test.each([1001, 1005, 1006, 1011, 1012, 1013, 1014, 1015, 3008])('it comes back after %i', (code) => {
  const { client, sockets, last } = connected();
  last().end(code, 'why');
  expect(client.status.value).toMatchObject({ status: 'reconnecting', reason: `why (${code})`, closeCode: code });
  vi.advanceTimersByTime(1_000);
  expect(sockets).toHaveLength(2);
});

test.each([1000, 1002, 1003, 1004, 1007, 1008, 1009, 1010, 3000, 3003, 4000])('it stays away after %i', async (code) => {
  const { client, sockets, last } = connected();
  const asked = client.predict([1, 2]);
  last().end(code, 'slow_consumer');
  expect(await failure(asked)).toMatchObject({ code: 'disconnected', retryable: false });
  vi.advanceTimersByTime(3_600_000);
  expect(sockets).toHaveLength(1);
  expect(client.status.value).toMatchObject({ status: 'disconnected', nextAttemptAt: null, closeCode: code });
  expect(await failure(client.predict([1, 2]))).toMatchObject({ code: 'disconnected' });
});

test('for days of failures, the pauses keep to their ceilings', () => {
  const { WebSocket, sockets, last } = fakeSockets();
  const client = new PredictClient('ws://server.test', { WebSocket, random: seeded(7) });
  for (let n = 0; n < 1_000; n++) {
    last().end(1006);
    const pause = (client.status.value.nextAttemptAt ?? Infinity) - Date.now();
    expect(pause).toBeGreaterThanOrEqual(0);
    expect(pause).toBeLessThanOrEqual(Math.min(1_000 * 2 ** n, 30_000));
    vi.advanceTimersByTime(pause + 1);
    expect(sockets).toHaveLength(n + 2);
  }
  client.close();
});

test('it gives up after maxAttempts, and starts again when asked', () => {
  const { WebSocket, sockets, last } = fakeSockets();
  const client = new PredictClient('ws://server.test', { WebSocket, maxAttempts: 3 });
  for (let n = 0; n < 3; n++) {
    last().end(1006);
    vi.advanceTimersByTime(30_000);
  }
  expect(sockets).toHaveLength(3);
  expect(client.status.value.reason).toMatch(/^gave up after 3 attempts/);
  client.reconnect();
  expect(sockets).toHaveLength(4);
  expect(client.status.value).toMatchObject({ status: 'reconnecting', attempt: 1 });
});

test('a server that accepts and never greets is another failure', () => {
  const { WebSocket, sockets } = fakeSockets();
  new PredictClient('ws://server.test', { WebSocket, random: () => 0 });
  sockets[0]?.open();
  vi.advanceTimersByTime(10_000);
  expect(sockets[0]?.closedWith).toBe(1000);
  vi.advanceTimersByTime(1);
  expect(sockets).toHaveLength(2);
});

test('requests in flight at a loss are rejected as retryable; none is sent again', async () => {
  const { client, sockets, last, greet } = connected();
  const asked = [client.predict([1, 2]), client.feedback(99, 'one')];
  const failed = Promise.all(asked.map(failure));
  last().end(1006);
  for (const error of await failed) expect(error).toMatchObject({ code: 'connection_lost', retryable: true });
  vi.advanceTimersByTime(1_000);
  greet();
  expect(sockets).toHaveLength(2);
  expect(last().sent).toEqual([]);
});

test('a reconnect keeps the session', () => {
  const { client, sockets, last } = connected();
  last().end(1006);
  vi.advanceTimersByTime(1_000);
  const sessions = sockets.map((s) => new URL(s.url).searchParams.get('session'));
  expect(sessions).toEqual([client.session, client.session]);
  expect(sockets[0]?.protocols).toEqual(['penstock.v1']);
});

test('a server that is going away keeps what it took, and gets nothing more', async () => {
  const { client, sockets, last, greet } = connected();
  const taken = client.predict([1, 2], { requestId: 1 });
  last().say({ type: 'notice', code: 'going_away', message: 'the server is going away' });
  expect(client.status.value).toMatchObject({ status: 'reconnecting', reason: 'the server is going away' });
  const waiting = client.predict([3, 4], { requestId: 2 });
  last().say({ type: 'prediction', request_id: 1, prediction: 'one', confidence: 1, model: 'digits', version: '1' });
  expect(await taken).toMatchObject({ label: 'one' });
  last().end(1001, 'bye');
  vi.advanceTimersByTime(1_000);
  greet();
  expect(sockets[0]?.texts).toHaveLength(1);
  expect(sockets[1]?.last).toMatchObject({ request_id: 2 });
  quiet(waiting);
});

const draining = (requestId: unknown) => ({ type: 'error', request_id: requestId, code: 'draining', message: 'stopping', retryable: true });

describe('a request that a draining server did not run', () => {
  test.each(['before', 'after'])('is sent again on the next connection, when it came %s the notice', async (when) => {
    const { client, sockets, last, greet } = connected();
    const asked = [client.predict([1, 2]), client.predict(Float32Array.of(3, 4)), client.feedback(77, 'one')];
    const later = client.predict([5, 6]);
    const notice = () => last().say({ type: 'notice', code: 'going_away', message: 'bye' });
    if (when === 'after') notice();
    last().say(draining(1));
    const binary = Buffer.from('ff120100000000000200000000000000', 'hex'); // draining, request 2
    last().say(new Uint8Array(binary).buffer);
    last().say(draining(77));
    if (when === 'before') notice();
    expect(sockets[0]?.sent).toHaveLength(4);
    last().say(prediction(3)); // the server still answers what it took
    expect(await later).toMatchObject({ label: 'one' });
    last().end(1001, 'bye');
    vi.advanceTimersByTime(1_000);
    greet();
    expect(last().sent.map((m) => (typeof m === 'string' ? (JSON.parse(m) as { request_id: number }).request_id : 'binary'))).toEqual([1, 'binary', 77]);
    last().say(prediction(1));
    last().say(new Uint8Array(Buffer.from('81000000010000000200000000000000' + '0000000000000000' + '0000803f0000403f', 'hex')).buffer);
    last().say({ type: 'feedback_ok', request_id: 77, correct: true });
    expect(await Promise.all(asked)).toMatchObject([{ label: 'one' }, { label: 'one' }, { correct: true }]);
  });

  test('goes before what waited already, and keeps to its deadline', async () => {
    const { client, last, greet } = connected(); // the window has 4 rows
    const short = failure(client.predict([1, 2], { deadlineMs: 800 }));
    for (const row of [3, 4, 5, 6, 7]) quiet(client.predict([row, row]));
    for (const id of [1, 2, 3, 4]) last().say(draining(id));
    last().end(1001);
    vi.advanceTimersByTime(799);
    expect(vi.getTimerCount()).toBeGreaterThan(0);
    vi.advanceTimersByTime(1);
    expect(await short).toMatchObject({ code: 'deadline_exceeded' });
    vi.advanceTimersByTime(1_000);
    greet();
    expect(last().texts.map((t) => t['request_id'])).toEqual([2, 3, 4, 5]);
  });

  test('does not wait for ever, and says what it waited for', async () => {
    const { client, last } = connected({ queueTtlMs: 5_000 });
    const asked = failure(client.predict([1, 2]));
    last().say(draining(1));
    vi.advanceTimersByTime(5_000);
    expect(await asked).toMatchObject({ code: 'queue_expired', retryable: true, cause: { code: 'draining' } });
  });

  test('and that was taken back is not sent again', async () => {
    const { client, last, greet } = connected();
    const taker = new AbortController();
    const asked = failure(client.predict([1, 2], { signal: taker.signal }));
    taker.abort();
    expect(await asked).toMatchObject({ name: 'AbortError' });
    last().say(draining(1));
    last().end(1001);
    vi.advanceTimersByTime(1_000);
    greet();
    expect(last().sent).toEqual([]);
  });
});

test('a server that is going away and does not go is left', () => {
  const { sockets, last } = connected({ pingIntervalMs: 60_000 });
  last().say({ type: 'notice', code: 'going_away', message: '' });
  vi.advanceTimersByTime(30_000 + 1_000);
  expect(sockets).toHaveLength(2);
});

describe('reconnect()', () => {
  test('does not wait, and is throttled', () => {
    const { client, sockets, last } = connected({ random: () => 0.999, backoffMinMs: 20_000 });
    last().end(1006);
    client.reconnect();
    expect(sockets).toHaveLength(2);
    last().end(1006);
    for (let n = 0; n < 100; n++) client.reconnect();
    expect(sockets).toHaveLength(2);
    vi.advanceTimersByTime(2_000);
    client.reconnect();
    expect(sockets).toHaveLength(3);
    client.reconnect();
    vi.advanceTimersByTime(5_000);
    client.reconnect(); // an attempt is under way
    expect(sockets).toHaveLength(3);
  });

  test('leaves a refusal behind, but not close()', () => {
    const { client, sockets, last } = connected();
    last().end(1008, 'auth_required');
    client.reconnect();
    expect(sockets).toHaveLength(2);
    client.close();
    vi.advanceTimersByTime(10_000);
    client.reconnect();
    expect(sockets).toHaveLength(2);
  });

  test('replaces a connection that stands', async () => {
    const { client, sockets } = connected();
    const asked = client.predict([1, 2]);
    client.reconnect();
    expect(await failure(asked)).toMatchObject({ code: 'connection_lost' });
    expect(sockets.map((s) => s.closedWith)).toEqual([1000, undefined]);
  });
});

test('close() says goodbye and rejects what is left', async () => {
  const { client, last } = connected();
  const failed = failure(client.predict([1, 2]));
  client.close();
  client.close();
  expect(last().closedWith).toBe(1000);
  expect(await failed).toMatchObject({ code: 'closed', retryable: false });
  expect(await failure(client.predict([1, 2]))).toMatchObject({ code: 'closed' });
  expect(vi.getTimerCount()).toBe(0);
});

test('what a dropped socket still says is not heard', () => {
  const { client, sockets } = connected();
  client.reconnect();
  sockets[0]?.say(hello);
  sockets[0]?.end(1008);
  expect(client.status.value.status).toBe('reconnecting');
});

test('whoever is told of a status may act on it at once', () => {
  const closing = connected();
  closing.client.status.subscribe((s) => s.nextAttemptAt === null && s.status === 'reconnecting' && closing.client.close());
  const after: string[] = [];
  closing.client.status.subscribe((s) => after.push(s.status));
  closing.last().end(1006);
  vi.advanceTimersByTime(60_000);
  expect(closing.sockets).toHaveLength(1);
  expect(after).toEqual(['connected', 'reconnecting', 'disconnected']);
  expect(vi.getTimerCount()).toBe(0);

  const retrying = connected();
  retrying.client.status.subscribe((s) => s.status === 'disconnected' && retrying.client.reconnect());
  retrying.last().end(1008);
  expect(retrying.sockets).toHaveLength(2);
  expect(retrying.client.status.value.status).toBe('reconnecting');
});

test('nonsense from the server ends the connection, not the client', () => {
  const { client, last } = connected();
  last().say('{"type":');
  expect(client.status.value).toMatchObject({ status: 'reconnecting' });
});

test('a constructor that throws is a refusal', () => {
  const client = new PredictClient('ws://server.test', {
    WebSocket: class {
      constructor() {
        throw new Error('mixed content');
      }
    } as never,
  });
  expect(client.status.value).toMatchObject({ status: 'disconnected' });
  expect(client.status.value.reason).toContain('mixed content');
});

describe('in a browser', () => {
  function browser() {
    const window = new EventTarget();
    const document = Object.assign(new EventTarget(), { visibilityState: 'visible' });
    vi.stubGlobal('addEventListener', window.addEventListener.bind(window));
    vi.stubGlobal('removeEventListener', window.removeEventListener.bind(window));
    vi.stubGlobal('document', document);
    return { window, document };
  }

  test('coming online shortens the pause, with jitter', () => {
    const { window } = browser();
    const { client, sockets, last } = connected({ random: () => 0.5, backoffMaxMs: 30_000 });
    for (let n = 0; n < 6; n++) {
      last().end(1006);
      vi.advanceTimersByTime(n < 5 ? 15_000 : 5_000);
    }
    expect((client.status.value.nextAttemptAt ?? 0) - Date.now()).toBeGreaterThan(9_000);
    const before = sockets.length;
    window.dispatchEvent(new Event('online'));
    expect(sockets).toHaveLength(before);
    vi.advanceTimersByTime(500);
    expect(sockets).toHaveLength(before + 1);
  });

  test('a page that is seen again checks its connection', () => {
    const { document } = browser();
    const { client, last } = connected();
    document.visibilityState = 'hidden';
    document.dispatchEvent(new Event('visibilitychange'));
    expect(last().sent).toEqual([]);
    document.visibilityState = 'visible';
    document.dispatchEvent(new Event('visibilitychange'));
    expect(last().texts).toEqual([{ type: 'ping' }]);
    client.close();
    document.dispatchEvent(new Event('visibilitychange'));
    expect(last().texts).toHaveLength(1);
  });

  test('going offline checks a connection, and hurries no attempt', () => {
    const { window } = browser();
    vi.stubGlobal('navigator', { onLine: false });
    const { client, last } = connected({ random: () => 0.9, backoffMinMs: 20_000 });
    window.dispatchEvent(new Event('offline'));
    expect(last().texts).toEqual([{ type: 'ping' }]);
    last().end(1006);
    const planned = client.status.value.nextAttemptAt;
    vi.advanceTimersByTime(10_000);
    window.dispatchEvent(new Event('offline'));
    expect(client.status.value.nextAttemptAt).toBe(planned);
  });

  test('flapping networks make no storm', () => {
    const { window } = browser();
    const { sockets, last } = connected({ random: () => 0 });
    for (let n = 0; n < 1_000; n++) {
      last().end(1006);
      window.dispatchEvent(new Event('online'));
    }
    expect(sockets.length).toBeLessThan(3);
  });
});
