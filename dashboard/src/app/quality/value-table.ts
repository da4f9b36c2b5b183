import { ChangeDetectionStrategy, Component, input } from '@angular/core';
import { rate } from '../format';
import type { ModelQuality } from '../link/client';

/** How far each of several numbers was from its truth. */
@Component({
  selector: 'ps-value-table',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <div class="scroll tall" tabindex="0" role="region" aria-label="Errors by value">
      <table class="plain">
        <thead><tr><th scope="col">Value</th><th scope="col">Mean absolute error</th><th scope="col">Root mean square error</th></tr></thead>
        <tbody>
          @for (v of model().values ?? []; track $index) {
            <tr><th scope="row">{{ $index + 1 }}</th><td>{{ rate(v.mean_absolute_error) }}</td><td>{{ rate(v.root_mean_square_error) }}</td></tr>
          }
        </tbody>
      </table>
    </div>
    <p class="lead">In the unit of each value. The figures above are over all of them.</p>
  `,
})
export class ValueTable {
  readonly model = input.required<ModelQuality>();
  protected readonly rate = rate;
}
