import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { count, number, percent } from '../format';
import { HISTORY } from './history.state';

const WIDTH = 300, HEIGHT = 120;

/** How far predictions were off, and to which side. */
@Component({
  selector: 'ps-residuals',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <div class="roomy" [class.stale]="history.residuals.stale()">
      @if (history.residuals.value(); as answer) {
        @if (answer.rows > 0) {
          <p class="lead">Truth less prediction, of {{ count(answer.rows) }} labelled rows: above 0 the model said too little.</p>
          <svg class="histogram" viewBox="0 -4 300 144" role="img" [attr.aria-label]="summary()">
            @for (b of bars(); track $index) { <rect [attr.x]="b.x" [attr.width]="b.width" [attr.y]="b.y" [attr.height]="b.height"><title>{{ b.text }}</title></rect> }
            @if (zero(); as x) { <line class="zero" y1="-4" y2="120" [attr.x1]="x" [attr.x2]="x" /> }
            <text x="0" y="136">{{ edge(0) }}</text><text class="y" x="300" y="136">{{ edge(1) }}</text>
          </svg>
          <div class="scroll" tabindex="0" role="region" aria-label="Quantiles of the residuals">
            <table class="plain"><thead><tr><th scope="col">Share</th>@for (q of answer.quantiles; track q.p) { <th scope="col">{{ percent(q.p, 0) }} %</th> }</tr></thead><tbody><tr><th scope="row">At most</th>@for (q of answer.quantiles; track q.p) { <td>{{ minus(q.value) }}</td> }</tr></tbody></table>
          </div>
        } @else { <p class="none">No labels in this window.</p> }
      } @else { <p class="none">{{ history.residuals.problem() ?? 'Loading…' }}</p> }
    </div>
  `,
})
export class Residuals {
  protected readonly history = inject(HISTORY);
  protected readonly count = count;
  protected readonly minus = (v: number | null) => number(v).replace('-', '−');
  protected readonly percent = percent;

  private readonly bins = computed(() => this.history.residuals.value()?.histogram ?? []);
  private readonly range = computed<[number, number]>(() => [this.bins()[0]?.lower ?? 0, this.bins().at(-1)?.upper ?? 0]);
  protected readonly bars = computed(() => {
    const most = Math.max(1, ...this.bins().map((b) => b.count));
    return this.bins().map((b) => {
      const x = this.x(b.lower), height = (HEIGHT * b.count) / most;
      return { x, width: Math.max(0.5, this.x(b.upper) - x - 1), height, y: HEIGHT - height, text: `${this.minus(b.lower)} to ${this.minus(b.upper)}: ${count(b.count)}` };
    });
  });
  /** Where no error is; null outside of what is drawn. */
  protected readonly zero = computed(() => { const [low, high] = this.range(); return low < 0 && high > 0 ? this.x(0) : null; });
  protected readonly summary = computed(() => `Histogram of the residuals, from ${this.edge(0)} to ${this.edge(1)}. The quantiles are in the table below.`);

  protected edge(i: 0 | 1): string {
    return this.minus(this.range()[i]);
  }

  private x(value: number): number {
    const [low, high] = this.range();
    return (WIDTH * (value - low)) / (high - low || 1);
  }
}
