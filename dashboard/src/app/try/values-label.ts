import { ChangeDetectionStrategy, Component, computed, inject, linkedSignal } from '@angular/core';
import { PredictLink } from '../link/predict-link';
import { parseRow } from './rows';
import { TRIAL } from './trial.state';

const FIELDS = 24;

/** Asks for the true number, or for each of several; pasted where they are many. */
@Component({
  selector: 'ps-values-label',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <form (submit)="send($event)">
      @if (width() > most) {
        <label>The {{ width() }} true values <input type="text" required [value]="words()[0]" (input)="set(0, $event)"></label>
      } @else {
        @for (w of words(); track $index) {
          <label>{{ width() === 1 ? 'True value' : 'True value ' + ($index + 1) }} <input type="number" step="any" required [value]="w" (input)="set($index, $event)"></label>
        }
      }
      <button type="submit">Send</button>
    </form>
  `,
})
export class ValuesLabel {
  private readonly trial = inject(TRIAL);
  private readonly link = inject(PredictLink);
  protected readonly most = FIELDS;
  protected readonly width = computed(() => this.trial.output()?.width ?? 1);
  /** As they were typed. */
  protected readonly words = linkedSignal<readonly string[]>(() => Array.from({ length: this.width() > FIELDS ? 1 : this.width() }, () => ''));

  protected set(index: number, event: Event): void {
    const text = (event.target as HTMLInputElement).value;
    this.words.update((old) => old.map((w, i) => (i === index ? text : w)));
  }

  protected send(event: Event): void {
    event.preventDefault();
    const row = parseRow(this.words().join(' '), this.width());
    if (row.problem !== null) return this.trial.fail(row.problem);
    const values = Array.from(row.values, Number);
    void this.link.label(this.width() === 1 ? Number(this.words()[0]) : values);
  }
}
