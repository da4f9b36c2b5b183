import { ChangeDetectionStrategy, Component, computed, effect, inject, signal, untracked } from '@angular/core';
import { duration, number, percent } from '../format';
import { Store } from '../store/store';

/** How long an answer stands before it is read out, in milliseconds. */
const SETTLED = 800;

/** The newest prediction in words and times. */
@Component({
  selector: 'ps-verdict',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <p class="unseen" role="status">{{ said() }}</p>
    <div class="guess">
      @if (trial.answer(); as a) {
        <output aria-live="off" [class.long]="text().length > 3"><bdi>{{ text() }}</bdi></output>
        @if (a.prediction.confidence !== null) { <span class="sure">{{ percent(a.prediction.confidence) }} % sure</span> }
      } @else {
        <output class="nothing" aria-live="off">?</output> <span class="sure">{{ trial.drawable() ? 'nothing drawn yet' : 'nothing asked yet' }}</span>
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
    return p ? (p.label ?? number(p.value)) : '';
  });
  /** What is read out: not every answer while somebody draws, but the one that stays. */
  protected readonly said = signal('');

  constructor() {
    effect((onCleanup) => {
      const answer = this.trial.answer(), text = this.text();
      if (!answer) return void untracked(() => this.said.set(''));
      const { confidence } = answer.prediction;
      const sure = confidence === null ? '' : `, ${percent(confidence)} % sure`;
      const timer = setTimeout(() => this.said.set(`The model reads ${text}${sure}`), SETTLED);
      onCleanup(() => clearTimeout(timer));
    });
  }

  protected micros(us: number | undefined): number | null {
    return us === undefined ? null : us / 1000;
  }
}
