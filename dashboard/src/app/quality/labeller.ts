import { count, percent } from '../format';
import type { Metrics } from '../link/client';

export interface Fact {
  readonly label: string;
  readonly value: string;
  readonly note?: string;
}

/**
 * Who gave most of the labels of the last five minutes. Clients choose the name:
 * it is shown as text, and isolated, so that it cannot turn what is around it.
 */
export function labellerFact(latest: Metrics | null): Fact {
  const label = 'Largest labeller';
  const l = latest?.largest_labeller;
  if (!l) return { label, value: '–', note: 'no labels in the last 5 min' };
  return { label, value: `${percent(l.share)} %`, note: `${count(l.labels)} of the last 5 min's labels, by \u2068${l.name}\u2069` };
}
