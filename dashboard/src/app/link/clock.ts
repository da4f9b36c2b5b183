import { inject, Injectable } from '@angular/core';
import { Store } from '../store/store';

/** Moves the store's clock once a second while the page is looked at. */
@Injectable({ providedIn: 'root' })
export class Clock {
  private readonly store = inject(Store);
  private timer: ReturnType<typeof setInterval> | undefined;

  start(): void {
    const see = () => {
      clearInterval(this.timer);
      if (document.hidden) return;
      this.tick();
      this.timer = setInterval(() => this.tick(), 1000);
    };
    document.addEventListener('visibilitychange', see);
    see();
  }

  private tick(): void {
    this.store.shell.tick();
    this.store.live.expireTyping(Date.now());
  }
}
