import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { lacks } from '../access/words';
import { Store } from '../store/store';
import { ANSWERS } from '../views/answers';
import { Part } from '../views/part';
import { TRIAL } from './trial.state';

/** Asks for the true answer, as the model's kind of output wants it, and says what became of it. */
@Component({
  selector: 'ps-labelling',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Part],
  template: `
    @if (view(); as component) {
      <fieldset class="labels" [disabled]="!open()">
        <legend>What is it really?</legend>
        <ng-container [psPart]="component" />
      </fieldset>
    } @else { <p class="none">No label tells whether a vector is right, so none is asked for.</p> }
    @if (barred(); as why) { <p class="none">{{ why }}</p> }
    <p class="outcome" role="status">{{ outcome() }}</p>
  `,
})
export class Labelling {
  protected readonly trial = inject(TRIAL);
  protected readonly view = computed(() => ANSWERS[this.trial.kind()].label);
  private readonly access = inject(Store).access;
  /** Why no label may be given. */
  protected readonly barred = computed(() => {
    const model = this.trial.model()?.name;
    return this.access.may('feedback', model) || !this.view() ? null : lacks('feedback', model);
  });
  protected readonly open = computed(() => this.barred() === null && this.trial.answer() !== null && ['none', 'failed'].includes(this.trial.labelling().state));

  protected readonly outcome = computed(() => {
    const l = this.trial.labelling();
    const { right, wrong } = this.trial.tally();
    const all = right + wrong;
    const score = all > 0 ? ` You labelled ${all}; ${right} ${right === 1 ? 'was' : 'were'} right.` : '';
    switch (l.state) {
      case 'sending': return 'Sending…';
      case 'failed': return `The label was not counted: ${l.problem}`;
      case 'counted': return (l.correct === null ? 'Counted.' : l.correct ? 'Counted: right.' : 'Counted: wrong.') + score;
      default: return this.trial.answer() && this.view() && !this.barred() ? 'Your answer counts in the measured accuracy.' + score : score.trim();
    }
  });
}
