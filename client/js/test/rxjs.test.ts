import { fromDashboard, fromPredict, fromValue, isFailed, predict } from 'penstock-client/rxjs';
import { from, type Observable, retry } from 'rxjs';
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

test('one bad row is told as that, and the others go on', async () => {
  const { client, last } = connected();
  const seen: unknown[] = [];
  const ended = vi.fn();
  const bad = [NaN, 2];
  from([[1, 2], bad, [3, 4], [5], [6, 7]])
    .pipe(predict(client))
    .subscribe({ next: (p) => seen.push(isFailed(p) ? [p.error.code, p.features] : p.requestId), complete: ended });
  await vi.advanceTimersByTimeAsync(0);
  expect(seen).toEqual([['bad_features', bad]]);
  const ids = last().texts.map((t) => t['request_id']);
  last().say({ type: 'error', request_id: ids[2], code: 'bad_features', message: '', retryable: false });
  for (const id of [ids[0], ids[1], ids[3]]) last().say(prediction(id));
  await vi.advanceTimersByTimeAsync(0);
  expect(seen.slice(1)).toEqual([['bad_features', [5]], ids[0], ids[1], ids[3]]);
  expect(ended).toHaveBeenCalledOnce();
});

test('what no row would survive errors the stream', async () => {
  const { client, last } = connected();
  const errors: unknown[] = [];
  const rows = from([[1, 2], [3, 4]]);
  rows.pipe(predict(client, { deadlineMs: -1 })).subscribe({ error: (e) => errors.push(e) });
  rows.pipe(predict(client)).subscribe({ error: (e) => errors.push(e) });
  last().end(1008, 'auth_required');
  await vi.advanceTimersByTimeAsync(0);
  rows.pipe(predict(client)).subscribe({ error: (e) => errors.push(e) });
  await vi.advanceTimersByTimeAsync(0);
  expect(errors).toEqual([expect.any(RangeError), expect.objectContaining({ code: 'disconnected' }), expect.objectContaining({ code: 'disconnected' })]);
});

test('streams complete when the client is closed', async () => {
  const { last, WebSocket } = fakeSockets();
  const { client$, status$, frames$, on, points$ } = fromDashboard('ws://server.test', { WebSocket });
  const completed = vi.fn();
  for (const stream of [client$, frames$, on('metrics'), points$] as Observable<unknown>[]) stream.subscribe({ complete: completed, error: expect.unreachable });
  const told: string[] = [];
  status$.subscribe({ next: (s) => told.push(s.status), complete: completed });
  client$.subscribe((client) => client.on('metrics', () => client.close()));
  last().open().say({ type: 'history', points: [] });
  last().end(1006); // no end
  await vi.advanceTimersByTimeAsync(1_000);
  expect(completed).not.toHaveBeenCalled();
  last().open().say({ type: 'history', points: [] });
  last().say(metrics(1));
  await vi.advanceTimersByTimeAsync(0);
  expect(completed).toHaveBeenCalledTimes(5);
  expect(told.slice(-2)).toEqual(['connected', 'disconnected']);
});

test('streams error when the server refuses, and retry opens a new socket', async () => {
  const { sockets, last, WebSocket } = fakeSockets();
  const { status$, frames$, on, points$ } = fromDashboard('ws://server.test', { WebSocket });
  const errors: unknown[] = [];
  const error = (e: unknown) => errors.push((e as { code: string }).code);
  for (const stream of [frames$, on('alert'), points$] as Observable<unknown>[]) stream.subscribe({ error });
  const told: (number | null | undefined)[] = [];
  status$.subscribe({ next: (s) => told.push(s.closeCode), error });
  last().end(1008, 'auth_required');
  await vi.advanceTimersByTimeAsync(0);
  expect(errors).toEqual(['disconnected', 'disconnected', 'disconnected', 'disconnected']);
  expect(told).toEqual([null, 1008]);

  const seen: number[] = [];
  const watching = on('metrics').pipe(retry(1)).subscribe((m) => seen.push(m.seq));
  expect(sockets).toHaveLength(2);
  last().end(1008);
  await vi.advanceTimersByTimeAsync(0);
  expect(sockets).toHaveLength(3);
  last().open().say(metrics(5));
  expect(seen).toEqual([5]);
  watching.unsubscribe();
  expect(last().closedWith).toBe(1000);
});

test('a refusal that somebody leaves behind at once is no end', async () => {
  const { sockets, last, WebSocket } = fakeSockets();
  const { client$, frames$ } = fromDashboard('ws://server.test', { WebSocket });
  const ended = vi.fn();
  client$.subscribe((client) => client.status.subscribe((s) => s.status === 'disconnected' && client.reconnect()));
  frames$.subscribe({ error: ended, complete: ended });
  last().end(1008);
  await vi.advanceTimersByTimeAsync(0);
  expect(sockets).toHaveLength(2);
  expect(ended).not.toHaveBeenCalled();
});

test('a client for predictions completes and errors likewise', async () => {
  const { last, WebSocket } = fakeSockets();
  const client$ = fromPredict('ws://server.test', { WebSocket });
  const [completed, errored] = [vi.fn(), vi.fn()];
  client$.subscribe({ error: errored });
  last().end(1008);
  await vi.advanceTimersByTimeAsync(0);
  expect(errored).toHaveBeenCalledOnce();
  client$.subscribe({ next: (client) => client.close(), complete: completed });
  await vi.advanceTimersByTimeAsync(0);
  expect(completed).toHaveBeenCalledOnce();
});

test('a client and its values are shared likewise', () => {
  const { sockets, last, WebSocket } = fakeSockets();
  const client$ = fromPredict('ws://server.test', { WebSocket });
  const models: unknown[] = [];
  const one = client$.subscribe((client) => fromValue(client.hello).subscribe((h) => models.push(h?.models.length)));
  const two = client$.subscribe();
  last().open().say(hello);
  expect(models).toEqual([undefined, hello.models.length]);
  one.unsubscribe();
  two.unsubscribe();
  expect(sockets.map((s) => s.closedWith)).toEqual([1000]);
});
