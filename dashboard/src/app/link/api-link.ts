import { effect, inject, Injectable, untracked } from '@angular/core';
import type { ModelFacts } from '../models/models.state';
import type { ModelQuality } from '../quality/quality.state';
import { Store } from '../store/store';

const QUALITY_EVERY = 2000; // ms

/** Fetches what the Quality and Models pages show, while they are looked at. */
@Injectable({ providedIn: 'root' })
export class ApiLink {
  private readonly store = inject(Store);
  private timer: ReturnType<typeof setInterval> | undefined;

  start(): void {
    const { shell } = this.store;
    effect(() => {
      const route = shell.route();
      shell.status(); // after a reconnect it may be another server
      clearInterval(this.timer);
      untracked(() => {
        if (route === 'models') void this.models();
        if (route !== 'quality') return;
        void this.quality();
        this.timer = setInterval(() => document.hidden || void this.quality(), QUALITY_EVERY);
      });
    });
  }

  private async quality(): Promise<void> {
    const { quality } = this.store;
    try {
      quality.set((await read<{ models: ModelQuality[] }>('api/quality')).models);
    } catch (error) {
      quality.fail(reason(error));
    }
  }

  private async models(): Promise<void> {
    const { models } = this.store;
    try {
      models.set((await read<{ models: ModelFacts[] }>('api/models')).models);
    } catch (error) {
      models.fail(reason(error));
    }
  }
}

async function read<T>(path: string): Promise<T> {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
  return (await answer.json()) as T;
}

function reason(error: unknown): string {
  return error instanceof TypeError ? 'the server does not answer' : error instanceof Error ? error.message : String(error);
}
