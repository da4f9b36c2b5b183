import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { count, duration, percent } from '../format';
import { Ranges } from '../live/ranges';
import { ModelSelect } from '../shell/model-select';
import { Store } from '../store/store';
import { Part } from '../views/part';
import { QUALITY, qualityKind } from '../views/quality';
import { labellerFact } from './labeller';
import '../shell/together';

@Component({
  selector: 'ps-quality-page',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [ModelSelect, Part, Ranges],
  template: `
    <header class="bar">
      <h1>Quality</h1>
      <ps-model-select [names]="quality.names()" [chosen]="quality.model()?.name ?? null" />
      @if (quality.model(); as m) { <p class="sub">{{ m.name }} {{ m.version }}, since the server started</p> }
    </header>
    @if (quality.problem(); as problem) { <p class="problem" role="alert">These numbers are not fresh: {{ problem }}.</p> }
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
      } @else {
        <div class="quality">
          @for (p of view().parts(m); track p.title) {
            <section [attr.aria-label]="p.title"><h2>{{ p.title }}</h2><ng-container [psPart]="p.component" [psPartModel]="m" /></section>
          }
          <section aria-labelledby="delay-title">
            <h2 id="delay-title">Label delay</h2>
            @if (m.label_delay_ms; as d) {
              <p class="lead">How long after its prediction a label came.</p>
              <dl class="times">
                <div><dt>half within</dt><dd>{{ duration(d.p50) }}</dd></div>
                <div><dt>95 % within</dt><dd>{{ duration(d.p95) }}</dd></div>
                <div><dt>99 % within</dt><dd>{{ duration(d.p99) }}</dd></div>
                <div><dt>longest</dt><dd>{{ duration(d.max) }}</dd></div>
              </dl>
            }
            <h2>Drift</h2>
            <p class="lead">Not there yet: this version does not compare the features that arrive with those that the model was trained on.</p>
          </section>
        </div>
      }
    } @else if (!quality.problem()) { <p class="none">Loading…</p> }
  `,
})
export class QualityPage {
  protected readonly store = inject(Store);
  protected readonly quality = this.store.quality;
  protected readonly duration = duration;
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
}
