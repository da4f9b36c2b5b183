import { type Prediction, PredictClient } from 'penstock-client';
import { describe, expect, test } from 'vitest';
import { connected, failure, fakeSockets, hello } from './fake.js';

// What models of every kind answer, in both forms.

const scores = [0.75, 0.5, 0.25, 3, -4, 0.25, 7, 8]; // of scene: its labels, two values, one class of two, a vector

const outputs = {
  what: { prediction: ['cat'], confidence: [0.75] },
  place: { prediction: [3, -4], confidence: null },
  open: { prediction: 'no', confidence: 0.75 },
  look: { prediction: [7, 8], confidence: null },
};

const wanted = {
  kind: 'labels',
  labels: ['cat'],
  confidences: [0.75],
  label: null,
  value: null,
  confidence: null,
  outputs: {
    what: { kind: 'labels', labels: ['cat'], confidences: [0.75] },
    place: { kind: 'values', value: 3, values: [3, -4] },
    open: { kind: 'class', label: 'no', confidence: 0.75 },
    look: { kind: 'vector', vector: Float32Array.of(7, 8) },
  },
};

function reply(flags: number, pairs: number[], all: number[], rows = 1): ArrayBuffer {
  const frame = new DataView(new ArrayBuffer(24 + 4 * (pairs.length + all.length)));
  frame.setUint8(0, 0x81);
  frame.setUint16(2, flags, true);
  frame.setUint32(4, rows, true);
  frame.setBigUint64(8, 1n, true);
  [...pairs, ...all].forEach((v, i) => frame.setFloat32(24 + 4 * i, v, true));
  return frame.buffer as ArrayBuffer;
}

describe('labels, and every other output beside them', () => {
  test('in JSON', async () => {
    const { client, last } = connected();
    const asked = client.predict([1, 2], { model: 'scene', outputs: true, scores: true });
    expect(last().last['detail']).toEqual(['scores', 'outputs']);
    last().say({ type: 'prediction', request_id: 1, prediction: ['cat'], confidence: [0.75], scores, outputs, model: 'scene', version: '1' });
    expect(await asked).toMatchObject({ ...wanted, scores: Float32Array.from(scores) });
  });

  test('in binary, decided from the scores', async () => {
    const { client, last } = connected();
    const asked = client.predict(Float32Array.of(1, 2), { model: 'scene', outputs: true, topK: 2 });
    last().say(reply(1, [1, NaN], scores));
    const p = await asked;
    expect(p).toMatchObject({ ...wanted, top: [{ label: 'cat', confidence: 0.75 }, { label: 'dog', confidence: 0.5 }] });
    expect(p).not.toHaveProperty('scores');
  });

  test('one row with two labels is no two rows', async () => {
    const { client, last } = connected();
    const one = client.predict([1, 2], { model: 'scene' });
    const many = client.predictRows([[1, 2], [3, 4]], { model: 'scene' });
    last().say({ type: 'prediction', request_id: 1, prediction: ['cat', 'dog'], confidence: [0.75, 0.8], model: 'scene', version: '1' });
    last().say({ type: 'prediction', request_id: 2, prediction: [[], ['night']], confidence: [[], [0.5]], model: 'scene', version: '1' });
    expect(await one).toMatchObject({ labels: ['cat', 'dog'], confidences: [0.75, 0.8] });
    expect(await many).toMatchObject([{ labels: [], confidences: [] }, { labels: ['night'], confidences: [0.5] }]);
  });
});

test('the kind narrows what an answer has', () => {
  const words = (p: Prediction): string => {
    switch (p.kind) {
      case 'class':
        return p.label;
      case 'labels':
        return p.labels.join();
      case 'values':
        return String(p.values[0]);
      case 'vector':
        return `${p.vector.length} numbers`;
    }
  };
  const common = { model: 'm', version: '1', requestId: 1, roundTripMs: 1 };
  expect(words({ kind: 'class', label: 'cat', value: null, confidence: null, ...common })).toBe('cat');
});

test('a vector comes whole, also in binary, which asks for the scores by itself', async () => {
  const { client, last } = connected();
  const json = client.predict([1, 2], { model: 'embed' });
  last().say({ type: 'prediction', request_id: 1, prediction: [7, 8], confidence: null, model: 'embed', version: '1' });
  const binary = client.predictRows([Float32Array.of(1, 2), Float32Array.of(3, 4)], { model: 'embed', requestId: 1 });
  expect(new DataView(last().sent.at(-1) as ArrayBuffer).getUint16(2, true)).toBe(1);
  last().say(reply(1, [7, NaN, 1, NaN], [7, 8, 1, 2], 2));
  expect(await json).toMatchObject({ kind: 'vector', vector: Float32Array.of(7, 8) });
  expect((await binary).map((p) => p.kind === 'vector' && [...p.vector])).toEqual([[7, 8], [1, 2]]);
});

