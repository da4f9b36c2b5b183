import { Location } from '@angular/common';
import { inject, Injectable } from '@angular/core';
import { NavigationEnd, Router, type UrlTree } from '@angular/router';
import { filter, type Subscription } from 'rxjs';
import { Store } from '../store/store';
import { type View, ViewState } from '../store/view.state';

/**
 * Keeps what is looked at in the page's address, to be kept, sent around and
 * gone back to. The address comes first: a choice goes there, and what it says
 * goes into the store.
 */
@Injectable({ providedIn: 'root' })
export class Navigation {
  private readonly router = inject(Router);
  private readonly location = inject(Location);
  private readonly view = inject(Store).view;
  private ends: Subscription | null = null;

  start(): void {
    this.read(this.location.path()); // the router takes a moment
    this.ends = this.router.events
      .pipe(filter((e) => e instanceof NavigationEnd))
      .subscribe((e) => this.read(e.urlAfterRedirects));
  }

  stop(): void {
    this.ends?.unsubscribe();
    this.ends = null;
  }

  /** Looks at the page otherwise. The way back leads here, unless the choice is about looks alone. */
  choose(change: Partial<View>): void {
    const looks = Object.keys(change).every((key) => key === 'log');
    const pending = this.router.currentNavigation();
    if (!pending) {
      void this.router.navigateByUrl(this.view.href(this.view.page(), change).slice(1), { replaceUrl: looks });
      return;
    }
    // Another page is on its way, which this would cancel: the choice is about that one.
    const next = new ViewState();
    look(next, pending.finalUrl ?? pending.extractedUrl);
    void this.router.navigateByUrl(next.href(next.page(), change).slice(1), { replaceUrl: pending.extras.replaceUrl ?? false });
  }

  private read(url: string): void {
    look(this.view, this.router.parseUrl(url));
  }
}

function look(view: ViewState, { root, queryParamMap }: UrlTree): void {
  view.look(root.children['primary']?.segments[0]?.path ?? '', queryParamMap);
}
