import { PenstockError } from './error.js';

/** Names a request. Numbers and strings are different ids: `1` is not `"1"`. */
export type RequestId = number | string;

/** One row of features. Bytes are scaled by the server as the model says, usually by 1/255. */
export type Features = ArrayLike<number> | Float32Array | Uint8Array;

/** A request as JSON says it. */
export interface JsonRequest {
  requestId: RequestId;
  /** One row, or with `many` several. */
  rows: readonly ArrayLike<number>[];
  many: boolean;
  model?: string | undefined;
  deadlineMs?: number | undefined;
  scores?: boolean | undefined;
  timing?: boolean | undefined;
  topK?: number | undefined;
}

/** Writes a request. The id comes first, so that the server can name it whatever follows. */
export function encodeRequest(r: JsonRequest): string {
  const rows = r.rows.map(encodeRow);
  const detail = [...(r.scores ? ['scores'] : []), ...(r.timing ? ['timing'] : [])];
  const options = JSON.stringify({
    model: r.model,
    deadline_ms: wireDeadline(r.deadlineMs),
    detail: detail.length > 0 ? detail : undefined,
    top_k: r.topK,
  });
  return (
    `{"type":"predict","request_id":${JSON.stringify(r.requestId)}` +
    `,"features":${r.many ? `[${rows.join()}]` : rows[0]}` +
    (options === '{}' ? '}' : `,${options.slice(1)}`)
  );
}

const longestDeadlineMs = 24 * 60 * 60 * 1000; // the most that a server takes

/** A deadline as it can be told; one that never comes is none. */
function wireDeadline(ms: number | undefined): number | undefined {
  return ms === undefined || ms === Infinity ? undefined : Math.min(Math.max(ms, 0.001), longestDeadlineMs);
}

/** JSON would make null of what is not finite, and the server would say so; this says where. */
function encodeRow(row: ArrayLike<number>, index: number): string {
  for (let i = 0; i < row.length; i++) {
    if (!Number.isFinite(row[i])) {
      throw new PenstockError('bad_features', `row ${index}, entry ${i} is ${String(row[i])}; send finite numbers`);
    }
  }
  return `[${Array.prototype.join.call(row, ',')}]`;
}

export function encodeFeedback(requestId: RequestId, label: Label | readonly Label[]): string {
  const field = Array.isArray(label) ? 'labels' : 'label';
  return JSON.stringify({ type: 'feedback', request_id: requestId, [field]: label });
}

/** A true answer: the class's name, or a number. */
export type Label = string | number;

export function encodeCancel(requestId: RequestId): string {
  return JSON.stringify({ type: 'cancel', request_id: requestId });
}

/**
 * Refuses ids that the server could not read back to us: its error would name
 * no request. Those of binary requests are whole numbers.
 */
export function checkId(id: RequestId, binary: boolean): void {
  if (typeof id === 'number' ? !Number.isFinite(id) : !/^[!#-[\]-~]{1,128}$/.test(id)) {
    throw new PenstockError(
      'bad_request_id',
      `${JSON.stringify(id)} is neither a number nor 1 to 128 characters of ASCII without spaces, quotes and backslashes`,
    );
  }
  if (binary && !(Number.isSafeInteger(id) && (id as number) >= 0)) {
    throw new PenstockError('bad_request_id', `${JSON.stringify(id)} is no whole number, as a binary request needs`);
  }
}
