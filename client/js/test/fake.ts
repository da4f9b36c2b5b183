import { PredictClient, type PredictOptions, type WebSocketLike } from 'penstock-client';

type Handler = ((event: never) => void) | null;

/** A WebSocket whose server is the test. */
export class FakeSocket implements WebSocketLike {
  binaryType = 'blob';
  onopen: Handler = null;
  onmessage: Handler = null;
  onclose: Handler = null;
  onerror: Handler = null;
  sent: (string | ArrayBuffer)[] = [];
  closedWith: number | undefined;
  readonly #state = { open: false };

  constructor(
    readonly url: string,
    readonly protocols: string[],
  ) {}

  send(data: string | ArrayBuffer): void {
    if (!this.#state.open) throw new Error('send before open');
    if (this.closedWith === undefined) this.sent.push(data);
  }

  close(code?: number): void {
    this.closedWith = code ?? 1005;
  }

  /** The handshake succeeds. */
  open(): this {
    this.#state.open = true;
    this.onopen?.({} as never);
    return this;
  }

  /** The server sends a message. */
  say(message: unknown): void {
    const data = typeof message === 'string' || message instanceof ArrayBuffer ? message : JSON.stringify(message);
    this.onmessage?.({ data } as never);
  }

  /** The connection ends from the server's side. */
  end(code: number, reason = ''): void {
    this.onclose?.({ code, reason } as never);
  }

  /** What the client sent as JSON. */
  get texts(): Record<string, unknown>[] {
    return this.sent.filter((s) => typeof s === 'string').map((s) => JSON.parse(s) as Record<string, unknown>);
  }

  /** The last thing that the client sent as JSON. */
  get last(): Record<string, unknown> {
    return this.texts.at(-1) ?? {};
  }
}

/** A constructor of fake sockets, and all that it made. */
export function fakeSockets() {
  const sockets: FakeSocket[] = [];
  class WebSocket extends FakeSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols);
      sockets.push(this);
    }
  }
  const last = () => sockets.at(-1) as FakeSocket;
  return { sockets, last, WebSocket };
}

export const hello = {
  type: 'hello',
  session: 'a-session-of-the-test',
  models: [
    { name: 'digits', version: '1', task: 'classification', features: 2, classes: ['zero', 'one'] },
    { name: 'price', version: '2', task: 'regression', features: 2, classes: [] },
    {
      name: 'scene',
      version: '1',
      task: 'labels',
      features: 2,
      classes: ['cat', 'dog', 'night'],
      outputs: [
        { name: 'what', kind: 'labels', width: 3, classes: ['cat', 'dog', 'night'], thresholds: [0.5, 0.75, 0.5] },
        { name: 'place', kind: 'values', width: 2 },
        { name: 'open', kind: 'class', width: 1, classes: ['no', 'yes'] },
        { name: 'look', kind: 'vector', width: 2 },
      ],
      columns: [
        { name: 'light', kind: 'number', missing: true },
        { name: 'lens', kind: 'category', categories: ['wide', 'long'] },
      ],
      missing: true,
    },
    { name: 'embed', version: '1', task: 'vector', features: 2, classes: [], outputs: [{ name: 'prediction', kind: 'vector', width: 2 }] },
  ],
  limits: { window: 4, max_rows: 4, max_bytes: 1000 },
};

/** A client that is connected to a fake server. */
export function connected(options: PredictOptions = {}) {
  const fake = fakeSockets();
  const client = new PredictClient('ws://server.test', { WebSocket: fake.WebSocket, ...options });
  const greet = () => fake.last().open().say(hello);
  greet();
  return { client, greet, ...fake };
}

export function prediction(requestId: unknown) {
  return { type: 'prediction', request_id: requestId, prediction: 'one', confidence: 0.75, model: 'digits', version: '1' };
}

/** Random numbers in [0,1) that are the same in every run (mulberry32). */
export function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The error that a promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<Record<string, unknown>> {
  return promise.then(
    (value) => {
      throw new Error(`resolved with ${JSON.stringify(value)}`);
    },
    (error: unknown) => error as Record<string, unknown>,
  );
}
