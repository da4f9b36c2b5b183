import { type MetricId, read } from './metrics';
import type { Point } from './points';

/** Numbers over time, wherever they come from. */
export interface Series {
  /** Seconds since 1970, ascending. */
  readonly times: readonly number[];
  /** For each metric that was asked for, a value for each time; null where there is none. */
  readonly columns: readonly (readonly (number | null)[])[];
  /** Seconds from one point to the next, where none is missing. */
  readonly step: number;
}

/** What is asked for: metrics of a model, or with null of all together, in a range of time. */
export interface Range {
  readonly metrics: readonly MetricId[];
  readonly model: string | null;
  /** Seconds since 1970, the ends included. */
  readonly from: number;
  readonly to: number;
}

/** Where charts get their numbers from. One that reads signals draws them anew when they change. */
export interface SeriesSource {
  read(range: Range): Series;
}

/** The frames of the dashboard's socket, one a second. */
export class FrameSource implements SeriesSource {
  constructor(private readonly points: () => readonly Point[]) {}

  read({ metrics, model, from, to }: Range): Series {
    const points = this.points().filter((p) => p.at >= from && p.at <= to);
    return {
      times: points.map((p) => p.at),
      columns: metrics.map((id) => points.map((p) => read(id, p.m, model))),
      step: 1,
    };
  }
}

/** Steps without a point that a line does not bridge. */
const GAP = 2.5;

/** The same with a point of nulls where points are missing, so that lines break there. */
export function withGaps({ times, columns, step }: Series): Series {
  const breaks = times.flatMap((t, i) => (i > 0 && t - times[i - 1]! > GAP * step ? [i] : []));
  if (breaks.length === 0) return { times, columns, step };
  const spread = <T>(list: readonly T[], fill: (i: number) => T): T[] => {
    let from = 0;
    const parts = breaks.map((i) => {
      const part = [...list.slice(from, i), fill(i)];
      from = i;
      return part;
    });
    return [...parts.flat(), ...list.slice(from)];
  };
  return {
    times: spread(times, (i) => times[i - 1]! + step),
    columns: columns.map((column) => spread<number | null>(column, () => null)),
    step,
  };
}
