import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import { count, percent } from '../format';
import type { ModelQuality } from '../link/client';

/** How right each label was told, on its own. */
@Component({
  selector: 'ps-label-table',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <div class="scroll" tabindex="0" role="region" aria-label="Scores by label">
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">Label</th><th scope="col" title="Labelled rows of which it holds">Holds</th><th scope="col">Precision</th><th scope="col">Recall</th><th scope="col">F1</th>
            <th scope="col" title="Rows that it was said of, and of which it does not hold">Said wrongly</th><th scope="col" title="Rows of which it holds, and that it was not said of">Missed</th>
          </tr>
        </thead>
        <tbody>
          @for (l of rows(); track $index) {
            <tr>
              <th scope="row" [title]="l.label"><bdi>{{ l.label }}</bdi></th><td>{{ count(l.holds) }}</td><td>{{ percent(l.precision) }}</td><td>{{ percent(l.recall) }}</td><td>{{ percent(l.f1) }}</td>
              <td>{{ count(l.false_positive) }}</td><td>{{ count(l.false_negative) }}</td>
            </tr>
          }
        </tbody>
      </table>
    </div>
    <p class="lead">Precision, recall and F1 in percent. Precision: of the rows that a label was said of, how many have it. Recall: of those that have it, how many it was said of.</p>
  `,
})
export class LabelTable {
  readonly model = input.required<ModelQuality>();
  protected readonly count = count;
  protected readonly percent = percent;
  protected readonly rows = computed(() => (this.model().labels ?? []).map((l) => ({ ...l, holds: l.true_positive + l.false_negative })));
}
