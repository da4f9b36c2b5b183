import { DashboardClient, type Metrics, PredictClient, type Prediction, predictEach } from 'penstock-client';
import { afterAll, describe, expect, test } from 'vitest';
import { failure } from '../fake.js';
import { digits, serve, until } from './server.js';

const server = await serve();
const client = new PredictClient(server.url);
afterAll(() => client.close());

test('the server says what it serves', async () => {
  const hello = await until(client.hello, (h) => h !== null);
  expect(hello).toMatchObject({
    session: client.session,
    models: [{ name: 'digits', task: 'classification', features: 784 }],
    limits: { window: expect.any(Number), max_rows: expect.any(Number), max_bytes: expect.any(Number) },
  });
  expect(client.status.value).toEqual({ status: 'connected', attempt: 0, nextAttemptAt: null, reason: null, closeCode: null, closeReason: null, renewal: null });
});

describe.each(digits())('the digit $label', ({ label, numbers, floats, bytes, scores }) => {
  const options = { scores: true, timing: true, topK: 3 };

  test('is the same in JSON, float32 and bytes', async () => {
    const [json, binary, scaled] = (await Promise.all([
      client.predict(numbers, options),
      client.predict(floats, options),
      client.predict(bytes, options),
    ])) as [Prediction, Prediction, Prediction];
    expect(json).toMatchObject({ label, value: null, model: 'digits', version: '1' });
    scores.forEach((score, i) => expect(json.scores?.[i]).toBeCloseTo(score, 5));
    expect(json.timing?.batchRows).toBeGreaterThan(0);
    expect(json.roundTripMs).toBeGreaterThan(0);
    for (const other of [binary, scaled]) {
      expect(other).toMatchObject({ label, model: 'digits', version: '1' });
      expect(other.confidence).toBeCloseTo(json.confidence ?? NaN, 6);
      json.scores?.forEach((score, i) => expect(other.scores?.[i]).toBeCloseTo(score, 6));
      expect(other.top?.map((t) => t.label)).toEqual(json.top?.map((t) => t.label));
      expect(other.timing?.computeUs).toBeGreaterThan(0);
    }
  });
});

test('many rows in one request, in both forms', async () => {
  const all = digits();
  for (const form of ['numbers', 'floats', 'bytes'] as const) {
    const predictions = await client.predictRows(all.map((d) => d[form]));
    expect(predictions.map((p) => p.label)).toEqual(all.map((d) => d.label));
    expect(new Set(predictions.map((p) => p.requestId)).size).toBe(1);
  }
});

test('thousands in flight, more than the window holds', async () => {
  const all = digits();
  const asked = Array.from({ length: 3_000 }, (_, n) => client.predict(all[n % 10]?.bytes ?? []));
  (await Promise.all(asked)).forEach((p, n) => expect(p.label).toBe(String(n % 10)));
});

test('a stream of rows is predicted in order', async () => {
  const rows = digits().map((d) => d.bytes);
  const labels: (string | null)[] = [];
  for await (const p of predictEach(client, rows, { concurrency: 3 })) labels.push(p.label);
  expect(labels.join('')).toBe('0123456789');
});

test('the errors of the server are typed, in both forms', async () => {
  const wrong = { code: 'bad_features', retryable: false, expected: 784, got: 3 };
  expect(await failure(client.predict([1, 2, 3]))).toMatchObject(wrong);
  expect(await failure(client.predict(Float32Array.of(1, 2, 3)))).toMatchObject({ code: 'bad_features' });
  expect(await failure(client.predict([1], { model: 'cats' }))).toMatchObject({ code: 'unknown_model' });
  expect(await failure(client.predictRows([]))).toMatchObject({ code: 'too_many_rows', got: 0 });
  expect(await failure(client.feedback('nobody', '1'))).toMatchObject({ code: 'unknown_request' });
});

test('an aborted request leaves its socket as it was', async () => {
  const image = digits()[4]?.numbers ?? [];
  const reasons = await Promise.all(
    Array.from({ length: 50 }, () => {
      const taker = new AbortController();
      const asked = client.predict(image, { signal: taker.signal }).catch((e: Error) => e.name);
      taker.abort();
      return asked;
    }),
  );
  expect(new Set(reasons)).toEqual(new Set(['AbortError']));
  expect(await client.predict(image)).toMatchObject({ label: '4' });
});

test('a token in the handshake is taken, or left alone', async () => {
  const other = new PredictClient(server.url, { token: async () => 'header.claims.signature' });
  expect(await other.predict(digits()[1]?.bytes ?? [])).toMatchObject({ label: '1' });
  other.close();
});

test('a string is an id too, and what JSON asks for binary may label', async () => {
  const image = digits()[7];
  const asked = await client.predict(image?.numbers ?? [], { requestId: 'a-17' });
  expect(asked.requestId).toBe('a-17');
  expect(await client.feedback('a-17', '7')).toEqual({ requestId: 'a-17', correct: true });
  const binary = await client.predict(image?.bytes ?? []);
  expect(await client.feedback(binary.requestId, 3)).toEqual({ requestId: binary.requestId, correct: false });
  expect(await failure(client.feedback(binary.requestId, '7'))).toMatchObject({ code: 'duplicate_feedback' });
});

test('labels move the accuracy that the dashboard shows', async () => {
  const dashboard = new DashboardClient(server.url);
  const frames = dashboard.frames();
  const measured = async (right: (m: Metrics) => boolean): Promise<Metrics> => {
    for (;;) {
      const { value } = await frames.next();
      if (value?.type === 'metrics' && right(value)) return value;
    }
  };
  const before = await measured((m) => m.labelled >= 2);
  const right = Math.round((before.model_accuracy ?? NaN) * before.labelled);
  const predictions = await client.predictRows(digits().map((d) => d.bytes));
  const labels = digits().map((d, i) => (i < 6 ? d.label : '0'));
  const result = await client.feedback(predictions[0]?.requestId ?? 0, labels);
  expect(result.correct).toEqual([true, true, true, true, true, true, false, false, false, false]);
  const after = await measured((m) => m.labelled === before.labelled + 10);
  expect(after.model_accuracy).toBeCloseTo((right + 6) / (before.labelled + 10), 9);
  expect(after.models['digits']?.labelled).toBe(after.labelled);
  dashboard.close();
});
