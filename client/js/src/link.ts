import type { AuthOk, Identity } from './access.js';
import { Asks } from './asks.js';
import { Backoff } from './backoff.js';
import { PenstockError } from './error.js';
import { Groups } from './groups.js';
import { Heartbeat } from './heartbeat.js';
import type { Settings } from './options.js';
import { SignIn, unauthorized } from './sign-in.js';
import { abnormal, reconnectable, subprotocol, type WebSocketLike } from './socket.js';
import type { StatusInfo } from './status.js';
import { State, type Value } from './value.js';
import { onWake } from './wake.js';

/** A JSON message from the server. */
export interface Incoming {
  type: string;
  [field: string]: unknown;
}

/** What the owner of a link does with it. */
export interface LinkOwner {
  /** The socket is open, and the token shown; the server has not spoken yet. */
  opened(): void;
  /** From now on messages are taken. */
  up(): void;
  message(message: Incoming): void;
  binary(frame: ArrayBuffer): void;
  /** What was sent and not answered never will be. */
  lost(error: PenstockError): void;
  /** As `lost`, and no connection will come by itself. */
  ended(error: PenstockError): void;
}

/**
 * - `connecting`: an attempt is under way, up to the server's greeting and its yes to the token.
 * - `up`: messages may be sent.
 * - `draining`: the server is going away; it still answers what it took.
 * - `waiting`: for the next attempt.
 * - `ended`: no attempt follows, unless somebody asks for one.
 */
type Phase = 'connecting' | 'up' | 'draining' | 'waiting' | 'ended' | 'closed';

const drainTimeoutMs = 30_000;

/** A WebSocket that comes back by itself. */
export class Link {
  readonly status = new State<StatusInfo>({
    status: 'reconnecting',
    attempt: 1,
    nextAttemptAt: null,
    reason: null,
    closeCode: null,
  });
  readonly identity: Value<Identity | null>;
  readonly groups: Groups;
  readonly #url: string;
  readonly #settings: Settings;
  readonly #owner: LinkOwner;
  readonly #backoff: Backoff;
  readonly #heartbeat: Heartbeat;
  readonly #asks = new Asks();
  readonly #signIn: SignIn;
  readonly #stopWaking: () => void;

  #phase: Phase = 'waiting';
  #socket: WebSocketLike | null = null;
  #open = false; // the socket's handshake is done
  #greeted = false; // the server has greeted
  #timer: unknown; // of the phase: the end of an attempt, a drain or a pause
  #round = 0; // counts attempts, so that a late token is not used
  #failures = 0; // attempts in a row that came to nothing
  #upSince = 0;
  #triedAt = -Infinity;
  #manualAt = -Infinity;
  #reason: string | null = null;
  #closeCode: number | null = null;
  #closeReason: string | null = null; // in the server's own words
  #cause: unknown; // of the reason, where an error is

  constructor(url: string, settings: Settings, owner: LinkOwner) {
    this.#url = url;
    this.#settings = settings;
    this.#owner = owner;
    const { clock } = settings;
    const send = (text: string) => this.send(text);
    this.#signIn = new SignIn(settings, this.#asks, send, () => this.#tell(this.status.value.nextAttemptAt));
    this.identity = this.#signIn.identity;
    this.groups = new Groups(settings, this.#asks, this);
    this.#backoff = new Backoff(settings.backoffMinMs, settings.backoffMaxMs, settings.random);
    this.#heartbeat = new Heartbeat(
      clock,
      settings.pingIntervalMs,
      settings.pongTimeoutMs,
      () => this.send('{"type":"ping"}'),
      () => this.#lose(abnormal, `no sign of life for ${settings.pongTimeoutMs} ms`),
    );
    this.#stopWaking = onWake(() => this.#wake());
  }

  get up(): boolean {
    return this.#phase === 'up';
  }

  /** Whether what is sent reaches the socket. */
  get open(): boolean {
    return this.#open;
  }

