package quality

import "math"

// Counts is what one model's predictions and labels add up to since the store
// was made, in rows. It is cheap to take every second.
type Counts struct {
	Model, Version string
	Measure        Measure

	Predicted uint64
	Labelled  uint64
	Forgotten uint64 // left memory before a label came, or never fitted into it
	Correct   uint64 // of the labelled rows; 0 unless Measure is RightOrWrong

	// AbsoluteError is summed over labelled rows, each the mean over its values; 0
	// unless Measure is Distance.
	AbsoluteError float64
	SquaredError  float64 // likewise
}

// Counts appends the counts of all series to into, in the order in which they
// were added, and returns it. The Predicted of one and the Labelled of another
// belong to the same moment.
func (s *Store) Counts(into []Counts) []Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.listed {
		into = append(into, one.counts)
	}
	return into
}

// Accuracy is the share of labelled rows that were right: the class, or all of the
// labels. It is nil without labels and where no row is right or wrong.
func (c Counts) Accuracy() *float64 {
	if c.Measure != RightOrWrong {
		return nil
	}
	return ratio(float64(c.Correct), c.Labelled)
}

// Interval is the 95 % Wilson interval of Accuracy, and nil when that is.
func (c Counts) Interval() *[2]float64 {
	if c.Measure != RightOrWrong || c.Labelled == 0 {
		return nil
	}
	lo, hi := Wilson(c.Correct, c.Labelled)
	return &[2]float64{lo, hi}
}

// Coverage is the share of predicted rows that have a label; nil before the
// first prediction and where there are no labels to have.
func (c Counts) Coverage() *float64 {
	if c.Measure == Nothing {
		return nil
	}
	return ratio(float64(c.Labelled), c.Predicted)
}

// Completeness is the share of predicted rows that have their label or may still
// get it; nil whenever Coverage is. Where it is below 1, the accuracy is of those
// whose labels came soon.
func (c Counts) Completeness() *float64 {
	if c.Measure == Nothing {
		return nil
	}
	return ratio(float64(c.Predicted)-float64(c.Forgotten), c.Predicted)
}

// MeanAbsoluteError in the unit of the values, over all of a row's. It is nil
// without labels and unless Measure is Distance. Sums are floating-point: the order
// of labels may show in the last digits.
func (c Counts) MeanAbsoluteError() *float64 {
	if c.Measure != Distance {
		return nil
	}
	return ratio(c.AbsoluteError, c.Labelled)
}

// RootMeanSquareError is nil whenever MeanAbsoluteError is.
func (c Counts) RootMeanSquareError() *float64 {
	if c.Measure != Distance || c.Labelled == 0 {
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

// Add adds what another store counted of the same model.
func (c *Counts) Add(other Counts) {
	c.Predicted += other.Predicted
	c.Labelled += other.Labelled
	c.Forgotten += other.Forgotten
	c.Correct += other.Correct
	c.AbsoluteError += other.AbsoluteError
	c.SquaredError += other.SquaredError
}
