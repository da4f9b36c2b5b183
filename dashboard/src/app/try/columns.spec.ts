import { expect, it } from 'vitest';
import type { ColumnInfo } from '../link/client';
import { type Field, rangeText, readColumns, usual } from './columns';

const columns: ColumnInfo[] = [
  { name: 'light', kind: 'number', missing: true },
  { name: 'lens', kind: 'category', categories: ['wide', 'long'] },
];
const fields = (light: Partial<Field>, lens: Partial<Field>) =>
  new Map([['light', { text: '', missing: false, ...light }], ['lens', { text: '', missing: false, ...lens }]]);

it('reads numbers, categories and what is missing by name', () => {
  expect(readColumns(columns, fields({ text: ' 0,5 ' }, { text: 'wide' })).values).toEqual({ light: 0.5, lens: 'wide' });
  expect(readColumns(columns, fields({ text: '7', missing: true }, { text: 'long' })).values).toEqual({ light: null, lens: 'long' });
});

for (const [form, problem] of [
  [fields({}, { text: 'wide' }), '\u2068light\u2069 is empty; fill it in, or mark it as missing.'],
  [fields({ text: '1' }, {}), '\u2068lens\u2069 is empty.'],
  [fields({ text: 'much' }, {}), '\u2068light\u2069, “much”, is not a number.'],
  [fields({ text: '1e39' }, {}), '\u2068light\u2069 is beyond what float32 holds.'],
] as const) {
  it(`says what is wrong: ${problem}`, () => expect(readColumns(columns, form)).toEqual({ values: null, problem }));
}

it('tells what a column usually holds, and fills it in', () => {
  const number = { min: -1.23456, median: 2.5, max: 40, missing: 0.1, counts: null };
  expect(rangeText(number)).toBe('\u22121.235 to 40');
  expect(usual(columns[0]!, number)).toEqual({ text: '2.5', missing: false });
  const category = { min: null, median: null, max: null, missing: 0, counts: [3, 9, 0] };
  expect(rangeText(category)).toBe(null);
  expect(usual(columns[1]!, category)).toEqual({ text: 'long', missing: false });
  expect(usual(columns[0]!, { ...number, min: null, median: null, max: null, missing: 1 })).toEqual({ text: '', missing: true });
});
