import { DashboardClient, type DashboardFrame, type DashboardOptions, type FilteredMetrics, type Metrics } from 'penstock-client';
import { afterEach, beforeEach, describe, expect, expectTypeOf, test, vi } from 'vitest';
import { failure, fakeSockets } from './fake.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function dashboard<F extends keyof Metrics = never>(options: DashboardOptions<F> = {}) {
  const fake = fakeSockets();
  const client = new DashboardClient('ws://server.test', { WebSocket: fake.WebSocket, ...options });
  const history = () => fake.last().open().say({ type: 'history', points: [] });
  return { client, history, ...fake };
}

const metrics = (seq: number) => ({ type: 'metrics', seq });

test('every kind of frame reaches its handlers', () => {
  const { client, last, history } = dashboard();
  const kinds = ['history', 'metrics', 'alert', 'note', 'presence', 'typing'] as const;
  const seen: string[] = [];
  const stops = kinds.map((kind) => client.on(kind, (frame) => seen.push(frame.type)));
  history();
  for (const type of kinds.slice(1)) last().say({ type });
  for (const type of ['', 'toString', 'constructor', 'of a newer server']) last().say({ type });
  expect(seen).toEqual(kinds);
  stops.forEach((stop) => stop());
  last().say(metrics(2));
  expect(seen).toHaveLength(kinds.length);
});

test('it is connected when the server has spoken', () => {
  const { client, last } = dashboard();
  expect(last().url).toMatch(/^ws:\/\/server\.test\/ws\/dashboard\?session=/);
  last().open();
  expect(client.status.value.status).toBe('reconnecting');
  last().say({ type: 'history', points: [] });
  expect(client.status.value.status).toBe('connected');
});

test('a subscription is sent at once, and again with every connection', () => {
  const { client, last, history } = dashboard({ subscription: { metrics: ['error_rate'], intervalMs: 2_000 } });
  last().open();
  expect(last().texts).toEqual([{ type: 'subscribe', metrics: ['error_rate'], interval_ms: 2_000 }]);
  client.subscribe({ models: ['digits'] }); // between the handshake and the first frame
  last().say({ type: 'history', points: [] });
  expect(last().texts).toHaveLength(2);
  last().end(1006);
  vi.advanceTimersByTime(1_000);
  history();
  expect(last().texts).toEqual([{ type: 'subscribe', models: ['digits'] }]);
});

test('what the server refuses is an error event', () => {
  const { client, last, history } = dashboard();
  const errors = vi.fn();
  client.on('error', errors);
  history();
  last().say({ type: 'error', request_id: null, code: 'rate_limited', message: 'too many notes', retryable: true, retry_after_ms: 900 });
  expect(errors.mock.calls[0]?.[0]).toMatchObject({ code: 'rate_limited', retryAfterMs: 900 });
});

test('notes wait for a connection, within a bound and a time', () => {
  const { client, last, history } = dashboard({ queueLimit: 2, queueTtlMs: 5_000 });
  const codes: string[] = [];
  client.on('error', (e) => codes.push(e.code));
  client.note('one');
  vi.advanceTimersByTime(4_000);
  client.note('two');
  client.note('three');
  vi.advanceTimersByTime(1_000);
  expect(codes).toEqual(['queue_full', 'queue_expired']);
  history();
  expect(last().texts).toEqual([{ type: 'note', text: 'two' }]);
  client.close();
  client.note('four');
  expect(codes.at(-1)).toBe('closed');
});

test('a baseline is accepted by the name of its model, also when that must wait', () => {
  const { client, last, history } = dashboard();
  client.acceptBaseline('digits');
  history();
  client.acceptBaseline('a "name"');
  expect(last().texts).toEqual([
    { type: 'accept_baseline', model: 'digits' },
    { type: 'accept_baseline', model: 'a "name"' },
  ]);
});

test('a calibration is frozen and let go by the name of its model', () => {
  const { client, last, history } = dashboard();
  client.freezeCalibration('digits', true);
  history();
  client.freezeCalibration('digits', false);
  expect(last().texts).toEqual([
    { type: 'freeze_calibration', model: 'digits', frozen: true },
    { type: 'freeze_calibration', model: 'digits', frozen: false },
  ]);
});

