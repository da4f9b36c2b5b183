import { computed, signal } from '@angular/core';
import type { StatusInfo } from '../link/client';

/** Seconds without a frame that are unusual: one comes every second. */
const UNUSUAL = 4;

/** What time it is, and how the connection does. */
export class ShellState {
  private readonly _status = signal<StatusInfo>({ status: 'reconnecting', attempt: 1, nextAttemptAt: null, reason: null });
  private readonly _now = signal(Date.now());
  private readonly _heard = signal<number | null>(null);

  readonly status = this._status.asReadonly();
  /** Milliseconds; moves once a second while the page is looked at. */
  readonly now = this._now.asReadonly();

  /** Whole seconds until the next attempt to connect; null when none is set. */
  readonly nextAttempt = computed(() => {
    const { status, nextAttemptAt } = this._status();
    if (status !== 'reconnecting' || !nextAttemptAt) return null;
    return Math.max(0, Math.ceil((nextAttemptAt - this._now()) / 1000));
  });

  /** Seconds without a frame on a living connection, once that is unusual. */
  readonly silence = computed(() => {
    const heard = this._heard();
    if (this._status().status !== 'connected' || heard === null) return null;
    const seconds = Math.floor((this._now() - heard) / 1000);
    return seconds >= UNUSUAL ? seconds : null;
  });

  /** Whether what is shown is of before: the connection is silent or gone. */
  readonly stale = computed(() => this._heard() !== null && (this._status().status !== 'connected' || this.silence() !== null));
  /** Seconds since the last frame, once what is shown is stale and that is worth telling. */
  readonly age = computed(() => {
    const seconds = Math.floor((this._now() - (this._heard() ?? 0)) / 1000);
    return this.stale() && seconds >= UNUSUAL ? seconds : null;
  });
  /** The state of the connection in a word. */
  readonly word = computed(() => {
    switch (this._status().status) {
      case 'connected': return this.silence() === null ? 'Live' : 'No data';
      case 'reconnecting': return 'Reconnecting';
      default: return 'Disconnected';
    }
  });

  setStatus(status: StatusInfo): void {
    this._status.set(status);
    this._now.set(Date.now());
    if (status.status === 'connected') this._heard.set(Date.now()); // the history comes at once
  }

  tick(now = Date.now()): void {
    this._now.set(now);
  }

  hear(): void {
    this._heard.set(Date.now());
  }
}
