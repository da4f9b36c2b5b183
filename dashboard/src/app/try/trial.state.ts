import { computed, inject, InjectionToken, signal } from '@angular/core';
import { Store } from '../store/store';
import { type Hello, type ModelInfo, outputsOf, type Prediction, type StatusInfo } from '../link/client';
import { ViewState } from '../store/view.state';
import { KINDS, kindOf } from '../views/kinds';
import type { Field } from './columns';
import { type Dot, rasterise, SIDE, type Stroke } from './mnist';

export const MISTAKES_KEPT = 24;

/** A guess that its label proved wrong. */
export interface Mistake {
  readonly id: number;
  readonly pixels: Float32Array;
  readonly guess: string;
  readonly truth: string;
  readonly confidence: number | null;
}

/** What became of the label for the newest question. */
export type Labelling =
  | { readonly state: 'none' }
  | { readonly state: 'sending'; readonly question: number; readonly label: string }
  | { readonly state: 'counted'; readonly question: number; readonly label: string; readonly correct: boolean | null }
  | { readonly state: 'failed'; readonly question: number; readonly label: string; readonly problem: string };

/** A prediction with the pixels that it is about (null where it is no digit). */
export interface Answer {
  /** The question that it answers; they count up. */
  readonly question: number;
  readonly prediction: Prediction;
  readonly pixels: Float32Array | null;
}

/** How a row is made for a model: drawn, filled in by the names of its columns, or typed as numbers. */
export type InputKind = 'pad' | 'columns' | 'row';

/** What the Try it page draws, asks and learns. */
export class TrialState {
  private readonly _status = signal<StatusInfo>({ status: 'reconnecting', attempt: 1, nextAttemptAt: null, reason: null });
  private readonly _hello = signal<Hello | null>(null);
  private readonly _strokes = signal<readonly Stroke[]>([]);
  private readonly _sheet = signal(0);
  private readonly _row = signal('');
  private readonly _fields = signal<ReadonlyMap<string, Field>>(new Map());
  private readonly _answer = signal<Answer | null>(null);
  private readonly _problem = signal<string | null>(null);
  private readonly _busy = signal(false);
  private readonly _labelling = signal<Labelling>({ state: 'none' });
  private readonly _mistakes = signal<readonly Mistake[]>([]);
  private readonly _tally = signal({ right: 0, wrong: 0 });
  private newest = 0; // id of a mistake

  constructor(private readonly view = new ViewState()) {}

  readonly status = this._status.asReadonly();
  readonly models = computed<readonly ModelInfo[]>(() => this._hello()?.models ?? []);
  readonly model = computed<ModelInfo | null>(() => {
    const models = this.models();
    return models.find((m) => m.name === this.view.model()) ?? models[0] ?? null;
  });
  /** What the model says first, which is what labels are about. */
  readonly output = computed(() => outputsOf(this.model() ?? undefined)[0] ?? null);
  readonly kind = computed(() => { const m = this.model(); return m ? kindOf(m) : 'class'; });
  readonly classes = computed<readonly string[]>(() => this.output()?.classes ?? []);
  readonly input = computed<InputKind>(() => {
    const m = this.model();
    if (m?.columns?.length) return 'columns';
    const digits = m?.features === SIDE * SIDE && this.kind() === 'class' && this.classes().length === 10;
    return digits ? 'pad' : 'row';
  });

  readonly strokes = this._strokes.asReadonly();
  /** Another number for every new drawing, and every other model. */
  readonly sheet = this._sheet.asReadonly();
  readonly pixels = computed(() => rasterise(this._strokes()));
  readonly row = this._row.asReadonly();
  /** What was filled in, by the names of columns. */
  readonly fields = this._fields.asReadonly();

  readonly answer = this._answer.asReadonly();
  readonly problem = this._problem.asReadonly();
  /** Whether an answer to what is there now is still to come. */
  readonly busy = this._busy.asReadonly();
  readonly labelling = this._labelling.asReadonly();
  /** The label that was given to what is there now. */
  readonly labelGiven = computed(() => {
    const l = this._labelling();
    return l.state === 'none' || l.state === 'failed' ? null : l.label;
  });
  readonly mistakes = this._mistakes.asReadonly();
  readonly tally = this._tally.asReadonly();

  setStatus(status: StatusInfo): void {
    this._status.set(status);
  }

  setHello(hello: Hello | null): void {
    if (hello) this._hello.set(hello);
  }

  /** Forgets what was asked of another model. */
  begin(): void {
    this.clear();
    this._row.set('');
    this._fields.set(new Map());
    this._tally.set({ right: 0, wrong: 0 });
    this._mistakes.set([]);
  }

  /** Sets the pen down. After a label it begins a new digit. */
  penDown(dot: Dot): void {
    if (['sending', 'counted'].includes(this._labelling().state)) this.clear();
    this._strokes.update((all) => [...all, [dot]]);
  }

  penMoved(dots: readonly Dot[]): void {
    this._strokes.update((all) => [...all.slice(0, -1), [...(all.at(-1) ?? []), ...dots]]);
  }

  undo(): void {
    this._strokes.update((all) => all.slice(0, -1));
    if (this._strokes().length === 0) this.clear();
  }

  clear(): void {
    this._sheet.update((n) => n + 1);
    this._strokes.set([]);
    this._answer.set(null);
    this._problem.set(null);
    this._labelling.set({ state: 'none' });
  }

  setRow(text: string): void {
    this._row.set(text);
    this._problem.set(null);
  }

  setField(column: string, field: Field): void {
    this._fields.update((old) => new Map(old).set(column, field));
    this._problem.set(null);
  }

  answered(answer: Answer): void {
    this._answer.set(answer);
    this._problem.set(null);
    const l = this._labelling();
    if (l.state === 'none' || l.question < answer.question) this._labelling.set({ state: 'none' });
  }

  setBusy(busy: boolean): void {
    this._busy.set(busy);
  }

  fail(problem: string): void {
    this._problem.set(problem);
  }

  labelSent(question: number, label: string): void {
    this._labelling.set({ state: 'sending', question, label });
  }

  labelled(answer: Answer, label: string, correct: boolean | null): void {
    if (this.awaits(answer.question)) this._labelling.set({ state: 'counted', question: answer.question, label, correct });
    if (correct === null) return;
    this._tally.update(({ right, wrong }) => (correct ? { right: right + 1, wrong } : { right, wrong: wrong + 1 }));
    if (correct || !answer.pixels) return;
    const { prediction: p, pixels } = answer;
    const mistake = { id: ++this.newest, pixels, guess: KINDS[p.kind].say(p).text, truth: label, confidence: p.confidence };
    this._mistakes.update((all) => [mistake, ...all].slice(0, MISTAKES_KEPT));
  }

  labelFailed(question: number, problem: string): void {
    const l = this._labelling();
    if (l.state === 'sending' && l.question === question) this._labelling.set({ ...l, state: 'failed', problem });
  }

  private awaits(question: number): boolean {
    const l = this._labelling();
    return l.state === 'sending' && l.question === question;
  }
}

/** The one of the page. */
export const TRIAL = new InjectionToken<TrialState>('trial', { providedIn: 'root', factory: () => new TrialState(inject(Store).view) });
