import type { BinaryPrediction } from './binary.js';
import { outputsOf } from './outputs.js';
import type { Answered, Interval, OutputAnswer, Prediction, TopClass, ValuesIntervals } from './prediction.js';
import type { RequestId } from './request.js';
import type { ModelInfo, OutputInfo, OutputKind } from './wire.js';

/** What an output says of one row, as it comes in JSON. */
type Said = string | number | string[] | number[];
type Sure = number | number[] | null;
/** Of one number, or of each; null while there are too few labels. */
type Between = Interval | Interval[] | null;

/** What both forms of a `prediction` message have. */
interface MessageBase {
  model: string;
  version: string;
  alpha?: number;
  timing?: { queue_us: number; compute_us: number; batch_rows: number };
}

/** A `prediction` message about one row. What it says does not tell it from {@link RowsMessage}: a label list is an array too. */
export interface RowMessage extends MessageBase {
  prediction: Said;
  confidence: Sure;
  scores?: number[];
  top?: TopClass[];
  set?: string[];
  interval?: Between;
  outputs?: Record<string, { prediction: Said; confidence: Sure; scores?: number[] }>;
}

/** A `prediction` message about the rows of one request. */
export interface RowsMessage extends MessageBase {
  prediction: Said[];
  confidence: Sure[] | null;
  scores?: number[][];
  top?: TopClass[][];
  set?: string[][];
  interval?: Between[];
  outputs?: Record<string, { prediction: Said[]; confidence: Sure[] | null; scores?: number[][] }>;
}

/** An answer as it comes in JSON, with what the request knows of its form. */
export type PredictionMessage = { many: false; message: RowMessage } | { many: true; message: RowsMessage };

/** What the client knows of an answer beside what the server says. */
interface Known {
  requestId: RequestId;
  roundTripMs: number;
}

/** Reads the rows of a JSON answer. */
export function predictionsOf(answer: PredictionMessage, model: ModelInfo | undefined, known: Known): Prediction[] {
  const outputs = outputsOf(model);
  const kinds = new Map(outputs.map((o) => [o.name, o.kind]));
  const rows = answer.many ? answer.message.prediction.map((_, row) => rowOf(answer.message, row)) : [answer.message];
  return rows.map((m) => {
    const p: Prediction = { ...said(m.prediction, m.confidence, outputs[0]?.kind), model: m.model, version: m.version, ...known };
    if (m.scores) p.scores = Float32Array.from(m.scores);
    if (m.top) p.top = m.top;
    if (m.set && p.kind === 'class') p.set = m.set;
    if (m.interval !== undefined && p.kind === 'values') Object.assign(p, intervalsOf(m.interval));
    if (m.alpha !== undefined) p.alpha = m.alpha;
    if (m.outputs) {
      p.outputs = Object.fromEntries(
        Object.entries(m.outputs).map(([name, o]) => {
          const one = said(o.prediction, o.confidence, kinds.get(name));
          if (o.scores) one.scores = Float32Array.from(o.scores);
          return [name, one];
        }),
      );
    }
    if (m.timing) p.timing = { queueUs: m.timing.queue_us, computeUs: m.timing.compute_us, batchRows: m.timing.batch_rows };
    return p;
  });
}

/** One row of the many that a message is about. */
function rowOf(m: RowsMessage, row: number): RowMessage {
  const cut = (o: Pick<RowsMessage, 'prediction' | 'confidence' | 'scores'>) => ({
    prediction: o.prediction[row] as Said,
    confidence: o.confidence?.[row] ?? null,
    ...(o.scores && { scores: o.scores[row] as number[] }),
  });
  const one: RowMessage = { ...cut(m), model: m.model, version: m.version };
  if (m.top) one.top = m.top[row] as TopClass[];
  if (m.set) one.set = m.set[row] as string[];
  if (m.interval) one.interval = m.interval[row] as Between;
  if (m.alpha !== undefined) one.alpha = m.alpha;
  if (m.outputs) one.outputs = Object.fromEntries(Object.entries(m.outputs).map(([name, o]) => [name, cut(o)]));
  if (m.timing) one.timing = m.timing;
  return one;
}

function intervalsOf(said: Between): ValuesIntervals {
  if (said === null) return { interval: null, intervals: null };
  const intervals = (Array.isArray(said[0]) ? said : [said]) as [Interval, ...Interval[]];
  return { interval: intervals[0], intervals };
}

const none = { label: null, value: null, confidence: null } as const;

