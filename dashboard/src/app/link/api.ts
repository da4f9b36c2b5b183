import { inject, Injectable, InjectionToken } from '@angular/core';
import { refusal } from '../access/words';
import { Store } from '../store/store';
import type { AlertsAnswer, Me, ModelsAnswer, Problem, QualityAnswer } from './client';
import { bearer, Credentials } from './credentials';

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
  private readonly credentials = inject(Credentials);
  private readonly access = inject(Store).access;

  /** Who the holder of a token is; of none, where that is nobody or anybody. */
  me(token: string | null, signal: AbortSignal): Promise<Me> {
    return this.ask('api/me', token, signal);
  }

  models(signal: AbortSignal): Promise<ModelsAnswer> {
    return this.get('api/models', signal);
  }

  quality(signal: AbortSignal): Promise<QualityAnswer> {
    return this.get('api/quality', signal);
  }

  alerts(signal: AbortSignal): Promise<AlertsAnswer> {
    return this.get('api/alerts', signal);
  }

  /** What stands at a path of /api. */
  get<T>(path: string, signal: AbortSignal): Promise<T> {
    return this.admitted((token) => this.ask(path, token, signal));
  }

  /** A file, which a link could not fetch: it shows no token. */
  file(path: string, signal: AbortSignal): Promise<Blob> {
    return this.admitted(async (token) => (await this.answer(path, token, signal)).blob());
  }

  private async admitted<T>(ask: (token: string | null) => Promise<T>): Promise<T> {
    const session = this.access.session();
    try {
      return await ask(this.credentials.show());
    } catch (error) {
      const refused = error instanceof ApiError && error.status === 401;
      // An answer may be to a token of before.
      if (refused && session > 0 && session === this.access.session()) {
        this.access.lose(refusal({ closeCode: 1008, closeReason: this.credentials.show() === null ? 'auth_required' : 'unauthorized' })!);
      }
      throw error;
    }
  }

  private async ask<T>(path: string, token: string | null, signal: AbortSignal): Promise<T> {
    return (await this.answer(path, token, signal, 'application/json')).json() as Promise<T>;
  }

  private async answer(path: string, token: string | null, signal: AbortSignal, accept = '*/*'): Promise<Response> {
    const answer = await this.fetch(path, { signal, headers: { Accept: accept, ...bearer(token) } });
    if (answer.ok) return answer;
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
