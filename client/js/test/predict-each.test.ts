import { type Features, type Prediction, predictEach, type RequestOptions } from 'penstock-client';
import { expect, test } from 'vitest';
import { failure } from './fake.js';

/** Answers in the order that the test chooses. */
function slow() {
  const waiting: { n: number; signal: AbortSignal | undefined; answer: () => void; refuse: (e: Error) => void }[] = [];
  const predict = (features: Features, options?: RequestOptions) =>
    new Promise<Prediction>((resolve, reject) => {
      const n = (features as number[])[0] as number;
      options?.signal?.addEventListener('abort', () => reject(options.signal?.reason));
      waiting.push({ n, signal: options?.signal, answer: () => resolve({ value: n } as Prediction), refuse: reject });
    });
  return { client: { predict }, waiting };
}

const rows = (count: number) => Array.from({ length: count }, (_, n) => [n]);
const turn = () => new Promise((resolve) => setImmediate(resolve));

async function collect(all: AsyncIterable<Prediction>): Promise<(number | null)[]> {
  const values = [];
  for await (const p of all) values.push(p.value);
  return values;
}

test('answers come in the order of the rows, with a bounded number in flight', async () => {
  const { client, waiting } = slow();
  const all = collect(predictEach(client, rows(10), { concurrency: 4 }));
  for (let answered = 0; answered < 10; ) {
    await turn();
    expect(waiting.length).toBeLessThanOrEqual(4);
    answered += waiting.length;
    for (const w of waiting.splice(0).reverse()) w.answer();
  }
  expect(await all).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('an answer does not wait for the next row of a live source', async () => {
  const { client, waiting } = slow();
  async function* live() {
    yield [1];
    await new Promise(() => undefined);
  }
  const answers = predictEach(client, live());
  const first = answers.next();
  await turn();
  waiting[0]?.answer();
  expect((await first).value).toMatchObject({ value: 1 });
});

test('the first error ends the loop and cancels the rest', async () => {
  const { client, waiting } = slow();
  let closed = false;
  function* source() {
    try {
      yield* rows(10);
    } finally {
      closed = true;
    }
  }
  const all = failure(collect(predictEach(client, source(), { concurrency: 3 })));
  await turn();
  waiting[0]?.refuse(new Error('overloaded'));
  expect(await all).toMatchObject({ message: 'overloaded' });
  expect(waiting.map((w) => w.signal?.aborted)).toEqual([true, true, true]);
  expect(closed).toBe(true);
});
