import { provideZonelessChangeDetection } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { afterEach, expect, it, vi } from 'vitest';
import { FETCH } from '../link/api';
import type { ModelQuality } from '../link/client';
import { Store } from '../store/store';
import { HistoryLink } from './history-link';
import { HISTORY } from './history.state';

afterEach(() => { vi.useRealTimers(); });

function begin(answer: (path: string) => Response | Promise<Response>) {
  vi.useFakeTimers();
  const asked: string[] = [];
  const stand: typeof fetch = async (path, options) => {
    asked.push(String(path));
    options?.signal?.throwIfAborted();
    return answer(String(path));
  };
  TestBed.configureTestingModule({ providers: [provideZonelessChangeDetection(), HistoryLink, { provide: FETCH, useValue: stand }] });
  const store = TestBed.inject(Store), history = TestBed.inject(HISTORY);
  store.quality.set({ models: [{ name: 'price', kind: 'values', classes: [] as string[] } as ModelQuality], store: { where: 'memory', degraded: false, reason: '', lost_rows: 0, bytes: 0, rows: 0, oldest: null } });
  store.view.look('quality', new URLSearchParams());
  const count = (path: string) => asked.filter((p) => p.startsWith(path)).length;
  const start = () => { TestBed.inject(HistoryLink); TestBed.tick(); };
  return { store, history, asked, count, start };
}

it('asks once somebody is let in, again after a while, and no more when the page is gone', async () => {
  const { store, history, count, start, asked } = begin((path) => Response.json(path.includes('residuals') ? { rows: 7 } : { models: [] }));
  start();
  await vi.advanceTimersByTimeAsync(0);
  expect(asked).toEqual([]);
  store.access.enter(null);
  TestBed.tick();
  await vi.advanceTimersByTimeAsync(30_500);
  expect([count('api/quality?model=price&window=1h'), count('api/quality/residuals')]).toEqual([4, 2]);
  expect(history.residuals.value()).toEqual({ rows: 7 });
  store.view.look('quality', new URLSearchParams('window=1y'));
  TestBed.tick();
  await vi.advanceTimersByTimeAsync(100_000);
  expect([count('api/quality?model=price&window=1h'), count('api/quality?model=price&window=1y')]).toEqual([4, 1]);
  TestBed.resetTestingModule();
  await vi.advanceTimersByTimeAsync(1_000_000);
  expect(count('api/quality?model=price&window=1y')).toBe(1);
});

it('tells what the server refused, and goes on asking', async () => {
  let ready = false;
  const refused = () => new Response('{"detail":"no rows are kept"}', { status: 503, headers: { 'Content-Type': 'application/problem+json' } });
  const { store, history, start } = begin((path) => (ready ? Response.json({ rows: 1 }) : path.includes('residuals') ? refused() : Response.json({ models: [] })));
  store.access.enter(null);
  start();
  await vi.advanceTimersByTimeAsync(0);
  expect(history.residuals.problem()).toContain('answered 503: no rows are kept');
  ready = true;
  await vi.advanceTimersByTimeAsync(60_000);
  expect([history.residuals.problem(), history.residuals.value()]).toEqual([null, { rows: 1 }]);
});
