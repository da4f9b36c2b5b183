import type { RequestId } from './request.js';

/**
 * The answer to one row: what the model's first output says, by the output's
 * `kind`, and where it comes from. `label`, `value` and `confidence` are there
 * for every kind, and null where a kind has none.
 */
export type Prediction = ClassPrediction | LabelsPrediction | ValuesPrediction | VectorPrediction;

/** One of some classes. */
export type ClassPrediction = Answered & ClassAnswer & ClassSet;
/** Any number of some labels, each held to be true or not on its own. */
export type LabelsPrediction = Answered & LabelsAnswer;
/** One number, or several: a regression. */
export type ValuesPrediction = Answered & ValuesAnswer & ValuesIntervals;
/** An embedding: numbers that mean nothing one by one. */
export type VectorPrediction = Answered & VectorAnswer;

/** What every answer has. */
export interface Answered {
  /** What each output of the model says, by its name, the first one included; when asked for. */
  outputs?: Record<string, OutputAnswer>;
  /** The best classes, best first, or the likeliest labels, whether they hold or not; when asked for. The other kinds have none. */
  top?: TopClass[];
  /** How often `set` or `interval` may miss the truth: they hold it at least 1 − `alpha` of the time. When they were asked for. */
  alpha?: number;
  /** Where the request's time went, on the server; when asked for. */
  timing?: Timing;
  model: string;
  version: string;
  /** What a label is sent for. */
  requestId: RequestId;
  /** From the message's way out to the reply's way in. */
  roundTripMs: number;
}

/** The classes that are likely enough. */
export interface ClassSet {
  /** When it was asked for; perhaps empty. */
  set?: string[];
}

/** The lowest and the highest number that are likely enough. */
export type Interval = [low: number, high: number];

/** Between which numbers the truth is likely enough to be; null while the server has too few labels. */
export interface ValuesIntervals {
  /** Of the first number; when it was asked for. */
  interval?: Interval | null;
  /** Of each of them; when they were asked for. All hold the truth together. */
  intervals?: Interval[] | null;
}

/** What one output says of a row. */
export type OutputAnswer = ClassAnswer | LabelsAnswer | ValuesAnswer | VectorAnswer;

interface Scored {
  /** What the model's engine gave, in the order of `classes` in hello; of all outputs, one after the other, where it stands beside the first's answer. When asked for. */
  scores?: Float32Array;
}

export interface ClassAnswer extends Scored {
  kind: 'class';
  /** The class's name. */
  label: string;
  value: null;
  /** In [0,1]; null where the model gives none. */
  confidence: number | null;
}

export interface LabelsAnswer extends Scored {
  kind: 'labels';
  /** The labels that hold: those whose probability reaches their threshold. */
  labels: string[];
  /** The probability of each of `labels`. Those of the others are among the scores. */
  confidences: number[];
  label: null;
  value: null;
  confidence: null;
}

export interface ValuesAnswer extends Scored {
  kind: 'values';
  /** The first number, and the only one of most models. */
  value: number;
  /** All of them. */
  values: number[];
  label: null;
  confidence: null;
}

export interface VectorAnswer extends Scored {
  kind: 'vector';
  vector: Float32Array;
  label: null;
  value: null;
  confidence: null;
}

export interface TopClass {
  label: string;
  confidence: number;
}

export interface Timing {
  /** Microseconds until the first batch with a row of this request began. */
  queueUs: number;
  /** Microseconds that the last one ran. */
  computeUs: number;
  /** Rows of that batch; null in answers to binary requests, which do not tell. */
  batchRows: number | null;
}
