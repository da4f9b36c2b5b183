import { ChangeDetectionStrategy, Component, inject } from '@angular/core';
import { clock } from '../format';
import { AlertFigures } from '../live/alert-figures';
import { Store } from '../store/store';

/** What fires now, on every page, until it clears or is dismissed. */
@Component({
  selector: 'ps-alert-banner',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [AlertFigures],
  template: `
    <div role="alert" class="alerts">
      @for (a of live.banner(); track a.key) {
        <div class="alert" [class.critical]="a.alert.severity === 'critical'">
          <strong>{{ a.alert.severity === 'critical' ? 'Critical' : 'Warning' }}</strong>
          <span class="what">{{ a.alert.message }}</span>
          <span class="when">since {{ clock(a.alert.since) }}</span>
          <ps-alert-figures aria-live="off" [entry]="a" />
          <button type="button" class="small" [attr.aria-label]="'Dismiss: ' + a.alert.message" (click)="live.dismiss(a.key)">Dismiss</button>
        </div>
      }
    </div>
  `,
})
export class AlertBanner {
  protected readonly live = inject(Store).live;
  protected readonly clock = clock;
}