test('a class of two with one score has both among the best', async () => {
  const fake = fakeSockets();
  const client = new PredictClient('ws://server.test', { WebSocket: fake.WebSocket });
  const output = { name: 'prediction', kind: 'class', width: 1, classes: ['no', 'yes'] };
  fake.last().open().say({ ...hello, models: [{ name: 'm', version: '1', task: 'classification', features: 2, classes: ['no', 'yes'], outputs: [output] }] });
  const asked = client.predict(Float32Array.of(1, 2), { topK: 2, scores: true });
  fake.last().say(reply(1, [1, 0.75], [0.75]));
  expect(await asked).toMatchObject({
    kind: 'class',
    label: 'yes',
    confidence: 0.75,
    scores: Float32Array.of(0.75),
    top: [{ label: 'yes', confidence: 0.75 }, { label: 'no', confidence: 0.25 }],
  });
});

describe('sets', () => {
  test('of classes and of numbers', async () => {
    const { client, last } = connected();
    const cls = client.predict(Float32Array.of(1, 2), { set: true, alpha: 0.1 });
    expect(last().last).toMatchObject({ features: [1, 2], detail: ['set'], alpha: 0.1 });
    last().say({ type: 'prediction', request_id: 1, prediction: 'one', confidence: 0.75, model: 'digits', version: '1', set: ['zero', 'one'], alpha: 0.1 });
    expect(await cls).toMatchObject({ label: 'one', set: ['zero', 'one'], alpha: 0.1 });
    const numbers = client.predictRows([[1], [2]], { model: 'price', set: true });
    expect(last().last).not.toHaveProperty('alpha');
    last().say({
      type: 'prediction',
      request_id: 2,
      prediction: [1, 2],
      confidence: [null, null],
      model: 'price',
      version: '1',
      interval: [[0.5, 1.5], null],
      alpha: 0.2,
    });
    expect(await numbers).toMatchObject([
      { value: 1, interval: [0.5, 1.5], intervals: [[0.5, 1.5]], alpha: 0.2 },
      { value: 2, interval: null, intervals: null, alpha: 0.2 },
    ]);
  });

  test.each([
    ['alpha 1', [1, 2], { set: true, alpha: 1 }, /above 0 and below 1/],
    ['alpha that is no number', [1, 2], { set: true, alpha: NaN }, /above 0 and below 1/],
    ['alpha of no set', [1, 2], { alpha: 0.1 }, /give the option set/],
    ['a set in binary', [1, 2], { set: true, binary: true }, /in JSON/],
    ['a set of bytes', Uint8Array.of(1, 2), { set: true }, /make numbers of bytes/],
  ])('%s is refused before it is sent', async (_, features, options, message) => {
    const { client, last } = connected();
    await expect(client.predict(features, options)).rejects.toThrow(message);
    expect(last().sent).toEqual([]);
  });
});

describe('features by name, and what is missing', () => {
  test('go as they are', () => {
    const { client, last } = connected();
    void client.predict({ light: null, lens: 'wide' }, { model: 'scene' }).catch(() => undefined);
    expect(last().last).toMatchObject({ features: { light: null, lens: 'wide' } });
    void client.predictRows([{ light: 1.5, length: 2 }, { lens: 'a "b"' }], { model: 'scene' }).catch(() => undefined);
    expect(last().last).toMatchObject({ features: [{ light: 1.5, length: 2 }, { lens: 'a "b"' }] });
    void client.predict([null, 2], { model: 'scene' }).catch(() => undefined);
    expect(last().last).toMatchObject({ features: [null, 2] });
  });

  test('a null in binary is NaN, not zero', () => {
    const { client, last } = connected();
    void client.predict([null, 2], { model: 'scene', binary: true }).catch(() => undefined);
    const view = new DataView(last().sent.at(-1) as ArrayBuffer, 24);
    expect([view.getFloat32(0, true), view.getFloat32(4, true)]).toEqual([NaN, 2]);
  });

  test.each([
    ['a number that is none', { light: NaN, lens: 'wide' }, { model: 'scene' }, /column "light" is NaN/],
    ['names in binary', { light: 1 }, { model: 'scene', binary: true }, /by name go in JSON/],
    ['a null where none may be', { x: null }, { model: 'price' }, /model price none may be missing/],
  ])('%s is refused before it is sent', async (_, features, options, message) => {
    const { client, last } = connected();
    const error = await failure(client.predict(features, options));
    expect(error).toMatchObject({ code: 'bad_features', message: expect.stringMatching(message) });
    expect(last().sent).toEqual([]);
  });
});

test('a label may be a list: of one row, or of each', async () => {
  const { client, last } = connected();
  const one = client.feedbackRow('a', ['cat', 'dog']);
  expect(last().last).toEqual({ type: 'feedback', request_id: 'a', label: ['cat', 'dog'] });
  last().say({ type: 'feedback_ok', request_id: 'a', correct: true });
  expect(await one).toEqual({ requestId: 'a', correct: true });
  void client.feedback('b', [[1, 2], [3, 4]]).catch(() => undefined);
  expect(last().last).toEqual({ type: 'feedback', request_id: 'b', labels: [[1, 2], [3, 4]] });
});

test('an engine that is away is retryable', async () => {
  const { client, last } = connected();
  const asked = failure(client.predict(Float32Array.of(1, 2)));
  const frame = new DataView(new ArrayBuffer(16));
  frame.setUint8(0, 0xff);
  frame.setUint8(1, 21);
  frame.setUint16(2, 1, true);
  frame.setBigUint64(8, 1n, true);
  last().say(frame.buffer);
  expect(await asked).toMatchObject({ code: 'unavailable', retryable: true });
});
