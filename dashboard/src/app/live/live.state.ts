import { computed, signal } from '@angular/core';
import type { Alert, Metrics, Note, Presence } from '../link/client';
import { mergePoints, type Point, point, windowOf } from './points';

export const NOTES_KEPT = 50;
export const ALERTS_KEPT = 10;
export const RANGES = [1, 5, 10] as const;

/** An alert from its first firing to its end. */
export interface AlertEntry {
  readonly key: string;
  readonly alert: Alert;
  readonly firing: boolean;
  /** When it was over, RFC 3339, to the second; null where nobody here saw it. */
  readonly until: string | null;
}

export interface NoteEntry extends Note {
  readonly key: string;
}

/** A moment that the charts mark. */
export interface Mark {
  readonly at: number;
  readonly kind: 'note' | 'warning' | 'critical' | 'resolved';
}

const seconds = (time: string) => Date.parse(time) / 1000;

/** What /ws/dashboard told, and how the Live page looks at it. */
export class LiveState {
  private readonly _points = signal<readonly Point[]>([]);
  private readonly _alerts = signal<readonly AlertEntry[]>([]);
  private readonly _dismissed = signal<ReadonlySet<string>>(new Set());
  private readonly _notes = signal<readonly NoteEntry[]>([]);
  private readonly _presence = signal<Presence | null>(null);
  private readonly _typing = signal<ReadonlyMap<string, number>>(new Map());
  private readonly _noteProblem = signal<string | null>(null);
  private readonly _model = signal<string | null>(null);
  private readonly _minutes = signal<number>(5);
  private readonly _cursor = signal<number | null>(null);

  readonly points = this._points.asReadonly();
  readonly latest = computed<Metrics | null>(() => this._points().at(-1)?.m ?? null);
  /** The last minute, for the small lines in the cards. */
  readonly lastMinute = computed(() => this._points().slice(-60));
  readonly minutes = this._minutes.asReadonly();
  readonly shown = computed(() => windowOf(this._points(), this._minutes() * 60));

  readonly modelNames = computed(() => Object.keys(this.latest()?.models ?? {}).sort(), { equal: same });
  /** The model that is looked at; null for all. */
  readonly model = computed(() => {
    const name = this._model();
    return name !== null && this.modelNames().includes(name) ? name : null;
  });

  /** The moment that all charts point at, in seconds. */
  readonly cursor = this._cursor.asReadonly();

  /** The last ten, newest first. */
  readonly alerts = this._alerts.asReadonly();
  readonly banner = computed(() => this._alerts().filter((a) => a.firing && !this._dismissed().has(a.key)));

  /** The last fifty, newest first. */
  readonly notes = this._notes.asReadonly();
  readonly noteProblem = this._noteProblem.asReadonly();
  readonly presence = this._presence.asReadonly();
  readonly typing = computed(() => [...this._typing().keys()]);

  readonly marks = computed<readonly Mark[]>(() => {
    const marks: Mark[] = this._notes().map((n) => ({ at: seconds(n.time), kind: 'note' }));
    for (const a of this._alerts()) {
      marks.push({ at: seconds(a.alert.since), kind: a.alert.severity });
      if (a.until) marks.push({ at: seconds(a.until), kind: 'resolved' });
    }
    return marks;
  });

  /** Takes the first message of a connection: what was measured before it. */
  begin(history: readonly Metrics[]): void {
    this._points.update((old) => mergePoints(old, history.map(point)));
    // What still fires is told again right after.
    this._alerts.update((old) => old.map((a) => (a.firing ? { ...a, firing: false, until: null } : a)));
    this._typing.set(new Map());
  }

  add(frames: readonly Metrics[]): void {
    this._points.update((old) => mergePoints(old, frames.map(point)));
  }

  /** Takes an alert; at says when it changed, if not now (null: not known). */
  alert(alert: Alert, at: string | null = this.latest()?.timestamp ?? new Date().toISOString()): void {
    const key = `${alert.metric} ${alert.since}`;
    const firing = alert.state === 'firing';
    this._alerts.update((old) => {
      const known = old.find((a) => a.key === key);
      if (firing && known?.alert.state === 'resolved') return old; // told twice: its end came first
      const until = firing ? null : (known?.until ?? at);
      const entry = { key, alert, firing, until };
      const rest = old.filter((a) => a.key !== key);
      return [...rest, entry].sort((a, b) => seconds(b.alert.since) - seconds(a.alert.since)).slice(0, ALERTS_KEPT);
    });
    // A dismissed alert that became worse, or fires anew, is shown again.
    this._dismissed.update((old) => {
      const kept = new Set(this._alerts().filter((a) => a.firing && old.has(a.key)).map((a) => a.key));
      if (alert.severity === 'critical') kept.delete(key);
      return kept;
    });
  }

  /** When a frame of this number was measured, if it is still held. */
  timeOf(seq: number): string | null {
    return this._points().findLast((p) => p.m.seq === seq)?.m.timestamp ?? null;
  }

  dismiss(key: string): void {
    this._dismissed.update((old) => new Set(old).add(key));
  }

  note(note: Note): void {
    const key = `${note.time} ${note.author} ${note.text}`;
    this._typing.update((old) => without(old, note.author));
    this._noteProblem.set(null);
    this._notes.update((old) =>
      old.some((n) => n.key === key)
        ? old
        : [{ ...note, key }, ...old].sort((a, b) => seconds(b.time) - seconds(a.time)).slice(0, NOTES_KEPT),
    );
  }

  noteFailed(problem: string): void {
    this._noteProblem.set(problem);
  }

  setPresence(presence: Presence | null): void {
    this._presence.set(presence);
  }

  startTyping(user: string, now: number): void {
    this._typing.update((old) => (old.size < 100 ? new Map(old).set(user, now + 4000) : old));
  }

  /** Forgets those who stopped writing. */
  expireTyping(now: number): void {
    this._typing.update((old) => {
      const kept = [...old].filter(([, until]) => until > now);
      return kept.length === old.size ? old : new Map(kept);
    });
  }

  showModel(name: string | null): void {
    this._model.set(name);
  }

  showMinutes(minutes: number): void {
    this._minutes.set(minutes);
  }

  point(at: number | null): void {
    this._cursor.set(at);
  }
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((x, i) => x === b[i]);
}

function without<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  if (!map.has(key)) return map;
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}
