package measure

import (
	"cmp"
	"math"
	"slices"
)

// Curve is what every threshold on the score of the positive class of two would do.
type Curve struct {
	Positives, Negatives uint64
	// Points have falling thresholds. Both curves begin before the first: at a
	// threshold above all scores, nothing is predicted to be positive.
	Points []Point
	// ROCAUC is the area under the ROC curve (sklearn.metrics.roc_auc_score): how likely
	// a positive row has a higher score than a negative one. It is nil without one of
	// each.
	ROCAUC *float64
	// AveragePrecision is the sum over all thresholds of the precision times what the
	// recall rises (sklearn.metrics.average_precision_score); nil without a positive.
	AveragePrecision *float64
	// Within is how far, at most, what is left out is from the line through Points, in
	// the plane of either curve, whose axes go from 0 to 1.
	Within float64
}

// Point is what came of taking rows with a score of Threshold or more for positive.
type Point struct {
	Threshold      float64
	TP, FP, FN, TN uint64
}

// Curves reads the scores of rows and whether they are positive. The areas are exact,
// over all different scores. Of the points it keeps the number most, 2 at least: after
// the first and the last, time and again the one that is farthest from the line through
// those that are kept, in the ROC or in the precision–recall plane (Ramer, An Iterative
// Procedure for the Polygonal Approximation of Plane Curves, 1972). Rows with a score
// that is NaN are left out.
func Curves(scores []float64, positive []bool, most int) Curve {
	points := thresholds(scores, positive)
	if len(points) == 0 {
		return Curve{}
	}
	last := points[len(points)-1]
	c := Curve{Positives: last.TP, Negatives: last.FP}
	c.ROCAUC, c.AveragePrecision = areas(points)
	c.Points, c.Within = thin(points, most)
	return c
}

// thresholds returns a point for each different score.
func thresholds(scores []float64, positive []bool) []Point {
	order := make([]int, 0, len(scores))
	for k, score := range scores {
		if !math.IsNaN(score) {
			order = append(order, k)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	var points []Point
	var at Point
	for n, k := range order {
		if positive[k] {
			at.TP++
		} else {
			at.FP++
		}
		if n+1 == len(order) || scores[order[n+1]] != scores[k] {
			at.Threshold = scores[k]
			points = append(points, at)
		}
	}
	for k := range points {
		points[k].FN, points[k].TN = at.TP-points[k].TP, at.FP-points[k].FP
	}
	return points
}

func areas(points []Point) (roc, precision *float64) {
	var area, sum float64
	var before Point
	for _, at := range points {
		more := float64(at.TP - before.TP)
		area += float64(at.FP-before.FP) * (float64(before.TP) + more/2)
		sum += more * float64(at.TP) / float64(at.TP+at.FP)
		before = at
	}
	positives, negatives := float64(before.TP), float64(before.FP)
	if positives > 0 {
		precision = finite(sum / positives)
	}
	return finite(area / (positives * negatives)), precision
}
