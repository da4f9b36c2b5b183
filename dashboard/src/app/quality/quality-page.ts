import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { count, duration, percent, rate } from '../format';
import { Store } from '../store/store';
import { ClassTable } from './class-table';
import { Confusion } from './confusion';
import { Ranges } from '../live/ranges';
import { type Fact, labellerFact } from './labeller';
import { Reliability } from './reliability';

@Component({
  selector: 'ps-quality-page',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [ClassTable, Confusion, Ranges, Reliability],
  template: `
    <header class="bar">
      <h1>Quality</h1>
      @if (quality.names().length > 1) {
        <label>Model
          <select (change)="quality.show($any($event.target).value)">
            @for (name of quality.names(); track name) { <option [value]="name" [selected]="name === quality.model()?.name">{{ name }}</option> }
          </select>
        </label>
      }
      @if (quality.model(); as m) { <p class="sub">{{ m.name }} {{ m.version }}, since the server started</p> }
    </header>
    @if (quality.problem(); as problem) { <p class="problem" role="alert">These numbers are not fresh: {{ problem }}.</p> }
    @if (quality.model(); as m) {
      <dl class="facts" [class.stale]="quality.problem() !== null || store.shell.stale()">
        @for (f of facts(); track f.label) { <div><dt>{{ f.label }}</dt><dd>{{ f.value }}@if (f.note) { <span class="note">{{ f.note }}</span> }</dd></div> }
      </dl>
      @if (m.labelled > 0) { <ps-ranges [model]="m.name" [class.stale]="store.shell.stale()" /> }
      @if (m.labelled === 0) {
        <div class="blank">
          <h2>No labels yet</h2>
          <p>Quality is measured from true answers. Clients send them on the socket that they asked on, seconds or hours after the prediction:</p>
          <pre><code>{{ example }}</code></pre>
          <p>On <a href="#/try">Try it</a> you can give some by hand.</p>
        </div>
      } @else {
        <div class="quality">
          @if (m.task === 'classification') {
            <section aria-labelledby="confusion-title"><h2 id="confusion-title">Confusion</h2><ps-confusion [model]="m" /></section>
            <section aria-labelledby="reliability-title"><h2 id="reliability-title">Reliability</h2><ps-reliability [model]="m" /></section>
            <section aria-labelledby="classes-title"><h2 id="classes-title">By class</h2><ps-class-table [model]="m" /></section>
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
  protected readonly example = '{"type":"feedback","request_id":"a-17","label":"7"}';

  protected readonly facts = computed(() => {
    const m = this.quality.model();
    if (!m) return [];
    const [low, high] = m.accuracy_interval ?? [null, null];
    const facts: readonly Fact[] =
      m.task === 'classification'
        ? [
            { label: 'Accuracy', value: m.accuracy === null ? 'no labels yet' : `${percent(m.accuracy, 2)} %`, note: m.accuracy === null ? undefined : `95 % interval ${percent(low, 2)} to ${percent(high, 2)}` },
            { label: 'Calibration error', value: m.calibration_error === null ? '–' : `${percent(m.calibration_error, 2)} %`, note: 'expected gap between confidence and accuracy' },
          ]
        : [
            { label: 'Mean absolute error', value: rate(m.mean_absolute_error) },
            { label: 'Root mean square error', value: rate(m.root_mean_square_error) },
          ].map((f) => ({ ...f, value: m.labelled === 0 ? 'no labels yet' : f.value }));
    return [
      ...facts,
      { label: 'Labelled rows', value: count(m.labelled), note: `of ${count(m.predicted)} predicted` },
      { label: 'Label coverage', value: m.label_coverage === null ? '–' : `${percent(m.label_coverage)} %` },
      labellerFact(this.store.live.latest()),
    ];
  });
}
