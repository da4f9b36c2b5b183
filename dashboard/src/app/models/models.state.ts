import { signal } from '@angular/core';

/** One model, as /api/models describes it. */
export interface ModelFacts {
  name: string;
  version: string;
  default: boolean;
  task: 'classification' | 'regression';
  features: number;
  classes: string[];
  engine: string;
  workers: number;
  max_batch: number;
  file: string | null;
  bytes: number | null;
  sha256: string | null;
  golden: { rows: number; max_diff: number; tolerance: number; duration_ms: number } | null;
}

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
