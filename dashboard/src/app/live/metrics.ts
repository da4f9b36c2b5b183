import type { Metrics, ModelMetrics } from '../link/client';

/** What a frame says of a model, or of all together: what it does not tell of a model is not that of all. */
const of = (m: Metrics, model: string | null): Metrics | Partial<ModelMetrics> => (model === null ? m : (m.models[model] ?? {}));

export const QUALITY_RANGES = [
  { id: 'last_5m', label: 'Last 5 minutes' },
  { id: 'last_1h', label: 'Last hour' },
  { id: 'since_start', label: 'Since counting began' },
] as const;

/** What labels say of a range of time, by when the predictions were made; null
 * from a server that does not tell. */
export const qualityOf = (m: Metrics, model: string | null, range: (typeof QUALITY_RANGES)[number]['id'] = 'last_5m') => of(m, model).quality?.[range] ?? null;
export const labelledOf = (m: Metrics, model: string | null): number => of(m, model).labelled ?? 0;

/** Everything that can be drawn over time, by a name that says nothing of where it comes from. */
const READ = {
  requests_per_second: (m, model) => of(m, model).requests_per_second,
  predictions_per_second: (m, model) => of(m, model).predictions_per_second,
  shed_per_second: (m, model) => of(m, model).shed_per_second,
  error_rate: (m, model) => of(m, model).error_rate,
  latency_p50_ms: (m, model) => of(m, model).latency_ms?.p50,
  latency_p95_ms: (m, model) => of(m, model).latency_ms?.p95,
  latency_p99_ms: (m, model) => of(m, model).latency_ms?.p99,
  latency_max_ms: (m, model) => of(m, model).latency_ms?.max,
  queue_p99_ms: (m, model) => of(m, model).queue_ms?.p99,
  queue_depth: (m, model) => of(m, model).queue_depth,
  batch_rows: (m, model) => of(m, model).batch_rows,
  workers_busy: (m, model) => of(m, model).workers_busy,
  accuracy: (m, model) => qualityOf(m, model)?.accuracy,
  accuracy_low: (m, model) => qualityOf(m, model)?.accuracy_interval?.[0],
  accuracy_high: (m, model) => qualityOf(m, model)?.accuracy_interval?.[1],
  mean_absolute_error: (m, model) => qualityOf(m, model)?.mean_absolute_error,
  active_users: (m) => m.active_users,
  active_connections: (m) => m.active_connections,
  cpu_usage: (m) => m.cpu_usage,
  memory_bytes: (m) => m.memory_bytes,
} satisfies Record<string, (m: Metrics, model: string | null) => number | null | undefined>;

export type MetricId = keyof typeof READ;

/** One number of a frame: of a model, or with null of all together. */
export const read = (id: MetricId, m: Metrics, model: string | null): number | null => READ[id](m, model) ?? null;
