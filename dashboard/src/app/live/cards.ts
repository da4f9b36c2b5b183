import { bytes, count, millis, percent, rate } from '../format';
import type { Metrics } from '../link/client';
import type { Measure } from '../views/kinds';
import { labelledOf, type MetricId, qualityOf, read } from './metrics';

/** What a card says of a frame. */
export interface Reading {
  readonly value: string;
  readonly unit?: string | undefined;
  readonly note?: string | undefined;
}

export interface Card {
  readonly id: string;
  readonly label: string;
  /** The line of the last minute. */
  readonly line: MetricId;
  /** The least height of the line's scale, so that noise does not look like a mountain. */
  readonly least: number;
  readonly read: (m: Metrics, model: string | null) => Reading;
  /** Whether it follows the filter by model. */
  readonly perModel?: boolean;
  /** Whether the line's scale starts near the values instead of at zero. */
  readonly close?: boolean;
}

const whole = (x: number | null | undefined) => `${count(x)}`;

/** The card of how right the models are, by their measure. */
export function qualityCard(measure: Measure | null): Card | null {
  if (!measure) return null;
  return {
    id: 'accuracy', label: `${measure.title}, last 5 min`, perModel: true, least: 0.02, close: true, line: measure.metric,
    read: (m, model) => {
      const q = qualityOf(m, model);
      const labels = q && q.labelled > 0 ? `${whole(q.labelled)} ${q.labelled === 1 ? 'label' : 'labels'}` : null;
      if (!q || labels === null) {
        return labelledOf(m, model) > 0 ? { value: 'no labels', note: 'for predictions of the last 5 minutes' } : { value: 'no labels yet', note: 'send feedback to measure it' };
      }
      if (!measure.share) return { value: measure.text(q.mean_absolute_error), note: labels };
      if (q.accuracy === null) return { value: 'per model', note: 'choose one: regressions are measured by their error' };
      const [low, high] = q.accuracy_interval ?? [null, null];
      return { value: percent(q.accuracy), unit: '%', note: `95 % interval ${percent(low)} to ${percent(high)} · ${labels}` };
    },
  };
}

/** In place of it, of models that no label can tell of. */
export const UNMEASURED: Card = {
  id: 'accuracy', label: 'Quality', perModel: true, least: 1, line: 'accuracy',
  read: () => ({ value: 'not measured', note: 'no label tells whether a vector is right' }),
};

/** What is looked at first, beside how right the models are. */
export const HEADLINES: readonly Card[] = [
  {
    id: 'p99', label: 'Latency p99', perModel: true, least: 0.1, line: 'latency_p99_ms',
    read: (m, model) => {
      const longest = read('latency_max_ms', m, model);
      const note = longest === null ? 'no requests in the last 10 s' : `longest ${millis(longest)} ms · in the queue ${millis(read('queue_p99_ms', m, model))} ms`;
      return { value: millis(read('latency_p99_ms', m, model)), unit: 'ms', note };
    },
  },
  {
    id: 'requests', label: 'Requests', perModel: true, least: 1, line: 'requests_per_second',
    read: (m, model) => ({ value: rate(read('requests_per_second', m, model)), unit: '/s', note: `${rate(read('predictions_per_second', m, model))} rows/s predicted` }),
  },
  {
    id: 'errors', label: 'Error rate, last 10 s', perModel: true, least: 0.01, line: 'error_rate',
    read: (m, model) => {
      const share = read('error_rate', m, model), shed = read('shed_per_second', m, model) ?? 0;
      return { value: percent(share, share !== null && share > 0 && share < 0.001 ? 2 : 1), unit: '%', note: shed > 0 ? `${rate(shed)} sheds/s` : 'nothing shed' };
    },
  },
];

/** What explains it. */
export const DETAILS: readonly Card[] = [
  plain('p50', 'Latency p50', 'latency_p50_ms', { perModel: true, least: 0.1 }, millis, 'ms'),
  plain('p95', 'Latency p95', 'latency_p95_ms', { perModel: true, least: 0.1 }, millis, 'ms'),
  plain('users', 'Active users', 'active_users', { least: 1 }, whole),
  plain('sockets', 'Sockets', 'active_connections', { least: 1 }, whole),
  plain('queue', 'Queue', 'queue_depth', { perModel: true, least: 1 }, whole, 'rows'),
  plain('batch', 'Batch size', 'batch_rows', { perModel: true, least: 1 }, rate, 'rows'),
  plain('workers', 'Workers busy', 'workers_busy', { perModel: true, least: 0.1 }, percent, '%'),
  {
    id: 'cpu', label: 'CPU, machine', least: 10, line: 'cpu_usage',
    read: (m) => ({ value: m.cpu_usage.toFixed(1), unit: '%', note: m.process_cpu_usage === undefined ? undefined : `this process ${m.process_cpu_usage.toFixed(1)} %` }),
  },
  {
    id: 'memory', label: 'Memory', least: 1, close: true, line: 'memory_bytes',
    read: (m) => { const [value, unit] = bytes(m.memory_bytes).split(' '); return { value: value!, unit: unit! }; },
  },
];

/** A card of one number. */
function plain(id: string, label: string, line: MetricId, of: { perModel?: boolean; least: number }, text: (x: number | null) => string, unit?: string): Card {
  return { id, label, line, ...of, read: (m, model) => ({ value: text(read(line, m, model)), unit }) };
}
