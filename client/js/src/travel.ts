import { isBytes } from './binary.js';
import { checkCount, checkDuration } from './check.js';
import { PenstockError } from './error.js';
import type { RequestOptions } from './predict-options.js';
import { type Features, isNamed } from './request.js';

/** Whether a request goes out as a binary frame; refuses what neither form can say. */
export function travelsBinary(rows: readonly Features[], { deadlineMs, topK, set = false, alpha, binary: wanted, requestId }: RequestOptions): boolean {
  if (deadlineMs !== undefined) checkDuration('deadlineMs', deadlineMs);
  if (topK !== undefined) checkCount('topK', topK);
  if (alpha !== undefined) checkAlpha(alpha, set);
  if (rows.length === 0) throw new PenstockError('too_many_rows', 'a request needs at least one row', { got: 0 });
  const someBytes = rows.some(isBytes);
  const typed = rows.every((row) => isBytes(row) || row instanceof Float32Array);
  const binary = wanted ?? (typed && !set && typeof requestId !== 'string');
  if (set && (binary || someBytes)) {
    throw new PenstockError('bad_message', 'sets are asked for in JSON; leave out the option binary, and make numbers of bytes');
  }
  if (someBytes && !(binary && rows.every(isBytes))) {
    throw new PenstockError(
      'bad_features',
      'bytes are scaled by the server, and go in binary requests of bytes alone; make numbers of them, or let requestId be a number',
    );
  }
  if (binary && rows.some(isNamed)) {
    throw new PenstockError('bad_features', 'features by name go in JSON; leave out the option binary, or send them in order');
  }
  return binary;
}

/** Refuses what no set can keep. */
function checkAlpha(alpha: number, set: boolean): void {
  if (typeof alpha !== 'number' || !(alpha > 0 && alpha < 1)) {
    throw new RangeError(`option alpha is ${String(alpha)}; expected a number above 0 and below 1`);
  }
  if (!set) throw new PenstockError('bad_message', 'the option alpha is of a set, which is not asked for; give the option set as well');
}
