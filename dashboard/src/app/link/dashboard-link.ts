import { inject, Injectable, InjectionToken } from '@angular/core';
import { KEPT } from '../live/points';
import { Store } from '../store/store';
import { SESSION, socketAddress } from './address';
import { Api } from './api';
import { DashboardClient, type Metrics } from './client';
import { Frames } from './frames';
import { Notifier } from './notifier';

/** Opens the dashboard's socket, or a stand-in for it. */
export const DASHBOARD_CLIENT = new InjectionToken<() => DashboardClient>('dashboard client', {
  providedIn: 'root',
  factory: () => () => new DashboardClient(socketAddress('ws/dashboard'), { session: SESSION }),
});

/** How long after its begin a connection tells what it told before, in milliseconds. */
const SETTLED = 2000;

/**
 * Brings what /ws/dashboard sends into the store. Metrics go there in animation
 * frames: a hidden tab keeps the newest ten minutes aside and draws nothing.
 */
@Injectable({ providedIn: 'root' })
export class DashboardLink {
  private readonly store = inject(Store);
  private readonly frames = inject(Frames);
  private readonly api = inject(Api);
  private readonly make = inject(DASHBOARD_CLIENT);
  private client: DashboardClient | null = null;
  private recalling: AbortController | null = null;
  private readonly notifier = inject(Notifier);
  private waiting: Metrics[] = [];
  private connected = 0;

  start(): void {
    const { live, shell } = this.store;
    const client = this.make();
    this.client = client;
    client.status.subscribe((status) => shell.setStatus(status));
    client.on('history', (history) => {
      this.flush();
      this.connected = performance.now();
      live.begin(history.points);
      void this.recallAlerts();
    });
    client.on('metrics', (frame) => this.hold(frame));
    // The newest frame may wait for a picture, in a hidden tab for long.
    client.on('alert', (alert) => {
      live.alert(alert, (this.waiting.at(-1) ?? live.latest())?.timestamp);
      // What fired before is told again with every connection.
      if (performance.now() - this.connected > SETTLED) this.notifier.tell(alert);
    });
    client.on('note', (note) => live.note(note));
    client.on('presence', (presence) => live.setPresence(presence));
    client.on('typing', ({ user }) => live.startTyping(user, Date.now()));
    client.on('error', (error) => live.fail(error.message));
  }

  stop(): void {
    this.frames.drop(this);
    this.recalling?.abort();
    this.client?.close();
    this.client = null;
  }

  reconnect(): void {
    this.client?.reconnect();
  }

  note(text: string): void {
    this.store.live.noteSent(text);
    this.client?.note(text);
  }

  /** Takes a model's error of now for what is normal. */
  acceptBaseline(model: string): void {
    this.client?.acceptBaseline(model);
  }

  /** Tells the others that somebody writes; call it with every key. */
  typing(): void {
    this.client?.typing();
  }

  private hold(frame: Metrics): void {
    this.waiting.push(frame);
    if (this.waiting.length > KEPT) this.waiting.shift();
    this.frames.next(this, () => this.flush());
  }

  private flush(): void {
    if (this.waiting.length === 0) return;
    this.store.live.add(this.waiting);
    this.store.shell.hear();
    this.waiting = [];
  }

  /** Fetches the alerts of before this page was opened. */
  private async recallAlerts(): Promise<void> {
    this.recalling?.abort();
    const { signal } = (this.recalling = new AbortController());
    try {
      const { alerts } = await this.api.alerts(signal);
      const { live } = this.store;
      for (const { seq, ...alert } of alerts) live.alert(alert, live.timeOf(seq));
    } catch {
      // The connection was lost again, and the next one asks again; or an older server remembers none.
    }
  }
}
