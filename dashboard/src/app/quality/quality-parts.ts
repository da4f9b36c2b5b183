import { ChangeDetectionStrategy, Component, computed, inject, input } from '@angular/core';
import type { ModelQuality, QualityBy, QualityWindow } from '../link/client';
import { Navigation } from '../shell/navigation';
import { Store } from '../store/store';
import { WINDOWS } from '../store/view.state';
import { Part } from '../views/part';
import { PARTS } from '../views/quality-parts';
import { qualityKind } from '../views/kinds';
import { HistoryLink } from './history-link';
import { HISTORY } from './history.state';
import '../shell/together';

const NAMES: Record<QualityWindow, string> = { '1h': 'hour', '6h': '6 hours', '1d': 'day', '7d': '7 days', '30d': '30 days', '1y': 'year' };
const BY: readonly { readonly id: QualityBy; readonly label: string; readonly help: string }[] = [
  { id: 'prediction', label: 'when predicted', help: 'A label counts where its prediction was made, however late it comes' },
  { id: 'label', label: 'when labelled', help: 'A label counts where it came, however old its prediction was' },
];

/** All charts and tables of the Quality page: a file of its own, which follows the page. */
@Component({
  selector: 'ps-quality-parts',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Part],
  providers: [HistoryLink],
  template: `
    @if (store.quality.store()) {
      <div class="bar windows">
        <fieldset class="segments">
          <legend class="unseen">Window</legend>
          @for (w of windows; track w) { <label><input type="radio" name="window" [checked]="view.window() === w" [attr.aria-label]="'Last ' + names[w]" (change)="nav.choose({ window: w })"><span aria-hidden="true">{{ w }}</span></label> }
        </fieldset>
        <fieldset class="segments">
          <legend class="unseen">A label counts</legend>
          @for (b of by; track b.id) { <label [title]="b.help"><input type="radio" name="by" [checked]="view.by() === b.id" (change)="nav.choose({ by: b.id })"><span>{{ b.label }}</span></label> }
        </fieldset>
        @if (history.windowed.value() ? history.windowed.problem() : null; as problem) { <p class="problem" role="alert">Not fresh: {{ problem }}.</p> }
      </div>
    }
    <div class="quality">
      @for (p of ready() ? parts() : []; track p.title) {
        <section [class.wide]="p.wide" [attr.aria-label]="p.title"><h2>{{ p.title }}</h2><ng-container [psPart]="p.component" [psPartModel]="p.bare ? undefined : model()" /></section>
      }
    </div>
  `,
})
export class QualityParts {
  readonly model = input.required<ModelQuality>();
  protected readonly store = inject(Store);
  protected readonly view = this.store.view;
  protected readonly history = inject(HISTORY);
  protected readonly nav = inject(Navigation);
  protected readonly windows = WINDOWS;
  protected readonly names = NAMES;
  protected readonly by = BY;

  private readonly labelled = computed(() => this.model().labelled > 0 || (this.history.overTime()?.total.labelled ?? 0) > 0);
  /** Once the window is there, or cannot be: all comes at once, and nothing is moved by what comes later. */
  protected readonly ready = computed(() => this.history.windowed.path() === null || this.history.windowed.value() !== null || this.history.windowed.problem() !== null);
  protected readonly parts = computed(() => PARTS[qualityKind(this.model())].filter((p) =>
    (this.labelled() || !p.labels) && (this.store.quality.store() !== null || !p.history) && (p.of?.(this.model()) ?? true),
  ));

  constructor() {
    inject(HistoryLink); // lives, and asks, as long as this does
  }
}
