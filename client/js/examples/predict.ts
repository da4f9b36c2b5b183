import { PredictClient } from 'penstock-client';

const client = new PredictClient('ws://127.0.0.1:8080');
const image = new Float32Array(784); // 28 × 28 pixels, 0 to 1
const { label, confidence, requestId } = await client.predict(image);
console.log(`a ${label}, I am ${Math.round((confidence ?? 0) * 100)} % sure`);

const { correct } = await client.feedback(requestId, '1'); // when the truth is known
console.log(correct ? 'right' : 'wrong');
client.close();
