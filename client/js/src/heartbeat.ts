import type { Clock } from './clock.js';

/**
 * Asks a silent server for a sign of life, and tells when none comes. Whatever
 * the server sends is one.
 */
export class Heartbeat {
  #heardAt = 0;
  #asked = false; // and nothing was heard since
  #dueAt = 0;
  #timer: unknown;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #timeoutMs: number;
  readonly #ping: () => void;
  readonly #dead: () => void;

  constructor(clock: Clock, intervalMs: number, timeoutMs: number, ping: () => void, dead: () => void) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#timeoutMs = timeoutMs;
    this.#ping = ping;
    this.#dead = dead;
  }

  start(): void {
    this.heard();
    this.#check(this.#intervalMs);
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#asked = false;
  }

  heard(): void {
    this.#heardAt = this.#clock.monotonic();
    this.#asked = false;
  }

  /** Asks now, unless an answer is awaited already. */
  probe(): void {
    if (this.#asked) return;
    this.#asked = true;
    this.#check(this.#timeoutMs);
    this.#ping();
  }

  #check(inMs: number): void {
    this.#clock.clearTimeout(this.#timer);
    this.#dueAt = this.#clock.monotonic() + inMs;
    this.#timer = this.#clock.setTimeout(() => this.#due(), inMs);
  }

  #due(): void {
    const now = this.#clock.monotonic();
    const silent = now - this.#heardAt;
    // A timer that is this late means that the machine slept, or that the
    // browser froze the page: the answer may lie unread. Ask once more.
    if (this.#asked && now - this.#dueAt > this.#timeoutMs) {
      this.#asked = false;
      this.probe();
    } else if (this.#asked) {
      this.#dead();
    } else if (silent >= this.#intervalMs) {
      this.probe();
    } else {
      this.#check(this.#intervalMs - silent);
    }
  }
}
