import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import type { ColumnInfo } from '../link/client';
import { PredictLink } from '../link/predict-link';
import { Store } from '../store/store';
import { EMPTY, type Field, rangeText, usual } from './columns';
import { TRIAL } from './trial.state';

/** Makes a row by the names of the model's columns: a number, one of some categories, or missing. */
@Component({
  selector: 'ps-column-form',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <form (submit)="send($event)" novalidate>
      <fieldset class="named">
        <legend>Features</legend>
        @for (f of fields(); track f.column.name; let i = $index) {
          <div class="column">
            <label [attr.for]="'column-' + i"><bdi>{{ f.column.name }}</bdi></label>
            @if (f.column.kind === 'category') {
              <select [id]="'column-' + i" [disabled]="f.missing" (change)="set(f.column, { text: $any($event.target).value })">
                <option value="" [selected]="f.text === ''">choose…</option>
                @for (c of f.column.categories ?? []; track $index) { <option [value]="c" [selected]="f.text === c">{{ c }}</option> }
              </select>
            } @else {
              <input type="text" inputmode="decimal" autocomplete="off" [id]="'column-' + i" [disabled]="f.missing" [value]="f.text" (input)="set(f.column, { text: $any($event.target).value })">
            }
            @if (f.range; as r) { <small>{{ r }}</small> }
            @if (f.column.missing) {
              <label class="missing"><input type="checkbox" [checked]="f.missing" (change)="set(f.column, { missing: $any($event.target).checked })"> missing<span class="unseen">: {{ f.column.name }}</span></label>
            }
          </div>
        }
      </fieldset>
      @if (ranges()) { <button type="button" class="small" (click)="usual()">Usual values</button> }
      <button type="submit" [disabled]="trial.status().status !== 'connected'">Ask the model</button>
    </form>
  `,
})
export class ColumnForm {
  protected readonly trial = inject(TRIAL);
  private readonly link = inject(PredictLink);
  private readonly store = inject(Store);

  protected readonly fields = computed(() =>
    (this.trial.model()?.columns ?? []).map((column, i) => ({ column, range: rangeText(this.ranges()?.[i]), ...(this.trial.fields().get(column.name) ?? EMPTY) })),
  );
  /** What rows usually hold, where the model's bundle tells. */
  protected readonly ranges = computed(() => {
    const model = this.trial.model();
    const facts = this.store.models.facts()?.find((m) => m.name === model?.name && m.version === model.version);
    return facts?.reference?.features;
  });

  protected set({ name }: ColumnInfo, change: Partial<Field>): void {
    this.trial.setField(name, { ...(this.trial.fields().get(name) ?? EMPTY), ...change });
  }

  protected usual(): void {
    this.trial.model()?.columns?.forEach((column, i) => this.set(column, usual(column, this.ranges()![i]!)));
  }

  protected send(event: Event): void {
    event.preventDefault();
    this.link.submitRow();
  }
}
