import { provideZonelessChangeDetection } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { afterEach, expect, it, vi } from 'vitest';
import { Store } from '../store/store';
import { FETCH } from './api';
import { ApiLink } from './api-link';

let link: ApiLink | undefined;
afterEach(() => {
  link?.stop();
  vi.useRealTimers();
});

function begin(page: string) {
  vi.useFakeTimers();
  const asked: string[] = [];
  const stand: typeof fetch = async (path) => {
    asked.push(String(path));
    return Response.json({ models: [{ name: 'price', classes: [] }] });
  };
  TestBed.configureTestingModule({ providers: [provideZonelessChangeDetection(), { provide: FETCH, useValue: stand }] });
  const store = TestBed.inject(Store);
  store.view.look(page, new URLSearchParams());
  store.access.enter(null);
  const made = (link = TestBed.inject(ApiLink));
  TestBed.runInInjectionContext(() => made.start());
  TestBed.tick();
  const count = (path: string) => asked.filter((p) => p === path).length;
  const go = (to: string) => { store.view.look(to, new URLSearchParams()); TestBed.tick(); };
  return { store, count, go };
}

it('asks again while Quality is looked at, one answer after the other', async () => {
  const { count, go, store } = begin('quality');
  await vi.advanceTimersByTimeAsync(4100);
  expect(count('api/quality')).toBe(3);
  go('live');
  go('quality'); // while an answer may be on its way
  await vi.advanceTimersByTimeAsync(2100);
  expect(count('api/quality')).toBe(5);
  go('try');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(count('api/quality')).toBe(5);
  expect(store.live.measureOf('price')?.metric).toBe('mean_absolute_error');
});

it('Live asks once it is connected, and after every reconnect', async () => {
  const { count, store } = begin('live');
  await vi.advanceTimersByTimeAsync(100);
  expect(count('api/models')).toBe(0);
  for (const status of ['connected', 'reconnecting', 'connected'] as const) {
    store.shell.setStatus({ status, attempt: 0, nextAttemptAt: null, reason: null, closeCode: null });
    TestBed.tick();
    await vi.advanceTimersByTimeAsync(0);
  }
  expect(count('api/models')).toBe(2);
});
