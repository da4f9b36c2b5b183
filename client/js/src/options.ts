import { checkCount, checkDuration } from './check.js';
import { type Clock, systemClock, withLongTimers } from './clock.js';
import type { WebSocketConstructor } from './socket.js';

/** Options that both clients share. A time is a number of milliseconds; `Infinity` stands for one that never comes. */
export interface ConnectionOptions {
  /**
   * Names the stream of requests across reconnects and, when the caller keeps
   * it, across pages: 16 to 64 of `A-Za-z0-9_-`. Default: drawn at random. Who
   * shares a session shares its request ids.
   */
  session?: string | undefined;
  /**
   * A bearer token, or what returns one: it is asked before every connection,
   * and before the token expires. It is shown as the first message of each
   * connection, never in an address. When it fails the client tries again
   * later, unless the error says that nobody is signed in: with a `code` of
   * `unauthorized` or `forbidden`, or a `status` of 401 or 403. Default: none is
   * sent.
   */
  token?: string | (() => string | Promise<string>) | undefined;
  /** Bounds of the pause before a reconnect. Default: 1,000 and 30,000. Smaller ones turn a server's restart into a stampede. */
  backoffMinMs?: number | undefined;
  backoffMaxMs?: number | undefined;
  /** Attempts in a row before the client gives up. Default: no limit. */
  maxAttempts?: number | undefined;
  /** Time for one attempt, up to the server's first message. Default: 10,000. */
  connectTimeoutMs?: number | undefined;
  /** Silence after which the server is asked for a sign of life. Default: 15,000. */
  pingIntervalMs?: number | undefined;
  /** Time for that sign; then the connection counts as lost. Default: 10,000. */
  pongTimeoutMs?: number | undefined;
  /** Least time between two calls of `reconnect()` that have an effect. Default: 2,000. */
  reconnectThrottleMs?: number | undefined;
  /** Messages that may wait for a connection or for room in the window. Default: 4,096. */
  queueLimit?: number | undefined;
  /** Bytes that may wait likewise. Default: 16 MiB. */
  queueBytes?: number | undefined;
  /** How long a message may wait. Default: 30,000. */
  queueTtlMs?: number | undefined;
  /** A standard WebSocket, such as that of the package `ws`. Default: the global one, which Node.js has since version 22. */
  WebSocket?: WebSocketConstructor | undefined;
  /** Default: the system's. */
  clock?: Clock | undefined;
  /** A number in [0,1), for jitter. Default: `Math.random`. */
  random?: (() => number) | undefined;
}

/** {@link ConnectionOptions} with every default filled in. */
export type Settings = ReturnType<typeof settings>;

export function settings(o: ConnectionOptions) {
  const filled = {
    backoffMinMs: o.backoffMinMs ?? 1_000,
    backoffMaxMs: o.backoffMaxMs ?? 30_000,
    maxAttempts: o.maxAttempts ?? Infinity,
    connectTimeoutMs: o.connectTimeoutMs ?? 10_000,
    pingIntervalMs: o.pingIntervalMs ?? 15_000,
    pongTimeoutMs: o.pongTimeoutMs ?? 10_000,
    reconnectThrottleMs: o.reconnectThrottleMs ?? 2_000,
    queueLimit: o.queueLimit ?? 4_096,
    queueBytes: o.queueBytes ?? 16 * 1024 * 1024,
    queueTtlMs: o.queueTtlMs ?? 30_000,
  };
  for (const [field, value] of Object.entries(filled)) {
    if (field.endsWith('Ms')) checkDuration(field, value, mayBeZero.includes(field));
    else checkCount(field, value, mayBeZero.includes(field) ? 0 : 1);
  }
  if (filled.backoffMinMs === Infinity) {
    throw new RangeError('option backoffMinMs is Infinity; to stay away after a failure, let maxAttempts be 1');
  }
  if (filled.backoffMaxMs < filled.backoffMinMs) {
    throw new RangeError(`option backoffMaxMs is ${filled.backoffMaxMs}; expected at least backoffMinMs, ${filled.backoffMinMs}`);
  }
  if (o.token !== undefined && typeof o.token !== 'function' && !(typeof o.token === 'string' && o.token !== '')) {
    throw new TypeError(`option token is ${o.token === '' ? 'an empty string' : typeof o.token}; expected a token, a function that returns one, or nothing`);
  }
  const WebSocket = o.WebSocket ?? (globalThis.WebSocket as WebSocketConstructor | undefined);
  if (!WebSocket) {
    throw new TypeError('there is no global WebSocket here (Node.js has one since version 22); pass one as the option WebSocket, such as that of the package ws');
  }
  return { ...filled, WebSocket, token: o.token, clock: withLongTimers(o.clock ?? systemClock), random: o.random ?? Math.random };
}

const mayBeZero = ['reconnectThrottleMs', 'queueLimit', 'queueBytes'];
