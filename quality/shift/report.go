package shift

import (
	"math"
	"slices"
)

// mostFeatures is how many features a report tells of: those that differ most.
const mostFeatures = 20

// Report says how the rows of the moment compare with the reference.
type Report struct {
	Firing bool
	Text   string // why it fires, for people; empty where it does not
	// ReferenceRows is of the reference of features; 0 where there is none.
	ReferenceRows int
	Windows       uint64 // that were judged
	// P is the probability that any part differs as much as one did at the last look,
	// when nothing has changed; it fires at half of FamilyRate. 0 before the first.
	P    float64
	Rows int // of the window of the moment: up to Window
	// Features are the parts that differ most, the worst first.
	Features []Feature
	// Map is Feature.Effect of every feature of a row, in their order; nil where
	// there is no reference, or no row yet.
	Map []float64
}

// Feature is how one feature, prediction or confidence compares.
type Feature struct {
	Name string
	// Feature is its index in a row; −1 for a prediction and for the confidence.
	Feature int
	// P is the probability of a difference like this when nothing has changed,
	// corrected for the tests made of one feature, and Q the share of false ones
	// among all with a Q as small (Benjamini and Hochberg 1995).
	P, Q float64
	// PSI is the population stability index, Σ (l − r) ln(l/r) over the bins, with half
	// a row added to each. It measures; nothing is decided by it.
	PSI float64
	// Effect is which share of the rows would have to be in other bins: the total
	// variation distance, 0 to 1.
	Effect float64
	Firing bool // at the last look at a full window
	Bins   []string
	// Live and Reference are the shares of the rows in each bin.
	Live, Reference []float64
}

// Report compares the window of the moment.
func (d *Detector) Report() Report {
	d.mu.Lock()
	parts := slices.Clone(d.parts)
	r := Report{Firing: d.firing, Text: d.text, Windows: d.windows, P: d.family, Rows: d.rows}
	if d.full {
		r.Rows += half
	}
	features := 0
	if d.reference != nil {
		features = len(d.reference.Features)
		r.ReferenceRows = d.reference.Rows
	}
	d.mu.Unlock()

	if r.Rows == 0 {
		return r
	}
	all := examine(parts)
	q := falseDiscovery(all)
	order := make([]int, len(parts))
	for i := range parts {
		order[i] = i
		if i < features {
			r.Map = append(r.Map, parts[i].effect())
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return compare(all[a].p, all[b].p) })
	for _, i := range order[:min(len(order), mostFeatures)] {
		f := parts[i].feature()
		f.Feature, f.P, f.Q = i, all[i].p, q[i]
		if i >= features {
			f.Feature = -1
		}
		r.Features = append(r.Features, f)
	}
	return r
}

func (p *part) shares() (live, reference []float64) {
	counts, rows := p.live()
	rows = max(rows, 1)
	for i, n := range p.bins.Counts {
		live = append(live, float64(counts[i])/float64(rows))
		reference = append(reference, float64(n)/float64(p.total))
	}
	return live, reference
}

func (p *part) effect() (distance float64) {
	live, reference := p.shares()
	for i := range live {
		distance += math.Abs(live[i]-reference[i]) / 2
	}
	return distance
}

func (p *part) feature() Feature {
	f := Feature{Name: p.name, Firing: p.fired, Bins: p.binNames(), Effect: p.effect()}
	f.Live, f.Reference = p.shares()
	counts, rows := p.live()
	bins := float64(len(f.Live))
	for i := range f.Live {
		l := (float64(counts[i]) + 0.5) / (float64(rows) + bins/2)
		r := (float64(p.bins.Counts[i]) + 0.5) / (float64(p.total) + bins/2)
		f.PSI += (l - r) * math.Log(l/r)
	}
	return f
}

// falseDiscovery returns q of each p (Benjamini and Hochberg 1995).
func falseDiscovery(all []evidence) []float64 {
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return compare(all[a].p, all[b].p) })
	q := make([]float64, len(all))
	least := 1.0
	for rank := len(order); rank > 0; rank-- {
		i := order[rank-1]
		least = min(least, all[i].p*float64(len(all))/float64(rank))
		q[i] = least
	}
	return q
}
