// The door to the TypeScript client, whose source is beside the dashboard:
// everything else here imports it from this file, the types of /api included;
// but for the client for predictions, which Try alone loads. Each part is taken
// from its own file: all that is taken from the whole would be loaded at first.
export { DashboardClient } from 'penstock-client/dashboard';
export { outputsOf } from 'penstock-client/outputs';
export type {
  Alert, AlertsAnswer, CalibrationBin, ColumnInfo, FeatureRange, Features, Hello, LabelQuality, Me, Metrics, ModelFacts, ModelInfo, ModelMetrics, ModelProcess, ModelQuality,
  ModelsAnswer, NamedFeatures, Note, Notification, OutputAnswer, OutputKind, Prediction, Presence, Problem, QualityAnswer, QualityRange, RecordedAlert,
  RowLabel, StatusInfo, ValueQuality,
} from 'penstock-client';
