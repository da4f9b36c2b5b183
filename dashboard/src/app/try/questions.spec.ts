import { expect, it } from 'vitest';
import type { Features, Prediction, RowLabel } from '../link/client';
import { ViewState } from '../store/view.state';
import { type Oracle, Questions } from './questions';
import { TrialState } from './trial.state';

/** An oracle whose answers come when the test says so. */
class Slow implements Oracle {
  readonly asked: { features: Features; model: string; signal: AbortSignal; answer: (label: string) => Promise<void>; fail: () => Promise<void> }[] = [];
  readonly labels: [unknown, RowLabel][] = [];

  predict(features: Features, { model, signal }: { model: string; signal: AbortSignal }): Promise<Prediction> {
    return new Promise((resolve, reject) => {
      const requestId = this.asked.length + 1;
      this.asked.push({
        features, model, signal,
        answer: async (label) => { resolve({ kind: 'class', label, value: null, confidence: 0.9, model, version: '1', requestId, roundTripMs: 1 } as Prediction); await settled(); },
        fail: async () => { reject(new Error('away')); await settled(); },
      });
    });
  }

  async feedbackRow(requestId: unknown, label: RowLabel): Promise<{ correct: boolean | null }> {
    this.labels.push([requestId, label]);
    return { correct: true };
  }
}

const settled = async () => { for (let i = 0; i < 10; i++) await Promise.resolve(); };

function rig() {
  const view = new ViewState();
  const trial = new TrialState(view);
  const model = (name: string) => ({ name, version: '1', task: 'classification' as const, features: 1, classes: ['0', '1'] });
  trial.setHello({ type: 'hello', session: 's', limits: { window: 1, max_rows: 1, max_bytes: 1 }, models: [model('a'), model('b')] });
  const jobs: (() => void)[] = [];
  const questions = new Questions(trial, (job) => { jobs[0] = job; });
  const oracle = new Slow();
  questions.connect(oracle);
  return { trial, questions, oracle, choose: (model: string) => { view.look('try', new URLSearchParams({ model })); trial.begin(); }, frame: () => jobs.shift()?.(), ask: (n: number) => questions.ask(Float32Array.of(n), null) };
}

it('a label goes to the newest drawing, though that waits for the next frame', async () => {
  const { trial, questions, oracle, frame, ask } = rig();
  ask(1);
  frame();
  ask(2); // while 1 is in flight, and no frame has come since
  const labelled = questions.label('1');
  await oracle.asked[0]!.answer('0');
  frame();
  expect(oracle.labels).toEqual([]);
  await oracle.asked[1]!.answer('1');
  await labelled;
  expect(oracle.asked.map((q) => (q.features as Float32Array)[0])).toEqual([1, 2]);
  expect(oracle.labels).toEqual([[2, '1']]);
  expect(trial.labelling()).toMatchObject({ state: 'counted', label: '1' });
});

it('a drawing that was labelled is asked about whatever is drawn after it', async () => {
  const { trial, questions, oracle, frame, ask } = rig();
  ask(1);
  frame();
  ask(2);
  const labelled = questions.label('0');
  trial.clear();
  ask(3);
  ask(4);
  for (const label of ['0', '1', '1']) {
    await oracle.asked.at(-1)!.answer(label);
    frame();
  }
  await labelled;
  expect(oracle.asked.map((q) => (q.features as Float32Array)[0])).toEqual([1, 2, 4]);
  expect(oracle.labels).toEqual([[2, '0']]);
  expect(trial.answer()?.prediction.requestId).toBe(3);
});

it('an answer of one model is not shown under another', async () => {
  const { trial, oracle, frame, ask, choose } = rig();
  ask(1);
  frame();
  choose('b');
  ask(2);
  expect(oracle.asked[0]!.signal.aborted).toBe(true);
  await oracle.asked[0]!.answer('0');
  expect(trial.answer()).toBe(null);
  frame();
  expect(oracle.asked[1]!.model).toBe('b');
  await oracle.asked[1]!.answer('1');
  expect(trial.answer()?.prediction.model).toBe('b');
});

it('a cleared sheet takes its question back, and a label then goes nowhere', async () => {
  const { trial, questions, oracle, frame, ask } = rig();
  ask(1);
  frame();
  trial.clear();
  questions.forget();
  expect(oracle.asked[0]!.signal.aborted).toBe(true);
  await oracle.asked[0]!.fail();
  await questions.label('1');
  expect(oracle.labels).toEqual([]);
  expect(trial.problem()).toBe(null);
  expect(trial.busy()).toBe(false);
});

it('a label whose question had no answer says so, and may be given again', async () => {
  const { trial, questions, oracle, frame, ask } = rig();
  ask(1);
  frame();
  const labelled = questions.label('1');
  await oracle.asked[0]!.fail();
  await labelled;
  expect(trial.labelling()).toMatchObject({ state: 'failed' });
  ask(1);
  frame();
  await oracle.asked[1]!.answer('1');
  await questions.label('1');
  await questions.label('0'); // it has one
  expect(oracle.labels).toEqual([[2, '1']]);
});

it('a label may be a list, and is told in words', async () => {
  const { trial, questions, oracle, frame, ask } = rig();
  ask(1);
  frame();
  await oracle.asked[0]!.answer('1');
  await questions.label([]);
  expect(oracle.labels).toEqual([[1, []]]);
  expect(trial.labelling()).toMatchObject({ state: 'counted', label: 'none' });
});
