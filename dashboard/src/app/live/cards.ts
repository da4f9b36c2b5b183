import { bytes, count, millis, percent, rate } from '../format';
import type { Metrics } from '../link/client';
import type { Pick } from './points';

/** What a card says of a frame. */
export interface Reading {
  readonly value: string;
  readonly unit?: string;
  readonly note?: string;
}

export interface Card {
  readonly id: string;
  readonly label: string;
  /** The line of the last minute. */
  readonly line: Pick;
  /** The least height of the line's scale, so that noise does not look like a mountain. */
  readonly least: number;
  readonly read: (m: Metrics, model: string | null) => Reading;
  /** Whether it follows the filter by model. */
  readonly perModel?: boolean;
}

const whole = (x: number | null | undefined) => `${count(x)}`;
const one = (m: Metrics, model: string | null) => (model === null ? undefined : m.models[model]);

export const accuracyOf: Pick = (m, model) => (model === null ? m.model_accuracy : one(m, model)?.model_accuracy);
export const rowsOf: Pick = (m, model) => (model === null ? m.predictions_per_second : one(m, model)?.predictions_per_second);
export const intervalOf = (m: Metrics, model: string | null) =>
  model === null ? m.accuracy_interval : (one(m, model)?.accuracy_interval ?? null);

/** What is looked at first. */
export const HEADLINES: readonly Card[] = [
  {
    id: 'accuracy', label: 'Accuracy', perModel: true, least: 0.02, line: accuracyOf,
    read: (m, model) => {
      const of = one(m, model) ?? m;
      const error = 'mean_absolute_error' in of ? (of.mean_absolute_error as number | null) : null;
      if (error !== null && error !== undefined) {
        return { value: rate(error), note: `mean absolute error of ${whole(of.labelled)} labelled rows` };
      }
      if (of.model_accuracy === null) return { value: 'no labels yet', note: 'send feedback to measure it' };
      const [low, high] = of.accuracy_interval ?? [null, null];
      return {
        value: percent(of.model_accuracy), unit: '%',
        note: `95 % sure: ${percent(low)} to ${percent(high)} · ${whole(of.labelled)} ${of.labelled === 1 ? 'label' : 'labels'}`,
      };
    },
  },
  {
    id: 'p99', label: 'Latency p99', least: 1, line: (m) => m.latency_ms.p99,
    read: (m) => ({ value: millis(m.latency_ms.p99), unit: 'ms', note: m.latency_ms.max === null ? 'no requests in the last 10 s' : `longest ${millis(m.latency_ms.max)} ms · in the queue ${millis(m.queue_ms.p99)} ms` }),
  },
  {
    id: 'requests', label: 'Requests', perModel: true, least: 1,
    line: (m, model) => (model === null ? m.requests_per_second : rowsOf(m, model)),
    read: (m, model) =>
      model === null
        ? { value: rate(m.requests_per_second), unit: '/s', note: `${rate(m.predictions_per_second)} rows/s predicted` }
        : { value: rate(rowsOf(m, model)), unit: 'rows/s', note: `of ${rate(m.predictions_per_second)} rows/s in all` },
  },
  {
    id: 'errors', label: 'Error rate', least: 0.01, line: (m) => m.error_rate,
    read: (m) => ({ value: percent(m.error_rate, m.error_rate > 0 && m.error_rate < 0.001 ? 2 : 1), unit: '%', note: m.shed_per_second > 0 ? `${rate(m.shed_per_second)} sheds/s` : 'nothing shed' }),
  },
];

/** What explains it. */
export const DETAILS: readonly Card[] = [
  { id: 'p50', label: 'Latency p50', least: 1, line: (m) => m.latency_ms.p50, read: (m) => ({ value: millis(m.latency_ms.p50), unit: 'ms' }) },
  { id: 'p95', label: 'Latency p95', least: 1, line: (m) => m.latency_ms.p95, read: (m) => ({ value: millis(m.latency_ms.p95), unit: 'ms' }) },
  { id: 'users', label: 'Active users', least: 1, line: (m) => m.active_users, read: (m) => ({ value: whole(m.active_users) }) },
  { id: 'sockets', label: 'Sockets', least: 1, line: (m) => m.active_connections, read: (m) => ({ value: whole(m.active_connections) }) },
  {
    id: 'queue', label: 'Queue', perModel: true, least: 1,
    line: (m, model) => one(m, model)?.queue_depth ?? m.queue_depth,
    read: (m, model) => ({ value: whole(one(m, model)?.queue_depth ?? m.queue_depth), unit: 'rows' }),
  },
  { id: 'batch', label: 'Batch size', least: 1, line: (m) => m.batch_rows, read: (m) => ({ value: rate(m.batch_rows), unit: 'rows' }) },
  {
    id: 'workers', label: 'Workers busy', perModel: true, least: 0.1,
    line: (m, model) => one(m, model)?.workers_busy ?? m.workers_busy,
    read: (m, model) => ({ value: percent(one(m, model)?.workers_busy ?? m.workers_busy), unit: '%' }),
  },
  { id: 'cpu', label: 'CPU', least: 10, line: (m) => m.cpu_usage, read: (m) => ({ value: m.cpu_usage.toFixed(1), unit: '%' }) },
  {
    id: 'memory', label: 'Memory', least: 1, line: (m) => m.memory_bytes,
    read: (m) => { const [value, unit] = bytes(m.memory_bytes).split(' '); return { value: value!, unit: unit! }; },
  },
];