test('fields that were not subscribed to are typed as possibly absent', () => {
  const { client, WebSocket } = dashboard();
  client.on('metrics', (m) => expectTypeOf(m).toEqualTypeOf<Metrics>());
  const check = (m: FilteredMetrics<'error_rate'>) => {
    expectTypeOf(m.seq).toEqualTypeOf<number>();
    expectTypeOf(m.error_rate).toEqualTypeOf<number>();
    expectTypeOf(m.cpu_usage).toEqualTypeOf<number | undefined>();
  };
  client.subscribe({ metrics: ['error_rate'] }).on('metrics', check);
  const born = new DashboardClient('ws://server.test', { WebSocket, subscription: { metrics: ['error_rate'] } });
  born.on('metrics', (m) => {
    check(m);
    // @ts-expect-error: it may be absent
    return m.cpu_usage.toFixed();
  });
  born.on('history', ({ points }) => points.forEach(check));
  const names: (keyof Metrics)[] = ['error_rate']; // known at run time alone
  client.subscribe({ metrics: names }).on('metrics', (m) => {
    expectTypeOf(m.error_rate).toEqualTypeOf<number | undefined>();
    expectTypeOf(m.seq).toEqualTypeOf<number>();
  });
  born.subscribe({ intervalMs: 2_000 }).on('metrics', (m) => expectTypeOf(m).toEqualTypeOf<Metrics>());
});

test('typing is told at most every three seconds, and never late', () => {
  const { client, last, history } = dashboard();
  client.typing();
  history();
  for (let n = 0; n < 100; n++) client.typing();
  expect(last().texts).toEqual([{ type: 'typing' }]);
  vi.advanceTimersByTime(3_000);
  client.typing();
  expect(last().texts).toHaveLength(2);
});

describe('frames()', () => {
  test('is a loop over everything, until close()', async () => {
    const { client, last, history } = dashboard();
    const frames = client.frames();
    const seen: DashboardFrame[] = [];
    const loop = (async () => {
      for await (const frame of frames) seen.push(frame);
    })();
    history();
    await vi.advanceTimersByTimeAsync(0);
    last().say(metrics(1));
    await vi.advanceTimersByTimeAsync(0);
    client.close();
    await loop;
    expect(seen.map((f) => f.type)).toEqual(['history', 'metrics']);
    expect(await client.frames().next()).toEqual({ done: true, value: undefined });
  });

  test('gives a slow loop the newest metrics, and bounds the rest', async () => {
    const { client, last, history } = dashboard();
    const frames = client.frames();
    history();
    for (let n = 1; n <= 1_000; n++) last().say(metrics(n));
    for (let n = 1; n <= 1_000; n++) last().say({ type: 'note', text: String(n) });
    client.close();
    const seen: DashboardFrame[] = [];
    for await (const frame of frames) seen.push(frame);
    expect(seen).toHaveLength(256);
    expect(seen.at(-1)).toMatchObject({ text: '1000' });
    expect(seen.filter((f) => f.type === 'metrics').length).toBeLessThan(2);
  });

  test('begins anew with a history', async () => {
    const { client, last, history } = dashboard();
    const frames = client.frames();
    history();
    last().say({ type: 'note', text: 'old' });
    last().say({ type: 'history', points: [] });
    expect((await frames.next()).value).toMatchObject({ type: 'history' });
    last().say(metrics(7));
    expect((await frames.next()).value).toMatchObject({ seq: 7 });
  });

  test('throws when the server refuses', async () => {
    const { client, last } = dashboard();
    const frames = client.frames();
    const next = failure(frames.next());
    last().end(1008, 'auth_required');
    expect(await next).toMatchObject({ code: 'disconnected' });
    expect(await frames.next()).toMatchObject({ done: true });
    expect(await failure(client.frames().next())).toMatchObject({ code: 'disconnected' });
  });

  test('that is left costs nothing more', async () => {
    const { client, last, history } = dashboard();
    history();
    const loop = (async () => {
      for await (const frame of client.frames()) return frame;
      return null;
    })();
    last().say(metrics(1));
    expect(await loop).toMatchObject({ seq: 1 });
  });
});
