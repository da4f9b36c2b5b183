package measure

// Value is what one value of a row adds up to, over labelled rows. The spread is kept
// about the mean, as in Chan, Golub and LeVeque, Algorithms for Computing the Sample
// Variance, The American Statistician 37 (1983), equation 2.1: sums of squares would
// lose all digits where the mean is large.
type Value struct {
	Rows     uint64
	Mean     float64 // of the true values
	Spread   float64 // sum of the squared distances of the true values from Mean
	Residual float64 // sum of the squared distances of predictions from true values
}

func (v *Value) add(predicted, truth float64) {
	v.merge(&Value{Rows: 1, Mean: truth, Residual: squared(predicted - truth)})
}

func (v *Value) merge(other *Value) {
	switch {
	case other.Rows == 0:
		return
	case v.Rows == 0:
		*v = *other
		return
	}
	ours, theirs := float64(v.Rows), float64(other.Rows)
	apart := other.Mean - v.Mean
	v.Mean += apart * theirs / (ours + theirs)
	v.Spread += other.Spread + squared(apart)*ours*theirs/(ours+theirs)
	v.Residual += other.Residual
	v.Rows += other.Rows
}

// r2 is the coefficient of determination as sklearn.metrics.r2_score has it with
// force_finite: where all true values are the same, 1 if all predictions hit it, and
// else 0.
func (v *Value) r2() float64 {
	switch {
	case v.Spread > 0:
		return 1 - v.Residual/v.Spread
	case v.Residual == 0:
		return 1
	default:
		return 0
	}
}
