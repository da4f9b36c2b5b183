import type { Type } from '@angular/core';
import { ColumnForm } from '../try/column-form';
import { FeatureForm } from '../try/feature-form';
import { PadInput } from '../try/pad-input';
import type { InputKind } from '../try/trial.state';

/** How a row is made for a model. */
export interface InputView {
  readonly component: Type<unknown>;
  readonly title: string;
  /** What is said in place of an answer. */
  readonly nothing: string;
  /** Whether what the model got wrong can be shown as a picture. */
  readonly pictures: boolean;
}

export const INPUTS: Record<InputKind, InputView> = {
  pad: { component: PadInput, title: 'Draw', nothing: 'nothing drawn yet', pictures: true },
  columns: { component: ColumnForm, title: 'Ask', nothing: 'nothing asked yet', pictures: false },
  row: { component: FeatureForm, title: 'Ask', nothing: 'nothing asked yet', pictures: false },
};
