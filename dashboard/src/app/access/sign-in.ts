import { afterNextRender, ChangeDetectionStrategy, Component, type ElementRef, inject, viewChild } from '@angular/core';
import { Gate } from '../link/gate';
import { Store } from '../store/store';

/** Asks for a token, in place of the page. What is typed is read once and never bound to anything. */
@Component({
  selector: 'ps-sign-in',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <h1>Sign in</h1>
    @if (access.why(); as why) { <p class="why" id="why" role="alert">{{ why }}</p> }
    <form (submit)="send($event)" novalidate>
      <label for="token">Token</label>
      <div class="compose">
        <input #token id="token" type="password" autocomplete="off" autocapitalize="none" spellcheck="false" [attr.aria-describedby]="access.why() ? 'why where' : 'where'">
        <button type="submit" [disabled]="access.busy()">{{ access.busy() ? 'Asking…' : 'Sign in' }}</button>
        @if (access.renewing()) { <button type="button" (click)="access.goBack()">Cancel</button> }
      </div>
    </form>
    <div class="lead" id="where">
      <p>The identity provider that this server trusts gives you one; whoever runs the server knows which. With the server’s own secret they can also make one:</p>
      <pre><code>penstock token --secret-file FILE --user NAME</code></pre>
      <p>It stays in this tab’s memory: a reload asks for it again.</p>
    </div>
  `,
})
export class SignIn {
  protected readonly access = inject(Store).access;
  private readonly gate = inject(Gate);
  private readonly token = viewChild.required<ElementRef<HTMLInputElement>>('token');

  constructor() {
    afterNextRender(() => this.token().nativeElement.focus());
  }

  protected async send(event: Event): Promise<void> {
    event.preventDefault();
    const input = this.token().nativeElement;
    if (this.access.busy()) return;
    if (!(await this.gate.enter(input.value))) input.focus();
    input.value = '';
  }
}
