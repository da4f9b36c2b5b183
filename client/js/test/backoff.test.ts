import { expect, test } from 'vitest';
import { Backoff } from '../src/backoff.js';
import { seeded } from './fake.js';

test('pauses stay under a ceiling that doubles from the first to the last, whatever the dice say', () => {
  for (let seed = 1; seed <= 500; seed++) {
    const backoff = new Backoff(1_000, 30_000, seeded(seed));
    for (const ceiling of [1, 2, 4, 8, 16, 30, 30, 30]) {
      const pause = backoff.next();
      expect(pause).toBeGreaterThanOrEqual(0);
      expect(pause).toBeLessThan(ceiling * 1_000);
    }
  }
});

test('pauses fill the whole range: clients do not come back together', () => {
  const pauses = Array.from({ length: 2_000 }, (_, seed) => new Backoff(1_000, 30_000, seeded(seed)).next());
  for (let tenth = 0; tenth < 10; tenth++) {
    const inside = pauses.filter((p) => p >= tenth * 100 && p < (tenth + 1) * 100).length;
    expect(inside).toBeGreaterThan(140);
    expect(inside).toBeLessThan(260);
  }
});

test('only a connection that outlived the ceiling starts the ladder anew', () => {
  const backoff = new Backoff(1_000, 30_000, () => 1);
  expect([backoff.next(), backoff.next(), backoff.next()]).toEqual([1_000, 2_000, 4_000]);
  backoff.lived(3_000);
  expect(backoff.next()).toBe(8_000);
  backoff.lived(8_001);
  expect(backoff.next()).toBe(1_000);
});
