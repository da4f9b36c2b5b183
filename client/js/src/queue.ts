import type { Clock } from './clock.js';
import { PenstockError } from './error.js';
import type { Settings } from './options.js';

/** A message that can wait, and be told that it waited in vain. */
export interface Waiting {
  /** Its size on the wire. */
  readonly bytes: number;
  fail(error: unknown): void;
}

/**
 * Messages that wait, in order, for a connection or for room in the window:
 * bounded in number, bytes and time.
 */
export class Queue<T extends Waiting> {
  readonly #timers = new Map<T, unknown>(); // in the order of arrival
  readonly #returned = new Set<T>(); // of these, what comes first
  #bytes = 0;
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #limitBytes: number;

  constructor(s: Pick<Settings, 'clock' | 'queueLimit' | 'queueBytes'>) {
    this.#clock = s.clock;
    this.#limit = s.queueLimit;
    this.#limitBytes = s.queueBytes;
  }

  get size(): number {
    return this.#timers.size;
  }

  /** The message that has waited longest. */
  first(): T | undefined {
    for (const message of this.#returned) return message;
    for (const message of this.#timers.keys()) return message;
    return undefined;
  }

  /** Takes a message in until `ttlMs` have passed, when it fails with `expired`; or fails it now. */
  add(message: T, ttlMs: number, expired: () => PenstockError): void {
    if (this.size >= this.#limit || this.#bytes + message.bytes > this.#limitBytes) {
      message.fail(
        new PenstockError(
          'queue_full',
          `${this.size} messages of ${this.#bytes} bytes wait already; wait for replies, or raise queueLimit or queueBytes`,
        ),
      );
      return;
    }
    this.#wait(message, ttlMs, expired);
  }

  /** Takes back what was sent and not run, before all else and whatever the bounds: it had room before. */
  putBack(message: T, ttlMs: number, expired: () => PenstockError): void {
    this.#returned.add(message);
    this.#wait(message, ttlMs, expired);
  }

  #wait(message: T, ttlMs: number, expired: () => PenstockError): void {
    this.#bytes += message.bytes;
    const expire = () => {
      this.remove(message);
      message.fail(expired());
    };
    this.#timers.set(message, this.#clock.setTimeout(expire, ttlMs));
  }

  /** Takes a message out; false when it does not wait. */
  remove(message: T): boolean {
    if (!this.#timers.has(message)) return false;
    this.#clock.clearTimeout(this.#timers.get(message));
    this.#timers.delete(message);
    this.#returned.delete(message);
    this.#bytes -= message.bytes;
    return true;
  }

  /** Empties the queue. */
  failAll(error: PenstockError): void {
    for (const message of [...this.#timers.keys()]) {
      this.remove(message);
      message.fail(error);
    }
  }
}

export function expired(ttlMs: number, cause?: unknown): PenstockError {
  return new PenstockError('queue_expired', `the message was not sent within ${ttlMs} ms`, { cause });
}
