import { ChangeDetectionStrategy, Component, computed, inject, input, signal } from '@angular/core';
import { percent } from '../format';
import type { ModelQuality } from '../link/client';
import { qualityKind } from '../views/kinds';
import { HISTORY } from './history.state';
import { MEASURES } from './measures';
import { moment } from './time-axis';
import { eventKind, TimeChart } from './time-chart';

const EVENTS = 20; // that are told in words

/** How right a model was over the window, step by step, and what happened meanwhile. */
@Component({
  selector: 'ps-over-time',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [TimeChart],
  template: `
    <div class="tall-chart" [class.stale]="history.windowed.stale()">
      @if (history.overTime(); as over) {
        <fieldset class="measures">
          <legend class="unseen">What is charted</legend>
          @for (m of measures(); track m.id) {
            <label [title]="m.help"><input type="radio" name="measure" [checked]="m.id === measure().id" (change)="chosen.set(m.id)"><span>{{ m.title }} <b>{{ m.text(m.read(over.total)) }}</b></span></label>
          }
        </fieldset>
        <ps-time-chart id="measure" [over]="over" [measure]="measure()" [reliable]="model().estimate?.reliable ?? false" />
      } @else { <p class="none">{{ history.windowed.problem() ?? 'Loading…' }}</p> }
    </div>
    @if (estimate(); as e) {
      <p class="estimated" [class.doubtful]="!e.reliable"><b>Estimated for the last hour, while labels lag: {{ e.text }}</b> {{ e.note }}</p>
    }
    @if (influence(); as text) { <p class="estimated">{{ text }}</p> }
    @if (events(); as all) {
      @if (all.length > 0) {
        <h3>Events</h3>
        <div class="scroll tall" tabindex="0" role="region" aria-label="Events"><ol class="log">
          @for (e of all; track $index) {
            <li [class]="'entry ' + e.mark"><p class="head"><span class="tag">{{ e.kind }}</span><time [attr.datetime]="e.at">{{ e.when }}</time>@if (e.version) {&ngsp;version <bdi>{{ e.version }}</bdi>}</p><p dir="auto">{{ e.text }}</p></li>
          }
        </ol></div>
      }
    }
    @if (table(); as rows) {
      <details>
        <summary>As a table</summary>
        <div class="scroll tall" tabindex="0" role="region" [attr.aria-label]="measure().title + ' over time, as a table'">
          <table class="plain">
            <thead><tr><th scope="col">From</th><th scope="col">{{ measure().title }}</th><th scope="col">Labelled</th><th scope="col">Predicted</th><th scope="col">Labels</th></tr></thead>
            <tbody>@for (r of rows; track r.at) { <tr><th scope="row">{{ r.when }}</th><td>{{ r.value }}</td><td>{{ r.labelled }}</td><td>{{ r.predicted }}</td><td>{{ r.complete ? 'complete' : 'still to come' }}</td></tr> }</tbody>
          </table>
        </div>
      </details>
    }
  `,
})
export class OverTime {
  readonly model = input.required<ModelQuality>();
  protected readonly history = inject(HISTORY);
  protected readonly chosen = signal('');
  protected readonly measures = computed(() => {
    const over = this.history.overTime(), [first, ...others] = MEASURES[qualityKind(this.model())];
    return first ? [first, ...others.filter((m) => over && m.read(over.total) != null)] : [];
  });
  protected readonly measure = computed(() => this.measures().find((m) => m.id === this.chosen()) ?? this.measures()[0]!);

  protected readonly estimate = computed(() => {
    const e = this.model().estimate;
    if (!e || e.accuracy === null) return null;
    const range = e.interval ? `, 95 % interval ${percent(e.interval[0])} to ${percent(e.interval[1])}` : '';
    return {
      reliable: e.reliable,
      text: `${percent(e.accuracy, 2)} %${range}.`,
      note: e.reliable
        ? `The mean confidence of all predicted rows, corrected by what labels said of it; measured is ${percent(e.measured, 2)} %.`
        : `Do not rely on it${e.why ? `: ${e.why}` : ''}.`,
    };
  });
  protected readonly influence = computed(() => {
    const i = this.history.overTime()?.influence;
    if (!i?.most_influential) return null;
    return `If nobody’s labels weighed more than 5 %, it would be ${percent(i.capped_accuracy, 2)} %. Without those by \u2068${i.most_influential}\u2069, who moves it most, it would be ${points(i.moves)}.`;
  });
  protected readonly events = computed(() => {
    const over = this.history.overTime();
    return over?.events.slice(-EVENTS).reverse().map((e) => ({ ...e, mark: eventKind(e), when: moment(Date.parse(e.at) / 1000, 1) }));
  });
  protected readonly table = computed(() => {
    const over = this.history.overTime(), m = this.measure();
    if (!over || over.points.length === 0) return null;
    return over.points.toReversed().map((p) => ({ ...p, when: moment(Date.parse(p.at) / 1000, over.step_s), value: m.text(m.read(p)) }));
  });
}

/** How far a share is moved, in words. */
function points(moves: number): string {
  const size = Math.abs(100 * moves);
  return size < 0.005 ? 'the same' : `${size.toFixed(2)} points ${moves > 0 ? 'lower' : 'higher'}`;
}
