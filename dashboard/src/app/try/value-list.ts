import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { number } from '../format';
import { TRIAL } from './trial.state';

const SHOWN = 100;

/** Several numbers, one beneath the other. One alone is said already. */
@Component({
  selector: 'ps-value-list',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    @if (values().length > 1) {
      <div class="scroll tall" tabindex="0" role="region" aria-label="Values">
        <table class="plain">
          <thead><tr><th scope="col">Value</th><th scope="col">Predicted</th></tr></thead>
          <tbody>@for (v of values().slice(0, shown); track $index) { <tr><th scope="row">{{ $index + 1 }}</th><td>{{ number(v) }}</td></tr> }</tbody>
        </table>
      </div>
      @if (values().length > shown) { <p class="none">The first {{ shown }} of {{ values().length }}.</p> }
    }
  `,
})
export class ValueList {
  private readonly trial = inject(TRIAL);
  protected readonly shown = SHOWN;
  protected readonly number = number;
  protected readonly values = computed(() => {
    const p = this.trial.answer()?.prediction;
    return p?.kind === 'values' ? p.values : [];
  });
}
