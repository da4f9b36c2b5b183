import { afterEach, expect, it, vi } from 'vitest';
import { ShellState } from './shell.state';

afterEach(() => { vi.useRealTimers(); });

it('counts down to the next attempt, and says when a living connection is silent', () => {
  vi.useFakeTimers({ now: 1_000_000 });
  const shell = new ShellState();
  const wait = (ms: number) => { vi.advanceTimersByTime(ms); shell.tick(); };
  shell.setStatus({ status: 'reconnecting', attempt: 1, nextAttemptAt: 1_003_000, reason: null });
  expect(shell.nextAttempt()).toBe(3);
  wait(2100);
  expect(shell.nextAttempt()).toBe(1);
  wait(5000);
  expect(shell.nextAttempt()).toBe(0);
  shell.setStatus({ status: 'connected', attempt: 0, nextAttemptAt: null, reason: null });
  expect([shell.nextAttempt(), shell.silence()]).toEqual([null, null]);
  wait(5000);
  expect(shell.silence()).toBe(5);
  shell.hear();
  expect(shell.silence()).toBe(null);
});
