package measure

import (
	"math"

	"penstock/quality"
)

// Tally adds up labelled rows and activity. The zero value has none. Tallies of
// disjoint rows Merge into that of all, in any order, but for the last digits of
// floating-point sums.
//
// All fields are counts and sums over rows, for storage and Merge; the methods are
// what to read. A plain copy shares Values with its original: to have one of its own,
// Merge into a new Tally.
type Tally struct {
	// Predicted and Forgotten count rows, as in quality.Activity. Confidence is the sum
	// of the confidences shown over the Sure of the predicted rows that had one.
	Predicted, Forgotten uint64
	Sure                 uint64
	Confidence           float64

	// Labelled counts rows with a label. Of these Judged are right or wrong, Correct of
	// them right, and Measured some distance off: in sum, of each row's mean over its
	// values, AbsoluteSum and SquaredSum.
	Labelled, Judged, Correct uint64
	Measured                  uint64
	AbsoluteSum, SquaredSum   float64

	// Single labels of rows of labels, and how many of them were wrong.
	SingleLabels, WrongLabels uint64

	// LogLossSum is over the LogLossCount probabilities of which the truth is known: one
	// a row of classes, one a label of rows of labels. Brier likewise.
	LogLossCount, BrierCount uint64
	LogLossSum, BrierSum     float64

	// Residuals counts labelled rows of classes that had a confidence. With p the one
	// that was shown, and y 1 where the row was right and else 0, the sums are of
	// y − p, of its square, of p(1 − p), of (y − p)(1 − 2p), and of (1 − 2p)²p(1 − p).
	Residuals                               uint64
	ResidualSum, ResidualSquares            float64
	ConfidenceVariance                      float64
	SpiegelhalterSum, SpiegelhalterVariance float64

	// SetRows counts rows whose set or interval was judged, and SetCovered those of them
	// where it held the truth. SetSizeSum is that of the numbers of classes.
	SetRows, SetCovered, SetSizeSum uint64

	// Shown and Raw are the reliability diagrams of the confidences that replies gave,
	// and of the model's own.
	Shown, Raw Bins

	// Values has an entry for each value of a row; empty for other kinds, and beyond
	// MaxValues.
	Values []Value
}

// MaxValues is how many values a row may have for R2 to be measured: an entry of
// Tally.Values has 40 bytes, in every minute that is kept.
const MaxValues = 64

// Kinds of output, as in quality.Outcomes.
const (
	kindClass  = "class"
	kindLabels = "labels"
	kindValues = "values"
)

// AddOutcome adds row i of o.
//
// Whether a row of a kind from outside this house is right or wrong, or some way off,
// shows in its verdict alone: with a distance it is Measured, and else Judged.
func (t *Tally) AddOutcome(o *quality.Outcomes, i int) {
	t.Labelled++
	v := &o.Verdicts[i]
	switch {
	case o.Kind == kindClass:
		t.judge(v)
		t.addClass(o, i)
	case o.Kind == kindLabels:
		t.judge(v)
		t.addLabels(o, i)
	case o.Kind == kindValues:
		t.measure(v)
		t.addValues(o, i)
	case v.Distance != 0 || v.Squared != 0:
		t.measure(v)
	default:
		t.judge(v)
	}
	t.addSet(o, i)
}

// AddActivity adds predictions made and forgotten.
func (t *Tally) AddActivity(a *quality.Activity) {
	t.Predicted += a.Predicted
	t.Forgotten += a.Forgotten
	t.Sure += a.Sure
	t.Confidence += a.Confidence
}

// Merge adds the rows of other, which stays as it is and shares nothing with t.
func (t *Tally) Merge(other *Tally) {
	theirs := other.counts()
	for k, count := range t.counts() {
		*count += *theirs[k]
	}
	sums := other.sums()
	for k, sum := range t.sums() {
		*sum += *sums[k]
	}
	t.Shown.merge(&other.Shown)
	t.Raw.merge(&other.Raw)
	t.grow(len(other.Values))
	for k := range other.Values {
		t.Values[k].merge(&other.Values[k])
	}
}

// counts are all plain counts, in the order in which they are written to disk: new
// ones go to the end.
func (t *Tally) counts() [15]*uint64 {
	return [...]*uint64{
		&t.Predicted, &t.Forgotten, &t.Sure,
		&t.Labelled, &t.Judged, &t.Correct, &t.Measured,
		&t.SingleLabels, &t.WrongLabels,
		&t.LogLossCount, &t.BrierCount, &t.Residuals,
		&t.SetRows, &t.SetCovered, &t.SetSizeSum,
	}
}

