package measure

// Slice is the labelled rows that have something in common: a version, a caller, a
// class, a bin of a column. Rows that are neither right nor wrong are not counted.
type Slice struct {
	Name              string
	Labelled, Correct uint64
}

// Finding compares a slice with the rest of the rows: those of the other slices.
type Finding struct {
	Slice
	Accuracy float64
	Interval [2]float64 // 95 %, of Accuracy
	Rest     float64    // the accuracy of the rest; that of the slice where there is no rest
	// P is the probability of a difference as large, where slice and rest are equally
	// good; Q is P after the correction for the number of slices compared.
	P, Q float64
	// Worse means that the slice is less accurate than the rest, and Q small enough.
	Worse bool
}
