import { ChangeDetectionStrategy, Component, inject } from '@angular/core';
import { bytes, count, duration, percent, rate } from '../format';
import { Store } from '../store/store';
import type { ModelFacts } from './models.state';

/** A small number that does not break at its minus. */
const power = (x: number, digits: number) => x.toExponential(digits).replace('-', '\u2011');

@Component({
  selector: 'ps-models-page',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <header class="bar"><h1>Models</h1></header>
    @if (store.models.problem(); as problem) { <p class="problem" role="alert">These facts are not fresh: {{ problem }}.</p> }
    @for (m of store.models.facts() ?? []; track m.name) {
      <article class="model">
        <h2>{{ m.name }} <span class="version">version {{ m.version }}</span>@if (m.default) { <span class="tag">default</span> }</h2>
        <dl class="facts">
          <div><dt>Task</dt><dd>{{ m.task }}<span class="note">{{ count(m.features) }} features{{ m.classes.length > 0 ? ', ' + m.classes.length + ' classes' : '' }}</span></dd></div>
          <div><dt>Engine</dt><dd>{{ m.engine || '–' }}<span class="note">{{ m.workers }} {{ m.workers === 1 ? 'worker' : 'workers' }}, batches of up to {{ m.max_batch }} rows</span></dd></div>
          <div><dt>Golden check</dt>
            <dd [class.good]="m.golden">{{ m.golden ? 'passed' : 'none' }}<span class="note">{{ golden(m) }}</span></dd></div>
          <div><dt>Golden latency</dt><dd>{{ duration(m.golden?.duration_ms) }}<span class="note">{{ m.golden ? m.golden.rows + ' rows in one batch, on a fresh session' : 'the bundle has no golden rows' }}</span></dd></div>
          <div><dt>Now</dt><dd>{{ rate(live(m.name)?.predictions_per_second) }}<span class="unit">rows/s</span><span class="note">{{ accuracy(m) }}</span></dd></div>
        </dl>
        <dl class="rows">
          @if (m.file) { <div><dt>Weights</dt><dd><code>{{ m.file }}</code>, {{ bytes(m.bytes) }}</dd></div> }
          @if (m.sha256) { <div><dt>SHA-256</dt><dd><code class="hash">{{ m.sha256 }}</code></dd></div> }
          @if (m.classes.length > 0) { <div><dt>Classes</dt><dd class="classes">@for (c of m.classes.slice(0, 200); track $index) { <bdi>{{ c }}</bdi> }@if (m.classes.length > 200) { and {{ m.classes.length - 200 }} more }</dd></div> }
        </dl>
      </article>
    } @empty { @if (!store.models.problem()) { <p class="none">Loading…</p> } }
  `,
})
export class ModelsPage {
  protected readonly store = inject(Store);
  protected readonly bytes = bytes;
  protected readonly count = count;
  protected readonly duration = duration;
  protected readonly rate = rate;

  protected live(name: string) {
    return this.store.live.latest()?.models[name] ?? null;
  }

  protected golden(m: ModelFacts): string {
    return m.golden
      ? `${m.golden.rows} rows; scores differ by at most ${power(m.golden.max_diff, 1)}, ${power(m.golden.tolerance, 0)} is allowed`
      : 'the weights were loaded, their scores were not compared';
  }

  protected accuracy(m: ModelFacts): string {
    const now = this.live(m.name);
    if (!now || now.labelled === 0) return 'no labels yet';
    const so = m.task === 'regression' ? `mean absolute error ${rate(now.mean_absolute_error)}` : `accuracy ${percent(now.model_accuracy)} %`;
    return `${so} of ${count(now.labelled)} ${now.labelled === 1 ? 'label' : 'labels'} since the start`;
  }
}
