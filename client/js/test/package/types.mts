// The types, checked whole and without those of Node.js.
import { DashboardClient, type Metrics, type Prediction, PredictClient, predictEach } from 'penstock-client';
import { fromDashboard } from 'penstock-client/rxjs';

export async function ask(): Promise<Prediction[]> {
  using client = new PredictClient('ws://server.test', { token: async () => 'a' });
  const answers = await client.predictRows([new Float32Array(2)], { deadlineMs: 50 });
  for await (const answer of predictEach(client, [[1, 2]])) answers.push(answer);
  const { correct } = await client.feedback(1, ['one'], { deadlineMs: 50 });
  const each: boolean[] | null = correct;
  const one = await client.predict({ light: 0.5, lens: null });
  const said: string | number = one.kind === 'labels' ? one.labels.length : one.kind === 'class' ? one.label : (one.value ?? 0);
  await client.feedbackRow(said, ['cat', 'dog']);
  return each ? answers : [];
}

export function watch(): void {
  const dashboard = new DashboardClient('ws://server.test', { subscription: { metrics: ['error_rate'] } });
  dashboard.on('metrics', ({ error_rate, cpu_usage }) => {
    const [there, maybe]: [number, number | undefined] = [error_rate, cpu_usage];
    return [there, maybe];
  });
  fromDashboard('ws://server.test').on('metrics').subscribe((metrics: Metrics) => metrics.cpu_usage);
}
