import { afterNextRender, ChangeDetectionStrategy, Component, computed, DestroyRef, type ElementRef, inject, input, signal, viewChild } from '@angular/core';
import type { QualityEvent, QualityFigures, QualityOverTime } from '../link/client';
import { ticks } from '../live/ticks';
import { alone, area, type Dot, line, steps, widen } from './geometry';
import { HISTORY } from './history.state';
import type { Measure } from './measures';
import { moment, timeTicks } from './time-axis';

const LEFT = 46, RIGHT = 12, TOP = 10, BOTTOM = 24; // px around the plot
/** Fewer steps than this are not drawn wider. */
const LEAST_STEPS = 12;
const MONTH = 28 * 86_400; // s
/** Events that explain a change for the worse; the others are only told. */
const ALARMING = ['drift', 'fall', 'disk'];

type Read = (f: QualityFigures) => number | null | undefined;

/**
 * A measure over the steps of a window: with its interval, where labels are
 * still to come, what the confidences let one expect (hatched), and what
 * happened. To a keyboard and a screen reader it is a slider along time, as the
 * charts of Live are; its cursor is shared with the other charts of the page.
 */
@Component({
  selector: 'ps-time-chart',
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { '[attr.data-chart]': 'id()' },
  template: `
    <p class="legend">
      <span class="key series-strong" [title]="measure().help">{{ measure().title }} <b>{{ text(measure().read) }}</b></span>
      @if (measure().interval) { <span class="key band">95 % interval <b>{{ interval() }}</b></span> }
      @if (hatched()) { <span class="key hatch" [class.doubtful]="!reliable()">estimated from confidence <b>{{ text(estimate) }}</b></span> }
      @if (measure().interval) {
        <button type="button" class="key bounds" [attr.aria-pressed]="bounded()" (click)="bounded.set(!bounded())"
          title="What it can be at least and at most, whatever the labels that are missing say">bounds <b>{{ bounds() }}</b></button>
      }
      <span class="at">{{ when() }}</span>
    </p>
    <div class="plot" tabindex="0" role="slider" [attr.aria-label]="measure().title + ' over time'" aria-valuemin="0" aria-valuemax="100" [attr.aria-valuenow]="place()" [attr.aria-valuetext]="spoken()"
      [attr.data-points]="points().length" (keydown)="move($event)" (blur)="history.point(null)" (pointermove)="pointed($event)" (pointerleave)="history.point(null)" #plot>
      @if (size(); as s) {
        <svg class="over-time" [attr.width]="s.width" [attr.height]="s.height" aria-hidden="true">
          <defs><pattern [id]="'hatch-' + id()" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0V6" /></pattern></defs>
          @for (t of rows(); track t.y) { <line class="grid" [attr.x1]="left" [attr.x2]="s.width - right" [attr.y1]="t.y" [attr.y2]="t.y" /><text class="y" [attr.x]="left - 6" [attr.y]="t.y + 4">{{ t.text }}</text> }
          @for (t of columns(); track t.x) { <text class="x" [attr.x]="t.x" [attr.y]="s.height - 6">{{ t.text }}</text> }
          @if (pending(); as p) { <rect class="pending" [attr.x]="p.x" [attr.y]="top" [attr.width]="p.width" [attr.height]="s.height - top - bottom" /> }
          @if (hatched()) { <g class="estimate" [class.doubtful]="!reliable()"><path [attr.d]="drawn().hatch" [attr.fill]="'url(#hatch-' + id() + ')'" /><path class="edge" [attr.d]="drawn().estimate" /></g> }
          <path class="band" [attr.d]="drawn().band" />
          @if (bounded()) { <path class="bounds" [attr.d]="drawn().bounds" /> }
          <path class="line" [attr.d]="drawn().line" />
          <path class="line incomplete" [attr.d]="drawn().incomplete" />
          @for (d of drawn().alone; track d[0]) { <circle class="dot" r="2.5" [attr.cx]="d[0]" [attr.cy]="d[1]" /> }
          @for (e of marks(); track $index) { <path [class]="'mark ' + e.kind" [attr.d]="e.path"><title>{{ e.text }}</title></path> }
          @if (pointer(); as p) { <line class="cursor" [attr.x1]="p.x" [attr.x2]="p.x" [attr.y1]="top" [attr.y2]="s.height - bottom" />@if (p.y !== null) { <circle class="dot" r="3.5" [attr.cx]="p.x" [attr.cy]="p.y" /> } }
        </svg>
      }
      @if (empty()) { <p class="empty">{{ points().length === 0 ? 'Nothing was predicted in this window.' : 'Not measured in this window yet.' }}</p> }
    </div>
  `,
})
export class TimeChart {
  readonly id = input.required<string>();
  readonly over = input.required<QualityOverTime>();
  readonly measure = input.required<Measure>();
  /** Whether what confidences let one expect can be believed. */
  readonly reliable = input(true);
  protected readonly history = inject(HISTORY);
  private readonly box = viewChild.required<ElementRef<HTMLElement>>('plot');
  private readonly destroyed = inject(DestroyRef);
  protected readonly left = LEFT;
  protected readonly right = RIGHT;
  protected readonly top = TOP;
  protected readonly bottom = BOTTOM;
  protected readonly estimate: Read = (f) => f.estimate;

