import { expect, it } from 'vitest';
import type { ColumnInfo } from '../link/client';
import { type Field, readColumns } from './columns';

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
