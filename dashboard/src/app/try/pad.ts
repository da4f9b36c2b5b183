import { ChangeDetectionStrategy, Component, DestroyRef, effect, type ElementRef, inject, signal, viewChild } from '@angular/core';
import { Frames } from '../link/frames';
import { Palette } from '../live/palette';
import type { Dot } from './mnist';
import { TRIAL } from './trial.state';

/** Drawings are kept in a square of this side, whatever the screen. */
export const PAPER = 280;
const PEN = 20;
const STEP = 10;

/**
 * The sheet to draw on, with mouse, finger or pen; with a keyboard the arrows
 * move the pen, and the space bar sets it down and lifts it.
 */
@Component({
  selector: 'ps-pad',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <canvas #sheet width="560" height="560" tabindex="0" role="application"
      aria-label="Drawing area" aria-describedby="pad-help"
      (pointerdown)="down($event)" (pointermove)="drag($event)" (pointerup)="up($event)" (pointercancel)="up($event)"
      (keydown)="key($event)" (focus)="focused.set(true)" (blur)="blur()"></canvas>
    @if (trial.strokes().length === 0) { <p class="hint" aria-hidden="true">Draw a digit</p> }
    <p id="pad-help" class="unseen">Draw with a mouse, a finger or a pen. With the keyboard, arrows move the pen, space sets it down or lifts it, Escape clears.</p>
  `,
})
export class Pad {
  protected readonly trial = inject(TRIAL);
  protected readonly focused = signal(false);
  private readonly palette = inject(Palette);
  private readonly sheet = viewChild.required<ElementRef<HTMLCanvasElement>>('sheet');
  private readonly pen = signal<Dot>({ x: PAPER / 2, y: PAPER / 4 });
  private readonly inked = signal(false); // the keyboard's pen is down
  private readonly keys = signal(false); // the keyboard draws
  private pointer: number | null = null;

  constructor() {
    const frames = inject(Frames);
    effect(() => {
      this.trial.strokes();
      this.palette.version();
      this.pen();
      this.inked();
      this.keys();
      this.focused();
      frames.next(this, () => this.draw());
    });
    inject(DestroyRef).onDestroy(() => frames.drop(this));
  }

  protected down(event: PointerEvent): void {
    if (this.pointer !== null || (event.pointerType === 'mouse' && event.button !== 0)) return;
    this.pointer = event.pointerId;
    this.keys.set(false);
    this.inked.set(false);
    const canvas = this.sheet().nativeElement;
    if (event.isTrusted) canvas.setPointerCapture(event.pointerId);
    this.trial.penDown(this.dot(event));
  }

  protected drag(event: PointerEvent): void {
    if (event.pointerId !== this.pointer) return;
    const fine = event.getCoalescedEvents();
    this.trial.penMoved((fine.length > 0 ? fine : [event]).map((e) => this.dot(e)));
  }

  protected up(event: PointerEvent): void {
    if (event.pointerId === this.pointer) this.pointer = null;
  }

  protected key(event: KeyboardEvent): void {
    const move = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
    if (move) {
      const { x, y } = this.pen();
      this.pen.set({ x: clamp(x + move[0]!), y: clamp(y + move[1]!) });
      if (this.inked()) this.trial.penMoved([this.pen()]);
    } else if (event.key === ' ') {
      this.inked.update((is) => !is);
      if (this.inked()) this.trial.penDown(this.pen());
    } else if (event.key === 'Escape' || event.key === 'Delete') {
      this.trial.clear();
      this.inked.set(false);
    } else return;
    this.keys.set(true);
    event.preventDefault();
  }

  protected blur(): void {
    this.focused.set(false);
    this.inked.set(false);
  }

  private dot(event: PointerEvent): Dot {
    const box = this.sheet().nativeElement.getBoundingClientRect();
    return { x: ((event.clientX - box.left) / box.width) * PAPER, y: ((event.clientY - box.top) / box.height) * PAPER };
  }

  private draw(): void {
    const ctx = this.sheet().nativeElement.getContext('2d')!;
    const scale = ctx.canvas.width / PAPER;
    ctx.setTransform(scale, 0, 0, scale, 0, 0);
    ctx.clearRect(0, 0, PAPER, PAPER);
    ctx.lineWidth = PEN;
    ctx.lineCap = ctx.lineJoin = 'round';
    ctx.strokeStyle = this.palette.colour('--ink');
    for (const stroke of this.trial.strokes()) {
      ctx.beginPath();
      const [first, last] = [stroke[0]!, stroke.at(-1)!];
      ctx.moveTo(first.x, first.y);
      // Through the middles between dots, so that a quick hand draws no corners.
      for (let i = 1; i < stroke.length - 1; i++) {
        const [dot, next] = [stroke[i]!, stroke[i + 1]!];
        ctx.quadraticCurveTo(dot.x, dot.y, (dot.x + next.x) / 2, (dot.y + next.y) / 2);
      }
      ctx.lineTo(last.x + (stroke.length === 1 ? 0.01 : 0), last.y);
      ctx.stroke();
    }
    if (!this.focused() || !this.keys()) return;
    ctx.lineWidth = 2;
    ctx.strokeStyle = this.palette.colour('--accent');
    ctx.beginPath();
    ctx.arc(this.pen().x, this.pen().y, this.inked() ? 6 : PEN / 2, 0, 2 * Math.PI);
    ctx.stroke();
  }
}

const clamp = (v: number) => Math.min(PAPER - PEN / 2, Math.max(PEN / 2, v));
