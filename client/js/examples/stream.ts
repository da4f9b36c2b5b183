import { PredictClient, predictEach } from 'penstock-client';

const client = new PredictClient('ws://127.0.0.1:8080');
function* images() {
  for (let n = 0; n < 1000; n++) yield new Uint8Array(784).fill(n % 256); // bytes, scaled by the server
}
for await (const { label, requestId } of predictEach(client, images(), { concurrency: 32 })) {
  if (requestId === 1000) console.log(`the last one is a ${label}`);
}
client.close();
