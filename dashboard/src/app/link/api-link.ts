import { computed, effect, type EffectRef, inject, Injectable, untracked } from '@angular/core';
import { Store } from '../store/store';
import { Api, reason } from './api';

const QUALITY_EVERY = 2000; // ms

/** Fetches what the Quality and Models pages show, while they are looked at. */
@Injectable({ providedIn: 'root' })
export class ApiLink {
  private readonly store = inject(Store);
  private readonly api = inject(Api);
  private looking: AbortController | null = null;
  private readonly connected = computed(() => this.store.shell.status().status === 'connected');
  private watch: EffectRef | null = null;

  start(): void {
    const { view } = this.store;
    this.watch = effect(() => {
      const page = view.page();
      const connected = this.connected(); // after a reconnect it may be another server
      untracked(() => {
        this.looking?.abort();
        const { signal } = (this.looking = new AbortController());
        // Live asks by what measure it is told how right each model is.
        if (page === 'models' || (page === 'live' && connected)) void this.models(signal);
        if (page === 'quality') {
          void this.models(signal); // whose kinds the ranges of time need
          void this.poll(signal);
        }
      });
    });
  }

  stop(): void {
    this.looking?.abort();
    this.watch?.destroy();
  }

  /** Asks again some time after each answer: answers neither overtake each other
   * nor pile up on a slow server. */
  private async poll(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (!document.hidden) await this.quality(signal);
      await new Promise((resolve) => setTimeout(resolve, QUALITY_EVERY));
    }
  }

  private async quality(signal: AbortSignal): Promise<void> {
    const { quality } = this.store;
    try {
      const { models } = await this.api.quality(signal);
      if (!signal.aborted) quality.set(models);
    } catch (error) {
      if (!signal.aborted) quality.fail(reason(error));
    }
  }

  private async models(signal: AbortSignal): Promise<void> {
    const { models } = this.store;
    try {
      const answer = await this.api.models(signal);
      if (signal.aborted) return;
      models.set(answer.models);
      this.store.live.learn(answer.models);
    } catch (error) {
      if (!signal.aborted) models.fail(reason(error));
    }
  }
}
