import { ChangeDetectionStrategy, Component, computed, inject, input } from '@angular/core';
import { lacks } from '../access/words';
import { millis, NONE, number, percent, rate } from '../format';
import { DashboardLink } from '../link/dashboard-link';
import { Store } from '../store/store';
import type { AlertEntry } from './live.state';

/** An alert in numbers: when it began, at its worst, and now; and what can be
 * done about one that says that a model got worse. */
@Component({
  selector: 'ps-alert-figures',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    @if (figures(); as text) { <span class="figures">{{ text }}</span> }
    @if (model(); as name) {
      <button type="button" class="small" [disabled]="shell.status().status !== 'connected' || !access.may('notes', name)" (click)="link.acceptBaseline(name)"
        [title]="access.may('notes', name) ? 'The error of now counts as normal from here on, and the alert ends' : lacks('notes', name)">Accept as the new baseline</button>
    }
  `,
})
export class AlertFigures {
  readonly entry = input.required<AlertEntry>();
  private readonly store = inject(Store);
  protected readonly shell = this.store.shell;
  protected readonly access = this.store.access;
  protected readonly lacks = lacks;
  protected readonly link = inject(DashboardLink);

  protected readonly figures = computed(() => {
    const { alert, firing } = this.entry();
    const now = firing ? this.store.live.firing().get(alert.id ?? '') : undefined;
    return [
      alert.value_at_firing === undefined ? null : `at firing ${figure(alert.metric, alert.value_at_firing)}`,
      alert.worst === undefined ? null : `worst ${figure(alert.metric, now?.worst ?? alert.worst)}`,
      now ? `now ${figure(alert.metric, now.value)}` : null,
    ].filter((part) => part !== null).join(' · ');
  });

  protected readonly model = computed(() => {
    const { alert, firing } = this.entry();
    return firing && ['model_accuracy', 'model_error'].includes(alert.metric) ? alert.model : undefined;
  });
}

/** A value of what an alert watches, in the unit that its message has. */
export function figure(metric: string, value: number): string {
  if (!Number.isFinite(value)) return NONE;
  switch (metric) {
    case 'error_rate': case 'queue_share': case 'model_accuracy': case 'labeller_share': case 'calibration_gap': return `${percent(value)} %`;
    case 'latency_p99_ms': return `${millis(value)} ms`;
    case 'cpu_usage': return `${value.toFixed(1)} %`;
    case 'model_error': return rate(value);
    default: return number(value); // of a newer server
  }
}
