const MINUTE = 60, HOUR = 3600, DAY = 86_400; // seconds
const STEPS = [MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const two = (n: number) => String(n).padStart(2, '0');

/** A moment of a step of so many seconds, in words. Days and months are the server's, which counts them in UTC; what is shorter is told in local time. */
export function moment(at: number, step: number): string {
  const d = new Date(at * 1000);
  if (step >= 28 * DAY) return `${MONTHS[d.getUTCMonth()]} ${d.getUTCFullYear()}`;
  if (step >= DAY) return `${MONTHS[d.getUTCMonth()]} ${d.getUTCDate()}`;
  return `${MONTHS[d.getMonth()]} ${d.getDate()}, ${time(d)}`;
}

const time = (d: Date) => `${two(d.getHours())}:${two(d.getMinutes())}`;

export interface Tick {
  readonly at: number;
  readonly text: string;
}

/** The moments to name along an axis from one moment to another, in seconds since 1970; at most so many. */
export function timeTicks(from: number, to: number, most: number): Tick[] {
  const step = STEPS.find((s) => (to - from) / s <= most);
  if (step === undefined) return months(from, to, most);
  // Midnight and noon are local ones below a day.
  const offset = step < DAY ? -60 * new Date(from * 1000).getTimezoneOffset() : 0;
  const ticks: Tick[] = [];
  for (let at = Math.ceil((from + offset) / step) * step - offset; at <= to; at += step) {
    const d = new Date(at * 1000);
    const midnight = d.getHours() === 0 && d.getMinutes() === 0;
    ticks.push({ at, text: step >= DAY ? moment(at, DAY) : midnight ? `${MONTHS[d.getMonth()]} ${d.getDate()}` : time(d) });
  }
  return ticks;
}

function months(from: number, to: number, most: number): Tick[] {
  const first = new Date(from * 1000);
  const every = [1, 2, 3, 6, 12, 24, 60].find((n) => (to - from) / (30 * DAY * n) <= most) ?? 120;
  const ticks: Tick[] = [];
  for (let month = Math.ceil(first.getUTCMonth() / every) * every; ; month += every) {
    const at = Date.UTC(first.getUTCFullYear(), month, 1) / 1000;
    if (at > to) return ticks;
    if (at >= from) ticks.push({ at, text: moment(at, 30 * DAY).replace(/ \d+$/, (year) => (new Date(at * 1000).getUTCMonth() === 0 ? year : '')) });
  }
}
