package shift

import (
	"fmt"
	"slices"
	"strings"
)

// Each look at a window has half of FamilyRate, since there are two looks in the time
// of a window. Three families of tests share it: a feature that has moved is found by
// its ranks, one that has changed its shape by the likelihood ratio, and a bin that is
// rare and fills up by the exact test.
const (
	lookRate  = FamilyRate / 2
	rankShare = 0.5
	formShare = 0.25
	rareShare = 0.25
)

// usualRows is how many rows a bin is expected to have in both samples to be usual.
const usualRows = 25

// cleared is the family's p from which on an alarm ends.
const cleared = 0.01

// evidence is what the tests say about one part. Values are p, not corrected; above 1
// where a test does not apply.
type evidence struct {
	rank, form float64
	rare       []rare
	// p is corrected for the tests that were made of one part: the family fires where
	// p times the number of parts is at most lookRate.
	p float64
}

// rare is what the exact test says of one bin.
type rare struct{ p, least float64 } // least that it could have said, given the pooled counts

// examine compares all parts with their windows.
func examine(parts []part) []evidence {
	all := make([]evidence, len(parts))
	ranked, formed := 0, 0
	var least []float64
	for i := range parts {
		e := &all[i]
		*e = parts[i].examine()
		if e.rank <= 1 {
			ranked++
		}
		if e.form <= 1 {
			formed++
		}
		for _, r := range e.rare {
			least = append(least, r.least)
		}
	}
	slices.Sort(least)
	for i := range all {
		e := &all[i]
		family := min(e.rank*float64(ranked)/rankShare, e.form*float64(formed)/formShare)
		for _, r := range e.rare {
			family = min(family, r.p*float64(reach(least, r.p))/rareShare)
		}
		e.p = min(1, family/float64(len(all)))
	}
	return all
}

// reach is how many of the exact tests could say p or less at all, given how many rows
// their bins have in both samples: no others need a correction (Tarone, A modified
// Bonferroni method for discrete data, Biometrics 1990). Least is sorted.
func reach(least []float64, p float64) int {
	n, _ := slices.BinarySearch(least, p*(1+1e-9))
	return max(n, 1)
}

// examine compares one part.
func (p *part) examine() evidence {
	e := evidence{rank: 2, form: 2}
	counts, rows := p.live()
	live, reference := counts[:len(p.bins.Counts)], p.bins.Counts
	if p.total == 0 || rows == 0 {
		return e
	}
	e.rank = p.ranks(live)
	var usual [2][mostCounts]int
	used, rest := 0, [2]int{}
	for i := range live {
		t := live[i] + reference[i]
		if t == 0 {
			continue
		}
		if isUsual(t, rows, p.total) {
			usual[0][used], usual[1][used] = live[i], reference[i]
			used++
			continue
		}
		rest[0] += live[i]
		rest[1] += reference[i]
		r := rare{p: 1, least: moreOf(min(t, rows), t, rows, p.total)}
		if live[i]*p.total > reference[i]*rows {
			r.p = moreOf(live[i], t, rows, p.total)
		}
		e.rare = append(e.rare, r)
	}
	if isUsual(rest[0]+rest[1], rows, p.total) {
		usual[0][used], usual[1][used] = rest[0], rest[1]
		used++
	}
	if g, df := likelihoodRatio(usual[0][:used], usual[1][:used]); df > 0 {
		e.form = chiSquareTail(g, df)
	}
	return e
}

// isUsual reports whether a bin with t rows in both samples can be expected to have
// enough in each.
func isUsual(t, n, m int) bool { return t*min(n, m) >= usualRows*(n+m) }

// ranks tests whether a number has moved. Where one bin has most of the rows, such as
// that of the zeros of a count, the ranks are not near enough to normal.
func (p *part) ranks(live []int) float64 {
	if p.bins.Groups != nil {
		return 2
	}
	numbers := p.bins.Missing()
	live, reference := live[:numbers], p.bins.Counts[:numbers]
	total, most := 0, 0
	for i := range live {
		total += live[i] + reference[i]
		most = max(most, live[i]+reference[i])
	}
	if 2*most > total {
		return 2
	}
	return twoSided(rankTest(live, reference))
}

// judge looks at a full window.
func (d *Detector) judge() {
	all := examine(d.parts)
	family := 1.0
	for i := range all {
		family = min(family, all[i].p*float64(len(all)))
		d.parts[i].fired = all[i].p*float64(len(all)) <= lookRate
	}
	switch {
	case family <= lookRate:
		d.firing, d.text = true, d.describe(all)
	case family > cleared:
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
