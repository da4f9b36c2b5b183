import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { DashboardLink } from '../link/dashboard-link';
import { refusal } from '../access/words';
import { ago } from '../format';
import { Store } from '../store/store';

/** Live, Reconnecting or Disconnected. What a screen reader is told changes
 * with the state alone, not with every second of a countdown. */
@Component({
  selector: 'ps-connection',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <p role="status" class="state" [attr.data-state]="shell.silence() === null ? shell.status().status : 'reconnecting'"><span>{{ shell.word() }}</span></p>
    @if (detail(); as text) { <span class="detail">{{ text }}</span> }
    @if (shell.status().status !== 'connected') {
      <button type="button" class="small" (click)="link.reconnect()">
        {{ shell.status().status === 'disconnected' ? 'Reconnect' : 'Try now' }}
      </button>
    }
  `,
})
export class Connection {
  protected readonly shell = inject(Store).shell;
  protected readonly link = inject(DashboardLink);

  protected readonly detail = computed(() => {
    const age = this.shell.age(), wait = this.shell.nextAttempt();
    const parts = [
      this.shell.status().status === 'connected' ? null : refusal(this.shell.status()),
      age === null ? null : `last data ${ago(age)}`,
      wait === null ? null : wait > 0 ? `next attempt in ${wait} s` : 'trying now',
    ].filter((part) => part !== null);
    return parts.length > 0 ? parts.join(' · ') : null;
  });
}
