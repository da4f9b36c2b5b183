import { effect, type EffectRef, inject, Injectable, InjectionToken, untracked } from '@angular/core';
import { mustSignIn } from '../access/words';
import { KEPT } from '../live/points';
import { Store } from '../store/store';
import { SESSION, socketAddress } from './address';
import { Api } from './api';
import { DashboardClient, type Metrics } from './client';
import { Credentials } from './credentials';
import { Frames } from './frames';
import { Notifier } from './notifier';

/** Opens the dashboard's socket, or a stand-in for it. */
export const DASHBOARD_CLIENT = new InjectionToken<() => DashboardClient>('dashboard client', {
  providedIn: 'root',
  factory: () => {
    const credentials = inject(Credentials);
    return () => new DashboardClient(socketAddress('ws/dashboard'), { session: SESSION, token: credentials.show() ?? undefined });
  },
});

/** How long after its begin a connection tells what it told before, in milliseconds. */
const SETTLED = 2000;

/**
 * Brings what /ws/dashboard sends into the store. Metrics go there in animation
 * frames: a hidden tab keeps the newest ten minutes aside and draws nothing.
 * There is a socket for each time that somebody was let in who may see it.
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
  private opening: EffectRef | null = null;
  /** The groups that are joined on every socket. */
  private readonly groups = new Set<string>();

  start(): void {
    const { access } = this.store;
    this.opening = effect(() => {
      const session = access.session();
      const mayLook = access.may('dashboard');
      untracked(() => {
        this.close();
        if (session > 0 && mayLook) this.open();
      });
    });
  }

  private open(): void {
    const { access, inbox, live, shell } = this.store;
    const client = this.make();
    this.client = client;
    client.status.subscribe((status) => {
      if (client !== this.client) return;
      shell.setStatus(status);
      const why = mustSignIn(status);
      if (why) access.lose(why);
    });
    client.groups.subscribe((groups) => client === this.client && live.setGroups(groups));
    for (const group of this.groups) this.join(group).catch(() => undefined); // it is not among those that are shown as joined
    client.on('notification', (notification) => inbox.add(notification));
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
    this.opening?.destroy();
    this.close();
  }

  private close(): void {
    this.frames.drop(this);
    this.flush();
    this.recalling?.abort();
    const { client } = this;
    this.client = null; // what it says from now on is not heard
    client?.close();
  }

  reconnect(): void {
    this.client?.reconnect();
  }

  note(text: string, group: string | null): void {
    this.store.live.noteSent(text);
    this.client?.note(text, { group: group ?? undefined });
  }

  async join(group: string): Promise<void> {
    await this.client?.join(group);
    this.groups.add(group);
  }

  async leave(group: string): Promise<void> {
    this.groups.delete(group);
    await this.client?.leave(group);
  }

  /** Takes a model's error of now for what is normal. */
  acceptBaseline(model: string): void {
    this.client?.acceptBaseline(model);
  }

  /** Keeps a model's calibration as it is, or lets labels change it again. */
  freezeCalibration(model: string, frozen: boolean): void {
    this.client?.freezeCalibration(model, frozen);
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
