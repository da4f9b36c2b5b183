package shift

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Each look at a window has half of FamilyRate, since there are two looks in the time
// of a window. Four families of tests share it: a number that has moved is found by its
// ranks, what has changed its shape by the likelihood ratio, and a bin that is rare and
// fills up by the exact test: one of numbers, and one of all else.
const (
	lookRate   = FamilyRate / 2
	rankShare  = 0.6
	formShare  = 0.15
	rareShare  = 0.15
	valueShare = 0.1
)

// usualRows is how many rows a bin is expected to have in both samples to be usual.
const usualRows = 25

// cleared is the family's p from which on an alarm ends.
const cleared = 0.001

// evidence is what the tests say about one part. Values are p, not corrected, and +Inf
// where a test does not apply.
type evidence struct {
	rank, form float64
	rare       []rare
	value      float64 // the least of the exact tests of a number's bins
	values     int     // how many these are, whether they are rare or not
	// p is corrected for the tests that were made of one part: the family fires where
	// p times the number of parts is at most lookRate.
	p float64
}

// rare is what the exact test says of one bin.
type rare struct{ p, least float64 } // least that it could have said, given the pooled counts

// examine compares all parts with their windows.
func examine(parts []part) []evidence {
	all := make([]evidence, len(parts))
	var ranked, formed, values float64
	var least []float64
	for i := range parts {
		e := &all[i]
		*e = parts[i].examine()
		ranked += applies(e.rank)
		formed += applies(e.form)
		for _, r := range e.rare {
			least = append(least, r.least)
		}
		values += float64(e.values)
	}
	slices.Sort(least)
	for i := range all {
		e := &all[i]
		family := min(e.rank*max(ranked, 1)/rankShare, e.form*max(formed, 1)/formShare)
		for _, r := range e.rare {
			family = min(family, r.p*reach(least, r.p)/rareShare)
		}
		family = min(family, e.value*max(values, 1)/valueShare)
		e.p = min(1, family/float64(len(all)))
	}
	return all
}

// applies counts a test that does.
func applies(p float64) float64 {
	if math.IsInf(p, 1) {
		return 0
	}
	return 1
}

// reach is how many of the exact tests could say p or less at all, given how many rows
// their bins have in both samples: no others need a correction (Tarone, A modified
// Bonferroni method for discrete data, Biometrics 1990). Least is sorted. That holds for
// bins that do not depend on the sample; those of numbers do, and count always.
func reach(least []float64, p float64) float64 {
	n, _ := slices.BinarySearch(least, p*(1+1e-9))
	return float64(max(n, 1))
}

// examine compares one part.
func (p *part) examine() evidence {
	e := evidence{rank: math.Inf(1), form: math.Inf(1), value: math.Inf(1)}
	counts, rows := p.live()
	if p.total == 0 || rows == 0 {
		return e
	}
	var copied [mostCounts]int
	live, reference := counts[:len(p.bins.Counts)], copied[:copy(copied[:], p.bins.Counts)]
	if p.bins.Groups == nil {
		// The reference has nothing out of its range, for that is how the range was
		// chosen. The other tests count it to the outermost bins.
		below, above := live[0], live[len(live)-2]
		e.values = len(live) - 1
		e.value = min(moreOf(below, below, rows, p.total), moreOf(above, above, rows, p.total))
		live, reference = folded(live), folded(reference)
		e.rank = ranks(live[:len(live)-1], reference[:len(live)-1])
	}
	var usual [2][mostCounts]int
	used, rest := 0, [2]int{}
	keep := func(l, r int) {
		usual[0][used], usual[1][used] = l, r
		used++
	}
	for i := range live {
		t := live[i] + reference[i]
		if isUsual(t, rows, p.total) {
			keep(live[i], reference[i])
			continue
		}
		rest[0] += live[i]
		rest[1] += reference[i]
		if t == 0 {
			continue
		}
		r := rareOf(live[i], t, rows, p.total)
		if p.bins.Groups == nil && i < len(live)-1 {
			e.value = min(e.value, r.p)
			continue
		}
		e.rare = append(e.rare, r)
	}
	if isUsual(rest[0]+rest[1], rows, p.total) {
		keep(rest[0], rest[1])
	}
	if g, df := likelihoodRatio(usual[0][:used], usual[1][:used]); df > 0 {
		e.form = chiSquareTail(g, df)
	}
	return e
}

// folded adds what is below and above the range to the outermost usual bins, in place.
func folded(counts []int) []int {
	above := len(counts) - 2
	if above == 1 { // no usual ones: the sample has no number
		counts[1] += counts[0]
		return counts[1:]
	}
	counts[1] += counts[0]
	counts[above-1] += counts[above]
	counts[above] = counts[above+1]
	return counts[1 : above+1]
}

// rareOf tests whether l of the t rows that both samples have in a bin are more than
// the window's part.
func rareOf(l, t, n, m int) rare {
	r := rare{p: 1, least: moreOf(min(t, n), t, n, m)}
	if l*(n+m) > t*n {
		r.p = moreOf(l, t, n, m)
	}
	return r
}

// isUsual reports whether a bin with t rows in both samples can be expected to have
// enough in each.
func isUsual(t, n, m int) bool { return t*min(n, m) >= usualRows*(n+m) }

// ranks tests whether a number has moved. Where one bin has most of the rows, such as
// that of the zeros of a count, the ranks are not near enough to normal.
func ranks(live, reference []int) float64 {
	total, most := 0, 0
	for i := range live {
		total += live[i] + reference[i]
		most = max(most, live[i]+reference[i])
	}
	if 2*most > total {
		return math.Inf(1)
	}
	return twoSided(rankTest(live, reference))
}

// judge looks at a full window.
func (d *Detector) judge() {
	all := examine(d.parts)
	d.family = 1
	for i := range all {
		one := all[i].p * float64(len(all))
		d.family = min(d.family, one)
		d.parts[i].fired = one <= lookRate
	}
	switch {
	case d.family <= lookRate:
		d.firing, d.text = true, d.describe(all)
	case d.family > cleared:
		d.firing, d.text = false, ""
	}
}

// mostNamed is how many features a text names.
const mostNamed = 3

// describe says which parts are not like the reference, the clearest first.
func (d *Detector) describe(all []evidence) string {
	var fired []int
	for i := range d.parts {
		if d.parts[i].fired {
			fired = append(fired, i)
		}
	}
	slices.SortStableFunc(fired, func(a, b int) int { return compare(all[a].p, all[b].p) })
	said := make([]string, 0, mostNamed+1)
	for _, i := range fired[:min(len(fired), mostNamed)] {
		said = append(said, d.parts[i].change())
	}
	if more := len(fired) - mostNamed; more > 0 {
		said = append(said, fmt.Sprintf("and %d more", more))
	}
	return "rows are not like the reference: " + strings.Join(said, "; ")
}

// change names the bin whose share has changed most beside its standard error.
func (p *part) change() string {
	counts, n := p.live()
	worst, at := -1.0, 0
	for i, r := range p.bins.Counts {
		l := counts[i]
		mean := float64(l+r) * float64(n) / float64(n+p.total)
		if mean == 0 {
			continue
		}
		if far := (float64(l) - mean) * (float64(l) - mean) / mean; far > worst {
			worst, at = far, i
		}
	}
	return fmt.Sprintf("%s (%s: %.3g %%, was %.3g %%)", p.name, p.binNames()[at],
		100*float64(counts[at])/float64(n), 100*float64(p.bins.Counts[at])/float64(p.total))
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
