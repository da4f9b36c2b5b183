/** The part of the standard WebSocket that the clients use. */
export interface WebSocketLike {
  binaryType: string;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string | ArrayBuffer): void;
  close(code?: number, reason?: string): void;
}

export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike;

/** What every client asks for; see the protocol's chapter on greeting. */
export const subprotocol = 'penstock.v1';

/** The close code that stands for a connection lost without one. */
export const abnormal = 1006;

/**
 * The registered close codes that do not blame the client: going away, a close
 * without a code, a lost connection, a fault of the server's, a restart, too
 * many connections, a gateway that reached nobody, TLS that failed, a timeout.
 */
const comeBack: readonly number[] = [1001, 1005, abnormal, 1011, 1012, 1013, 1014, 1015, 3008];

/**
 * Reports whether to connect again after a close code: after the server went
 * away, broke or was full, never after a normal end or a refusal.
 */
export function reconnectable(closeCode: number): boolean {
  return comeBack.includes(closeCode);
}
