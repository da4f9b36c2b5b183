/// <reference lib="esnext.disposable" preserve="true" />
import { type Identity, isNotification, type Notice, type Notification } from './access.js';
import { type BinaryPrediction, decodeBinary, encodeBinary } from './binary.js';
import { checkDuration } from './check.js';
import { predictionsOf, predictionsOfBinary, type RowMessage, type RowsMessage } from './decode.js';
import { disposable } from './dispose.js';
import { endpoint } from './endpoint.js';
import { errorFrom, type ErrorMessage, PenstockError } from './error.js';
import type { FeedbackResult } from './feedback.js';
import { type Call, Flight } from './flight.js';
import { checkFits, serving } from './greeting.js';
import type { Hello, ModelInfo } from './wire.js';
import { type Incoming, Link } from './link.js';
import { type Settings, settings } from './options.js';
import type { Prediction } from './prediction.js';
import type { FeedbackOptions, PredictOptions, RequestOptions } from './predict-options.js';
import { expired, Queue } from './queue.js';
import {
  checkId,
  encodeCancel,
  encodeFeedback,
  encodeRequest,
  type Features,
  hasMissing,
  type Label,
  type RequestId,
  type RowLabel,
} from './request.js';
import { firstId } from './session.js';
import type { StatusInfo } from './status.js';
import { travelsBinary } from './travel.js';
import { Listeners, State, type Value } from './value.js';

/** What handlers are called with. */
export interface PredictEvents {
  /** A message to this user, or to a group that was joined. */
  notification: Notification;
}

/** What the server says to a call. */
type Reply = { message: Incoming } | { frame: BinaryPrediction };

/** A reply, with what the call knows. */
interface Answer {
  reply: Reply;
  model: ModelInfo | undefined;
  roundTripMs: number;
}

/**
 * Many requests in flight over one socket that comes back by itself.
 *
 * Every promise settles: with a prediction, with the server's typed error, or,
 * when the connection is lost first, with `connection_lost`. A lost request is
 * never sent again by the client: the server may have run it. What was not
 * sent yet, or came back as not run because the server is draining, waits for
 * the next connection, within bounds.
 */
export class PredictClient {
  readonly status: Value<StatusInfo>;
  /** The server's greeting; null before the first connection. */
  readonly hello: Value<Hello | null>;
  /** What the server told last that answers no request. */
  readonly notice: Value<Notice | null>;
  /** Who the server takes this client for, once a token was shown; null before, and after a refusal. */
  readonly identity: Value<Identity | null>;
  /** The groups that this connection is in. */
  readonly groups: Value<readonly string[]>;
  /** The name under which labels find their predictions, also after a reconnect. */
  readonly session: string;

  readonly #hello = new State<Hello | null>(null);
  readonly #notice = new State<Notice | null>(null);
  readonly #events: { [E in keyof PredictEvents]: Listeners<PredictEvents[E]> } = { notification: new Listeners() };
  readonly #settings: Settings;
  readonly #link: Link;
  readonly #queue: Queue<Call<Reply>>;
  readonly #flight = new Flight<Reply>();
  readonly #open = { predict: new Set<RequestId>(), feedback: new Set<RequestId>() }; // queued or in flight
  #nextId: number;

