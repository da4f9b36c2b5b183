import { ChangeDetectionStrategy, Component, inject } from '@angular/core';
import { clock } from '../format';
import { Store } from '../store/store';
import type { AlertEntry } from './live.state';

/** The last ten alerts, those that are over too. */
@Component({
  selector: 'ps-alert-log',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <h2>Alerts</h2>
    @if (live.alerts().length === 0) { <p class="none">None since this page was opened or the server started.</p> }
    <ol class="log">
      @for (a of live.alerts(); track a.key) {
        <li [class]="'entry ' + (a.firing ? a.alert.severity : 'over')">
          <p class="head"><span class="tag">{{ tag(a) }}</span> <time [attr.datetime]="a.alert.since">{{ clock(a.alert.since) }}</time>@if (!a.firing && a.until) {&ngsp;to&ngsp;<time [attr.datetime]="a.until">{{ clock(a.until) }}</time> }</p>
          <p>{{ a.alert.message }}</p>
        </li>
      }
    </ol>
  `,
})
export class AlertLog {
  protected readonly live = inject(Store).live;
  protected readonly clock = clock;

  protected tag(a: AlertEntry): string {
    if (a.firing) return a.alert.severity === 'critical' ? 'Critical' : 'Warning';
    return a.alert.state === 'resolved' ? 'Resolved' : 'Ended unseen';
  }
}
