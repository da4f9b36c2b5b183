/** Where a client gets the time from; tests bring their own. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds since some moment; never goes back. */
  monotonic(): number;
  setTimeout(fn: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (fn, ms) => setTimeout(fn, ms),
  clearTimeout: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
};

/** The longest time that a platform's timer takes; a longer one would ring at once. */
const longestMs = 2 ** 31 - 1;

interface Chain {
  timer: unknown;
}

/** A clock whose timers may be of any length, also without end. */
export function withLongTimers(clock: Clock): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    setTimeout: (fn, ms) => {
      const chain: Chain = { timer: undefined };
      const wait = (left: number) => {
        if (left <= longestMs) chain.timer = clock.setTimeout(fn, left);
        else chain.timer = clock.setTimeout(() => wait(left - longestMs), longestMs);
      };
      if (ms !== Infinity) wait(ms);
      return chain;
    },
    clearTimeout: (chain) => {
      const { timer } = (chain as Chain | undefined) ?? {};
      if (timer !== undefined) clock.clearTimeout(timer);
    },
  };
}
