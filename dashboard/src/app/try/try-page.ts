import { ChangeDetectionStrategy, Component, computed, DestroyRef, inject } from '@angular/core';
import { PredictLink } from '../link/predict-link';
import { ModelSelect } from '../shell/model-select';
import { refusal } from '../access/words';
import { ANSWERS } from '../views/answers';
import { INPUTS } from '../views/inputs';
import { Part } from '../views/part';
import { Gallery } from './gallery';
import { Labelling } from './labelling';
import { Verdict } from './verdict';
import { TRIAL } from './trial.state';
import '../shell/together';

@Component({
  selector: 'ps-try-page',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Gallery, Labelling, ModelSelect, Part, Verdict],
  template: `
    <header class="bar">
      <h1>Try it</h1>
      @if (trial.model(); as m) {
        <ps-model-select [names]="names()" [chosen]="m.name" />
        @if (names().length === 1) { <p class="sub">{{ m.name }} {{ m.version }}</p> }
      }
      @if (trial.status().status !== 'connected') {
        <p class="sub" role="status">{{ trial.status().status === 'disconnected' ? 'Not connected.' : 'Connecting…' }} {{ refusal(trial.status()) }}</p>
        @if (trial.status().status === 'disconnected') { <button type="button" class="small" (click)="link.reconnect()">Reconnect</button> }
      }
    </header>
    @if (trial.model()) {
      <div class="trial">
        <section class="ask" [attr.aria-label]="input().title"><ng-container [psPart]="input().component" /></section>
        <section class="read" aria-label="Answer" [attr.aria-busy]="trial.busy()">
          <ps-verdict />
          <ng-container [psPart]="answer()" />
        </section>
        <section class="tell" aria-label="Label">
          <ps-labelling />
          @if (input().pictures) { <ps-gallery /> }
        </section>
      </div>
    } @else {
      <p class="none">Waiting for the server to say which models it serves.</p>
    }
  `,
})
export class TryPage {
  protected readonly trial = inject(TRIAL);
  protected readonly link = inject(PredictLink);
  protected readonly refusal = refusal;
  protected readonly names = computed(() => this.trial.models().map((m) => m.name));
  protected readonly input = computed(() => INPUTS[this.trial.input()]);
  protected readonly answer = computed(() => ANSWERS[this.trial.kind()].answer);

  constructor() {
    this.link.start();
    inject(DestroyRef).onDestroy(() => this.link.stop());
  }
}
