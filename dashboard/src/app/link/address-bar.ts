import { effect, type EffectRef, inject, Injectable, untracked } from '@angular/core';
import { paramsOf } from '../shell/routes';
import { Store } from '../store/store';

/**
 * Keeps what is looked at in the page's address, to be kept and sent around:
 * #/live?minutes=10&model=digits&scale=log, and the model of the other pages.
 */
@Injectable({ providedIn: 'root' })
export class AddressBar {
  private readonly store = inject(Store);
  private watch: EffectRef | null = null;

  start(): void {
    addEventListener('hashchange', this.read);
    this.read();
    this.watch = effect(() => {
      const hash = `#/${this.store.shell.route()}${this.choices()}`;
      untracked(() => {
        if (location.hash !== hash && (location.hash !== '' || hash !== '#/live')) history.replaceState(null, '', hash);
      });
    });
  }

  stop(): void {
    removeEventListener('hashchange', this.read);
    this.watch?.destroy();
  }

  /** Takes what an address says. One that says nothing, as those of the navigation,
   * leaves what was chosen before. */
  private readonly read = () => {
    const { shell, live, trial, quality } = this.store;
    shell.go(location.hash);
    const params = paramsOf(location.hash), model = params.get('model');
    if (params.size === 0) return;
    if (shell.route() === 'live') live.look(params);
    if (shell.route() === 'try' && model !== null && model !== trial.chosen()) trial.choose(model);
    if (shell.route() === 'quality' && model !== null) quality.show(model);
  };

  private choices(): string {
    const { shell, live, trial, quality } = this.store;
    const model = (name: string | null) => (name === null ? '' : `?${new URLSearchParams({ model: name })}`);
    switch (shell.route()) {
      case 'live': return live.address();
      case 'try': return model(trial.chosen());
      case 'quality': return model(quality.chosen());
      case 'models': return '';
    }
  }
}
