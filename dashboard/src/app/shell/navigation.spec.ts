import { BrowserPlatformLocation, Location, PlatformLocation } from '@angular/common';
import { Component, provideZonelessChangeDetection } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { provideRouter, Router, withHashLocation } from '@angular/router';
import { afterEach, expect, it } from 'vitest';
import { Store } from '../store/store';
import { Navigation } from './navigation';
import { PAGES } from './pages';

@Component({ template: '' })
class Empty {}

let navigation: Navigation | undefined;
afterEach(() => {
  navigation?.stop();
  history.replaceState(null, '', '#');
});

async function begin(hash: string, slow?: Promise<boolean>) {
  history.replaceState(null, '', hash);
  const routes = [...PAGES.map(({ id }) => ({ path: id, component: Empty, resolve: slow && id !== 'live' ? { slow: () => slow } : {} })), { path: '**', redirectTo: 'live' }];
  TestBed.configureTestingModule({ providers: [provideZonelessChangeDetection(), provideRouter(routes, withHashLocation()), { provide: PlatformLocation, useClass: BrowserPlatformLocation }] });
  navigation = TestBed.inject(Navigation);
  navigation.start();
  const router = TestBed.inject(Router);
  const { view } = TestBed.inject(Store);
  const early = view.page();
  router.initialNavigation();
  const settled = () => new Promise((resolve) => setTimeout(resolve));
  await settled();
  return { view, early, router, nav: navigation, location: TestBed.inject(Location), settled };
}

it('reads deep links at once, old ones too', async () => {
  const { view, early } = await begin('#/quality?model=two%20words');
  expect([early, view.page(), view.model()]).toEqual(['quality', 'quality', 'two words']);
});

it('an address of nowhere leads to Live, and keeps how it is looked at', async () => {
  const { view } = await begin('#/nowhere?minutes=1');
  expect([view.page(), view.minutes(), location.hash]).toEqual(['live', 1, '#/live?minutes=1']);
});

it('a choice goes into the address, one model for all pages, and back again', async () => {
  const { view, nav, router, location: path, settled } = await begin('#/live');
  nav.choose({ model: 'a&b' });
  await settled();
  nav.choose({ log: true });
  await settled();
  nav.choose({ minutes: 1 });
  await settled();
  expect(location.hash).toBe('#/live?minutes=1&model=a%26b&scale=log');
  await router.navigate(['/try'], { queryParams: view.params() });
  expect([view.page(), view.model()]).toEqual(['try', 'a&b']);
  path.back();
  await settled();
  path.back();
  for (let i = 0; i < 50 && view.minutes() !== 5; i++) await settled();
  expect([view.page(), view.minutes(), view.model(), view.log()]).toEqual(['live', 5, 'a&b', true]);
});

it('a choice while another page is on its way is about that page, and does not keep it from coming', async () => {
  let arrive: (there: boolean) => void = () => undefined;
  const slow = new Promise<boolean>((resolve) => { arrive = resolve; });
  const { view, nav, router, location: path, settled } = await begin('#/live?minutes=10', slow);
  const visit = router.navigateByUrl('/try?minutes=10');
  await settled();
  expect(view.page()).toBe('live');
  nav.choose({ model: 'price' });
  arrive(true);
  await visit;
  for (let i = 0; i < 50 && view.page() !== 'try'; i++) await settled();
  expect([view.page(), view.model(), location.hash]).toEqual(['try', 'price', '#/try?minutes=10&model=price']);
  path.back();
  for (let i = 0; i < 50 && view.page() !== 'live'; i++) await settled();
  expect([view.page(), view.model(), view.minutes()]).toEqual(['live', null, 10]);
});
