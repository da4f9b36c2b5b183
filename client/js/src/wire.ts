// What the server says in JSON, as it stands on the wire: of its models, of
// how right they are, and what /ws/dashboard sends. Field names are those of
// the protocol; a number is null where nothing was measured. Fields that came
// later are absent from older servers, and say so with a question mark. Who one
// is, and notices, stand in access.ts.
import type { Notification } from './access.js';
import type { AccuracyEstimate, CalibratorInfo, DriftInfo, QualityOverTime, QualityStore, SetsInfo, TopK } from './quality.js';

/** What an output of a model says of a row: a class, labels of which any number may hold, numbers, or a vector. */
export type OutputKind = 'class' | 'labels' | 'values' | 'vector';

/** One output of a model. */
export interface OutputInfo {
  name: string;
  kind: OutputKind;
  /** Its scores of a row; those of all outputs stand one after the other. */
  width: number;
  /** Of the kinds `class` and `labels`, in the order of scores. */
  classes?: string[];
  /** The probability from which each label holds; absent for 0.5. */
  thresholds?: number[];
}

/** One feature of a model that gives its features names. */
export interface ColumnInfo {
  name: string;
  /** `number` or `category`. */
  kind: string;
  /** What a category may be. */
  categories?: string[];
  /** Whether it may be missing. */
  missing?: boolean;
  /** What becomes of a category that is not listed: `refuse`, `missing` or `own`. */
  unknown?: string;
}

/** A model as the server describes it. */
export interface ModelInfo {
  name: string;
  version: string;
  task: 'classification' | 'regression' | 'labels' | 'vector';
  /** How many features a row has. */
  features: number;
  /** Classes in the order of scores; empty for a model that has none. */
  classes: string[];
  /** What it says of a row; the first is `prediction`. This and what follows is absent from older servers. */
  outputs?: OutputInfo[];
  /** Its features by name; empty where they have none. */
  columns?: ColumnInfo[];
  /** Whether some feature may be missing. */
  missing?: boolean;
}

/** The server's greeting. */
export interface Hello {
  type: 'hello';
  session: string;
  /** The default comes first. */
  models: ModelInfo[];
  limits: {
    /** Rows that this connection may have in flight. */
    window: number;
    /** Rows in one request. */
    max_rows: number;
    /** Bytes in one message. */
    max_bytes: number;
  };
}

/** One model in the answer of `GET /api/models`. */
export interface ModelFacts extends ModelInfo {
  default: boolean;
  engine: string;
  workers: number;
  max_batch: number;
  file: string | null;
  bytes: number | null;
  sha256: string | null;
  golden: { rows: number; max_diff: number; tolerance: number; duration_ms: number } | null;
  /** Which library the model came from. This and what follows is absent from older servers. */
  source?: { library?: string; version?: string; format?: string } | null;
  /** Processes that run the model; none where the server does it itself. */
  processes?: ModelProcess[];
  /** What rows usually hold, from a sample in the bundle; one range per feature. */
  reference?: { rows: number; features: FeatureRange[] } | null;
}

/** A process that runs a model. */
export interface ModelProcess {
  /** 0 while there is none. */
  pid: number;
  /** `waiting`: it died, and is started again after a pause. */
  state: 'ready' | 'starting' | 'waiting';
  /** Since the model was loaded. */
  restarts: number;
  /** Resident; 0 where that is not known. */
  memory_bytes: number;
}

/** What a sample has of one feature. */
export interface FeatureRange {
  /** Of the values that were there; null of categories. */
  min: number | null;
  median: number | null;
  max: number | null;
  /** The share of rows without the value, 0 to 1. */
  missing: number;
  /** Rows of each category, and of one more for those in no list; null of numbers. */
  counts: number[] | null;
}

/** The answer of `GET /api/models`. */
export type ModelsAnswer = { models: ModelFacts[] };

/** A range of confidence, and how right the answers in it were. */
export interface CalibrationBin {
  lower: number;
  upper: number;
  count: number;
  mean_confidence: number | null;
  accuracy: number | null;
}

/** How right one label of the kind `labels` was told. */
export interface LabelQuality {
  label: string;
  true_positive: number;
  false_positive: number;
  false_negative: number;
  true_negative: number;
  precision: number | null;
  recall: number | null;
  f1: number | null;
}

/** How far one of several numbers was from its truth. */
export interface ValueQuality {
  mean_absolute_error: number | null;
  root_mean_square_error: number | null;
}

