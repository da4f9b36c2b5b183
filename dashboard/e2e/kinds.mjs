// Stands in for a server with models of every kind of output: what it answers
// to /api and on /ws/predict, by the protocol. The rest is the real server's.

const labels = ['cat', 'dog', 'indoors', 'night'];
const models = [
  {
    name: 'scene', version: '1', task: 'labels', features: 3, classes: labels, missing: true,
    outputs: [
      { name: 'what', kind: 'labels', width: 4, classes: labels, thresholds: [0.5, 0.5, 0.4, 0.5] },
      { name: 'mood', kind: 'class', width: 2, classes: ['calm', 'wild'] },
      { name: 'place', kind: 'values', width: 2 },
    ],
    columns: [
      { name: 'light', kind: 'number', missing: true },
      { name: 'lens', kind: 'category', categories: ['wide', 'long'], unknown: 'refuse' },
      { name: 'width of the sensor', kind: 'number', missing: true },
    ],
  },
  { name: 'sizes', version: '2', task: 'regression', features: 3, classes: [], missing: true, columns: [], outputs: [{ name: 'prediction', kind: 'values', width: 3 }] },
  { name: 'embed', version: '1', task: 'vector', features: 2, classes: [], missing: false, columns: [], outputs: [{ name: 'prediction', kind: 'vector', width: 64 }] },
];

const vector = [3, 4, ...Array(62).fill(0)];
const answers = {
  scene: {
    prediction: ['cat', 'indoors'], confidence: [0.91, 0.42], scores: [0.91, 0.12, 0.42, 0.3, 0.8, 0.2, 48.2, 11.5],
    outputs: {
      what: { prediction: ['cat', 'indoors'], confidence: [0.91, 0.42] },
      mood: { prediction: 'calm', confidence: 0.8 },
      place: { prediction: [48.2, 11.5], confidence: null },
    },
  },
  sizes: { prediction: [10.5, -2, 7], confidence: null, scores: [10.5, -2, 7] },
  embed: { prediction: vector, confidence: null, scores: vector },
};

const facts = { engine: 'onnx', workers: 2, max_batch: 64, file: null, bytes: null, sha256: null, golden: null };
// Of the first: what its bundle and its processes tell.
const more = [{
  source: { library: 'scikit-learn', version: '1.9.1', format: 'pickle' },
  processes: [{ pid: 4711, state: 'ready', restarts: 1, memory_bytes: 52428800 }, { pid: 0, state: 'waiting', restarts: 3, memory_bytes: 0 }],
  reference: {
    rows: 500,
    features: [
      { min: -0.25, median: 0.5, max: 12.3456, missing: 0.1, counts: null },
      { min: null, median: null, max: null, missing: 0, counts: [100, 400, 0] },
      { min: 3, median: 3, max: 3, missing: 0.9, counts: null },
    ],
  },
}];
const none = {
  correct: 0, accuracy: null, accuracy_interval: null, mean_absolute_error: null, root_mean_square_error: null, confusion: null,
  calibration: null, calibration_error: null, labels: null, values: null, label_delay_ms: { p50: 900, p95: 4000, p99: 9000, max: 12000 },
};
const quality = [
  {
    ...none, ...models[0], kind: 'labels', predicted: 1000, labelled: 200, label_coverage: 0.2, correct: 150, accuracy: 0.75, accuracy_interval: [0.69, 0.81],
    micro_f1: 0.91, macro_f1: 0.83, hamming_loss: 0.07,
    labels: labels.map((label, i) => ({
      label, true_positive: 90 - 20 * i, false_positive: 5 * i, false_negative: 3 * i, true_negative: 105 + 12 * i,
      precision: (90 - 20 * i) / (90 - 15 * i), recall: (90 - 20 * i) / (90 - 17 * i), f1: (90 - 20 * i) / (90 - 16 * i),
    })),
  },
  {
    ...none, ...models[1], kind: 'values', predicted: 300, labelled: 120, label_coverage: 0.4, mean_absolute_error: 1.5, root_mean_square_error: 2.1,
    values: [{ mean_absolute_error: 0.25, root_mean_square_error: 0.3 }, { mean_absolute_error: 1.25, root_mean_square_error: 1.9 }, { mean_absolute_error: 3, root_mean_square_error: 3.2 }],
  },
  { ...none, ...models[2], kind: 'vector', predicted: 77, labelled: 0, label_coverage: 0, label_delay_ms: null },
];

/** What is answered to a binary request of one row: a pair, and all scores. */
function binary(request) {
  const { scores } = answers[models[request.readUInt32LE(20)].name];
  const reply = Buffer.alloc(32 + 4 * scores.length);
  reply.writeUInt8(0x81, 0);
  reply.writeUInt16LE(1, 2);
  reply.writeUInt32LE(1, 4);
  request.copy(reply, 8, 8, 16); // the id
  [scores[0], NaN, ...scores].forEach((v, i) => reply.writeFloatLE(v, 24 + 4 * i));
  return reply;
}

/** Answers in the server's place, and returns what the page said on /ws/predict. */
export async function stand(page) {
  const said = [];
  await page.route('**/api/models', (r) => r.fulfill({ json: { models: models.map((m, i) => ({ ...m, ...facts, ...more[i], default: i === 0 })) } }));
  await page.route('**/api/quality', (r) => r.fulfill({ json: { models: quality } }));
  await page.routeWebSocket(/\/ws\/predict/, (ws) => {
    ws.send(JSON.stringify({ type: 'hello', session: 's', models, limits: { window: 64, max_rows: 64, max_bytes: 65536 } }));
    ws.onMessage((message) => {
      if (typeof message !== 'string') return ws.send(binary(message));
      const m = JSON.parse(message);
      if (m.type === 'ping') return ws.send('{"type":"pong"}');
      said.push(m);
      if (m.type === 'feedback') ws.send(JSON.stringify({ type: 'feedback_ok', request_id: m.request_id, correct: Array.isArray(m.label) && typeof m.label[0] === 'number' ? null : false }));
      if (m.type !== 'predict') return;
      const { name, version } = models.find((o) => o.name === m.model) ?? models[0];
      ws.send(JSON.stringify({ type: 'prediction', request_id: m.request_id, ...answers[name], model: name, version, timing: { queue_us: 40, compute_us: 310, batch_rows: 1 } }));
    });
  });
  return said;
}
