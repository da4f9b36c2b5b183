import { errorFrom, type ErrorMessage, type PenstockError } from './error.js';
import type { Incoming } from './link.js';

/** A message without an id, to which the server says one thing. */
export interface Ask {
  /** The type of the answer. */
  readonly answer: string;
  /** The group that the answer names too. */
  readonly group?: string;
  done(): void;
  refused(error: PenstockError): void;
  /** The connection ended first. */
  lost(): void;
}

/** What the server may say to such a message when it says no. */
const refusals = ['unauthorized', 'forbidden', 'rate_limited', 'bad_message'];

/**
 * What was sent without an id and not answered yet: `auth`, `join`, `leave`.
 * The server answers in the order of the messages, so an error that names no
 * request is about the oldest of them.
 */
export class Asks {
  #waiting: Ask[] = [];

  add(ask: Ask): void {
    this.#waiting.push(ask);
  }

  /** Whether the message was an answer to one of these. */
  heard(m: Incoming): boolean {
    const refusal = m.type === 'error' && m['request_id'] == null && refusals.includes(String(m['code']));
    const at = refusal ? 0 : this.#waiting.findIndex((ask) => ask.answer === m.type && ask.group === m['group']);
    const [ask] = at < 0 ? [] : this.#waiting.splice(at, 1);
    if (refusal) ask?.refused(errorFrom(m as unknown as ErrorMessage));
    else ask?.done();
    return ask !== undefined;
  }

  lost(): void {
    for (const ask of this.#waiting.splice(0)) ask.lost();
  }
}
