import { ChangeDetectionStrategy, Component, inject } from '@angular/core';
import { percent } from '../format';
import { type Mistake, TRIAL } from './trial.state';
import { Thumbnail } from './thumbnail';

/** What the model got wrong, newest first. */
@Component({
  selector: 'ps-gallery',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Thumbnail],
  template: `
    <h2>Wrong guesses</h2>
    @if (trial.mistakes().length === 0) { <p class="none">Drawings that the model got wrong, by your labels, pile up here.</p> }
    <ol>
      @for (m of trial.mistakes(); track m.id) {
        <li><ps-thumbnail [pixels]="m.pixels" [label]="words(m)" /><span aria-hidden="true"><s>{{ m.guess }}</s> {{ m.truth }}</span></li>
      }
    </ol>
  `,
})
export class Gallery {
  protected readonly trial = inject(TRIAL);

  protected words(m: Mistake): string {
    return `A ${m.truth}, read as ${m.guess}, ${percent(m.confidence)} % sure`;
  }
}
