import { provideZonelessChangeDetection, type Type } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { FETCH } from '../link/api';
import { DashboardLink } from '../link/dashboard-link';
import type { Me, ModelQuality, QualityFigures, QualityOverTime, QualityStore } from '../link/client';
import { Store } from '../store/store';
import { Calibration } from './calibration';
import { Drift } from './drift';
import { Export } from './export';
import { HISTORY } from './history.state';
import { Kept } from './kept';
import { OverTime } from './over-time';
import { Slices } from './slices';
import { Threshold } from './threshold';

beforeEach(() => {
  vi.stubGlobal('ResizeObserver', class { constructor(private readonly tell: () => void) {} observe() { this.tell(); } disconnect() {} });
});
afterEach(() => vi.unstubAllGlobals());

const kept: QualityStore = { where: 'disk', degraded: false, reason: '', lost_rows: 0, bytes: 2048, rows: 12, oldest: '2026-11-03T10:00:00Z' };
const model = {
  name: 'fraud', version: '1', kind: 'class', task: 'classification', classes: ['no', 'yes'], labelled: 100, predicted: 200, drift: null, estimate: null,
  calibrator: { kind: 'temperature', parameters: [1.31], adopted: null, frozen: false, rows: 100, ece_raw: 0.05, ece: 0.01, ece_floor: 0.02, z: 0.4, mean_gap: 0.01 },
} as unknown as ModelQuality;
const figures = { predicted: 10, labelled: 8, correct: 7, forgotten: 0, accuracy: 0.875, interval: [0.5, 0.98], bounds: [0.7, 0.9], complete: true, log_loss: 0.3, estimate: 0.9 } as unknown as QualityFigures;
const over = {
  window: '1h', by: 'prediction', step_s: 60, total: figures, events: [{ at: '2026-11-20T10:01:00Z', kind: 'drift', version: '1', text: '<b>rows</b> differ' }],
  influence: { capped_accuracy: 0.86, most_influential: 'Eve', moves: 0.031 },
  points: [0, 1, 2].map((i) => ({ ...figures, at: `2026-11-20T10:0${i}:00Z`, complete: i < 2, accuracy: [0.8, 0.9, 0.85][i] })),
} as unknown as QualityOverTime;

function begin(fetch?: typeof globalThis.fetch) {
  const link = { freezeCalibration: vi.fn() };
  TestBed.configureTestingModule({
    providers: [provideZonelessChangeDetection(), provideRouter([]), { provide: DashboardLink, useValue: link }, ...(fetch ? [{ provide: FETCH, useValue: fetch }] : [])],
  });
  const store = TestBed.inject(Store), history = TestBed.inject(HISTORY);
  store.access.enter(null);
  store.quality.set({ models: [model], store: kept });
  store.view.look('quality', new URLSearchParams());
  store.shell.setStatus({ status: 'connected', attempt: 0, nextAttemptAt: null, reason: null });
  history.windowed.take(history.windowed.path()!, { models: [{ ...model, over_time: over }], store: kept });
  return { store, history, link };
}

async function show(part: Type<unknown>, of: ModelQuality | null = model) {
  const fixture = TestBed.createComponent(part);
  if (of) fixture.componentRef.setInput('model', of);
  await fixture.whenStable();
  return { fixture, page: fixture.nativeElement as HTMLElement, settle: () => fixture.whenStable() };
}

const text = (e: Element) => e.textContent!.replace(/\s+/g, ' ').trim();

