import { PredictClient } from 'penstock-client';
import { expect, test, vi } from 'vitest';
import { connected, failure, fakeSockets, prediction } from './fake.js';

test('many are in flight, and answers come in any order', async () => {
  const { client, last } = connected();
  const asked = [1, 2, 3].map((n) => client.predict([n, n]));
  for (const id of [3, 1, 2]) last().say({ ...prediction(id), confidence: id / 10 });
  expect((await Promise.all(asked)).map((p) => p.confidence)).toEqual([0.1, 0.2, 0.3]);
});

test('a request says what was asked for', async () => {
  const { client, last } = connected();
  void client
    .predict([0.1, -2], { model: 'price', deadlineMs: 50, scores: true, timing: true, topK: 2, set: true, alpha: 0.05, requestId: 'a-1' })
    .catch(() => undefined);
  expect(last().last).toEqual({
    type: 'predict',
    request_id: 'a-1',
    features: [0.1, -2],
    model: 'price',
    deadline_ms: 50,
    detail: ['scores', 'timing', 'set'],
    top_k: 2,
    alpha: 0.05,
  });
});

test('an answer is read whole', async () => {
  const { client, last } = connected();
  const asked = client.predictRows([
    [1, 2],
    [3, 4],
  ]);
  last().say({
    type: 'prediction',
    request_id: 1,
    prediction: ['one', 'zero'],
    confidence: [0.75, 0.5],
    model: 'digits',
    version: '1',
    scores: [
      [0.25, 0.75],
      [0.5, 0.5],
    ],
    top: [[{ label: 'one', confidence: 0.75 }], [{ label: 'zero', confidence: 0.5 }]],
    timing: { queue_us: 12, compute_us: 34, batch_rows: 5 },
  });
  const [first, second] = await asked;
  expect(first).toEqual({
    kind: 'class',
    label: 'one',
    value: null,
    confidence: 0.75,
    scores: Float32Array.of(0.25, 0.75),
    top: [{ label: 'one', confidence: 0.75 }],
    timing: { queueUs: 12, computeUs: 34, batchRows: 5 },
    model: 'digits',
    version: '1',
    requestId: 1,
    roundTripMs: expect.any(Number),
  });
  expect(second).toMatchObject({ label: 'zero', confidence: 0.5, requestId: 1 });
});

test('a regression has a value and no label', async () => {
  const { client, last } = connected();
  const asked = client.predict([1, 2], { model: 'price' });
  last().say({ type: 'prediction', request_id: 1, prediction: 3.5, confidence: null, model: 'price', version: '2' });
  expect(await asked).toMatchObject({ kind: 'values', label: null, value: 3.5, values: [3.5], confidence: null });
});

test('typed arrays go out as binary frames, bytes to be scaled', () => {
  const { client, last } = connected();
  void client.predict(Float32Array.of(1, -2), { deadlineMs: 1 }).catch(() => undefined);
  void client.predict(Uint8Array.of(0, 255), { model: 'price', scores: true }).catch(() => undefined);
  void client.predict(Uint8ClampedArray.of(0, 255)).catch(() => undefined);
  void client.predict([1, -2], { binary: true }).catch(() => undefined);
  expect(last().sent.map((frame) => Buffer.from(frame as ArrayBuffer).toString('hex'))).toEqual([
    '01010000010000000100000000000000' + 'e803000000000000' + '0000803f000000c0',
    '01020100010000000200000000000000' + '0000000001000000' + '00ff',
    '01020000010000000300000000000000' + '0000000000000000' + '00ff',
    '01010000010000000400000000000000' + '0000000000000000' + '0000803f000000c0',
  ]);
});

test('the rows of a binary answer get names, and the best classes from its scores', async () => {
  const { client, last } = connected();
  const asked = client.predict(Float32Array.of(1, 2), { topK: 1, timing: true });
  const frame = Buffer.from(
    '81000300010000000100000000000000' + 'e8030000' + '02000000' + '0000803f0000403f' + '0000803e0000403f',
    'hex',
  );
  last().say(new Uint8Array(frame).buffer);
  expect(await asked).toMatchObject({
    label: 'one',
    confidence: 0.75,
    top: [{ label: 'one', confidence: 0.75 }],
    timing: { queueUs: 1000, computeUs: 2, batchRows: null },
    model: 'digits',
    version: '1',
  });
  expect(await asked).not.toHaveProperty('scores'); // nobody asked for them
});

