import { provideZonelessChangeDetection } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { expect, it } from 'vitest';
import { Store } from '../store/store';
import { Inbox } from './inbox';
import { InboxState, KEPT } from './inbox.state';

const told = (message: string, group?: string) =>
  ({ type: 'notice' as const, code: 'notification' as const, message, time: '2026-01-01T10:00:00Z', from: 'boss', ...(group && { group }) });

it('keeps fifty, each once though both sockets bring it', () => {
  const inbox = new InboxState();
  for (let n = 0; n < KEPT + 5; n++) {
    inbox.add(told(`m${n}`));
    inbox.add(told(`m${n}`));
  }
  expect([inbox.messages().length, inbox.shown().map((m) => m.text), inbox.more()]).toEqual([KEPT, ['m54', 'm53', 'm52'], KEPT - 3]);
  inbox.dismiss(inbox.messages()[0]!.key);
  inbox.add(told('m54')); // again, after a reconnect
  expect(inbox.shown()[0]?.text).toBe('m53');
  inbox.dismissAll();
  expect(inbox.messages()).toEqual([]);
});

it('shows text as text, read out when there is a pause', async () => {
  TestBed.configureTestingModule({ providers: [provideZonelessChangeDetection()] });
  const fixture = TestBed.createComponent(Inbox);
  TestBed.inject(Store).inbox.add(told('<img src=x onerror=alert(1)> stop', 'ops'));
  await fixture.whenStable();
  const page: HTMLElement = fixture.nativeElement;
  expect(page.querySelector('img')).toBeNull();
  expect(page.querySelector('.text')?.textContent).toBe('<img src=x onerror=alert(1)> stop');
  expect(page.querySelector('.head')?.textContent).toMatch(/^boss to ops \d\d:00:00$/);
  expect(page.querySelector('[role=log]')?.getAttribute('aria-live')).toBe('polite');
  page.querySelector('button')!.click();
  await fixture.whenStable();
  expect(page.querySelectorAll('li').length).toBe(0);
});
