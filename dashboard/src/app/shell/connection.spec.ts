import { provideZonelessChangeDetection } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { expect, it, vi } from 'vitest';
import { DashboardLink } from '../link/dashboard-link';
import { Store } from '../store/store';
import { Connection } from './connection';

it('says the state in a word, and offers what can be done', async () => {
  const reconnect = vi.fn();
  TestBed.configureTestingModule({
    providers: [provideZonelessChangeDetection(), { provide: DashboardLink, useValue: { reconnect } }],
  });
  const { shell } = TestBed.inject(Store);
  const fixture = TestBed.createComponent(Connection);
  const page: HTMLElement = fixture.nativeElement;
  const see = async () => { await fixture.whenStable(); return [...page.children].map((e) => e.textContent!.trim()).join(' '); };

  shell.setStatus({ status: 'connected', attempt: 0, nextAttemptAt: null, reason: null });
  expect(await see()).toBe('Live');
  shell.setStatus({ status: 'reconnecting', attempt: 2, nextAttemptAt: Date.now() + 2500, reason: 'gone' });
  expect(await see()).toBe('Reconnecting next attempt in 3 s Try now');
  shell.setStatus({ status: 'disconnected', attempt: 0, nextAttemptAt: null, reason: 'policy' });
  expect(await see()).toBe('Disconnected Reconnect');
  page.querySelector('button')!.click();
  expect(reconnect).toHaveBeenCalledOnce();
});
