import { NONE, number, percent, rate } from '../format';
import { type ModelInfo, type ModelQuality, type OutputAnswer, type OutputKind, outputsOf } from '../link/client';
import type { MetricId } from '../live/metrics';

/** The one number that says how right a model is. */
export interface Measure {
  readonly metric: MetricId;
  readonly title: string;
  /** In running text. */
  readonly words: string;
  /** Whether it is a share of one, with an interval; else it is a distance. */
  readonly share: boolean;
  readonly text: (value: number | null | undefined) => string;
}

/** How a kind of output is spoken of, on every page. What Try and Quality show of each stands in answers.ts, labels.ts and charts.ts. */
export interface KindWords {
  /** What such a model does. */
  readonly task: string;
  /** Null where no label can tell how right an answer was. */
  readonly measure: Measure | null;
  /** What an answer says, in a few words. */
  readonly say: (answer: OutputAnswer) => { readonly text: string; readonly note: string | null };
}

const share = (title: string): Measure => ({
  metric: 'accuracy', title, words: title.toLowerCase(), share: true, text: (v) => (v == null ? NONE : `${percent(v)} %`),
});

const SAID = 4; // numbers in a sentence

export const KINDS: Record<OutputKind, KindWords> = {
  class: {
    task: 'classification',
    measure: share('Accuracy'),
    say: (a) => ({ text: a.label ?? '', note: a.confidence === null ? null : `${percent(a.confidence)} % sure` }),
  },
  labels: {
    task: 'labels',
    measure: share('Exact-match ratio'),
    say: (a) => {
      const labels = a.kind === 'labels' ? a.labels : [];
      return { text: labels.length > 0 ? labels.join(', ') : 'none', note: `${labels.length} ${labels.length === 1 ? 'label holds' : 'labels hold'}` };
    },
  },
  values: {
    task: 'regression',
    measure: { metric: 'mean_absolute_error', title: 'Mean absolute error', words: 'mean absolute error', share: false, text: rate },
    say: (a) => {
      const values = a.kind === 'values' ? a.values : [];
      return { text: values.slice(0, SAID).map(number).join(', ') + (values.length > SAID ? ', …' : ''), note: null };
    },
  },
  vector: {
    task: 'embedding',
    measure: null,
    say: (a) => {
      const vector = a.kind === 'vector' ? a.vector : [];
      return { text: `norm ${number(norm(vector))}`, note: `${vector.length} numbers` };
    },
  },
};

export const norm = (vector: ArrayLike<number>): number => Math.hypot(...Array.from(vector));

/** The kind of a model's first output, of which it is measured how right it is. */
export const kindOf = (model: Pick<ModelInfo, 'classes' | 'outputs'>): OutputKind => outputsOf(model as ModelInfo)[0]?.kind ?? 'class';

/** How right models are, as all together are measured too. */
export const ACCURACY = KINDS.class.measure!;

/** The kind of what the labels are about; an older server tells the task alone. */
export const qualityKind = (m: ModelQuality): OutputKind => m.kind ?? (m.task === 'regression' ? 'values' : 'class');
