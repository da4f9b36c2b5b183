import { checkCount } from './check.js';
import type { PredictClient } from './predict.js';
import type { RequestOptions } from './predict-options.js';
import type { Prediction } from './prediction.js';
import type { Features } from './request.js';

/** Options of {@link predictEach}. */
export interface PredictEachOptions extends Omit<RequestOptions, 'requestId'> {
  /** Requests in flight at the same time. Default: 64. */
  concurrency?: number | undefined;
}

/**
 * Predicts every row of a source, live or not, and yields the answers in the
 * order of the rows. It reads the source no faster than answers are taken, and
 * throws the first error; a loop that is left cancels what is in flight.
 */
export function predictEach(
  client: Pick<PredictClient, 'predict'>,
  source: Iterable<Features> | AsyncIterable<Features>,
  options: PredictEachOptions = {},
): AsyncGenerator<Prediction, void, undefined> {
  const { concurrency = 64, ...request } = options;
  checkCount('concurrency', concurrency);
  return inOrder(client, source, request, concurrency);
}

async function* inOrder(
  client: Pick<PredictClient, 'predict'>,
  source: Iterable<Features> | AsyncIterable<Features>,
  { signal, ...request }: Omit<RequestOptions, 'requestId'>,
  concurrency: number,
): AsyncGenerator<Prediction, void, undefined> {
  const left = new AbortController();
  const leave = () => left.abort(signal?.reason);
  if (signal?.aborted) leave();
  signal?.addEventListener('abort', leave);
  const asked = { ...request, signal: left.signal };
  const rows = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  const pending: Promise<Prediction>[] = [];
  let reading: Promise<IteratorResult<Features>> | null = null;
  let exhausted = false;
  try {
    while (!exhausted || pending.length > 0) {
      if (!exhausted && pending.length < concurrency) reading ??= Promise.resolve(rows.next());
      const first = await Promise.race([
        ...(pending[0] ? [pending[0].then((prediction) => ({ prediction }))] : []),
        ...(reading ? [reading.then((read) => ({ read }))] : []),
      ]);
      if ('prediction' in first) {
        void pending.shift();
        yield first.prediction;
        continue;
      }
      reading = null;
      if (first.read.done) {
        exhausted = true;
        continue;
      }
      const prediction = client.predict(first.read.value, asked);
      prediction.catch(() => undefined); // it is looked at in its turn
      pending.push(prediction);
    }
  } finally {
    signal?.removeEventListener('abort', leave);
    left.abort();
    if (!exhausted) void Promise.resolve(rows.return?.()).catch(() => undefined);
  }
}
