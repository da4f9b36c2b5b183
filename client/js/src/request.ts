import { PenstockError } from './error.js';

/** Names a request. Numbers and strings are different ids: `1` is not `"1"`. */
export type RequestId = number | string;

/**
 * One row of features: in order, or by the names of the model's columns. Bytes
 * are scaled by the server as the model says, usually by 1/255. `null` stands
 * for a value that is missing, where the model takes that.
 */
export type Features = ArrayLike<number | null> | Float32Array | Uint8Array | NamedFeatures;

/** A row by the names of columns: numbers, and categories as strings. A column that is left out is missing. */
export type NamedFeatures = Readonly<Record<string, number | string | null>>;

/** Whether a row names its columns. */
export function isNamed(row: Features): row is NamedFeatures {
  if (Array.isArray(row) || ArrayBuffer.isView(row)) return false;
  const { length } = row as { length?: unknown }; // which may be a column's name
  return !(typeof length === 'number' && (length === 0 || '0' in row));
}

/** A request as JSON says it. */
export interface JsonRequest {
  requestId: RequestId;
  /** One row, or with `many` several. */
  rows: readonly Features[];
  many: boolean;
  model?: string | undefined;
  deadlineMs?: number | undefined;
  scores?: boolean | undefined;
  timing?: boolean | undefined;
  outputs?: boolean | undefined;
  topK?: number | undefined;
  set?: boolean | undefined;
  alpha?: number | undefined;
}

/** Writes a request. The id comes first, so that the server can name it whatever follows. */
export function encodeRequest(r: JsonRequest): string {
  const rows = r.rows.map(encodeRow);
  const detail = (['scores', 'timing', 'outputs', 'set'] as const).filter((name) => r[name]);
  const options = JSON.stringify({
    model: r.model,
    deadline_ms: wireDeadline(r.deadlineMs),
    detail: detail.length > 0 ? detail : undefined,
    top_k: r.topK,
    alpha: r.alpha,
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

/** JSON would make null, a missing value, of what is not finite; this says where it is. */
function encodeRow(row: Features, index: number): string {
  const wrong = (at: string, value: unknown) =>
    new PenstockError('bad_features', `row ${index}, ${at} is ${String(value)}; send finite numbers, and null for what is missing`);
  if (isNamed(row)) {
    for (const [name, value] of Object.entries(row)) {
      if (typeof value === 'number' && !Number.isFinite(value)) throw wrong(`column ${JSON.stringify(name)}`, value);
    }
    return JSON.stringify(row);
  }
  let missing = false;
  for (let i = 0; i < row.length; i++) {
    if (row[i] === null) missing = true;
    else if (!Number.isFinite(row[i])) throw wrong(`entry ${i}`, row[i]);
  }
  return missing ? JSON.stringify(Array.from(row)) : `[${Array.prototype.join.call(row, ',')}]`;
}

/** Whether a row says of a value that it is missing. */
export function hasMissing(row: Features): boolean {
  return isNamed(row) ? Object.values(row).includes(null) : !ArrayBuffer.isView(row) && Array.prototype.includes.call(row, null);
}

/** A label, or with `many` one for each row. */
export function encodeFeedback(requestId: RequestId, label: RowLabel | readonly RowLabel[], many: boolean): string {
  return JSON.stringify({ type: 'feedback', request_id: requestId, [many ? 'labels' : 'label']: label });
}

/** A true answer: the class's name, or a number. */
export type Label = string | number;

/** The true answer to one row, whatever its model says: a class, a number, the labels that hold, or several numbers. */
export type RowLabel = Label | readonly string[] | readonly number[];

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