test('a typed error of the server rejects its request alone', async () => {
  const { client, last } = connected();
  const failed = failure(client.predict([1]));
  const other = client.predict([1, 2]);
  last().say({
    type: 'error',
    request_id: 1,
    code: 'bad_features',
    message: 'wrong number of features in a row',
    retryable: false,
    expected: 2,
    got: 1,
  });
  expect(await failed).toMatchObject({
    name: 'PenstockError',
    code: 'bad_features',
    message: 'wrong number of features in a row',
    retryable: false,
    retryAfterMs: null,
    expected: 2,
    got: 1,
  });
  last().say(prediction(2));
  expect(await other).toMatchObject({ label: 'one' });
});

test('a code of a newer server is told by retryable', async () => {
  const { client, last } = connected();
  const failed = failure(client.predict([1, 2]));
  last().say({ type: 'error', request_id: 1, code: 'too_hot', message: '', retryable: true, retry_after_ms: 70 });
  expect(await failed).toMatchObject({ code: 'too_hot', retryable: true, retryAfterMs: 70 });
});

test('an aborted request is cancelled on the server, and its id rests until that is done', async () => {
  const { client, last } = connected();
  const taker = new AbortController();
  const asked = failure(client.predict([1, 2], { requestId: 7, signal: taker.signal }));
  taker.abort(new Error('no more'));
  expect(await asked).toMatchObject({ message: 'no more' });
  expect(last().last).toEqual({ type: 'cancel', request_id: 7 });
  expect(await failure(client.predict([1, 2], { requestId: 7 }))).toMatchObject({ code: 'duplicate_request_id' });
  last().say({ type: 'error', request_id: 7, code: 'cancelled', message: '', retryable: false });
  void client.predict([1, 2], { requestId: 7 }).catch(() => undefined);
  expect(last().last).toMatchObject({ type: 'predict', request_id: 7 });
});

test('an abort that comes too late, or too early, sends nothing', async () => {
  const { client, last } = connected();
  const taker = new AbortController();
  const asked = client.predict([1, 2], { signal: taker.signal });
  last().say(prediction(1));
  await asked;
  taker.abort();
  expect(last().sent).toHaveLength(1);
  expect(await failure(client.predict([1, 2], { signal: taker.signal }))).toMatchObject({ name: 'AbortError' });
  expect(last().sent).toHaveLength(1);
});

test('feedback is told from predictions of the same id', async () => {
  const { client, last } = connected();
  const asked = client.predict([1, 2], { requestId: 7 });
  expect(await failure(client.feedback(7, 'one'))).toMatchObject({ code: 'unknown_request' });
  last().say(prediction(7));
  await asked;
  const labelled = failure(client.feedback(7, 'one'));
  expect(await failure(client.feedback(7, 'one'))).toMatchObject({ code: 'duplicate_feedback' });
  const again = client.predict([1, 2], { requestId: 7 });
  last().say({ type: 'error', request_id: 7, code: 'duplicate_feedback', message: '', retryable: false });
  expect(await labelled).toMatchObject({ code: 'duplicate_feedback' });
  last().say(prediction(7));
  expect(await again).toMatchObject({ label: 'one' });
  const rows = client.feedback('r', ['one', 'zero']);
  expect(last().last).toEqual({ type: 'feedback', request_id: 'r', labels: ['one', 'zero'] });
  last().say({ type: 'feedback_ok', request_id: 'r', correct: [true, false] });
  expect(await rows).toEqual({ requestId: 'r', correct: [true, false] });
});

test('numbers and strings are different ids', async () => {
  const { client, last } = connected();
  const number = client.predict([1, 2], { requestId: 1 });
  const text = client.predict([1, 2], { requestId: '1' });
  last().say({ ...prediction('1'), confidence: 0.1 });
  last().say({ ...prediction(1), confidence: 0.2 });
  expect((await text).confidence).toBe(0.1);
  expect((await number).confidence).toBe(0.2);
});

