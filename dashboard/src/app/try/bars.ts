import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { percent } from '../format';
import { Store } from '../store/store';

const SHOWN = 20;

/** How likely the model holds each class; of many, the likeliest. */
@Component({
  selector: 'ps-bars',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <table>
      <caption class="unseen">Score of each class</caption>
      <thead class="unseen"><tr><th scope="col">Class</th><th scope="col">Score in percent</th></tr></thead>
      <tbody>
        @for (b of bars(); track b.index) {
          <tr [class.best]="b.best" [attr.data-class]="b.name">
            <th scope="row"><bdi>{{ b.name }}</bdi></th>
            <td><span class="bar" aria-hidden="true"><i [style.transform]="'scaleX(' + b.score + ')'"></i></span><span class="score">{{ b.text }}</span></td>
          </tr>
        }
      </tbody>
    </table>
    @if (classes().length > shown) { <p class="none">The {{ shown }} likeliest of {{ classes().length }} classes.</p> }
  `,
})
export class Bars {
  private readonly trial = inject(Store).trial;
  protected readonly classes = this.trial.classes;
  protected readonly shown = SHOWN;

  protected readonly bars = computed(() => {
    const scores = this.trial.answer()?.prediction.scores;
    const most = scores ? Math.max(...scores) : NaN;
    const all = this.classes().map((name, index) => {
      const score = scores?.[index] ?? 0;
      return { index, name, score, best: score === most, text: scores ? `${percent(score)} %` : '–' };
    });
    return all.length > SHOWN ? all.sort((a, b) => b.score - a.score).slice(0, SHOWN) : all;
  });
}
