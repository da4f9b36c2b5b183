import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import { count, percent, rate } from '../format';
import type { ModelQuality } from '../link/client';
import { qualityKind } from '../views/kinds';

/** Whether sets of classes, or intervals, keep what they promise. */
@Component({
  selector: 'ps-sets',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    @if (model().sets; as s) {
      <p class="lead">{{ promise() }}</p>
      <dl class="times">
        <div><dt>promised</dt><dd>{{ percent(1 - s.alpha) }} %</dd></div>
        <div><dt>held the truth</dt><dd>{{ s.coverage === null ? 'too few labels' : percent(s.coverage) + ' %' }}</dd></div>
        <div><dt>{{ values() ? 'half width' : 'classes, on average' }}</dt><dd>{{ values() ? rate(s.mean_size) : s.mean_size === null ? '–' : s.mean_size.toFixed(2) }}</dd></div>
        <div title="What stands in place of 1 − the promise now: below it sets are larger than usual, to keep the promise while the data shift"><dt>level</dt><dd>{{ s.level === null ? '–' : percent(s.level) + ' %' }}</dd></div>
        <div><dt>judged rows</dt><dd>{{ count(s.judged) }}</dd></div>
      </dl>
    } @else { <p class="lead">Not measured for this model.</p> }
  `,
})
export class Sets {
  readonly model = input.required<ModelQuality>();
  protected readonly count = count;
  protected readonly percent = percent;
  protected readonly rate = rate;
  protected readonly values = computed(() => qualityKind(this.model()) === 'values');
  protected readonly promise = computed(() =>
    this.values() ? 'Who asks for detail "set" gets an interval that holds the true value at least as often as promised.' : 'Who asks for detail "set" gets the classes among which the true one is, at least as often as promised.',
  );
}
