import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import { count, percent } from '../format';
import type { CalibrationBin, ModelQuality } from '../link/client';

const SIDE = 300;

/** How sure the model was against how often it was right. On the diagonal its
 * confidence can be taken at its word. */
@Component({
  selector: 'ps-reliability',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <p class="lead">Each dot is a range of confidence, as large as the share of labelled rows in it. Below the line the model is surer than it should be. Hollow dots stand for fewer than {{ few }} rows.</p>
    <svg class="reliability" viewBox="-40 -10 352 352" role="img" [attr.aria-label]="summary()">
      @for (t of ticks; track t) {
        <line class="grid" x1="0" x2="300" [attr.y1]="side - t * side" [attr.y2]="side - t * side" />
        <line class="grid" y1="0" y2="300" [attr.x1]="t * side" [attr.x2]="t * side" />
        <text class="y" x="-8" [attr.y]="side - t * side + 4">{{ t * 100 }}</text>
        <text class="x" [attr.x]="t * side" y="318">{{ t * 100 }}</text>
      }
      <line class="ideal" x1="0" y1="300" x2="300" y2="0" />
      @for (b of bins(); track b.lower) {
        <line class="gap" [class.few]="b.count < few" [attr.x1]="b.x" [attr.x2]="b.x" [attr.y1]="b.y" [attr.y2]="b.ideal" />
        <circle class="bin" [class.few]="b.count < few" [attr.cx]="b.x" [attr.cy]="b.y" [attr.r]="b.r" />
      }
      <text class="x" x="150" y="338">confidence, %</text>
      <text class="axis" x="6" y="12">right, %</text>
    </svg>
    <details>
      <summary>As a table</summary>
      <table class="plain">
        <thead><tr><th scope="col">Confidence</th><th scope="col">Rows</th><th scope="col">Mean</th><th scope="col">Right</th></tr></thead>
        <tbody>
          @for (b of bins(); track b.lower) {
            <tr><th scope="row">{{ percent(b.lower, 0) }} to {{ percent(b.upper, 0) }}</th><td>{{ count(b.count) }}</td><td>{{ percent(b.mean_confidence) }}</td><td>{{ percent(b.accuracy) }}</td></tr>
          }
        </tbody>
      </table>
    </details>
  `,
})
export class Reliability {
  readonly model = input.required<ModelQuality>();
  protected readonly side = SIDE;
  protected readonly few = 20;
  protected readonly ticks = [0, 0.25, 0.5, 0.75, 1];
  protected readonly count = count;
  protected readonly percent = percent;

  protected readonly bins = computed(() => {
    const bins = (this.model().calibration ?? []).filter((b): b is CalibrationBin & { mean_confidence: number; accuracy: number } => b.count > 0 && b.mean_confidence !== null && b.accuracy !== null);
    const all = bins.reduce((sum, b) => sum + b.count, 0);
    return bins.map((b) => ({
      ...b,
      x: b.mean_confidence * SIDE,
      y: SIDE - b.accuracy * SIDE,
      ideal: SIDE - b.mean_confidence * SIDE,
      r: 3 + 9 * Math.sqrt(b.count / all),
    }));
  });

  protected readonly summary = computed(
    () => `Reliability diagram with ${this.bins().length} ranges of confidence; expected calibration error ${percent(this.model().calibration_error, 2)} percent. The numbers are in the table below.`,
  );
}
