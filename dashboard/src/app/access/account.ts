import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { clock } from '../format';
import { Gate } from '../link/gate';
import { Store } from '../store/store';
import { Groups } from './groups';
import { rights } from './rights';

/** How long before its end a token's holder is reminded, in milliseconds. */
const SOON = 5 * 60_000;
const DAY = 24 * 3_600_000;

/** Who one is, what one may do and until when, and the way out. */
@Component({
  selector: 'ps-account',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Groups],
  template: `
    @if (access.me(); as me) {
      @if (soon()) { <p class="soon" role="status">Signed in until {{ clock(me.expires!) }}</p> <button type="button" class="small" (click)="access.renew()">Sign in again</button> }
      <details #box (keydown.escape)="box.open = false">
        <summary><span class="unseen">Signed in as </span><bdi>{{ me.user }}</bdi></summary>
        <div class="panel">
          <p>Signed in as <strong><bdi>{{ me.user }}</bdi></strong>, {{ until() }}.</p>
          <p>You may:</p>
          <ul>@for (r of may(); track r) { <li>{{ r }}</li> } @empty { <li>do nothing here: the token has no scope of this server</li> }</ul>
          @if (me.groups.length > 0 && access.may('dashboard')) { <ps-groups /> }
          <button type="button" (click)="gate.leave()">Sign out</button>
        </div>
      </details>
    }
  `,
})
export class Account {
  private readonly store = inject(Store);
  protected readonly access = this.store.access;
  protected readonly gate = inject(Gate);
  protected readonly clock = clock;

  protected readonly may = computed(() => rights(this.access.me()?.scopes ?? []));
  private readonly left = computed(() => {
    const expires = this.access.me()?.expires;
    return expires ? Date.parse(expires) - this.store.shell.now() : null;
  });
  protected readonly soon = computed(() => { const left = this.left(); return left !== null && left < SOON; });
  protected readonly until = computed(() => {
    const left = this.left(), expires = this.access.me()?.expires;
    if (left === null || !expires) return 'without an end';
    return `until ${left < DAY ? clock(expires) : new Date(expires).toISOString().slice(0, 10)}`;
  });
}
