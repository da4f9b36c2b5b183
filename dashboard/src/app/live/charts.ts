import { count, millis, percent, rate } from '../format';
import type { Measure } from '../views/kinds';
import type { MetricId } from './metrics';

export interface Line {
  readonly label: string;
  readonly metric: MetricId;
  /** The name of its colour, a custom property in the style sheet. */
  readonly colour: string;
  /** What the number is, for whoever points at it. */
  readonly help?: string;
  /** Drawn with gaps, to be told apart without colours. */
  readonly dash?: number[];
  /** In pixels, where it must be seen beneath another. */
  readonly width?: number;
  /** Drawn as the edge of a band, which the legend gives one entry for. */
  readonly edge?: boolean;
}

export interface ChartSpec {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly series: readonly Line[];
  /** What it shows, for whoever points at the title. */
  readonly help: string;
  /** Whether it can be drawn on a logarithmic scale. */
  readonly log?: boolean;
  readonly text: (value: number | null | undefined) => string;
  /** The scale for values that reach from low to high. */
  readonly scale: (low: number, high: number) => [number, number];
  /** Indices into series, upper and lower, between which a band is filled. */
  readonly band?: readonly [number, number];
  readonly empty: string;
  /** What the axis multiplies values by: 100 for shares in percent. */
  readonly axis?: number;
}

const upFromZero = (least: number) => (_: number, high: number): [number, number] => [0, Math.max(least, high * 1.12) || 1];

const CHARTS: readonly ChartSpec[] = [
  {
    id: 'latency', title: 'Latency', unit: 'ms', text: millis, scale: upFromZero(0.05), log: true,
    help: 'From the arrival of a request to its reply being handed to the socket, over the last 10 seconds',
    empty: 'No request was answered in this time.',
    series: [
      { label: 'p99', metric: 'latency_p99_ms', colour: '--series-p99', help: '99 of 100 requests were answered in this time' },
      { label: 'p95', metric: 'latency_p95_ms', colour: '--series-p95', dash: [6, 3], help: '95 of 100 requests were answered in this time' },
      { label: 'p50', metric: 'latency_p50_ms', colour: '--series-p50', dash: [2, 3], help: 'Half of the requests were answered in this time' },
    ],
  },
  {
    id: 'throughput', title: 'Throughput', unit: 'per second', text: rate, scale: upFromZero(1),
    help: 'In the second before: requests that arrived, rows that were predicted, requests that were refused because the queue was full',
    empty: 'Nothing was measured in this time.',
    series: [
      { label: 'rows predicted', metric: 'predictions_per_second', colour: '--series-soft', width: 4, help: 'Rows that the model predicted; a request may have many' },
      { label: 'requests', metric: 'requests_per_second', colour: '--series-strong' },
      { label: 'sheds', metric: 'shed_per_second', colour: '--series-alarm' },
    ],
  },
  {
    id: 'batch', title: 'Batch size', unit: 'rows', help: 'Rows that ran together, the mean of the batches of the second before', text: (x) => (x != null && x >= 100 ? count(x) : rate(x)), scale: upFromZero(2),
    empty: 'No batch ran in this time.',
    series: [{ label: 'mean', metric: 'batch_rows', colour: '--series-strong' }],
  },
];

/** The charts, with that of how right the models are by their measure. */
export function chartsFor(measure: Measure | null): readonly ChartSpec[] {
  if (!measure) return CHARTS;
  const [latency, throughput, ...rest] = CHARTS;
  return [latency!, throughput!, qualityChart(measure), ...rest];
}

function qualityChart({ metric, title, share, text }: Measure): ChartSpec {
  if (!share) {
    return {
      id: 'error', title, unit: 'over 5 minutes', text, scale: upFromZero(0),
      help: 'At each moment: how far the labelled predictions of the five minutes before it were from their labels, on average',
      empty: 'No labels in this time: the error is measured from the labels that clients send.',
      series: [{ label: 'measured', metric, colour: '--series-strong' }],
    };
  }
  return {
    id: 'accuracy', title, unit: '% of the labelled rows, over 5 minutes', axis: 100, text: (x) => percent(x),
    help: 'At each moment: right answers among the labelled predictions of the five minutes before it, with the 95 % confidence interval',
    scale: (low, high) => {
      const room = Math.max(0.01, (high - low) * 0.5); // for the band, which does not count
      return [Math.max(0, low - room), Math.min(1, high + room)];
    },
    empty: 'No labels yet: accuracy is measured from the labels that clients send.',
    band: [1, 2],
    series: [
      { label: 'measured', metric, colour: '--series-strong' },
      { label: 'upper', metric: 'accuracy_high', colour: '--series-soft', edge: true },
      { label: 'lower', metric: 'accuracy_low', colour: '--series-soft', edge: true },
    ],
  };
}
