import { ChangeDetectionStrategy, Component, computed, inject, signal, type Type } from '@angular/core';
import { count, percent } from '../format';
import { Ranges } from '../live/ranges';
import { ModelSelect } from '../shell/model-select';
import { Store } from '../store/store';
import { Part } from '../views/part';
import { qualityKind } from '../views/kinds';
import { QUALITY } from '../views/quality';
import { labellerFact } from './labeller';
import { loadParts } from './parts-loader';
import '../shell/together';

@Component({
  selector: 'ps-quality-page',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [ModelSelect, Part, Ranges],
  template: `
    <header class="bar">
      <h1>Quality</h1>
      <ps-model-select [names]="quality.names()" [chosen]="quality.model()?.name ?? null" />
      @if (quality.model(); as m) { <p class="sub">{{ m.name }} {{ m.version }}, since counting began</p> }
    </header>
    @if (quality.problem(); as problem) { <p class="problem" role="alert">These numbers are not fresh: {{ problem }}.</p> }
    @if (quality.store(); as s) { @if (s.degraded) { <p class="problem" role="alert">The history is not written: {{ s.reason }}. {{ count(s.lost_rows) }} rows are lost so far; predictions are not affected.</p> } }
    @if (quality.model(); as m) {
      <dl class="facts" [class.stale]="quality.problem() !== null || store.shell.stale()">
        @for (f of facts(); track f.label) { <div><dt>{{ f.label }}</dt><dd>{{ f.value }}@if (f.note) { <span class="note">{{ f.note }}</span> }</dd></div> }
      </dl>
      @if (m.labelled > 0) { <ps-ranges [model]="m.name" [class.stale]="store.shell.stale()" /> }
      @if (!view().example) {
        <div class="blank"><h2>Not measured</h2><p>This model says a vector. No label tells whether one is right, so clients send none.</p></div>
      } @else if (m.labelled === 0) {
        <div class="blank">
          <h2>No labels yet</h2>
          <p>Quality is measured from true answers. Clients send them on the socket that they asked on, seconds or hours after the prediction:</p>
          <pre><code>{{ view().example }}</code></pre>
          <p>On <a [href]="store.view.href('try', { model: m.name })">Try it</a> you can give some by hand.</p>
        </div>
      }
      @if (parts(); as parts) { <ng-container [psPart]="parts" [psPartModel]="m" /> }
      @else if (missing()) { <p class="problem" role="alert">The charts could not be fetched. <button type="button" class="small" (click)="load()">Try again</button></p> }
      @else { <p class="none">Loading…</p> }
    } @else if (!quality.problem()) { <p class="none">Loading…</p> }
  `,
})
export class QualityPage {
  protected readonly store = inject(Store);
  protected readonly quality = this.store.quality;
  protected readonly count = count;
  /** The charts and tables, once they are here. */
  protected readonly parts = signal<Type<unknown> | null>(null);
  protected readonly missing = signal(false);
  protected readonly view = computed(() => QUALITY[this.kind()]);
  private readonly kind = computed(() => { const m = this.quality.model(); return m ? qualityKind(m) : 'class'; });

  protected readonly facts = computed(() => {
    const m = this.quality.model();
    if (!m) return [];
    if (!this.view().example) return [{ label: 'Predicted rows', value: count(m.predicted) }];
    return [
      ...this.view().facts(m),
      { label: 'Labelled rows', value: count(m.labelled), note: `of ${count(m.predicted)} predicted` },
      { label: 'Label coverage', value: m.label_coverage === null ? '–' : `${percent(m.label_coverage)} %` },
      labellerFact(this.store.live.latest()),
    ];
  });

  constructor() {
    this.load();
  }

  protected load(): void {
    this.missing.set(false);
    loadParts().then((parts) => this.parts.set(parts), () => this.missing.set(true));
  }
}
