import { ChangeDetectionStrategy, Component, inject } from '@angular/core';
import { clock } from '../format';
import { Notifier } from '../link/notifier';
import { Store } from '../store/store';
import { AlertFigures } from './alert-figures';
import type { AlertEntry } from './live.state';

/** The last ten alerts that the banner does not show: those that are over, and
 * those that were dismissed. */
@Component({
  selector: 'ps-alert-log',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [AlertFigures],
  template: `
    <h2>Alerts</h2>
    @if (notifier.askable()) { <button type="button" class="small" (click)="notifier.ask()">Notify me when this tab is hidden</button> }
    @if (live.alerts().length === 0) { <p class="none">None since this page was opened or the server started.</p> }
    <ol class="log">
      @for (a of live.past(); track a.key) {
        <li [class]="'entry ' + (a.firing ? a.alert.severity : 'over')">
          <p class="head"><span class="tag">{{ tag(a) }}</span> <time [attr.datetime]="a.alert.since">{{ clock(a.alert.since) }}</time>@if (!a.firing && a.until) {&ngsp;to&ngsp;<time [attr.datetime]="a.until">{{ clock(a.until) }}</time> }</p>
          <p>{{ a.alert.message }}</p>
          <ps-alert-figures [entry]="a" />
        </li>
      }
    </ol>
  `,
})
export class AlertLog {
  protected readonly live = inject(Store).live;
  protected readonly notifier = inject(Notifier);
  protected readonly clock = clock;

  protected tag(a: AlertEntry): string {
    if (a.firing) return a.alert.severity === 'critical' ? 'Critical' : 'Warning';
    return a.alert.state === 'resolved' ? 'Resolved' : 'Ended unseen';
  }
}
