import { expect, it } from 'vitest';
import { classScores, heat, mostConfused } from './scores';

const confusion = [[8, 2, 0], [1, 9, 0], [0, 0, 0]];

it('classScores tells precision, recall and F1, and nothing of what was not seen', () => {
  expect(classScores(['a', 'b', 'c'], confusion)).toEqual([
    { name: 'a', labelled: 10, predicted: 9, correct: 8, precision: 8 / 9, recall: 0.8, f1: 16 / 19 },
    { name: 'b', labelled: 10, predicted: 11, correct: 9, precision: 9 / 11, recall: 0.9, f1: 18 / 21 },
    { name: 'c', labelled: 0, predicted: 0, correct: 0, precision: null, recall: null, f1: null },
  ]);
});

it('mostConfused leaves out what was right', () => {
  expect(mostConfused(['a', 'b', 'c'], confusion, 1)).toEqual([{ truth: 'a', guess: 'b', count: 2 }]);
  expect(mostConfused(['a', 'b', 'c'], confusion, 9).length).toBe(2);
});

it('heat shows a rare mistake and fills a full row', () => {
  expect([heat(0, 10), heat(1, 100_000), heat(10, 10), heat(0, 0)]).toEqual([0, 1, 9, 0]);
});
