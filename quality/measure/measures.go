package measure

import (
	"math"

	"penstock/quality"
)

// All measures are nil where nothing was measured, and never NaN or infinite.

// Accuracy is the share of the labelled rows that were right: the class, or all of the
// labels. It is nil where rows are some way off, rather than right or wrong.
func (t *Tally) Accuracy() *float64 {
	if t.Measured > 0 {
		return nil
	}
	return ratio(float64(t.Correct), t.Judged)
}

// Interval is the 95 % Wilson interval of Accuracy (quality.Wilson). It takes rows for
// independent: labels that come in clumps of alike rows make it too narrow.
func (t *Tally) Interval() *[2]float64 {
	if t.Accuracy() == nil {
		return nil
	}
	lo, hi := quality.Wilson(t.Correct, t.Judged)
	return &[2]float64{lo, hi}
}

// Bounds are between what the accuracy over all predicted rows would be if all rows
// without a label were wrong, and if all were right: [c·a, c·a + 1 − c], with c the
// share that is labelled and a the accuracy. They assume nothing of the rows without
// (Manski, Nonparametric Bounds on Treatment Effects, AER 80 (1990)).
func (t *Tally) Bounds() *[2]float64 {
	accuracy, coverage := t.Accuracy(), t.Coverage()
	if accuracy == nil || coverage == nil {
		return nil
	}
	least := *coverage * *accuracy
	return &[2]float64{least, min(1, least+1-*coverage)}
}

// Coverage is the share of the predicted rows that have a label, 1 at most: rows that
// were brought in from elsewhere may have a label alone.
func (t *Tally) Coverage() *float64 {
	return ratio(float64(min(t.Labelled, t.Predicted)), t.Predicted)
}

// LogLoss is the mean of −ln p, in nats, where p is the probability that the model gave
// to the true class, or of rows of labels to what was true of each label; p is taken for
// at least 2⁻⁵², as sklearn.metrics.log_loss does.
func (t *Tally) LogLoss() *float64 { return ratio(t.LogLossSum, t.LogLossCount) }

// Brier is the mean squared distance of probabilities from the truth: for classes the
// sum over all classes, from 0 to 2 (Brier, Verification of Forecasts Expressed in Terms
// of Probability, Monthly Weather Review 78 (1950); sklearn.metrics.brier_score_loss with
// scale_by_half=False, so that of two classes it is twice what is often meant); for
// labels the mean over single labels, from 0 to 1.
func (t *Tally) Brier() *float64 { return ratio(t.BrierSum, t.BrierCount) }

// CalibrationError is the expected calibration error of the confidences shown, 0 to 1.
func (t *Tally) CalibrationError() *float64 { return t.Shown.CalibrationError() }

// RawCalibrationError is CalibrationError of the confidences that the model gave.
func (t *Tally) RawCalibrationError() *float64 { return t.Raw.CalibrationError() }

// CalibrationFloor is what CalibrationError would be on average if every confidence
// shown were right: compare the two, not CalibrationError with 0.
func (t *Tally) CalibrationFloor() *float64 { return t.Shown.Floor() }

// MeanConfidence is that of the predicted rows, labelled or not.
func (t *Tally) MeanConfidence() *float64 { return ratio(t.Confidence, t.Sure) }

// ConfidenceGap is by how much the confidences shown for labelled rows are higher than
// the share that was right, −1 to 1: above 0 the model is too sure. Of classes alone.
func (t *Tally) ConfidenceGap() *float64 { return ratio(0-t.ResidualSum, t.Residuals) }

// SpiegelhalterZ tests whether the confidences shown are right: if they are, it is
// standard normal. Where the model is too sure of rows of which it is more than half
// sure, it is positive. Source: Spiegelhalter, Probabilistic Prediction in Patient
// Management and Clinical Trials, Statistics in Medicine 5 (1986), section 4.
// It is nil where all confidences are 0, ½ or 1: these say nothing that could be tested.
func (t *Tally) SpiegelhalterZ() *float64 {
	if t.SpiegelhalterVariance <= 0 {
		return nil
	}
	return finite(t.SpiegelhalterSum / math.Sqrt(t.SpiegelhalterVariance))
}

// MAE is the mean absolute error, in the unit of the values, over all values of all
// labelled rows: sklearn.metrics.mean_absolute_error.
func (t *Tally) MAE() *float64 { return ratio(t.AbsoluteSum, t.Measured) }

// RMSE is the root of the mean squared error over all values of all labelled rows: of
// sklearn.metrics.mean_squared_error. (root_mean_squared_error of several values is
// something else: the mean of the roots.)
func (t *Tally) RMSE() *float64 {
	mean := ratio(t.SquaredSum, t.Measured)
	if mean == nil {
		return nil
	}
	return finite(math.Sqrt(*mean))
}

// R2 is the share of the variance of the true values that predictions explain, the mean
// over the values of a row (sklearn.metrics.r2_score): 1 is perfect, 0 what the mean of
// these very labels would reach, and it may be below. It is nil before two labels.
func (t *Tally) R2() *float64 {
	var sum float64
	for k := range t.Values {
		if t.Values[k].Rows < 2 {
			return nil
		}
		sum += t.Values[k].r2()
	}
	return ratio(sum, uint64(len(t.Values)))
}

// SetCoverage is the share of sets and intervals that held the truth.
func (t *Tally) SetCoverage() *float64 { return ratio(float64(t.SetCovered), t.SetRows) }

// SetSize is the mean number of classes in a set; 1 for intervals.
func (t *Tally) SetSize() *float64 { return ratio(float64(t.SetSizeSum), t.SetRows) }

// HammingLoss is the share of single labels that were wrong: sklearn.metrics.hamming_loss.
func (t *Tally) HammingLoss() *float64 { return ratio(float64(t.WrongLabels), t.SingleLabels) }

func ratio(part float64, whole uint64) *float64 {
	if whole == 0 {
		return nil
	}
	return finite(part / float64(whole))
}

// finite keeps numbers that cannot be written as JSON from whoever reads measures.
func finite(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}
