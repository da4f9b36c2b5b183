import { expect, it } from 'vitest';
import { sparkline } from './sparkline';

it('draws nothing of nothing', () => {
  expect(sparkline([1, 2], [null, null], 1, false)).toEqual({ line: '', area: '' });
});

it('ends at the right edge and breaks where nothing was measured', () => {
  const { line, area } = sparkline([57, 58, 59, 60], [1, 2, null, 1], 1, false);
  expect(line.match(/M/g)?.length).toBe(2);
  expect(area.match(/Z/g)?.length).toBe(2);
  expect(line).toContain('120.0 14.0');
});

it('puts points at their times: an outage is a gap as long as it was', () => {
  const { line } = sparkline([1, 2, 3, 60], [1, 1, null, 1], 1, false);
  expect(line).toMatch(/^M0\.0 .*L2\.0 .*M120\.0 /);
});
