import { fromDashboard, fromPredict, fromValue, isFailed, predict } from 'penstock-client/rxjs';
import { from } from 'rxjs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connected, fakeSockets, hello, prediction } from './fake.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const metrics = (seq: number) => ({ type: 'metrics', seq });

test('one socket serves all subscribers, from the first to the last', () => {
  const { sockets, last, WebSocket } = fakeSockets();
  const { status$, frames$, on, points$ } = fromDashboard('ws://server.test', { WebSocket });
  expect(sockets).toHaveLength(0);
  const seen: unknown[] = [];
  const subscriptions = [
    status$.subscribe((s) => seen.push(s.status)),
    on('metrics').subscribe((m) => seen.push(m.seq)),
    frames$.subscribe((f) => seen.push(f.type)),
    points$.subscribe((p) => seen.push(p.map((m) => m.seq))),
  ];
  expect(sockets).toHaveLength(1);
  last().open().say({ type: 'history', points: [metrics(1)] });
  last().say(metrics(2));
  last().say({ type: 'note' });
  expect(seen).toEqual(['reconnecting', 'connected', 'history', [1], 2, 'metrics', [1, 2], 'note']);
  const late = vi.fn();
  subscriptions.push(points$.subscribe(late));
  expect(late).toHaveBeenCalledExactlyOnceWith([metrics(1), metrics(2)]);
  subscriptions.splice(1).forEach((s) => s.unsubscribe());
  expect(sockets[0]?.closedWith).toBeUndefined();
  subscriptions.forEach((s) => s.unsubscribe());
  expect(sockets[0]?.closedWith).toBe(1000);
  status$.subscribe().unsubscribe();
  expect(sockets).toHaveLength(2);
});

test('points are the last six hundred, across reconnects', () => {
  const { last, WebSocket } = fakeSockets();
  const { points$ } = fromDashboard('ws://server.test', { WebSocket });
  let points: readonly { seq: number }[] = [];
  const subscription = points$.subscribe((p) => (points = p));
  last().open().say({ type: 'history', points: Array.from({ length: 600 }, (_, n) => metrics(n)) });
  last().say(metrics(600));
  expect([points.length, points[0]?.seq, points.at(-1)?.seq]).toEqual([600, 1, 600]);
  last().end(1006);
  vi.advanceTimersByTime(1_000);
  last().open().say({ type: 'history', points: [metrics(700)] });
  expect(points).toEqual([metrics(700)]);
  subscription.unsubscribe();
});

test('predict is an operator; unsubscribing cancels', async () => {
  const { client, last } = connected();
  const seen: unknown[] = [];
  const rows = [
    [1, 2],
    [3, 4],
    [5, 6],
  ];
  const subscription = from(rows)
    .pipe(predict(client, {}, 2))
    .subscribe((p) => seen.push(isFailed(p) ? p.error.code : p.requestId));
  expect(last().texts).toHaveLength(2);
  last().say(prediction(2));
  await vi.advanceTimersByTimeAsync(0);
  expect(seen).toEqual([2]);
  expect(last().last).toMatchObject({ request_id: 3 });
  subscription.unsubscribe();
  expect(last().texts.slice(3)).toEqual([
    { type: 'cancel', request_id: 1 },
    { type: 'cancel', request_id: 3 },
  ]);
});

test('a client and its values are shared likewise', () => {
  const { sockets, last, WebSocket } = fakeSockets();
  const client$ = fromPredict('ws://server.test', { WebSocket });
  const models: unknown[] = [];
  const one = client$.subscribe((client) => fromValue(client.hello).subscribe((h) => models.push(h?.models.length)));
  const two = client$.subscribe();
  last().open().say(hello);
  expect(models).toEqual([undefined, 2]);
  one.unsubscribe();
  two.unsubscribe();
  expect(sockets.map((s) => s.closedWith)).toEqual([1000]);
});
