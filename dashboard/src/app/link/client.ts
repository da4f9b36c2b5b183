// The one door to the TypeScript client, whose source is beside the dashboard:
// everything else here imports it from this file, the types of /api included.
export { DashboardClient, outputsOf, PredictClient } from 'penstock-client';
export type {
  Alert, AlertsAnswer, CalibrationBin, ColumnInfo, Features, Hello, LabelQuality, Metrics, ModelFacts, ModelInfo, ModelMetrics, ModelQuality,
  ModelsAnswer, NamedFeatures, Note, OutputAnswer, OutputKind, Prediction, Presence, Problem, QualityAnswer, QualityRange, RecordedAlert,
  RowLabel, StatusInfo, ValueQuality,
} from 'penstock-client';
