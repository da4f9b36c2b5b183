import { afterNextRender, ChangeDetectionStrategy, Component, computed, DestroyRef, effect, type ElementRef, inject, signal, untracked, viewChild } from '@angular/core';
import { RouterOutlet } from '@angular/router';
import { lacks } from '../access/words';
import { ApiLink } from '../link/api-link';
import { Clock } from '../link/clock';
import { DashboardLink } from '../link/dashboard-link';
import { Gate } from '../link/gate';
import { Store } from '../store/store';
import { Part } from '../views/part';
import { AlertBanner } from './alert-banner';
import { Connection } from './connection';
import { Navigation } from './navigation';
import { PAGES } from './pages';
import { preload } from './routes';
import './together';

/** How long after the first page the others are fetched, in milliseconds. */
const SOON = 2000;

type Door = typeof import('../access/door');

/** The frame around the pages: navigation, connection, what fires now. */
@Component({
  selector: 'ps-app',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [AlertBanner, Connection, Part, RouterOutlet],
  template: `
    <a class="skip" href="#main" (click)="skip($event)">Skip to the page</a>
    <header class="top">
      <p class="brand"><svg width="22" height="22" aria-hidden="true" viewBox="0 0 32 32"><rect width="32" height="32" rx="6" fill="#0b6e99"/><path d="M6 9h9a5 5 0 0 1 5 5v4a5 5 0 0 0 5 5h1" fill="none" stroke="#fff" stroke-width="5"/></svg> Penstock</p>
      @if (!access.asks()) {
        <nav aria-label="Pages">
          @for (p of pages; track p.id) {
            <a [href]="view.href(p.id)" [attr.aria-current]="view.page() === p.id ? 'page' : null">{{ p.label }}</a>
          }
        </nav>
        @if (access.may('dashboard')) { <ps-connection /> }
        @if (access.signedIn() ? door() : null; as d) { <ng-container [psPart]="d.Account" /> }
      }
    </header>
    @if (!access.asks()) { <ps-alert-banner /> }
    <main id="main" tabindex="-1" #main>
      @if (access.asks()) { @if (door(); as d) { <ng-container [psPart]="d.SignIn" /> } @else { <p class="none">Loading…</p> } }
      @else if (barred(); as why) { <section class="blank"><h1>{{ title() }}</h1><p>{{ why }}</p></section> }
      <div class="page" [hidden]="access.asks() || barred() !== null"><router-outlet /></div>
    </main>
    @if (!access.asks() && inbox.shown().length > 0) { @if (door(); as d) { <ng-container [psPart]="d.Inbox" /> } }
  `,
})
export class App {
  protected readonly pages = PAGES;
  private readonly store = inject(Store);
  protected readonly view = this.store.view;
  protected readonly access = this.store.access;
  protected readonly inbox = this.store.inbox;
  protected readonly door = signal<Door | null>(null);
  protected readonly title = computed(() => PAGES.find((p) => p.id === this.view.page())!.label);
  /** Why the page is not shown. */
  protected readonly barred = computed(() => {
    const needs = this.view.page() === 'try' ? 'predict' : 'dashboard';
    return this.access.may(needs) ? null : lacks(needs);
  });
  private readonly main = viewChild.required<ElementRef<HTMLElement>>('main');

  constructor() {
    const links = [inject(Gate), inject(Navigation), inject(Clock), inject(DashboardLink), inject(ApiLink)];
    for (const link of links) link.start();
    const destroyed = inject(DestroyRef);
    destroyed.onDestroy(() => { for (const link of links) link.stop(); });
    const { live: { banner }, shell } = this.store;
    afterNextRender(() => { const timer = setTimeout(preload, SOON); destroyed.onDestroy(() => clearTimeout(timer)); });
    effect(() => {
      if (this.access.asks() || this.access.signedIn() || this.inbox.shown().length > 0) import('../access/door').then((door) => this.door.set(door), () => undefined);
    });
    let page = this.view.page();
    effect(() => {
      if (this.view.page() === page) return;
      page = this.view.page();
      this.focusPage();
    });
    effect(() => {
      const firing = banner().length;
      const title = this.title();
      const place = this.access.asks() ? 'Sign in' : shell.word() === 'Live' || !this.access.may('dashboard') ? title : shell.word();
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
