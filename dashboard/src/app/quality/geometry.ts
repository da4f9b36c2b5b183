/** A point of a chart in pixels; null where there is nothing to draw. */
export type Dot = readonly [x: number, y: number] | null;

const round = (v: number) => Math.round(v * 10) / 10;

/** The path of a line; it is broken where there is nothing. */
export function line(dots: readonly Dot[]): string {
  let path = '', pen = false;
  for (const dot of dots) {
    if (dot) path += `${pen ? 'L' : 'M'}${round(dot[0])} ${round(dot[1])}`;
    pen = dot !== null;
  }
  return path;
}

/** The path of the area between two lines, in as many parts as there are without a gap. */
export function area(upper: readonly Dot[], lower: readonly Dot[]): string {
  let path = '', top: Dot[] = [], bottom: Dot[] = [];
  const close = () => {
    if (top.length > 0) path += `${line([...top, ...bottom.reverse()])}Z`;
    top = [];
    bottom = [];
  };
  upper.forEach((dot, i) => {
    const below = lower[i] ?? null;
    if (dot === null || below === null) return close();
    top.push(dot);
    bottom.push(below);
  });
  close();
  return path;
}

/** The dots that no line leads to: alone they would not be seen. */
export const alone = (dots: readonly Dot[]): NonNullable<Dot>[] =>
  dots.filter((dot, i): dot is NonNullable<Dot> => dot !== null && (dots[i - 1] ?? null) === null && (dots[i + 1] ?? null) === null);

/** Gives dots that stand alone a width, so that an area of theirs is seen. */
export const widen = (dots: readonly Dot[], half: number): Dot[] =>
  dots.flatMap((dot, i) => (dot !== null && (dots[i - 1] ?? null) === null && (dots[i + 1] ?? null) === null ? [[dot[0] - half, dot[1]] as const, [dot[0] + half, dot[1]] as const] : [dot]));

/** Round numbers from low to high, as many as fit. */
export function steps(low: number, high: number, most: number): number[] {
  const least = (high - low) / Math.max(1, most);
  if (!(least > 0)) return [low];
  const size = 10 ** Math.floor(Math.log10(least));
  const step = size * ([1, 2, 5, 10].find((s) => s * size >= least * (1 - 1e-9)) ?? 10);
  const from = Math.ceil(low / step - 1e-9), to = Math.floor(high / step + 1e-9);
  return Array.from({ length: to - from + 1 }, (_, i) => (from + i) * step);
}
