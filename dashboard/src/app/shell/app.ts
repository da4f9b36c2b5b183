import { ChangeDetectionStrategy, Component, DestroyRef, effect, type ElementRef, inject, untracked, viewChild } from '@angular/core';
import { AddressBar } from '../link/address-bar';
import { ApiLink } from '../link/api-link';
import { Clock } from '../link/clock';
import { DashboardLink } from '../link/dashboard-link';
import { PredictLink } from '../link/predict-link';
import { LivePage } from '../live/live-page';
import { ModelsPage } from '../models/models-page';
import { QualityPage } from '../quality/quality-page';
import { Store } from '../store/store';
import { TryPage } from '../try/try-page';
import { AlertBanner } from './alert-banner';
import { Connection } from './connection';
import { ROUTES } from './routes';

/** The frame around the pages: navigation, connection, what fires now. */
@Component({
  selector: 'ps-app',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [AlertBanner, Connection, LivePage, TryPage, QualityPage, ModelsPage],
  template: `
    <a class="skip" href="#main" (click)="skip($event)">Skip to the page</a>
    <header class="top">
      <p class="brand"><img src="icon.svg" alt="" width="22" height="22"> Penstock</p>
      <nav aria-label="Pages">
        @for (r of routes; track r.id) {
          <a [href]="'#/' + r.id" [attr.aria-current]="shell.route() === r.id ? 'page' : null">{{ r.label }}</a>
        }
      </nav>
      <ps-connection />
    </header>
    <ps-alert-banner />
    <main id="main" tabindex="-1" #main>
      @switch (shell.route()) {
        @case ('live') { <ps-live-page /> }
        @case ('try') { <ps-try-page /> }
        @case ('quality') { <ps-quality-page /> }
        @case ('models') { <ps-models-page /> }
      }
    </main>
  `,
})
export class App {
  protected readonly routes = ROUTES;
  protected readonly shell = inject(Store).shell;
  private readonly main = viewChild.required<ElementRef<HTMLElement>>('main');

  constructor() {
    const links = [inject(AddressBar), inject(Clock), inject(DashboardLink), inject(PredictLink), inject(ApiLink)];
    for (const link of links) link.start();
    inject(DestroyRef).onDestroy(() => { for (const link of links) link.stop(); });
    let route = this.shell.route();
    effect(() => {
      if (this.shell.route() === route) return;
      route = this.shell.route();
      this.focusPage();
    });
    const { banner } = inject(Store).live;
    effect(() => {
      const firing = banner().length;
      const place = this.shell.word() === 'Live' ? this.shell.title() : this.shell.word();
      document.title = `${firing > 0 ? `(${firing}) ` : ''}${place} · Penstock`;
    });
  }

  protected skip(event: Event): void {
    event.preventDefault(); // the hash is the page's address
    this.focusPage();
  }

  private focusPage(): void {
    untracked(() => this.main().nativeElement.focus({ preventScroll: true }));
    scrollTo(0, 0);
  }
}
