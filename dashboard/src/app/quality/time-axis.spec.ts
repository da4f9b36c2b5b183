import { expect, it } from 'vitest';
import { moment, timeTicks } from './time-axis';

const at = (text: string) => Date.parse(text) / 1000;
const HOUR = 3600, DAY = 86_400;

it('days and months are the server’s', () => {
  expect(moment(at('2026-11-03T00:00:00Z'), DAY)).toBe('Nov 3');
  expect(moment(at('2026-11-01T00:00:00Z'), 30 * DAY)).toBe('Nov 2026');
});

it('what is shorter is told in local time', () => {
  expect(moment(new Date(2026, 10, 3, 7, 5).getTime() / 1000, 60)).toBe('Nov 3, 07:05');
});

it('an axis of any length has round ticks, and not more than fit', () => {
  const end = new Date(2026, 10, 3, 7, 5).getTime() / 1000;
  for (const span of [720, HOUR, 6 * HOUR, DAY, 7 * DAY, 30 * DAY, 365 * DAY, 1200 * DAY]) {
    for (const most of [1, 3, 12]) {
      const ticks = timeTicks(end - span, end, most);
      expect(ticks.length, `${span} s, ${most}`).toBeLessThanOrEqual(most + 1);
      for (const t of ticks) expect(t.at >= end - span && t.at <= end).toBe(true);
    }
  }
  expect(timeTicks(end - HOUR, end, 4).map((t) => t.text)).toEqual(['06:15', '06:30', '06:45', '07:00']);
  expect(timeTicks(at('2026-10-30T12:00:00Z'), at('2026-11-03T12:00:00Z'), 4).map((t) => t.text)).toEqual(['Oct 31', 'Nov 1', 'Nov 2', 'Nov 3']);
  expect(timeTicks(at('2025-11-20T00:00:00Z'), at('2026-11-20T00:00:00Z'), 13).map((t) => t.text.trim())).toEqual(['Dec', 'Jan 2026', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov']);
});

it('midnight is told as the day that begins', () => {
  const midnight = new Date(2026, 10, 3).getTime() / 1000;
  expect(timeTicks(midnight - HOUR, midnight + HOUR, 2)).toContainEqual({ at: midnight, text: 'Nov 3' });
});
