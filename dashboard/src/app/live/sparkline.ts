import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import type { Series } from './series';

const WIDE = 120, HIGH = 28, SECONDS = 60;

/** A small line without axes, with gaps where nothing was measured: the last minute of a card's value, from zero up
 * unless the values leave no room for that. The card says the value in text. */
@Component({
  selector: 'ps-sparkline',
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { 'aria-hidden': 'true' },
  template: `
    <svg viewBox="0 0 120 28" preserveAspectRatio="none" focusable="false">
      <path class="area" [attr.d]="paths().area" />
      <path class="line" [attr.d]="paths().line" />
    </svg>
  `,
})
export class Sparkline {
  /** One column. */
  readonly points = input.required<Series>();
  readonly least = input(1);
  /** Whether the scale starts near the values instead of at zero. */
  readonly close = input(false);

  protected readonly paths = computed(() => sparkline(this.points().times, this.points().columns[0]!, this.least(), this.close()));
}

export function sparkline(times: readonly number[], values: readonly (number | null)[], least: number, close: boolean): { line: string; area: string } {
  const known = values.filter((v) => v !== null);
  if (known.length === 0) return { line: '', area: '' };
  const most = Math.max(...known);
  const floor = close ? Math.max(0, Math.min(...known) - least / 2) : 0;
  const span = Math.max(most - floor, least);
  const last = times.at(-1)!;
  const x = (i: number) => Math.max(0, ((times[i]! - last) / (SECONDS - 1) + 1) * WIDE);
  const y = (v: number) => HIGH - 1.5 - ((v - floor) / span) * (HIGH - 3);
  let line = '', area = '', from = -1;
  const end = (to: number) => {
    if (from >= 0) area += `L${x(to).toFixed(1)} ${HIGH}L${x(from).toFixed(1)} ${HIGH}Z`;
    from = -1;
  };
  values.forEach((v, i) => {
    if (v === null) { end(i - 1); return; }
    const step = `${from < 0 ? 'M' : 'L'}${x(i).toFixed(1)} ${y(v).toFixed(1)}`;
    line += step;
    area += step;
    if (from < 0) from = i;
  });
  end(values.length - 1);
  return { line, area };
}
