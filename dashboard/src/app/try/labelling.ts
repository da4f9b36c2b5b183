import { ChangeDetectionStrategy, Component, computed, inject, signal } from '@angular/core';
import { PredictLink } from '../link/predict-link';
import { Store } from '../store/store';

const BUTTONS = 24;

/** Asks for the true answer: a button for each class, a list where there are
 * many, a number for a regression. */
@Component({
  selector: 'ps-labelling',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <fieldset class="labels" [disabled]="!open()">
      <legend>What is it really?</legend>
      @if (trial.classes().length === 0) {
        <form (submit)="sendNumber($event)">
          <label>True value <input type="number" step="any" required [value]="value()" (input)="value.set($any($event.target).value)"></label>
          <button type="submit">Send</button>
        </form>
      } @else if (trial.classes().length > most) {
        <label>True class
          <select (change)="pick($event)">
            <option value="" [selected]="chosen() === null">choose…</option>
            @for (c of trial.classes(); track $index) { <option [value]="$index" [selected]="chosen() === c">{{ c }}</option> }
          </select>
        </label>
      } @else {
        <div class="buttons">
          @for (c of trial.classes(); track $index) { <button type="button" [attr.data-label]="c" [attr.aria-pressed]="chosen() === c" (click)="link.label(c)"><bdi>{{ c }}</bdi></button> }
        </div>
      }
    </fieldset>
    <p class="outcome" role="status">{{ outcome() }}</p>
  `,
})
export class Labelling {
  protected readonly trial = inject(Store).trial;
  protected readonly link = inject(PredictLink);
  protected readonly most = BUTTONS;
  protected readonly value = signal('');
  /** The label that was given to what is there now. */
  protected readonly chosen = computed(() => {
    const l = this.trial.labelling();
    return l.state === 'none' || l.state === 'failed' ? null : l.label;
  });
  protected readonly open = computed(() => this.trial.answer() !== null && ['none', 'failed'].includes(this.trial.labelling().state));

  protected readonly outcome = computed(() => {
    const l = this.trial.labelling();
    const { right, wrong } = this.trial.tally();
    const all = right + wrong;
    const score = all > 0 ? ` You labelled ${all}; ${right} ${right === 1 ? 'was' : 'were'} right.` : '';
    switch (l.state) {
      case 'sending': return 'Sending…';
      case 'failed': return `The label was not counted: ${l.problem}`;
      case 'counted': return (l.correct === null ? 'Counted.' : l.correct ? 'Counted: right.' : 'Counted: wrong.') + score;
      default: return this.trial.answer() ? 'Your answer counts in the measured accuracy.' + score : score.trim();
    }
  });

  protected pick(event: Event): void {
    const select = event.target as HTMLSelectElement;
    const label = select.value === '' ? undefined : this.trial.classes()[Number(select.value)];
    if (label !== undefined) void this.link.label(label);
  }

  protected sendNumber(event: Event): void {
    event.preventDefault();
    const value = Number(this.value());
    if (this.value() !== '' && Number.isFinite(value)) void this.link.label(value);
  }
}
