import { ChangeDetectionStrategy, Component, computed, inject, input } from '@angular/core';
import { number, percent } from '../format';
import type { ModelQuality, WorstExample } from '../link/client';
import { Store } from '../store/store';
import { HISTORY } from './history.state';
import { Pixels } from './pixels';
import { moment } from './time-axis';

const VALUES = 40; // of a row that are told

/** What the model was surest of and wrong. */
@Component({
  selector: 'ps-worst',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Pixels],
  template: `
    <div class="roomy" [class.stale]="history.worst.stale()">
      @if (rows(); as all) {
        @if (all.length > 0) {
          <div class="scroll tall" tabindex="0" role="region" aria-label="Confident and wrong">
            <table class="plain worst">
              <thead><tr><th scope="col">Said</th><th scope="col">True</th><th scope="col">Sure</th><th scope="col">When</th><th scope="col">Version</th><th scope="col">Request</th><th scope="col">Row</th><th scope="col">Features</th></tr></thead>
              <tbody>
                @for (e of all; track $index) {
                  <tr>
                    <th scope="row"><bdi>{{ e.prediction }}</bdi></th><td><bdi>{{ e.label }}</bdi></td><td>{{ e.sure }}</td><td>{{ e.when }}</td><td><bdi>{{ e.version }}</bdi></td><td class="id"><bdi>{{ e.request_id }}</bdi></td><td>{{ e.row }}</td>
                    <td>
                      @if (e.features && shape(); as s) { <ps-pixels [values]="e.features" [shape]="s" [label]="e.prediction + ' said, ' + e.label + ' true'" /> }
                      @else if (e.features) { <details><summary>{{ e.features.length }} values</summary>{{ e.told }}</details> }
                      @else { – }
                    </td>
                  </tr>
                }
              </tbody>
            </table>
          </div>
          @if (bare()) { <p class="lead">No features are kept of these rows: with <code>--quality-features</code> the server keeps those of the newest, in memory.</p> }
        } @else { <p class="none">Nothing in this window was wrong, or no label has told so yet.</p> }
      } @else { <p class="none">{{ history.worst.problem() ?? 'Loading…' }}</p> }
    </div>
  `,
})
export class Worst {
  readonly model = input.required<ModelQuality>();
  protected readonly history = inject(HISTORY);
  private readonly store = inject(Store);
  private readonly facts = computed(() => this.store.models.facts()?.find((m) => m.name === this.model().name));

  protected readonly rows = computed(() =>
    this.history.worst.value()?.examples.map((e) => ({
      ...e, sure: e.confidence === null ? '–' : `${percent(e.confidence)} %`, when: moment(Date.parse(e.at) / 1000, 1), told: this.tell(e),
    })),
  );
  protected readonly bare = computed(() => this.rows()?.every((e) => e.features === null));
  /** Rows and columns, where rows are pictures. */
  protected readonly shape = computed(() => {
    const shape = this.model().drift?.shape, features = this.rows()?.find((e) => e.features)?.features;
    return shape && features && shape[0] * shape[1] === features.length ? shape : null;
  });

  private tell({ features }: WorstExample): string {
    if (!features) return '';
    const columns = this.facts()?.columns ?? [];
    const told = features.slice(0, VALUES).map((v, i) => {
      const column = columns[i];
      return `${column?.name ?? i + 1}: ${v === null ? 'missing' : (column?.categories?.[v] ?? number(v))}`;
    });
    return told.join(', ') + (features.length > VALUES ? ', …' : '');
  }
}
