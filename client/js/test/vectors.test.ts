import { readFileSync } from 'node:fs';
import { PenstockError } from 'penstock-client';
import { describe, expect, test } from 'vitest';
import { decodeBinary, encodeBinary } from '../src/binary.js';
import { errorFrom, type ErrorMessage, serverCodes } from '../src/error.js';
import { predictionsOf, predictionsOfBinary, type RowMessage, type RowsMessage } from '../src/decode.js';
import type { Prediction, ValuesPrediction } from '../src/prediction.js';
import { encodeCancel, encodeFeedback, encodeRequest, type Label, type RequestId } from '../src/request.js';
import { reconnectable } from '../src/socket.js';
import type { ModelInfo, OutputKind } from '../src/wire.js';

// The vectors are written by the server's codec; see protocol/vectors_test.go.
function vectors<T>(name: string): T {
  const file = new URL(`../../../protocol/testdata/vectors/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as T;
}

const hex = (frame: ArrayBuffer) => Buffer.from(frame).toString('hex');
const unhex = (text: string) => new Uint8Array(Buffer.from(text, 'hex')).buffer;

interface Meaning {
  type: string;
  rows?: number[][];
  many?: boolean;
  bytes?: number[];
  row_count?: number;
  model?: string;
  model_index?: number;
  deadline_ms?: number;
  scores?: boolean;
  outputs?: boolean;
  timing?: boolean;
  top_k?: number;
  set?: boolean;
  alpha?: number;
  labels?: Label[];
}

interface RequestVector {
  name: string;
  json?: string;
  hex?: string;
  message?: Meaning;
  refused?: string;
  request_id: RequestId | null;
}

const requests = vectors<RequestVector[]>('requests');

describe('requests in JSON say what the server reads', () => {
  const known = ['type', 'request_id', 'features', 'model', 'deadline_ms', 'detail', 'top_k', 'alpha', 'label', 'labels'];

  /** A frame as far as it says something: no unknown field, no null, float32 numbers. */
  function said(text: string) {
    const frame = JSON.parse(text) as Record<string, unknown>;
    const kept = Object.entries(frame).filter(([key, value]) => known.includes(key) && value !== null);
    const round = (v: unknown): unknown => (Array.isArray(v) ? v.map(round) : Math.fround(v as number) + 0); // −0 is 0
    const features = frame['features'] === undefined ? {} : { features: round(frame['features']) };
    if (Array.isArray(frame['detail'])) frame['detail'].sort(); // in any order
    return { type: 'predict', ...Object.fromEntries(kept), ...features };
  }

  function encode(m: Meaning, requestId: RequestId): string {
    if (m.type === 'cancel') return encodeCancel(requestId);
    if (m.type === 'feedback') return encodeFeedback(requestId, m.many ? (m.labels ?? []) : (m.labels?.[0] ?? ''), m.many ?? false);
    return encodeRequest({
      requestId,
      rows: m.rows ?? [],
      many: m.many ?? false,
      model: m.model,
      deadlineMs: m.deadline_ms,
      scores: m.scores,
      outputs: m.outputs,
      timing: m.timing,
      topK: m.top_k,
      set: m.set,
      alpha: m.alpha,
    });
  }

  const sent = requests.filter((v) => v.json && ['predict', 'feedback', 'cancel'].includes(v.message?.type ?? ''));
  test('there are some', () => expect(sent.length).toBeGreaterThan(10));
  test.each(sent)('$name', ({ json = '', message, request_id }) => {
    const { request_id: id = null, ...rest } = said(encode(message as Meaning, request_id ?? 'mine')) as Record<string, unknown>;
    const { request_id: _, ...want } = said(json) as Record<string, unknown>;
    expect(id).toBe(request_id ?? 'mine');
    expect(rest).toEqual(want);
  });
});

describe('binary requests are the same to the byte', () => {
  const sent = requests.filter((v) => v.hex && v.message?.type === 'predict');
  test('there are some', () => expect(sent.length).toBeGreaterThan(1));
  test.each(sent)('$name', ({ hex: want, message: m = {} as Meaning, request_id }) => {
    const count = m.row_count ?? 1;
    const bytes = m.bytes && Uint8Array.from(m.bytes);
    const width = (m.bytes?.length ?? 0) / count;
    const rows = bytes
      ? Array.from({ length: count }, (_, i) => bytes.subarray(i * width, (i + 1) * width))
      : (m.rows ?? []);
    // Ids beyond 2^53 are none that this client sends: they are put in afterwards.
    const safe = Number.isSafeInteger(request_id);
    const frame = encodeBinary({
      rows,
      requestId: safe ? (request_id as number) : 0,
      deadlineMs: m.deadline_ms,
      model: m.model_index,
      scores: m.scores,
      timing: m.timing,
    });
    if (!safe) new DataView(frame).setBigUint64(8, 2n ** 64n - 1n, true);
    expect(hex(frame)).toBe(want);
  });
});

interface ReplyVector {
  name: string;
  json?: string;
  hex?: string;
  meaning?: {
    type: string;
    request_id: number;
    values?: number[];
    confidences?: (number | null)[];
    scores?: number[][];
    queue_us?: number;
    compute_us?: number;
    correct?: boolean[];
    code?: string;
    message?: string;
    retryable?: boolean;
    retry_after_ms?: number;
  };
}

const replies = vectors<ReplyVector[]>('replies');

/** A model whose first output is of a kind: what hello tells, and a vector does not. */
function modelOf(kind: OutputKind, width: number, classes: string[] = []): ModelInfo {
  const task = ({ class: 'classification', labels: 'labels', values: 'regression', vector: 'vector' } as const)[kind];
  return { name: 'm', version: '1', task, features: 2, classes, outputs: [{ name: 'first', kind, width, classes }] };
}

/** Of the vectors whose form alone does not tell: the model, and whether the message is of many rows. */
const models: Record<string, { model: ModelInfo; many: boolean }> = {
  labels: { model: modelOf('labels', 3, ['a', 'b', 'c']), many: true },
  'several values': { model: modelOf('values', 2), many: false },
  'a vector': { model: modelOf('vector', 2), many: true },
  'intervals of several values': { model: modelOf('values', 2), many: false },
  'intervals of several values and rows': { model: modelOf('values', 2), many: true },
  'a set of labels, which have none': { model: modelOf('labels', 3, ['a', 'b', 'c']), many: false },
};

/** What an answer says, as it is on the wire. */
function prediction(p: Prediction): unknown {
  switch (p.kind) {
    case 'class':
      return p.label;
    case 'labels':
      return p.labels;
    case 'values':
      return p.values.length === 1 ? p.value : p.values;
    case 'vector':
      return [...p.vector];
  }
}

/** The intervals of an answer, as they are on the wire. */
function between(p: ValuesPrediction): unknown {
  expect(p.interval).toEqual(p.intervals && p.intervals[0]);
  return p.values.length === 1 ? p.interval : p.intervals;
}

describe('replies in JSON are read whole', () => {
  const predictions = replies.filter((v) => v.json?.includes('"type":"prediction"'));
  test.each(predictions)('$name', ({ name, json = '' }) => {
    const m = JSON.parse(json) as (RowMessage | RowsMessage) & { request_id: RequestId };
    const { model, many } = models[name] ?? { model: undefined, many: Array.isArray(m.prediction) };
    const got = predictionsOf(
      many ? { many, message: m as RowsMessage } : { many, message: m as RowMessage },
      model,
      { requestId: m.request_id, roundTripMs: 0 },
    );
    const rows = <T>(field: T | T[]) => (many ? field : [field]) as T[];
    expect(got.map(prediction)).toEqual(rows(m.prediction));
    expect(got.map((p) => (p.kind === 'labels' ? p.confidences : p.confidence))).toEqual(rows(m.confidence));
    expect(got.map((p) => p.scores && [...p.scores])).toEqual(got.map((_, i) => m.scores && rows(m.scores as never)[i]));
    expect(got.map((p) => p.top)).toEqual(got.map((_, i) => m.top && rows(m.top as never)[i]));
    expect(got.map((p) => (p.kind === 'class' ? p.set : undefined))).toEqual(got.map((_, i) => m.set && rows(m.set as never)[i]));
    expect(got.map((p) => (p.kind === 'values' ? between(p) : undefined))).toEqual(
      got.map((_, i) => (m.interval === undefined ? undefined : rows(m.interval as never)[i])),
    );
    expect(got.map((p) => p.alpha)).toEqual(got.map(() => m.alpha));
  });

  test.each(replies.filter((v) => v.json?.includes('"type":"error"')))('$name', ({ json = '' }) => {
    const m = JSON.parse(json) as ErrorMessage;
    expect(errorFrom(m)).toMatchObject({
      code: m.code,
      message: m.message,
      retryable: m.retryable,
      retryAfterMs: m.retry_after_ms ?? null,
      expected: m.expected ?? null,
      got: m.got ?? null,
    });
  });
});

describe('binary replies are read whole', () => {
  const classes = ['zero', 'one'];
  test.each(replies.filter((v) => v.hex))('$name', ({ name, hex: frame = '', meaning: want }) => {
    const reply = decodeBinary(unhex(frame));
    expect(reply.kind).toBe(want?.type);
    if (reply.kind === 'unknown' || !want) return;
    expect(reply.requestId).toBe(want.request_id);
    switch (reply.kind) {
      case 'feedback_ok':
        expect(reply.correct).toEqual(want.correct);
        break;
      case 'error':
        expect(reply.error).toMatchObject({
          code: want.code,
          message: want.message,
          retryable: want.retryable ?? false,
          retryAfterMs: want.retry_after_ms ?? null,
        });
        break;
      case 'prediction': {
        // Which labels hold is in the scores: the pair says how many do.
        if (name === 'binary: labels') {
          expect(reply.values).toEqual(Float32Array.of(want.values?.[0] ?? NaN, NaN));
          break;
        }
        const model = name.includes('regression') ? modelOf('values', 1) : modelOf('class', 2, classes);
        const asked = { model, scores: true, timing: true, outputs: false, topK: 0 };
        const got = predictionsOfBinary(reply, asked, { requestId: 1, roundTripMs: 0 });
        const float = (v: number | null) => (v === null ? null : Math.fround(v));
        expect(got.map((p) => p.value ?? classes.indexOf(p.label ?? ''))).toEqual(want.values?.map(float));
        expect(got.map((p) => p.confidence)).toEqual(want.confidences?.map(float));
        expect(got.map((p) => p.scores && [...p.scores])).toEqual(got.map((_, i) => want.scores?.[i]?.map(float)));
        expect(got[0]?.timing).toEqual({ queueUs: want.queue_us ?? 0, computeUs: want.compute_us ?? 0, batchRows: null });
      }
    }
  });

  test.each(['', '81', '8100000001000000', `8100000002${'00'.repeat(27)}`, `42${'00'.repeat(23)}`])('%j is not read', (frame) => {
    expect(decodeBinary(unhex(frame))).toEqual({ kind: 'unknown' });
  });
});

describe('the tables of codes are those of the server', () => {
  const codes = vectors<{
    errors: { code: string; number: number; retryable: boolean }[];
    closes: { code: number; reconnect: boolean }[];
  }>('codes');

  test('errors', () => {
    const ours = serverCodes.slice(1).map((code, i) => ({ code, number: i + 1, retryable: new PenstockError(code, '').retryable }));
    expect(ours).toEqual(codes.errors);
  });

  test('closes', () => {
    expect(codes.closes.map((c) => ({ ...c, reconnect: reconnectable(c.code) }))).toEqual(codes.closes);
  });

  test('a number of a newer server has a code all the same', () => {
    const frame = `fff0${'01'}0000000000${'00'.repeat(8)}`;
    expect(decodeBinary(unhex(frame))).toMatchObject({ error: { code: 'code_240', retryable: true } });
  });
});
