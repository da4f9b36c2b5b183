package quality

// CalibrationBins is how many equally wide bins of confidence are kept, as in
// Guo et al., On Calibration of Modern Neural Networks, ICML 2017, section 2.
const CalibrationBins = 15

type calibrationBin struct {
	count, correct uint64
	confidence     float64 // summed
}

func (t *tally) calibrate(confidence float32, correct bool) {
	// Also leaves out NaN and the mark of a missing confidence.
	if !(confidence >= 0 && confidence <= 1) {
		return
	}
	bin := &t.bins[min(int(confidence*CalibrationBins), CalibrationBins-1)]
	bin.count++
	bin.confidence += float64(confidence)
	if correct {
		bin.correct++
	}
}

// CalibrationBin compares how sure a model was with how often it was right,
// for labelled rows with a confidence in [Lower, Upper). The last bin includes
// its upper bound.
type CalibrationBin struct {
	Lower, Upper   float64
	Count          uint64
	MeanConfidence *float64 // nil in an empty bin
	Accuracy       *float64 // nil in an empty bin
}

func (t *tally) calibration() []CalibrationBin {
	if t.counts.Regression {
		return nil
	}
	bins := make([]CalibrationBin, CalibrationBins)
	for i, b := range t.bins {
		bins[i] = CalibrationBin{
			Lower:          float64(i) / CalibrationBins,
			Upper:          float64(i+1) / CalibrationBins,
			Count:          b.count,
			MeanConfidence: ratio(b.confidence, b.count),
			Accuracy:       ratio(float64(b.correct), b.count),
		}
	}
	return bins
}

// calibrationError is the expected calibration error: the distance between
// confidence and accuracy, averaged over the labelled rows (Guo et al.,
// equation 3). Nil without labels.
func (t *tally) calibrationError() *float64 {
	var rows uint64
	var apart float64
	for _, b := range t.bins {
		rows += b.count
		apart += max(b.confidence-float64(b.correct), float64(b.correct)-b.confidence)
	}
	return ratio(apart, rows)
}