/** One model in the answer of `GET /api/quality`. */
export interface ModelQuality {
  name: string;
  version: string;
  task: ModelInfo['task'];
  /** Of its first output. */
  kind?: OutputKind;
  classes: string[];
  predicted: number;
  labelled: number;
  correct: number;
  /** Of the kind `labels` the exact-match ratio: the share of rows of which every label was told right. */
  accuracy: number | null;
  /** Its 95 % Wilson interval. */
  accuracy_interval: [number, number] | null;
  label_coverage: number | null;
  mean_absolute_error: number | null;
  root_mean_square_error: number | null;
  /** Rows are true classes, columns are guesses. */
  confusion: number[][] | null;
  calibration: CalibrationBin[] | null;
  calibration_error: number | null;
  label_delay_ms: { p50: number; p95: number; p99: number; max: number } | null;
  /** Of the kind `labels`. */
  labels?: LabelQuality[] | null;
  micro_f1?: number | null;
  macro_f1?: number | null;
  /** The share of labels, over all rows, that were told wrong. */
  hamming_loss?: number | null;
  /** Of the kind `values` with more than one. */
  values?: ValueQuality[] | null;
  /** How confidences are made right; this and what follows is absent from older servers. */
  calibrator?: CalibratorInfo | null;
  sets?: SetsInfo | null;
  /** Null where the bundle has no reference to compare with. */
  drift?: DriftInfo | null;
  estimate?: AccuracyEstimate | null;
  /** Of three classes and more. */
  top_k?: TopK[] | null;
  /** Where a window was asked for. */
  over_time?: QualityOverTime | null;
}

/** The answer of `GET /api/quality`. */
export type QualityAnswer = {
  models: ModelQuality[];
  /** Absent from servers that keep no history. */
  store?: QualityStore;
};

/** An alert in the answer of `GET /api/alerts`: with the number of the frame of metrics in which it changed. */
export type RecordedAlert = Alert & { seq: number };

/** The answer of `GET /api/alerts`. */
export type AlertsAnswer = { alerts: RecordedAlert[] };

/** What a refused HTTP request answers, as `application/problem+json` (RFC 9457). */
export interface Problem {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  /** The server's code of the error. */
  code?: string;
}

/** What `/ws/dashboard` sends; a subscription names its fields as they are here. */
export type DashboardFrame<M = Metrics> = History<M> | M | Alert | Note | Presence | Typing | Notification;

/** Fields that every frame of metrics has. */
type Always = 'type' | 'seq' | 'timestamp';

/** Metrics after a `subscribe` that names fields: those are there, others may be. Names that are known at run time alone may all be absent. */
export type FilteredMetrics<F extends keyof Metrics> = Pick<Metrics, Always> &
  (keyof Metrics extends F ? unknown : Pick<Metrics, F>) &
  Partial<Omit<Metrics, Always>>;

/** Metrics as one comes by them who subscribed to the fields `F`, or, with `never`, to all. */
export type MetricsOf<F extends keyof Metrics> = [F] extends [never] ? Metrics : FilteredMetrics<F>;

/** The first frame of every connection: up to the last 600 metrics, oldest first. Alerts that fire, notes and presence follow anew. */
export interface History<M = Metrics> {
  type: 'history';
  points: M[];
}

/** The measurements of one second. After a `subscribe` that names fields, only those are there: see {@link FilteredMetrics}. */
export interface Metrics {
  type: 'metrics';
  /** Counts frames since the server started. */
  seq: number;
  /** RFC 3339, UTC. */
  timestamp: string;
  active_connections: number;
  active_users: number;
  requests_per_second: number;
  /** Rows. */
  predictions_per_second: number;
  /** Share of requests answered with an error or shed, 0 to 1, over the last 10 s. */
  error_rate: number;
  shed_per_second: number;
  /** Share of right answers among the labelled ones since the server started; null without labels. */
  model_accuracy: number | null;
  /** Its 95 % Wilson interval. */
  accuracy_interval: [number, number] | null;
  /** Rows with a label. */
  labelled: number;
  /** Their share of all rows predicted. */
  label_coverage: number | null;
  /** Who gave most labels in the last five minutes; null without labels, absent from older servers. Show the name as text. */
  largest_labeller?: LargestLabeller | null;
  /** From a request's arrival to its reply, over the last 10 s. */
  latency_ms: { p50: number | null; p95: number | null; p99: number | null; max: number | null };
  /** The part of it spent waiting for a worker. */
  queue_ms: { p50: number | null; p99: number | null };
  /** Rows waiting at this moment. */
  queue_depth: number;
  /** Mean rows per batch over the last second. */
  batch_rows: number | null;
  /** Share of the workers' time, 0 to 1, over the last second. */
  workers_busy: number;
  /** Percent of the machine. */
  cpu_usage: number;
  /** Percent of the processors that the server may use that it takes itself. Absent from older servers. */
  process_cpu_usage?: number;
  /** Resident memory of the server's process. */
  memory_bytes: number;
  /** How right the answers were, by ranges of time. Absent from older servers. */
  quality?: Quality;
  /** The alerts that hold. Absent from older servers. */
  firing?: FiringAlert[];
  /** By model's name. */
  models: Record<string, ModelMetrics>;
}

