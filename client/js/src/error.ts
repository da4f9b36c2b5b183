/** Codes of errors that a server sends; the index is the number in binary frames. */
export const serverCodes = [
  '',
  'bad_json',
  'bad_message',
  'bad_request_id',
  'bad_features',
  'unknown_model',
  'too_many_rows',
  'duplicate_request_id',
  'overloaded',
  'deadline_exceeded',
  'cancelled',
  'rate_limited',
  'unauthorized',
  'forbidden',
  'unknown_request',
  'duplicate_feedback',
  'bad_label',
  'model_error',
  'draining',
  'internal',
  'too_large',
  'unavailable',
] as const;

/** A code that a server sends. */
export type ServerCode = Exclude<(typeof serverCodes)[number], ''>;

/**
 * A code that this client gives itself:
 * - `connection_lost`: the connection ended before the reply. Whether the server ran the request is not known. Retryable.
 * - `queue_full`: too many messages wait for a connection or for room in the window. Retryable.
 * - `queue_expired`: the message waited for too long and was never sent. Retryable.
 * - `disconnected`: the server refused the connection; see the status for why.
 * - `closed`: `close()` was called.
 * - `message_too_big`: more bytes than the server takes in a message (`expected`, `got`).
 */
export type ClientCode =
  | 'connection_lost'
  | 'queue_full'
  | 'queue_expired'
  | 'disconnected'
  | 'closed'
  | 'message_too_big';

/** Any code; a newer server may send one that is not listed. */
export type ErrorCode = ServerCode | ClientCode | (string & {});

const retryableCodes: readonly ErrorCode[] = [
  'overloaded',
  'deadline_exceeded',
  'rate_limited',
  'draining',
  'internal',
  'unavailable',
  'connection_lost',
  'queue_full',
  'queue_expired',
];

/** What may be told beside code and message. */
export interface ErrorDetails {
  retryable?: boolean | undefined;
  retryAfterMs?: number | undefined;
  expected?: number | undefined;
  got?: number | undefined;
  closeCode?: number | null | undefined;
  reason?: string | null | undefined;
  /** What led to it, to be found as the error's `cause`. */
  cause?: unknown;
}

/** Whatever goes wrong with a message or a connection, with a code to act on. */
export class PenstockError extends Error {
  override readonly name = 'PenstockError';
  readonly code: ErrorCode;
  /** Whether the same message, sent again, may succeed. */
  readonly retryable: boolean;
  /** How long to wait before sending again, when the server says so. */
  readonly retryAfterMs: number | null;
  /** Counts, where the error is about a count. */
  readonly expected: number | null;
  readonly got: number | null;
  /** Of a connection that ended: its close code, such as 1008; null where there was none. */
  readonly closeCode: number | null;
  /** What the server gave as the reason, such as `token_expired`; null where it gave none. */
  readonly reason: string | null;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.retryable = details.retryable ?? retryableCodes.includes(code);
    this.retryAfterMs = details.retryAfterMs ?? null;
    this.expected = details.expected ?? null;
    this.got = details.got ?? null;
    this.closeCode = details.closeCode ?? null;
    this.reason = details.reason || null;
  }
}

/** An `error` message as it comes in JSON. */
export interface ErrorMessage {
  code: string;
  message: string;
  retryable?: boolean;
  retry_after_ms?: number;
  expected?: number;
  got?: number;
}

export function errorFrom(m: ErrorMessage): PenstockError {
  return new PenstockError(m.code, m.message, {
    retryable: m.retryable,
    retryAfterMs: m.retry_after_ms,
    expected: m.expected,
    got: m.got,
  });
}
