import type { CurvePoint } from '../link/client';

/** What each outcome of a row costs: in any unit, below 0 for a gain. */
export interface Costs {
  readonly tp: number;
  readonly fp: number;
  readonly fn: number;
  readonly tn: number;
}

const share = (part: number, whole: number) => (whole > 0 ? part / whole : null);

/** How right answers are with a threshold. */
export function scoresAt({ tp, fp, fn, tn }: CurvePoint) {
  return {
    precision: share(tp, tp + fp),
    recall: share(tp, tp + fn),
    falsePositives: share(fp, fp + tn),
    f1: share(2 * tp, 2 * tp + fp + fn),
    accuracy: share(tp + tn, tp + fp + fn + tn),
  };
}

/** What a row costs with a threshold, on average; null without rows. */
export function cost(p: CurvePoint, c: Costs): number | null {
  return share(p.tp * c.tp + p.fp * c.fp + p.fn * c.fn + p.tn * c.tn, p.tp + p.fp + p.fn + p.tn);
}

/** The place of the threshold that costs least: of several the one in the middle of the first run. */
export function cheapest(points: readonly CurvePoint[], costs: Costs): number {
  const all = points.map((p) => cost(p, costs) ?? Infinity);
  const least = Math.min(...all), first = all.indexOf(least);
  if (first < 0) return 0;
  let last = first;
  while (all[last + 1] === least) last++;
  return Math.floor((first + last) / 2);
}

/** The place of the threshold that is nearest to a value. */
export function nearest(points: readonly CurvePoint[], threshold: number): number {
  let best = 0;
  points.forEach((p, i) => { if (Math.abs(p.threshold - threshold) < Math.abs(points[best]!.threshold - threshold)) best = i; });
  return best;
}
