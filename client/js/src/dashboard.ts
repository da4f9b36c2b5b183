/// <reference lib="esnext.disposable" preserve="true" />
import { type Identity, isNotification, type Notice, type Notification } from './access.js';
import { checkDuration } from './check.js';
import { disposable } from './dispose.js';
import { endpoint } from './endpoint.js';
import { errorFrom, type ErrorMessage, PenstockError } from './error.js';
import { Feed } from './feed.js';
import type { Alert, DashboardFrame, History, Metrics, MetricsOf, Note, Presence, Typing } from './wire.js';
import { type Incoming, Link } from './link.js';
import { type ConnectionOptions, type Settings, settings } from './options.js';
import { expired, Queue, type Waiting } from './queue.js';
import type { StatusInfo } from './status.js';
import { Listeners, type Value } from './value.js';

/** Options of a {@link DashboardClient}. */
export interface DashboardOptions<F extends keyof Metrics = keyof Metrics> extends ConnectionOptions {
  /** What to ask for from the start; see `subscribe`. Default: everything. */
  subscription?: Subscription<F> | undefined;
}

/** Which part of the metrics a client wants. */
export interface Subscription<F extends keyof Metrics = keyof Metrics> {
  /** Names of fields. Default: all. */
  metrics?: readonly F[] | undefined;
  /** Names of models. Default: all. */
  models?: readonly string[] | undefined;
  /** Least time between two frames, in milliseconds, 0 to 60,000. Default: every frame, one a second. */
  intervalMs?: number | undefined;
}

/** What handlers are called with. */
export interface DashboardEvents<M = Metrics> {
  history: History<M>;
  metrics: M;
  alert: Alert;
  note: Note;
  presence: Presence;
  typing: Typing;
  /** A message to this user, or to a group that was joined. */
  notification: Notification;
  /** What the server refused, or what waited in vain for a connection. */
  error: PenstockError;
}

/** A subscription of every field. */
type Unfiltered = Omit<Subscription, 'metrics'> & { metrics?: undefined };

interface WaitingText extends Waiting {
  readonly text: string;
}

const typingPauseMs = 3_000;

/**
 * The server's measurements, second by second, over a socket that comes back
 * by itself. Every connection begins with `history`, which tells everything
 * anew: what a program knows of points, alerts, notes and presence from
 * before, it should then forget.
 *
 * `F` are the fields of metrics that were subscribed to; `never` stands for
 * all of them.
 */
export class DashboardClient<F extends keyof Metrics = never> {
  readonly status: Value<StatusInfo>;
  /** Who the server takes this client for, once a token was shown; null before, and after a refusal. */
  readonly identity: Value<Identity | null>;
  /** The groups that this connection is in. */
  readonly groups: Value<readonly string[]>;
  /** The name of this client among those that the server counts. */
  readonly session: string;