  protected readonly size = signal<{ width: number; height: number } | null>(null);
  protected readonly bounded = signal(false);
  protected readonly points = computed(() => this.over().points.map((p) => ({ ...p, middle: Date.parse(p.at) / 1000 + this.over().step_s / 2 })));
  /** The points, and null for each stretch of time between them of which nothing is known. */
  private readonly slots = computed(() => {
    const reach = this.over().step_s * (this.over().step_s >= MONTH ? 1.2 : 1.5);
    return this.points().flatMap((p, i, all) => (i > 0 && p.middle - all[i - 1]!.middle > reach ? [null, p] : [p]));
  });
  protected readonly hatched = computed(() => this.measure().estimated === true && this.points().some((p) => p.estimate != null));
  protected readonly empty = computed(() => this.points().every((p) => this.measure().read(p) == null && !(this.hatched() && p.estimate != null)));

  /** The point under the cursor; null for none. */
  private readonly index = computed(() => {
    const at = this.history.cursor(), points = this.points();
    if (at === null || points.length === 0) return null;
    let best = 0;
    points.forEach((p, i) => { if (Math.abs(p.middle - at) < Math.abs(points[best]!.middle - at)) best = i; });
    return best;
  });
  /** What the legend tells: the point under the cursor, or else the whole window. */
  private readonly told = computed<QualityFigures>(() => { const i = this.index(); return i === null ? this.over().total : this.points()[i]!; });
  protected readonly when = computed(() => {
    const i = this.index();
    return i === null ? 'whole window' : `${moment(Date.parse(this.over().points[i]!.at) / 1000, this.over().step_s)}${this.told().complete ? '' : ', labels still to come'}`;
  });
  protected readonly interval = computed(() => this.span(this.measure().interval?.(this.told()) ?? null));
  protected readonly bounds = computed(() => this.span(this.told().bounds));
  protected readonly place = computed(() => { const i = this.index(); return i === null || this.points().length < 2 ? 100 : Math.round((100 * i) / (this.points().length - 1)); });
  protected readonly spoken = computed(() => {
    const hatched = this.hatched() ? `, estimated ${this.text(this.estimate)}` : '';
    const interval = this.measure().interval ? `, 95 % interval ${this.interval()}` : '';
    return `${this.when()}: ${this.text(this.measure().read)}${interval}${hatched}`;
  });

  private readonly times = computed<[number, number]>(() => {
    const points = this.points(), step = this.over().step_s;
    const end = (points.at(-1)?.middle ?? Date.now() / 1000) + step / 2;
    return [Math.min((points[0]?.middle ?? end) - step / 2, end - LEAST_STEPS * step), end];
  });
  private readonly scale = computed<[number, number]>(() => {
    const { read, interval, limits } = this.measure();
    const seen = this.points().flatMap((p) => [read(p), ...(interval?.(p) ?? []), ...(this.hatched() ? [p.estimate] : []), ...(this.bounded() ? (p.bounds ?? []) : [])]).filter((v): v is number => v != null && Number.isFinite(v));
    if (seen.length === 0) return [0, 1];
    const low = Math.min(...seen), high = Math.max(...seen);
    const room = 0.08 * (high - low) || 0.02 * Math.abs(high) || 0.5;
    return [Math.max(limits[0], low - room), Math.min(limits[1], high + room)];
  });

  protected readonly rows = computed(() => {
    const values = steps(...this.scale(), Math.max(2, (this.size()?.height ?? 0) / 40));
    const texts = ticks(values, this.measure().axis);
    return values.map((v, i) => ({ y: this.y(v), text: texts[i]! }));
  });
  protected readonly columns = computed(() => timeTicks(...this.times(), Math.max(1, (this.size()?.width ?? 0) / 90)).map((t) => ({ x: this.x(t.at), text: t.text })).filter((t) => t.x > LEFT + 14 && t.x < (this.size()?.width ?? 0) - 20));

