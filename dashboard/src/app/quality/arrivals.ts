import { ChangeDetectionStrategy, Component, computed, inject, input } from '@angular/core';
import { count, duration, percent } from '../format';
import type { ModelQuality } from '../link/client';
import { HISTORY } from './history.state';
import { LABELLED } from './measures';
import { TimeChart } from './time-chart';

/** How many of the predicted rows got a label, how late, and how many were forgotten before. */
@Component({
  selector: 'ps-arrivals',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [TimeChart],
  template: `
    @if (history.overTime(); as over) {
      <ps-time-chart id="arrivals" [class.stale]="history.windowed.stale()" [over]="over" [measure]="labelled" />
      <dl class="times">
        @for (f of figures(); track f.label) { <div [title]="f.help"><dt>{{ f.label }}</dt><dd>{{ f.value }}</dd></div> }
      </dl>
    }
    @if (model().label_delay_ms; as d) {
      <h3>Label delay</h3>
      <p class="lead">How long after its prediction a label came.</p>
      <dl class="times">
        <div><dt>half within</dt><dd>{{ duration(d.p50) }}</dd></div>
        <div><dt>95 % within</dt><dd>{{ duration(d.p95) }}</dd></div>
        <div><dt>99 % within</dt><dd>{{ duration(d.p99) }}</dd></div>
        <div><dt>longest</dt><dd>{{ duration(d.max) }}</dd></div>
      </dl>
    }
  `,
})
export class Arrivals {
  readonly model = input.required<ModelQuality>();
  protected readonly history = inject(HISTORY);
  protected readonly labelled = LABELLED;
  protected readonly duration = duration;

  protected readonly figures = computed(() => {
    const t = this.history.overTime()?.total;
    if (!t) return [];
    return [
      { label: 'predicted', value: count(t.predicted), help: 'Rows in this window' },
      { label: 'labelled', value: `${count(t.labelled)}${t.label_coverage === null ? '' : `, ${percent(t.label_coverage)} %`}`, help: 'Rows of which the truth is known' },
      { label: 'forgotten', value: count(t.forgotten), help: 'Rows that went out of memory before a label came: their labels no longer count. --remember keeps more' },
    ];
  });
}
