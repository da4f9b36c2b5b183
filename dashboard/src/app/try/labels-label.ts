import { ChangeDetectionStrategy, Component, inject, linkedSignal } from '@angular/core';
import { PredictLink } from '../link/predict-link';
import { TRIAL } from './trial.state';

/** Asks which labels hold in truth, beginning with those that the model said. */
@Component({
  selector: 'ps-labels-label',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <form class="checks" (submit)="send($event)">
      <div class="scroll tall">
        @for (c of trial.classes(); track $index) {
          <label [attr.data-label]="c"><input type="checkbox" [checked]="held().has(c)" (change)="set(c, $any($event.target).checked)"> <bdi>{{ c }}</bdi></label>
        }
      </div>
      <button type="submit">{{ held().size === 0 ? 'Send: none holds' : 'Send' }}</button>
    </form>
  `,
})
export class LabelsLabel {
  protected readonly trial = inject(TRIAL);
  private readonly link = inject(PredictLink);
  protected readonly held = linkedSignal<ReadonlySet<string>>(() => {
    const p = this.trial.answer()?.prediction;
    return new Set(p?.kind === 'labels' ? p.labels : []);
  });

  protected set(label: string, holds: boolean): void {
    this.held.update((old) => {
      const held = new Set(old);
      if (holds) held.add(label);
      else held.delete(label);
      return held;
    });
  }

  protected send(event: Event): void {
    event.preventDefault();
    void this.link.label(this.trial.classes().filter((c) => this.held().has(c)));
  }
}
