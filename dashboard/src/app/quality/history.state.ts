import { computed, inject, InjectionToken, type Signal, signal } from '@angular/core';
import type { CurveAnswer, ModelQuality, QualityAnswer, QualityWindow, ResidualsAnswer, SliceBy, SlicesAnswer, WorstAnswer } from '../link/client';
import { Store } from '../store/store';
import { qualityKind } from '../views/kinds';

/** How often a window is asked for again, in milliseconds: the newest step of an hour changes fast, that of a year does not. */
const EVERY: Record<QualityWindow, number> = { '1h': 10_000, '6h': 20_000, '1d': 60_000, '7d': 60_000, '30d': 120_000, '1y': 300_000 };

/**
 * A question to /api, and the newest answer. While another is on its way the old
 * one stays in sight, unless it is about another model: nothing jumps.
 */
export class Question<T> {
  private readonly _answer = signal<{ readonly path: string; readonly about: string; readonly value: T } | null>(null);
  private readonly _problem = signal<string | null>(null);

  constructor(
    /** What is asked; null for nothing. */
    readonly path: Signal<string | null>,
    /** What the answer is about. */
    private readonly about: Signal<string>,
    /** After how many milliseconds it is asked again. */
    readonly every: Signal<number>,
  ) {}

  readonly value = computed(() => {
    const answer = this._answer();
    return answer !== null && this.path() !== null && answer.about === this.about() ? answer.value : null;
  });
  readonly problem = computed(() => (this.path() === null ? null : this._problem()));
  /** Whether what is shown answers something else than is asked now, or is old. */
  readonly stale = computed(() => this.value() !== null && (this._answer()!.path !== this.path() || this._problem() !== null));

  take(path: string, value: T): void {
    if (path !== this.path()) return;
    this._answer.set({ path, about: this.about(), value });
    this._problem.set(null);
  }

  fail(path: string, problem: string): void {
    if (path === this.path()) this._problem.set(problem);
  }
}

/** What the server remembers of a model's quality, in the window that was chosen, and how the page looks at it. */
export class HistoryState {
  private readonly _slicing = signal<SliceBy>('version');
  private readonly _cursor = signal<number | null>(null);

  constructor(private readonly store: Pick<Store, 'view' | 'quality'>) {}

  private readonly model = computed(() => this.store.quality.model(), { equal: sameModel });
  private readonly name = computed(() => this.model()?.name ?? '');
  private readonly kind = computed(() => { const m = this.model(); return m ? qualityKind(m) : null; });
  private readonly rows = computed(() => 2 * EVERY[this.store.view.window()]); // the server reads rows for these

  /** What slices are by. */
  readonly slicing = this._slicing.asReadonly();
  /** The moment that is pointed at, in seconds since 1970. */
  readonly cursor = this._cursor.asReadonly();

  readonly windowed = new Question<QualityAnswer>(
    computed(() => (this.store.quality.store() && this.model() ? `api/quality?${new URLSearchParams({ model: this.name(), window: this.store.view.window(), by: this.store.view.by() })}` : null)),
    this.name,
    computed(() => EVERY[this.store.view.window()]),
  );
  readonly slices = new Question<SlicesAnswer>(
    this.ask('slices', () => this.kind() === 'class' || this.kind() === 'labels', () => ({ by: this._slicing() })), computed(() => `${this._slicing()} ${this.name()}`), this.rows,
  );
  readonly worst = new Question<WorstAnswer>(this.ask('worst', () => this.kind() === 'class'), this.name, this.rows);
  readonly curve = new Question<CurveAnswer>(this.ask('curve', () => this.kind() === 'class' && this.model()?.classes.length === 2), this.name, this.rows);
  readonly residuals = new Question<ResidualsAnswer>(this.ask('residuals', () => this.kind() === 'values'), this.name, this.rows);
  readonly questions: readonly Question<unknown>[] = [this.windowed, this.slices, this.worst, this.curve, this.residuals];

  /** The chosen model over the window. */
  readonly overTime = computed(() => this.windowed.value()?.models.find((m) => m.name === this.name())?.over_time ?? null);

  slice(by: SliceBy): void {
    this._slicing.set(by);
  }

  point(at: number | null): void {
    this._cursor.set(at);
  }

  /** The address of an export of the window. */
  exportPath(format: 'csv' | 'parquet'): string {
    return `api/quality/export?${new URLSearchParams({ model: this.name(), window: this.store.view.window(), format })}`;
  }

  private ask(what: string, of: () => boolean, more: () => Record<string, string> = () => ({})): Signal<string | null> {
    return computed(() => {
      const name = this.name();
      if (!this.store.quality.store() || name === '' || !of()) return null;
      return `api/quality/${what}?${new URLSearchParams({ model: name, window: this.store.view.window(), ...more() })}`;
    });
  }
}

/** Numbers come every two seconds; what is asked does not change with them. */
function sameModel(a: ModelQuality | null, b: ModelQuality | null): boolean {
  return a === b || (a !== null && b !== null && a.name === b.name && qualityKind(a) === qualityKind(b) && a.classes.length === b.classes.length);
}

export const HISTORY = new InjectionToken<HistoryState>('history', { providedIn: 'root', factory: () => new HistoryState(inject(Store)) });
