import { computed, signal } from '@angular/core';
import type { Notification } from '../link/client';

export const KEPT = 50;
const SHOWN = 3;

export interface Message {
  readonly key: string;
  readonly text: string;
  readonly from: string;
  /** RFC 3339. */
  readonly time: string;
  readonly group: string | null;
}

/** What was sent to whoever looks at the page, and is not put away yet. */
export class InboxState {
  private readonly _messages = signal<readonly Message[]>([]);
  private readonly seen = new Set<string>(); // both sockets bring each message

  /** Newest first. */
  readonly messages = this._messages.asReadonly();
  readonly shown = computed(() => this._messages().slice(0, SHOWN));
  readonly more = computed(() => this._messages().length - this.shown().length);

  add({ message, from, time, group }: Notification): void {
    const key = JSON.stringify([time, from, group, message]);
    if (this.seen.has(key)) return;
    this.seen.add(key);
    for (const old of this.seen) if (this.seen.size > 2 * KEPT) this.seen.delete(old);
    this._messages.update((all) => [{ key, text: message, from, time, group: group ?? null }, ...all].slice(0, KEPT));
  }

  dismiss(key: string): void {
    this._messages.update((all) => all.filter((m) => m.key !== key));
  }

  dismissAll(): void {
    this._messages.set([]);
  }
}
