/**
 * Paces reconnects: full jitter under a ceiling that doubles with every
 * failure (Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog,
 * 2015).
 */
export class Backoff {
  #ceiling = 0; // of the last pause; zero at rest
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;

  constructor(minMs: number, maxMs: number, random: () => number) {
    this.#minMs = minMs;
    this.#maxMs = maxMs;
    this.#random = random;
  }

  /** Draws the pause before the next attempt. */
  next(): number {
    this.#ceiling = this.#ceiling === 0 ? this.#minMs : Math.min(2 * this.#ceiling, this.#maxMs);
    return this.#under(this.#ceiling);
  }

  /** Draws a pause under the first ceiling, for when there is reason to hope. */
  soon(): number {
    return this.#under(this.#minMs);
  }

  /** The ceiling may have grown past all numbers, where none was set. */
  #under(ceiling: number): number {
    return this.#random() * Math.min(ceiling, Number.MAX_SAFE_INTEGER);
  }

  /**
   * Tells how long a connection lasted. One that outlived the last pause's
   * ceiling was a success; one that was shut at once was another failure, and
   * must not start the ladder anew.
   */
  lived(ms: number): void {
    if (ms > this.#ceiling) this.#ceiling = 0;
  }
}
