import { NONE, percent, rate } from '../format';
import type { OutputKind, QualityFigures } from '../link/client';

type Read = (f: QualityFigures) => number | null | undefined;

/** A number that the window is charted by. */
export interface Measure {
  readonly id: string;
  readonly title: string;
  readonly help: string;
  readonly read: Read;
  readonly text: (value: number | null | undefined) => string;
  /** What the axis multiplies it by: 100 for shares in percent. */
  readonly axis: number;
  /** Lowest and highest that it can be. */
  readonly limits: readonly [number, number];
  /** Its 95 % interval. */
  readonly interval?: (f: QualityFigures) => readonly [number, number] | null;
  /** Whether what confidences let one expect belongs beside it. */
  readonly estimated?: boolean;
}

const shareText = (v: number | null | undefined) => (v == null ? NONE : `${percent(v, 2)} %`);
const share = (id: string, title: string, read: Read, help: string): Measure => ({ id, title, read, help, text: shareText, axis: 100, limits: [0, 1] });
const loss = (id: string, title: string, read: Read, help: string): Measure => ({ id, title, read, help, text: rate, axis: 1, limits: [0, Infinity] });

const right = (title: string, help: string): Measure => ({ ...share('accuracy', title, (f) => f.accuracy, help), interval: (f) => f.interval, estimated: true });
const logLoss = loss('log_loss', 'Log loss', (f) => f.log_loss, 'Mean of −ln of the probability that was given to the truth: the smaller the better; one that is sure and wrong costs much');
const brier = loss('brier', 'Brier score', (f) => f.brier, 'Mean squared distance of the probabilities from the truth: the smaller the better');
const calibration = share('calibration_error', 'Calibration error', (f) => f.calibration_error, 'Expected gap between confidence and accuracy');
const confidence = share('mean_confidence', 'Mean confidence', (f) => f.mean_confidence, 'Of all predicted rows, labelled or not');
const covered = (title: string) => share('set_coverage', title, (f) => f.set_coverage, 'How often it held the truth');

export const MEASURES: Record<OutputKind, readonly Measure[]> = {
  class: [
    right('Accuracy', 'Right answers among the labelled rows'), logLoss, brier, calibration, confidence, covered('Sets: coverage'),
    loss('set_size', 'Sets: size', (f) => f.set_size, 'Classes in a set, on average'),
  ],
  labels: [{ ...right('Exact-match ratio', 'Labelled rows with every label right'), estimated: false }, logLoss, brier],
  values: [
    loss('mae', 'Mean absolute error', (f) => f.mean_absolute_error, 'In the unit of the values'),
    loss('rmse', 'Root mean square error', (f) => f.root_mean_square_error, 'In the unit of the values; large errors count for more'),
    { ...loss('r2', 'R²', (f) => f.r2, 'The share of the variance that is explained: 1 is perfect, 0 is no better than always saying the mean'), limits: [-Infinity, 1] },
    covered('Intervals: coverage'),
  ],
  vector: [],
};

/** What came of the predicted rows, whatever the kind. */
export const LABELLED = share('label_coverage', 'Labelled', (f) => f.label_coverage, 'Labelled rows as a share of those predicted');
