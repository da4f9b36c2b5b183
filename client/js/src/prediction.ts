import type { BinaryPrediction } from './binary.js';
import type { ModelInfo } from './hello.js';
import type { RequestId } from './request.js';

/** The answer to one row. */
export interface Prediction {
  /** The class of a classification; null for a regression. */
  label: string | null;
  /** The number of a regression; null for a classification. */
  value: number | null;
  /** In [0,1]; null where the model gives none. */
  confidence: number | null;
  /** One per class, in the order of `classes` in hello; when asked for. */
  scores?: Float32Array;
  /** The best classes, best first; when asked for. */
  top?: TopClass[];
  /** Where the request's time went, on the server; when asked for. */
  timing?: Timing;
  model: string;
  version: string;
  /** What a label is sent for. */
  requestId: RequestId;
  /** From the message's way out to the reply's way in. */
  roundTripMs: number;
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

/** A `prediction` message as it comes in JSON. */
export interface PredictionMessage {
  prediction: OneOrMany<string | number>;
  confidence: OneOrMany<number | null>;
  model: string;
  version: string;
  scores?: number[] | number[][];
  top?: TopClass[] | TopClass[][];
  timing?: { queue_us: number; compute_us: number; batch_rows: number };
}

type OneOrMany<T> = T | T[];

/** What the client knows of an answer beside what the server says. */
interface Known {
  requestId: RequestId;
  roundTripMs: number;
}

/** Reads the rows of a JSON answer. */
export function predictionsOf(m: PredictionMessage, known: Known): Prediction[] {
  const many = Array.isArray(m.prediction);
  const each = <T>(field: unknown, row: number) => (many ? (field as T[])[row] : field) as T;
  const answers: unknown[] = Array.isArray(m.prediction) ? m.prediction : [m.prediction];
  return answers.map((answer, row) => {
    const p: Prediction = {
      label: typeof answer === 'string' ? answer : null,
      value: typeof answer === 'number' ? answer : null,
      confidence: each<number | null>(m.confidence, row),
      model: m.model,
      version: m.version,
      ...known,
    };
    if (m.scores) p.scores = Float32Array.from(each<number[]>(m.scores, row));
    if (m.top) p.top = each<TopClass[]>(m.top, row);
    if (m.timing) p.timing = { queueUs: m.timing.queue_us, computeUs: m.timing.compute_us, batchRows: m.timing.batch_rows };
    return p;
  });
}

/** What a binary answer does not say and the request knows. */
export interface Asked {
  model: ModelInfo;
  scores: boolean;
  timing: boolean;
  topK: number;
}

/** Reads the rows of a binary answer, which names classes by their index. */
export function predictionsOfBinary(b: BinaryPrediction, asked: Asked, known: Known): Prediction[] {
  const { classes, name, version } = asked.model;
  return Array.from({ length: b.rows }, (_, row) => {
    const answer = b.values[2 * row] as number;
    const confidence = b.values[2 * row + 1] as number;
    const p: Prediction = {
      label: classes.length > 0 ? (classes[answer] ?? null) : null,
      value: classes.length > 0 ? null : answer,
      confidence: Number.isNaN(confidence) ? null : confidence,
      model: name,
      version,
      ...known,
    };
    if (b.scores) {
      const outputs = b.scores.length / b.rows;
      const scores = b.scores.subarray(row * outputs, (row + 1) * outputs);
      if (asked.scores) p.scores = scores;
      if (asked.topK > 0 && classes.length > 0) p.top = best(scores, classes, asked.topK);
    }
    if (asked.timing) p.timing = { queueUs: b.queueUs, computeUs: b.computeUs, batchRows: null };
    return p;
  });
}

/** The best classes; of equal scores the first comes first, as on the server. */
function best(scores: Float32Array, classes: string[], k: number): TopClass[] {
  return Array.from(scores, (confidence, i) => ({ label: classes[i] ?? String(i), confidence }))
    .sort((a, b) => b.confidence - a.confidence)
    .slice(0, k);
}
