import { ChangeDetectionStrategy, Component, inject } from '@angular/core';
import { PredictLink } from '../link/predict-link';
import { Store } from '../store/store';
import { Bars } from './bars';
import { FeatureForm } from './feature-form';
import { Gallery } from './gallery';
import { Labelling } from './labelling';
import { Pad } from './pad';
import { Thumbnail } from './thumbnail';
import { Verdict } from './verdict';

@Component({
  selector: 'ps-try-page',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Bars, FeatureForm, Gallery, Labelling, Pad, Thumbnail, Verdict],
  template: `
    <header class="bar">
      <h1>Try it</h1>
      @if (trial.model(); as m) {
        @if (trial.models().length > 1) {
          <label>Model
            <select (change)="trial.choose($any($event.target).value)">
              @for (o of trial.models(); track o.name) { <option [value]="o.name" [selected]="o.name === m.name">{{ o.name }}</option> }
            </select>
          </label>
        } @else { <p class="sub">{{ m.name }} {{ m.version }}</p> }
      }
      @if (trial.status().status !== 'connected') {
        <p class="sub" role="status">{{ trial.status().status === 'disconnected' ? 'Not connected.' : 'Connecting…' }}</p>
        @if (trial.status().status === 'disconnected') { <button type="button" class="small" (click)="link.reconnect()">Reconnect</button> }
      }
    </header>
    @if (trial.model(); as m) {
      <div class="trial">
        <section class="ask" [attr.aria-label]="trial.drawable() ? 'Draw' : 'Ask'">
          @if (trial.drawable()) {
            <ps-pad />
            <div class="under">
              <button type="button" (click)="trial.undo()" [disabled]="trial.strokes().length === 0">Undo</button>
              <button type="button" (click)="trial.clear()" [disabled]="trial.strokes().length === 0">Clear</button>
              <span class="sees">The model sees <ps-thumbnail [pixels]="trial.pixels()" label="The drawing as the model sees it, 28 by 28 pixels" /></span>
            </div>
          } @else { <ps-feature-form /> }
        </section>
        <section class="read" aria-label="Answer" [attr.aria-busy]="trial.busy()">
          <ps-verdict />
          @if (trial.classes().length > 0) { <ps-bars /> }
        </section>
        <section class="tell" aria-label="Label">
          <ps-labelling />
          @if (trial.drawable()) { <ps-gallery /> }
        </section>
      </div>
    } @else {
      <p class="none">Waiting for the server to say which models it serves.</p>
    }
  `,
})
export class TryPage {
  protected readonly trial = inject(Store).trial;
  protected readonly link = inject(PredictLink);
}
