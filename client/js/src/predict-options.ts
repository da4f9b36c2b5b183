import type { ConnectionOptions } from './options.js';
import type { RequestId } from './request.js';

/** Options of a `PredictClient`. */
export type PredictOptions = ConnectionOptions;

/** Options of one request. */
export interface RequestOptions {
  /** The model's name. Default: the server's. */
  model?: string | undefined;
  /**
   * How long an answer is of use, in milliseconds from the call on, waiting for
   * a connection included. Then the promise rejects with `deadline_exceeded`,
   * and the server is told to cancel. Default: for ever.
   */
  deadlineMs?: number | undefined;
  /** Ask for what the model's engine gave: every class's score. */
  scores?: boolean | undefined;
  /** Ask where the time went. */
  timing?: boolean | undefined;
  /** Ask what every output of the model says, where it has several. */
  outputs?: boolean | undefined;
  /** Ask for that many best classes, or likeliest labels. */
  topK?: number | undefined;
  /** Ask for the answers that are likely enough to hold the truth: of classes a `set`, of numbers an `interval`. It goes in JSON. */
  set?: boolean | undefined;
  /** How often a set may miss the truth, between 0 and 1; with `set`. Default: the server's own. */
  alpha?: number | undefined;
  /** Takes the request back: the promise rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Send a binary frame. Default: for `Float32Array` and arrays of bytes, unless `requestId` is a string or `set` is asked for. */
  binary?: boolean | undefined;
  /** Default: counted up. A number, or 1 to 128 characters of ASCII without spaces, quotes and backslashes. */
  requestId?: RequestId | undefined;
}

/** Options of `feedback`. */
export type FeedbackOptions = Pick<RequestOptions, 'signal' | 'deadlineMs'>;
