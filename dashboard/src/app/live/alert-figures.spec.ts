import { expect, it } from 'vitest';
import { figure } from './alert-figures';

it('an alert tells its values in the unit of its message', () => {
  for (const [metric, value, want] of [
    ['error_rate', 0.913838, '91.4 %'], ['queue_share', 1, '100.0 %'], ['model_accuracy', 0.04, '4.0 %'], ['labeller_share', 0.768105, '76.8 %'],
    ['latency_p99_ms', 250.4, '250 ms'], ['cpu_usage', 97.26, '97.3 %'], ['model_error', 0.000_123, '0.00012'], ['of_tomorrow', 12.3456789, '12.3457'],
  ] as const) expect(figure(metric, value)).toBe(want);
});
