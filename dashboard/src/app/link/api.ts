import { inject, Injectable, InjectionToken } from '@angular/core';
import type { AlertsAnswer, ModelsAnswer, Problem, QualityAnswer } from './client';

/** The browser's fetch, or a stand-in for it. */
export const FETCH = new InjectionToken<typeof fetch>('fetch', { providedIn: 'root', factory: () => (...args) => fetch(...args) });

/** What the server refused, as its problem+json tells. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
    /** The server's code of the error; null where it told none. */
    readonly code: string | null,
  ) {
    super(message);
  }
}

/** The JSON of /api. Every request of the page that is no socket goes through `get`. */
@Injectable({ providedIn: 'root' })
export class Api {
  private readonly fetch = inject(FETCH);

  models(signal: AbortSignal): Promise<ModelsAnswer> {
    return this.get('api/models', signal);
  }

  quality(signal: AbortSignal): Promise<QualityAnswer> {
    return this.get('api/quality', signal);
  }

  alerts(signal: AbortSignal): Promise<AlertsAnswer> {
    return this.get('api/alerts', signal);
  }

  private async get<T>(path: string, signal: AbortSignal): Promise<T> {
    const answer = await this.fetch(path, { signal, headers: { Accept: 'application/json' } });
    if (answer.ok) return (await answer.json()) as T;
    const problem: Problem = answer.headers.get('Content-Type')?.startsWith('application/problem+json')
      ? await answer.json().catch(() => ({}))
      : {};
    const { detail, title, code = null } = problem;
    throw new ApiError(`${path} answered ${answer.status}${detail ?? title ? `: ${detail ?? title}` : ''}`, answer.status, code);
  }
}

/** Why a request failed, in words for people. */
export function reason(error: unknown): string {
  return error instanceof TypeError ? 'the server does not answer' : error instanceof Error ? error.message : String(error);
}
