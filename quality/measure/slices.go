package measure

import (
	"cmp"
	"math"
	"slices"

	"penstock/quality"
)

const (
	// LeastLabels is how many labels a slice needs to be compared.
	LeastLabels = 100
	// FalseDiscoveries is the expected share, at most, of slices that differ by chance
	// among those that are said to.
	FalseDiscoveries = 0.05
)

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
	// Worse means that the slice is less accurate than the rest, and that Q is at most
	// FalseDiscoveries.
	Worse bool
}

// Compare returns a finding for each slice with LeastLabels or more: first those that
// are worse, the least accurate before, then the others likewise. Smaller slices are
// part of the rest. The slices are disjoint; more correct than labelled counts as
// all.
//
// P is that of Fisher's exact test, two-sided (scipy.stats.fisher_exact): at an accuracy
// of 0.99 a slice of 100 rows has one error, which is too few for a normal
// approximation. Q is by Benjamini and Hochberg, Controlling the False Discovery Rate,
// JRSS B 57 (1995) (scipy.stats.false_discovery_control). Both take rows for
// independent: many alike rows in a slice look like a difference.
func Compare(of []Slice) []Finding {
	var all Slice
	for _, one := range of {
		all.Labelled += one.Labelled
		all.Correct += min(one.Correct, one.Labelled)
	}
	var found []Finding
	for _, one := range of {
		if one.Labelled >= LeastLabels {
			found = append(found, compare(one, all))
		}
	}
	adjust(found)
	slices.SortStableFunc(found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(indicator(b.Worse), indicator(a.Worse)), cmp.Compare(a.Accuracy, b.Accuracy))
	})
	return found
}

func compare(one, all Slice) Finding {
	one.Correct = min(one.Correct, one.Labelled)
	rest := Slice{Labelled: all.Labelled - one.Labelled, Correct: all.Correct - one.Correct}
	f := Finding{Slice: one, Accuracy: float64(one.Correct) / float64(one.Labelled)}
	f.Interval[0], f.Interval[1] = quality.Wilson(one.Correct, one.Labelled)
	f.Rest = f.Accuracy
	if rest.Labelled > 0 {
		f.Rest = float64(rest.Correct) / float64(rest.Labelled)
	}
	f.P = fisher(one, rest)
	return f
}

// adjust sets Q and Worse.
func adjust(found []Finding) {
	order := make([]int, len(found))
	for k := range order {
		order[k] = k
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(found[a].P, found[b].P) })
	least := 1.0
	for k := len(order) - 1; k >= 0; k-- {
		f := &found[order[k]]
		least = min(least, f.P*float64(len(order))/float64(k+1))
		f.Q = least
		f.Worse = f.Accuracy < f.Rest && f.Q <= FalseDiscoveries
	}
}

const (
	// alike is by how much rounding may make equal probabilities differ.
	alike = 1 + 1e-7
	// negligible is what is left out of a sum of probabilities.
	negligible = 1e-30
)

// fisher is the probability, given how many rows are right in all, of a table that is
// as improbable as this one or more. It is exact to about 1e-12, and 0 below 1e-25.
func fisher(a, b Slice) float64 {
	h := hypergeometric{
		drawn: float64(a.Labelled),
		right: float64(a.Correct + b.Correct),
		all:   float64(a.Labelled + b.Labelled),
	}
	masses, first := h.masses()
	observed := 0.0
	if k := float64(a.Correct) - first; k >= 0 && k < float64(len(masses)) {
		observed = masses[int(k)]
	}
	var total, extreme float64
	for _, mass := range masses {
		total += mass
		if mass <= observed*alike {
			extreme += mass
		}
	}
	return min(1, extreme/total)
}

// hypergeometric is how many of the rows drawn from all are right, of which right are.
type hypergeometric struct{ drawn, right, all float64 }

// masses are in proportion to the probabilities of first, first + 1 and so on, as far
// as they count. They follow from one another by ratios, outwards from the most
// probable one: there are O(√drawn) of them.
func (h *hypergeometric) masses() (masses []float64, first float64) {
	lowest, highest := max(0, h.drawn+h.right-h.all), min(h.drawn, h.right)
	mode := within(math.Floor((h.drawn+1)*(h.right+1)/(h.all+2)), lowest, highest)
	first = mode
	for mass := 1.0; first > lowest; first-- {
		mass /= h.ratio(first - 1)
		if mass < negligible {
			break
		}
		masses = append(masses, mass)
	}
	slices.Reverse(masses)
	mass := 1.0
	for x := mode; mass >= negligible && x <= highest; x++ {
		masses = append(masses, mass)
		mass *= h.ratio(x)
	}
	return masses, first
}

// ratio is the probability of x + 1 by that of x.
func (h *hypergeometric) ratio(x float64) float64 {
	return (h.drawn - x) / (x + 1) * ((h.right - x) / (h.all - h.drawn - h.right + x + 1))
}
