import type { DashboardFrame } from './wire.js';

const most = 256;

/**
 * Frames for one async loop. A loop that is slower than the frames finds the
 * newest metrics and the newest presence, never a backlog; of the rest the
 * oldest are dropped beyond 256.
 */
export class Feed<Frame extends { type: string } = DashboardFrame> implements AsyncIterableIterator<Frame> {
  #frames: Frame[] = [];
  #ended = false;
  #error: Error | null = null;
  #wake: (() => void)[] = [];
  readonly #left: () => void;

  /** `left` is called when the loop ends. */
  constructor(left: () => void) {
    this.#left = left;
  }

  push(frame: Frame): void {
    if (this.#ended) return;
    if (frame.type === 'history') this.#frames = []; // a new connection tells everything anew
    if (frame.type === 'metrics' || frame.type === 'presence') {
      this.#frames = this.#frames.filter((f) => f.type !== frame.type);
    }
    this.#frames.push(frame);
    if (this.#frames.length > most) this.#frames.shift();
    this.#notify();
  }

  /** No frame comes any more; an error makes the loop throw. */
  end(error: Error | null): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#notify();
  }

  async next(): Promise<IteratorResult<Frame, undefined>> {
    while (this.#frames.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
    const value = this.#frames.shift();
    if (value) return { done: false, value };
    const error = this.#error;
    this.#error = null;
    if (error) throw error;
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<Frame, undefined>> {
    this.#frames = [];
    this.end(null);
    this.#left();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #notify(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}
