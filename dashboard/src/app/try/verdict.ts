import { ChangeDetectionStrategy, Component, computed, effect, inject, signal, untracked } from '@angular/core';
import { duration } from '../format';
import { INPUTS } from '../views/inputs';
import { KINDS } from '../views/kinds';
import { TRIAL } from './trial.state';

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
        <output aria-live="off" [class.long]="words().text.length > 3"><bdi>{{ words().text }}</bdi></output>
        @if (words().note; as note) { <span class="sure">{{ note }}</span> }
      } @else {
        <output class="nothing" aria-live="off">?</output> <span class="sure">{{ input().nothing }}</span>
      }
    </div>
    <dl class="times">
      <div><dt>Round trip</dt><dd>{{ duration(trial.answer()?.prediction?.roundTripMs) }}</dd></div>
      <div><dt>In the queue</dt><dd>{{ duration(micros(timing()?.queueUs)) }}</dd></div>
      <div><dt>Model</dt><dd>{{ duration(micros(timing()?.computeUs)) }}</dd></div>
    </dl>
    @if (others().length > 0) {
      <dl class="others">@for (o of others(); track o.name) { <div><dt><bdi>{{ o.name }}</bdi></dt><dd><bdi>{{ o.text }}</bdi>@if (o.note) {<span class="note">{{ o.note }}</span>}</dd></div> }</dl>
    }
    @if (trial.problem(); as problem) { <p class="problem" role="alert">{{ problem }}</p> }
  `,
})
export class Verdict {
  protected readonly trial = inject(TRIAL);
  protected readonly duration = duration;
  protected readonly timing = computed(() => this.trial.answer()?.prediction.timing ?? null);
  protected readonly input = computed(() => INPUTS[this.trial.input()]);
  protected readonly words = computed(() => {
    const p = this.trial.answer()?.prediction;
    return p ? KINDS[p.kind].say(p) : { text: '', note: null };
  });
  /** What the model's other outputs say. */
  protected readonly others = computed(() => {
    const first = this.trial.output()?.name;
    return Object.entries(this.trial.answer()?.prediction.outputs ?? {})
      .filter(([name]) => name !== first)
      .map(([name, answer]) => ({ name, ...KINDS[answer.kind].say(answer) }));
  });
  /** What is read out: not every answer while somebody draws, but the one that stays. */
  protected readonly said = signal('');

  constructor() {
    effect((onCleanup) => {
      const answer = this.trial.answer(), { text, note } = this.words();
      if (!answer) return void untracked(() => this.said.set(''));
      const timer = setTimeout(() => this.said.set(`The model reads ${text}${note === null ? '' : `, ${note}`}`), SETTLED);
      onCleanup(() => clearTimeout(timer));
    });
  }

  protected micros(us: number | undefined): number | null {
    return us === undefined ? null : us / 1000;
  }
}