// sums are all plain sums, likewise.
func (t *Tally) sums() [10]*float64 {
	return [...]*float64{
		&t.Confidence, &t.AbsoluteSum, &t.SquaredSum,
		&t.LogLossSum, &t.BrierSum,
		&t.ResidualSum, &t.ResidualSquares, &t.ConfidenceVariance,
		&t.SpiegelhalterSum, &t.SpiegelhalterVariance,
	}
}

func (t *Tally) judge(v *quality.Verdict) {
	t.Judged++
	if v.Correct {
		t.Correct++
	}
}

func (t *Tally) measure(v *quality.Verdict) {
	t.Measured++
	t.AbsoluteSum += v.Distance
	t.SquaredSum += v.Squared
}

func (t *Tally) addClass(o *quality.Outcomes, i int) {
	correct := o.Verdicts[i].Correct
	if len(o.Confidences) > 0 {
		raw := o.Confidences[i]
		t.Raw.Add(raw, correct)
		shown := raw
		if len(o.Shown) > 0 {
			shown = o.Shown[i]
		}
		t.Shown.Add(shown, correct)
		t.addResidual(float64(shown), correct)
	}
	if len(o.Probability) == 0 || !(o.Probability[i] >= 0) {
		return
	}
	p := float64(o.Probability[i])
	t.LogLossCount++
	t.LogLossSum += logLoss(p)
	if len(o.Squares) > 0 {
		t.BrierCount++
		t.BrierSum += float64(o.Squares[i]) - 2*p + 1
	}
}

// addLabels counts every label of the row. The probabilities are the model's own: no
// calibration is learned for labels.
func (t *Tally) addLabels(o *quality.Outcomes, i int) {
	width := o.Width
	values, truths := o.Values[i*width:(i+1)*width], o.Truths[i*width:(i+1)*width]
	t.SingleLabels += uint64(width)
	for k, value := range values {
		if (value != 0) != (truths[k] != 0) {
			t.WrongLabels++
		}
	}
	if len(o.Confidences) == 0 {
		return
	}
	for k, confidence := range o.Confidences[i*width : (i+1)*width] {
		is := truths[k] != 0
		t.Raw.Add(confidence, is)
		t.Shown.Add(confidence, is)
		p := float64(confidence)
		t.BrierSum += squared(p - indicator(is))
		if !is {
			p = 1 - p
		}
		t.LogLossSum += logLoss(p)
	}
	t.LogLossCount += uint64(width)
	t.BrierCount += uint64(width)
}

func (t *Tally) addValues(o *quality.Outcomes, i int) {
	width := o.Width
	if width > MaxValues || width != o.LabelWidth {
		return
	}
	t.grow(width)
	for k := range width {
		t.Values[k].add(float64(o.Values[i*width+k]), o.Truths[i*width+k])
	}
}

func (t *Tally) grow(width int) {
	for len(t.Values) < width {
		t.Values = append(t.Values, Value{})
	}
}

func (t *Tally) addSet(o *quality.Outcomes, i int) {
	if len(o.SetSize) == 0 || o.SetSize[i] == 0 {
		return
	}
	t.SetRows++
	t.SetSizeSum += uint64(o.SetSize[i])
	if o.Covered[i] {
		t.SetCovered++
	}
}

// addResidual leaves out what is no probability, as the bins do.
func (t *Tally) addResidual(p float64, correct bool) {
	if !(p >= 0 && p <= 1) {
		return
	}
	residual, variance := indicator(correct)-p, p*(1-p)
	t.Residuals++
	t.ResidualSum += residual
	t.ResidualSquares += squared(residual)
	t.ConfidenceVariance += variance
	t.SpiegelhalterSum += residual * (1 - 2*p)
	t.SpiegelhalterVariance += squared(1-2*p) * variance
}

// leastProbability is what log loss takes a smaller probability for, as
// sklearn.metrics.log_loss does for float64: the epsilon of that type. A single
// impossible truth does not make the loss infinite.
const leastProbability = 0x1p-52

func logLoss(p float64) float64 { return -math.Log(min(max(p, leastProbability), 1-leastProbability)) }

func indicator(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

func squared(x float64) float64 { return x * x }
