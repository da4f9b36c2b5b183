import { expect, it } from 'vitest';
import { bytes, count, duration, millis, percent, rate } from './format';

it('says nothing of what was not measured', () => {
  for (const f of [bytes, count, duration, millis, percent, rate]) {
    for (const nothing of [null, undefined, NaN]) expect(f(nothing)).toBe('–');
  }
});

it('writes numbers', () => {
  expect([count(1234567), count(999)]).toEqual(['1\u202f234\u202f567', '999']);
  expect([rate(0), rate(0.123), rate(12.34), rate(123.4), rate(12345)]).toEqual(['0', '0.12', '12.3', '123', '12\u202f345']);
  expect([rate(0.034), rate(0.000_123), rate(0.000_012_3), rate(1.5e-9), millis(0.0042)]).toEqual(['0.034', '0.00012', '1.2e\u20115', '1.5e\u20119', '0.0042']);
  expect([percent(0.12345), percent(1, 0)]).toEqual(['12.3', '100']);
  expect([duration(0.25), duration(12.34), duration(2500), duration(600_000), duration(1e9)]).toEqual(['250 µs', '12.3 ms', '2.50 s', '10.0 min', '11.6 days']);
  expect([bytes(12), bytes(2048), bytes(48234496)]).toEqual(['12 B', '2.00 KiB', '46.0 MiB']);
});
