import { computed, signal } from '@angular/core';
import type { ModelQuality } from '../link/client';
import { ViewState } from '../store/view.state';

/** What labels say about the models. */
export class QualityState {
  private readonly _all = signal<readonly ModelQuality[] | null>(null);
  private readonly _problem = signal<string | null>(null);

  constructor(private readonly view = new ViewState()) {}

  readonly names = computed(() => this._all()?.map((m) => m.name) ?? []);
  readonly model = computed(() => {
    const all = this._all();
    return all?.find((m) => m.name === this.view.model()) ?? all?.[0] ?? null;
  });
  readonly problem = this._problem.asReadonly();

  set(all: readonly ModelQuality[]): void {
    this._all.set(all);
    this._problem.set(null);
  }

  fail(problem: string): void {
    this._problem.set(problem);
  }
}
