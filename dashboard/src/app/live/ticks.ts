import { count } from '../format';

/** Ticks of one axis, all with as many decimals as they need to be exact: steps
 * of 2.5 need one more than their size says. */
export function ticks(values: readonly number[], scale: number): string[] {
  const shown = values.map((v) => v * scale);
  const digits = decimals(shown);
  return shown.map((v) => (digits === 0 ? count(v) : v.toFixed(digits)));
}

function decimals(values: readonly number[]): number {
  const size = Math.max(...values.map(Math.abs), 0);
  for (let digits = 0; digits < 12; digits++) {
    const step = 10 ** -digits;
    // What is left after rounding is the error of a sum of floats, or a digit.
    if (values.every((v) => Math.abs(v - Math.round(v / step) * step) <= 1e-9 * size)) return digits;
  }
  return 12;
}
