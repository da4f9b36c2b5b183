// The package as an ES module: its names are there, and a client can be made.
import assert from 'node:assert';
import { DashboardClient, PenstockError, PredictClient, predictEach } from 'penstock-client';
import { fromDashboard, fromPredict, fromValue, isFailed, predict } from 'penstock-client/rxjs';

for (const name of [PenstockError, predictEach, fromDashboard, fromPredict, fromValue, isFailed, predict]) {
  assert.equal(typeof name, 'function');
}
const session = 'of-an-empty-project';
const dialled = [];
class WebSocket {
  constructor(url) {
    dialled.push(url);
  }
  close() {}
}
for (const Client of [PredictClient, DashboardClient]) {
  const client = new Client('ws://server.test', { session, WebSocket });
  client.close();
  assert.equal(client.status.value.status, 'disconnected');
  if (!globalThis.WebSocket) assert.throws(() => new Client('ws://server.test', { session }), /package ws/);
}
assert.deepEqual(dialled, [`ws://server.test/ws/predict?session=${session}`, `ws://server.test/ws/dashboard?session=${session}`]);
