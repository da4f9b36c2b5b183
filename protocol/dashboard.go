package protocol

import "encoding/json"

// Metrics is the frame that dashboards receive every second. A pointer is nil
// (null on the wire) where nothing was measured: without labels there is no
// accuracy, without traffic no percentile. Docs: docs/protocol.md.
type Metrics struct {
	Type      string `json:"type"` // "metrics"
	Seq       uint64 `json:"seq"`
	Timestamp string `json:"timestamp"` // RFC 3339, UTC, milliseconds

	ActiveConnections int `json:"active_connections"`
	ActiveUsers       int `json:"active_users"`

	RequestsPerSecond    float64 `json:"requests_per_second"`
	PredictionsPerSecond float64 `json:"predictions_per_second"` // rows
	ErrorRate            float64 `json:"error_rate"`             // 0 to 1, last 10 s
	ShedPerSecond        float64 `json:"shed_per_second"`

	ModelAccuracy    *float64    `json:"model_accuracy"`
	AccuracyInterval *[2]float64 `json:"accuracy_interval"` // 95 % Wilson
	Labelled         uint64      `json:"labelled"`
	LabelCoverage    *float64    `json:"label_coverage"` // labelled / predicted rows

	LargestLabeller *LargestLabeller `json:"largest_labeller"` // last 5 min; null without labels

	LatencyMS Latency      `json:"latency_ms"` // last 10 s
	QueueMS   QueueLatency `json:"queue_ms"`   // last 10 s

	QueueDepth  int      `json:"queue_depth"` // rows waiting now
	BatchRows   *float64 `json:"batch_rows"`  // mean over the last second
	WorkersBusy float64  `json:"workers_busy"`
	CPUUsage    float64  `json:"cpu_usage"` // percent of the machine
	MemoryBytes uint64   `json:"memory_bytes"`

	Models map[string]ModelMetrics `json:"models"`
}

// LargestLabeller is who gave most of the labels of the last five minutes: a
// caller's address or, where there is one caller only, a session.
type LargestLabeller struct {
	Name   string  `json:"name"` // at most 64 characters, all of which print
	Share  float64 `json:"share"`
	Labels uint64  `json:"labels"`
}

// Latency holds percentiles in milliseconds, from the arrival of a request to
// its reply being handed to the socket.
type Latency struct {
	P50 *float64 `json:"p50"`
	P95 *float64 `json:"p95"`
	P99 *float64 `json:"p99"`
	Max *float64 `json:"max"`
}

// QueueLatency is the part of Latency spent waiting for a worker.
type QueueLatency struct {
	P50 *float64 `json:"p50"`
	P99 *float64 `json:"p99"`
}

// ModelMetrics is one model's share of a Metrics frame.
type ModelMetrics struct {
	Version              string      `json:"version"`
	PredictionsPerSecond float64     `json:"predictions_per_second"`
	ModelAccuracy        *float64    `json:"model_accuracy"`
	AccuracyInterval     *[2]float64 `json:"accuracy_interval"`
	Labelled             uint64      `json:"labelled"`
	LabelCoverage        *float64    `json:"label_coverage"`
	// MeanAbsoluteError is measured for regressions only.
	MeanAbsoluteError *float64 `json:"mean_absolute_error,omitempty"`
	QueueDepth        int      `json:"queue_depth"`
	WorkersBusy       float64  `json:"workers_busy"`
}

// Alert tells that a measured value crossed its threshold, or came back.
type Alert struct {
	Type      string  `json:"type"`     // "alert"
	Severity  string  `json:"severity"` // "warning" or "critical"
	Metric    string  `json:"metric"`
	Value     float64 `json:"value"`
	Threshold float64 `json:"threshold"`
	Message   string  `json:"message"`
	State     string  `json:"state"` // "firing" or "resolved"
	Since     string  `json:"since"` // RFC 3339
}

// History is the first frame on a dashboard socket: up to the last 600
// metrics frames, oldest first. Points are frames already encoded.
type History struct {
	Type   string            `json:"type"` // "history"
	Points []json.RawMessage `json:"points"`
}
