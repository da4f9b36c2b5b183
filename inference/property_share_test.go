package inference_test

import (
	"fmt"
	"math"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"penstock/inference"
	"penstock/model/modeltest"
)

// Callers that always have rows waiting are served by their weights, over however many
// streams, batches of whatever size, and requests of whatever sizes: at no moment is
// one ahead of its part, or behind, by more rows than a pass has. And one that comes
// with a single row is served before those who were there first have had more than its
// weight makes it wait for.
func TestCallersAreServedByWeight(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := drawCrowd(rt)
		var complaint string
		synctest.Test(t, func(t *testing.T) { complaint = c.perform(t) })
		if complaint != "" {
			rt.Fatal(complaint)
		}
	})
}

// crowd is what is drawn for one run of TestCallersAreServedByWeight. The last caller is
// the one that comes with a single row; the others have all that they want at once.
type crowd struct {
	maxBatch, rows int
	weights        []int   // as callers give them
	streams        [][]int // of each caller, the rows of one request of each stream
	comesAt        int     // after so many batches
}

func drawCrowd(t *rapid.T) *crowd {
	weight := rapid.OneOf(rapid.IntRange(-1, 4), rapid.SampledFrom([]int{10, 100, 999, 1000, 1001, math.MaxInt}), rapid.IntRange(1, 1000))
	c := &crowd{
		maxBatch: rapid.IntRange(1, 70).Draw(t, "max batch"),
		rows:     rapid.IntRange(100, 1500).Draw(t, "rows to be run"),
		weights:  rapid.SliceOfN(weight, 3, 20).Draw(t, "weights"),
		comesAt:  rapid.IntRange(0, 10).Draw(t, "batches before the last comes"),
	}
	for range c.weights {
		c.streams = append(c.streams, rapid.SliceOfN(rapid.IntRange(1, 40), 1, 4).Draw(t, "rows of a request"))
	}
	return c
}

// weight is that of a caller as the pool counts it.
func (c *crowd) weight(caller int) int { return min(max(c.weights[caller], 1), inference.MaxWeight) }

func (c *crowd) perform(t *testing.T) (complaint string) {
	g := newGate()
	m := &spy{Oracle: modeltest.Oracle{Features: 1}, predict: g.hold}
	p := start(t, m, inference.Options{Workers: 1, MaxBatch: c.maxBatch, QueueRows: 1 << 20, Window: 1 << 20})
	defer g.open()
	defer p.Abandon() // what waits may be more batches than the gate has room for
	open := func(caller int) *inference.Stream {
		return p.Open(new(tally), inference.Share{Name: fmt.Sprint(caller), Weight: c.weights[caller]})
	}
	last := len(c.weights) - 1
	mustSubmit(t, open(0), m.same(0, 1)) // while it runs, the others gather
	<-g.batches

	all := 0
	for i := range last {
		all += c.weight(i)
	}
	pass := max(c.maxBatch, last+1)
	for i := range last {
		var streams []*inference.Stream
		for range c.streams[i] {
			streams = append(streams, open(i))
		}
		left := c.rows*c.weight(i)/all + 4*pass // its part, and more than it may be ahead
		for turn := 0; left > 0; turn++ {
			of := turn % len(streams)
			mustSubmit(t, streams[of], m.same(i, c.streams[i][of]))
			left -= c.streams[i][of]
		}
	}
	served, run, before := make([]int, last+1), 0, -1
	for batch := 0; run < c.rows; batch++ {
		if batch == c.comesAt {
			mustSubmit(t, open(last), m.same(last, 1))
			before = run
		}
		g.release <- struct{}{}
		rows := <-g.batches
		for _, caller := range rows {
			served[caller]++
		}
		run += len(rows)
		if len(rows) != c.maxBatch {
			return fmt.Sprintf("batch %d has %d rows", batch, len(rows))
		}
		for i := range last {
			part := float64(run) * float64(c.weight(i)) / float64(all)
			if ahead := float64(served[i]) - part; math.Abs(ahead) > float64(pass)+1 {
				return fmt.Sprintf("after %d rows the caller of weight %d has had %d; its part is %.1f", run, c.weight(i), served[i], part)
			}
		}
		patience := (all+c.weight(last))/c.weight(last) + 3*pass
		if waited := run - before; before >= 0 && served[last] == 0 && waited > patience {
			return fmt.Sprintf("a lone row of weight %d has waited for %d rows of others, whose weights are %d together", c.weight(last), waited, all)
		}
	}
	return ""
}
