import {
  afterNextRender, ChangeDetectionStrategy, Component, computed, DestroyRef, effect, type ElementRef, inject, input, viewChild,
} from '@angular/core';
import uPlot from 'uplot';
import { clock } from '../format';
import { Frames } from '../link/frames';
import { Store } from '../store/store';
import type { ChartSpec } from './charts';
import { Palette } from './palette';
import { columns } from './points';

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
    <h3 [id]="'chart-' + spec().id">{{ spec().title }} <small>{{ spec().unit }}</small></h3>
    <p class="legend">
      @for (v of values(); track v.label) {
        <span [class]="'key ' + v.colour.slice(2)">{{ v.label }} <b>{{ v.text }}</b></span>
      }
      <span class="at">{{ moment() }}</span>
    </p>
    <div class="plot" tabindex="0" role="slider" [attr.aria-labelledby]="'chart-' + spec().id"
      aria-valuemin="0" [attr.aria-valuemax]="last()" [attr.aria-valuenow]="index()" [attr.aria-valuetext]="spoken()"
      (keydown)="move($event)" (blur)="live.point(null)" #plot></div>
    @if (blank()) { <p class="empty">{{ live.latest() ? spec().empty : 'Waiting for the first measurement.' }}</p> }
  `,
})
export class Chart {
  readonly spec = input.required<ChartSpec>();
  protected readonly live = inject(Store).live;
  private readonly palette = inject(Palette);
  private readonly frames = inject(Frames);
  private readonly destroyed = inject(DestroyRef);
  private readonly box = viewChild.required<ElementRef<HTMLElement>>('plot');
  private chart: uPlot | null = null;

  private readonly table = computed(() => columns(this.live.shown(), this.spec().series.map((s) => s.pick), this.live.model()));
  protected readonly last = computed(() => Math.max(0, this.table()[0]!.length - 1));
  protected readonly blank = computed(() => this.table().slice(1).every((column) => column.every((v) => v === null)));

  /** The point under the cursor, or else the newest. */
  protected readonly index = computed(() => {
    const times = this.table()[0]! as number[];
    const at = this.live.cursor();
    if (at === null || times.length === 0) return this.last();
    let best = 0;
    for (let i = 0; i < times.length; i++) if (Math.abs(times[i]! - at) < Math.abs(times[best]! - at)) best = i;
    return best;
  });
  /** The legend, with the values of that point; a band is one entry. */
  protected readonly values = computed(() => {
    const { series, band, text } = this.spec();
    const value = (i: number) => text(this.table()[i + 1]![this.index()]);
    const values = series.flatMap((s, i) => (s.edge ? [] : [{ label: s.label, colour: s.colour, text: value(i) }]));
    if (band) values.push({ label: '95 % sure', colour: '--band', text: `${value(band[1])} to ${value(band[0])}` });
    return values;
  });
  protected readonly moment = computed(() => {
    const at = this.table()[0]![this.index()];
    return at === null || at === undefined || this.live.cursor() === null ? '' : clock(at * 1000);
  });
  protected readonly spoken = computed(() => {
    const at = this.table()[0]![this.index()];
    if (at === null || at === undefined) return 'nothing measured yet';
    return `${clock(at * 1000)}: ${this.values().map((v) => `${v.label} ${v.text}`).join(', ')}`;
  });

  constructor() {
    afterNextRender(() => this.make());
    effect(() => {
      this.table();
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

  protected move(event: KeyboardEvent): void {
    const times = this.table()[0]! as number[];
    const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -30, PageUp: 30, Home: -1e6, End: 1e6 }[event.key];
    if (event.key === 'Escape') this.live.point(null);
    if (step === undefined || times.length === 0) return;
    event.preventDefault();
    this.live.point(times[Math.min(times.length - 1, Math.max(0, this.index() + step))]!);
  }

  private make(): void {
    const box = this.box().nativeElement;
    this.chart = new uPlot(this.options(box), this.table() as uPlot.AlignedData, box);
    const watch = new ResizeObserver(() => this.frames.next(watch, () => this.chart?.setSize({ width: box.clientWidth, height: box.clientHeight })));
    watch.observe(box);
    box.addEventListener('pointerleave', () => this.live.point(null));
    this.destroyed.onDestroy(() => {
      watch.disconnect();
      this.frames.drop(watch);
    });
  }

  private draw(): void {
    this.chart?.setData(this.table() as uPlot.AlignedData);
  }

  private show(at: number | null): void {
    const u = this.chart;
    if (!u) return;
    const left = at === null ? -10 : u.valToPos(at, 'x');
    if (Math.abs((u.cursor.left ?? -10) - left) > 0.5) u.setCursor({ left, top: at === null ? -10 : u.bbox.height / 4 }, false);
  }

  private options(box: HTMLElement): uPlot.Options {
    const spec = this.spec();
    const colour = (name: string) => () => this.palette.colour(name);
    const font = '12px system-ui, sans-serif';
    const axis: uPlot.Axis = {
      stroke: colour('--muted'), font, ticks: { show: false }, grid: { stroke: colour('--grid'), width: 1 },
    };
    return {
      width: box.clientWidth, height: box.clientHeight, padding: [8, 26, 0, 0],
      legend: { show: false }, select: { show: false, left: 0, top: 0, width: 0, height: 0 },
      cursor: {
        y: false, drag: { x: false, y: false },
        points: { size: 7, fill: (_, i) => this.palette.colour(spec.series[i - 1]!.colour) },
      },
      scales: {
        x: { time: true, range: () => this.span() },
        y: { range: (_, low, high) => (low === null || high === null ? [0, 1] : spec.scale(low, high)) },
      },
      axes: [
        { ...axis, size: 28, space: 70, values: (_, splits) => splits.map((t) => clock(t * 1000).slice(0, t % 60 === 0 ? 5 : 8)), grid: { show: false } },
        { ...axis, size: 48, space: 34, values: (_, splits) => splits.map((v) => spec.text(v)) },
      ],
      series: [
        {},
        ...spec.series.map((s): uPlot.Series => ({
          label: s.label, stroke: colour(s.colour), width: s.edge ? 0 : 1.6, auto: !s.edge, points: { show: false },
        })),
      ],
      bands: spec.band ? [{ series: [spec.band[0] + 1, spec.band[1] + 1], fill: colour('--band') as unknown as string }] : [],
      hooks: {
        drawAxes: [(u) => this.drawMarks(u)],
        setCursor: [(u) => this.pointed(u)],
      },
    };
  }

  /** The times shown: the chosen minutes, or as much of them as there is, but
   * never less than one. */
  private span(): [number, number] {
    const shown = this.live.shown();
    const end = shown.at(-1)?.at ?? Date.now() / 1000;
    return [Math.max(end - this.live.minutes() * 60, Math.min(shown[0]?.at ?? end, end - 60)), end];
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
