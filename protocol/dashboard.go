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
	ActiveUsers       int `json:"active_users"` // dashboards left out

	RequestsPerSecond    float64 `json:"requests_per_second"`
	PredictionsPerSecond float64 `json:"predictions_per_second"` // rows
	ErrorRate            float64 `json:"error_rate"`             // 0 to 1, last 10 s
	ShedPerSecond        float64 `json:"shed_per_second"`

	// These four are since the server started, of classification models the first
	// two; Quality has the other ranges.
	ModelAccuracy    *float64    `json:"model_accuracy"`
	AccuracyInterval *[2]float64 `json:"accuracy_interval"` // 95 % Wilson
	Labelled         uint64      `json:"labelled"`
	LabelCoverage    *float64    `json:"label_coverage"` // labelled / predicted rows

	Quality Quality `json:"quality"`

	LargestLabeller *LargestLabeller `json:"largest_labeller"` // last 5 min; null without labels

	LatencyMS Latency      `json:"latency_ms"` // last 10 s
	QueueMS   QueueLatency `json:"queue_ms"`   // last 10 s

	QueueDepth  int      `json:"queue_depth"` // rows waiting now
	BatchRows   *float64 `json:"batch_rows"`  // mean over the last second
	WorkersBusy float64  `json:"workers_busy"`
	CPUUsage    float64  `json:"cpu_usage"` // percent of the machine, whoever uses it
	// ProcessCPUUsage is what this process takes, in percent of the processors
	// that it may use.
	ProcessCPUUsage float64 `json:"process_cpu_usage"`
	MemoryBytes     uint64  `json:"memory_bytes"`

	Firing []FiringAlert           `json:"firing"` // empty, not null, when all is calm
	Models map[string]ModelMetrics `json:"models"`
}

// Quality is what labels say of the predictions made in three ranges of time. A
// label counts where its prediction was made, however late it comes.
type Quality struct {
	Last5m     QualityRange `json:"last_5m"`
	Last1h     QualityRange `json:"last_1h"`
	SinceStart QualityRange `json:"since_start"`
}

// QualityRange counts rows predicted in one range of time.
type QualityRange struct {
	Predicted uint64 `json:"predicted"`
	Labelled  uint64 `json:"labelled"`
	// Forgotten rows left memory before a label came: none can count any more.
	Forgotten        uint64      `json:"forgotten"`
	Coverage         *float64    `json:"coverage"`          // labelled / predicted
	Completeness     *float64    `json:"completeness"`      // 1 - forgotten / predicted
	Accuracy         *float64    `json:"accuracy"`          // of classification models
	AccuracyInterval *[2]float64 `json:"accuracy_interval"` // 95 % Wilson
	// MeanAbsoluteError is measured for regressions only.
	MeanAbsoluteError *float64 `json:"mean_absolute_error,omitempty"`
}

// FiringAlert is how an alert that holds stands now.
type FiringAlert struct {
	ID    string  `json:"id"`
	Value float64 `json:"value"`
	Worst float64 `json:"worst"`
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
	Version string `json:"version"`

	// Of the requests that got as far as this model's queue.
	RequestsPerSecond    float64 `json:"requests_per_second"`
	PredictionsPerSecond float64 `json:"predictions_per_second"`
	ErrorRate            float64 `json:"error_rate"` // 0 to 1, last 10 s
	ShedPerSecond        float64 `json:"shed_per_second"`

	// Since the server started; Quality has the other ranges.
	ModelAccuracy    *float64    `json:"model_accuracy"`
	AccuracyInterval *[2]float64 `json:"accuracy_interval"`
	Labelled         uint64      `json:"labelled"`
	LabelCoverage    *float64    `json:"label_coverage"`
	// MeanAbsoluteError is measured for regressions only.
	MeanAbsoluteError *float64 `json:"mean_absolute_error,omitempty"`

	Quality Quality `json:"quality"`

	LatencyMS   Latency      `json:"latency_ms"` // last 10 s
	QueueMS     QueueLatency `json:"queue_ms"`   // last 10 s
	QueueDepth  int          `json:"queue_depth"`
	BatchRows   *float64     `json:"batch_rows"`
	WorkersBusy float64      `json:"workers_busy"`
}

// Alert tells that a measured value crossed its threshold, or came back.
type Alert struct {
	Type     string `json:"type"`     // "alert"
	ID       string `json:"id"`       // of what is watched: the same whenever it fires
	Severity string `json:"severity"` // "warning" or "critical"
	Metric   string `json:"metric"`
	Model    string `json:"model,omitempty"` // empty where it is about all

	Value         float64 `json:"value"`           // when this was sent
	ValueAtFiring float64 `json:"value_at_firing"` // when it began
	Worst         float64 `json:"worst"`           // since it began
	Threshold     float64 `json:"threshold"`
	Message       string  `json:"message"`
	State         string  `json:"state"` // "firing" or "resolved"
	Since         string  `json:"since"` // RFC 3339
}

// History is the first frame on a dashboard socket: up to the last 600
// metrics frames, oldest first. Points are frames already encoded.
type History struct {
	Type   string            `json:"type"` // "history"
	Points []json.RawMessage `json:"points"`
}
