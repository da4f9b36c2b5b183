import { provideZonelessChangeDetection } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { afterEach, expect, it } from 'vitest';
import { Store } from '../store/store';
import { AddressBar } from './address-bar';

let bar: AddressBar | undefined;
afterEach(() => {
  bar?.stop();
  history.replaceState(null, '', '#');
});

function begin(hash: string): Store {
  history.replaceState(null, '', hash);
  TestBed.configureTestingModule({ providers: [provideZonelessChangeDetection()] });
  const made = TestBed.inject(AddressBar);
  bar = made;
  TestBed.runInInjectionContext(() => made.start());
  TestBed.tick();
  return TestBed.inject(Store);
}

function come(hash: string): void {
  history.replaceState(null, '', hash);
  dispatchEvent(new HashChangeEvent('hashchange'));
  TestBed.tick();
}

it('reads what an address says, and keeps a model that is not known yet', () => {
  const { live } = begin('#/live?model=two%20words&minutes=10&scale=log');
  expect([live.minutes(), live.log()]).toEqual([10, true]);
  expect(location.hash).toBe('#/live?minutes=10&model=two+words&scale=log');
});

it('says what is chosen, page by page', () => {
  const { live, quality, trial } = begin('#/live');
  expect(location.hash).toBe('#/live');
  live.showModel('a&b');
  live.showMinutes(1);
  TestBed.tick();
  expect(location.hash).toBe('#/live?minutes=1&model=a%26b');
  come('#/quality');
  quality.show('pets');
  TestBed.tick();
  expect(location.hash).toBe('#/quality?model=pets');
  come('#/try?model=price');
  expect(trial.chosen()).toBe('price');
  come('#/live'); // by the navigation: what was chosen there stays
  expect(location.hash).toBe('#/live?minutes=1&model=a%26b');
});

it('does not believe every address', () => {
  const { live } = begin('#/live?minutes=7&scale=odd');
  expect([live.minutes(), live.log()]).toEqual([5, false]);
  expect(location.hash).toBe('#/live');
});
