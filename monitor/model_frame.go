package monitor

import (
	"penstock/inference"
	"penstock/protocol"
	"penstock/quality"
)

func modelFrame(pool Pool, now reading, was, is inference.Stats, seconds float64) protocol.ModelMetrics {
	spec := pool.Spec()
	f := protocol.ModelMetrics{
		Version:              spec.Version,
		PredictionsPerSecond: rate(since(was.RowsPredicted, is.RowsPredicted), seconds),
		QueueDepth:           is.QueueRows,
		WorkersBusy:          share(since(was.BusySeconds, is.BusySeconds), float64(is.Workers)*seconds),
	}
	if counts, ok := now.qualityOf(spec.Name); ok {
		f.ModelAccuracy, f.AccuracyInterval = counts.Accuracy(), counts.Interval()
		f.Labelled, f.LabelCoverage = counts.Labelled, counts.Coverage()
		f.MeanAbsoluteError = counts.MeanAbsoluteError()
	}
	return f
}

// addQuality sums over models since the server started. Regressions have
// labels, but no part in the accuracy.
func addQuality(f *protocol.Metrics, models []quality.Counts) {
	var all, judged quality.Counts
	for _, c := range models {
		all.Predicted += c.Predicted
		all.Labelled += c.Labelled
		if !c.Regression {
			judged.Labelled += c.Labelled
			judged.Correct += c.Correct
		}
	}
	f.Labelled, f.LabelCoverage = all.Labelled, all.Coverage()
	f.ModelAccuracy, f.AccuracyInterval = judged.Accuracy(), judged.Interval()
}
