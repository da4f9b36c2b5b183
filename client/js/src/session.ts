const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Draws a name that nobody guesses: who knows it may label its predictions. */
export function newSession(): string {
  if (!globalThis.crypto) {
    throw new TypeError(
      "there is no global crypto here to draw a session's name with (Node.js has one since version 20); pass a name as the option session, or set globalThis.crypto to webcrypto of node:crypto",
    );
  }
  let name = '';
  for (const byte of crypto.getRandomValues(new Uint8Array(32))) name += alphabet[byte & 63];
  return name;
}

/** Reports whether a server will take a session's name. */
export function validSession(name: string): boolean {
  return /^[A-Za-z0-9_-]{16,64}$/.test(name);
}

/**
 * Returns the first request_id of a client. A new session counts from one; one
 * that the caller named may have been used by an earlier page, whose
 * predictions still wait for labels, so its numbers start at a random place.
 */
export function firstId(sessionIsNew: boolean): number {
  if (sessionIsNew) return 1;
  return Math.floor(Math.random() * 2 ** 52) + 1; // need not be a secret
}