/** How right the answers were that were given in the last five minutes, in the last hour, and since the server started. */
export interface Quality {
  last_5m: QualityRange;
  last_1h: QualityRange;
  since_start: QualityRange;
}

/** One range of time of {@link Quality}. A label counts where its prediction was made. */
export interface QualityRange {
  /** Rows answered. */
  predicted: number;
  /** Of these, how many have a label. */
  labelled: number;
  /** Rows of which the server forgot the prediction before a label came. */
  forgotten: number;
  /** The labelled share of the rows. */
  coverage: number | null;
  /** The share of the rows that is not forgotten; below 1 the accuracy leaves out late labels. */
  completeness: number | null;
  /** The share of right answers among the labelled ones. */
  accuracy: number | null;
  /** Its 95 % Wilson interval. */
  accuracy_interval: [number, number] | null;
  /** Of a regression only. */
  mean_absolute_error?: number | null;
}

/** An alert that fires, in a frame of metrics. */
export interface FiringAlert {
  /** That of the {@link Alert}. */
  id: string;
  value: number;
  /** The worst value since it began. */
  worst: number;
}

/** Who gave most of the labels of the last five minutes. */
export interface LargestLabeller {
  /** An address, a session, or # and the number of a connection; chosen by clients. */
  name: string;
  /** Of all labels, 0 to 1. */
  share: number;
  labels: number;
}

/** One model's part of {@link Metrics}. */
export interface ModelMetrics {
  version: string;
  predictions_per_second: number;
  model_accuracy: number | null;
  accuracy_interval: [number, number] | null;
  labelled: number;
  label_coverage: number | null;
  /** Of a regression only. */
  mean_absolute_error?: number | null;
  queue_depth: number;
  workers_busy: number;
  /** How right the answers were. This and what follows is absent from older servers. */
  quality?: Quality;
  requests_per_second?: number;
  error_rate?: number;
  shed_per_second?: number;
  latency_ms?: Metrics['latency_ms'];
  queue_ms?: Metrics['queue_ms'];
  batch_rows?: number | null;
}

/** A value that went beyond its threshold, or came back. */
export interface Alert {
  type: 'alert';
  /** Names what is watched, the same whenever it fires: an alert takes the place of the one before. This, `value_at_firing` and `worst` are absent from older servers. */
  id?: string;
  /** The model that it is about; absent when it is about the server. */
  model?: string;
  severity: 'warning' | 'critical';
  /** `error_rate`, `latency_p99_ms`, `queue_share`, `model_accuracy`, `model_error`, `labeller_share`, `calibration_gap`, `input_drift`, `cpu_usage`, or one of a newer server. */
  metric: string;
  /** As it was when this was sent; see `firing` of {@link Metrics} for now. */
  value: number;
  /** As it was when the alert began. */
  value_at_firing?: number;
  /** The worst since then. */
  worst?: number;
  threshold: number;
  message: string;
  state: 'firing' | 'resolved';
  /** RFC 3339. */
  since: string;
}

/** A remark on the timeline. Text and author come from people: show them as text. */
export interface Note {
  type: 'note';
  text: string;
  author: string;
  /** RFC 3339. */
  time: string;
  /** The group that it was left in; absent where it is for everybody. */
  group?: string;
}

/** Who watches; the first hundred users by name. */
export interface Presence {
  type: 'presence';
  watching: number;
  users: { user: string; sockets: number }[];
}

/** Somebody else writes a note. */
export interface Typing {
  type: 'typing';
  user: string;
}
