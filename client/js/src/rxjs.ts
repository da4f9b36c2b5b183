/** The clients as Observables, for those who use RxJS 7.8. */
import { distinctUntilChanged, mergeMap, Observable, type OperatorFunction, ReplaySubject, scan, share, switchMap } from 'rxjs';
import { checkCount } from './check.js';
import { DashboardClient, type DashboardEvents, type DashboardOptions } from './dashboard.js';
import { PenstockError } from './error.js';
import type { DashboardFrame, History, Metrics, MetricsOf } from './wire.js';
import { PredictClient } from './predict.js';
import type { PredictOptions, RequestOptions } from './predict-options.js';
import type { Prediction } from './prediction.js';
import type { Features } from './request.js';
import type { StatusInfo } from './status.js';
import type { Value } from './value.js';

/** A value as an Observable: its value of now first. It never completes. */
export function fromValue<T>(value: Value<T>): Observable<T> {
  return new Observable((subscriber) => value.subscribe((v) => subscriber.next(v)));
}

/**
 * One dashboard socket as Observables. They complete when the client is
 * closed, and error with a `PenstockError` when the server refuses it; a
 * connection that is lost and comes back is no end. Who subscribes after that,
 * as `retry` and `repeat` do, opens a new one.
 */
export interface DashboardStreams<F extends keyof Metrics = never> {
  /** The client itself, to leave notes with and to reconnect; the socket is closed when nobody subscribes to anything any more. */
  client$: Observable<DashboardClient<F>>;
  status$: Observable<StatusInfo>;
  /** Every frame as it comes. */
  frames$: Observable<DashboardFrame<MetricsOf<F>>>;
  /** Frames of one kind as they come. */
  on<E extends keyof DashboardEvents>(event: E): Observable<DashboardEvents<MetricsOf<F>>[E]>;
  /** The metrics of the last 600 frames, across reconnects, for charts; those who subscribe late get them too. */
  points$: Observable<readonly MetricsOf<F>[]>;
}

const pointsKept = 600;

/**
 * Shares one dashboard socket among all subscribers: it is opened for the
 * first and closed after the last.
 */
export function fromDashboard<F extends keyof Metrics = never>(url: string, options?: DashboardOptions<F>): DashboardStreams<F> {
  type M = MetricsOf<F>;
  const client$ = opened(() => new DashboardClient(url, options));
  const each = <T>(listen: (client: DashboardClient<F>, next: (value: T) => void) => () => void) =>
    client$.pipe(switchMap((client) => whileOpen<T>(client, (next) => listen(client, next))));
  const on = <E extends keyof DashboardEvents>(event: E) => each<DashboardEvents<M>[E]>((client, next) => client.on(event, next));
  const frames$ = each<DashboardFrame<M>>(all);
  return {
    client$,
    status$: each<StatusInfo>((client, next) => client.status.subscribe(next)),
    frames$,
    on,
    points$: frames$.pipe(
      scan(addPoint<M>, [] as readonly M[]),
      distinctUntilChanged(),
      share({ connector: () => new ReplaySubject(1), resetOnRefCountZero: true }),
    ),
  };
}

/** Shares one client for predictions among all subscribers; completes and errors as {@link DashboardStreams} do. */
export function fromPredict(url: string, options?: PredictOptions): Observable<PredictClient> {
  return opened(() => new PredictClient(url, options));
}

/** A row that got no prediction, and why. */
export interface FailedPrediction {
  error: PenstockError;
  features: Features;
}

/** Whether a row got no prediction. */
export function isFailed(outcome: Prediction | FailedPrediction): outcome is FailedPrediction {
  return 'error' in outcome;
}

/**
 * Predicts every row that comes, at most `concurrency` at a time, and emits
 * the answers as they come. A row that fails is emitted as a
 * {@link FailedPrediction}, and the others go on; only what no later row would
 * survive errors the stream: a client that was closed or refused, or an option
 * that cannot be. Unsubscribing cancels what is in flight.
 */
export function predict(
  client: PredictClient,
  options: Omit<RequestOptions, 'signal' | 'requestId'> = {},
  concurrency = 64,
): OperatorFunction<Features, Prediction | FailedPrediction> {
  checkCount('concurrency', concurrency);
  const ask = (features: Features) =>
    new Observable<Prediction | FailedPrediction>((subscriber) => {
      const left = new AbortController();
      const last = (outcome: Prediction | FailedPrediction) => {
        subscriber.next(outcome);
        subscriber.complete();
      };
      client.predict(features, { ...options, signal: left.signal }).then(last, (error: unknown) => {
        if (ofOneRow(error)) last({ error, features });
        else subscriber.error(error);
      });
      return () => left.abort();
    });
  return mergeMap(ask, concurrency);
}

function ofOneRow(error: unknown): error is PenstockError {
  return error instanceof PenstockError && error.code !== 'closed' && error.code !== 'disconnected';
}

/** What every client can do. */
interface Client {
  readonly status: Value<StatusInfo>;
  ready(): Promise<unknown>;
  close(): void;
}

function opened<C extends Client>(open: () => C): Observable<C> {
  return new Observable<C>((subscriber) => {
    const client = open();
    subscriber.next(client);
    // Told after the status: who watches that gets the last one first. And by
    // then somebody may have called reconnect().
    const ended = (error: unknown) => {
      if (client.status.value.status !== 'disconnected') return;
      if (closed(error)) subscriber.complete();
      else subscriber.error(error);
    };
    const stop = client.status.subscribe(({ status }) => {
      if (status === 'disconnected') client.ready().catch(ended);
    });
    return () => {
      stop();
      client.close();
    };
  }).pipe(share({ connector: () => new ReplaySubject(1), resetOnRefCountZero: true }));
}

/** What a client tells, until it is closed. */
function whileOpen<T>(client: Client, listen: (next: (value: T) => void) => () => void): Observable<T> {
  return new Observable<T>((subscriber) => {
    subscriber.add(listen((value) => subscriber.next(value)));
    const stop = client.status.subscribe(({ status }) => {
      if (status === 'disconnected') client.ready().catch((error: unknown) => closed(error) && subscriber.complete());
    });
    return stop;
  });
}

function closed(error: unknown): boolean {
  return error instanceof PenstockError && error.code === 'closed';
}

const kinds = ['history', 'metrics', 'alert', 'note', 'presence', 'typing', 'notification'] as const;

function all<F extends keyof Metrics>(client: DashboardClient<F>, fn: (frame: DashboardFrame<MetricsOf<F>>) => void): () => void {
  const stops = kinds.map((kind) => client.on(kind, fn));
  return () => stops.forEach((stop) => stop());
}

function addPoint<M>(points: readonly M[], frame: DashboardFrame<M>): readonly M[] {
  const { type } = frame as { type: string };
  if (type === 'history') return (frame as History<M>).points;
  return type === 'metrics' ? [...points, frame as M].slice(-pointsKept) : points;
}
