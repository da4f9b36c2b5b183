import { computed, signal } from '@angular/core';
import type { ModelQuality, QualityAnswer, QualityStore } from '../link/client';
import { ViewState } from '../store/view.state';

/** What labels say about the models. */
export class QualityState {
  private readonly _all = signal<readonly ModelQuality[] | null>(null);
  private readonly _store = signal<QualityStore | null>(null);
  private readonly _problem = signal<string | null>(null);

  constructor(private readonly view = new ViewState()) {}

  readonly names = computed(() => this._all()?.map((m) => m.name) ?? []);
  readonly model = computed(() => {
    const all = this._all();
    return all?.find((m) => m.name === this.view.model()) ?? all?.[0] ?? null;
  });
  /** Where the history is kept; null from a server that keeps none. */
  readonly store = this._store.asReadonly();
  readonly problem = this._problem.asReadonly();

  set({ models, store }: QualityAnswer): void {
    this._all.set(models);
    this._store.set(store ?? null);
    this._problem.set(null);
  }

  fail(problem: string): void {
    this._problem.set(problem);
  }
}
