package measure

import (
	"container/heap"
	"math"
	"slices"
)

// thin keeps the most points that matter most, and says how far off the line through
// them the farthest of the others is.
func thin(points []Point, most int) (kept []Point, within float64) {
	l := line{points: points}
	last := len(points) - 1
	keep := []int{0, last}
	l.push(0, last)
	for len(keep) < most && l.within() > 0 {
		p := heap.Pop(&l.pieces).(piece)
		keep = append(keep, p.farthest)
		l.push(p.from, p.farthest)
		l.push(p.farthest, p.to)
	}
	slices.Sort(keep)
	for _, k := range slices.Compact(keep) {
		kept = append(kept, points[k])
	}
	return kept, l.within()
}

// line is drawn through some of the points.
type line struct {
	points []Point
	pieces pieces
}

// piece is the straight part between two points, with the point between them that is
// farthest away.
type piece struct {
	from, to, farthest int
	away               float64
}

// within is how far from the line the farthest point is.
func (l *line) within() float64 {
	if len(l.pieces) == 0 {
		return 0
	}
	return l.pieces[0].away
}

// push adds the piece between two points, unless they are neighbours.
func (l *line) push(from, to int) {
	if to-from < 2 {
		return
	}
	p := piece{from: from, to: to, farthest: from + 1}
	start, end := &l.points[from], &l.points[to]
	for k := from + 1; k < to; k++ {
		at := &l.points[k]
		away := max(
			distance(at.roc(), start.roc(), end.roc()),
			distance(at.pr(), start.pr(), end.pr()),
		)
		if away > p.away {
			p.away, p.farthest = away, k
		}
	}
	heap.Push(&l.pieces, p)
}

type spot struct{ x, y float64 }

// roc is where the point is in the plane of the ROC curve; 0 where there is nothing to
// divide by.
func (p *Point) roc() spot {
	tp, fp := float64(p.TP), float64(p.FP)
	return spot{x: quotient(fp, fp+float64(p.TN)), y: quotient(tp, tp+float64(p.FN))}
}

// pr is where it is in that of precision and recall.
func (p *Point) pr() spot {
	tp := float64(p.TP)
	return spot{x: quotient(tp, tp+float64(p.FN)), y: quotient(tp, tp+float64(p.FP))}
}

// distance of a spot from the straight line between two others.
func distance(s, from, to spot) float64 {
	dx, dy := to.x-from.x, to.y-from.y
	along := within(quotient((s.x-from.x)*dx+(s.y-from.y)*dy, dx*dx+dy*dy), 0, 1)
	return math.Sqrt(squared(s.x-from.x-along*dx) + squared(s.y-from.y-along*dy))
}

// pieces is a heap, with the one on top that is farthest from its points.
type pieces []piece

func (p pieces) Len() int           { return len(p) }
func (p pieces) Less(a, b int) bool { return p[a].away > p[b].away }
func (p pieces) Swap(a, b int)      { p[a], p[b] = p[b], p[a] }
func (p *pieces) Push(x any)        { *p = append(*p, x.(piece)) }
func (p *pieces) Pop() any {
	last := len(*p) - 1
	x := (*p)[last]
	*p = (*p)[:last]
	return x
}