it('charts what was measured, and says what it points at', async () => {
  const { history } = begin();
  const { page, settle } = await show(OverTime);
  expect([...page.querySelectorAll('.measures label')].map(text)).toEqual(['Accuracy 87.50 %', 'Log loss 0.30']);
  const slider = page.querySelector('[role=slider]')!;
  expect(slider.getAttribute('aria-valuetext')).toBe('whole window: 87.50 %, 95 % interval 50.00 % to 98.00 %, estimated 90.00 %');
  slider.dispatchEvent(new KeyboardEvent('keydown', { key: 'Home' }));
  await settle();
  expect(slider.getAttribute('aria-valuetext')).toMatch(/^Nov 20, \d\d:\d0: 80\.00 %/);
  slider.dispatchEvent(new KeyboardEvent('keydown', { key: 'End' }));
  await settle();
  expect(slider.getAttribute('aria-valuetext')).toMatch(/, labels still to come: 85\.00 %/);
  slider.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }));
  expect(history.cursor()).toBeNull();
  expect(text(page)).toContain('Without those by \u2068Eve\u2069, who moves it most, it would be 3.10 points lower.');
  expect(page.querySelector('.mark')!.classList.contains('warning')).toBe(true);
  expect(text(page.querySelector('.entry')!)).toContain('<b>rows</b> differ');
  page.querySelectorAll<HTMLInputElement>('.measures input')[1]!.click();
  await settle();
  expect(slider.getAttribute('aria-label')).toBe('Log loss over time');
  expect(page.querySelector('.estimate')).toBeNull();
});

it('an estimate that cannot be relied on is grey, with why', async () => {
  begin();
  const estimate = { accuracy: 0.9, interval: [0.88, 0.92] as [number, number], measured: 0.8, residual: -0.1, residual_interval: null, reliable: true, why: '' };
  const { page, fixture, settle } = await show(OverTime, { ...model, estimate });
  expect(page.querySelector('.estimate')!.classList.contains('doubtful')).toBe(false);
  expect(text(page.querySelector('.estimated')!)).toContain('90.00 %, 95 % interval 88.0 to 92.0.');
  fixture.componentRef.setInput('model', { ...model, estimate: { ...estimate, reliable: false, why: 'drift fires' } });
  await settle();
  expect(page.querySelector('.estimate')!.classList.contains('doubtful')).toBe(true);
  expect(text(page.querySelector('.estimated')!)).toContain('Do not rely on it: drift fires.');
});

it('says where nothing was predicted', async () => {
  const { history } = begin();
  const none = { predicted: 0, labelled: 0, correct: 0, forgotten: 0, accuracy: null, interval: null, bounds: null } as unknown as QualityFigures;
  history.windowed.take(history.windowed.path()!, { models: [{ ...model, over_time: { ...over, points: [], events: [], total: none } }], store: kept });
  const { page } = await show(OverTime);
  expect(text(page.querySelector('.empty')!)).toBe('Nothing was predicted in this window.');
});

it('a calibration is frozen by whoever may', async () => {
  const { store, link } = begin();
  const { page, fixture, settle } = await show(Calibration);
  const button = page.querySelector<HTMLButtonElement>('[role=switch]')!;
  expect(text(page.querySelector('dl')!)).toContain('temperature (1.31)');
  expect(text(page)).toContain('right as often as they say');
  button.click();
  expect(link.freezeCalibration).toHaveBeenCalledWith('fraud', true);
  await settle();
  expect([button.disabled, button.ariaChecked]).toEqual([true, 'false']); // until the server says so
  fixture.componentRef.setInput('model', { ...model, calibrator: { ...model.calibrator!, frozen: true, z: -4, mean_gap: -0.03 } });
  await settle();
  expect([button.disabled, button.ariaChecked]).toEqual([false, 'true']);
  expect(text(page)).toContain('less sure than they are right');
  store.access.learn({ authentication: 'token', scopes: ['dashboard', 'notes:other'] } as unknown as Me);
  await settle();
  expect(button.disabled).toBe(true);
  expect(button.title).toContain('notes:fraud');
});

it('a server that refuses to freeze is heard', async () => {
  const { store } = begin();
  const { page, settle } = await show(Calibration);
  page.querySelector<HTMLButtonElement>('[role=switch]')!.click();
  store.live.fail('no such model');
  await settle();
  expect(text(page.querySelector('[role=alert]')!)).toBe('no such model');
  expect(page.querySelector<HTMLButtonElement>('[role=switch]')!.disabled).toBe(false);
});