  /** Whether no connection will come by itself, and why. */
  get final(): PenstockError | null {
    if (this.#phase === 'closed') return new PenstockError('closed', 'the client was closed');
    if (this.#phase !== 'ended') return null;
    const [closeCode, reason] = [this.#closeCode, this.#closeReason];
    return new PenstockError('disconnected', this.#reason ?? 'refused', { cause: this.#cause, closeCode, reason });
  }

  connect(): void {
    const { clock, connectTimeoutMs } = this.#settings;
    const round = ++this.#round;
    this.#phase = 'connecting';
    this.#triedAt = clock.monotonic();
    this.#after(connectTimeoutMs, () => this.#lose(abnormal, `no answer within ${connectTimeoutMs} ms`));
    this.#tell(null);
    const current = () => round === this.#round && this.#phase === 'connecting';
    if (!current()) return; // whoever was told has closed the client
    if (!this.#signIn.asks) return this.#dial(this.#settings.token as string | undefined);
    this.#signIn.fetch().then(
      (token) => current() && this.#dial(token),
      (error: unknown) => {
        if (!current()) return;
        const why = `no token: ${String(error)}`;
        if (!unauthorized(error)) return this.#lose(abnormal, why, error);
        this.#closed(null);
        this.#end(why, error);
      },
    );
  }

  /** Says that the server has greeted: from now on messages are taken, unless it has yet to take the token. */
  greeted(): void {
    this.#greeted = true;
    if (this.#phase !== 'connecting' || this.#signIn.pending) return;
    this.#phase = 'up';
    this.#cause = undefined;
    this.#failures = 0;
    this.#upSince = this.#settings.clock.monotonic();
    this.#settings.clock.clearTimeout(this.#timer);
    this.#heartbeat.start();
    this.#tell(null);
    if (this.up) this.#owner.up(); // unless whoever was told has closed the client
  }

  /** Says that the server will close after what it owes. */
  drain(reason: string): void {
    if (this.#phase !== 'up') return;
    this.#phase = 'draining';
    this.#reason = reason;
    this.#after(drainTimeoutMs, () => this.#lose(1001, reason));
    this.#tell(null);
  }

  /** Sends on the socket of now; without an open one it does nothing. */
  send(data: string | ArrayBuffer): void {
    if (this.#open) this.#socket?.send(data);
  }

  /** Waits until messages may be sent; rejects when no connection will come by itself, or the signal says so. */
  ready(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      let stop: (() => void) | undefined;
      let settled = false;
      const settle = (how: () => void) => {
        settled = true;
        stop?.();
        signal?.removeEventListener('abort', abort);
        how();
      };
      const abort = () => settle(() => reject(signal?.reason));
      signal?.addEventListener('abort', abort);
      stop = this.status.subscribe(() => {
        if (settled) return;
        const final = this.final;
        if (final) settle(() => reject(final));
        else if (this.up) settle(resolve);
      });
      if (settled) stop();
    });
  }

  /** Connects anew, at once, unless an attempt is under way or somebody asked a moment ago. */
  reconnect(): void {
    const now = this.#settings.clock.monotonic();
    if (this.#phase === 'closed' || this.#phase === 'connecting') return;
    if (now - this.#manualAt < this.#settings.reconnectThrottleMs) return;
    this.#manualAt = now;
    if (this.#phase === 'ended') this.#failures = 0;
    if (this.#socket) {
      this.#reason = 'reconnect() was called';
      this.#closed(null);
      this.#drop(this.#reason);
      this.#owner.lost(new PenstockError('connection_lost', this.#reason));
    }
    this.connect();
  }

  close(): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#reason = 'closed by the client';
    this.#closed(null);
    this.#stopWaking();
    this.#drop('');
    this.#finish();
  }

  #dial(token: string | undefined): void {
    let socket: WebSocketLike;
    try {
      socket = new this.#settings.WebSocket(this.#url, [subprotocol]);
    } catch (error) {
      this.#closed(null);
      return this.#end(`the WebSocket was refused: ${String(error)}`, error); // such as ws:// from a page of https://
    }
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      this.#open = true;
      this.#signIn.open(token);
      this.groups.opened();
      this.#owner.opened();
    };
    socket.onmessage = (event: { data: unknown }) => this.#receive(event.data);
    socket.onclose = (event: { code: number; reason: string }) => this.#lose(event.code, event.reason);
    socket.onerror = () => undefined; // a close follows
  }

  #receive(data: unknown): void {
    this.#heartbeat.heard();
    if (data instanceof ArrayBuffer) return this.#owner.binary(data);
    let message: Incoming | null;
    try {
      message = JSON.parse(String(data)) as Incoming | null;
    } catch {
      return this.#lose(abnormal, 'the server sent what is no JSON');
    }
    if (message?.type === 'ping') this.send('{"type":"pong"}');
    else if (typeof message?.type === 'string' && message.type !== 'pong') this.#heard(message);
  }

  #heard(m: Incoming): void {
    if (m.type === 'auth_ok') this.#signIn.accepted(m as unknown as AuthOk);
    if (m.type === 'notice' && m['code'] === 'token_expiring') void this.#signIn.renew();
    if (!this.#asks.heard(m)) this.#owner.message(m);
    if (m.type === 'auth_ok' && this.#greeted) this.greeted();
  }

  /** The connection ended, or an attempt came to nothing. */
  #lose(code: number, why: string, cause?: unknown): void {
    const { clock, maxAttempts } = this.#settings;
    const lost = this.#phase === 'connecting' ? 'the server could not be reached' : 'the connection was lost';
    if (this.#phase === 'connecting') this.#failures++;
    else this.#backoff.lived(clock.monotonic() - this.#upSince);
    this.#drop(why);
    this.#reason = `${why || lost} (${code})`;
    this.#closed(code, why);
    if (!reconnectable(code)) return this.#end(this.#reason, cause);
    if (this.#failures >= maxAttempts) return this.#end(`gave up after ${this.#failures} attempts: ${this.#reason}`, cause);
    this.#owner.lost(new PenstockError('connection_lost', this.#reason, { cause, closeCode: code, reason: why }));
    this.#pause(this.#backoff.next());
  }

  #pause(ms: number): void {
    this.#phase = 'waiting';
    this.#after(ms, () => this.connect());
    this.#tell(Math.round(this.#settings.clock.now() + ms));
  }

  #end(reason: string, cause?: unknown): void {
    this.#drop('');
    this.#phase = 'ended';
    this.#reason = reason;
    this.#cause = cause;
    this.#finish();
  }

  #finish(): void {
    const error = this.final as PenstockError;
    this.#signIn.identity.set(null);
    this.groups.ended(error);
    this.#owner.lost(error);
    this.#owner.ended(error);
    this.#tell(null);
  }

  /** Lets go of the socket: nothing that it does from now on matters. */
  #drop(why: string): void {
    this.#heartbeat.stop();
    this.#signIn.stop();
    this.#asks.lost();
    this.groups.lost();
    this.#greeted = false;
    this.#settings.clock.clearTimeout(this.#timer);
    const socket = this.#socket;
    if (!socket) return;
    this.#socket = null;
    this.#open = false;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(1000, why.length > 40 ? '' : why); // a reason has at most 123 bytes
  }

  /** There is hope for a lost network, or doubt about a living one. */
  #wake(): void {
    const { clock, reconnectThrottleMs } = this.#settings;
    if (this.#phase === 'up') this.#heartbeat.probe();
    if (globalThis.navigator?.onLine === false) return;
    if (this.#phase !== 'waiting' || clock.monotonic() - this.#triedAt < reconnectThrottleMs) return;
    const planned = (this.status.value.nextAttemptAt ?? Infinity) - clock.now();
    this.#pause(Math.max(0, Math.min(planned, this.#backoff.soon())));
  }

  #after(ms: number, fn: () => void): void {
    this.#settings.clock.clearTimeout(this.#timer);
    this.#timer = this.#settings.clock.setTimeout(fn, ms);
  }

  #tell(nextAttemptAt: number | null): void {
    const final = this.#phase === 'ended' || this.#phase === 'closed';
    const status = this.up ? 'connected' : final ? 'disconnected' : 'reconnecting';
    const attempt = status === 'reconnecting' ? this.#failures + 1 : 0;
    const [reason, closeCode, closeReason, renewal] = [this.#reason, this.#closeCode, this.#closeReason, this.#signIn.problem];
    this.status.set({ status, attempt, nextAttemptAt, reason, closeCode, closeReason, renewal });
  }

  /** Keeps what the last connection ended with. */
  #closed(code: number | null, reason?: string): void {
    this.#closeCode = code;
    this.#closeReason = reason || null;
  }
}
