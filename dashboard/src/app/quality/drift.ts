import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import { count, percent } from '../format';
import type { FeatureDrift, ModelQuality } from '../link/client';
import { Pixels } from './pixels';

const SHOWN = 30; // features in the list

/** Whether the rows that come are still like those that the model knows, and which of their features are not. */
@Component({
  selector: 'ps-drift',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Pixels],
  template: `
    @if (model().drift; as d) {
      <p [class]="d.firing ? 'problem' : 'good'" role="status">{{ d.firing ? d.text : judged() }}</p>
      <p class="lead">{{ d.reference_rows > 0 ? 'Compared with a reference of ' + count(d.reference_rows) + ' rows' : 'What is predicted, and how surely, compared with the first rows' }}, 1,000 at a time: {{ count(d.windows) }} {{ d.windows === 1 ? 'window is' : 'windows are' }} judged, {{ count(d.rows) }} rows wait for the next.</p>
      <div class="drift">
        @if (d.map && d.shape; as shape) {
          <figure><figcaption>Where pictures differ</figcaption><ps-pixels [map]="true" [values]="d.map" [shape]="shape" [label]="mapLabel()" /></figure>
        }
        @if (rows().length > 0) {
          <div class="scroll tall" tabindex="0" role="region" aria-label="Features, those that differ most first">
            <table class="plain">
              <thead><tr><th scope="col">Feature</th><th scope="col" title="Population stability index: how large the difference is. Below 0.1 it is commonly taken for small, above 0.25 for large">PSI</th><th scope="col" title="That it differs as much by chance">p</th><th scope="col" title="The same, among all features">q</th><th scope="col">Reference and now</th></tr></thead>
              <tbody>
                @for (f of rows(); track f.name) {
                  <tr [class.lacking]="f.firing">
                    <th scope="row" [title]="f.name"><bdi>{{ f.name }}</bdi></th><td>{{ f.psi === null ? '–' : f.psi.toFixed(3) }}</td><td>{{ chance(f.p) }}</td><td>{{ chance(f.q) }}</td>
                    <td>
                      <details><summary><svg class="shares" width="120" height="24" role="img" [attr.aria-label]="'Bins of ' + f.name">@for (b of f.bars; track $index) { <rect class="before" [attr.x]="b.x" [attr.width]="b.width" [attr.y]="24 - b.before" [attr.height]="b.before" /><rect class="now" [attr.x]="b.x + b.width" [attr.width]="b.width" [attr.y]="24 - b.now" [attr.height]="b.now" /> }</svg></summary>
                        <table class="plain"><thead><tr><th scope="col">Bin</th><th scope="col">Reference, %</th><th scope="col">Now, %</th></tr></thead><tbody>
                          @for (b of f.bars; track $index) { <tr><th scope="row"><bdi>{{ b.name }}</bdi></th><td>{{ percent(b.reference) }}</td><td>{{ percent(b.live) }}</td></tr> }
                        </tbody></table>
                      </details>
                    </td>
                  </tr>
                }
              </tbody>
            </table>
          </div>
        }
      </div>
      @if (d.features.length > rows().length) { <p class="lead">The {{ rows().length }} that differ most, of {{ count(d.features.length) }}.</p> }
    }
    @if (!model().drift?.reference_rows) {
      <p class="lead">The bundle has no reference to compare features with. One is made from a sample of the rows that the model was trained on:</p>
      <pre><code>penstock reference --model BUNDLE --sample FILE.csv</code></pre>
    }
  `,
})
export class Drift {
  readonly model = input.required<ModelQuality>();
  protected readonly count = count;
  protected readonly percent = percent;

  protected readonly rows = computed(() => (this.model().drift?.features ?? []).slice(0, SHOWN).map((f) => ({ ...f, bars: bars(f) })));
  protected readonly judged = computed(() => (this.model().drift!.windows === 0 ? 'Nothing is judged yet: too few rows have come.' : 'Nothing has drifted.'));
  protected readonly mapLabel = computed(() => {
    const d = this.model().drift!;
    return `A map of ${d.shape![0]} by ${d.shape![1]} pixels: the stronger the colour, the more a pixel differs from the reference. ${d.features[0] ? `Most differs ${d.features[0].name}.` : ''}`;
  });

  protected chance(p: number | null): string {
    return p === null ? '–' : p < 0.0001 ? '< 0.0001' : p.toFixed(4);
  }
}

/** The bins of a feature as pairs of bars, 24 px high at most and 120 px wide together. */
function bars({ bins, live, reference }: FeatureDrift) {
  const most = Math.max(...live, ...reference, 1e-9), width = 120 / (2.5 * Math.max(1, bins.length));
  return bins.map((name, i) => ({
    name, live: live[i] ?? 0, reference: reference[i] ?? 0, x: 2.5 * width * i, width, before: (24 * (reference[i] ?? 0)) / most, now: (24 * (live[i] ?? 0)) / most,
  }));
}