it('slices are by what is chosen, and those that are worse say so', async () => {
  const { history } = begin();
  const { page, settle } = await show(Slices, null);
  history.slices.take(history.slices.path()!, { by: 'version', too_few: 2, slices: [{ name: '2', labelled: 900, correct: 700, accuracy: 7 / 9, interval: [0.7, 0.8], q: 0.0001, worse: true }] });
  await settle();
  expect(text(page.querySelector('tbody')!)).toBe('277.78 %70.0 to 80.0900< 0.001worse');
  expect(text(page)).toContain('2 more have fewer than 100 labels');
  page.querySelector<HTMLInputElement>('fieldset label:nth-of-type(4) input')!.click();
  expect(history.slicing()).toBe('slice');
  history.slices.take(history.slices.path()!, { by: 'slice', too_few: 0, slices: [] });
  await settle();
  expect(text(page)).toContain('--quality-slice');
});

it('a threshold is moved, priced, and taken where it costs least', async () => {
  const { history } = begin();
  history.curve.take(history.curve.path()!, {
    positive: 'yes', rows: 100, roc_auc: 0.9, average_precision: 0.8,
    points: [{ threshold: 0.1, tp: 10, fp: 40, fn: 0, tn: 50 }, { threshold: 0.5, tp: 8, fp: 10, fn: 2, tn: 80 }, { threshold: 0.9, tp: 1, fp: 0, fn: 9, tn: 90 }],
  });
  const { page, settle } = await show(Threshold);
  expect(text(page.querySelector('output')!)).toBe('0.500');
  expect(page.querySelector('input[type=range]')!.getAttribute('aria-valuetext')).toContain('precision 44.4 %, recall 80.0 %');
  const missed = page.querySelector<HTMLInputElement>('[aria-label="Cost of each that is yes and said to be no"]')!;
  missed.value = '50';
  missed.dispatchEvent(new Event('input'));
  await settle();
  page.querySelector<HTMLButtonElement>('.buttons-row button')!.click();
  await settle();
  expect(text(page.querySelector('output')!)).toBe('0.100');
  expect(text(page)).toContain('cost a row0.40');
});

it('drift shows its worst features, and how a reference is made where there is none', async () => {
  begin();
  const feature = { name: 'age', p: 0.00001, q: 0.0002, psi: 0.3, firing: true, bins: ['≤ 3', 'missing'], live: [0.9, 0.1], reference: [0.5, 0.5] };
  const { page, fixture, settle } = await show(Drift, { ...model, drift: { firing: true, text: 'age differs', reference_rows: 500, windows: 1, rows: 3, features: [{ ...feature, effect: 0.4 }], map: null, shape: null } });
  expect(text(page.querySelector('[role=status]')!)).toBe('age differs');
  expect(text(page.querySelector('tbody tr')!)).toMatch(/^age0\.300< 0\.00010\.0002/);
  fixture.componentRef.setInput('model', model);
  await settle();
  expect(text(page)).toContain('penstock reference');
});

it('what cannot be exported is told, what can is saved', async () => {
  let answer = new Response('{"detail":"the disk is away"}', { status: 503, headers: { 'Content-Type': 'application/problem+json' } });
  begin(async () => answer);
  const { page, settle } = await show(Export, null);
  const [csv] = page.querySelectorAll('button');
  csv!.click();
  await vi.waitFor(() => expect(text(page.querySelector('[role=alert]')!)).toContain('Nothing was exported: api/quality/export?model=fraud&window=1h&format=csv answered 503: the disk is away.'));
  answer = new Response('model\nfraud\n');
  const made = vi.fn(() => 'blob:here'), clicked = vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(() => undefined);
  vi.stubGlobal('URL', Object.assign(URL, { createObjectURL: made, revokeObjectURL: () => undefined }));
  csv!.click();
  await vi.waitFor(() => expect(text(page)).toContain('fraud-1h.csv is among your downloads.'));
  expect([made, clicked].map((f) => f.mock.calls.length)).toEqual([1, 1]);
  expect(page.querySelector('[role=alert]')).toBeNull();
  await settle();
});

it('where it is kept, and that it is not written', async () => {
  const { store } = begin();
  const { page, settle } = await show(Kept, null);
  expect(text(page)).toContain('On disk');
  expect(text(page)).toContain('2026-11-03');
  store.quality.set({ models: [model], store: { ...kept, degraded: true, reason: 'no space left', lost_rows: 7 } });
  await settle();
  expect(text(page)).toContain('degraded: no space left');
  expect(page.querySelectorAll('.lacking').length).toBe(2);
});
