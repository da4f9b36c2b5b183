// What the server tells of quality over time: the parts of `GET /api/quality`
// and what stands beneath it. A number is null where nothing was measured.

/** How far back one looks. */
export type QualityWindow = '1h' | '6h' | '1d' | '7d' | '30d' | '1y';

/** What puts a row into a step of time: when it was predicted, or when its label came. */
export type QualityBy = 'prediction' | 'label';

/** How raw confidences become those that are shown. */
export interface CalibratorInfo {
  kind: 'identity' | 'temperature' | 'beta';
  parameters: number[];
  /** RFC 3339; null where the raw ones were never changed. */
  adopted: string | null;
  /** Whether it stays as it is, whatever labels say. */
  frozen: boolean;
  /** Labelled rows that what follows is measured on. */
  rows: number;
  /** The expected calibration error of the raw confidences, and of those shown. */
  ece_raw: number | null;
  ece: number | null;
  /** That of a perfectly calibrated model on as many rows. */
  ece_floor: number | null;
  /** Spiegelhalter's z of the confidences shown: beyond ±2 they are not right as often as they say. */
  z: number | null;
  /** The mean confidence shown, less the share of right answers. */
  mean_gap: number | null;
}

/** How sets and intervals keep what they promise. */
export interface SetsInfo {
  /** The share of sets that may miss the truth. */
  alpha: number;
  /** Labelled rows that sets are made from now. */
  rows: number;
  /** Labelled rows whose set was judged. */
  judged: number;
  /** The share that held it. */
  coverage: number | null;
  /** Classes in a set; of numbers half the width of an interval. */
  mean_size: number | null;
  /** What stands for alpha now, to keep the promise under shift. */
  level: number | null;
}

/** A feature's values now beside those of the reference. */
export interface FeatureDrift {
  name: string;
  /** That the values differ as much by chance, alone and among all features (Benjamini–Hochberg). */
  p: number | null;
  q: number | null;
  /** The population stability index: how large the difference is. */
  psi: number | null;
  /** The share of rows that would have to be in other bins. */
  effect: number;
  firing: boolean;
  /** The share of rows in each bin. */
  live: number[];
  reference: number[];
  bins: string[];
}

/** Whether the rows that come are still like the reference. */
export interface DriftInfo {
  firing: boolean;
  text: string;
  /** 0 where the bundle has none: predictions and confidences are then compared with those of the first windows. */
  reference_rows: number;
  /** Windows that were judged, and rows of the one that fills now. */
  windows: number;
  rows: number;
  /** Worst first. */
  features: FeatureDrift[];
  /** Of images how far each pixel is off, 0 to 1. */
  map: number[] | null;
  /** Rows and columns of the images. */
  shape: [number, number] | null;
}

/** The accuracy of all predicted rows, guessed from their confidences while labels lag. */
export interface AccuracyEstimate {
  accuracy: number | null;
  interval: [number, number] | null;
  measured: number | null;
  /** What the labelled rows were righter than their confidence said. */
  residual: number | null;
  residual_interval: [number, number] | null;
  reliable: boolean;
  /** Why it is not. */
  why: string;
}

/** Where outcomes are kept. */
export interface QualityStore {
  where: 'memory' | 'disk';
  /** Whether what happens now is not written. */
  degraded: boolean;
  reason: string;
  lost_rows: number;
  bytes: number;
  rows: number;
  /** RFC 3339. */
  oldest: string | null;
}

/** What was measured of the rows of a step of time, or of a whole window. */
export interface QualityFigures {
  predicted: number;
  labelled: number;
  correct: number;
  /** Rows that were forgotten before a label came. */
  forgotten: number;
  accuracy: number | null;
  /** Its 95 % Wilson interval. */
  interval: [number, number] | null;
  /** What it can be at least and at most, whatever the labels that are missing say. */
  bounds: [number, number] | null;
  /** Whether hardly any more labels will come. */
  complete: boolean;
  log_loss: number | null;
  brier: number | null;
  calibration_error: number | null;
  /** What `calibration_error` would be on average if every confidence shown were right; absent from a server before it. */
  calibration_floor?: number | null;
  mean_confidence: number | null;
  label_coverage: number | null;
  /** The accuracy that the confidences let one expect. */
  estimate: number | null;
  mean_absolute_error: number | null;
  root_mean_square_error: number | null;
  r2: number | null;
  set_coverage: number | null;
  set_size: number | null;
}

export interface QualityPoint extends QualityFigures {
  /** When the step begins, RFC 3339. */
  at: string;
}

/** A class of a window, as scikit-learn tells it: 0 where there is nothing to divide by. */
export interface ClassQuality {
  class: string;
  precision: number | null;
  recall: number | null;
  f1: number | null;
  /** Labelled rows that are of it. */
  support: number;
}

/** Something that changed what is measured: a calibration, a drift, a version. */
export interface QualityEvent {
  /** RFC 3339. */
  at: string;
  kind: string;
  version: string;
  text: string;
}

/** How often the truth was among the k likeliest classes. */
export interface TopK {
  k: number;
  accuracy: number;
}

/** How much the accuracy depends on who labels. */
export interface LabelInfluence {
  /** With the labels of nobody weighing more than 5 %. */
  capped_accuracy: number;
  /** Whose labels move the accuracy most; empty where there is one caller alone. */
  most_influential: string;
  /** The accuracy less what it is without them. */
  moves: number;
}

/** One model over the window that was asked for. */
export interface QualityOverTime {
  window: QualityWindow;
  by: QualityBy;
  step_s: number;
  /** Oldest first; steps of which nothing is known are absent. */
  points: QualityPoint[];
  total: QualityFigures;
  per_class?: ClassQuality[] | null;
  /** Oldest first. */
  events: QualityEvent[];
  influence: LabelInfluence | null;
}

export type SliceBy = 'version' | 'caller' | 'class' | 'slice';

/** Some of the rows beside the rest. */
export interface QualitySlice {
  name: string;
  labelled: number;
  correct: number;
  accuracy: number | null;
  interval: [number, number] | null;
  /** That it differs as much by chance, among all slices (Benjamini–Hochberg). */
  q: number | null;
  /** Whether it is found to be worse than the rest. */
  worse: boolean;
}

/** The answer of `GET /api/quality/slices`. */
export interface SlicesAnswer {
  by: SliceBy;
  slices: QualitySlice[];
  /** Slices that have too few labels to be told. */
  too_few: number;
}

/** A prediction that was confident and wrong. */
export interface WorstExample {
  /** The JSON of the request's id. */
  request_id: string;
  row: number;
  /** RFC 3339. */
  at: string;
  version: string;
  prediction: string;
  label: string;
  confidence: number | null;
  /** Null where the server was not told to keep them. */
  features: (number | null)[] | null;
}

/** The answer of `GET /api/quality/worst`. */
export type WorstAnswer = { examples: WorstExample[] };

/** Labelled rows on either side of a threshold on the score of the positive class. */
export interface CurvePoint {
  threshold: number;
  tp: number;
  fp: number;
  fn: number;
  tn: number;
}

/** The answer of `GET /api/quality/curve`, for a model of two classes. */
export interface CurveAnswer {
  positive: string;
  rows: number;
  points: CurvePoint[];
  roc_auc: number | null;
  average_precision: number | null;
}

/** The answer of `GET /api/quality/residuals`: truth less prediction. */
export interface ResidualsAnswer {
  rows: number;
  quantiles: { p: number; value: number | null }[];
  histogram: { lower: number; upper: number; count: number }[];
}
