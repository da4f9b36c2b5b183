import { expect, it } from 'vitest';
import { cheapest, cost, nearest, scoresAt } from './cutoff';

const points = [
  { threshold: 0, tp: 10, fp: 90, fn: 0, tn: 0 },
  { threshold: 0.4, tp: 9, fp: 10, fn: 1, tn: 80 },
  { threshold: 0.6, tp: 8, fp: 9, fn: 2, tn: 81 },
  { threshold: 1, tp: 0, fp: 0, fn: 10, tn: 90 },
];

it('tells the usual scores of a threshold, and nothing of no rows', () => {
  expect(scoresAt(points[1]!)).toEqual({ precision: 9 / 19, recall: 0.9, falsePositives: 10 / 90, f1: 18 / 29, accuracy: 0.89 });
  expect(scoresAt(points[3]!)).toMatchObject({ precision: null, recall: 0, f1: 0 });
  expect(scoresAt({ threshold: 0, tp: 0, fp: 0, fn: 0, tn: 0 })).toEqual({ precision: null, recall: null, falsePositives: null, f1: null, accuracy: null });
});

it('the cheapest threshold depends on what mistakes cost', () => {
  expect(cost(points[1]!, { tp: -1, fp: 2, fn: 5, tn: 0 })).toBe((-9 + 20 + 5) / 100);
  expect(cheapest(points, { tp: 0, fp: 0, fn: 1, tn: 0 })).toBe(0);
  expect(cheapest(points, { tp: 0, fp: 1, fn: 0, tn: 0 })).toBe(3);
  expect(cheapest(points, { tp: 0, fp: 1, fn: 20, tn: 0 })).toBe(1);
  expect(cheapest(points, { tp: 0, fp: 1, fn: 1, tn: 0 })).toBe(3);
});

it('of equals the first run is met in the middle', () => {
  const even = points.map((p) => ({ ...p, tp: 1, fp: 1, fn: 1, tn: 1 }));
  expect(cheapest(even, { tp: 0, fp: 1, fn: 1, tn: 0 })).toBe(1);
  expect(cheapest([], { tp: 0, fp: 1, fn: 1, tn: 0 })).toBe(0);
  expect(nearest(points, 0.55)).toBe(2);
});
