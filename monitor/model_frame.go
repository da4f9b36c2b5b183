package monitor

import (
	"penstock/protocol"
	"penstock/quality"
)

func modelFrame(before, now *ModelReading, seconds float64) protocol.ModelMetrics {
	was, is := before.Stats, now.Stats
	f := protocol.ModelMetrics{
		Version:              now.Version,
		RequestsPerSecond:    rate(since(asked(was), asked(is)), seconds),
		PredictionsPerSecond: rate(since(was.RowsPredicted, is.RowsPredicted), seconds),
		ShedPerSecond:        rate(since(was.Shed, is.Shed), seconds),
		QueueDepth:           is.QueueRows,
		BatchRows:            meanRows(since(was.BatchRows, is.BatchRows), since(was.Batches, is.Batches)),
		WorkersBusy:          share(since(was.BusySeconds, is.BusySeconds), float64(is.Workers)*seconds),
	}
	if ranges := now.Quality; ranges != nil {
		counts := ranges.SinceStart
		f.ModelAccuracy, f.AccuracyInterval = counts.Accuracy(), counts.Interval()
		f.Labelled, f.LabelCoverage = counts.Labelled, counts.Coverage()
		f.MeanAbsoluteError = counts.MeanAbsoluteError()
		f.Quality = protocol.Quality{
			Last5m: own(ranges.Last5m), Last1h: own(ranges.Last1h), SinceStart: own(counts),
		}
	}
	return f
}

// own is a range of one model.
func own(c quality.Counts) protocol.QualityRange { return qualityRange(c, c) }

// addQuality sums over models. Those whose labels tell a distance have no part in
// the accuracy, and those that take no labels none in how many there are.
func addQuality(f *protocol.Metrics, models []ModelReading) {
	var start, hour, minutes sum
	for i := range models {
		r := models[i].Quality
		if r == nil {
			continue
		}
		start.add(r.SinceStart)
		hour.add(r.Last1h)
		minutes.add(r.Last5m)
	}
	f.Labelled, f.LabelCoverage = start.all.Labelled, start.all.Coverage()
	f.ModelAccuracy, f.AccuracyInterval = start.judged.Accuracy(), start.judged.Interval()
	f.Quality = protocol.Quality{
		Last5m:     qualityRange(minutes.all, minutes.judged),
		Last1h:     qualityRange(hour.all, hour.judged),
		SinceStart: qualityRange(start.all, start.judged),
	}
}

// sum adds models up: all of them, and those that can be right or wrong.
type sum struct{ all, judged quality.Counts }

func (s *sum) add(c quality.Counts) {
	if c.Measure == quality.Nothing {
		return
	}
	s.all.Measure, s.judged.Measure = quality.RightOrWrong, quality.RightOrWrong
	s.all.Predicted += c.Predicted
	s.all.Labelled += c.Labelled
	s.all.Forgotten += c.Forgotten
	if c.Measure == quality.RightOrWrong {
		s.judged.Labelled += c.Labelled
		s.judged.Correct += c.Correct
	}
}

// qualityRange takes the rows of all and the accuracy of those that have one.
func qualityRange(all, judged quality.Counts) protocol.QualityRange {
	return protocol.QualityRange{
		Predicted: all.Predicted, Labelled: all.Labelled, Forgotten: all.Forgotten,
		Coverage: all.Coverage(), Completeness: all.Completeness(),
		Accuracy: judged.Accuracy(), AccuracyInterval: judged.Interval(),
		MeanAbsoluteError: all.MeanAbsoluteError(),
	}
}
