import { ChangeDetectionStrategy, Component, computed, DestroyRef, inject, signal } from '@angular/core';
import { Api, reason } from '../link/api';
import { Store } from '../store/store';
import { HISTORY } from './history.state';

type Format = 'csv' | 'parquet';

/** Takes the labelled rows of the window home. A plain link would show no token, so the page fetches the file and hands it over. */
@Component({
  selector: 'ps-export',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <p class="lead">Every labelled row of the window: when, who, what was said, what was true, how sure. The command <code>penstock quality export</code> does the same for any time.</p>
    <p class="buttons-row">
      @for (f of formats; track f.id) { <button type="button" [disabled]="busy() !== null" (click)="fetch(f.id)">{{ busy() === f.id ? 'Fetching…' : f.label }}</button> }
      <span role="status">{{ done() }}</span>
    </p>
    @if (problem(); as text) { <p class="problem" role="alert">{{ text }}</p> }
  `,
})
export class Export {
  private readonly history = inject(HISTORY);
  private readonly api = inject(Api);
  private readonly store = inject(Store);
  protected readonly formats: readonly { id: Format; label: string }[] = [{ id: 'csv', label: 'Export as CSV' }, { id: 'parquet', label: 'Export as Parquet' }];
  protected readonly busy = signal<Format | null>(null);
  protected readonly done = signal('');
  protected readonly problem = signal<string | null>(null);
  private readonly ended = new AbortController();
  private readonly name = computed(() => `${(this.store.quality.model()?.name ?? 'model').replace(/[^\w.-]+/g, '_')}-${this.store.view.window()}`);

  constructor() {
    inject(DestroyRef).onDestroy(() => this.ended.abort());
  }

  protected async fetch(format: Format): Promise<void> {
    this.busy.set(format);
    this.problem.set(null);
    this.done.set('');
    const name = `${this.name()}.${format}`;
    try {
      save(await this.api.file(this.history.exportPath(format), this.ended.signal), name);
      this.done.set(`${name} is among your downloads.`);
    } catch (error) {
      if (!this.ended.signal.aborted) this.problem.set(`Nothing was exported: ${reason(error)}.`);
    }
    this.busy.set(null);
  }
}

function save(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // once the browser has surely taken it
}
