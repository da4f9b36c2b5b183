import { ChangeDetectionStrategy, Component, computed, inject, input, signal } from '@angular/core';
import { lacks } from '../access/words';
import { count, number, percent } from '../format';
import { DashboardLink } from '../link/dashboard-link';
import type { CalibratorInfo, ModelQuality } from '../link/client';
import { Store } from '../store/store';
import { moment } from './time-axis';

const KINDS: Record<CalibratorInfo['kind'], string> = {
  identity: 'as the model gives them',
  temperature: 'temperature',
  beta: 'beta calibration',
};
/** Beyond it a z is chance in one of twenty. */
const UNUSUAL = 1.96;
/** Of fewer labels nothing is said. */
const FEW = 100;

/** What is done to the confidences before they are shown, how right they are, and whether labels may change it. */
@Component({
  selector: 'ps-calibration',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    @if (model().calibrator; as c) {
      <dl class="times">
        @for (f of figures(); track f.label) { <div [title]="f.help"><dt>{{ f.label }}</dt><dd>{{ f.value }}</dd></div> }
      </dl>
      <p class="lead">{{ verdict() }}</p>
      <p class="switch">
        <button type="button" role="switch" [attr.aria-checked]="c.frozen" [disabled]="(asked() && !problem()) || shell.status().status !== 'connected' || !access.may('notes', model().name)"
          [title]="access.may('notes', model().name) ? 'Frozen it stays as it is, whatever labels say' : lacks('notes', model().name)" (click)="freeze(!c.frozen)">Freeze the calibration</button>
        <span role="status">{{ c.frozen ? 'Frozen: labels do not change it.' : 'Labels may change it.' }}</span>
      </p>
      @if (problem(); as text) { <p class="problem" role="alert">{{ text }}</p> }
    }
  `,
})
export class Calibration {
  readonly model = input.required<ModelQuality>();
  private readonly store = inject(Store);
  private readonly link = inject(DashboardLink);
  protected readonly access = this.store.access;
  private readonly live = this.store.live;
  protected readonly shell = this.store.shell;
  protected readonly lacks = lacks;
  private readonly wish = signal<{ readonly model: string; readonly frozen: boolean } | null>(null);
  /** Whether something was asked of the server that is not so yet. */
  protected readonly asked = computed(() => { const wish = this.wish(); return wish?.model === this.model().name && wish.frozen !== this.model().calibrator!.frozen; });
  /** Why it will not be. */
  protected readonly problem = computed(() => (this.asked() ? this.live.problem() : null));

  protected readonly figures = computed(() => {
    const c = this.model().calibrator!;
    const parameters = c.parameters.length > 0 ? ` (${c.parameters.map((p) => number(Number(p.toPrecision(3)))).join(', ')})` : '';
    return [
      { label: 'confidences', value: `${KINDS[c.kind] ?? c.kind}${parameters}`, help: 'How those that replies carry are made of the model’s own' },
      { label: 'adopted', value: c.adopted ? moment(Date.parse(c.adopted) / 1000, 1) : 'never', help: 'When that was last changed' },
      { label: 'ECE, raw', value: share(c.ece_raw), help: 'Expected calibration error of the model’s own confidences' },
      { label: 'ECE, shown', value: `${share(c.ece)} (floor ${share(c.ece_floor)})`, help: 'Of the confidences in replies; the floor is what a perfectly calibrated model would have on as many rows' },
      { label: 'Spiegelhalter’s z', value: c.z === null ? '–' : c.z.toFixed(2), help: 'Of the confidences shown; beyond ±1.96 they are not right as often as they say' },
      { label: 'mean gap', value: c.mean_gap === null ? '–' : `${signed(100 * c.mean_gap)} points`, help: 'Mean confidence less the share of right answers: above 0 replies are too sure' },
      { label: 'labelled rows', value: count(c.rows), help: 'The newest, which this is measured on' },
    ];
  });
  protected readonly verdict = computed(() => {
    const { rows, z, ece, ece_floor, mean_gap } = this.model().calibrator!;
    if (z === null || rows < FEW) return 'There are too few labels to tell whether confidences are right.';
    if (Math.abs(z) > UNUSUAL) return `Replies are ${(mean_gap ?? 0) > 0 ? 'surer' : 'less sure'} than they are right; by chance alone that is rare.`;
    return ece !== null && ece_floor !== null && ece <= 1.5 * ece_floor
      ? 'Replies are right as often as they say; what is left of the error is chance.'
      : 'On the whole replies are right as often as they say.';
  });

  protected freeze(frozen: boolean): void {
    this.live.dismissProblem();
    this.wish.set({ model: this.model().name, frozen });
    this.link.freezeCalibration(this.model().name, frozen);
  }
}

const share = (v: number | null) => (v === null ? '–' : `${percent(v)} %`);
const signed = (v: number) => `${v > 0 ? '+' : v < 0 ? '−' : ''}${Math.abs(v).toFixed(2)}`;
