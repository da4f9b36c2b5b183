// Who one is to the server, what one may do, and what it tells somebody of its
// own accord, as it stands on the wire.

/** Who the server takes a client for. */
export interface Identity {
  user: string;
  /**
   * What the token allows: `predict`, `feedback`, `dashboard`, `notes`,
   * `admin`, each also for one model alone, `predict:digits`. Empty where an
   * older server tells none.
   */
  scopes: readonly string[];
  /** The groups that may be joined. */
  groups: readonly string[];
  /** When the token ends, RFC 3339; null where it never does. */
  expires: string | null;
}

/** The answer of `GET /api/me`. */
export interface Me extends Identity {
  /** `none` where everybody is `anonymous` and may do everything, else `token`. */
  authentication: 'none' | 'token';
}

/** The answer to an `auth` message. Older servers tell the user alone. */
export interface AuthOk extends Partial<Identity> {
  type: 'auth_ok';
  user: string;
}

/** What the server tells that answers no request. */
export interface Notice {
  type: 'notice';
  /** `going_away`, `token_expiring`, `model_updated`, `alert`, `notification`, or one of a newer server. */
  code: string;
  message: string;
  /** Of `token_expiring`: when the token ends, RFC 3339. */
  expires?: string;
}

/** A message to one user or to a group, of somebody with the scope `admin`. Show its text as text. */
export interface Notification extends Notice {
  code: 'notification';
  /** What the sender added for programs, if anything. */
  data?: unknown;
  /** RFC 3339. */
  time: string;
  /** The user who sent it. */
  from: string;
  /** The group that it was sent to; absent where it was sent to this user. */
  group?: string;
}

/** Whether a notice is a message to this user or to a group. */
export function isNotification(notice: Notice): notice is Notification {
  return notice.code === 'notification';
}
