import {
  afterNextRender, ChangeDetectionStrategy, Component, computed, DestroyRef, effect, type ElementRef, inject, input, signal, untracked, viewChild,
} from '@angular/core';
import uPlot from 'uplot';
import { clock } from '../format';
import { Frames } from '../link/frames';
import { Store } from '../store/store';
import type { ChartSpec } from './charts';
import { Palette } from './palette';
import { type Series, withGaps } from './series';
import { ticks } from './ticks';

/**
 * One chart over the chosen minutes. Its cursor is shared with the others
 * through the store. To a keyboard and a screen reader it is a slider along
 * time: arrows move the cursor, and what it points at is said in text.
 */
@Component({
  selector: 'ps-chart',
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { '[attr.data-chart]': 'spec().id' },
  template: `
    <h3 [id]="'chart-' + spec().id" [title]="spec().help">{{ spec().title }} <small>{{ spec().unit }}</small></h3>
    <p class="legend">
      @for (v of values(); track v.label) {
        @if (v.index === null) { <span [class]="'key ' + v.colour.slice(2)">{{ v.label }} <b>{{ v.text }}</b></span> }
        @else {
          <button type="button" [class]="'key ' + v.colour.slice(2)" [title]="v.help" [attr.aria-pressed]="!hidden().has(v.index)" (click)="toggle(v.index)">{{ v.label }} <b>{{ v.text }}</b></button>
        }
      }
      <span class="at">{{ moment() }}</span>
    </p>
    <div class="plot" tabindex="0" role="slider" [attr.aria-labelledby]="'chart-' + spec().id"
      [attr.data-points]="last() + 1"
      aria-valuemin="0" aria-valuemax="100" [attr.aria-valuenow]="place()" [attr.aria-valuetext]="spoken()"
      (keydown)="move($event)" (blur)="live.point(null)" #plot></div>
    @if (blank()) { <p class="empty">{{ live.latest() ? spec().empty : 'Waiting for the first measurement.' }}</p> }
  `,
})
export class Chart {
  readonly spec = input.required<ChartSpec>();
  private readonly store = inject(Store);
  protected readonly live = this.store.live;
  private readonly view = this.store.view;
  private readonly palette = inject(Palette);
  private readonly frames = inject(Frames);
  private readonly destroyed = inject(DestroyRef);
  private readonly box = viewChild.required<ElementRef<HTMLElement>>('plot');
  private chart: uPlot | null = null;

  private readonly table = computed<Series>(() => {
    const [from, to] = this.live.shown();
    return withGaps(this.live.source.read({ metrics: this.spec().series.map((s) => s.metric), model: this.live.focus(), from, to }));
  });
  private readonly data = computed(() => [this.table().times, ...this.table().columns] as uPlot.AlignedData);
  /** Series that the legend has switched off. */
  protected readonly hidden = signal<ReadonlySet<number>>(new Set());
  protected readonly last = computed(() => Math.max(0, this.table().times.length - 1));
  protected readonly blank = computed(() => this.table().columns.every((column) => column.every((v) => v === null)));

  /** The point under the cursor, or else the newest. */
  protected readonly index = computed(() => {
    const { times } = this.table();
    const at = this.live.cursor();
    if (at === null || times.length === 0) return this.last();
    let best = 0;
    for (let i = 0; i < times.length; i++) if (Math.abs(times[i]! - at) < Math.abs(times[best]! - at)) best = i;
    return best;
  });
  /** The legend, with the values of that point; a band is one entry. */
  protected readonly values = computed(() => {
    const { series, band, text } = this.spec();
    const value = (i: number) => text(this.table().columns[i]![this.index()]);
    const values: { label: string; colour: string; text: string; index: number | null; help: string }[] = series.flatMap((s, i) => (s.edge ? [] : [{ label: s.label, colour: s.colour, text: value(i), index: series.length > 1 && !band ? i : null, help: s.help ?? '' }]));
    if (band) values.push({ label: '95 % interval', colour: '--band', index: null, help: '', text: `${value(band[1])} to ${value(band[0])}` });
    return values;
  });
  protected readonly moment = computed(() => {
    const at = this.table().times[this.index()];
    return at === undefined || this.live.cursor() === null ? '' : clock(at * 1000);
  });
  /** Where the cursor is along the time shown, in percent; without one, at its end. */
  protected readonly place = computed(() => (this.live.cursor() === null || this.last() === 0 ? 100 : Math.round((100 * this.index()) / this.last())));
  protected readonly spoken = computed(() => {
    // What would change every second is not said every second.
    if (this.live.cursor() === null && this.last() > 0) return 'the newest; the arrow keys go back in time';
    const at = this.table().times[this.index()];
    if (at === undefined) return 'nothing measured yet';
    return `${clock(at * 1000)}: ${this.values().map((v) => `${v.label} ${v.text}`).join(', ')}`;
  });

