import { NONE, percent, rate } from '../format';
import type { ModelQuality, OutputKind } from '../link/client';
import type { Fact } from '../quality/labeller';

/** What Quality says of a kind of output at first; its charts and tables stand in quality-parts.ts. */
export interface QualityView {
  readonly facts: (m: ModelQuality) => readonly Fact[];
  /** What a client sends as a label; null where there is none to send. */
  readonly example: string | null;
}

const share = (x: number | null | undefined) => (x == null ? NONE : `${percent(x, 2)} %`);
const example = (label: unknown) => JSON.stringify({ type: 'feedback', request_id: 'a-17', label });

/** A share of right answers, with its interval. */
function right(label: string, m: ModelQuality, note?: string): Fact {
  if (m.accuracy === null) return { label, value: 'no labels yet' };
  const [low, high] = m.accuracy_interval ?? [null, null];
  return { label, value: share(m.accuracy), note: `${note ? `${note}; ` : ''}95 % interval ${percent(low, 2)} to ${percent(high, 2)}` };
}

const distance = (label: string, value: number | null, m: ModelQuality): Fact => ({ label, value: m.labelled === 0 ? 'no labels yet' : rate(value) });

export const QUALITY: Record<OutputKind, QualityView> = {
  class: {
    facts: (m) => [
      right('Accuracy', m),
      { label: 'Calibration error', value: share(m.calibration_error), note: 'expected gap between confidence and accuracy' },
    ],
    example: example('7'),
  },
  labels: {
    facts: (m) => [
      right('Exact-match ratio', m, 'rows with every label right'),
      { label: 'F1, micro', value: share(m.micro_f1), note: 'of all labels together' },
      { label: 'F1, macro', value: share(m.macro_f1), note: 'mean of the labels’ own' },
      { label: 'Hamming loss', value: share(m.hamming_loss), note: 'labels that were told wrong' },
    ],
    example: example(['cat', 'night']),
  },
  values: {
    facts: (m) => [distance('Mean absolute error', m.mean_absolute_error, m), distance('Root mean square error', m.root_mean_square_error, m)],
    example: example(7.5),
  },
  vector: { facts: () => [], example: null },
};
