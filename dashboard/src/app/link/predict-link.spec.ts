import { provideZonelessChangeDetection } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { afterEach, expect, it, vi } from 'vitest';
import { Store } from '../store/store';
import type { PredictClient } from 'penstock-client/predict';
import { TRIAL } from '../try/trial.state';
import type { Features, Hello, StatusInfo } from './client';
import { PREDICT_CLIENT, PredictLink } from './predict-link';

let link: PredictLink | undefined;
afterEach(() => {
  link?.stop();
  vi.unstubAllGlobals();
});

const value = <T>(now: T) => ({ value: now, subscribe: (fn: (v: T) => void) => { fn(now); return () => undefined; } });

/** A connected client that keeps what it is asked. */
function rig(models: Hello['models']) {
  vi.stubGlobal('requestAnimationFrame', (run: () => void) => run());
  const asked: { features: Features; model: string }[] = [];
  const client = {
    status: value<StatusInfo>({ status: 'connected', attempt: 0, nextAttemptAt: null, reason: null, closeCode: null } as StatusInfo),
    hello: value<Hello>({ type: 'hello', session: 's', models, limits: { window: 1, max_rows: 1, max_bytes: 1 } }),
    predict: (features: Features, { model }: { model: string }) => { asked.push({ features, model }); return new Promise(() => undefined); },
    on: () => () => undefined,
    close: vi.fn(),
  };
  TestBed.configureTestingModule({
    providers: [provideZonelessChangeDetection(), { provide: PREDICT_CLIENT, useValue: () => client as unknown as PredictClient }],
  });
  link = TestBed.inject(PredictLink);
  TestBed.inject(Store).access.enter(null);
  TestBed.runInInjectionContext(() => link!.start());
  TestBed.tick();
  return { view: TestBed.inject(Store).view, trial: TestBed.inject(TRIAL), asked, client, link };
}

const scene = { name: 'scene', version: '1', task: 'labels' as const, features: 2, classes: ['a'], columns: [{ name: 'light', kind: 'number', missing: true }] };
const row = { name: 'row', version: '1', task: 'regression' as const, features: 2, classes: [], missing: true };

it('asks by the names of columns, or in order, as the model wants it', () => {
  const { trial, view, asked, link: it } = rig([scene, row]);
  it.submitRow();
  expect(trial.problem()).toContain('is empty');
  trial.setField('light', { text: '', missing: true });
  it.submitRow();
  view.look('try', new URLSearchParams({ model: 'row' }));
  TestBed.tick();
  expect(trial.fields().size).toBe(0); // of another model
  trial.setRow('null 2');
  it.submitRow();
  expect(asked[0]).toEqual({ features: { light: null }, model: 'scene' });
});

it('closes its socket with the page', () => {
  const { client, link: it } = rig([row]);
  it.stop();
  expect(client.close).toHaveBeenCalledOnce();
});
