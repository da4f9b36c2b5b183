import { expect, it } from 'vitest';
import type { ModelQuality, OutputAnswer } from '../link/client';
import { kindOf, KINDS, qualityKind } from './kinds';
import { QUALITY } from './quality';

const none = { label: null, value: null, confidence: null } as const;
const answers: [OutputAnswer, string, string | null][] = [
  [{ kind: 'class', label: 'cat', value: null, confidence: 0.5 }, 'cat', '50.0 % sure'],
  [{ kind: 'class', label: 'cat', value: null, confidence: null }, 'cat', null],
  [{ kind: 'labels', ...none, labels: ['cat', 'night'], confidences: [0.9, 0.6] }, 'cat, night', '2 labels hold'],
  [{ kind: 'labels', ...none, labels: [], confidences: [] }, 'none', '0 labels hold'],
  [{ kind: 'values', ...none, value: 1.5, values: [1.5] }, '1.5', null],
  [{ kind: 'values', ...none, value: 1, values: [1, 2, 3, 4, 5] }, '1, 2, 3, 4, …', null],
  [{ kind: 'vector', ...none, vector: Float32Array.of(3, 4) }, 'norm 5', '2 numbers'],
];

for (const [answer, text, note] of answers) {
  it(`says ${text}`, () => expect(KINDS[answer.kind].say(answer)).toEqual({ text, note }));
}

it('tells the kind of what an older server describes', () => {
  expect(kindOf({ classes: ['a', 'b'] })).toBe('class');
  expect(kindOf({ classes: [] })).toBe('values');
  expect(kindOf({ classes: ['a'], outputs: [{ name: 'o', kind: 'labels', width: 1, classes: ['a'] }] })).toBe('labels');
  expect([{ task: 'regression' }, { task: 'classification' }, { task: 'labels', kind: 'labels' }].map((m) => qualityKind(m as ModelQuality))).toEqual(['values', 'class', 'labels']);
});

it('a share of rows with every label right is not called accuracy', () => {
  const m = { accuracy: 0.75, accuracy_interval: [0.7, 0.8], micro_f1: 0.9, macro_f1: 0.8, hamming_loss: null } as ModelQuality;
  expect(QUALITY.labels.facts(m).map((f) => `${f.label}: ${f.value}`)).toEqual([
    'Exact-match ratio: 75.00 %', 'F1, micro: 90.00 %', 'F1, macro: 80.00 %', 'Hamming loss: –',
  ]);
});
