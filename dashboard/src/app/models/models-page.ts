import { ChangeDetectionStrategy, Component, inject } from '@angular/core';
import { bytes, count, duration, rate } from '../format';
import { type ColumnInfo, type ModelFacts, type ModelProcess, outputsOf } from '../link/client';
import { PAGES } from '../shell/pages';
import { Store } from '../store/store';
import { kindOf, KINDS } from '../views/kinds';
import '../shell/together';

/** A small number that does not break at its minus. */
const power = (x: number, digits: number) => x.toExponential(digits).replace('-', '\u2011');

@Component({
  selector: 'ps-models-page',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <header class="bar"><h1>Models</h1></header>
    @if (store.models.problem(); as problem) { <p class="problem" role="alert">These facts are not fresh: {{ problem }}.</p> }
    @for (m of store.models.facts() ?? []; track m.name) {
      <article class="model" [class.chosen]="store.view.model() === m.name && store.models.facts()!.length > 1">
        <h2>{{ m.name }} <span class="version">version {{ m.version }}</span>@if (m.default) { <span class="tag">default</span> }
          <span class="go">@for (p of pages; track p.id) { <a [href]="store.view.href(p.id, { model: m.name })" [attr.aria-label]="p.label + ', ' + m.name">{{ p.label }}</a> }</span></h2>
        <dl class="facts">
          <div><dt>Task</dt><dd>{{ words(m).task }}<span class="note">{{ shape(m) }}</span></dd></div>
          <div><dt>Engine</dt><dd>{{ m.engine || '–' }}<span class="note">{{ m.workers }} {{ m.workers === 1 ? 'worker' : 'workers' }}, batches of up to {{ m.max_batch }} rows</span></dd></div>
          <div><dt>Golden check</dt>
            <dd [class.good]="m.golden">{{ m.golden ? 'passed' : 'none' }}<span class="note">{{ golden(m) }}</span></dd></div>
          <div><dt>Golden latency</dt><dd>{{ duration(m.golden?.duration_ms) }}<span class="note">{{ m.golden ? m.golden.rows + ' rows in one batch, on a fresh session' : 'the bundle has no golden rows' }}</span></dd></div>
          <div><dt>Now</dt><dd>{{ rate(live(m.name)?.predictions_per_second) }}<span class="unit">rows/s</span><span class="note">{{ accuracy(m) }}</span></dd></div>
        </dl>
        <dl class="rows">
          @if (m.file) { <div><dt>Weights</dt><dd><code>{{ m.file }}</code>, {{ bytes(m.bytes) }}</dd></div> }
          @if (m.source; as s) { <div><dt>From</dt><dd>{{ s.library }} {{ s.version }} {{ s.format }}</dd></div> }
          @if (m.processes?.length) { <div><dt>Processes</dt><dd>@for (p of m.processes; track $index) { <div>{{ process(p) }}</div> }</dd></div> }
          @if (m.sha256) { <div><dt>SHA-256</dt><dd><code class="hash">{{ m.sha256 }}</code></dd></div> }
          @if (m.columns?.length) { <div><dt>Columns</dt><dd class="classes">@for (c of m.columns!.slice(0, 200); track $index) { <bdi [title]="column(c)">{{ c.name }}</bdi> }@if (m.columns!.length > 200) { and {{ m.columns!.length - 200 }} more }</dd></div> }
          @if (outputs(m).length > 1) { <div><dt>Outputs</dt><dd class="classes">@for (o of outputs(m); track $index) { <span><bdi>{{ o.name }}</bdi>&ngsp;<small>{{ o.kind }} of {{ o.width }}</small></span> }</dd></div> }
          @if (m.classes.length > 0) { <div><dt>{{ kind(m) === 'labels' ? 'Labels' : 'Classes' }}</dt><dd class="classes">@for (c of m.classes.slice(0, 200); track $index) { <bdi>{{ c }}</bdi> }@if (m.classes.length > 200) { and {{ m.classes.length - 200 }} more }</dd></div> }
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

  protected readonly pages = PAGES.filter((p) => p.id !== 'models');
  protected readonly outputs = outputsOf;
  protected readonly kind = kindOf;

  protected words(m: ModelFacts) {
    return KINDS[kindOf(m)];
  }

  protected shape(m: ModelFacts): string {
    const [first] = outputsOf(m);
    const says = first?.classes ? `${count(first.classes.length)} ${first.kind === 'labels' ? 'labels' : 'classes'}` : `${count(first?.width)} ${first?.kind === 'vector' ? 'numbers' : first?.width === 1 ? 'value' : 'values'}`;
    return `${count(m.features)} features${m.missing ? ', which may be missing' : ''}; ${says}`;
  }

  protected column(c: ColumnInfo): string {
    return c.kind === 'category' ? `one of ${(c.categories ?? []).slice(0, 20).join(', ')}` : 'a number';
  }

  protected process(p: ModelProcess): string {
    return `${p.pid ? `pid ${p.pid}, ` : ''}${p.state}${p.memory_bytes ? `, ${bytes(p.memory_bytes)}` : ''}; ${count(p.restarts)} ${p.restarts === 1 ? 'restart' : 'restarts'}`;
  }

  protected live(name: string) {
    return this.store.live.latest()?.models[name] ?? null;
  }

  protected golden(m: ModelFacts): string {
    return m.golden
      ? `${m.golden.rows} rows; scores differ by at most ${power(m.golden.max_diff, 1)}, ${power(m.golden.tolerance, 0)} is allowed`
      : 'the weights were loaded, their scores were not compared';
  }

  protected accuracy(m: ModelFacts): string {
    const now = this.live(m.name), { measure } = this.words(m);
    if (!measure) return 'not measured';
    if (!now || now.labelled === 0) return 'no labels yet';
    const value = measure.text(measure.share ? now.model_accuracy : now.mean_absolute_error);
    return `${measure.words} ${value} of ${count(now.labelled)} ${now.labelled === 1 ? 'label' : 'labels'} since the start`;
  }
}
