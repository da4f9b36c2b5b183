import { ChangeDetectionStrategy, Component, computed, inject, input, signal } from '@angular/core';
import { count, number, percent, rate } from '../format';
import type { CurvePoint, ModelQuality } from '../link/client';
import { cheapest, cost, type Costs, nearest, scoresAt } from './cutoff';
import { type Dot, line } from './geometry';
import { HISTORY } from './history.state';

const SIDE = 300;
const USUAL = 0.5;

/** For models of two classes: what another threshold would do, what that would cost, and the curves that all of them make. */
@Component({
  selector: 'ps-threshold',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    @if (here(); as p) {
      <p class="lead">A row is taken for <b><bdi>{{ positive() }}</bdi></b> where its score is at least the threshold. What the {{ count(history.curve.value()!.rows) }} labelled rows of the window would have become:</p>
      <div class="threshold" [class.stale]="history.curve.stale()">
        <div class="choose">
          <label for="threshold">Threshold <output for="threshold">{{ p.threshold.toFixed(3) }}</output></label>
          <input id="threshold" type="range" min="0" [max]="points().length - 1" [value]="index()" [attr.aria-valuetext]="spoken()" (input)="slide($event)">
          <table class="plain outcomes">
            <caption class="unseen">What rows become with this threshold, and what each costs</caption>
            <thead><tr><td></td><th scope="col">said <bdi>{{ positive() }}</bdi></th><th scope="col">said <bdi>{{ negative() }}</bdi></th></tr></thead>
            <tbody>
              @for (row of outcomes(); track row.truth) {
                <tr><th scope="row">is <bdi>{{ row.truth }}</bdi></th>
                  @for (c of row.cells; track c.id) {
                    <td>{{ count(p[c.id]) }} <label><small>cost</small> <input type="number" step="any" [value]="costs()[c.id]" [attr.aria-label]="'Cost of each that is ' + row.truth + ' and said to be ' + c.said" (input)="price(c.id, $event)"></label></td>
                  }
                </tr>
              }
            </tbody>
          </table>
          <dl class="times">
            @for (f of figures(); track f.label) { <div><dt>{{ f.label }}</dt><dd>{{ f.value }}</dd></div> }
          </dl>
          <p class="buttons-row"><button type="button" class="small" (click)="take(best())">Take the cheapest, {{ points()[best()]!.threshold.toFixed(3) }}</button> <button type="button" class="small" (click)="chosen.set(usual)">Back to {{ usual }}</button></p>
        </div>
        @for (c of curves(); track c.id) {
          <figure>
            <figcaption>{{ c.title }} <b>{{ c.figure }}</b></figcaption>
            <svg class="reliability" viewBox="-40 -10 352 352" role="img" [attr.aria-label]="c.summary">
              @for (t of ticks; track t) {
                <line class="grid" x1="0" x2="300" [attr.y1]="side - t * side" [attr.y2]="side - t * side" /><line class="grid" y1="0" y2="300" [attr.x1]="t * side" [attr.x2]="t * side" />
                <text class="y" x="-8" [attr.y]="side - t * side + 4">{{ t * 100 }}</text><text class="x" [attr.x]="t * side" y="318">{{ t * 100 }}</text>
              }
              @if (c.id === 'roc') { <line class="ideal" x1="0" y1="300" x2="300" y2="0" /> }
              <path class="curve" [attr.d]="c.path" />
              @if (c.at; as at) { <circle class="bin" r="6" [attr.cx]="at[0]" [attr.cy]="at[1]" /> }
              <text class="x" x="150" y="338">{{ c.x }}, %</text><text class="axis" x="6" y="12">{{ c.y }}, %</text>
            </svg>
          </figure>
        }
      </div>
    } @else { <p class="none roomy">{{ history.curve.problem() ?? (history.curve.value() ? 'No labels in this window.' : 'Loading…') }}</p> }
  `,
})
export class Threshold {
  readonly model = input.required<ModelQuality>();
  protected readonly history = inject(HISTORY);
  protected readonly side = SIDE;
  protected readonly usual = USUAL;
  protected readonly ticks = [0, 0.25, 0.5, 0.75, 1];
  protected readonly count = count;
  protected readonly chosen = signal(USUAL);
  protected readonly costs = signal<Costs>({ tp: 0, fp: 1, fn: 1, tn: 0 });

  protected readonly points = computed(() => [...(this.history.curve.value()?.points ?? [])].sort((a, b) => a.threshold - b.threshold));
  protected readonly positive = computed(() => this.history.curve.value()?.positive ?? '');
  protected readonly negative = computed(() => this.model().classes.find((c) => c !== this.positive()) ?? '');
  protected readonly index = computed(() => nearest(this.points(), this.chosen()));
  protected readonly here = computed<CurvePoint | null>(() => this.points()[this.index()] ?? null);
  protected readonly best = computed(() => cheapest(this.points(), this.costs()));
  protected readonly outcomes = computed(() => [
    { truth: this.positive(), cells: [{ id: 'tp', said: this.positive() }, { id: 'fn', said: this.negative() }] as const },
    { truth: this.negative(), cells: [{ id: 'fp', said: this.positive() }, { id: 'tn', said: this.negative() }] as const },
  ]);

  protected readonly figures = computed(() => {
    const p = this.here()!, s = scoresAt(p), each = cost(p, this.costs());
    const share = (v: number | null) => (v === null ? '–' : `${percent(v)} %`);
    return [
      { label: 'precision', value: share(s.precision) }, { label: 'recall', value: share(s.recall) }, { label: 'F1', value: share(s.f1) },
      { label: 'false positives', value: share(s.falsePositives) }, { label: 'accuracy', value: share(s.accuracy) }, { label: 'cost a row', value: each === null ? '–' : rate(each) },
    ];
  });
  protected readonly spoken = computed(() => `${number(this.here()!.threshold)}: ${this.figures().map((f) => `${f.label} ${f.value}`).join(', ')}`);

  protected readonly curves = computed(() => {
    const { roc_auc, average_precision } = this.history.curve.value()!;
    const scores = this.points().map(scoresAt);
    const place = (x: number | null, y: number | null): Dot => (x === null || y === null ? null : [x * SIDE, SIDE - y * SIDE]);
    const pr = scores.map((s) => place(s.recall, s.precision)), roc = scores.map((s) => place(s.falsePositives, s.recall));
    const figure = (v: number | null) => (v === null ? '–' : v.toFixed(4));
    const curve = (id: string, title: string, dots: Dot[], what: string, v: number | null, x: string, y: string) => ({
      id, title, x, y, path: line(dots.filter((d) => d !== null)), at: dots[this.index()] ?? null, figure: `${what} ${figure(v)}`, summary: `${title}: ${what} ${figure(v)}. The slider walks along it.`,
    });
    return [
      curve('pr', 'Precision–recall', pr, 'average precision', average_precision, 'recall', 'precision'),
      curve('roc', 'ROC', roc, 'area', roc_auc, 'false positives', 'recall'),
    ];
  });

  protected slide(event: Event): void {
    this.take(Number((event.target as HTMLInputElement).value));
  }

  protected take(index: number): void {
    this.chosen.set(this.points()[index]!.threshold);
  }

  protected price(id: keyof Costs, event: Event): void {
    const value = (event.target as HTMLInputElement).valueAsNumber;
    if (Number.isFinite(value)) this.costs.update((all) => ({ ...all, [id]: value }));
  }
}
