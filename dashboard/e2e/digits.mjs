// Held-out digits as somebody would draw them: each image is thinned to lines
// one pixel wide, which are followed from end to end as movements of a pen.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const file = new URL('../../weights/digits/heldout.bin.gz', import.meta.url);
const side = 28;

/** Reads the first rows of the held-out digits: {label, pixels} with bytes. */
export function heldOut(most) {
  const bytes = gunzipSync(readFileSync(file));
  const rows = bytes.readUInt32LE(0);
  const features = bytes.readUInt32LE(4);
  const start = 8 + rows;
  return Array.from({ length: Math.min(most, rows) }, (_, i) => ({
    label: String(bytes[8 + i]),
    pixels: bytes.subarray(start + i * features, start + (i + 1) * features),
  }));
}

/** Returns the strokes of an image: lists of [x, y] from 0 to 1. */
export function strokesOf(pixels) {
  const scale = 4;
  const size = side * scale;
  const ink = new Uint8Array(size * size);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) ink[y * size + x] = between(pixels, (x + 0.5) / scale - 0.5, (y + 0.5) / scale - 0.5) > 100 ? 1 : 0;
  }
  thin(ink, size);
  return follow(ink, size)
    .filter((line, _, all) => line.length > 3 || all.length === 1)
    .map((line) => line.filter((_, i) => i % 3 === 0 || i === line.length - 1).map(([x, y]) => [x / size, y / size]));
}

function between(pixels, x, y) {
  const at = (px, py) => (px < 0 || py < 0 || px >= side || py >= side ? 0 : pixels[py * side + px]);
  const x0 = Math.floor(x), y0 = Math.floor(y), fx = x - x0, fy = y - y0;
  return (at(x0, y0) * (1 - fx) + at(x0 + 1, y0) * fx) * (1 - fy) + (at(x0, y0 + 1) * (1 - fx) + at(x0 + 1, y0 + 1) * fx) * fy;
}

/** Zhang and Suen, A fast parallel algorithm for thinning digital patterns, CACM 27 (1984). */
function thin(ink, size) {
  const ring = [-size, -size + 1, 1, size + 1, size, size - 1, -1, -size - 1];
  for (let changed = true; changed; ) {
    changed = false;
    for (const step of [0, 1]) {
      const gone = [];
      for (let i = size + 1; i < size * size - size - 1; i++) {
        if (!ink[i]) continue;
        const p = ring.map((d) => ink[i + d]);
        const neighbours = p.reduce((a, b) => a + b, 0);
        const turns = p.filter((v, k) => !v && p[(k + 1) % 8]).length;
        const [n, , e, , s, , w] = p;
        if (neighbours < 2 || neighbours > 6 || turns !== 1) continue;
        if (step === 0 ? n * e * s || e * s * w : n * e * w || n * s * w) continue;
        gone.push(i);
      }
      for (const i of gone) ink[i] = 0;
      changed ||= gone.length > 0;
    }
  }
}

/** Follows lines, first from their ends, then what is left of rings. */
function follow(ink, size) {
  const ring = [-size, 1, size, -1, -size + 1, size + 1, size - 1, -size - 1];
  const dots = [...ink.keys()].filter((i) => ink[i]);
  const neighbours = (i) => ring.map((d) => i + d).filter((j) => ink[j]);
  const isEnd = new Set(dots.filter((i) => neighbours(i).length === 1));
  const seen = new Set();
  const lines = [];
  for (const start of [...isEnd, ...dots]) {
    if (seen.has(start)) continue;
    const line = [start];
    seen.add(start);
    for (let at = start; ; ) {
      const next = neighbours(at).find((j) => !seen.has(j));
      if (next === undefined) {
        // Close onto what was drawn before, so that no gap is left at a junction.
        const joint = neighbours(at).find((j) => j !== line.at(-2) && seen.has(j));
        if (joint !== undefined) line.push(joint);
        break;
      }
      seen.add(next);
      line.push(next);
      at = next;
    }
    lines.push(line.map((i) => [i % size, Math.floor(i / size)]));
  }
  return lines;
}
