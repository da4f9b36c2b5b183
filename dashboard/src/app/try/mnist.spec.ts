import { describe, expect, it } from 'vitest';
import { centreOfMass, rasterise, SIDE, type Stroke } from './mnist';

const line = (x0: number, y0: number, x1: number, y1: number): Stroke =>
  Array.from({ length: 20 }, (_, i) => ({ x: x0 + ((x1 - x0) * i) / 19, y: y0 + ((y1 - y0) * i) / 19 }));

/** The rows and columns that have ink. */
function extent(pixels: Float32Array) {
  const xs: number[] = [], ys: number[] = [];
  pixels.forEach((v, i) => {
    if (v > 0.1) { xs.push(i % SIDE); ys.push(Math.floor(i / SIDE)); }
  });
  return { wide: Math.max(...xs) - Math.min(...xs) + 1, high: Math.max(...ys) - Math.min(...ys) + 1 };
}

describe('rasterise', () => {
  it('of no drawing is nothing', () => expect(rasterise([])).toBe(null));

  for (const [what, strokes] of [
    ['a long line', [line(10, 20, 200, 250)]],
    ['a tiny cross in a corner', [line(270, 270, 276, 276), line(276, 270, 270, 276)]],
    ['a heavy foot', [line(50, 50, 50, 200), line(20, 200, 120, 200), line(20, 205, 120, 205)]],
    ['a dot', [[{ x: 3, y: 3 }]]],
  ] as const) {
    it(`of ${what} is centred by mass, from 0 to 1`, () => {
      const pixels = rasterise(strokes)!;
      const { x, y } = centreOfMass(pixels);
      expect(x).toBeCloseTo(13.5, 0);
      expect(y).toBeCloseTo(13.5, 0);
      expect(Math.min(...pixels)).toBe(0);
      expect(Math.max(...pixels)).toBeGreaterThan(0.9);
      expect(Math.max(...pixels)).toBeLessThanOrEqual(1);
    });
  }

  it('fits 20 pixels and keeps proportions', () => {
    const { wide, high } = extent(rasterise([line(0, 0, 0, 200), line(0, 100, 100, 100)])!);
    expect(high).toBeGreaterThanOrEqual(19);
    expect(high).toBeLessThanOrEqual(21);
    expect(wide / high).toBeCloseTo(0.55, 1);
  });

  it('does not depend on where or how large it was drawn', () => {
    const small = rasterise([line(10, 10, 30, 60)])!;
    const large = rasterise([line(40, 20, 120, 220)])!;
    const most = Math.max(...small.map((v, i) => Math.abs(v - large[i]!)));
    expect(most).toBeLessThan(1e-4);
  });

  it('is antialiased', () => {
    const values = new Set(Array.from(rasterise([line(0, 0, 30, 100), line(0, 80, 90, 0)])!, (v) => v.toFixed(2)));
    expect(values.size).toBeGreaterThan(20);
  });
});