/** Reads what an output says. The kind is not known of a model that came after hello: then the form of it tells. */
function said(prediction: Said, confidence: Sure, kind: OutputKind = guess(prediction, confidence)): OutputAnswer {
  const list = Array.isArray(prediction) ? prediction : [prediction];
  const sure = Array.isArray(confidence) ? confidence : null;
  switch (kind) {
    case 'class':
      return { kind, label: String(prediction), value: null, confidence: sure ? (sure[0] ?? null) : (confidence as number | null) };
    case 'labels':
      return { kind, ...none, labels: list.map(String), confidences: sure ?? [] };
    case 'vector':
      return { kind, ...none, vector: Float32Array.from(list, Number) };
    default:
      return valuesAnswer(list.map(Number));
  }
}

function guess(prediction: Said, confidence: Sure): OutputKind {
  if (!Array.isArray(prediction)) return typeof prediction === 'string' ? 'class' : 'values';
  return confidence === null ? 'values' : 'labels';
}

const valuesAnswer = (values: number[]): OutputAnswer => ({ ...none, kind: 'values', value: values[0] ?? NaN, values });

/** What a binary answer does not say and the request knows. */
export interface Asked {
  model: ModelInfo;
  scores: boolean;
  timing: boolean;
  outputs: boolean;
  topK: number;
}

/** Whether a binary answer says less of a model than JSON does: then its scores say the rest. */
export function needsScores(model: ModelInfo): boolean {
  const first = outputsOf(model)[0];
  return first !== undefined && first.kind !== 'class' && !(first.kind === 'values' && first.width === 1);
}

/** Reads the rows of a binary answer, which names classes by their index. */
export function predictionsOfBinary(b: BinaryPrediction, asked: Asked, known: Known): Prediction[] {
  const { name, version } = asked.model;
  const outputs = outputsOf(asked.model);
  const first = outputs[0] as OutputInfo;
  return Array.from({ length: b.rows }, (_, row) => {
    const pair = b.values.subarray(2 * row, 2 * row + 2);
    const width = b.scores ? b.scores.length / b.rows : 0;
    const scores = b.scores?.subarray(row * width, (row + 1) * width);
    const p: Prediction = { ...decided(first, pair, scores?.subarray(0, first.width)), model: name, version, ...known };
    if (scores) {
      if (asked.scores) p.scores = scores;
      if (asked.topK > 0 && (p.kind === 'class' || p.kind === 'labels')) p.top = best(scores.subarray(0, first.width), first.classes ?? [], asked.topK);
      if (asked.outputs) p.outputs = decideAll(outputs, pair, scores, asked.scores);
    }
    if (asked.timing) p.timing = { queueUs: b.queueUs, computeUs: b.computeUs, batchRows: null };
    return p;
  });
}

function decideAll(outputs: readonly OutputInfo[], pair: Float32Array, scores: Float32Array, withScores: boolean): Answered['outputs'] {
  const all: Record<string, OutputAnswer> = {};
  let from = 0;
  outputs.forEach((output, i) => {
    const part = scores.subarray(from, (from += output.width));
    const answer = decided(output, i === 0 ? pair : null, part);
    if (withScores) answer.scores = part;
    all[output.name] = answer;
  });
  return all;
}

/** Decides of a row as the server does: from the pair that it sent of the first output, and from the scores. */
function decided(output: OutputInfo, pair: Float32Array | null, scores: Float32Array = new Float32Array()): OutputAnswer {
  const { kind, classes = [], thresholds } = output;
  switch (kind) {
    case 'class': {
      const each = probabilities(scores, classes);
      const index = pair ? (pair[0] as number) : each.reduce((most, p, i) => (p > (each[most] as number) ? i : most), 0);
      const sure = pair ? (pair[1] as number) : (each[index] ?? NaN);
      return { kind, label: classes[index] ?? String(index), value: null, confidence: Number.isNaN(sure) ? null : sure };
    }
    case 'labels': {
      const held = [...scores.keys()].filter((i) => (scores[i] as number) >= Math.fround(thresholds?.[i] ?? 0.5));
      return { kind, ...none, labels: held.map((i) => classes[i] ?? String(i)), confidences: held.map((i) => scores[i] as number) };
    }
    case 'vector':
      return { kind, ...none, vector: scores };
    default:
      return valuesAnswer(scores.length > 0 ? [...scores] : pair ? [pair[0] as number] : []);
  }
}

/** One score of two classes is the probability of the second. */
function probabilities(scores: Float32Array, classes: readonly string[]): Float32Array {
  return scores.length === 1 && classes.length === 2 ? Float32Array.of(1 - (scores[0] as number), scores[0] as number) : scores;
}

/** The best classes; of equal scores the first comes first, as on the server. */
function best(scores: Float32Array, classes: readonly string[], k: number): TopClass[] {
  return Array.from(probabilities(scores, classes), (confidence, i) => ({ label: classes[i] ?? String(i), confidence }))
    .sort((a, b) => b.confidence - a.confidence)
    .slice(0, k);
}
