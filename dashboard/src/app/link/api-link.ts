import { computed, effect, type EffectRef, inject, Injectable, untracked } from '@angular/core';
import type { ModelFacts } from '../models/models.state';
import type { ModelQuality } from '../quality/quality.state';
import { Store } from '../store/store';

const QUALITY_EVERY = 2000; // ms

/** Fetches what the Quality and Models pages show, while they are looked at. */
@Injectable({ providedIn: 'root' })
export class ApiLink {
  private readonly store = inject(Store);
  private looking: AbortController | null = null;
  private readonly connected = computed(() => this.store.shell.status().status === 'connected');
  private watch: EffectRef | null = null;

  start(): void {
    const { shell } = this.store;
    this.watch = effect(() => {
      const route = shell.route();
      const connected = this.connected(); // after a reconnect it may be another server
      untracked(() => {
        this.looking?.abort();
        const { signal } = (this.looking = new AbortController());
        // Live asks which models have an error in place of an accuracy.
        if (route === 'models' || (route === 'live' && connected)) void this.models(signal);
        if (route === 'quality') void this.poll(signal);
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
      const { models } = await read<{ models: ModelQuality[] }>('api/quality', signal);
      if (!signal.aborted) quality.set(models);
    } catch (error) {
      if (!signal.aborted) quality.fail(reason(error));
    }
  }

  private async models(signal: AbortSignal): Promise<void> {
    const { models } = this.store;
    try {
      const answer = await read<{ models: ModelFacts[] }>('api/models', signal);
      if (signal.aborted) return;
      models.set(answer.models);
      this.store.live.learn(answer.models);
    } catch (error) {
      if (!signal.aborted) models.fail(reason(error));
    }
  }
}

async function read<T>(path: string, signal: AbortSignal): Promise<T> {
  const answer = await fetch(path, { signal });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
  return (await answer.json()) as T;
}

function reason(error: unknown): string {
  return error instanceof TypeError ? 'the server does not answer' : error instanceof Error ? error.message : String(error);
}
