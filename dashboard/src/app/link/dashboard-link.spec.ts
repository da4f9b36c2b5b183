import { provideZonelessChangeDetection } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { afterEach, expect, it, vi } from 'vitest';
import { Store } from '../store/store';
import { FETCH } from './api';
import type { Alert, DashboardClient, Metrics } from './client';
import { DASHBOARD_CLIENT, DashboardLink } from './dashboard-link';

afterEach(() => { vi.unstubAllGlobals(); });

const time = (second: number) => new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString();
const frame = (second: number) => ({ type: 'metrics', seq: second, timestamp: time(second), models: {} }) as Metrics;
const alert: Alert = { type: 'alert', severity: 'warning', metric: 'error_rate', value: 1, threshold: 0.5, message: 'much', state: 'resolved', since: time(1) };

it('brings frames into the store, and the alerts of before with their times', async () => {
  vi.stubGlobal('requestAnimationFrame', (run: () => void) => run());
  const handlers = new Map<string, (event: never) => void>();
  const client = {
    status: { subscribe: () => () => undefined },
    groups: { subscribe: () => () => undefined },
    on: (event: string, handler: (event: never) => void) => { handlers.set(event, handler); return () => undefined; },
    close: vi.fn(),
  };
  const stand: typeof fetch = async () => Response.json({ alerts: [{ ...alert, seq: 2 }] });
  TestBed.configureTestingModule({
    providers: [
      provideZonelessChangeDetection(),
      { provide: FETCH, useValue: stand },
      { provide: DASHBOARD_CLIENT, useValue: () => client as unknown as DashboardClient },
    ],
  });
  const link = TestBed.inject(DashboardLink), { access, inbox, live } = TestBed.inject(Store);
  TestBed.runInInjectionContext(() => link.start());
  TestBed.tick();
  expect(handlers.size).toBe(0); // nobody was let in
  access.enter(null);
  TestBed.tick();
  const say = (event: string, what: unknown) => handlers.get(event)!(what as never);
  say('history', { type: 'history', points: [frame(1), frame(2)] });
  say('metrics', frame(3));
  expect(live.latest()?.seq).toBe(3);
  await vi.waitFor(() => expect(live.alerts()).toMatchObject([{ firing: false, until: time(2) }]));
  say('notification', { type: 'notice', code: 'notification', message: 'hello', time: time(4), from: 'boss' });
  expect(inbox.shown()).toMatchObject([{ text: 'hello', from: 'boss', group: null }]);
  link.stop();
  expect(client.close).toHaveBeenCalledOnce();
});
