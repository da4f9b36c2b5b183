import { ChangeDetectionStrategy, Component, inject, input } from '@angular/core';
import { Navigation } from './navigation';

/** Chooses the model that every page is about. Nothing to see where there is one. */
@Component({
  selector: 'ps-model-select',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    @if (names().length > 1) {
      <label>Model
        <select (change)="choose($event)">
          @if (all(); as words) { <option value="" [selected]="chosen() === null">{{ words }}</option> }
          @for (name of names(); track $index) { <option [value]="name" [selected]="name === chosen()">{{ name }}</option> }
        </select>
      </label>
    }
  `,
})
export class ModelSelect {
  readonly names = input.required<readonly string[]>();
  readonly chosen = input.required<string | null>();
  /** What stands for all of them, where a page can show that. */
  readonly all = input<string>();
  private readonly navigation = inject(Navigation);

  protected choose(event: Event): void {
    this.navigation.choose({ model: (event.target as HTMLSelectElement).value || null });
  }
}
