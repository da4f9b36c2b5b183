package quality

// CalibrationBins is how many equally wide bins of confidence are kept, as in
// Guo et al., On Calibration of Modern Neural Networks, ICML 2017, section 2.
const CalibrationBins = 15

type calibrationBin struct {
	count, correct uint64
	confidence     float64 // summed
}

// calibration compares confidences with what came true.
type calibration [CalibrationBins]calibrationBin

func (c *calibration) add(confidence float32, correct bool) {
	// Also leaves out NaN.
	if !(confidence >= 0 && confidence <= 1) {
		return
	}
	bin := &c[min(int(confidence*CalibrationBins), CalibrationBins-1)]
	bin.count++
	bin.confidence += float64(confidence)
	if correct {
		bin.correct++
	}
}

// CalibrationBin compares how sure a model was with how often it was right, for
// labelled rows with a confidence in [Lower, Upper). The last bin includes its
// upper bound. Of a model of labels, every label of a row counts, with the
// probability that it is true and whether it was.
type CalibrationBin struct {
	Lower, Upper   float64
	Count          uint64
	MeanConfidence *float64 // nil in an empty bin
	Accuracy       *float64 // nil in an empty bin
}

// describe returns the bins and the expected calibration error: the distance
// between confidence and accuracy, averaged over what was labelled (Guo et al.,
// equation 3). The error is nil without labels.
func (c *calibration) describe() ([]CalibrationBin, *float64) {
	bins := make([]CalibrationBin, CalibrationBins)
	var rows uint64
	var apart float64
	for i, b := range c {
		bins[i] = CalibrationBin{
			Lower:          float64(i) / CalibrationBins,
			Upper:          float64(i+1) / CalibrationBins,
			Count:          b.count,
			MeanConfidence: ratio(b.confidence, b.count),
			Accuracy:       ratio(float64(b.correct), b.count),
		}
		rows += b.count
		apart += max(b.confidence-float64(b.correct), float64(b.correct)-b.confidence)
	}
	return bins, ratio(apart, rows)
}
