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
