import type { Asks } from './asks.js';
import { PenstockError } from './error.js';
import type { Settings } from './options.js';
import { expired } from './queue.js';
import { State } from './value.js';

/** A group that was asked for. */
class Membership {
  /** Settles when the server has answered for the first time. */
  readonly answered: Promise<void>;
  pending = true;
  timer: unknown; // of the wait for that answer, or for another attempt
  #settle!: [resolve: () => void, reject: (error: unknown) => void];

  constructor() {
    this.answered = new Promise((...settle) => (this.#settle = settle));
    this.answered.catch(() => undefined); // whoever joined hears of it
  }

  settle(error?: unknown): void {
    this.pending = false;
    if (error === undefined) this.#settle[0]();
    else this.#settle[1](error);
  }
}

/** What groups need of a link. */
interface Line {
  readonly open: boolean;
  readonly final: PenstockError | null;
  send(text: string): void;
}

const againMs = 1_000;

/** The groups that a client is in. They belong to a connection, and are joined again on the next. */
export class Groups {
  /** Those that this connection is in. */
  readonly joined = new State<readonly string[]>([]);
  readonly #wanted = new Map<string, Membership>();
  readonly #settings: Settings;
  readonly #asks: Asks;
  readonly #line: Line;

  constructor(settings: Settings, asks: Asks, line: Line) {
    this.#settings = settings;
    this.#asks = asks;
    this.#line = line;
  }

  /** Joins a group, now or on the next connection, for which it waits within bounds. */
  join(group: string): Promise<void> {
    const known = this.#wanted.get(group);
    if (known) return known.answered;
    const { final, open } = this.#line;
    if (final) return Promise.reject(final);
    const { clock, queueTtlMs } = this.#settings;
    const member = new Membership();
    member.timer = clock.setTimeout(() => this.#forget(group, expired(queueTtlMs)), queueTtlMs);
    this.#wanted.set(group, member);
    if (open) this.#ask(group, member);
    return member.answered;
  }

  /** Leaves a group. Without a connection it is left already. */
  leave(group: string): Promise<void> {
    this.#forget(group, new PenstockError('cancelled', `the group ${group} was left before it was joined`));
    if (!this.#line.open) return Promise.resolve();
    return new Promise((done, refused) => {
      this.#asks.add({ answer: 'left', group, done, refused, lost: done });
      this.#line.send(JSON.stringify({ type: 'leave', group }));
    });
  }

  /** A new connection is open. */
  opened(): void {
    for (const [group, member] of this.#wanted) this.#ask(group, member);
  }

  lost(): void {
    if (this.joined.value.length > 0) this.joined.set([]);
  }

  /** No connection will come by itself. What was joined is joined again on one that somebody asks for. */
  ended(error: PenstockError): void {
    for (const [group, member] of [...this.#wanted]) {
      if (member.pending) this.#forget(group, error);
      this.#settings.clock.clearTimeout(member.timer);
    }
  }

  #ask(group: string, member: Membership): void {
    const { clock } = this.#settings;
    const current = () => this.#wanted.get(group) === member;
    this.#asks.add({
      answer: 'joined',
      group,
      done: () => {
        if (!current()) return; // it was left again meanwhile
        clock.clearTimeout(member.timer);
        this.joined.set([...this.joined.value.filter((name) => name !== group), group]);
        member.settle();
      },
      refused: (error) => {
        if (!current()) return;
        if (member.pending || !error.retryable) return this.#forget(group, error);
        const again = () => current() && this.#line.open && this.#ask(group, member);
        member.timer = clock.setTimeout(again, error.retryAfterMs ?? againMs);
      },
      lost: () => undefined,
    });
    this.#line.send(JSON.stringify({ type: 'join', group }));
  }

  #forget(group: string, error: unknown): void {
    const member = this.#wanted.get(group);
    if (!member) return;
    this.#settings.clock.clearTimeout(member.timer);
    this.#wanted.delete(group);
    if (member.pending) member.settle(error);
    if (this.joined.value.includes(group)) this.joined.set(this.joined.value.filter((name) => name !== group));
  }
}