  protected readonly drawn = computed(() => {
    const { read, interval } = this.measure();
    const dots = this.dots(read);
    const open = this.slots().map((p) => p !== null && !p.complete);
    const floor = (this.size()?.height ?? 0) - BOTTOM;
    const half = Math.max(2, (this.x(this.over().step_s) - this.x(0)) / 3);
    const wide = (read: Read) => widen(this.dots(read), half);
    const estimates = wide(this.estimate);
    const edge = (i: 0 | 1, of: (f: QualityFigures) => readonly [number, number] | null) => wide((f) => of(f)?.[i]);
    return {
      line: line(dots.map((d, i) => (open[i] ? null : d))),
      // From the complete points beside them on, so that the two lines meet.
      incomplete: line(dots.map((d, i) => (open[i] || open[i + 1] || open[i - 1] ? d : null))),
      alone: alone(dots),
      band: interval ? area(edge(1, interval), edge(0, interval)) : '',
      bounds: area(edge(1, (f) => f.bounds), edge(0, (f) => f.bounds)),
      estimate: line(estimates),
      hatch: area(estimates, estimates.map((d) => (d ? [d[0], floor] as const : null))),
    };
  });
  /** The newest steps, of which labels are still to come. */
  protected readonly pending = computed(() => {
    const points = this.points();
    const first = points.findLastIndex((p) => p.complete) + 1;
    if (first >= points.length) return null;
    const x = this.x(points[first]!.middle - this.over().step_s / 2);
    return { x, width: Math.max(0, this.x(this.times()[1]) - x) };
  });
  protected readonly marks = computed(() => {
    const [from, to] = this.times(), height = this.size()?.height ?? 0;
    return this.over().events.map((e) => ({ e, at: Date.parse(e.at) / 1000 })).filter(({ at }) => at >= from && at <= to).map(({ e, at }) => {
      const x = Math.round(this.x(at)) + 0.5;
      return { kind: eventKind(e), text: e.text, path: `M${x - 4} ${TOP - 6}h8l-4 6zM${x} ${TOP}V${height - BOTTOM}` };
    });
  });
  protected readonly pointer = computed(() => {
    const i = this.index();
    if (i === null) return null;
    const p = this.points()[i]!, value = this.measure().read(p);
    return { x: this.x(p.middle), y: value == null ? null : this.y(value) };
  });

  constructor() {
    afterNextRender(() => {
      const box = this.box().nativeElement;
      const watch = new ResizeObserver(() => this.size.set({ width: box.clientWidth, height: box.clientHeight }));
      watch.observe(box);
      this.destroyed.onDestroy(() => watch.disconnect());
    });
    this.destroyed.onDestroy(() => this.history.point(null));
  }

  protected text(read: Read): string {
    return this.measure().text(read(this.told()));
  }

  protected move(event: KeyboardEvent): void {
    const last = this.points().length - 1;
    const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -1e6, End: 1e6 }[event.key];
    if (event.key === 'Escape') this.history.point(null);
    if (step === undefined || last < 0) return;
    event.preventDefault();
    this.history.point(this.points()[Math.min(last, Math.max(0, (this.index() ?? last) + step))]!.middle);
  }

  protected pointed(event: PointerEvent): void {
    const s = this.size();
    if (!s) return;
    const [from, to] = this.times();
    const x = event.clientX - this.box().nativeElement.getBoundingClientRect().left;
    this.history.point(from + ((x - LEFT) / (s.width - LEFT - RIGHT)) * (to - from));
  }

  private span(pair: readonly [number, number] | null): string {
    return pair ? `${this.measure().text(pair[0])} to ${this.measure().text(pair[1])}` : '–';
  }

  private dots(read: Read): Dot[] {
    return this.slots().map((p) => {
      const value = p && read(p);
      return p === null || value == null || !Number.isFinite(value) ? null : [this.x(p.middle), this.y(value)];
    });
  }

  private x(at: number): number {
    const [from, to] = this.times();
    return LEFT + ((at - from) / (to - from)) * ((this.size()?.width ?? 0) - LEFT - RIGHT);
  }

  private y(value: number): number {
    const [low, high] = this.scale(), height = (this.size()?.height ?? 0) - TOP - BOTTOM;
    return TOP + height - ((value - low) / (high - low || 1)) * height;
  }
}

/** How an event is marked. */
export const eventKind = (e: QualityEvent): 'warning' | 'note' => (ALARMING.includes(e.kind) ? 'warning' : 'note');
