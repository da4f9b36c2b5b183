import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { clock } from '../format';
import { Store } from '../store/store';
import { AlertLog } from './alert-log';
import { MINUTES } from '../store/view.state';
import { Navigation } from '../shell/navigation';
import { ModelSelect } from '../shell/model-select';
import { DETAILS, HEADLINES, qualityCard, UNMEASURED } from './cards';
import { Chart } from './chart';
import { chartsFor } from './charts';
import { MetricCard } from './metric-card';
import { Notes } from './notes';
import { Ranges } from './ranges';
import '../shell/together';

@Component({
  selector: 'ps-live-page',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [AlertLog, Chart, MetricCard, ModelSelect, Notes, Ranges],
  template: `
    <h1 class="unseen">Live</h1>
    @if (live.problem(); as problem) {
      <p class="problem" role="alert">{{ problem }} <button type="button" class="small" (click)="live.dismissProblem()">Dismiss</button></p>
    }
    <section class="ledger" [class.stale]="shell.stale()" aria-label="Metrics">
      <dl class="headlines">
        @for (c of headlines(); track c.id) { <div psMetricCard [card]="c"></div> }
      </dl>
      <dl class="details">
        @for (c of details; track c.id) { <div psMetricCard [card]="c"></div> }
      </dl>
    </section>
    <ps-ranges [class.stale]="shell.stale()" />
    <div class="columns">
      <section class="charts" aria-labelledby="charts-title">
        <header class="bar">
          <h2 id="charts-title">{{ title() }}</h2>
          <div class="tools">
            <ps-model-select [names]="live.modelNames()" [chosen]="live.model()" all="all models" />
            @if (live.zoom()) { <button type="button" class="small" (click)="live.showPart(null)">Show all</button> }
            <label><input type="checkbox" [checked]="view.log()" (change)="nav.choose({ log: $any($event.target).checked })"> log scale of latency</label>
            <fieldset class="segments">
              <legend class="unseen">Time shown</legend>
              @for (r of ranges; track r) {
                <label><input type="radio" name="range" [checked]="view.minutes() === r" (change)="show(r)"><span>{{ r }} min</span></label>
              }
            </fieldset>
          </div>
        </header>
        <div class="grid">
          @for (c of charts(); track c.id) { <ps-chart [spec]="c" /> }
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
  private readonly store = inject(Store);
  protected readonly live = this.store.live;
  protected readonly shell = this.store.shell;
  protected readonly view = this.store.view;
  protected readonly nav = inject(Navigation);
  protected readonly details = DETAILS;
  protected readonly ranges = MINUTES;
  private readonly measure = computed(() => this.live.measureOf(this.live.focus()));
  protected readonly headlines = computed(() => [qualityCard(this.measure()) ?? UNMEASURED, ...HEADLINES]);
  protected readonly charts = computed(() => chartsFor(this.measure()));
  protected readonly title = computed(() => {
    const zoom = this.live.zoom(), minutes = this.view.minutes();
    if (zoom) return `${clock(zoom[0] * 1000)} to ${clock(zoom[1] * 1000)}`;
    return `Last ${minutes === 1 ? 'minute' : `${minutes} minutes`}`;
  });

  protected show(minutes: number): void {
    this.live.showPart(null);
    this.nav.choose({ minutes });
  }
}
