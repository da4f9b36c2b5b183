import { expect, it } from 'vitest';
import type { Metrics } from '../link/client';
import { point } from './points';
import { FrameSource, withGaps } from './series';

it('lines break where the distance of two points is over two and a half steps', () => {
  expect(withGaps({ times: [1, 2, 4.5, 9], columns: [[1, 2, 3, 9], [null, 5, 6, 7]], step: 1 })).toEqual({
    times: [1, 2, 4.5, 5.5, 9], columns: [[1, 2, 3, null, 9], [null, 5, 6, null, 7]], step: 1,
  });
  expect(withGaps({ times: [0, 60, 120, 360], columns: [[1, 2, 3, 4]], step: 60 })).toEqual({
    times: [0, 60, 120, 180, 360], columns: [[1, 2, 3, null, 4]], step: 60,
  });
  expect(withGaps({ times: [0, 10, 20], columns: [[1, 2, 3]], step: 10 }).times).toEqual([0, 10, 20]);
  expect(withGaps({ times: [], columns: [[]], step: 1 })).toEqual({ times: [], columns: [[]], step: 1 });
});

it('frames are read by the names of metrics, of a model or of all', () => {
  const frame = (second: number, more: object) => point({ timestamp: new Date(second * 1000).toISOString(), queue_depth: 9, models: {}, ...more } as Metrics);
  const pets = { queue_depth: 2, quality: { last_5m: { accuracy: 0.5, accuracy_interval: [0.25, 0.75] } } };
  const source = new FrameSource(() => [frame(1, {}), frame(2, { models: { pets } }), frame(3, { models: { pets } })]);
  expect(source.read({ metrics: ['accuracy', 'accuracy_high', 'queue_depth', 'error_rate'], model: 'pets', from: 2, to: 2 })).toEqual({
    times: [2], columns: [[0.5], [0.75], [2], [null]], step: 1,
  });
  expect(source.read({ metrics: ['queue_depth'], model: null, from: 0, to: 9 }).columns).toEqual([[9, 9, 9]]);
});
