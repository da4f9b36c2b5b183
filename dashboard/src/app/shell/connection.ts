import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { DashboardLink } from '../link/dashboard-link';
import { Store } from '../store/store';

/** Live, Reconnecting or Disconnected. What a screen reader is told changes
 * with the state alone, not with every second of a countdown. */
@Component({
  selector: 'ps-connection',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <p role="status" class="state" [attr.data-state]="shell.status().status"><span>{{ word() }}</span></p>
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

  protected readonly word = computed(() => {
    switch (this.shell.status().status) {
      case 'connected': return 'Live';
      case 'reconnecting': return 'Reconnecting';
      default: return 'Disconnected';
    }
  });

  protected readonly detail = computed(() => {
    const wait = this.shell.nextAttempt();
    if (wait !== null) return wait > 0 ? `next attempt in ${wait} s` : 'trying now';
    const silence = this.shell.silence();
    return silence === null ? null : `no frame for ${silence} s`;
  });
}
