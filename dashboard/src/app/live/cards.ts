import { bytes, count, millis, percent, rate } from '../format';
import type { Metrics } from '../link/client';
import type { Pick } from './points';

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
  readonly line: Pick;
  /** The least height of the line's scale, so that noise does not look like a mountain. */
  readonly least: number;
  readonly read: (m: Metrics, model: string | null) => Reading;
  /** Whether it follows the filter by model. */
  readonly perModel?: boolean;
  /** Its label where that depends on the model. */
  readonly title?: (m: Metrics, model: string | null) => string;
  /** Whether the line's scale starts near the values instead of at zero. */
  readonly close?: boolean;
}

const whole = (x: number | null | undefined) => `${count(x)}`;
const one = (m: Metrics, model: string | null) => (model === null ? undefined : m.models[model]);
/** What a frame says of a model, or of all together. */
const of = (m: Metrics, model: string | null) => one(m, model) ?? m;

export const RANGES = [
  { id: 'last_5m', label: 'Last 5 minutes' },
  { id: 'last_1h', label: 'Last hour' },
  { id: 'since_start', label: 'Since the server started' },
] as const;

/** What labels say of a range of time, by when the predictions were made; null
 * from a server that does not tell. */
export const qualityOf = (m: Metrics, model: string | null, range: (typeof RANGES)[number]['id'] = 'last_5m') => of(m, model).quality?.[range] ?? null;
export const isRegression = (m: Metrics, model: string | null) => 'mean_absolute_error' in of(m, model);

export const accuracyOf: Pick = (m, model) => qualityOf(m, model)?.accuracy;
export const errorOf: Pick = (m, model) => qualityOf(m, model)?.mean_absolute_error;
export const intervalOf = (m: Metrics, model: string | null) => qualityOf(m, model)?.accuracy_interval ?? null;
export const rowsOf: Pick = (m, model) => of(m, model).predictions_per_second;
/** Values that all models have, and each since the server tells of it. */
export const latencyOf = (m: Metrics, model: string | null) => (model === null ? m.latency_ms : one(m, model)?.latency_ms);
export const requestsOf: Pick = (m, model) => (model === null ? m.requests_per_second : one(m, model)?.requests_per_second);
export const shedOf: Pick = (m, model) => (model === null ? m.shed_per_second : one(m, model)?.shed_per_second);
const errorsOf: Pick = (m, model) => (model === null ? m.error_rate : one(m, model)?.error_rate);
const queueOf = (m: Metrics, model: string | null) => (model === null ? m.queue_ms : one(m, model)?.queue_ms);
export const batchOf: Pick = (m, model) => (model === null ? m.batch_rows : one(m, model)?.batch_rows);

/** What is looked at first. */
export const HEADLINES: readonly Card[] = [
  {
    id: 'accuracy', label: 'Accuracy, last 5 min', perModel: true, least: 0.02, close: true,
    title: (m, model) => (isRegression(m, model) ? 'Mean absolute error, last 5 min' : 'Accuracy, last 5 min'),
    line: (m, model) => (isRegression(m, model) ? errorOf(m, model) : accuracyOf(m, model)),
    read: (m, model) => {
      const q = qualityOf(m, model);
      const labels = q && q.labelled > 0 ? `${whole(q.labelled)} ${q.labelled === 1 ? 'label' : 'labels'}` : null;
      if (!q || labels === null) {
        return of(m, model).labelled > 0 ? { value: 'no labels', note: 'for predictions of the last 5 minutes' } : { value: 'no labels yet', note: 'send feedback to measure it' };
      }
      if (isRegression(m, model)) return { value: rate(q.mean_absolute_error), note: labels };
      if (q.accuracy === null) return { value: 'per model', note: 'choose one: regressions are measured by their error' };
      const [low, high] = q.accuracy_interval ?? [null, null];
      return { value: percent(q.accuracy), unit: '%', note: `95 % interval ${percent(low)} to ${percent(high)} · ${labels}` };
    },
  },
  {
    id: 'p99', label: 'Latency p99', perModel: true, least: 0.1, line: (m, model) => latencyOf(m, model)?.p99,
    read: (m, model) => {
      const l = latencyOf(m, model);
      const note = l?.max == null ? 'no requests in the last 10 s' : `longest ${millis(l.max)} ms · in the queue ${millis(queueOf(m, model)?.p99)} ms`;
      return { value: millis(l?.p99), unit: 'ms', note };
    },
  },
  {
    id: 'requests', label: 'Requests', perModel: true, least: 1, line: requestsOf,
    read: (m, model) => ({ value: rate(requestsOf(m, model)), unit: '/s', note: `${rate(rowsOf(m, model))} rows/s predicted` }),
  },
  {
    id: 'errors', label: 'Error rate, last 10 s', perModel: true, least: 0.01, line: errorsOf,
    read: (m, model) => {
      const share = errorsOf(m, model), shed = shedOf(m, model) ?? 0;
      return { value: percent(share, share != null && share > 0 && share < 0.001 ? 2 : 1), unit: '%', note: shed > 0 ? `${rate(shed)} sheds/s` : 'nothing shed' };
    },
  },
];

/** What explains it. */
export const DETAILS: readonly Card[] = [
  { id: 'p50', label: 'Latency p50', perModel: true, least: 0.1, line: (m, model) => latencyOf(m, model)?.p50, read: (m, model) => ({ value: millis(latencyOf(m, model)?.p50), unit: 'ms' }) },
  { id: 'p95', label: 'Latency p95', perModel: true, least: 0.1, line: (m, model) => latencyOf(m, model)?.p95, read: (m, model) => ({ value: millis(latencyOf(m, model)?.p95), unit: 'ms' }) },
  { id: 'users', label: 'Active users', least: 1, line: (m) => m.active_users, read: (m) => ({ value: whole(m.active_users) }) },
  { id: 'sockets', label: 'Sockets', least: 1, line: (m) => m.active_connections, read: (m) => ({ value: whole(m.active_connections) }) },
  {
    id: 'queue', label: 'Queue', perModel: true, least: 1,
    line: (m, model) => one(m, model)?.queue_depth ?? m.queue_depth,
    read: (m, model) => ({ value: whole(one(m, model)?.queue_depth ?? m.queue_depth), unit: 'rows' }),
  },
  { id: 'batch', label: 'Batch size', perModel: true, least: 1, line: batchOf, read: (m, model) => ({ value: rate(batchOf(m, model)), unit: 'rows' }) },
  {
    id: 'workers', label: 'Workers busy', perModel: true, least: 0.1,
    line: (m, model) => one(m, model)?.workers_busy ?? m.workers_busy,
    read: (m, model) => ({ value: percent(one(m, model)?.workers_busy ?? m.workers_busy), unit: '%' }),
  },
  {
    id: 'cpu', label: 'CPU, machine', least: 10, line: (m) => m.cpu_usage,
    read: (m) => ({ value: m.cpu_usage.toFixed(1), unit: '%', note: m.process_cpu_usage === undefined ? undefined : `this process ${m.process_cpu_usage.toFixed(1)} %` }),
  },
  {
    id: 'memory', label: 'Memory', least: 1, close: true, line: (m) => m.memory_bytes,
    read: (m) => { const [value, unit] = bytes(m.memory_bytes).split(' '); return { value: value!, unit: unit! }; },
  },
];
