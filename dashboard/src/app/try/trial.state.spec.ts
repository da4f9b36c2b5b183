import { expect, it } from 'vitest';
import type { ModelInfo } from '../link/client';
import { MISTAKES_KEPT, TrialState } from './trial.state';

const answer = (label: string, question = 1) => ({
  question,
  prediction: { kind: 'class' as const, label, value: null, confidence: 0.9, model: 'digits', version: '1', requestId: 1, roundTripMs: 1 },
  pixels: new Float32Array(784),
});

it('keeps the newest wrong guesses, and counts all', () => {
  const trial = new TrialState();
  for (let i = 0; i < 100; i++) {
    trial.answered(answer(String(i % 10)));
    trial.labelled(answer(String(i % 10)), '3', i % 10 === 3);
  }
  expect(trial.tally()).toEqual({ right: 10, wrong: 90 });
  expect(trial.mistakes().length).toBe(MISTAKES_KEPT);
  expect(trial.mistakes()[0]).toMatchObject({ guess: '9', truth: '3' });
});

it('a stroke after a label begins a new digit, and the label stays with the old one', () => {
  const trial = new TrialState();
  trial.penDown({ x: 1, y: 1 });
  trial.answered(answer('1', 1));
  trial.labelSent(1, '7');
  expect(trial.labelling()).toMatchObject({ state: 'sending', label: '7' });
  const sheet = trial.sheet();
  trial.penDown({ x: 5, y: 5 });
  expect(trial.strokes()).toEqual([[{ x: 5, y: 5 }]]);
  expect(trial.sheet()).not.toBe(sheet);
  trial.labelled(answer('1', 1), '7', false);
  expect(trial.labelling()).toEqual({ state: 'none' }); // of the new digit
  expect(trial.tally()).toEqual({ right: 0, wrong: 1 });
  trial.labelFailed(1, 'late');
  expect(trial.labelling()).toEqual({ state: 'none' });
});

it('an answer to an older drawing leaves the label of the newest alone', () => {
  const trial = new TrialState();
  trial.labelSent(2, '7');
  trial.answered(answer('1', 1));
  expect(trial.labelling()).toMatchObject({ state: 'sending', question: 2 });
  trial.answered(answer('7', 2));
  trial.labelled(answer('7', 2), '7', true);
  expect(trial.labelling()).toMatchObject({ state: 'counted', label: '7', correct: true });
  trial.answered(answer('7', 3));
  expect(trial.labelling()).toEqual({ state: 'none' });
});

it('counts for one model alone', () => {
  const trial = new TrialState();
  trial.labelled(answer('1'), '7', false);
  expect([trial.tally(), trial.mistakes().length]).toEqual([{ right: 0, wrong: 1 }, 1]);
  trial.begin(); // another model was chosen
  expect([trial.tally(), trial.mistakes().length]).toEqual([{ right: 0, wrong: 0 }, 0]);
});

it('undoing the last stroke clears the answer', () => {
  const trial = new TrialState();
  trial.penDown({ x: 1, y: 1 });
  trial.penMoved([{ x: 2, y: 2 }]);
  trial.answered(answer('1'));
  trial.undo();
  expect(trial.pixels()).toBe(null);
  expect(trial.answer()).toBe(null);
});

it('what a model takes says how a row is made for it', () => {
  const trial = new TrialState();
  const hello = (features: number, classes: number, more: Partial<ModelInfo> = {}) => ({
    type: 'hello' as const, session: 's', limits: { window: 1, max_rows: 1, max_bytes: 1 },
    models: [{ name: 'm', version: '1', task: 'classification' as const, features, classes: Array.from({ length: classes }, String), ...more }],
  });
  for (const [features, classes, more, input] of [
    [784, 10, {}, 'pad'], [784, 26, {}, 'row'], [4, 10, {}, 'row'], [2, 2, { columns: [{ name: 'a', kind: 'number' }] }, 'columns'],
    [784, 10, { outputs: [{ name: 'o', kind: 'labels' as const, width: 10, classes: [] }] }, 'row'],
  ] as const) {
    trial.setHello(hello(features, classes, more as Partial<ModelInfo>));
    expect(trial.input()).toBe(input);
  }
});
