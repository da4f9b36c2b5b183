package measure

import "penstock/quality"

// Bin compares, for labelled rows of a range of confidence, how sure the model was
// with how often it was right.
type Bin struct {
	Count, Correct uint64
	Confidence     float64 // summed
}

// Bins is a reliability diagram: equally wide bins from 0 to 1, as in Guo et al., On
// Calibration of Modern Neural Networks, ICML 2017, section 2. A confidence on the
// border of two bins is in the upper one, and 1 is in the last.
type Bins [quality.CalibrationBins]Bin

// Add counts a labelled row. What is no probability, as NaN, is left out.
func (b *Bins) Add(confidence float32, correct bool) {
	if !(confidence >= 0 && confidence <= 1) {
		return
	}
	bin := &b[min(int(confidence*float32(len(b))), len(b)-1)]
	bin.Count++
	bin.Confidence += float64(confidence)
	if correct {
		bin.Correct++
	}
}

func (b *Bins) merge(other *Bins) {
	for k := range b {
		b[k].Count += other[k].Count
		b[k].Correct += other[k].Correct
		b[k].Confidence += other[k].Confidence
	}
}
