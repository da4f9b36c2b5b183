import { ChangeDetectionStrategy, Component, input } from '@angular/core';
import { percent } from '../format';
import type { ModelQuality } from '../link/client';

/** How often the truth was among the likeliest classes. */
@Component({
  selector: 'ps-top-k',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <p class="lead">How often the true class was among the likeliest, of all labelled rows.</p>
    <dl class="times">
      @for (t of model().top_k ?? []; track t.k) { <div><dt>{{ t.k === 1 ? 'the likeliest' : 'among ' + t.k }}</dt><dd>{{ percent(t.accuracy, 2) }} %</dd></div> }
    </dl>
  `,
})
export class TopK {
  readonly model = input.required<ModelQuality>();
  protected readonly percent = percent;
}
