import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { number } from '../format';
import { TRIAL } from './trial.state';

const SHOWN = 12;

/** The first numbers of a vector, which mean something to other vectors alone. */
@Component({
  selector: 'ps-vector-part',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    @if (vector().length > 0) {
      <p class="none">Its first numbers:</p>
      <p class="numbers"><code>{{ first() }}</code></p>
    }
  `,
})
export class VectorPart {
  private readonly trial = inject(TRIAL);
  protected readonly vector = computed(() => {
    const p = this.trial.answer()?.prediction;
    return p?.kind === 'vector' ? p.vector : new Float32Array();
  });
  protected readonly first = computed(() => Array.from(this.vector().subarray(0, SHOWN), number).join(', ') + (this.vector().length > SHOWN ? ', …' : ''));
}
