import { computed, signal } from '@angular/core';
import type { Me } from '../link/client';

/** What a token may allow, in the order in which it is told. */
export const ACTIONS = ['predict', 'feedback', 'dashboard', 'notes', 'admin'] as const;
export type Action = (typeof ACTIONS)[number];

/** Who looks at the page, and what the server lets them do. The token itself is not kept here: see Credentials. */
export class AccessState {
  private readonly _me = signal<Me | null>(null);
  private readonly _in = signal(false);
  private readonly _session = signal(0);
  private readonly _renewing = signal(false);
  private readonly _busy = signal(false);
  private readonly _why = signal<string | null>(null);
  private readonly _out = signal(false);

  /** Null before the server has said it, and of one that is too old to. */
  readonly me = this._me.asReadonly();
  /** Another number for every time that somebody was let in; 0 while nobody is. Sockets belong to one. */
  readonly session = computed(() => (this._in() ? this._session() : 0));
  /** Whether a token is asked for, in place of the page. */
  readonly asks = computed(() => this._out() || this._renewing());
  /** Whether one may go back to the page without one. */
  readonly renewing = computed(() => this._renewing() && !this._out());
  /** A token is on its way to the server. */
  readonly busy = this._busy.asReadonly();
  /** Why a token is asked for, in words. */
  readonly why = this._why.asReadonly();
  /** Whether people sign in here at all. */
  readonly signedIn = computed(() => this._in() && this._me()?.authentication === 'token');

  /** Whether something is allowed with the model of a name; without one, with any. What is not known is tried. */
  may(action: Action, model?: string | null): boolean {
    const me = this._me();
    if (!me || me.authentication === 'none') return true;
    return me.scopes.some((scope) => {
      const [name, only] = cut(scope);
      return name === action && (!model || only === null || only === model.split('@')[0]);
    });
  }

  /** A token is shown to the server. */
  showing(): void {
    this._busy.set(true);
  }

  /** The server let somebody in; null where it did not say whom. */
  enter(me: Me | null): void {
    this._me.set(me);
    this._session.update((n) => n + 1);
    this._in.set(true);
    this._out.set(false);
    this._renewing.set(false);
    this._busy.set(false);
    this._why.set(null);
  }

  /** Learns who is in. */
  learn(me: Me): void {
    this._me.set(me);
  }

  /** The server wants a token, or another one. What the page shows is kept behind the question. */
  lose(why: string): void {
    if (this._out()) return; // the first reason tells most
    this._in.set(false);
    this._out.set(true);
    this._busy.set(false);
    this._why.set(why);
  }

  /** A token that was pasted is of no use. */
  refuse(why: string): void {
    this._busy.set(false);
    this._why.set(why);
  }

  /** Asks for a token while the old one still holds. */
  renew(): void {
    this._renewing.set(true);
    this._why.set(null);
  }

  goBack(): void {
    this._renewing.set(false);
  }
}

/** A scope's action, and the one model that it is about, if it is. */
export function cut(scope: string): [action: string, model: string | null] {
  const at = scope.indexOf(':');
  return at < 0 ? [scope, null] : [scope.slice(0, at), scope.slice(at + 1)];
}
