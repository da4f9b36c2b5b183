import { effect, type EffectRef, inject, Injectable, InjectionToken, untracked } from '@angular/core';
import { notAToken, refusal } from '../access/words';
import { Store } from '../store/store';
import { Api, ApiError, reason } from './api';
import type { Me } from './client';
import { Credentials } from './credentials';

/** Begins the page anew, for somebody else: nothing of what was shown stays. */
export const RESTART = new InjectionToken<(token: string | null) => void>('restart', { providedIn: 'root', factory: () => () => undefined });

const REFUSED = refusal({ closeCode: 1008, closeReason: 'unauthorized' })!;
const ASKED = refusal({ closeCode: 1008, closeReason: 'auth_required' })!;

/** Finds out who looks at the page, and what they may do: asks the server, and people for a token. */
@Injectable({ providedIn: 'root' })
export class Gate {
  private readonly store = inject(Store);
  private readonly api = inject(Api);
  private readonly credentials = inject(Credentials);
  private readonly restart = inject(RESTART);
  private ended = new AbortController();
  private watch: EffectRef | null = null;
  private tries = 0;

  start(): void {
    this.ended = new AbortController();
    void this.begin();
    const { access, shell } = this.store;
    // A server that was away when the page was opened has not said who this is.
    this.watch = effect(() => {
      if (shell.status().status !== 'reconnecting' && access.session() > 0 && access.me() === null) untracked(() => void this.learn());
    });
  }

  stop(): void {
    this.watch?.destroy();
    this.ended.abort();
  }

  /** Shows a token that somebody brought; tells whether the server took it. */
  async enter(text: string): Promise<boolean> {
    const { access } = this.store;
    const token = text.trim().replace(/^Bearer\s+/i, '');
    const wrong = notAToken(token);
    if (wrong) {
      access.refuse(wrong);
      return false;
    }
    const mine = ++this.tries;
    access.showing();
    try {
      const me = await this.api.me(token, this.ended.signal);
      if (mine !== this.tries) return false;
      this.letIn(me, token);
      return true;
    } catch (error) {
      if (mine !== this.tries || this.ended.signal.aborted) return false;
      const refused = error instanceof ApiError && error.status === 401;
      access.refuse(refused ? REFUSED : `Nobody could be asked: ${reason(error)}.`);
      return false;
    }
  }

  /** Signs out: nothing remains of who was here. */
  leave(): void {
    this.credentials.take(null);
    this.restart(null);
  }

  private letIn(me: Me, token: string | null): void {
    const { access } = this.store;
    const before = access.me();
    // What one user saw is not for another.
    if (before && before.user !== me.user) return this.restart(token);
    this.credentials.take(me.authentication === 'none' ? null : token);
    access.enter(me);
  }

  private async begin(): Promise<void> {
    const { access } = this.store;
    const token = this.credentials.show();
    if (token !== null && notAToken(token)) return this.turnAway();
    const mine = ++this.tries;
    try {
      const me = await this.api.me(token, this.ended.signal);
      if (mine === this.tries) this.letIn(me, token);
    } catch (error) {
      if (mine !== this.tries || this.ended.signal.aborted) return;
      // One that is away, or too old to know: sockets find out.
      if (error instanceof ApiError && error.status === 401) this.turnAway();
      else access.enter(null);
    }
  }

  /** Asks for a token, or for another than the address brought. */
  private turnAway(): void {
    const brought = this.credentials.show() !== null;
    this.credentials.take(null);
    this.store.access.lose(brought ? REFUSED : ASKED);
  }

  private async learn(): Promise<void> {
    try {
      const me = await this.api.me(this.credentials.show(), this.ended.signal);
      this.store.access.learn(me);
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) this.turnAway();
    }
  }
}
