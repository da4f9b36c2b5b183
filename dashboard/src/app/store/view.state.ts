import { signal } from '@angular/core';
import type { QualityBy, QualityWindow } from '../link/client';
import { PAGES, type PageId } from '../shell/pages';

const DEFAULT_MINUTES = 5;
export const MINUTES = [1, 5, 10] as const;
export const WINDOWS: readonly QualityWindow[] = ['1h', '6h', '1d', '7d', '30d', '1y'];

/** How the pages are looked at. */
export interface View {
  /** The model that was asked for, whether or not there is one of this name; null for the server's default, on Live for all. */
  readonly model: string | null;
  /** How much of the past Live shows. */
  readonly minutes: number;
  /** Whether Live draws latencies on a logarithmic scale. */
  readonly log: boolean;
  /** How much of the past Quality shows. */
  readonly window: QualityWindow;
  /** What puts rows into steps of time there. */
  readonly by: QualityBy;
}

/**
 * Which page is shown, and how: what the address says. One choice of a model
 * holds on every page. Navigation alone changes it.
 */
export class ViewState {
  private readonly _page = signal<PageId>('live');
  private readonly _model = signal<string | null>(null);
  private readonly _minutes = signal(DEFAULT_MINUTES);
  private readonly _log = signal(false);
  private readonly _window = signal<QualityWindow>('1h');
  private readonly _by = signal<QualityBy>('prediction');

  readonly page = this._page.asReadonly();
  readonly model = this._model.asReadonly();
  readonly minutes = this._minutes.asReadonly();
  readonly log = this._log.asReadonly();
  readonly window = this._window.asReadonly();
  readonly by = this._by.asReadonly();

  /** Takes what an address says; what it gets wrong is as it is at first. */
  look(path: string, params: { get(name: string): string | null }): void {
    this._page.set(PAGES.find((p) => p.id === path)?.id ?? 'live');
    this._model.set(params.get('model') || null);
    const minutes = Number(params.get('minutes'));
    this._minutes.set((MINUTES as readonly number[]).includes(minutes) ? minutes : DEFAULT_MINUTES);
    this._log.set(params.get('scale') === 'log');
    this._window.set(WINDOWS.find((w) => w === params.get('window')) ?? '1h');
    this._by.set(params.get('by') === 'label' ? 'label' : 'prediction');
  }

  /** The address of a page, looked at like this one but for what is changed. A plain link does: the router hears of it. */
  href(page: PageId, change: Partial<View> = {}): string {
    const params = new URLSearchParams(Object.entries(this.params(change)).map(([name, value]) => [name, String(value)]));
    return `#/${page}${params.size > 0 ? `?${params}` : ''}`;
  }

  /** The parameters of the address of another view, or of this one. What is as at first is left out. */
  params(change: Partial<View> = {}): Record<string, string | number> {
    const { model, minutes, log, window, by } = { model: this.model(), minutes: this.minutes(), log: this.log(), window: this.window(), by: this.by(), ...change };
    return {
      ...(minutes !== DEFAULT_MINUTES && { minutes }),
      ...(model !== null && { model }),
      ...(log && { scale: 'log' }),
      ...(window !== '1h' && { window }),
      ...(by !== 'prediction' && { by }),
    };
  }
}
