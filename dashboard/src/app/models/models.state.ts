import { signal } from '@angular/core';
import type { ModelFacts } from '../link/client';

/** What is loaded. */
export class ModelsState {
  private readonly _facts = signal<readonly ModelFacts[] | null>(null);
  private readonly _problem = signal<string | null>(null);

  readonly facts = this._facts.asReadonly();
  readonly problem = this._problem.asReadonly();

  set(facts: readonly ModelFacts[]): void {
    this._facts.set(facts);
    this._problem.set(null);
  }

  fail(problem: string): void {
    this._problem.set(problem);
  }
}
