import { ChangeDetectionStrategy, Component, computed, effect, inject, signal } from '@angular/core';
import { lacks } from '../access/words';
import { clock } from '../format';
import { DashboardLink } from '../link/dashboard-link';
import { Store } from '../store/store';

/** Remarks of those who watch, who they are, and who is writing. */
@Component({
  selector: 'ps-notes',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <h2>Notes</h2>
    <p class="who">{{ watching() }}</p>
    @if (store.access.may('notes')) {
    <form (submit)="send($event)">
      <label for="note">Leave a note on the timeline</label>
      <div class="compose">
        @if (live.groups().length > 0) {
          <select aria-label="For whom" (change)="group.set($any($event.target).value || null)">
            <option value="" [selected]="to() === null">for all</option>
            @for (g of live.groups(); track g) { <option [value]="g" [selected]="to() === g">{{ g }}</option> }
          </select>
        }
        <input id="note" type="text" maxlength="500" autocomplete="off" [value]="draft()" (input)="type($event)" [attr.aria-describedby]="live.noteProblem() ? 'note-problem' : null">
        <button type="submit" [disabled]="!draft().trim() || live.pendingNote() !== null || shell.status().status !== 'connected'">Add</button>
      </div>
      @if (live.noteProblem(); as problem) { <p class="problem" id="note-problem" role="alert">{{ problem }}</p> }
    </form>
    } @else { <p class="none">{{ lacks('notes') }}</p> }
    <p class="typing" aria-live="polite">{{ typing() }}</p>
    @if (live.notes().length === 0) { <p class="none">No notes yet. They are shown to everybody who watches, and marked in the charts.</p> }
    <ol class="log notes">
      @for (n of live.notes(); track n.key) {
        <li class="entry note">
          <p class="head"><bdi class="tag">{{ n.author }}</bdi> @if (n.group; as g) { <span class="group">in <bdi>{{ g }}</bdi></span>{{ ' ' }}}<time [attr.datetime]="n.time">{{ clock(n.time) }}</time></p>
          <p dir="auto">{{ n.text }}</p>
        </li>
      }
    </ol>
  `,
})
export class Notes {
  protected readonly store = inject(Store);
  private readonly link = inject(DashboardLink);
  protected readonly live = this.store.live;
  protected readonly shell = this.store.shell;
  protected readonly draft = signal('');
  protected readonly group = signal<string | null>(null);
  /** The group that the note goes to, for as long as it is joined. */
  protected readonly to = computed(() => (this.live.groups().includes(this.group() ?? '') ? this.group() : null));
  protected readonly lacks = lacks;
  protected readonly clock = clock;

  protected readonly watching = computed(() => {
    const p = this.live.presence();
    if (!p || this.shell.status().status !== 'connected') return 'Nobody is connected.';
    if (p.watching === 1) return 'Only you are watching.';
    const users = p.users.filter((u) => u.user !== 'anonymous').map((u) => u.user);
    return `${p.watching} are watching${users.length > 0 ? `: ${users.slice(0, 5).join(', ')}${users.length > 5 ? ' and others' : ''}` : '.'}`;
  });

  protected readonly typing = computed(() => {
    const users = this.live.typing().map((u) => (u === 'anonymous' ? 'Somebody' : u));
    return users.length === 0 ? '' : users.length === 1 ? `${users[0]} is writing…` : `${users.length} are writing…`;
  });

  constructor() {
    // What was written stays until the server has taken it.
    let sent: string | null = null;
    effect(() => {
      const pending = this.live.pendingNote();
      if (sent !== null && pending === null && this.live.noteProblem() === null) {
        const taken = sent;
        this.draft.update((draft) => (draft === taken ? '' : draft));
      }
      sent = pending;
    });
  }

  protected type(event: Event): void {
    this.draft.set((event.target as HTMLInputElement).value);
    if (this.draft()) this.link.typing();
  }

  protected send(event: Event): void {
    event.preventDefault();
    if (this.draft().trim() && !this.live.pendingNote()) this.link.note(this.draft(), this.to());
  }
}
