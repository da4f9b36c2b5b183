import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connected } from './fake.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('silence is asked about, and an answer is enough', () => {
  const { client, last } = connected();
  for (let n = 1; n <= 100; n++) {
    vi.advanceTimersByTime(15_000);
    expect(last().texts).toHaveLength(n);
    expect(last().last).toEqual({ type: 'ping' });
    last().say({ type: 'pong' });
  }
  expect(client.status.value.status).toBe('connected');
});

test('a server that talks is not asked', () => {
  const { last } = connected();
  for (let n = 0; n < 100; n++) {
    vi.advanceTimersByTime(10_000);
    last().say({ type: 'something new' });
  }
  expect(last().sent).toEqual([]);
});

test('no answer within ten seconds is a loss', () => {
  const { client, last } = connected();
  vi.advanceTimersByTime(15_000 + 9_999);
  expect(client.status.value.status).toBe('connected');
  vi.advanceTimersByTime(1);
  expect(client.status.value).toMatchObject({ status: 'reconnecting', reason: 'no sign of life for 10000 ms (1006)' });
  expect(last().closedWith).toBe(1000);
});

test('a ping is answered', () => {
  const { last } = connected();
  last().say({ type: 'ping' });
  expect(last().texts).toEqual([{ type: 'pong' }]);
});

test('after a sleep of the machine the server is asked once more before it counts as dead', () => {
  let now = 0;
  const timers = new Map<number, () => void>();
  let n = 0;
  const clock = {
    now: () => now,
    monotonic: () => now,
    setTimeout: (fn: () => void) => (timers.set(++n, fn), n),
    clearTimeout: (id: unknown) => void timers.delete(id as number),
  };
  const fire = () => {
    const [id, fn] = [...timers][0] as [number, () => void];
    timers.delete(id);
    fn();
  };
  const { client, last } = connected({ clock });
  now += 15_000;
  fire(); // asks
  now += 3_600_000;
  fire(); // an hour late
  expect(client.status.value.status).toBe('connected');
  expect(last().texts).toHaveLength(2);
  now += 10_000;
  fire();
  expect(client.status.value.status).toBe('reconnecting');
});
