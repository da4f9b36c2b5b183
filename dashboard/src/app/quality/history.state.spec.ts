import { provideZonelessChangeDetection } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { expect, it } from 'vitest';
import type { ModelQuality, QualityOverTime, QualityStore } from '../link/client';
import { Store } from '../store/store';
import { HISTORY } from './history.state';

const kept = { where: 'disk', degraded: false, reason: '', lost_rows: 0, bytes: 1, rows: 1, oldest: null } satisfies QualityStore;
const fraud = { name: 'a & b', kind: 'class', classes: ['no', 'yes'], labelled: 1 } as ModelQuality;
const digits = { name: 'digits', kind: 'class', classes: ['0', '1', '2'], labelled: 1 } as ModelQuality;
const price = { name: 'price', kind: 'values', classes: [] as string[], labelled: 1 } as ModelQuality;

function begin(query = '') {
  TestBed.configureTestingModule({ providers: [provideZonelessChangeDetection()] });
  const store = TestBed.inject(Store), history = TestBed.inject(HISTORY);
  store.quality.set({ models: [fraud, digits, price], store: kept });
  const look = (q: string) => store.view.look('quality', new URLSearchParams(q));
  look(query);
  const asked = () => history.questions.map((q) => q.path()).filter((p) => p !== null);
  return { store, history, look, asked };
}

it('asks of a model what its kind can tell, in the window that is looked at', () => {
  const { asked, look, history } = begin();
  expect(asked()).toEqual([
    'api/quality?model=a+%26+b&window=1h&by=prediction', 'api/quality/slices?model=a+%26+b&window=1h&by=version', 'api/quality/worst?model=a+%26+b&window=1h', 'api/quality/curve?model=a+%26+b&window=1h',
  ]);
  look('model=digits&window=7d&by=label');
  history.slice('class');
  expect(asked()).toEqual(['api/quality?model=digits&window=7d&by=label', 'api/quality/slices?model=digits&window=7d&by=class', 'api/quality/worst?model=digits&window=7d']);
  look('model=price');
  expect(asked()).toEqual(['api/quality?model=price&window=1h&by=prediction', 'api/quality/residuals?model=price&window=1h']);
  expect(history.exportPath('parquet')).toBe('api/quality/export?model=price&window=1h&format=parquet');
});

it('asks nothing of a server that keeps no history', () => {
  const { store, asked } = begin();
  store.quality.set({ models: [fraud] });
  expect(asked()).toEqual([]);
});

it('an answer stays in sight while another window is asked for, but not with another model', () => {
  const { history, look } = begin();
  const { worst } = history;
  worst.take(worst.path()!, { examples: [] });
  expect([worst.value(), worst.stale()]).toEqual([{ examples: [] }, false]);
  const old = worst.path()!;
  look('window=1d');
  expect([worst.value(), worst.stale()]).toEqual([{ examples: [] }, true]);
  worst.take(old, { examples: [{}] as never }); // came too late
  expect(worst.value()).toEqual({ examples: [] });
  look('model=digits');
  expect([worst.value(), worst.stale()]).toEqual([null, false]);
  look('model=price');
  expect([worst.path(), worst.value(), worst.problem()]).toEqual([null, null, null]);
});

it('a failure is told, leaves what was known, and is over with the next answer', () => {
  const { worst } = begin().history;
  const path = worst.path()!;
  worst.take(path, { examples: [] });
  worst.fail(path, 'the server does not answer');
  expect([worst.value(), worst.stale(), worst.problem()]).toEqual([{ examples: [] }, true, 'the server does not answer']);
  worst.take(path, { examples: [] });
  expect([worst.stale(), worst.problem()]).toEqual([false, null]);
});

it('the window is that of the chosen model', () => {
  const { history, look } = begin();
  const over = (n: number) => ({ window: '1h', total: { labelled: n } }) as QualityOverTime;
  history.windowed.take(history.windowed.path()!, { models: [{ ...fraud, over_time: over(1) }], store: kept });
  expect(history.overTime()?.total.labelled).toBe(1);
  look('model=digits');
  expect(history.overTime()).toBeNull();
  history.windowed.take(history.windowed.path()!, { models: [{ ...digits, over_time: over(2) }], store: kept });
  expect(history.overTime()?.total.labelled).toBe(2);
});
