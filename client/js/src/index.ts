export type { Clock } from './clock.js';
export {
  DashboardClient,
  type DashboardEvents,
  type DashboardOptions,
  type Subscription,
} from './dashboard.js';
export { type ClientCode, type ErrorCode, type ErrorDetails, PenstockError, type ServerCode } from './error.js';
export type { FeedbackResult } from './feedback.js';
export type {
  Alert,
  DashboardFrame,
  FilteredMetrics,
  FiringAlert,
  History,
  LargestLabeller,
  Metrics,
  MetricsOf,
  ModelMetrics,
  Note,
  Presence,
  Quality,
  QualityRange,
  Typing,
} from './frames.js';
export type { Hello, ModelInfo, Notice } from './hello.js';
export type { ConnectionOptions } from './options.js';
export type { Prediction, Timing, TopClass } from './prediction.js';
export { type FeedbackOptions, PredictClient, type PredictOptions, type RequestOptions } from './predict.js';
export { predictEach, type PredictEachOptions } from './predict-each.js';
export type { Features, Label, RequestId } from './request.js';
export type { WebSocketConstructor, WebSocketLike } from './socket.js';
export type { Status, StatusInfo } from './status.js';
export type { Value } from './value.js';
