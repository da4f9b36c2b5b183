import { expect, it } from 'vitest';
import type { Alert, Metrics } from '../link/client';
import { ViewState } from '../store/view.state';
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
  const view = new ViewState();
  const live = new LiveState(view);
  view.look('live', new URLSearchParams('model=pets'));
  expect(live.model()).toBe(null);
  live.add([frame(1, { models: { pets: {} as never } })]);
  expect(live.model()).toBe('pets');
});

it('a dismissed alert stays away over a reconnect, unless it got worse or fires anew', () => {
  const live = new LiveState();
  const one = alert(1, { id: 'model_accuracy:a', model: 'a', metric: 'model_accuracy', severity: 'critical' });
  const other = alert(1, { id: 'model_accuracy:b', model: 'b', metric: 'model_accuracy' });
  live.alert(one);
  live.alert(other);
  expect(live.banner().length).toBe(2); // two models are two alerts
  for (const a of live.banner()) live.dismiss(a.key);
  live.begin([frame(2)]);
  live.alert(one); // told again, one after the other
  live.alert(other);
  expect(live.banner()).toEqual([]);
  expect(live.past().length).toBe(2);
  live.alert({ ...other, severity: 'critical' });
  expect(live.banner().map((a) => a.alert.id)).toEqual(['model_accuracy:b']);
  live.alert({ ...one, state: 'resolved' });
  live.alert({ ...one, since: time(9) });
  expect(live.banner().map((a) => a.alert.since)).toEqual([time(9), time(1)]);
});

it('an end is never before its beginning, though the newest frame known is older', () => {
  const live = new LiveState();
  live.add([frame(1)]);
  live.alert(alert(5), time(1));
  live.alert(alert(5, { state: 'resolved' }), time(1));
  expect(live.alerts()[0]!.until).toBe(time(5));
});

it('an error is the note\'s only while one is on its way, and the note stays until it was taken', () => {
  const live = new LiveState();
  live.fail('unknown model');
  expect([live.noteProblem(), live.problem()]).toEqual([null, 'unknown model']);
  live.noteSent('deploy');
  live.fail('too many notes');
  expect([live.noteProblem(), live.pendingNote()]).toEqual(['too many notes', null]);
  live.noteSent('deploy');
  live.note({ type: 'note', text: 'another', author: 'b', time: time(1) });
  expect(live.pendingNote()).toBe('deploy');
  live.note({ type: 'note', text: 'deploy', author: 'a', time: time(2) });
  expect([live.noteProblem(), live.pendingNote()]).toEqual([null, null]);
});

it('the last minute is one of time: what an outage left of it is less', () => {
  const live = new LiveState();
  live.add([frame(0), frame(1), frame(100), frame(130)]);
  const [from, to] = live.lastMinute();
  const { times } = live.source.read({ metrics: ['queue_depth'], model: null, from, to });
  expect(times.map((t) => new Date(t * 1000).toISOString())).toEqual([time(100), time(130)]);
});

it('a model is measured as its kind is, before its first label too', () => {
  const live = new LiveState();
  const model = (name: string, more: object) => ({ name, classes: [], ...more });
  expect(live.measureOf('price')?.metric).toBe('accuracy'); // until it is known
  live.learn([
    model('price', {}), model('digits', { classes: ['0', '1'] }),
    model('scene', { outputs: [{ name: 'o', kind: 'labels', width: 2 }] }), model('embed', { outputs: [{ name: 'o', kind: 'vector', width: 2 }] }),
  ]);
  expect([null, 'price', 'digits', 'scene', 'embed'].map((name) => live.measureOf(name)?.title))
    .toEqual(['Accuracy', 'Mean absolute error', 'Accuracy', 'Exact-match ratio', undefined]);
});
