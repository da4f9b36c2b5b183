import { isBytes } from './binary.js';
import { checkCount, checkDuration } from './check.js';
import { PenstockError } from './error.js';
import type { RequestOptions } from './predict-options.js';
import { type Features, isNamed } from './request.js';

/** Whether a request goes out as a binary frame; refuses what neither form can say. */
export function travelsBinary(rows: readonly Features[], { deadlineMs, topK, binary: wanted, requestId }: RequestOptions): boolean {
  if (deadlineMs !== undefined) checkDuration('deadlineMs', deadlineMs);
  if (topK !== undefined) checkCount('topK', topK);
  if (rows.length === 0) throw new PenstockError('too_many_rows', 'a request needs at least one row', { got: 0 });
  const someBytes = rows.some(isBytes);
  const typed = rows.every((row) => isBytes(row) || row instanceof Float32Array);
  const binary = wanted ?? (typed && typeof requestId !== 'string');
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
