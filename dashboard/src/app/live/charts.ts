import { count, millis, percent, rate } from '../format';
import { accuracyOf, intervalOf, rowsOf } from './cards';
import type { Pick } from './points';

export interface Series {
  readonly label: string;
  readonly pick: Pick;
  /** The name of its colour, a custom property in the style sheet. */
  readonly colour: string;
  /** Drawn as the edge of a band, which the legend gives one entry for. */
  readonly edge?: boolean;
}

export interface ChartSpec {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly series: readonly Series[];
  readonly text: (value: number | null | undefined) => string;
  /** The scale for values that reach from low to high. */
  readonly scale: (low: number, high: number) => [number, number];
  /** Indices into series, upper and lower, between which a band is filled. */
  readonly band?: readonly [number, number];
  readonly empty: string;
}

const upFromZero = (least: number) => (_: number, high: number): [number, number] => [0, Math.max(least, high * 1.12)];

export const CHARTS: readonly ChartSpec[] = [
  {
    id: 'latency', title: 'Latency', unit: 'ms', text: millis, scale: upFromZero(1),
    empty: 'No request was answered in this time.',
    series: [
      { label: 'p99', pick: (m) => m.latency_ms.p99, colour: '--series-strong' },
      { label: 'p95', pick: (m) => m.latency_ms.p95, colour: '--series-middle' },
      { label: 'p50', pick: (m) => m.latency_ms.p50, colour: '--series-soft' },
    ],
  },
  {
    id: 'throughput', title: 'Throughput', unit: 'per second', text: rate, scale: upFromZero(1),
    empty: 'Nothing was measured in this time.',
    series: [
      { label: 'rows predicted', pick: rowsOf, colour: '--series-soft' },
      { label: 'requests', pick: (m) => m.requests_per_second, colour: '--series-strong' },
      { label: 'sheds', pick: (m) => m.shed_per_second, colour: '--series-alarm' },
    ],
  },
  {
    id: 'accuracy', title: 'Accuracy', unit: '% of labelled rows', text: (x) => percent(x),
    scale: (low, high) => {
      const room = Math.max(0.01, (high - low) * 0.5); // for the band, which does not count
      return [Math.max(0, low - room), Math.min(1, high + room)];
    },
    empty: 'No labels yet: accuracy is measured from the labels that clients send.',
    band: [1, 2],
    series: [
      { label: 'measured', pick: accuracyOf, colour: '--series-strong' },
      { label: 'upper', pick: (m, model) => intervalOf(m, model)?.[1], colour: '--series-soft', edge: true },
      { label: 'lower', pick: (m, model) => intervalOf(m, model)?.[0], colour: '--series-soft', edge: true },
    ],
  },
  {
    id: 'batch', title: 'Batch size', unit: 'rows', text: (x) => (x != null && x >= 100 ? count(x) : rate(x)), scale: upFromZero(2),
    empty: 'No batch ran in this time.',
    series: [{ label: 'mean', pick: (m) => m.batch_rows, colour: '--series-strong' }],
  },
];
