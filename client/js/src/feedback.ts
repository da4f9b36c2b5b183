import type { RequestId } from './request.js';

/** What the server says to labels. */
export interface FeedbackResult<Correct = boolean | boolean[] | null> {
  requestId: RequestId;
  /**
   * Whether the prediction was right; an array when the labels came as one.
   * Null for a regression, where a distance is measured.
   */
  correct: Correct;
}
