/**
 * Options are checked where they are given. A timer of the platform takes what
 * it cannot wait for, such as `NaN` or a number below zero, for "at once".
 */

/** Refuses what is no length of time. `Infinity` is one: it never comes. */
export function checkDuration(name: string, ms: number, mayBeZero = false): void {
  if (typeof ms !== 'number' || !(ms > 0 || (mayBeZero && ms === 0))) {
    throw new RangeError(`option ${name} is ${String(ms)}; expected a number of milliseconds ${mayBeZero ? 'from' : 'above'} 0, or Infinity`);
  }
}

/** Refuses what is no count. `Infinity` is one: there is no bound. */
export function checkCount(name: string, count: number, least = 1): void {
  if (typeof count !== 'number' || !(count >= least) || !(Number.isInteger(count) || count === Infinity)) {
    throw new RangeError(`option ${name} is ${String(count)}; expected a whole number of at least ${least}, or Infinity`);
  }
}
