import { newSession, validSession } from './session.js';

/**
 * Completes a server's address: `http` becomes `ws`, a path is added where
 * there is none, and the session's name. In a browser the address may be
 * relative to the page.
 */
export function endpoint(address: string, path: string, session: string | undefined) {
  const url = new URL(address, globalThis.location?.href);
  url.protocol = url.protocol.replace(/^http/, 'ws');
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') {
    throw new TypeError(`the address of ${url.host || url.protocol} does not start with ws:// or wss://`); // whole, it may hold a secret
  }
  if (url.pathname === '/') url.pathname = path;
  const named = session ?? url.searchParams.get('session');
  if (named !== null && !validSession(named)) {
    throw new TypeError(`the session ${named} is no name; expected 16 to 64 of A-Z, a-z, 0-9, _ and -`);
  }
  const name = named ?? newSession();
  url.searchParams.set('session', name);
  url.hash = ''; // not allowed in a WebSocket's address
  return { url: url.href, session: name, sessionIsNew: named === null };
}
