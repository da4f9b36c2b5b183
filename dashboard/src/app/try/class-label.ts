import { ChangeDetectionStrategy, Component, inject } from '@angular/core';
import { PredictLink } from '../link/predict-link';
import { TRIAL } from './trial.state';

const BUTTONS = 24;

/** Asks for the true class: a button for each, a list where there are many. */
@Component({
  selector: 'ps-class-label',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    @if (trial.classes().length > most) {
      <label>True class
        <select (change)="pick($event)">
          <option value="" [selected]="trial.labelGiven() === null">choose…</option>
          @for (c of trial.classes(); track $index) { <option [value]="$index" [selected]="trial.labelGiven() === c">{{ c }}</option> }
        </select>
      </label>
    } @else {
      <div class="buttons">
        @for (c of trial.classes(); track $index) { <button type="button" [attr.data-label]="c" [attr.aria-pressed]="trial.labelGiven() === c" (click)="link.label(c)"><bdi>{{ c }}</bdi></button> }
      </div>
    }
  `,
})
export class ClassLabel {
  protected readonly trial = inject(TRIAL);
  protected readonly link = inject(PredictLink);
  protected readonly most = BUTTONS;

  protected pick(event: Event): void {
    const select = event.target as HTMLSelectElement;
    const label = select.value === '' ? undefined : this.trial.classes()[Number(select.value)];
    if (label !== undefined) void this.link.label(label);
  }
}
