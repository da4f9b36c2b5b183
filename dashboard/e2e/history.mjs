// Stands in for a server that remembers: what it answers to /api/quality and
// beneath it, of models of every kind. The rest is the real server's.

const now = Date.parse('2026-11-20T12:00:00Z');
const iso = (ms) => new Date(ms).toISOString();
const STEPS = { '1h': [60, 60], '6h': [60, 360], '1d': [3600, 24], '7d': [3600, 168], '30d': [86_400, 30], '1y': [86_400 * 30, 12] };

const digits = Array.from({ length: 10 }, (_, i) => String(i));
const none = {
  interval: null, bounds: null, complete: true, accuracy: null, log_loss: null, brier: null, calibration_error: null, mean_confidence: null, label_coverage: null, estimate: null,
  mean_absolute_error: null, root_mean_square_error: null, r2: null, set_coverage: null, set_size: null,
};

/** A step, or all of them: wobbling, and without its newest labels. */
function figures(kind, i, steps) {
  const predicted = 900 + Math.round(200 * Math.sin(i / 5));
  const late = Math.max(0, i - (steps - 6)) / 6;
  const labelled = Math.round(predicted * 0.8 * (1 - late));
  const accuracy = 0.955 + 0.02 * Math.sin(i / 7) - (i > steps / 2 && i < steps / 2 + 5 ? 0.08 : 0);
  const correct = Math.round(labelled * accuracy);
  const half = labelled === 0 ? 0 : 1.96 * Math.sqrt((accuracy * (1 - accuracy)) / labelled);
  const c = labelled / predicted;
  const all = { ...none, predicted, labelled, correct, forgotten: i % 9 === 0 ? 12 : 0, complete: late === 0, label_coverage: c };
  if (labelled === 0) return all;
  if (kind === 'values') return { ...all, mean_absolute_error: 1.4 + 0.2 * Math.sin(i), root_mean_square_error: 2.2, r2: 0.83, set_coverage: 0.91, set_size: 3.1 };
  return {
    ...all, accuracy, interval: [accuracy - half, Math.min(1, accuracy + half)], bounds: [c * accuracy, c * accuracy + 1 - c], log_loss: 0.14, brier: 0.06, calibration_error: 0.013, mean_confidence: 0.96,
    estimate: accuracy + 0.006 * Math.cos(i / 3), set_coverage: 0.905, set_size: 1.12,
  };
}

function overTime(kind, window, by, classes) {
  const [step, steps] = STEPS[window];
  const points = Array.from({ length: steps }, (_, i) => ({ at: iso(now - (steps - i) * step * 1000), ...figures(kind, i, steps) })).filter((_, i) => steps < 100 || i < 40 || i > 60);
  const event = (i, type, text) => ({ at: iso(now - (steps - i) * step * 1000), kind: type, version: '1', text });
  return {
    window, by, step_s: step, points, total: { ...figures(kind, 3, steps), predicted: 60_000, labelled: 48_123, correct: 45_900, forgotten: 84, complete: false },
    influence: kind === 'class' ? { capped_accuracy: 0.961, most_influential: 'nightly import', moves: -0.0123 } : null,
    per_class: kind === 'class' ? classes.map((name, i) => ({ class: name, precision: 0.98 - i / 100, recall: 0.97 - i / 90, f1: 0.975 - i / 95, support: 4812 - 31 * i })) : null,
    events: [event(Math.floor(steps / 4), 'calibration', 'Temperature 1.31 is adopted: log loss falls by 0.021 (z = 3.4).'), event(Math.floor(steps / 2), 'drift', 'Rows are no longer like the reference: contrast of the pictures.')],
  };
}

const drift = (features, more = {}) => ({
  firing: false, text: '', reference_rows: 2000, windows: 12, rows: 340, map: null, shape: null,
  features: features.map((name, i) => ({
    name, effect: 0.2, p: 0.0004 * (i + 1), q: 0.004 * (i + 1), psi: 0.31 / (i + 1), firing: i === 0, bins: ['≤ 3', '3 to 7', '> 7', 'missing'],
    live: [0.4 - i / 100, 0.3, 0.28, 0.02 + i / 100], reference: [0.25, 0.35, 0.38, 0.02],
  })),
  ...more,
});
const calibrator = { kind: 'temperature', parameters: [1.3112], adopted: iso(now - 3_600_000), frozen: false, rows: 1873, ece_raw: 0.051, ece: 0.012, ece_floor: 0.022, z: 0.41, mean_gap: 0.003 };
const sets = { alpha: 0.1, rows: 2000, judged: 45_000, coverage: 0.905, mean_size: 1.12, level: 0.098 };
const estimate = { accuracy: 0.9701, interval: [0.961, 0.979], measured: 0.968, residual: -0.002, residual_interval: [-0.008, 0.004], reliable: true, why: '' };
const base = {
  version: '1', predicted: 60_000, labelled: 48_123, label_coverage: 0.8, correct: 45_900, accuracy: 0.9538, accuracy_interval: [0.9519, 0.9556], mean_absolute_error: null, root_mean_square_error: null,
  confusion: null, calibration: null, calibration_error: 0.013, labels: null, values: null, label_delay_ms: { p50: 900, p95: 4000, p99: 9000, max: 12_000 }, calibrator: null, sets: null, drift: null, estimate: null, top_k: null,
};
const bins = Array.from({ length: 10 }, (_, i) => ({ lower: i / 10, upper: (i + 1) / 10, count: 3 * 2 ** i, mean_confidence: i / 10 + 0.05, accuracy: Math.min(1, i / 10 + 0.04) }));
const matrix = (n) => Array.from({ length: n }, (_, t) => Array.from({ length: n }, (_, p) => (t === p ? 4500 : (t * 7 + p * 3) % 11)));
const ring = Array.from({ length: 784 }, (_, i) => Math.max(0, 1 - Math.abs(Math.hypot((i % 28) - 13.5, Math.floor(i / 28) - 13.5) - 8) / 4));
const pixels = Array.from({ length: 784 }, (_, i) => `pixel ${Math.floor(i / 28)}, ${i % 28}`);

