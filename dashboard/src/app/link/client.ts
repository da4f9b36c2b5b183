// The one door to the TypeScript client, whose source is beside the dashboard:
// everything else here imports it from this file.
export { DashboardClient, PredictClient } from 'penstock-client';
export type {
  Alert, Hello, Metrics, ModelInfo, ModelMetrics, Note, Prediction, Presence, StatusInfo,
} from 'penstock-client';