test.each([
  ['a space', [1, 2], { requestId: 'a b' }, 'bad_request_id'],
  ['an empty id', [1, 2], { requestId: '' }, 'bad_request_id'],
  ['a long id', [1, 2], { requestId: 'x'.repeat(129) }, 'bad_request_id'],
  ['an id that is no number', [1, 2], { requestId: NaN }, 'bad_request_id'],
  ['a fraction for an id in binary', [1, 2], { requestId: 1.5, binary: true }, 'bad_request_id'],
  ['a string for an id in binary', Float32Array.of(1, 2), { requestId: 'a', binary: true }, 'bad_request_id'],
  ['bytes in JSON', Uint8Array.of(1, 2), { binary: false }, 'bad_features'],
  ['NaN', [1, NaN], {}, 'bad_features'],
  ['null', [1, null as never], {}, 'bad_features'],
  ['an unknown model in binary', Float32Array.of(1, 2), { model: 'x' }, 'unknown_model'],
  ['a message too big', new Float32Array(250), {}, 'message_too_big'],
])('%s is refused before it is sent', async (_, features, options, code) => {
  const { client, last } = connected();
  expect(await failure(client.predict(features, options))).toMatchObject({ code });
  expect(last().sent).toEqual([]);
  const next = client.predict([1, 2]);
  last().say(prediction(last().last['request_id']));
  expect(await next).toMatchObject({ label: 'one' });
});

test('ragged rows and mixtures of bytes and numbers are refused', async () => {
  const { client } = connected();
  const ragged = [Float32Array.of(1, 2), Float32Array.of(1)];
  expect(await failure(client.predictRows(ragged))).toMatchObject({ code: 'bad_features', expected: 2, got: 1 });
  const mixed = [Uint8Array.of(1, 2), Float32Array.of(1, 2)];
  expect(await failure(client.predictRows(mixed))).toMatchObject({ code: 'bad_features' });
});

test('a session may be brought along; its ids then start at a random place', () => {
  const { WebSocket, last } = fakeSockets();
  const session = 'kept-by-the-page-0001';
  const client = new PredictClient('https://server.test/deep/ws/predict?x=1', { WebSocket, session });
  expect(client.session).toBe(session);
  expect(last().url).toBe(`wss://server.test/deep/ws/predict?x=1&session=${session}`);
  const fresh = new PredictClient('http://server.test', { WebSocket });
  expect(fresh.session).toMatch(/^[A-Za-z0-9_-]{32}$/);
  expect(last().url).toBe(`ws://server.test/ws/predict?session=${fresh.session}`);
  const named = new PredictClient(`ws://server.test?session=${session}`, { WebSocket });
  expect(named.session).toBe(session);
});

test.each([
  ['ftp://server.test', {}, /ws:\/\//],
  ['not a url', {}, /URL/],
  ['ws://server.test', { session: 'short' }, /16 to 64/],
  ['ws://server.test', { pongTimeoutMs: 0 }, /pongTimeoutMs is 0/],
  ['ws://server.test', { backoffMinMs: 10, backoffMaxMs: 5 }, /backoffMaxMs is 5/],
])('%s with %o is refused by name', (url, options, message) => {
  expect(() => new PredictClient(url, { WebSocket: fakeSockets().WebSocket, ...options })).toThrow(message);
});

test('notices are told, and a new model asks for a new hello', () => {
  const { client, last } = connected();
  last().say({ type: 'notice', code: 'model_updated', message: 'version 2' });
  expect(client.notice.value).toMatchObject({ code: 'model_updated', message: 'version 2' });
  expect(last().last).toEqual({ type: 'hello' });
});

test('a listener that throws hurts nobody else', async () => {
  const { client, last } = connected();
  const thrown = vi.fn();
  const before = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', thrown);
  const other = vi.fn();
  const stop = client.status.subscribe(() => {
    throw new Error('mine');
  });
  client.status.subscribe(other);
  const left = vi.fn();
  client.status.subscribe(left)();
  last().end(1006);
  stop();
  await new Promise((resolve) => setImmediate(resolve));
  process.removeListener('uncaughtException', thrown);
  for (const listener of before) process.on('uncaughtException', listener);
  expect(other).toHaveBeenCalledTimes(2);
  expect(left).toHaveBeenCalledTimes(1);
  expect(thrown).toHaveBeenCalledTimes(2);
  client.close();
});
