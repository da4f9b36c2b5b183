import { expect, it } from 'vitest';
import type { Metrics } from '../link/client';
import { labellerFact } from './labeller';

const latest = (l: Metrics['largest_labeller']) => ({ largest_labeller: l }) as Metrics;

it('names the largest labeller and its share', () => {
  expect(labellerFact(latest({ name: '192.0.2.7', share: 0.9, labels: 1800 }))).toEqual({
    label: 'Largest labeller', value: '90.0 %', note: "1\u202f800 of the last 5 min's labels, by \u2068192.0.2.7\u2069",
  });
});

it('says so where nobody labels, or the server is older', () => {
  for (const m of [null, latest(null), latest(undefined)]) {
    expect(labellerFact(m)).toEqual({ label: 'Largest labeller', value: '–', note: 'no labels in the last 5 min' });
  }
});
