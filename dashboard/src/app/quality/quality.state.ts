import { computed, signal } from '@angular/core';

export interface CalibrationBin {
  lower: number;
  upper: number;
  count: number;
  mean_confidence: number | null;
  accuracy: number | null;
}

/** How good one model is, as /api/quality tells. */
export interface ModelQuality {
  name: string;
  version: string;
  task: 'classification' | 'regression';
  classes: string[];
  predicted: number;
  labelled: number;
  correct: number;
  accuracy: number | null;
  accuracy_interval: [number, number] | null;
  label_coverage: number | null;
  mean_absolute_error: number | null;
  root_mean_square_error: number | null;
  confusion: number[][] | null;
  calibration: CalibrationBin[] | null;
  calibration_error: number | null;
  label_delay_ms: { p50: number; p95: number; p99: number; max: number } | null;
}

/** What labels say about the models. */
export class QualityState {
  private readonly _all = signal<readonly ModelQuality[] | null>(null);
  private readonly _name = signal<string | null>(null);
  private readonly _problem = signal<string | null>(null);

  /** The model that was asked for, whether or not there is one of this name. */
  readonly chosen = this._name.asReadonly();
  readonly names = computed(() => this._all()?.map((m) => m.name) ?? []);
  readonly model = computed(() => {
    const all = this._all();
    return all?.find((m) => m.name === this._name()) ?? all?.[0] ?? null;
  });
  readonly problem = this._problem.asReadonly();

  set(all: readonly ModelQuality[]): void {
    this._all.set(all);
    this._problem.set(null);
  }

  fail(problem: string): void {
    this._problem.set(problem);
  }

  show(name: string): void {
    this._name.set(name);
  }
}
