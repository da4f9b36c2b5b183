// Numbers and times as people read them. A null is an en dash: nothing was
// measured. Nothing here depends on the browser's language, so that two people
// who look at the same server read the same.

export const NONE = '–';

type Maybe = number | null | undefined;

const absent = (x: Maybe): x is null | undefined => x === null || x === undefined || !Number.isFinite(x);

/** Three significant digits, below one two: what was measured is never 0. */
function digits(x: number): string {
  const size = Math.abs(x);
  if (size >= 100 || x === 0) return x.toFixed(0);
  if (size >= 0.1) return x.toFixed(size >= 10 ? 1 : 2);
  return size < 1e-4 ? x.toExponential(1).replace('-', '\u2011') : x.toFixed(1 - Math.floor(Math.log10(size)));
}

export function count(x: Maybe): string {
  return absent(x) ? NONE : Math.round(x).toString().replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

export function rate(x: Maybe): string {
  return absent(x) ? NONE : x >= 1000 ? count(x) : digits(x);
}

/** A share of one, in percent without the sign. */
export function percent(x: Maybe, digits = 1): string {
  return absent(x) ? NONE : (100 * x).toFixed(digits);
}

/** Milliseconds without the unit. */
export function millis(x: Maybe): string {
  return absent(x) ? NONE : x >= 1000 ? count(x) : digits(x);
}

/** A duration in its best unit. */
export function duration(ms: Maybe): string {
  if (absent(ms)) return NONE;
  if (ms < 0.001) return 'under 1 µs';
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 1000) return `${digits(ms)} ms`;
  const s = ms / 1000;
  if (s < 120) return `${digits(s)} s`;
  if (s < 7200) return `${(s / 60).toFixed(1)} min`;
  if (s < 172_800) return `${(s / 3600).toFixed(1)} h`;
  return `${(s / 86_400).toFixed(1)} days`;
}

/** How long ago, of so many whole seconds. */
export function ago(seconds: number): string {
  return seconds < 120 ? `${seconds} s ago` : seconds < 7200 ? `${Math.floor(seconds / 60)} min ago` : `${Math.floor(seconds / 3600)} h ago`;
}

export function bytes(n: Maybe): string {
  if (absent(n)) return NONE;
  for (const [unit, size] of [['GiB', 2 ** 30], ['MiB', 2 ** 20], ['KiB', 2 ** 10]] as const) {
    if (n >= size) return `${digits(n / size)} ${unit}`;
  }
  return `${n} B`;
}

/** Any number, with six significant digits: what a float32 holds. */
export function number(x: Maybe): string {
  return absent(x) ? NONE : String(Number(x.toPrecision(6)));
}

const two = (n: number) => n.toString().padStart(2, '0');

/** Local time of day. */
export function clock(at: number | string): string {
  const d = new Date(at);
  return Number.isNaN(d.getTime()) ? NONE : `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}
