import { DashboardClient } from 'penstock-client';

const dashboard = new DashboardClient('ws://127.0.0.1:8080');
dashboard.on('alert', ({ state, message }) => console.log(state, message));
for await (const frame of dashboard.frames()) {
  if (frame.type !== 'metrics') continue;
  console.log(`accuracy: ${frame.model_accuracy ?? 'no labels yet'}`);
  break;
}
dashboard.close();
