import type { Type } from '@angular/core';
import { NONE, percent, rate } from '../format';
import type { ModelQuality, OutputKind } from '../link/client';
import { ClassTable } from '../quality/class-table';
import { Confusion } from '../quality/confusion';
import { LabelTable } from '../quality/label-table';
import type { Fact } from '../quality/labeller';
import { Reliability } from '../quality/reliability';
import { ValueTable } from '../quality/value-table';

/** A chart or table of the Quality page, which takes the input `model`. */
export interface QualityPart {
  readonly title: string;
  readonly component: Type<unknown>;
}

/** What Quality shows of a kind of output. */
export interface QualityView {
  readonly facts: (m: ModelQuality) => readonly Fact[];
  /** Once there are labels. */
  readonly parts: (m: ModelQuality) => readonly QualityPart[];
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
    parts: () => [
      { title: 'Confusion', component: Confusion },
      { title: 'Reliability', component: Reliability },
      { title: 'By class', component: ClassTable },
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
    parts: (m) => (m.labels ? [{ title: 'By label', component: LabelTable }] : []),
    example: example(['cat', 'night']),
  },
  values: {
    facts: (m) => [distance('Mean absolute error', m.mean_absolute_error, m), distance('Root mean square error', m.root_mean_square_error, m)],
    parts: (m) => (m.values?.length ? [{ title: 'By value', component: ValueTable }] : []),
    example: example(7.5),
  },
  vector: { facts: () => [], parts: () => [], example: null },
};

/** The kind of what the labels are about; an older server tells the task alone. */
export const qualityKind = (m: ModelQuality): OutputKind => m.kind ?? (m.task === 'regression' ? 'values' : 'class');
