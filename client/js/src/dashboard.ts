import { endpoint } from './endpoint.js';
import { errorFrom, type ErrorMessage, PenstockError } from './error.js';
import { Feed } from './feed.js';
import type { Alert, DashboardFrame, History, Metrics, Note, Presence, Typing } from './frames.js';
import { type Incoming, Link } from './link.js';
import { type ConnectionOptions, type Settings, settings } from './options.js';
import { expired, Queue, type Waiting } from './queue.js';
import type { StatusInfo } from './status.js';
import { Listeners, type Value } from './value.js';

/** Options of a {@link DashboardClient}. */
export interface DashboardOptions extends ConnectionOptions {
  /** What to ask for from the start; see `subscribe`. Default: everything. */
  subscription?: Subscription | undefined;
}

/** Which part of the metrics a client wants. */
export interface Subscription {
  /** Names of fields. Default: all. */
  metrics?: readonly (keyof Metrics)[] | undefined;
  /** Names of models. Default: all. */
  models?: readonly string[] | undefined;
  /** Least time between two frames, at most 60,000. Default: 1,000. */
  intervalMs?: number | undefined;
}

/** What handlers are called with. */
export interface DashboardEvents {
  history: History;
  metrics: Metrics;
  alert: Alert;
  note: Note;
  presence: Presence;
  typing: Typing;
  /** What the server refused, or what waited in vain for a connection. */
  error: PenstockError;
}

interface WaitingNote extends Waiting {
  readonly text: string;
}

const typingPauseMs = 3_000;

/**
 * The server's measurements, second by second, over a socket that comes back
 * by itself. Every connection begins with `history`, which tells everything
 * anew: what a program knows of points, alerts, notes and presence from
 * before, it should then forget.
 */
export class DashboardClient {
  readonly status: Value<StatusInfo>;
  /** The name of this client among those that the server counts. */
  readonly session: string;

  readonly #settings: Settings;
  readonly #link: Link;
  readonly #notes: Queue<WaitingNote>;
  readonly #feeds = new Set<Feed>();
  readonly #events: { [E in keyof DashboardEvents]: Listeners<DashboardEvents[E]> } = {
    history: new Listeners(),
    metrics: new Listeners(),
    alert: new Listeners(),
    note: new Listeners(),
    presence: new Listeners(),
    typing: new Listeners(),
    error: new Listeners(),
  };
  #subscription: string | null = null; // as it was sent last, and will be again
  #typedAt = -Infinity;

  constructor(url: string, options: DashboardOptions = {}) {
    const at = endpoint(url, '/ws/dashboard', options.session);
    this.session = at.session;
    this.#settings = settings(options);
    this.#notes = new Queue(this.#settings);
    this.#link = new Link(at.url, this.#settings, {
      opened: () => {
        if (this.#subscription) this.#link.send(this.#subscription);
      },
      message: (m) => this.#message(m),
      binary: () => undefined,
      lost: () => undefined,
      ended: (error) => this.#ended(error),
    });
    this.status = this.#link.status;
    if (options.subscription) this.subscribe(options.subscription);
    this.#link.connect();
  }

  /** Calls a handler with each event of a kind, until the function that it returns is called. */
  on<E extends keyof DashboardEvents>(event: E, handler: (value: DashboardEvents[E]) => void): () => void {
    return this.#events[event].add(handler);
  }

  /**
   * The frames from now on, for a `for await` loop. A slow loop gets the
   * newest metrics. The loop ends with `close()`, and throws when the server
   * refuses the connection.
   */
  frames(): AsyncIterableIterator<DashboardFrame> {
    const feed: Feed = new Feed(() => this.#feeds.delete(feed));
    const final = this.#link.final;
    if (final) feed.end(final.code === 'closed' ? null : final);
    else this.#feeds.add(feed);
    return feed;
  }

  /** Chooses what comes; an empty subscription is everything. It is sent again with every new connection. */
  subscribe(subscription: Subscription): void {
    const { metrics, models, intervalMs } = subscription;
    this.#subscription = JSON.stringify({ type: 'subscribe', metrics, models, interval_ms: intervalMs });
    this.#link.send(this.#subscription);
  }

  /** Leaves a note for everybody; it comes back as a `note`. Without a connection it waits, within bounds. */
  note(text: string): void {
    const frame = JSON.stringify({ type: 'note', text });
    const fail = (error: unknown) => this.#events.error.tell(error as PenstockError);
    const final = this.#link.final;
    if (final) fail(final);
    else if (this.#link.up) this.#link.send(frame);
    else {
      const { queueTtlMs } = this.#settings;
      this.#notes.add({ text: frame, bytes: frame.length, fail }, queueTtlMs, () => expired(queueTtlMs));
    }
  }

  /** Tells the others that somebody writes a note; call it with every key, it is sent every three seconds. */
  typing(): void {
    const now = this.#settings.clock.monotonic();
    if (!this.#link.up || now - this.#typedAt < typingPauseMs) return;
    this.#typedAt = now;
    this.#link.send('{"type":"typing"}');
  }

  /** Connects anew at once, at most every `reconnectThrottleMs`. A connection that stands is given up for it. */
  reconnect(): void {
    this.#link.reconnect();
  }

  /** Ends the connection and every loop over `frames()`. */
  close(): void {
    this.#link.close();
  }

  #message(m: Incoming): void {
    this.#greet();
    if (m.type === 'error') return this.#events.error.tell(errorFrom(m as unknown as ErrorMessage));
    if (m.type === 'notice') return m['code'] === 'going_away' ? this.#link.drain(String(m['message'])) : undefined;
    if (!Object.hasOwn(this.#events, m.type)) return; // of a newer server
    const frame = m as unknown as DashboardFrame;
    (this.#events[frame.type] as Listeners<DashboardFrame>).tell(frame);
    for (const feed of this.#feeds) feed.push(frame);
  }

  /** The server's first message says that it is there. */
  #greet(): void {
    if (this.#link.up) return;
    this.#link.greeted();
    for (let note = this.#notes.first(); note && this.#link.up; note = this.#notes.first()) {
      this.#notes.remove(note);
      this.#link.send(note.text);
    }
  }

  #ended(error: PenstockError): void {
    this.#notes.failAll(error);
    for (const feed of this.#feeds) feed.end(error.code === 'closed' ? null : error);
    this.#feeds.clear();
  }
}
