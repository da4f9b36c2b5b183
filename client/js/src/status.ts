/**
 * How a client stands with its server:
 * - `connected`: messages go out.
 * - `reconnecting`: there is no connection yet, or no more, and one is on its way.
 * - `disconnected`: the client was closed, or the server refused it. Only `reconnect()` leaves this state.
 */
export type Status = 'connected' | 'reconnecting' | 'disconnected';

/** A {@link Status} with what a person wants to know about it. */
export interface StatusInfo {
  status: Status;
  /** The attempt that is under way or comes next, counted from 1; 0 when not reconnecting. */
  attempt: number;
  /** When the next attempt starts, in milliseconds since 1970; null when none is planned, or one is under way. */
  nextAttemptAt: number | null;
  /** Why the last connection ended, in words for people and logs; null before that. */
  reason: string | null;
  /**
   * The close code of the last connection, or of the last attempt: what a
   * server said, or 1006 where none came. Null before that, after `close()`,
   * and where there was no connection to end.
   */
  closeCode?: number | null;
  /** The reason that came with it, such as `token_expired`; null where none came. */
  closeReason?: string | null;
  /**
   * Why the token of this connection could not be renewed, in words; null while
   * nothing is wrong. The connection stands until the token ends.
   */
  renewal?: string | null;
}
