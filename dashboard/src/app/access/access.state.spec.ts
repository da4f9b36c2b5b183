import { expect, it } from 'vitest';
import type { Me } from '../link/client';
import { AccessState } from './access.state';

const me = (...scopes: string[]): Me => ({ authentication: 'token', user: 'ann', scopes, groups: [], expires: null });

it('allows what the scopes allow, each model by its own, and everything where nobody signs in', () => {
  const access = new AccessState();
  expect(access.may('admin')).toBe(true); // not known yet: the server says
  access.enter(me('predict:digits', 'dashboard'));
  expect([access.may('predict'), access.may('predict', 'digits'), access.may('predict', 'digits@2'), access.may('predict', 'price')]).toEqual([true, true, true, false]);
  expect([access.may('dashboard', 'price'), access.may('notes'), access.may('feedback', 'digits')]).toEqual([true, false, false]);
  access.learn({ ...me(), authentication: 'none' });
  expect([access.may('notes'), access.signedIn()]).toEqual([true, false]);
});

it('asks for a token with the first reason, and is another session afterwards', () => {
  const access = new AccessState();
  access.enter(me());
  expect([access.session(), access.asks()]).toEqual([1, false]);
  access.lose('ended');
  access.lose('another');
  expect([access.session(), access.asks(), access.why(), access.renewing()]).toEqual([0, true, 'ended', false]);
  access.showing();
  access.refuse('no');
  expect([access.why(), access.busy()]).toEqual(['no', false]);
  access.enter(me());
  expect([access.session(), access.asks(), access.why()]).toEqual([2, false, null]);
});

it('may be asked for another token before the old one ends, and goes back without', () => {
  const access = new AccessState();
  access.enter(me());
  access.renew();
  expect([access.asks(), access.renewing(), access.session()]).toEqual([true, true, 1]);
  access.goBack();
  expect(access.asks()).toBe(false);
});
