import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { PredictLink } from '../link/predict-link';
import { TRIAL } from './trial.state';

const FIELDS = 16;

/** A row of features: pasted, or typed one by one where they are few. */
@Component({
  selector: 'ps-feature-form',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <form (submit)="send($event)" novalidate>
      @if (fields(); as fields) {
        <fieldset class="fields">
          <legend>Features</legend>
          @for (f of fields; track $index) {
            <label>{{ $index + 1 }} <input type="text" inputmode="decimal" autocomplete="off" [value]="f" (input)="set($index, $event)"></label>
          }
        </fieldset>
      }
      <label for="row">{{ fields() ? 'or a pasted row' : 'A row' }} of {{ trial.model()?.features }} values, separated by commas, spaces or line breaks{{ trial.model()?.missing ? '; null for one that is missing' : '' }}</label>
      <textarea id="row" rows="4" spellcheck="false" autocomplete="off" [value]="trial.row()" (input)="trial.setRow($any($event.target).value)"></textarea>
      <button type="submit" [disabled]="trial.status().status !== 'connected'">Ask the model</button>
    </form>
  `,
})
export class FeatureForm {
  protected readonly trial = inject(TRIAL);
  private readonly link = inject(PredictLink);

  /** The row's values in as many fields as there are features; null for many. */
  protected readonly fields = computed(() => {
    const n = this.trial.model()?.features ?? 0;
    if (n > FIELDS) return null;
    const words = this.trial.row().trim().split(/[\s,;]+/);
    return Array.from({ length: n }, (_, i) => words[i] ?? '');
  });

  protected set(index: number, event: Event): void {
    const fields = [...this.fields()!];
    fields[index] = (event.target as HTMLInputElement).value.trim() || '0';
    this.trial.setRow(fields.map((f) => f || '0').join(', '));
  }

  protected send(event: Event): void {
    event.preventDefault();
    this.link.submitRow();
  }
}
