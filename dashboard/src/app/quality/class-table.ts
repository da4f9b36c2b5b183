import { ChangeDetectionStrategy, Component, computed, inject, input } from '@angular/core';
import { count, percent } from '../format';
import type { ModelQuality } from '../link/client';
import { HISTORY } from './history.state';
import { classScores } from './scores';

@Component({
  selector: 'ps-class-table',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    @if (scores(); as rows) {
      <div class="scroll" tabindex="0" role="region" aria-label="Scores by class">
        <table class="plain">
          <thead>
            <tr><th scope="col">Class</th><th scope="col">Labelled</th><th scope="col">Recall</th><th scope="col">Precision</th><th scope="col">F1</th></tr>
          </thead>
          <tbody>
            @for (c of rows; track $index) {
              <tr><th scope="row"><bdi>{{ c.name }}</bdi></th><td>{{ count(c.labelled) }}</td><td>{{ c.labelled > 0 ? percent(c.recall) : '–' }}</td><td>{{ c.labelled > 0 || c.precision ? percent(c.precision) : '–' }}</td><td>{{ c.labelled > 0 || c.f1 ? percent(c.f1) : '–' }}</td></tr>
            }
          </tbody>
        </table>
      </div>
      <p class="lead">In percent. Recall: of the rows that are of the class, how many were found. Precision: of those taken for it, how many are.</p>
    } @else { <p class="lead">Not kept for this many classes.</p> }
  `,
})
export class ClassTable {
  readonly model = input.required<ModelQuality>();
  protected readonly count = count;
  protected readonly percent = percent;
  private readonly history = inject(HISTORY);
  /** Of the window, where the server keeps a history; else since it started. */
  protected readonly scores = computed(() => {
    const window = this.history.overTime()?.per_class;
    if (window) return window.map((c) => ({ name: c.class, labelled: c.support, recall: c.recall, precision: c.precision, f1: c.f1 }));
    const { classes, confusion } = this.model();
    return confusion ? classScores(classes, confusion) : null;
  });
}
