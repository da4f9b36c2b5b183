import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { count, percent } from '../format';
import type { SliceBy } from '../link/client';
import { HISTORY } from './history.state';

const BY: readonly { readonly id: SliceBy; readonly label: string }[] = [
  { id: 'version', label: 'version' }, { id: 'caller', label: 'caller' }, { id: 'class', label: 'class' }, { id: 'slice', label: 'chosen column' },
];

/** Some of the rows beside the rest: of which the model is found to be worse. */
@Component({
  selector: 'ps-slices',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <fieldset class="segments">
      <legend class="unseen">Slices by</legend>
      @for (b of by; track b.id) { <label><input type="radio" name="slices" [checked]="history.slicing() === b.id" (change)="history.slice(b.id)"><span>{{ b.label }}</span></label> }
    </fieldset>
    <div class="roomy" [class.stale]="history.slices.stale()">
      @if (history.slices.value(); as answer) {
        @if (rows().length > 0) {
          <div class="scroll tall" tabindex="0" role="region" aria-label="Accuracy by slice">
            <table class="plain">
              <thead><tr><th scope="col">Slice</th><th scope="col">Right</th><th scope="col">95 % interval</th><th scope="col">Labelled</th><th scope="col" title="That it differs as much by chance, among all slices">q</th><th scope="col"><span class="unseen">Finding</span></th></tr></thead>
              <tbody>
                @for (s of rows(); track $index) {
                  <tr [class.lacking]="s.worse"><th scope="row" [title]="s.name"><bdi>{{ s.name || '(none)' }}</bdi></th><td>{{ s.right }}</td><td>{{ s.interval }}</td><td>{{ count(s.labelled) }}</td><td>{{ s.q === null ? '–' : s.q < 0.001 ? '< 0.001' : s.q.toFixed(3) }}</td><td>{{ s.worse ? 'worse' : '' }}</td></tr>
                }
              </tbody>
            </table>
          </div>
        } @else { <p class="none">{{ history.slicing() === 'slice' ? 'No column was chosen to slice by: --quality-slice names one.' : 'No slice has labels enough in this window.' }}</p> }
        @if (answer.too_few > 0) { <p class="lead">{{ count(answer.too_few) }} more have fewer than 100 labels, too few to tell.</p> }
      } @else { <p class="none">{{ history.slices.problem() ?? 'Loading…' }}</p> }
    </div>
    <p class="lead">“Worse” are slices of which fewer are right than of the rest, and not by chance: of those that are called so at most 5 % are not, on average.</p>
  `,
})
export class Slices {
  protected readonly history = inject(HISTORY);
  protected readonly by = BY;
  protected readonly count = count;
  protected readonly rows = computed(() =>
    (this.history.slices.value()?.slices ?? []).map((s) => ({
      ...s,
      right: s.accuracy === null ? '–' : `${percent(s.accuracy, 2)} %`,
      interval: s.interval ? `${percent(s.interval[0])} to ${percent(s.interval[1])}` : '–',
    })),
  );
}
