import { ChangeDetectionStrategy, Component, computed, inject, signal } from '@angular/core';
import { DashboardLink } from '../link/dashboard-link';
import { Store } from '../store/store';

/** Stands for every group in what a token allows. */
const ANY = '*';

/** Joins and leaves the groups that the token names. */
@Component({
  selector: 'ps-groups',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <fieldset>
      <legend>Groups, whose notes and messages come too:</legend>
      @for (name of names(); track name) {
        <label><input type="checkbox" [checked]="live.groups().includes(name)" [disabled]="offline()" (change)="set(name, $event)"> <bdi>{{ name }}</bdi></label>
      }
      @if (any()) {
        <form class="compose" (submit)="join($event, other)">
          <input #other type="text" maxlength="64" aria-label="Another group" placeholder="another" autocomplete="off">
          <button type="submit" [disabled]="offline()">Join</button>
        </form>
      }
    </fieldset>
    @if (problem(); as text) { <p class="problem" role="alert">{{ text }}</p> }
  `,
})
export class Groups {
  private readonly store = inject(Store);
  private readonly link = inject(DashboardLink);
  protected readonly live = this.store.live;
  protected readonly problem = signal<string | null>(null);
  protected readonly any = computed(() => this.store.access.me()?.groups.includes(ANY));
  protected readonly names = computed(() => {
    const named = (this.store.access.me()?.groups ?? []).filter((name) => name !== ANY);
    return [...new Set([...named, ...this.live.groups()])];
  });
  protected readonly offline = computed(() => this.store.shell.status().status !== 'connected');

  protected async set(name: string, event: Event): Promise<void> {
    const box = event.target as HTMLInputElement;
    this.problem.set(null);
    try {
      await (box.checked ? this.link.join(name) : this.link.leave(name));
    } catch (error) {
      this.problem.set(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
    box.checked = this.live.groups().includes(name);
  }

  protected join(event: Event, input: HTMLInputElement): void {
    event.preventDefault();
    const name = input.value.trim();
    if (!name) return;
    input.value = '';
    this.problem.set(null);
    this.link.join(name).catch((error: unknown) => this.problem.set(`${name}: ${error instanceof Error ? error.message : String(error)}`));
  }
}
