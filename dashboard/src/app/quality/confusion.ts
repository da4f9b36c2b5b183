import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import { count } from '../format';
import type { ModelQuality } from '../link/client';
import { heat, mostConfused } from './scores';

const MOST = 24; // classes in a matrix that can be read

/** Rows are true classes, columns are guesses. Beyond some classes the matrix
 * cannot be read, and the commonest mistakes stand alone. */
@Component({
  selector: 'ps-confusion',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    @if (cells(); as rows) {
      <p class="lead">Each row is a true class; its cells say what it was taken for. Colour is the share of the row.</p>
      <div class="scroll" tabindex="0" role="region" aria-label="Confusion matrix">
        <table class="confusion">
          <caption class="unseen">True classes in rows, predicted classes in columns, counts of labelled rows</caption>
          <thead>
            <tr><td></td>@for (c of model().classes; track $index) { <th scope="col" [title]="c"><bdi>{{ c }}</bdi></th> }</tr>
          </thead>
          <tbody>
            @for (row of rows; track $index) {
              <tr>
                <th scope="row" [title]="row.name"><bdi>{{ row.name }}</bdi></th>
                @for (cell of row.cells; track $index) { <td [attr.data-heat]="cell.heat" [class.right]="cell.right">{{ cell.text }}</td> }
              </tr>
            }
          </tbody>
        </table>
      </div>
    } @else { <p class="lead">{{ model().labelled === 0 ? 'No labels have come yet.' : model().confusion ? 'Too many classes for a matrix that can be read.' : 'The server keeps no matrix for this many classes.' }}</p> }
    @if (pairs().length > 0) {
      <p class="pairs">Most often confused:
        @for (p of pairs(); track $index) { <span><b><bdi>{{ p.truth }}</bdi></b> taken for <b><bdi>{{ p.guess }}</bdi></b> ({{ p.count }})</span> }
      </p>
    }
  `,
})
export class Confusion {
  readonly model = input.required<ModelQuality>();

  protected readonly cells = computed(() => {
    const { classes, confusion } = this.model();
    if (!confusion || classes.length > MOST) return null;
    return confusion.map((row, t) => {
      const total = row.reduce((sum, n) => sum + n, 0);
      return {
        name: classes[t] ?? '',
        cells: row.map((n, p) => ({ text: n === 0 ? '·' : count(n), heat: heat(n, total), right: t === p })),
      };
    });
  });

  protected readonly pairs = computed(() => mostConfused(this.model().classes, this.model().confusion ?? [], 5));
}
