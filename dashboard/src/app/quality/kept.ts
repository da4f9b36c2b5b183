import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { bytes, count } from '../format';
import { Store } from '../store/store';

/** Where the history is kept. */
@Component({
  selector: 'ps-kept',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    @if (store(); as s) {
      <p class="lead">{{ s.where === 'disk' ? 'On disk: it outlives a restart.' : 'In memory: a restart forgets it. With --data-dir DIR the server keeps it on disk.' }}</p>
      <dl class="times">
        <div><dt>labelled rows</dt><dd>{{ count(s.rows) }}</dd></div>
        <div><dt>bytes</dt><dd>{{ bytes(s.bytes) }}</dd></div>
        <div><dt>oldest</dt><dd>{{ s.oldest?.slice(0, 10) ?? '–' }}</dd></div>
        <div title="Rows that could not be written: predictions were not affected"><dt>lost rows</dt><dd [class.lacking]="s.lost_rows > 0">{{ count(s.lost_rows) }}</dd></div>
        <div><dt>state</dt><dd [class.lacking]="s.degraded">{{ s.degraded ? 'degraded: ' + s.reason : 'written as it comes' }}</dd></div>
      </dl>
    }
  `,
})
export class Kept {
  protected readonly count = count;
  protected readonly bytes = bytes;
  protected readonly store = inject(Store).quality.store;
}
