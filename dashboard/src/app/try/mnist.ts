/**
 * Makes of a drawing what MNIST's digits are: fitted into 20 × 20 pixels with
 * its proportions kept, drawn with an antialiased pen, and laid into 28 × 28 so
 * that its centre of mass is in the middle (LeCun, Cortes, Burges, The MNIST
 * database). The pen has one width whatever the size of the drawing, as
 * MNIST's digits have.
 */

export interface Dot {
  readonly x: number;
  readonly y: number;
}

/** One movement of the pen, from its coming down to its going up. */
export type Stroke = readonly Dot[];

export const SIDE = 28;
const BOX = 20;
/** Half the width of the pen, and the softness of its edge, in pixels. */
const RADIUS = 1.25;
const SOFT = 1;

interface Place {
  readonly scale: number;
  readonly dx: number;
  readonly dy: number;
}

/** Returns 28 × 28 values from 0 to 1, row by row, or null for no drawing. */
export function rasterise(strokes: readonly Stroke[]): Float32Array | null {
  const place = fit(strokes);
  if (!place) return null;
  const first = draw(strokes, place);
  const { x, y } = centreOfMass(first);
  const middle = (SIDE - 1) / 2;
  return draw(strokes, { scale: place.scale, dx: place.dx + middle - x, dy: place.dy + middle - y });
}

/** Where the drawing goes when its bounds fill the box, pen included. */
function fit(strokes: readonly Stroke[]): Place | null {
  let left = Infinity, top = Infinity, right = -Infinity, bottom = -Infinity;
  for (const stroke of strokes) {
    for (const { x, y } of stroke) {
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  }
  if (!Number.isFinite(left)) return null;
  const size = Math.max(right - left, bottom - top);
  // A dot has no size to fit, and stays as wide as the pen.
  const scale = size > 0 ? (BOX - 2 * RADIUS) / size : 1;
  const middle = (SIDE - 1) / 2;
  return { scale, dx: middle - (scale * (left + right)) / 2, dy: middle - (scale * (top + bottom)) / 2 };
}

/** Draws with a round pen: a pixel's value falls over one pixel at the edge. */
function draw(strokes: readonly Stroke[], { scale, dx, dy }: Place): Float32Array {
  const pixels = new Float32Array(SIDE * SIDE);
  const reach = RADIUS + SOFT / 2;
  for (const stroke of strokes) {
    for (let i = 0; i < stroke.length; i++) {
      const a = stroke[Math.max(0, i - 1)]!;
      const b = stroke[i]!;
      if (i === 0 && stroke.length > 1) continue;
      const ax = a.x * scale + dx, ay = a.y * scale + dy;
      const bx = b.x * scale + dx, by = b.y * scale + dy;
      const vx = bx - ax, vy = by - ay;
      const long = vx * vx + vy * vy;
      const toX = Math.min(SIDE - 1, Math.floor(Math.max(ax, bx) + reach));
      const toY = Math.min(SIDE - 1, Math.floor(Math.max(ay, by) + reach));
      for (let py = Math.max(0, Math.ceil(Math.min(ay, by) - reach)); py <= toY; py++) {
        for (let px = Math.max(0, Math.ceil(Math.min(ax, bx) - reach)); px <= toX; px++) {
          const along = long > 0 ? Math.min(1, Math.max(0, ((px - ax) * vx + (py - ay) * vy) / long)) : 0;
          const away = Math.hypot(px - ax - along * vx, py - ay - along * vy);
          const ink = Math.min(1, Math.max(0, (reach - away) / SOFT));
          const at = py * SIDE + px;
          if (ink > pixels[at]!) pixels[at] = ink;
        }
      }
    }
  }
  return pixels;
}

export function centreOfMass(pixels: Float32Array): Dot {
  let mass = 0, x = 0, y = 0;
  for (let i = 0; i < pixels.length; i++) {
    const ink = pixels[i]!;
    mass += ink;
    x += ink * (i % SIDE);
    y += ink * Math.floor(i / SIDE);
  }
  return mass > 0 ? { x: x / mass, y: y / mass } : { x: (SIDE - 1) / 2, y: (SIDE - 1) / 2 };
}
