import { type BinaryPrediction, chooseModel, decodeBinary, encodeBinary, isBytes } from './binary.js';
import { endpoint } from './endpoint.js';
import { errorFrom, type ErrorMessage, PenstockError } from './error.js';
import type { FeedbackResult } from './feedback.js';
import { type Call, Flight } from './flight.js';
import type { Hello, ModelInfo, Notice } from './hello.js';
import { type Incoming, Link } from './link.js';
import { type ConnectionOptions, type Settings, settings } from './options.js';
import { type Prediction, type PredictionMessage, predictionsOf, predictionsOfBinary } from './prediction.js';
import { expired, Queue } from './queue.js';
import { checkId, encodeCancel, encodeFeedback, encodeRequest, type Features, type Label, type RequestId } from './request.js';
import { firstId } from './session.js';
import type { StatusInfo } from './status.js';
import { State, type Value } from './value.js';

/** Options of a {@link PredictClient}. */
export type PredictOptions = ConnectionOptions;

/** Options of one request. */
export interface RequestOptions {
  /** The model's name. Default: the server's. */
  model?: string | undefined;
  /** How long an answer is of use, from the server's receipt on; waiting for a connection is bounded by it too. */
  deadlineMs?: number | undefined;
  /** Ask for every class's score. */
  scores?: boolean | undefined;
  /** Ask where the time went. */
  timing?: boolean | undefined;
  /** Ask for that many best classes. */
  topK?: number | undefined;
  /** Takes the request back: the promise rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Send a binary frame. Default: for `Float32Array` and arrays of bytes, unless `requestId` is a string. */
  binary?: boolean | undefined;
  /** Default: counted up. A number, or 1 to 128 characters of ASCII without spaces, quotes and backslashes. */
  requestId?: RequestId | undefined;
}

type Reply =
  | { kind: 'json'; message: Incoming; roundTripMs: number }
  | { kind: 'binary'; reply: BinaryPrediction; model: ModelInfo; roundTripMs: number };

/**
 * Many requests in flight over one socket that comes back by itself.
 *
 * Every promise settles: with a prediction, with the server's typed error, or,
 * when the connection is lost first, with `connection_lost`. A lost request is
 * never sent again by the client: the server may have run it. What was not
 * sent yet waits for the next connection, within bounds.
 */
export class PredictClient {
  readonly status: Value<StatusInfo>;
  /** The server's greeting; null before the first connection. */
  readonly hello: Value<Hello | null>;
  /** What the server told last that answers no request. */
  readonly notice: Value<Notice | null>;
  /** The name under which labels find their predictions, also after a reconnect. */
  readonly session: string;

  readonly #hello = new State<Hello | null>(null);
  readonly #notice = new State<Notice | null>(null);
  readonly #settings: Settings;
  readonly #link: Link;
  readonly #queue: Queue<Call<Reply>>;
  readonly #flight = new Flight<Reply>();
  readonly #open = { predict: new Set<RequestId>(), feedback: new Set<RequestId>() }; // queued or in flight
  #nextId: number;

