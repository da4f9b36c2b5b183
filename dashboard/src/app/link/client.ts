// The door to the TypeScript client, whose source is beside the dashboard:
// everything else here imports it from this file, the types of /api included;
// but for the client for predictions, which Try alone loads. Each part is taken
// from its own file: all that is taken from the whole would be loaded at first.
export { DashboardClient } from 'penstock-client/dashboard';
export { outputsOf } from 'penstock-client/outputs';
export type {
  AccuracyEstimate, Alert, AlertsAnswer, CalibrationBin, CalibratorInfo, ClassQuality, ColumnInfo, CurveAnswer, CurvePoint, DriftInfo, FeatureDrift, FeatureRange, Features, Hello,
  LabelQuality, Me, Metrics, ModelFacts, ModelInfo, ModelMetrics, ModelProcess, ModelQuality, ModelsAnswer, NamedFeatures, Note, Notification, OutputAnswer, OutputKind,
  Prediction, Presence, Problem, QualityAnswer, QualityBy, QualityEvent, QualityFigures, QualityOverTime, QualityPoint, QualityRange, QualitySlice, QualityStore, QualityWindow,
  RecordedAlert, ResidualsAnswer, RowLabel, SetsInfo, SliceBy, SlicesAnswer, StatusInfo, ValueQuality, WorstAnswer, WorstExample,
} from 'penstock-client';