  readonly #settings: Settings;
  readonly #link: Link;
  readonly #waiting: Queue<WaitingText>; // notes, and what else must arrive
  readonly #feeds = new Set<Feed<DashboardFrame<MetricsOf<F>>>>();
  readonly #events: { [E in keyof DashboardEvents]: Listeners<DashboardEvents<MetricsOf<F>>[E]> } = {
    history: new Listeners(),
    metrics: new Listeners(),
    alert: new Listeners(),
    note: new Listeners(),
    presence: new Listeners(),
    typing: new Listeners(),
    notification: new Listeners(),
    error: new Listeners(),
  };
  #subscription: string | null = null; // as it was sent last, and will be again
  #typedAt = -Infinity;

  declare readonly [Symbol.dispose]: () => void;
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  constructor(url: string, options: DashboardOptions<F> = {}) {
    const at = endpoint(url, '/ws/dashboard', options.session);
    this.session = at.session;
    this.#settings = settings(options);
    this.#waiting = new Queue(this.#settings);
    this.#link = new Link(at.url, this.#settings, {
      opened: () => {
        if (this.#subscription) this.#link.send(this.#subscription);
      },
      up: () => this.#sendWaiting(),
      message: (m) => this.#message(m),
      binary: () => undefined,
      lost: () => undefined,
      ended: (error) => this.#ended(error),
    });
    this.status = this.#link.status;
    this.identity = this.#link.identity;
    this.groups = this.#link.groups.joined;
    disposable(this);
    if (options.subscription) this.#subscribe(options.subscription);
    this.#link.connect();
  }

  /** Calls a handler with each event of a kind, until the function that it returns is called. */
  on<E extends keyof DashboardEvents>(event: E, handler: (value: DashboardEvents<MetricsOf<F>>[E]) => void): () => void {
    return this.#events[event].add(handler);
  }

  /**
   * The frames from now on, for a `for await` loop. A slow loop gets the
   * newest metrics. The loop ends with `close()`, and throws when the server
   * refuses the connection.
   */
  frames(): AsyncIterableIterator<DashboardFrame<MetricsOf<F>>> {
    const feed: Feed<DashboardFrame<MetricsOf<F>>> = new Feed(() => this.#feeds.delete(feed));
    const final = this.#link.final;
    if (final) feed.end(final.code === 'closed' ? null : final);
    else this.#feeds.add(feed);
    return feed;
  }

  /** Waits for a connection on which the server has spoken; rejects when it refuses, or the client is closed. */
  ready(options: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    return this.#link.ready(options.signal);
  }

  /**
   * Chooses what comes; an empty subscription is everything. It is sent again
   * with every new connection. Returns this client, with frames of the type
   * that they now have: fields that were not named may be absent.
   */
  subscribe(subscription: Unfiltered): DashboardClient;
  subscribe<G extends keyof Metrics>(subscription: Subscription<G>): DashboardClient<G>;
  subscribe(subscription: Subscription): unknown {
    this.#subscribe(subscription);
    return this;
  }

  #subscribe({ metrics, models, intervalMs }: Subscription): void {
    if (intervalMs !== undefined) checkInterval(intervalMs);
    this.#subscription = JSON.stringify({ type: 'subscribe', metrics, models, interval_ms: intervalMs && Math.round(intervalMs) });
    this.#link.send(this.#subscription);
  }

  /** Leaves a note for everybody, or in a group; it comes back as a `note`. Without a connection it waits, within bounds. */
  note(text: string, { group }: { group?: string | undefined } = {}): void {
    this.#tell({ type: 'note', text, group });
  }

  /**
   * Joins a group: its notifications and notes come too, also after a
   * reconnect. Resolves when the server has agreed; rejects when it refuses, or
   * when no connection came for it in time.
   */
  join(group: string): Promise<void> {
    return this.#link.groups.join(group);
  }

  /** Leaves a group. */
  leave(group: string): Promise<void> {
    return this.#link.groups.leave(group);
  }

  /** Takes how right a model is now for what is expected of it: its alert ends, and fires again when it gets worse from here. Without a connection it waits, within bounds. */
  acceptBaseline(model: string): void {
    this.#tell({ type: 'accept_baseline', model });
  }

  /** Keeps how a model's confidences are calibrated as it is, or lets labels change it again. Without a connection it waits, within bounds. */
  freezeCalibration(model: string, frozen: boolean): void {
    this.#tell({ type: 'freeze_calibration', model, frozen });
  }

  #tell(message: object): void {
    const text = JSON.stringify(message);
    const fail = (error: unknown) => this.#events.error.tell(error as PenstockError);
    const final = this.#link.final;
    if (final) fail(final);
    else if (this.#link.up) this.#link.send(text);
    else {
      const { queueTtlMs } = this.#settings;
      const bytes = new TextEncoder().encode(text).length;
      this.#waiting.add({ text, bytes, fail }, queueTtlMs, () => expired(queueTtlMs));
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
    // The server's first message says that it is there.
    if (!this.#link.up && m.type !== 'auth_ok') this.#link.greeted();
    if (m.type === 'error') return this.#events.error.tell(errorFrom(m as unknown as ErrorMessage));
    if (m.type === 'notice') return this.#noticed(m as unknown as Notice);
    if (!Object.hasOwn(this.#events, m.type)) return; // of a newer server
    this.#tellAll(m.type as keyof DashboardEvents, m as unknown as DashboardFrame<MetricsOf<F>>);
  }

  #noticed(notice: Notice): void {
    if (notice.code === 'going_away') this.#link.drain(notice.message);
    if (isNotification(notice)) this.#tellAll('notification', notice);
  }

  #tellAll(event: keyof DashboardEvents, frame: DashboardFrame<MetricsOf<F>>): void {
    (this.#events[event] as unknown as Listeners<DashboardFrame<MetricsOf<F>>>).tell(frame);
    for (const feed of this.#feeds) feed.push(frame);
  }

  #sendWaiting(): void {
    for (let next = this.#waiting.first(); next && this.#link.up; next = this.#waiting.first()) {
      this.#waiting.remove(next);
      this.#link.send(next.text);
    }
  }

  #ended(error: PenstockError): void {
    this.#waiting.failAll(error);
    for (const feed of this.#feeds) feed.end(error.code === 'closed' ? null : error);
    this.#feeds.clear();
  }
}

/** What the server takes. */
function checkInterval(ms: number): void {
  checkDuration('intervalMs', ms, true);
  if (ms > 60_000) throw new RangeError(`option intervalMs is ${ms}; expected at most 60000`);
}
