import { PenstockError, PredictClient } from 'penstock-client';

const client = new PredictClient('ws://127.0.0.1:8080');
client.status.subscribe(({ status, attempt }) => console.log(status, attempt));
try {
  await client.predict([1, 2, 3], { deadlineMs: 200, signal: AbortSignal.timeout(5_000) });
} catch (error) {
  if (error instanceof PenstockError) console.log(error.code, error.retryable, error.expected, error.got);
}
client.close();
