package trees

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Sample returns rows × Features values that take many ways through the forest:
// those of a feature lie at and about its own thresholds, and in and beside its sets
// of categories; some are missing where a node says where these go. One seed always
// gives the same rows. The forest is one that New accepts.
//
// Features that no node asks for are zero.
func (f *Forest) Sample(rows int, seed uint64) []float32 {
	random := rand.New(rand.NewPCG(seed, 0x7265657374726565))
	asked := f.asked(random)
	values := make([]float32, rows*f.Features)
	for first := 0; first < len(values); first += f.Features {
		for _, a := range asked {
			values[first+int(a.feature)] = a.draw(random)
		}
	}
	return values
}

// asked is what the nodes of a forest ask about a feature.
type asked struct {
	feature    int32
	thresholds []float32 // some, in order
	equals     []float32
	categories int
	missing    bool // may be: a node sends it left
	nodes      int
}

// remembered bounds the thresholds that are kept of a feature.
const remembered = 256

func (f *Forest) asked(random *rand.Rand) []*asked {
	byFeature := map[int32]*asked{}
	for t := range f.Trees {
		for i := range f.Trees[t].Nodes {
			n := &f.Trees[t].Nodes[i]
			a := byFeature[n.Feature]
			if a == nil {
				a = &asked{feature: n.Feature}
				byFeature[n.Feature] = a
			}
			a.add(n, random)
		}
	}
	all := make([]*asked, 0, len(byFeature))
	for _, a := range byFeature {
		slices.Sort(a.thresholds)
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b *asked) int { return int(a.feature) - int(b.feature) })
	return all
}

func (a *asked) add(n *Node, random *rand.Rand) {
	a.missing = a.missing || n.MissingLeft
	a.nodes++
	switch {
	case n.Test == In:
		a.categories = max(a.categories, 32*len(n.Set))
	case n.Test == Equal && len(a.equals) < remembered:
		a.equals = append(a.equals, n.Threshold)
	case math.IsInf(float64(n.Threshold), 0): // no value to draw about
	case len(a.thresholds) < remembered:
		a.thresholds = append(a.thresholds, n.Threshold)
	default: // each has the same chance to be among those that are kept
		if at := random.IntN(a.nodes); at < remembered {
			a.thresholds[at] = n.Threshold
		}
	}
}

// partMissing of the values are, where they may be.
const partMissing = 0.05

func (a *asked) draw(random *rand.Rand) float32 {
	switch n := len(a.thresholds); {
	case a.missing && random.Float64() < partMissing:
		return float32(math.NaN())
	case a.categories > 0:
		return float32(random.IntN(a.categories + 1))
	case len(a.equals) > 0 && random.IntN(2) == 0:
		return a.equals[random.IntN(len(a.equals))]
	case n == 0:
		return 0
	default:
		return a.about(random.IntN(n+1), random)
	}
}

// about draws between two thresholds, or at one.
func (a *asked) about(i int, random *rand.Rand) float32 {
	first, last := a.thresholds[0], a.thresholds[len(a.thresholds)-1]
	beyond := (last-first)/float32(len(a.thresholds)) + 1
	low, high := first-beyond, last+beyond
	if i > 0 {
		low = a.thresholds[i-1]
	}
	if i < len(a.thresholds) {
		high = a.thresholds[i]
	}
	if random.IntN(4) == 0 && i > 0 {
		return low
	}
	x := low + (high-low)*random.Float32()
	return max(-math.MaxFloat32, min(math.MaxFloat32, x))
}
