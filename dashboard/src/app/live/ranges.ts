import { ChangeDetectionStrategy, Component, computed, inject, input } from '@angular/core';
import { count, percent } from '../format';
import { Store } from '../store/store';
import { QUALITY_RANGES, qualityOf } from './metrics';

/** What labels say, each range of time beside the others: a label counts where
 * its prediction was made, however late it comes. */
@Component({
  selector: 'ps-ranges',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    @if (rows().length > 0) {
      <table class="ranges">
        <caption class="unseen">Measured from labels, by when the predictions were made</caption>
        <thead><tr>
          <th scope="col">Predictions of</th>
          <th scope="col">{{ measure()?.title }}</th>
          <th scope="col" title="Labelled rows as a share of the rows predicted in this time">Labelled</th>
          <th scope="col" title="The share of the rows predicted in this time that were not forgotten before their label came. Below 100 % late labels are missing from the accuracy: raise --remember">Complete</th>
        </tr></thead>
        <tbody>
          @for (r of rows(); track r.id) {
            <tr [attr.data-range]="r.id" [class.pending]="r.pending"><th scope="row">{{ r.label }}</th><td>{{ r.value }} <small>{{ r.interval }}</small></td><td>{{ r.labelled }}</td><td [class.lacking]="r.forgotten > 0">{{ r.complete }}</td></tr>
          }
        </tbody>
      </table>
    }
  `,
})
export class Ranges {
  /** The model that it is about; without one, that of the Live page. */
  readonly model = input<string>();
  private readonly store = inject(Store);
  private readonly live = this.store.live;
  private readonly focus = computed(() => this.model() ?? this.live.focus());
  protected readonly measure = computed(() => this.live.measureOf(this.focus()));

  protected readonly rows = computed(() => {
    const m = this.live.latest(), model = this.focus(), measure = this.measure();
    if (!m || !measure) return this.pending();
    const known = QUALITY_RANGES.flatMap(({ id, label }) => {
      const q = qualityOf(m, model, id);
      if (!q) return [];
      const interval = q.accuracy_interval;
      return [{
        id, label, pending: false, forgotten: q.forgotten,
        value: measure.text(measure.share ? q.accuracy : q.mean_absolute_error),
        interval: interval && measure.share ? `${percent(interval[0])} to ${percent(interval[1])}` : '',
        labelled: `${count(q.labelled)} of ${count(q.predicted)}${q.coverage === null ? '' : `, ${percent(q.coverage)} %`}`,
        complete: q.completeness === null ? '–' : q.forgotten > 0 ? `${percent(q.completeness)} %, ${count(q.forgotten)} forgotten` : '100 %',
      }];
    });
    return known.length > 0 ? known : this.pending();
  });

  /** Room for what a frame will say, so that nothing moves when it comes. */
  private pending() {
    const m = this.model() ? this.store.quality.model() : null;
    if (!m) return [];
    const labelled = `${count(m.labelled)} of ${count(m.predicted)}, 00.0 %`;
    return QUALITY_RANGES.map(({ id, label }) => ({ id, label, pending: true, forgotten: 0, value: '00.0 %', interval: '00.0 to 00.0', labelled, complete: '100 %' }));
  }
}