export const models = [
  {
    ...base, name: 'digits', task: 'classification', kind: 'class', classes: digits, confusion: matrix(10), top_k: [0.954, 0.981, 0.99, 0.995, 0.998].map((accuracy, i) => ({ k: i + 1, accuracy })), calibration: bins, calibrator, sets, estimate,
    drift: drift(pixels.slice(0, 60), { firing: true, text: 'Rows are no longer like the reference: pixel 0, 0 and 59 others differ.', map: ring, shape: [28, 28] }),
  },
  {
    ...base, name: 'fraud', task: 'classification', kind: 'class', classes: ['no', 'yes'], confusion: matrix(2), calibration: bins, calibrator: { ...calibrator, kind: 'beta', parameters: [0.9, 1.1, -0.2], z: 3.2, mean_gap: 0.04, frozen: true },
    sets, estimate: { ...estimate, reliable: false, why: 'labels say the confidences are off by 0.9 to 2.1 points' }, drift: drift(['age', 'amount', 'a feature whose name is rather long, as they are']),
  },
  {
    ...base, name: 'price', task: 'regression', kind: 'values', classes: [], correct: 0, accuracy: null, accuracy_interval: null, calibration_error: null, mean_absolute_error: 1.4, root_mean_square_error: 2.2,
    sets: { ...sets, mean_size: 3.1 },
  },
];

const slices = {
  version: [['1', 48_123, 45_900, false]],
  caller: [['192.0.2.7', 21_000, 20_300, false], ['nightly import', 900, 700, true], ['a caller whose name goes on for quite a while, longer than a column is wide', 400, 380, false]],
  class: digits.map((d, i) => [d, 4812 - 31 * i, 4600 - 40 * i, i === 8]),
  slice: [],
};
const curve = Array.from({ length: 101 }, (_, i) => {
  const t = i / 100, tp = Math.round(1000 * (1 - t ** 3)), fp = Math.round(9000 * (1 - t) ** 4);
  return { threshold: t, tp, fp, fn: 1000 - tp, tn: 9000 - fp };
});

const beneath = {
  slices: (q) => ({
    by: q.get('by'), too_few: 3,
    slices: slices[q.get('by')].map(([name, labelled, correct, worse]) => ({ name, labelled, correct, accuracy: correct / labelled, interval: [correct / labelled - 0.01, correct / labelled + 0.01], q: worse ? 0.0002 : 0.61, worse })),
  }),
  worst: (q) => ({
    examples: Array.from({ length: 12 }, (_, i) => ({
      request_id: `"a-${1700 + i}"`, row: i % 3, at: iso(now - i * 60_000), version: '1', prediction: q.get('model') === 'digits' ? '3' : 'yes', label: q.get('model') === 'digits' ? '8' : 'no', confidence: 0.999 - i / 1000,
      features: q.get('model') === 'digits' ? ring : null,
    })),
  }),
  curve: () => ({ positive: 'yes', rows: 10_000, points: curve, roc_auc: 0.9412, average_precision: 0.8123 }),
  residuals: () => ({
    rows: 48_123, quantiles: [0.05, 0.25, 0.5, 0.75, 0.95].map((p) => ({ p, value: Math.round(1000 * Math.log(p / (1 - p))) / 1000 })),
    histogram: Array.from({ length: 24 }, (_, i) => ({ lower: i / 2 - 6, upper: i / 2 - 5.5, count: Math.round(4000 * Math.exp(-(((i - 11) / 5) ** 2))) })),
  }),
};

const nothing = (over) => ({ ...over, points: [], events: [], per_class: null, total: { ...none, predicted: 0, labelled: 0, correct: 0, forgotten: 0, complete: false } });

/** Answers in the server's place. What is asked beyond the plain page is in the list that it returns; `store`, `models` and `empty` may be changed. */
export async function remember(page) {
  const asked = [];
  const server = { asked, empty: false, models: structuredClone(models), store: { where: 'disk', degraded: false, reason: '', lost_rows: 0, bytes: 12_345_678, rows: 48_123, oldest: '2026-10-21T00:00:00Z' } };
  await page.route('**/api/quality**', (route) => {
    const url = new URL(route.request().url()), q = url.searchParams;
    const what = url.pathname.split('/api/quality/')[1];
    if (url.search) asked.push(url.pathname.replace(/^\//, '') + url.search);
    if (what === 'export') return route.fulfill({ body: 'model,version\nfraud,1\n', headers: { 'Content-Type': 'text/csv', 'Content-Disposition': 'attachment' } });
    if (what) return route.fulfill({ json: beneath[what](q) });
    const window = q.get('window');
    const look = server.empty ? nothing : (over) => over;
    return route.fulfill({ json: { models: server.models.filter((m) => !window || m.name === q.get('model')).map((m) => (window ? { ...m, over_time: look(overTime(m.kind, window, q.get('by'), m.classes)) } : m)), store: server.store } });
  });
  return server;
}
