import type { Type } from '@angular/core';
import type { ModelQuality, OutputKind } from '../link/client';
import { Arrivals } from '../quality/arrivals';
import { Calibration } from '../quality/calibration';
import { ClassTable } from '../quality/class-table';
import { Confusion } from '../quality/confusion';
import { Drift } from '../quality/drift';
import { Export } from '../quality/export';
import { Kept } from '../quality/kept';
import { LabelTable } from '../quality/label-table';
import { OverTime } from '../quality/over-time';
import { Reliability } from '../quality/reliability';
import { Residuals } from '../quality/residuals';
import { Sets } from '../quality/sets';
import { Slices } from '../quality/slices';
import { Threshold } from '../quality/threshold';
import { TopK } from '../quality/top-k';
import { ValueTable } from '../quality/value-table';
import { Worst } from '../quality/worst';

/** A chart or table of the Quality page. */
export interface QualityPart {
  readonly title: string;
  readonly component: Type<unknown>;
  /** Over the whole width. */
  readonly wide?: boolean;
  /** Shown once there are labels. */
  readonly labels?: boolean;
  /** Of a server that keeps a history. */
  readonly history?: boolean;
  /** Takes no input `model`. */
  readonly bare?: boolean;
  /** Of which models it is shown. */
  readonly of?: (m: ModelQuality) => boolean;
}

const overTime = (title: string): QualityPart => ({ title, component: OverTime, wide: true, history: true });
const sets = (title: string): QualityPart => ({ title, component: Sets, labels: true, history: true });
const slices: QualityPart = { title: 'Slices', component: Slices, labels: true, history: true, bare: true };
const arrivals: QualityPart = { title: 'Coverage and delay', component: Arrivals, wide: true };
const exports: QualityPart = { title: 'Export', component: Export, wide: true, labels: true, history: true, bare: true };
const drift: QualityPart = { title: 'Drift', component: Drift, wide: true, history: true };
const kept: QualityPart = { title: 'Where it is kept', component: Kept, history: true, bare: true };

/** What Quality shows of a kind of output, in this order. */
export const PARTS: Record<OutputKind, readonly QualityPart[]> = {
  class: [
    overTime('Accuracy over time'),
    { title: 'Confusion', component: Confusion, labels: true },
    { title: 'By class', component: ClassTable, labels: true },
    { title: 'Calibration', component: Calibration, labels: true, of: (m) => m.calibrator != null },
    { title: 'Reliability', component: Reliability, labels: true },
    sets('Sets'),
    slices,
    arrivals,
    { title: 'Threshold', component: Threshold, wide: true, labels: true, history: true, of: (m) => m.classes.length === 2 },
    exports,
    { title: 'Worst examples', component: Worst, wide: true, labels: true, history: true },
    drift,
    { title: 'Top k', component: TopK, labels: true, of: (m) => (m.top_k?.length ?? 0) > 0 },
    kept,
  ],
  labels: [
    overTime('Exact matches over time'),
    { title: 'By label', component: LabelTable, labels: true, of: (m) => m.labels != null },
    slices, arrivals, exports, drift, kept,
  ],
  values: [
    overTime('Errors over time'),
    { title: 'By value', component: ValueTable, labels: true, of: (m) => (m.values?.length ?? 0) > 0 },
    sets('Intervals'), arrivals, exports, drift,
    { title: 'Residuals', component: Residuals, labels: true, history: true, bare: true },
    kept,
  ],
  vector: [drift, kept],
};