  constructor() {
    afterNextRender(() => this.make());
    effect(() => {
      if (!this.spec().log) return;
      this.view.log();
      untracked(() => { if (this.chart) this.again(); });
    });
    effect(() => {
      const hidden = this.hidden();
      this.spec().series.forEach((_, i) => { if (this.chart?.series[i + 1]?.show === hidden.has(i)) this.chart.setSeries(i + 1, { show: !hidden.has(i) }); });
    });
    effect(() => {
      this.table();
      this.live.zoom();
      this.live.marks();
      this.palette.version();
      this.frames.next(this, () => this.draw());
    });
    effect(() => {
      const at = this.live.cursor();
      this.frames.next(`cursor ${this.spec().id}`, () => this.show(at));
    });
    this.destroyed.onDestroy(() => {
      this.frames.drop(this);
      this.frames.drop(`cursor ${this.spec().id}`);
      this.chart?.destroy();
      this.chart = null;
    });
  }

  protected toggle(index: number): void {
    this.hidden.update((old) => {
      const hidden = new Set(old);
      if (!hidden.delete(index)) hidden.add(index);
      return hidden;
    });
  }

  protected move(event: KeyboardEvent): void {
    const { times } = this.table();
    const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -30, PageUp: 30, Home: -1e6, End: 1e6 }[event.key];
    if (event.key === 'Escape') this.live.point(null);
    if (step === undefined || times.length === 0) return;
    event.preventDefault();
    this.live.point(times[Math.min(times.length - 1, Math.max(0, this.index() + step))]!);
  }

  private make(): void {
    const box = this.box().nativeElement;
    this.chart = new uPlot(this.options(box), this.data(), box);
    const watch = new ResizeObserver(() => this.frames.next(watch, () => this.chart?.setSize({ width: box.clientWidth, height: box.clientHeight })));
    watch.observe(box);
    box.addEventListener('pointerleave', () => this.live.point(null));
    this.destroyed.onDestroy(() => {
      watch.disconnect();
      this.frames.drop(watch);
    });
  }

  /** Another scale is another chart. */
  private again(): void {
    const box = this.box().nativeElement;
    this.chart?.destroy();
    this.chart = new uPlot(this.options(box), this.data(), box);
  }

  private draw(): void {
    this.chart?.setData(this.data());
  }

  private show(at: number | null): void {
    const u = this.chart;
    if (!u) return;
    const left = at === null ? -10 : u.valToPos(at, 'x');
    if (Math.abs((u.cursor.left ?? -10) - left) > 0.5) u.setCursor({ left, top: at === null ? -10 : u.bbox.height / 4 }, false);
  }

  private options(box: HTMLElement): uPlot.Options {
    const spec = this.spec();
    const log = spec.log === true && this.view.log();
    const colour = (name: string) => () => this.palette.colour(name);
    const font = '12px system-ui, sans-serif';
    const axis: uPlot.Axis = {
      stroke: colour('--muted'), font, ticks: { show: false }, grid: { stroke: colour('--grid'), width: 1 },
    };
    return {
      width: box.clientWidth, height: box.clientHeight, padding: [8, 26, 0, 0],
      legend: { show: false }, select: { show: true, left: 0, top: 0, width: 0, height: 0 },
      cursor: {
        y: false, drag: { x: true, y: false, setScale: false, dist: 6 }, bind: { dblclick: () => () => { this.live.showPart(null); return null; } },
        points: { size: 7, fill: (_, i) => this.palette.colour(spec.series[i - 1]!.colour) },
      },
      scales: {
        x: { time: true, range: () => this.span() },
        y: log
          ? { distr: 3, range: (_, low, high) => (low === null || high === null ? [0.1, 1] : [10 ** Math.floor(Math.log10(Math.max(low, 0.001))), 10 ** Math.ceil(Math.log10(Math.max(high, 0.01)) + 1e-9)]) }
          : { range: (_, low, high) => (low === null || high === null ? [0, 1] : spec.scale(low, high)) },
      },
      axes: [
        { ...axis, size: 28, space: 70, values: (_, splits) => splits.map((t) => clock(t * 1000).slice(0, t % 60 === 0 ? 5 : 8)), grid: { show: false } },
        {
          ...axis, space: 34, values: (_, splits) => (log ? splits.map((v) => (Number.isInteger(Math.round(Math.log10(v) * 1e6) / 1e6) ? String(Number(v.toPrecision(1))) : null)) : ticks(splits, spec.axis ?? 1)),
          size: (_, values) => 14 + 7 * Math.max(4, ...(values ?? []).map((v) => v?.length ?? 0)),
        },
      ],
      series: [
        {},
        ...spec.series.map((s): uPlot.Series => ({
          label: s.label, stroke: colour(s.colour), width: s.edge ? 0 : (s.width ?? 1.6), auto: !s.edge, points: { show: false }, ...(s.dash && { dash: s.dash }),
          show: !this.hidden().has(spec.series.indexOf(s)),
        })),
      ],
      bands: spec.band ? [{ series: [spec.band[0] + 1, spec.band[1] + 1], fill: colour('--band') as unknown as string }] : [],
      hooks: {
        drawAxes: [(u) => this.drawMarks(u)],
        setCursor: [(u) => this.pointed(u)],
        setSelect: [(u) => this.selected(u)],
      },
    };
  }

  /** The times shown: the chosen minutes, or as much of them as there is, but
   * never less than one. */
  private span(): [number, number] {
    const zoom = this.live.zoom(), { times } = this.table();
    if (zoom) return [zoom[0], zoom[1]];
    const end = times.at(-1) ?? Date.now() / 1000;
    return [Math.max(end - this.view.minutes() * 60, Math.min(times[0] ?? end, end - 60)), end];
  }

  /** Shows the part of time that was dragged over. */
  private selected(u: uPlot): void {
    const { left, width } = u.select;
    if (width < 1) return;
    const from = u.posToVal(left, 'x'), to = u.posToVal(left + width, 'x');
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    if (to - from >= 2) this.live.showPart([from, to]);
  }

  /** Tells the store where the mouse is. */
  private pointed(u: uPlot): void {
    const { left, idx } = u.cursor;
    if (left == null || left < 0 || idx == null || !u.over.matches(':hover')) return;
    const at = u.data[0][idx];
    if (at !== undefined) this.live.point(at);
  }

  /** A line for each note and alert: dashed notes, alerts in their colour. */
  private drawMarks(u: uPlot): void {
    const { ctx, bbox } = u;
    const [from, to] = this.span();
    ctx.save();
    for (const mark of this.live.marks()) {
      if (mark.at < from || mark.at > to) continue;
      const x = Math.round(u.valToPos(mark.at, 'x', true));
      ctx.strokeStyle = ctx.fillStyle = this.palette.colour(`--mark-${mark.kind}`);
      ctx.lineWidth = devicePixelRatio;
      ctx.setLineDash(mark.kind === 'note' ? [3 * devicePixelRatio, 3 * devicePixelRatio] : []);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      const r = 3.5 * devicePixelRatio;
      ctx.beginPath();
      if (mark.kind === 'note') ctx.arc(x, bbox.top, r, 0, 2 * Math.PI);
      else { ctx.moveTo(x - r, bbox.top - r); ctx.lineTo(x + r, bbox.top - r); ctx.lineTo(x, bbox.top + r); }
      ctx.fill();
    }
    ctx.restore();
  }
}
