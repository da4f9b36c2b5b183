import { expect, it } from 'vitest';
import { ViewState } from './view.state';

const see = (path: string, query = '') => {
  const view = new ViewState();
  view.look(path, new URLSearchParams(query));
  return view;
};

it('knows its pages', () => {
  expect(['', 'quality', 'try', 'nowhere'].map((p) => see(p).page())).toEqual(['live', 'quality', 'try', 'live']);
});

it('reads what an address says, and keeps a model that is not known yet', () => {
  const view = see('live', 'model=two%20words&minutes=10&scale=log');
  expect([view.minutes(), view.model(), view.log()]).toEqual([10, 'two words', true]);
  expect(view.params()).toEqual({ minutes: 10, model: 'two words', scale: 'log' });
  expect(view.href('try', { minutes: 5, model: 'a&b' })).toBe('#/try?model=a%26b&scale=log');
  expect(view.params({ model: null, minutes: 5, log: false })).toEqual({});
});

it('keeps which part of the past Quality shows', () => {
  const view = see('quality', 'window=7d&by=label');
  expect([view.window(), view.by(), view.href('quality', { by: 'prediction' })]).toEqual(['7d', 'label', '#/quality?window=7d']);
  expect(view.href('live', { window: '1h' })).toBe('#/live?by=label');
});

it('does not believe every address', () => {
  const view = see('live', 'minutes=7&scale=odd&model=&window=2h&by=hand');
  expect([view.minutes(), view.model(), view.log(), view.window(), view.by(), view.params()]).toEqual([5, null, false, '1h', 'prediction', {}]);
});
