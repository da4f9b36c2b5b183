import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { percent } from '../format';
import { TRIAL } from './trial.state';

const SHOWN = 20;

/** How likely the model holds each class or label; of many, the likeliest. What
 * it says stands out: the best class, the labels that hold. */
@Component({
  selector: 'ps-bars',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <table [class.chips]="trial.kind() === 'labels'">
      <caption class="unseen">Score of each {{ word() }}</caption>
      <thead class="unseen"><tr><th scope="col">{{ word() }}</th><th scope="col">Score in percent</th></tr></thead>
      <tbody>
        @for (b of bars(); track b.index) {
          <tr [class.best]="b.best" [attr.data-class]="b.name">
            <th scope="row"><bdi>{{ b.name }}</bdi>@if (b.best && word() === 'label') { <span class="unseen">, holds</span> }</th>
            <td><span class="bar" aria-hidden="true"><i [style.transform]="'scaleX(' + b.score + ')'"></i></span><span class="score">{{ b.text }}</span></td>
          </tr>
        }
      </tbody>
    </table>
    @if (classes().length > shown) { <p class="none">The {{ shown }} likeliest of {{ classes().length }}.</p> }
  `,
})
export class Bars {
  protected readonly trial = inject(TRIAL);
  protected readonly classes = this.trial.classes;
  protected readonly shown = SHOWN;
  protected readonly word = computed(() => (this.trial.kind() === 'labels' ? 'label' : 'class'));

  protected readonly bars = computed(() => {
    const p = this.trial.answer()?.prediction;
    const scores = p?.scores && eachOf(p.scores.subarray(0, this.trial.output()?.width), this.classes().length);
    const most = scores ? Math.max(...scores) : NaN;
    const held = new Set(p?.kind === 'labels' ? p.labels : []);
    const all = this.classes().map((name, index) => {
      const score = scores?.[index] ?? 0;
      return { index, name, score, best: p?.kind === 'labels' ? held.has(name) : score === most, text: scores ? `${percent(score)} %` : '–' };
    });
    return all.length > SHOWN ? all.sort((a, b) => b.score - a.score).slice(0, SHOWN) : all;
  });
}

/** One score of two classes is that of the second. */
function eachOf(scores: Float32Array, classes: number): ArrayLike<number> & Iterable<number> {
  return scores.length === 1 && classes === 2 ? [1 - scores[0]!, scores[0]!] : scores;
}
