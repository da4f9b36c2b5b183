import type { AuthOk, Identity } from './access.js';
import type { Asks } from './asks.js';
import { Backoff } from './backoff.js';
import type { Settings } from './options.js';
import { State } from './value.js';

/** How long before its end a token is renewed unasked, at most. The server asks a minute before, or at half of what is left. */
const earlyMs = 45_000;
const soonestMs = 1_000;

/** Whether a token function says that nobody is signed in: asking again would not help. */
export function unauthorized(error: unknown): boolean {
  const { code, status } = (error ?? {}) as { code?: unknown; status?: unknown };
  return code === 'unauthorized' || code === 'forbidden' || status === 401 || status === 403;
}

/**
 * Shows a token as the first message of each connection, where browsers can
 * set no header and an address would be logged, and a fresh one before it
 * expires. No token is kept here, nor is one ever part of an error or a status.
 */
export class SignIn {
  /** Who the server takes us for; null before it has said so. */
  readonly identity = new State<Identity | null>(null);
  /** Why the token of this connection was not renewed; null while nothing is wrong. */
  problem: string | null = null;
  /** Whether the server has yet to say yes. */
  pending = false;

  readonly #settings: Settings;
  readonly #asks: Asks;
  readonly #send: (text: string) => void;
  readonly #changed: () => void;
  readonly #backoff: Backoff;
  #connection = 0; // counts them: what was fetched for another is of no use
  #fetching = false;
  #timer: unknown;

  /** `changed` is called when `problem` did. */
  constructor(settings: Settings, asks: Asks, send: (text: string) => void, changed: () => void) {
    this.#settings = settings;
    this.#asks = asks;
    this.#send = send;
    this.#changed = changed;
    this.#backoff = new Backoff(settings.backoffMinMs, settings.backoffMaxMs, settings.random);
  }

  /** Whether tokens must be asked for. */
  get asks(): boolean {
    return typeof this.#settings.token === 'function';
  }

  /** A fresh token; undefined where none is to be shown. */
  async fetch(): Promise<string | undefined> {
    const { token } = this.#settings;
    if (typeof token !== 'function') return token;
    const got: unknown = await token();
    if (typeof got === 'string' && got !== '') return got;
    throw new TypeError(`the option token gave ${got === '' ? 'an empty string' : typeof got}; expected a token, a string`);
  }

  /** Begins a connection. */
  open(token: string | undefined): void {
    this.pending = token !== undefined;
    if (token !== undefined) this.#show(token);
  }

  /** Ends what belongs to a connection. */
  stop(): void {
    this.#settings.clock.clearTimeout(this.#timer);
    this.#connection++;
    this.#fetching = this.pending = false;
    this.problem = null;
  }

  /** Takes what the server said to a token. */
  accepted(m: AuthOk): void {
    const { user, scopes = [], groups = [], expires = null } = m;
    this.pending = false;
    this.#backoff.lived(Infinity);
    this.#plan(expires);
    this.#say(null);
    this.identity.set({ user, scopes, groups, expires });
  }

  /** Fetches a fresh token and shows it; tries again, at growing pauses, for as long as the connection lasts. */
  async renew(): Promise<void> {
    if (!this.asks || this.#fetching) return;
    const connection = this.#connection;
    const current = () => connection === this.#connection;
    this.#settings.clock.clearTimeout(this.#timer);
    this.#fetching = true;
    try {
      const fresh = (await this.fetch()) as string;
      if (current()) this.#show(fresh);
    } catch (error) {
      if (!current()) return;
      if (!unauthorized(error)) this.#after(this.#backoff.next());
      this.#say(`no new token: ${String(error)}`);
    } finally {
      if (current()) this.#fetching = false;
    }
  }

  #show(token: string): void {
    this.#asks.add({
      answer: 'auth_ok',
      done: () => undefined, // accepted() was called
      refused: ({ code, message }) => this.#say(`the new token was refused: ${message} (${code})`),
      lost: () => undefined, // the next connection shows its own
    });
    this.#send(JSON.stringify({ type: 'auth', token }));
  }

  /** The clocks may differ: one by which a valid token ended already tells nothing, and the server's notice comes. */
  #plan(expires: string | null): void {
    const { clock } = this.#settings;
    clock.clearTimeout(this.#timer);
    const left = expires === null ? Infinity : Date.parse(expires) - clock.now();
    if (left > soonestMs) this.#after(Math.max(soonestMs, left - Math.min(earlyMs, left / 4)));
  }

  #after(ms: number): void {
    this.#timer = this.#settings.clock.setTimeout(() => void this.renew(), ms);
  }

  #say(problem: string | null): void {
    if (problem === this.problem) return;
    this.problem = problem;
    this.#changed();
  }
}
