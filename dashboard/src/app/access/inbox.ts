import { ChangeDetectionStrategy, Component, inject } from '@angular/core';
import { clock } from '../format';
import { Store } from '../store/store';

/** What was sent to whoever looks at the page, in a corner, until it is put away. It is read out when there is a pause. */
@Component({
  selector: 'ps-inbox',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <div role="log" aria-live="polite" aria-label="Messages to you"><ol>
      @for (m of inbox.shown(); track m.key) {
        <li class="message">
          <p class="head"><bdi class="tag">{{ m.from }}</bdi>@if (m.group; as g) {&ngsp;to <bdi>{{ g }}</bdi>}{{ ' ' }}<time [attr.datetime]="m.time">{{ clock(m.time) }}</time></p>
          <p class="text" dir="auto">{{ m.text }}</p>
          <button type="button" class="small" [attr.aria-label]="'Dismiss the message of ' + m.from" (click)="inbox.dismiss(m.key)">Dismiss</button>
        </li>
      }
    </ol></div>
    @if (inbox.more() > 0) { <p class="rest">and {{ inbox.more() }} more <button type="button" class="small" (click)="inbox.dismissAll()">Dismiss all</button></p> }
  `,
})
export class Inbox {
  protected readonly inbox = inject(Store).inbox;
  protected readonly clock = clock;
}
