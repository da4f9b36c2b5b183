import { PenstockError, serverCodes } from './error.js';

/** A request as a binary frame says it. */
export interface BinaryRequest {
  /** Of one length. They go out as bytes when all are arrays of bytes, else as float32. */
  rows: readonly ArrayLike<number | null>[];
  requestId: number;
  deadlineMs?: number | undefined;
  /** The model's index in hello. */
  model?: number | undefined;
  scores?: boolean | undefined;
  timing?: boolean | undefined;
}

const headerBytes = 24;
const modelOffset = 20;

/** Writes a request's frame. The layout stands in the protocol's chapter on binary frames. */
export function encodeBinary(r: BinaryRequest): ArrayBuffer {
  const width = r.rows[0]?.length ?? 0;
  const bytes = r.rows.every(isBytes);
  const frame = new ArrayBuffer(headerBytes + r.rows.length * width * (bytes ? 1 : 4));
  const view = new DataView(frame);
  view.setUint8(0, 0x01);
  view.setUint8(1, bytes ? 2 : 1);
  view.setUint16(2, (r.scores ? 1 : 0) | (r.timing ? 2 : 0), true);
  view.setUint32(4, r.rows.length, true);
  view.setBigUint64(8, BigInt(r.requestId), true);
  view.setUint32(16, microseconds(r.deadlineMs), true);
  chooseModel(frame, r.model ?? 0);
  const values = bytes ? new Uint8Array(frame, headerBytes) : new Float32Array(frame, headerBytes);
  r.rows.forEach((row, i) => {
    if (row.length !== width) {
      throw new PenstockError('bad_features', 'rows of different lengths in one request', { expected: width, got: row.length });
    }
    // A null would become 0; what is missing is NaN in a frame.
    values.set(Array.isArray(row) && row.includes(null) ? row.map((v) => v ?? NaN) : (row as ArrayLike<number>), i * width);
  });
  if (!bytes && !littleEndian()) values.forEach((v, i) => view.setFloat32(headerBytes + 4 * i, v, true));
  return frame;
}

/** Whether the server is to scale a row. A canvas gives the clamped kind. */
export function isBytes(row: unknown): boolean {
  return row instanceof Uint8Array || row instanceof Uint8ClampedArray;
}

/** Names the model in a request's frame: its index is known only with a connection. */
export function chooseModel(frame: ArrayBuffer, index: number): void {
  new DataView(frame).setUint32(modelOffset, index, true);
}

/** Asks for every score in a request's frame: what some kinds of output say is not told otherwise. */
export function askScores(frame: ArrayBuffer): void {
  const view = new DataView(frame);
  view.setUint16(2, view.getUint16(2, true) | 1, true);
}

/** Zero stands for no deadline; 71 minutes are the most that a frame can say. */
function microseconds(ms: number | undefined): number {
  return ms === undefined || ms === Infinity ? 0 : Math.min(Math.max(Math.round(ms * 1000), 1), 0xffffffff);
}

/** The answer to a binary request. */
export interface BinaryPrediction {
  kind: 'prediction';
  requestId: number;
  rows: number;
  queueUs: number;
  computeUs: number;
  /** Per row the class's index or the value, and the confidence. */
  values: Float32Array;
  /** Rows × outputs. */
  scores: Float32Array | null;
}

/** A frame from the server. An id beyond 2^53 is rounded; this client sends none. */
export type BinaryReply =
  | BinaryPrediction
  | { kind: 'feedback_ok'; requestId: number; correct: boolean[] }
  | { kind: 'error'; requestId: number; error: PenstockError }
  | { kind: 'unknown' };

/** Reads a frame from the server. Rows and scores lie over it: it is kept while they are. */
export function decodeBinary(frame: ArrayBuffer): BinaryReply {
  if (frame.byteLength < 16) return { kind: 'unknown' };
  const view = new DataView(frame);
  const flags = view.getUint16(2, true);
  const word = view.getUint32(4, true);
  const requestId = Number(view.getBigUint64(8, true));
  switch (view.getUint8(0)) {
    case 0x81: {
      const scoresAt = headerBytes + 8 * word;
      if (frame.byteLength < scoresAt) return { kind: 'unknown' };
      return {
        kind: 'prediction',
        requestId,
        rows: word,
        queueUs: view.getUint32(16, true),
        computeUs: view.getUint32(20, true),
        values: floats(frame, headerBytes, scoresAt),
        scores: flags & 1 ? floats(frame, scoresAt, frame.byteLength) : null,
      };
    }
    case 0x82:
      return { kind: 'feedback_ok', requestId, correct: Array.from(new Uint8Array(frame, 16), (b) => b === 1) };
    case 0xff: {
      const number = view.getUint8(1);
      const error = new PenstockError(
        serverCodes[number] || `code_${number}`,
        new TextDecoder().decode(new Uint8Array(frame, 16)),
        { retryable: (flags & 1) === 1, retryAfterMs: word || undefined },
      );
      return { kind: 'error', requestId, error };
    }
    default:
      return { kind: 'unknown' };
  }
}

function floats(frame: ArrayBuffer, from: number, to: number): Float32Array {
  const length = Math.floor((to - from) / 4);
  if (littleEndian()) return new Float32Array(frame, from, length);
  const view = new DataView(frame, from);
  return Float32Array.from({ length }, (_, i) => view.getFloat32(4 * i, true));
}

/** Whether memory holds numbers as the wire does, so that values are not copied one by one. */
function littleEndian(): boolean {
  return new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
}
