import { DashboardClient, PredictClient } from 'penstock-client';
import { fromDashboard } from 'penstock-client/rxjs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { failure, fakeSockets, hello } from './fake.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const refusal = (code: string, more = {}) => ({ type: 'error', request_id: null, code, message: 'no', retryable: code === 'rate_limited', ...more });

describe.each([
  ['PredictClient', PredictClient, hello],
  ['DashboardClient', DashboardClient, { type: 'history', points: [] }],
] as const)('groups of a %s', (_, Client, greeting) => {
  function offline(options = {}) {
    const fake = fakeSockets();
    const client = new Client('ws://server.test', { WebSocket: fake.WebSocket, random: () => 0.5, pingIntervalMs: Infinity, ...options });
    const greet = () => fake.last().open().say(greeting);
    return { client, greet, ...fake };
  }
  function online(options = {}) {
    const rig = offline(options);
    rig.greet();
    return rig;
  }
  const joins = (group: string) => ({ type: 'join', group });

  test('are joined and left with answers', async () => {
    const { client, last } = online();
    const joined = client.join('ops');
    expect(client.join('ops')).toBe(joined);
    expect(last().texts).toEqual([joins('ops')]);
    expect(client.groups.value).toEqual([]);
    last().say({ type: 'joined', group: 'ops' });
    await joined;
    expect(client.groups.value).toEqual(['ops']);
    await client.join('ops');
    const left = client.leave('ops');
    expect(last().last).toEqual({ type: 'leave', group: 'ops' });
    last().say({ type: 'left', group: 'ops' });
    await left;
    expect(client.groups.value).toEqual([]);
  });

  test('are told apart by their names', async () => {
    const { client, last } = online();
    const one = client.join('one');
    const two = client.join('two');
    last().say({ type: 'joined', group: 'two' });
    await two;
    last().say({ type: 'joined', group: 'one' });
    await one;
    expect(client.groups.value).toEqual(['two', 'one']);
  });

  test.each(['forbidden', 'rate_limited', 'bad_message'])('that are refused with %s reject, and are not asked for again', async (code) => {
    const { client, last, greet } = online();
    const refused = failure(client.join('secret'));
    last().say(refusal(code, { retry_after_ms: 500 }));
    expect(await refused).toMatchObject({ code, retryAfterMs: 500 });
    last().end(1006);
    vi.advanceTimersByTime(1_000);
    greet();
    expect(last().sent).toEqual([]);
  });

  test('are joined again on the next connection, in the same order', async () => {
    const { client, last, greet } = online();
    for (const group of ['a', 'b', 'c']) {
      void client.join(group);
      last().say({ type: 'joined', group });
    }
    void client.leave('b');
    last().end(1006);
    expect(client.groups.value).toEqual([]);
    vi.advanceTimersByTime(1_000);
    last().open();
    expect(last().texts).toEqual([joins('a'), joins('c')]); // before the server has spoken
    greet();
    last().say({ type: 'joined', group: 'a' });
    last().say(refusal('forbidden'));
    expect(client.groups.value).toEqual(['a']);
    last().end(1006);
    vi.advanceTimersByTime(1_000);
    greet();
    expect(last().texts).toEqual([joins('a')]);
  });

  test('that are joined again too fast are joined a little later', () => {
    const { client, last, greet } = online();
    void client.join('ops');
    last().say({ type: 'joined', group: 'ops' });
    last().end(1006);
    vi.advanceTimersByTime(1_000);
    greet();
    last().say(refusal('rate_limited', { retry_after_ms: 700 }));
    vi.advanceTimersByTime(699);
    expect(last().texts).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(last().texts).toEqual([joins('ops'), joins('ops')]);
    client.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('wait for a connection, for a time, and over a lost one', async () => {
    const { client, last, greet } = offline({ queueTtlMs: 5_000 });
    const joined = client.join('ops');
    greet();
    last().end(1006); // before the answer
    vi.advanceTimersByTime(1_000);
    greet();
    expect(last().texts).toEqual([joins('ops')]);
    last().say({ type: 'joined', group: 'ops' });
    await joined;
    last().end(1006);
    const late = failure(client.join('late'));
    vi.advanceTimersByTime(5_000);
    expect(await late).toMatchObject({ code: 'queue_expired' });
  });

  test('are left without a connection, also before they were joined', async () => {
    const { client, last } = offline();
    const joined = failure(client.join('ops'));
    await client.leave('ops');
    expect(await joined).toMatchObject({ code: 'cancelled' });
    await client.leave('never');
    expect(last().open().sent).toEqual([]);
    const leaving = client.leave('ops');
    last().end(1006);
    await leaving;
  });

  test('end with the client', async () => {
    const { client } = online();
    const joined = failure(client.join('ops'));
    client.close();
    expect(await joined).toMatchObject({ code: 'closed' });
    expect(await failure(client.join('ops'))).toMatchObject({ code: 'closed' });
    expect(vi.getTimerCount()).toBe(0);
  });

  test('bring notifications, which are events', () => {
    const { client, last } = online();
    const seen = vi.fn();
    const stop = (client as DashboardClient).on('notification', seen);
    const told = { type: 'notice', code: 'notification', message: 'the <b>line</b> stops', data: { line: 7 }, time: '2026-01-01T00:00:00Z', from: 'boss', group: 'ops' };
    last().say(told);
    last().say({ type: 'notice', code: 'model_updated', message: '' });
    stop();
    last().say(told);
    expect(seen).toHaveBeenCalledExactlyOnceWith(told);
  });
});

test('a note is left in a group, and comes with its name', () => {
  const { WebSocket, last } = fakeSockets();
  const client = new DashboardClient('ws://server.test', { WebSocket });
  last().open().say({ type: 'history', points: [] });
  client.note('for us', { group: 'ops' });
  expect(last().last).toEqual({ type: 'note', text: 'for us', group: 'ops' });
});

test('notifications are among the frames, and an Observable', async () => {
  const { WebSocket, last } = fakeSockets();
  const client = new DashboardClient('ws://server.test', { WebSocket });
  const frames = client.frames();
  last().open().say({ type: 'notice', code: 'notification', message: 'one', time: '', from: 'boss' });
  expect((await frames.next()).value).toMatchObject({ type: 'notice', message: 'one' });
  client.close();

  const seen: string[] = [];
  const watching = fromDashboard('ws://server.test', { WebSocket }).on('notification').subscribe((n) => seen.push(n.message));
  last().open().say({ type: 'notice', code: 'notification', message: 'two', time: '', from: 'boss' });
  expect(seen).toEqual(['two']);
  watching.unsubscribe();
});
