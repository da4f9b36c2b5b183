export type { Identity, Me, Notice, Notification } from './access.js';
export type { Clock } from './clock.js';
export {
  DashboardClient,
  type DashboardEvents,
  type DashboardOptions,
  type Subscription,
} from './dashboard.js';
export { type ClientCode, type ErrorCode, type ErrorDetails, PenstockError, type ServerCode } from './error.js';
export type { FeedbackResult } from './feedback.js';
export type { ConnectionOptions } from './options.js';
export { outputsOf } from './outputs.js';
export type {
  Answered,
  ClassAnswer,
  ClassPrediction,
  ClassSet,
  Interval,
  LabelsAnswer,
  LabelsPrediction,
  OutputAnswer,
  Prediction,
  Timing,
  TopClass,
  ValuesAnswer,
  ValuesIntervals,
  ValuesPrediction,
  VectorAnswer,
  VectorPrediction,
} from './prediction.js';
export { PredictClient, type PredictEvents } from './predict.js';
export type { FeedbackOptions, PredictOptions, RequestOptions } from './predict-options.js';
export { predictEach, type PredictEachOptions } from './predict-each.js';
export type {
  AccuracyEstimate,
  CalibratorInfo,
  ClassQuality,
  CurveAnswer,
  CurvePoint,
  DriftInfo,
  FeatureDrift,
  LabelInfluence,
  QualityBy,
  QualityEvent,
  QualityFigures,
  QualityOverTime,
  QualityPoint,
  QualitySlice,
  QualityStore,
  QualityWindow,
  ResidualsAnswer,
  SetsInfo,
  SliceBy,
  SlicesAnswer,
  TopK,
  WorstAnswer,
  WorstExample,
} from './quality.js';
export type { Features, Label, NamedFeatures, RequestId, RowLabel } from './request.js';
export type { WebSocketConstructor, WebSocketLike } from './socket.js';
export type { Status, StatusInfo } from './status.js';
export type { Value } from './value.js';
export type {
  Alert,
  AlertsAnswer,
  CalibrationBin,
  ColumnInfo,
  DashboardFrame,
  FilteredMetrics,
  FiringAlert,
  Hello,
  History,
  LabelQuality,
  LargestLabeller,
  Metrics,
  MetricsOf,
  FeatureRange,
  ModelFacts,
  ModelProcess,
  ModelInfo,
  ModelMetrics,
  ModelQuality,
  ModelsAnswer,
  Note,
  OutputInfo,
  OutputKind,
  Presence,
  Problem,
  Quality,
  QualityAnswer,
  QualityRange,
  RecordedAlert,
  Typing,
  ValueQuality,
} from './wire.js';
