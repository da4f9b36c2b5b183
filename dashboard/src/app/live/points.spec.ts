import { describe, expect, it } from 'vitest';
import { KEPT, mergePoints, type Point } from './points';

const at = (...times: number[]): Point[] => times.map((t) => ({ at: t, m: { queue_depth: t } as Point['m'] }));
const times = (points: readonly Point[]) => points.map((p) => p.at);

describe('mergePoints', () => {
  for (const [what, old, incoming, want] of [
    ['the next second', [1, 2], [3], [1, 2, 3]],
    ['a history that overlaps', [1, 2, 3], [2, 3, 4], [1, 2, 3, 4]],
    ['a history that is all we had and more', [5, 6], [1, 5, 6, 7], [1, 5, 6, 7]],
    ['a restarted server, after a gap', [1, 2, 3], [9, 10], [1, 2, 3, 9, 10]],
    ['an empty history', [1, 2], [], [1, 2]],
    ['a clock set back', [100, 101, 102], [50], [50]],
  ] as const) {
    it(what, () => expect(times(mergePoints(at(...old), at(...incoming)))).toEqual(want));
  }

  it('keeps ten minutes, however long it runs', () => {
    let points: readonly Point[] = [];
    for (let t = 0; t < 5000; t++) points = mergePoints(points, at(t));
    expect(points.length).toBe(KEPT);
    expect(points.at(-1)?.at).toBe(4999);
  });
});
