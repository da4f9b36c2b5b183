import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { duration, percent } from '../format';
import { Store } from '../store/store';

/** The newest prediction in words and times. */
@Component({
  selector: 'ps-verdict',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <div class="guess" role="status" aria-atomic="true">
      @if (trial.answer(); as a) {
        <span class="unseen">The model reads</span> <output [class.long]="text().length > 3"><bdi>{{ text() }}</bdi></output>
        @if (a.prediction.confidence !== null) { <span class="sure">{{ percent(a.prediction.confidence) }} % sure</span> }
      } @else {
        <output class="nothing">?</output> <span class="sure">{{ trial.drawable() ? 'nothing drawn yet' : 'nothing asked yet' }}</span>
      }
    </div>
    <dl class="times">
      <div><dt>Round trip</dt><dd>{{ duration(trial.answer()?.prediction?.roundTripMs) }}</dd></div>
      <div><dt>In the queue</dt><dd>{{ duration(micros(timing()?.queueUs)) }}</dd></div>
      <div><dt>Model</dt><dd>{{ duration(micros(timing()?.computeUs)) }}</dd></div>
    </dl>
    @if (trial.problem(); as problem) { <p class="problem" role="alert">{{ problem }}</p> }
  `,
})
export class Verdict {
  protected readonly trial = inject(Store).trial;
  protected readonly duration = duration;
  protected readonly percent = percent;
  protected readonly timing = computed(() => this.trial.answer()?.prediction.timing ?? null);
  protected readonly text = computed(() => {
    const p = this.trial.answer()?.prediction;
    return p ? (p.label ?? String(p.value)) : '';
  });

  protected micros(us: number | undefined): number | null {
    return us === undefined ? null : us / 1000;
  }
}
