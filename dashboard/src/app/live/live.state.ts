import { computed, signal } from '@angular/core';
import type { Alert, Metrics, ModelInfo, Note, OutputKind, Presence } from '../link/client';
import { ViewState } from '../store/view.state';
import { ACCURACY, kindOf, KINDS, type Measure } from '../views/kinds';
import { mergePoints, type Point, point } from './points';
import { FrameSource, type SeriesSource } from './series';

export const NOTES_KEPT = 50;
export const ALERTS_KEPT = 10;

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
  /** How bad it was when it was dismissed, by alert. */
  private readonly _dismissed = signal<ReadonlyMap<string, Alert['severity']>>(new Map());
  private readonly _notes = signal<readonly NoteEntry[]>([]);
  private readonly _presence = signal<Presence | null>(null);
  private readonly _typing = signal<ReadonlyMap<string, number>>(new Map());
  private readonly _noteProblem = signal<string | null>(null);
  private readonly _pendingNote = signal<string | null>(null);
  private readonly _problem = signal<string | null>(null);
  private readonly _groups = signal<readonly string[]>([]);
  private readonly _cursor = signal<number | null>(null);
  private readonly _zoom = signal<readonly [number, number] | null>(null);
  private readonly _kinds = signal<ReadonlyMap<string, OutputKind>>(new Map());

  constructor(private readonly view = new ViewState()) {}

  readonly points = this._points.asReadonly();
  readonly latest = computed<Metrics | null>(() => this._points().at(-1)?.m ?? null);
  /** Where charts get their numbers from. */
  readonly source: SeriesSource = new FrameSource(this._points);
  /** The last minute, for the small lines in the cards. */
  readonly lastMinute = computed(() => this.back(60));
  /** The part of time that was dragged over, in seconds since 1970; null for none. */
  readonly zoom = computed(() => {
    const zoom = this._zoom();
    return zoom && zoom[1] > (this._points()[0]?.at ?? Infinity) ? zoom : null; // what is forgotten is not shown
  });
  /** The time that the charts show numbers of. */
  readonly shown = computed(() => this.zoom() ?? this.back(this.view.minutes() * 60));

  readonly modelNames = computed(() => Object.keys(this.latest()?.models ?? {}).sort(), { equal: same });
  /** The model that is looked at, chosen or the only one; null for all. */
  readonly focus = computed(() => this.model() ?? (this.modelNames().length === 1 ? this.modelNames()[0]! : null));
  /** The model that was chosen; null for all. */
  readonly model = computed(() => {
    const name = this.view.model();
    return name !== null && this.modelNames().includes(name) ? name : null;
  });

  /** The moment that all charts point at, in seconds. */
  readonly cursor = this._cursor.asReadonly();

  /** The last ten, newest first. */
  readonly alerts = this._alerts.asReadonly();
  readonly banner = computed(() => this._alerts().filter((a) => a.firing && !this._dismissed().has(a.key)));

  /** What the banner does not show. */
  readonly past = computed(() => this._alerts().filter((a) => !this.banner().includes(a)));
  /** What fires now, by the server's name for it: its value and the worst so far. */
  readonly firing = computed(() => new Map((this.latest()?.firing ?? []).map((f) => [f.id, f])));
  /** The last fifty, newest first. */
  readonly notes = this._notes.asReadonly();
  readonly noteProblem = this._noteProblem.asReadonly();
  /** The note that was sent and has not come back. */
  readonly pendingNote = this._pendingNote.asReadonly();
  /** What the server said was wrong with something else than a note. */
  readonly problem = this._problem.asReadonly();
  readonly presence = this._presence.asReadonly();
  /** The groups that the dashboard's socket is in. */
  readonly groups = this._groups.asReadonly();
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
    if (this._pendingNote() !== null) this.noteFailed('the connection was lost before it was taken; see whether it is there, or send it again');
  }

  add(frames: readonly Metrics[]): void {
    this._points.update((old) => mergePoints(old, frames.map(point)));
  }

  /** Learns of what kind the models are: no frame tells. */
  learn(models: readonly Pick<ModelInfo, 'name' | 'classes' | 'outputs'>[]): void {
    this._kinds.set(new Map(models.map((m) => [m.name, kindOf(m)])));
  }

  /** How it is measured how right a model is, or all together; null where it is not. */
  measureOf(model: string | null): Measure | null {
    const kind = model === null ? undefined : this._kinds().get(model);
    return kind ? KINDS[kind].measure : ACCURACY;
  }

  /** Takes an alert; at says when it changed, if not now (null: not known). */
  alert(alert: Alert, at: string | null = this.latest()?.timestamp ?? new Date().toISOString()): void {
    const key = keyOf(alert);
    const firing = alert.state === 'firing';
    this._alerts.update((old) => {
      const known = old.find((a) => a.key === key);
      if (firing && known?.alert.state === 'resolved') return old; // told twice: its end came first
      // A tab that was hidden knows older frames only.
      const until = firing ? null : (known?.until ?? (at !== null && seconds(at) < seconds(alert.since) ? alert.since : at));
      const entry = { key, alert, firing, until };
      const rest = old.filter((a) => a.key !== key);
      return [...rest, entry].sort((a, b) => seconds(b.alert.since) - seconds(a.alert.since)).slice(0, ALERTS_KEPT);
    });
    // A dismissed alert that became worse is shown again; one that fires anew has
    // another key.
    this._dismissed.update((old) => {
      const was = old.get(key);
      if (was === undefined || (firing && !worse(alert.severity, was))) return old;
      return without(old, key);
    });
  }

  /** When a frame of this number was measured, if it is still held. */
  timeOf(seq: number): string | null {
    return this._points().findLast((p) => p.m.seq === seq)?.m.timestamp ?? null;
  }

  dismiss(key: string): void {
    const entry = this._alerts().find((a) => a.key === key);
    if (entry) this._dismissed.update((old) => new Map(old).set(key, entry.alert.severity));
  }

  note(note: Note): void {
    const key = `${note.time} ${note.author} ${note.group ?? ''} ${note.text}`;
    this._typing.update((old) => without(old, note.author));
    if (note.text === this._pendingNote()) {
      this._pendingNote.set(null);
      this._noteProblem.set(null);
    }
    this._notes.update((old) =>
      old.some((n) => n.key === key)
        ? old
        : [{ ...note, key }, ...old].sort((a, b) => seconds(b.time) - seconds(a.time)).slice(0, NOTES_KEPT),
    );
  }

  noteSent(text: string): void {
    this._pendingNote.set(text);
    this._noteProblem.set(null);
  }

  noteFailed(problem: string): void {
    this._pendingNote.set(null);
    this._noteProblem.set(problem);
  }

  /** Takes an error of the socket: it is the note's while one is on its way. */
  fail(problem: string): void {
    if (this._pendingNote() !== null) this.noteFailed(problem);
    else this._problem.set(problem);
  }

  dismissProblem(): void {
    this._problem.set(null);
  }

  setPresence(presence: Presence | null): void {
    this._presence.set(presence);
  }

  setGroups(groups: readonly string[]): void {
    this._groups.set(groups);
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

  showPart(zoom: readonly [number, number] | null): void {
    this._zoom.set(zoom);
  }

  point(at: number | null): void {
    this._cursor.set(at);
  }

  /** The last so many seconds before the newest point. */
  private back(seconds: number): readonly [number, number] {
    const last = this._points().at(-1)?.at ?? Date.now() / 1000;
    return [last - seconds + 1e-3, last]; // a point a whole minute before it is of another minute
  }
}

/** The server's name for what is watched, and when it began to fire. */
const keyOf = (a: Alert) => `${a.id ?? a.metric} ${a.since}`;

const worse = (a: Alert['severity'], b: Alert['severity']) => a === 'critical' && b !== 'critical';

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((x, i) => x === b[i]);
}

function without<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  if (!map.has(key)) return map;
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}
