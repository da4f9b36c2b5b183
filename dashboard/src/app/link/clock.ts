import { inject, Injectable, InjectionToken } from '@angular/core';
import { Store } from '../store/store';

/** The time, in milliseconds since 1970. */
export const NOW = new InjectionToken<() => number>('now', { providedIn: 'root', factory: () => () => Date.now() });

/** Moves the store's clock once a second while the page is looked at. */
@Injectable({ providedIn: 'root' })
export class Clock {
  private readonly store = inject(Store);
  private readonly now = inject(NOW);
  private timer: ReturnType<typeof setInterval> | undefined;

  start(): void {
    document.addEventListener('visibilitychange', this.see);
    this.see();
  }

  stop(): void {
    document.removeEventListener('visibilitychange', this.see);
    clearInterval(this.timer);
  }

  private readonly see = () => {
    clearInterval(this.timer);
    if (document.hidden) return;
    this.tick();
    this.timer = setInterval(() => this.tick(), 1000);
  };

  private tick(): void {
    this.store.shell.tick(this.now());
    this.store.live.expireTyping(this.now());
  }
}
