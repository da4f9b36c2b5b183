import { expect, it } from 'vitest';
import type { Alert, Metrics } from '../link/client';
import { ALERTS_KEPT, LiveState, NOTES_KEPT } from './live.state';

const time = (second: number) => new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString();
const frame = (second: number, more: Partial<Metrics> = {}) => ({ type: 'metrics', timestamp: time(second), models: {}, ...more }) as Metrics;
const alert = (second: number, more: Partial<Alert> = {}): Alert => ({
  type: 'alert', severity: 'warning', metric: 'error_rate', value: 1, threshold: 0.5, message: 'much', state: 'firing', since: time(second), ...more,
});

it('an alert fires, is dismissed, gets worse, resolves', () => {
  const live = new LiveState();
  live.add([frame(1)]);
  live.alert(alert(1));
  expect(live.banner().length).toBe(1);
  live.dismiss(live.banner()[0]!.key);
  expect(live.banner()).toEqual([]);
  expect(live.alerts()[0]!.firing).toBe(true);
  live.alert(alert(1, { severity: 'critical' }));
  expect(live.banner().length).toBe(1);
  live.add([frame(9)]);
  live.alert(alert(1, { state: 'resolved' }));
  expect(live.banner()).toEqual([]);
  expect(live.alerts()).toMatchObject([{ firing: false, until: time(9) }]);
  live.alert(alert(1)); // recalled late
  expect(live.alerts()).toMatchObject([{ firing: false }]);
});

it('an alert of before is told with its own times, or without', () => {
  const live = new LiveState();
  live.begin([frame(1, { seq: 11 }), frame(2, { seq: 12 }), frame(3, { seq: 13 })]);
  live.alert(alert(1), live.timeOf(11));
  live.alert(alert(1, { state: 'resolved' }), live.timeOf(12));
  live.alert(alert(0, { state: 'resolved' }), live.timeOf(5));
  expect(live.alerts().map((a) => a.until)).toEqual([time(2), null]);
});

it('a new connection forgets what fired until it is told again', () => {
  const live = new LiveState();
  live.alert(alert(1));
  live.begin([]);
  expect(live.banner()).toEqual([]);
  live.alert(alert(1));
  expect(live.banner().length).toBe(1);
});

it('a day of everything stays bounded', () => {
  const live = new LiveState();
  for (let s = 0; s < 86_400; s += 30) {
    live.add(Array.from({ length: 30 }, (_, i) => frame(s + i)));
    live.alert(alert(s));
    live.alert(alert(s, { state: 'resolved' }));
    live.note({ type: 'note', text: `note ${s}`, author: 'ann', time: time(s) });
    live.startTyping(`user ${s}`, s * 1000);
  }
  expect(live.points().length).toBe(600);
  expect(live.alerts().length).toBe(ALERTS_KEPT);
  expect(live.notes().length).toBe(NOTES_KEPT);
  expect(live.typing().length).toBeLessThanOrEqual(100);
  expect(live.notes()[0]!.text).toBe('note 86370');
  expect(live.marks().length).toBeLessThanOrEqual(NOTES_KEPT + 2 * ALERTS_KEPT);
});

it('notes that are replayed stand once', () => {
  const live = new LiveState();
  const note = { type: 'note', text: 'hi', author: 'ann', time: time(3) } as const;
  live.note(note);
  live.begin([]);
  live.note(note);
  expect(live.notes().length).toBe(1);
});

it('a filter by a model that is gone shows all', () => {
  const live = new LiveState();
  live.showModel('pets');
  expect(live.model()).toBe(null);
  live.add([frame(1, { models: { pets: {} as never } })]);
  expect(live.model()).toBe('pets');
});
