import { ChangeDetectionStrategy, Component, inject } from '@angular/core';
import { Store } from '../store/store';
import { AlertLog } from './alert-log';
import { DETAILS, HEADLINES } from './cards';
import { Chart } from './chart';
import { CHARTS } from './charts';
import { RANGES } from './live.state';
import { MetricCard } from './metric-card';
import { Notes } from './notes';

@Component({
  selector: 'ps-live-page',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [AlertLog, Chart, MetricCard, Notes],
  template: `
    <h1 class="unseen">Live</h1>
    <section class="ledger" aria-label="Metrics">
      <dl class="headlines">
        @for (c of headlines; track c.id) { <div psMetricCard [card]="c"></div> }
      </dl>
      <dl class="details">
        @for (c of details; track c.id) { <div psMetricCard [card]="c"></div> }
      </dl>
    </section>
    <div class="columns">
      <section class="charts" aria-labelledby="charts-title">
        <header class="bar">
          <h2 id="charts-title">Last {{ live.minutes() }} {{ live.minutes() === 1 ? 'minute' : 'minutes' }}</h2>
          <div class="tools">
            @if (live.modelNames().length > 1) {
              <label>Model
                <select (change)="filter($event)">
                  <option value="" [selected]="live.model() === null">all models</option>
                  @for (name of live.modelNames(); track name) { <option [value]="name" [selected]="live.model() === name">{{ name }}</option> }
                </select>
              </label>
            }
            <fieldset class="segments">
              <legend class="unseen">Time shown</legend>
              @for (r of ranges; track r) {
                <label><input type="radio" name="range" [checked]="live.minutes() === r" (change)="live.showMinutes(r)"><span>{{ r }} min</span></label>
              }
            </fieldset>
          </div>
        </header>
        <div class="grid">
          @for (c of charts; track c.id) { <ps-chart [spec]="c" /> }
        </div>
      </section>
      <aside class="rail" aria-label="What happened">
        <ps-alert-log />
        <ps-notes />
      </aside>
    </div>
  `,
})
export class LivePage {
  protected readonly live = inject(Store).live;
  protected readonly headlines = HEADLINES;
  protected readonly details = DETAILS;
  protected readonly charts = CHARTS;
  protected readonly ranges = RANGES;

  protected filter(event: Event): void {
    this.live.showModel((event.target as HTMLSelectElement).value || null);
  }
}
