import { expect, it } from 'vitest';
import { sparkline } from './sparkline';

it('draws nothing of nothing', () => {
  expect(sparkline([null, undefined], 1, false)).toEqual({ line: '', area: '' });
});

it('ends at the right edge and breaks where nothing was measured', () => {
  const { line, area } = sparkline([1, 2, null, 1], 1, false);
  expect(line.match(/M/g)?.length).toBe(2);
  expect(area.match(/Z/g)?.length).toBe(2);
  expect(line).toContain('120.0 14.0');
});
