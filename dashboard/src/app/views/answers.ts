import type { Type } from '@angular/core';
import type { OutputKind } from '../link/client';
import { Bars } from '../try/bars';
import { ClassLabel } from '../try/class-label';
import { LabelsLabel } from '../try/labels-label';
import { ValuesLabel } from '../try/values-label';
import { ValueList } from '../try/value-list';
import { VectorPart } from '../try/vector-part';

/** What Try shows of a kind of output. */
export interface AnswerView {
  /** Shows an answer beyond its few words. */
  readonly answer: Type<unknown>;
  /** Asks for the true answer; null where no label can be given. */
  readonly label: Type<unknown> | null;
}

export const ANSWERS: Record<OutputKind, AnswerView> = {
  class: { answer: Bars, label: ClassLabel },
  labels: { answer: Bars, label: LabelsLabel },
  values: { answer: ValueList, label: ValuesLabel },
  vector: { answer: VectorPart, label: null },
};
