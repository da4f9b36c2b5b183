package shift

import (
	"fmt"
	"math"
	"strconv"

	"penstock/model"
)

// mostCounts bounds the bins of a part: ten usual ones, and three of their own.
const mostCounts = 16

// mostEdges is one more than there are usual bins.
const mostEdges = model.MostBins + 1

// part is one thing that is compared: a feature, a prediction or the confidence. Its
// window takes 64 bytes.
type part struct {
	name       string
	bins       model.Bins
	categories []string
	total      int                // rows of the reference
	edges      [mostEdges]float32 // as rows hold them; +Inf where there are fewer
	shift      float64

	older, younger [mostCounts]uint16
	fired          bool // at the last look
}

func partOf(name string, bins model.Bins, shift float64, categories []string) part {
	p := part{name: name, bins: bins, categories: categories, shift: shift}
	for i := range p.edges {
		p.edges[i] = float32(math.Inf(1))
	}
	for i, edge := range bins.Edges {
		p.edges[i] = float32(edge - shift)
	}
	for _, n := range bins.Counts {
		p.total += n
	}
	return p
}

// add counts a value. It does what model.Bins.At does, faster.
func (p *part) add(x float32) {
	if p.bins.Groups != nil || x != x {
		p.younger[p.bins.At(x, p.shift)]++
		return
	}
	at := 0
	for _, edge := range &p.edges {
		at += one(x >= edge)
	}
	p.younger[at]++
}

// one is compiled to no branch, of which rows would take every other one wrongly.
func one(is bool) int {
	if is {
		return 1
	}
	return 0
}

// live returns the counts of the window, and their sum. What was learned from the rows
// before has a shorter window at first.
func (p *part) live() (counts [mostCounts]int, rows int) {
	for i := range counts {
		counts[i] = int(p.older[i]) + int(p.younger[i])
		rows += counts[i]
	}
	return counts, rows
}

// binNames tells people what each bin holds.
func (p *part) binNames() []string {
	names := make([]string, len(p.bins.Counts))
	first, end := p.bins.Usual()
	for i := first; i < end; i++ {
		names[i] = p.usualName(i)
	}
	names[p.bins.Missing()] = "missing"
	if p.bins.Groups != nil {
		names[end] = "rare or unknown"
		return names
	}
	names[0], names[end] = "below", "above"
	if e := p.bins.Edges; len(e) > 0 {
		names[0], names[end] = "< "+number(e[0]), "≥ "+number(e[len(e)-1])
	}
	return names
}

func (p *part) usualName(bin int) string {
	if p.bins.Groups == nil {
		return number(p.bins.Edges[bin-1]) + " – " + number(p.bins.Edges[bin])
	}
	name, others := "", 0
	for category, group := range p.bins.Groups {
		if group != bin {
			continue
		}
		if others++; others == 1 {
			name = strconv.Itoa(category)
			if category < len(p.categories) {
				name = p.categories[category]
			}
		}
	}
	if others > 1 {
		return fmt.Sprintf("%d others", others)
	}
	return name
}

func number(x float64) string { return strconv.FormatFloat(x, 'g', 5, 64) }

func featureName(spec model.Spec, i int) string {
	if len(spec.Columns) == 0 {
		return "feature " + strconv.Itoa(i)
	}
	return spec.Columns[i].Name
}

func categoriesOf(spec model.Spec, i int) []string {
	if len(spec.Columns) == 0 {
		return nil
	}
	return spec.Columns[i].Categories
}