  constructor(url: string, options: PredictOptions = {}) {
    const at = endpoint(url, '/ws/predict', options.session);
    this.session = at.session;
    this.#nextId = firstId(at.sessionIsNew);
    this.#settings = settings(options);
    this.#queue = new Queue(this.#settings);
    this.#link = new Link(at.url, this.#settings, {
      opened: () => undefined, // the server speaks first
      message: (m) => this.#message(m),
      binary: (frame) => this.#binary(frame),
      lost: (error) => this.#flight.failAll(error),
      ended: (error) => this.#queue.failAll(error),
    });
    this.status = this.#link.status;
    this.hello = this.#hello;
    this.notice = this.#notice;
    this.#link.connect();
  }

  /** Asks for the prediction of one row. The array may be reused at once. */
  async predict(features: Features, options: RequestOptions = {}): Promise<Prediction> {
    return (await this.#ask([features], false, options))[0] as Prediction;
  }

  /** Asks for the predictions of many rows in one request, which has one id; a label per row follows with `feedback`. */
  predictRows(rows: readonly Features[], options: RequestOptions = {}): Promise<Prediction[]> {
    return this.#ask(rows, true, options);
  }

  /** Tells the true answer, or one per row. */
  feedback(requestId: RequestId, label: Label): Promise<FeedbackResult<boolean | null>>;
  feedback(requestId: RequestId, labels: readonly Label[]): Promise<FeedbackResult<boolean[] | null>>;
  async feedback(requestId: RequestId, label: Label | readonly Label[]): Promise<FeedbackResult> {
    checkId(requestId, false);
    if (this.#open.predict.has(requestId)) {
      throw new PenstockError('unknown_request', 'the prediction has not come yet; label it then');
    }
    if (this.#open.feedback.has(requestId)) {
      throw new PenstockError('duplicate_feedback', 'a label for this request is on its way');
    }
    const text = encodeFeedback(requestId, label);
    const reply = await this.#call('feedback', requestId, 1, text, undefined, {});
    return { requestId, correct: (reply as { message: Incoming }).message['correct'] as FeedbackResult['correct'] };
  }

  /** Connects anew at once, at most every `reconnectThrottleMs`. A connection that stands is given up for it. */
  reconnect(): void {
    this.#link.reconnect();
  }

  /** Ends the connection; whatever is not answered rejects with `closed`. */
  close(): void {
    this.#link.close();
  }

  async #ask(rows: readonly Features[], many: boolean, o: RequestOptions): Promise<Prediction[]> {
    const bytes = rows.length > 0 && rows.every(isBytes);
    const typed = bytes || rows.every((row) => row instanceof Float32Array);
    const binary = o.binary ?? (typed && typeof o.requestId !== 'string');
    if (bytes && !binary) {
      throw new PenstockError('bad_features', 'bytes are scaled by the server, and go in binary requests alone; make numbers of them, or let requestId be a number');
    }
    const requestId = o.requestId ?? this.#freeId();
    checkId(requestId, binary);
    if (this.#open.predict.has(requestId)) {
      throw new PenstockError('duplicate_request_id', 'a request with this id has not been answered yet');
    }
    const topK = o.topK ?? 0;
    const message = binary
      ? encodeBinary({ ...o, rows, requestId: requestId as number, scores: o.scores || topK > 0 })
      : encodeRequest({ ...o, rows, many, requestId });
    const reply = await this.#call('predict', requestId, Math.max(rows.length, 1), message, o.model, o);
    const known = { requestId, roundTripMs: reply.roundTripMs };
    if (reply.kind === 'json') return predictionsOf(reply.message as unknown as PredictionMessage, known);
    return predictionsOfBinary(reply.reply, { model: reply.model, scores: !!o.scores, timing: !!o.timing, topK }, known);
  }

  #freeId(): number {
    while (this.#open.predict.has(this.#nextId)) this.#nextId++;
    return this.#nextId++;
  }

  /** Sends a message, or lets it wait, and waits for what the server says. */
  #call(
    kind: 'predict' | 'feedback',
    requestId: RequestId,
    rows: number,
    message: string | ArrayBuffer,
    modelName: string | undefined,
    { signal, deadlineMs = Infinity }: Pick<RequestOptions, 'signal' | 'deadlineMs'>,
  ): Promise<Reply> {
    return new Promise<Reply>((resolve, reject) => {
      signal?.throwIfAborted();
      const { clock, queueTtlMs } = this.#settings;
      let sentAt = 0;
      let model: ModelInfo | undefined;
      const settle = () => {
        this.#open[kind].delete(requestId);
        signal?.removeEventListener('abort', abort);
      };
      const call: Call<Reply> = {
        kind,
        requestId,
        rows,
        bytes: typeof message === 'string' ? new TextEncoder().encode(message).length : message.byteLength,
        send: () => {
          model = this.#serving(modelName, message);
          this.#fits(call.bytes);
          sentAt = clock.monotonic();
          this.#link.send(message);
        },
        done: (reply) => {
          settle();
          resolve({ ...reply, model, roundTripMs: clock.monotonic() - sentAt } as Reply);
        },
        fail: (error) => {
          settle();
          reject(error);
        },
      };
      const abort = () => {
        reject(signal?.reason);
        if (this.#queue.remove(call)) settle();
        else this.#link.send(encodeCancel(requestId)); // its one answer ends the call
      };
      this.#open[kind].add(requestId);
      signal?.addEventListener('abort', abort);
      const final = this.#link.final;
      if (final) return call.fail(final);
      if (this.#queue.size === 0 && this.#room(call)) return this.#send(call);
      if (deadlineMs < queueTtlMs) {
        this.#queue.add(call, deadlineMs, () => new PenstockError('deadline_exceeded', 'the deadline passed before the request could be sent'));
      } else {
        this.#queue.add(call, queueTtlMs, () => expired(queueTtlMs));
      }
    });
  }

  /** Whether a call may go out: the window bounds what the server still owes. */
  #room(call: Call<Reply>): boolean {
    const window = this.#hello.value?.limits.window ?? 0;
    return this.#link.up && (this.#flight.rows === 0 || this.#flight.rows + call.rows <= window);
  }

  #send(call: Call<Reply>): void {
    this.#flight.add(call);
    try {
      call.send();
    } catch (error) {
      this.#flight.take(call.kind, call.requestId);
      call.fail(error);
    }
  }

  #sendWaiting(): void {
    for (let call = this.#queue.first(); call && this.#room(call); call = this.#queue.first()) {
      this.#queue.remove(call);
      this.#send(call);
    }
  }

  /** The model that will answer, named in the message if that is binary. */
  #serving(name: string | undefined, message: string | ArrayBuffer): ModelInfo | undefined {
    const models = this.#hello.value?.models ?? [];
    const index = name === undefined ? 0 : models.findIndex((m) => m.name === name);
    if (message instanceof ArrayBuffer) {
      if (!models[index]) throw new PenstockError('unknown_model', `the server has no model ${name}; it has ${models.map((m) => m.name).join()}`);
      chooseModel(message, index);
    }
    return models[index];
  }

  /** The server would close the connection over a message that is too big. */
  #fits(bytes: number): void {
    const limit = this.#hello.value?.limits.max_bytes ?? Infinity;
    if (bytes > limit) {
      throw new PenstockError('message_too_big', 'the server takes no message of this size; send fewer rows, or binary ones', { expected: limit, got: bytes });
    }
  }

  #message(m: Incoming): void {
    const id = m['request_id'] as RequestId;
    switch (m.type) {
      case 'prediction':
        this.#flight.take('predict', id)?.done({ kind: 'json', message: m, roundTripMs: 0 });
        break;
      case 'feedback_ok':
        this.#flight.take('feedback', id)?.done({ kind: 'json', message: m, roundTripMs: 0 });
        break;
      case 'error':
        this.#failed(errorFrom(m as unknown as ErrorMessage), id);
        break;
      case 'hello':
        this.#hello.set(m as unknown as Hello);
        this.#link.greeted();
        break;
      case 'notice':
        this.#noticed(m as unknown as Notice);
    }
    this.#sendWaiting();
  }

  #binary(frame: ArrayBuffer): void {
    const reply = decodeBinary(frame);
    if (reply.kind === 'error') this.#failed(reply.error, reply.requestId);
    else if (reply.kind === 'prediction') {
      const model = undefined as unknown as ModelInfo; // the call knows it
      this.#flight.take('predict', reply.requestId)?.done({ kind: 'binary', reply, model, roundTripMs: 0 });
    }
    this.#sendWaiting();
  }

  #failed(error: PenstockError, id: RequestId): void {
    this.#flight.takeFailed(error.code, id)?.fail(error);
  }

  #noticed(notice: Notice): void {
    if (notice.code === 'going_away') this.#link.drain(notice.message);
    if (notice.code === 'model_updated') this.#link.send('{"type":"hello"}');
    if (notice.code === 'token_expiring') void this.#link.renewToken();
    this.#notice.set(notice);
  }
}
