import { ChangeDetectionStrategy, Component, inject } from '@angular/core';
import { Pad } from './pad';
import { Thumbnail } from './thumbnail';
import { TRIAL } from './trial.state';

/** Makes a row by drawing a digit. */
@Component({
  selector: 'ps-pad-input',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Pad, Thumbnail],
  template: `
    <ps-pad />
    <div class="under">
      <button type="button" (click)="trial.undo()" [disabled]="trial.strokes().length === 0">Undo</button>
      <button type="button" (click)="trial.clear()" [disabled]="trial.strokes().length === 0">Clear</button>
      <span class="sees">The model sees <ps-thumbnail [pixels]="trial.pixels()" label="The drawing as the model sees it, 28 by 28 pixels" /></span>
    </div>
  `,
})
export class PadInput {
  protected readonly trial = inject(TRIAL);
}
