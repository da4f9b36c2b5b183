import { expect, it } from 'vitest';
import { alone, area, line, steps, widen } from './geometry';

it('a line is broken where there is nothing', () => {
  expect(line([[0, 0], [1.04, 2.26], null, [3, 3]])).toBe('M0 0L1 2.3M3 3');
  expect(line([])).toBe('');
});

it('an area goes forth above and back below, in parts', () => {
  expect(area([[0, 1], [1, 1], null, [3, 1]], [[0, 5], [1, 6], [2, 6], [3, 7]])).toBe('M0 1L1 1L1 6L0 5ZM3 1L3 7Z');
  expect(area([null], [[0, 1]])).toBe('');
});

it('knows the dots that no line leads to', () => {
  expect(alone([[0, 0], null, [2, 2], [3, 3], null, [5, 5]])).toEqual([[0, 0], [5, 5]]);
});

it('gives those a width', () => {
  expect(widen([[10, 1], null, [20, 2], [30, 3]], 4)).toEqual([[6, 1], [14, 1], null, [20, 2], [30, 3]]);
});

it('ticks are round, within the scale, and not more than fit', () => {
  expect(steps(0.9, 1, 5)).toEqual([0.9, 0.92, 0.94, 0.96, 0.98, 1].map((v) => expect.closeTo(v, 9)));
  expect(steps(-3, 3, 3)).toEqual([-2, 0, 2].map((v) => expect.closeTo(v, 9)));
  expect(steps(5, 5, 4)).toEqual([5]);
});
