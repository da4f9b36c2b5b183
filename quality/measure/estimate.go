package measure

import (
	"fmt"
	"math"
)

// z95 is the 97.5 % quantile of the standard normal distribution.
const z95 = 1.959963984540054

// LeastResiduals is how many labelled rows an estimate needs before it can be
// reliable: with fewer, the interval of the residual is no test of anything.
const LeastResiduals = 30

// Estimation is the accuracy to expect of rows whose labels have not all come.
type Estimation struct {
	Accuracy float64
	// Interval is where the accuracy lies with 95 %, should the confidences be as right
	// for these rows as for those that are labelled.
	Interval [2]float64
	// Measured is the accuracy of the labelled rows; nil without.
	Measured *float64
	// Residual is the mean, over labelled rows, of being right (1 or 0) less the
	// confidence shown, with its 95 % interval; 0 and [−1, 1] without.
	Residual         float64
	ResidualInterval [2]float64
	// Reliable is false where the interval excludes 0, or too few are labelled; Why says
	// so to people.
	Reliable bool
	Why      string
}

// Estimate is the accuracy to expect of the rows predicted in cohort: the mean
// confidence shown, plus the residual of the rows in labelled. That may be the same
// tally, or one of a longer time: labels of the newest rows have yet to come, and those
// that came first are not like the others. It is nil where no confidence was shown.
//
// Without the residual this is confidence-based performance estimation, the mean winning
// probability of NannyML. It assumes that confidences are right for the rows without a
// label as they are for those with: it cannot see that what features mean has changed
// (concept drift), and knows nothing of rows unlike any that were labelled.
func Estimate(cohort, labelled *Tally) *Estimation {
	mean := cohort.MeanConfidence()
	if mean == nil {
		return nil
	}
	residual, error2 := labelled.residual()
	half := z95 * math.Sqrt(error2)
	e := &Estimation{
		Accuracy:         within(*mean+residual, 0, 1),
		Measured:         labelled.Accuracy(),
		Residual:         residual,
		ResidualInterval: [2]float64{max(-1, residual-half), min(1, residual+half)},
	}
	// Rows that are right with probabilities p are so by chance: the variance of their
	// share is the mean of p(1 − p), at most that of the mean p, by the number of rows.
	half = z95 * math.Sqrt(error2+e.Accuracy*(1-e.Accuracy)/float64(cohort.Sure))
	e.Interval = [2]float64{within(e.Accuracy-half, 0, 1), within(e.Accuracy+half, 0, 1)}
	e.Why = labelled.doubt(e.ResidualInterval)
	e.Reliable = e.Why == ""
	return e
}

// residual returns the mean residual of the labelled rows and the square of its
// standard error. That is the larger one of the residuals' own and of the one that
// they have if confidences are right: a few rows that are all right have residuals that
// are all alike, and prove nothing.
func (t *Tally) residual() (mean, error2 float64) {
	if t.Residuals == 0 {
		return 0, math.Inf(1)
	}
	n := float64(t.Residuals)
	mean = t.ResidualSum / n
	spread := t.ResidualSquares/n - squared(mean)
	return mean, max(spread, t.ConfidenceVariance/n) / n
}

// doubt says why an estimate from these labels is not reliable; nothing if it is.
func (t *Tally) doubt(interval [2]float64) string {
	switch {
	case t.Residuals < LeastResiduals:
		return fmt.Sprintf("only %d labelled rows had a confidence; it takes %d to check it", t.Residuals, LeastResiduals)
	case interval[0] > 0:
		return "the model is right more often than its confidence says"
	case interval[1] < 0:
		return "the model is right less often than its confidence says"
	default:
		return ""
	}
}

func within(x, lo, hi float64) float64 { return min(max(x, lo), hi) }
