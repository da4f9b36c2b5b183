import type { Metrics } from '../link/client';

/** How many points are kept: ten minutes, as many as the server keeps. */
export const KEPT = 600;

/** A frame with its time in seconds since 1970, which is what charts count in. */
export interface Point {
  readonly at: number;
  readonly m: Metrics;
}

export const point = (m: Metrics): Point => ({ at: Date.parse(m.timestamp) / 1000, m });

/**
 * Adds newer points to older ones. What comes last is right about its time: a
 * history that begins before the end of what we hold takes the place of that
 * part, a server that was restarted goes on after a gap, and after a clock was
 * set back what now lies in the future is gone.
 */
export function mergePoints(old: readonly Point[], incoming: readonly Point[]): readonly Point[] {
  const first = incoming[0];
  if (!first) return old;
  return [...old.filter((p) => p.at < first.at), ...incoming].slice(-KEPT);
}

/** The points of the last so many seconds before the newest. */
export function windowOf(points: readonly Point[], seconds: number): readonly Point[] {
  const last = points.at(-1);
  return last ? points.filter((p) => p.at > last.at - seconds) : points;
}

export type Pick = (m: Metrics, model: string | null) => number | null | undefined;

/** Seconds without a point that a line does not bridge. */
const GAP = 2.6;

/** Columns for a chart: times, then one column for each pick, null in gaps. */
export function columns(points: readonly Point[], picks: readonly Pick[], model: string | null): (number | null)[][] {
  const table: (number | null)[][] = [[], ...picks.map(() => [])];
  let before: number | null = null;
  for (const p of points) {
    if (before !== null && p.at - before > GAP) {
      table[0]!.push(before + 1);
      for (let i = 0; i < picks.length; i++) table[i + 1]!.push(null);
    }
    before = p.at;
    table[0]!.push(p.at);
    picks.forEach((pick, i) => table[i + 1]!.push(pick(p.m, model) ?? null));
  }
  return table;
}
