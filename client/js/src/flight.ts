import type { PenstockError } from './error.js';
import type { Waiting } from './queue.js';
import type { RequestId } from './request.js';

/** A message that the server answers. */
export interface Call<Reply> extends Waiting {
  readonly kind: 'predict' | 'feedback';
  readonly requestId: RequestId;
  /** How much of the window it takes. */
  readonly rows: number;
  /** Sends the message. */
  send(): void;
  /** Waits for the next connection: the server has not run it. */
  again(error: PenstockError): void;
  done(reply: Reply): void;
}

/** Calls that were sent and not answered yet, by kind and id. */
export class Flight<Reply> {
  rows = 0;
  readonly #calls = { predict: new Map<RequestId, Call<Reply>>(), feedback: new Map<RequestId, Call<Reply>>() };

  add(call: Call<Reply>): void {
    this.rows += call.rows;
    this.#calls[call.kind].set(call.requestId, call);
  }

  /** Takes the call out that a reply answers. */
  take(kind: Call<Reply>['kind'], requestId: RequestId): Call<Reply> | undefined {
    const call = this.#calls[kind].get(requestId);
    if (call && this.#calls[kind].delete(requestId)) this.rows -= call.rows;
    return call;
  }

  /**
   * Takes the call out that an error answers. Three codes are about labels
   * alone (`unknown_request` also about a cancel that came too late, which
   * nobody waits for); the others are about a request, unless none is there.
   */
  takeFailed(code: string, requestId: RequestId): Call<Reply> | undefined {
    if (code === 'unknown_request' || code === 'duplicate_feedback' || code === 'bad_label') {
      return this.take('feedback', requestId);
    }
    return this.take('predict', requestId) ?? this.take('feedback', requestId);
  }

  failAll(error: PenstockError): void {
    const all = [...this.#calls.predict.values(), ...this.#calls.feedback.values()];
    this.#calls.predict.clear();
    this.#calls.feedback.clear();
    this.rows = 0;
    for (const call of all) call.fail(error);
  }
}
