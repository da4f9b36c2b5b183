import { expect, it } from 'vitest';
import { parseRow } from './rows';

for (const text of ['1,2.5,-3e2', ' 1; 2.5; -3e2\n', '1\t2.5\t-3e2', '[1, 2.5, -3e2]', '+1 2.50\n-300.']) {
  it(`reads ${JSON.stringify(text)}`, () => {
    const row = parseRow(text, 3);
    expect(row.problem).toBe(null);
    expect([...row.values!]).toEqual([1, 2.5, -300]);
  });
}

for (const [text, problem] of [
  ['1,2', 'This model takes 3 values; there are 2.'],
  ['7', 'This model takes 3 values; there is 1.'],
  ['', 'This model takes 3 values; there are 0.'],
  ['1,NaN,2', 'Value 2, “NaN”, is not a number.'],
  ['1,0x10,2', 'Value 2, “0x10”, is not a number.'],
  ['1,null,2', 'Value 2, “null”, is not a number.'],
  ['1,1e39,2', 'Value 2 is beyond what float32 holds.'],
] as const) {
  it(`refuses ${JSON.stringify(text)}`, () => expect(parseRow(text, 3)).toEqual({ values: null, problem }));
}

it('reads null where a value may be missing', () => {
  expect(parseRow('1, null, 3', 3, true)).toEqual({ values: [1, null, 3], problem: null });
});