  declare readonly [Symbol.dispose]: () => void;
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  constructor(url: string, options: PredictOptions = {}) {
    const at = endpoint(url, '/ws/predict', options.session);
    this.session = at.session;
    this.#nextId = firstId(at.sessionIsNew);
    this.#settings = settings(options);
    this.#queue = new Queue(this.#settings);
    this.#link = new Link(at.url, this.#settings, {
      opened: () => undefined, // the server speaks first
      up: () => this.#sendWaiting(),
      message: (m) => this.#message(m),
      binary: (frame) => this.#binary(frame),
      lost: (error) => this.#flight.failAll(error),
      ended: (error) => this.#queue.failAll(error),
    });
    this.status = this.#link.status;
    this.hello = this.#hello;
    this.notice = this.#notice;
    this.identity = this.#link.identity;
    this.groups = this.#link.groups.joined;
    disposable(this);
    this.#link.connect();
  }

  /** Waits for a connection, and for the server's greeting; rejects when the server refuses, or the client is closed. */
  async ready(options: { signal?: AbortSignal | undefined } = {}): Promise<Hello> {
    await this.#link.ready(options.signal);
    return this.#hello.value as Hello;
  }

  /** Calls a handler with each event of a kind, until the function that it returns is called. */
  on<E extends keyof PredictEvents>(event: E, handler: (value: PredictEvents[E]) => void): () => void {
    return this.#events[event].add(handler);
  }

  /**
   * Joins a group: its notifications come too, also after a reconnect. Resolves
   * when the server has agreed; rejects when it refuses, or when no connection
   * came for it in time.
   */
  join(group: string): Promise<void> {
    return this.#link.groups.join(group);
  }

  /** Leaves a group. */
  leave(group: string): Promise<void> {
    return this.#link.groups.leave(group);
  }

  /** Asks for the prediction of one row. The array may be reused at once. */
  async predict(features: Features, options: RequestOptions = {}): Promise<Prediction> {
    return (await this.#ask([features], false, options))[0] as Prediction;
  }

  /** Asks for the predictions of many rows in one request, which has one id; a label per row follows with `feedback`. */
  predictRows(rows: readonly Features[], options: RequestOptions = {}): Promise<Prediction[]> {
    return this.#ask(rows, true, options);
  }

  /**
   * Tells the true answer, or one per row. A label that is given up, by its
   * signal or its deadline, may have reached the server all the same.
   */
  feedback(requestId: RequestId, label: Label, options?: FeedbackOptions): Promise<FeedbackResult<boolean | null>>;
  feedback(requestId: RequestId, labels: readonly RowLabel[], options?: FeedbackOptions): Promise<FeedbackResult<boolean[] | null>>;
  feedback(requestId: RequestId, label: Label | readonly RowLabel[], options: FeedbackOptions = {}): Promise<FeedbackResult> {
    return this.#tell(requestId, label, Array.isArray(label), options);
  }

  /** Tells the true answer to a request of one row, where it may be a list: the labels that hold, or several numbers. */
  feedbackRow(requestId: RequestId, label: RowLabel, options: FeedbackOptions = {}): Promise<FeedbackResult<boolean | null>> {
    return this.#tell(requestId, label, false, options) as Promise<FeedbackResult<boolean | null>>;
  }

  async #tell(requestId: RequestId, label: RowLabel | readonly RowLabel[], many: boolean, options: FeedbackOptions): Promise<FeedbackResult> {
    if (options.deadlineMs !== undefined) checkDuration('deadlineMs', options.deadlineMs);
    checkId(requestId, false);
    if (this.#open.predict.has(requestId)) {
      throw new PenstockError('unknown_request', 'the prediction has not come yet; label it then');
    }
    if (this.#open.feedback.has(requestId)) {
      throw new PenstockError('duplicate_feedback', 'a label for this request is on its way');
    }
    const text = encodeFeedback(requestId, label, many);
    const { reply } = await this.#call('feedback', requestId, 1, text, options);
    return { requestId, correct: 'message' in reply ? (reply.message['correct'] as FeedbackResult['correct']) : null };
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
    const { model, deadlineMs, scores = false, timing = false, outputs = false, topK, set = false, alpha } = o;
    const binary = travelsBinary(rows, o);
    const requestId = o.requestId ?? this.#freeId();
    checkId(requestId, binary);
    if (this.#open.predict.has(requestId)) {
      throw new PenstockError('duplicate_request_id', 'a request with this id has not been answered yet');
    }
    const message = binary
      ? encodeBinary({ rows: rows as ArrayLike<number>[], requestId: requestId as number, deadlineMs, scores: scores || outputs || topK !== undefined, timing })
      : encodeRequest({ rows, many, requestId, model, deadlineMs, scores, timing, outputs, topK, set, alpha });
    const answer = await this.#call('predict', requestId, rows.length, message, o, rows.some(hasMissing));
    const known = { requestId, roundTripMs: answer.roundTripMs };
    const { reply } = answer;
    if ('frame' in reply) {
      const asked = { model: answer.model as ModelInfo, scores, timing, outputs, topK: topK ?? 0 };
      return predictionsOfBinary(reply.frame, asked, known);
    }
    const said: unknown = reply.message;
    return predictionsOf(many ? { many, message: said as RowsMessage } : { many, message: said as RowMessage }, answer.model, known);
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
    { model: modelName, signal, deadlineMs = Infinity }: RequestOptions,
    missing = false,
  ): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      signal?.throwIfAborted();
      const { clock, queueTtlMs } = this.#settings;
      let sentAt = 0;
      let waitedMs = 0;
      let waitsSince = clock.monotonic();
      let givenUp = false;
      let model: ModelInfo | undefined;
      const deaf = () => {
        clock.clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
      };
      const settle = () => {
        this.#open[kind].delete(requestId);
        deaf();
      };
      const call: Call<Reply> = {
        kind,
        requestId,
        rows,
        bytes: typeof message === 'string' ? new TextEncoder().encode(message).length : message.byteLength,
        send: () => {
          model = serving(this.#hello.value, modelName, message);
          if (missing && model && !model.missing) {
            throw new PenstockError('bad_features', `a value is null, and of the model ${model.name} none may be missing`);
          }
          checkFits(this.#hello.value, call.bytes);
          sentAt = clock.monotonic();
          waitedMs += sentAt - waitsSince;
          this.#link.send(message);
        },
        done: (reply) => {
          settle();
          resolve({ reply, model, roundTripMs: clock.monotonic() - sentAt });
        },
        fail: (error) => {
          settle();
          reject(error);
        },
        again: (error) => {
          if (givenUp) return call.fail(error);
          waitsSince = clock.monotonic();
          this.#queue.putBack(call, Math.max(0, queueTtlMs - waitedMs), () => expired(queueTtlMs, error));
        },
      };
      const giveUp = (reason: unknown) => {
        givenUp = true;
        deaf();
        reject(reason);
        if (this.#queue.remove(call)) settle();
        else if (kind === 'predict') this.#link.send(encodeCancel(requestId)); // its one answer ends the call
      };
      const abort = () => giveUp(signal?.reason);
      const late = () => giveUp(new PenstockError('deadline_exceeded', `there was no answer within ${deadlineMs} ms`));
      const final = this.#link.final;
      if (final) return reject(final);
      this.#open[kind].add(requestId);
      signal?.addEventListener('abort', abort);
      const timer = clock.setTimeout(late, deadlineMs);
      if (this.#queue.size === 0 && this.#room(call)) this.#send(call);
      else this.#queue.add(call, queueTtlMs, () => expired(queueTtlMs));
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

  #message(m: Incoming): void {
    const id = m['request_id'] as RequestId;
    switch (m.type) {
      case 'prediction':
        this.#flight.take('predict', id)?.done({ message: m });
        break;
      case 'feedback_ok':
        this.#flight.take('feedback', id)?.done({ message: m });
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
      this.#flight.take('predict', reply.requestId)?.done({ frame: reply });
    }
    this.#sendWaiting();
  }

  #failed(error: PenstockError, id: RequestId): void {
    const call = this.#flight.takeFailed(error.code, id);
    if (error.code !== 'draining' || this.#link.final) return call?.fail(error);
    this.#link.drain(error.message); // also when the notice is still to come
    call?.again(error);
  }

  #noticed(notice: Notice): void {
    if (notice.code === 'going_away') this.#link.drain(notice.message);
    if (notice.code === 'model_updated') this.#link.send('{"type":"hello"}');
    this.#notice.set(notice);
    if (isNotification(notice)) this.#events.notification.tell(notice);
  }
}
