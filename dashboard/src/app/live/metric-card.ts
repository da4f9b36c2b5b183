import { ChangeDetectionStrategy, Component, computed, inject, input } from '@angular/core';
import { NONE } from '../format';
import { Store } from '../store/store';
import type { Card } from './cards';
import { withGaps } from './series';
import { Sparkline } from './sparkline';

@Component({
  selector: 'div[psMetricCard]',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Sparkline],
  host: { class: 'card', '[attr.data-card]': 'card().id', '[class.words]': 'inWords()' },
  template: `
    <dt>{{ card().label }} @if (live.model() && live.modelNames().length > 1 && !card().perModel) { <small>all models</small> }</dt>
    <dd>
      <span class="figure"><span class="value">{{ reading().value }}</span>@if (reading().unit && !inWords() && reading().value !== NONE) {<span class="unit">{{ reading().unit }}</span>}</span>
      @if (reading().note; as note) { <span class="note">{{ note }}</span> }
      <ps-sparkline [points]="line()" [least]="card().least" [close]="card().close ?? false" />
    </dd>
  `,
})
export class MetricCard {
  readonly card = input.required<Card>();
  protected readonly live = inject(Store).live;
  protected readonly NONE = NONE;

  protected readonly reading = computed(() => {
    const m = this.live.latest();
    return m ? this.card().read(m, this.live.focus()) : { value: NONE };
  });
  protected readonly inWords = computed(() => /[a-z]{2}/.test(this.reading().value));
  protected readonly line = computed(() => {
    const [from, to] = this.live.lastMinute();
    return withGaps(this.live.source.read({ metrics: [this.card().line], model: this.live.focus(), from, to }));
  });
}
