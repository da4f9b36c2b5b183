import { Injectable, signal } from '@angular/core';

/** The style sheet's colours, for what is drawn on a canvas. They follow the
 * system's preference for light or dark. */
@Injectable({ providedIn: 'root' })
export class Palette {
  private readonly known = new Map<string, string>();
  private readonly _version = signal(0);
  /** Changes with the colours. */
  readonly version = this._version.asReadonly();

  constructor() {
    for (const query of ['(prefers-color-scheme: dark)', '(forced-colors: active)']) {
      matchMedia(query).addEventListener('change', () => {
        this.known.clear();
        this._version.update((v) => v + 1);
      });
    }
  }

  colour(property: string): string {
    let colour = this.known.get(property);
    if (colour === undefined) {
      colour = getComputedStyle(document.documentElement).getPropertyValue(property).trim();
      this.known.set(property, colour);
    }
    return colour;
  }
}
