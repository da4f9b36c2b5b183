/** The clients as Observables, for those who use RxJS 7.8. */
import { distinctUntilChanged, mergeMap, Observable, type OperatorFunction, ReplaySubject, scan, share, switchMap } from 'rxjs';
import { DashboardClient, type DashboardEvents, type DashboardOptions } from './dashboard.js';
import type { DashboardFrame, History, Metrics } from './frames.js';
import { PredictClient, type PredictOptions, type RequestOptions } from './predict.js';
import type { Prediction } from './prediction.js';
import type { Features } from './request.js';
import type { StatusInfo } from './status.js';
import type { Value } from './value.js';

/** A value as an Observable: its value of now first. It never completes. */
export function fromValue<T>(value: Value<T>): Observable<T> {
  return new Observable((subscriber) => value.subscribe((v) => subscriber.next(v)));
}

/** One dashboard socket as Observables. */
export interface DashboardStreams {
  /** The client itself, to leave notes with and to reconnect; the socket is closed when nobody subscribes to anything any more. */
  client$: Observable<DashboardClient>;
  status$: Observable<StatusInfo>;
  /** Every frame as it comes. */
  frames$: Observable<DashboardFrame>;
  /** Frames of one kind as they come. */
  on<E extends keyof DashboardEvents>(event: E): Observable<DashboardEvents[E]>;
  /** The metrics of the last 600 frames, across reconnects, for charts; those who subscribe late get them too. */
  points$: Observable<readonly Metrics[]>;
}

const pointsKept = 600;

/**
 * Shares one dashboard socket among all subscribers: it is opened for the
 * first and closed after the last.
 */
export function fromDashboard(url: string, options?: DashboardOptions): DashboardStreams {
  const client$ = opened(() => new DashboardClient(url, options));
  const on = <E extends keyof DashboardEvents>(event: E) =>
    client$.pipe(switchMap((client) => new Observable<DashboardEvents[E]>((s) => client.on(event, (v) => s.next(v)))));
  const frames$ = client$.pipe(
    switchMap((client) => new Observable<DashboardFrame>((s) => all(client, (frame) => s.next(frame)))),
  );
  return {
    client$,
    status$: client$.pipe(switchMap((client) => fromValue(client.status))),
    frames$,
    on,
    points$: frames$.pipe(
      scan(addPoint, [] as readonly Metrics[]),
      distinctUntilChanged(),
      share({ connector: () => new ReplaySubject(1), resetOnRefCountZero: true }),
    ),
  };
}

/** Shares one client for predictions among all subscribers. */
export function fromPredict(url: string, options?: PredictOptions): Observable<PredictClient> {
  return opened(() => new PredictClient(url, options));
}

/**
 * Predicts every row that comes, at most `concurrency` at a time, and emits
 * the answers as they come. Unsubscribing cancels what is in flight.
 */
export function predict(
  client: PredictClient,
  options: Omit<RequestOptions, 'signal' | 'requestId'> = {},
  concurrency = 64,
): OperatorFunction<Features, Prediction> {
  const ask = (features: Features) =>
    new Observable<Prediction>((subscriber) => {
      const left = new AbortController();
      client.predict(features, { ...options, signal: left.signal }).then(
        (prediction) => {
          subscriber.next(prediction);
          subscriber.complete();
        },
        (error: unknown) => subscriber.error(error),
      );
      return () => left.abort();
    });
  return mergeMap(ask, concurrency);
}

function opened<C extends { close(): void }>(open: () => C): Observable<C> {
  return new Observable<C>((subscriber) => {
    const client = open();
    subscriber.next(client);
    return () => client.close();
  }).pipe(share({ connector: () => new ReplaySubject(1), resetOnRefCountZero: true }));
}

const kinds = ['history', 'metrics', 'alert', 'note', 'presence', 'typing'] as const;

function all(client: DashboardClient, fn: (frame: DashboardFrame) => void): () => void {
  const stops = kinds.map((kind) => client.on(kind, fn));
  return () => stops.forEach((stop) => stop());
}

function addPoint(points: readonly Metrics[], frame: DashboardFrame): readonly Metrics[] {
  if (frame.type === 'history') return (frame as History).points;
  if (frame.type !== 'metrics') return points;
  return [...points, frame].slice(-pointsKept);
}

