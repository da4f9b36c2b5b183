import { inject, Injectable, InjectionToken } from '@angular/core';

/** The token that the page's address brought, if any. */
export const FIRST_TOKEN = new InjectionToken<string | null>('first token', { providedIn: 'root', factory: () => null });

/** The token of whoever looks at the page: in this field alone, never in storage, an address, a signal or a text. */
@Injectable({ providedIn: 'root' })
export class Credentials {
  private token = inject(FIRST_TOKEN);

  /** For a request, a socket or the next page alone. */
  show(): string | null {
    return this.token;
  }

  take(token: string | null): void {
    this.token = token;
  }
}

/** The header that shows a token. */
export function bearer(token: string | null): Record<string, string> {
  return token === null ? {} : { Authorization: `Bearer ${token}` };
}
