package quality

import "math"

// Counts is what one model's predictions and labels add up to since the store
// was made, in rows. It is cheap to take every second.
type Counts struct {
	Model, Version string
	Regression     bool

	Predicted uint64
	Labelled  uint64
	Forgotten uint64 // left memory before a label came, or never fitted into it
	Correct   uint64 // of the labelled rows; 0 for a regression

	AbsoluteError float64 // summed over labelled rows; regressions only
	SquaredError  float64 // likewise
}

// Counts appends the counts of all models to into, in the order of
// Options.Models, and returns it. The Predicted of one model and the Labelled
// of another belong to the same moment.
func (s *Store) Counts(into []Counts) []Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.tallies {
		into = append(into, s.tallies[i].counts)
	}
	return into
}

// Accuracy is the share of labelled rows whose class was predicted. It is nil
// without labels and for a regression.
func (c Counts) Accuracy() *float64 {
	if c.Regression {
		return nil
	}
	return ratio(float64(c.Correct), c.Labelled)
}

// Interval is the 95 % Wilson interval of Accuracy, and nil when that is.
func (c Counts) Interval() *[2]float64 {
	if c.Regression || c.Labelled == 0 {
		return nil
	}
	lo, hi := Wilson(c.Correct, c.Labelled)
	return &[2]float64{lo, hi}
}

// Coverage is the share of predicted rows that have a label; nil before the
// first prediction.
func (c Counts) Coverage() *float64 { return ratio(float64(c.Labelled), c.Predicted) }

// Completeness is the share of predicted rows that have their label or may still
// get it; nil before the first prediction. Where it is below 1, the accuracy is of
// those whose labels came soon.
func (c Counts) Completeness() *float64 {
	return ratio(float64(c.Predicted)-float64(c.Forgotten), c.Predicted)
}

// MeanAbsoluteError of a regression, in the unit of its values. It is nil
// without labels and for a classification. Sums are floating-point: the order
// of labels may show in the last digits.
func (c Counts) MeanAbsoluteError() *float64 {
	if !c.Regression {
		return nil
	}
	return ratio(c.AbsoluteError, c.Labelled)
}

// RootMeanSquareError is nil whenever MeanAbsoluteError is.
func (c Counts) RootMeanSquareError() *float64 {
	if !c.Regression || c.Labelled == 0 {
		return nil
	}
	rmse := math.Sqrt(c.SquaredError / float64(c.Labelled))
	return &rmse
}

func ratio(part float64, whole uint64) *float64 {
	if whole == 0 {
		return nil
	}
	r := part / float64(whole)
	return &r
}
