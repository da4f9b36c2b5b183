package weightstest

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"math"
	"os"
	"testing"

	"penstock/model"
	"penstock/model/trees"
)

// Agreement is how far a forest is from what its library said of the same rows.
type Agreement struct {
	Rows   int
	Leaves int    // rows × trees whose leaf was compared
	Ulps   uint64 // by which a sum differs at most, of a float64 as large as its parts together
	Score  uint32 // of float32, by which a score differs at most
}

// Compare walks a forest for rows that a library gave answers to, and fails the test
// where a row lands on another leaf, where a sum is further away than so many ulps,
// or where a score is more than one float32 away. The answers lie in a
// folder, as arrays in the processor's order: NAME.rows (float32), NAME.leaves (int32;
// rows × trees), NAME.raw and NAME.scores (float64). Any but the rows may be missing.
func Compare(t *testing.T, folder, name string, p trees.Parsed, ulps uint64) (a Agreement) {
	t.Helper()
	f := p.Forest
	array := func(kind string) []byte {
		data, err := fs.ReadFile(os.DirFS(folder), name+"."+kind)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		return data
	}
	rows, leaves, raw, scores := array("rows"), array("leaves"), array("raw"), array("scores")
	a.Rows = len(rows) / 4 / f.Features
	for what, want := range map[string][2]int{
		"rows": {len(rows), 4 * a.Rows * f.Features}, "leaves": {len(leaves), 4 * a.Rows * len(f.Trees)},
		"raw": {len(raw), 8 * a.Rows * f.Sums}, "scores": {len(scores), 8 * a.Rows * f.Sums},
	} {
		if want[0] != want[1] && want[0] != 0 || a.Rows == 0 {
			t.Fatalf("%s has %d bytes; the forest needs %d", what, want[0], want[1])
		}
	}
	got := compiled(t, p, rows)
	row, at := make([]float32, f.Features), make([]int32, len(f.Trees))
	sums, parts := make([]float64, f.Sums), make([]float64, f.Sums)
	for r := range a.Rows {
		for i := range row {
			row[i] = math.Float32frombits(binary.LittleEndian.Uint32(rows[4*(r*f.Features+i):]))
		}
		walk(f, row, sums, parts, at)
		for i, leaf := range at {
			if len(leaves) == 0 {
				break
			}
			if want := int32(binary.LittleEndian.Uint32(leaves[4*(r*len(at)+i):])); leaf != want {
				t.Fatalf("row %d %v is on leaf %d of tree %d; the library says %d", r, row, leaf, i, want)
			}
			a.Leaves++
		}
		for i, sum := range sums {
			if len(raw) > 0 {
				want := math.Float64frombits(binary.LittleEndian.Uint64(raw[8*(r*f.Sums+i):]))
				if a.Ulps = max(a.Ulps, apart(sum, want, parts[i])); a.Ulps > ulps {
					t.Fatalf("row %d %v has sum %v; the library says %v", r, row, sum, want)
				}
			}
			if len(scores) > 0 {
				want := float32(math.Float64frombits(binary.LittleEndian.Uint64(scores[8*(r*f.Sums+i):])))
				if a.Score = max(a.Score, apart32(got[r*f.Sums+i], want)); a.Score > 1 {
					t.Fatalf("row %d %v has score %v; the library says %v", r, row, got[r*f.Sums+i], want)
				}
			}
		}
	}
	return a
}

// compiled returns the scores of the model that is made of a forest.
func compiled(t *testing.T, p trees.Parsed, rows []byte) []float32 {
	t.Helper()
	features := make([]float32, len(rows)/4)
	for i := range features {
		features[i] = math.Float32frombits(binary.LittleEndian.Uint32(rows[4*i:]))
	}
	spec := model.Spec{Name: "test", Version: "1", Features: p.Forest.Features, Outputs: p.Outputs, Columns: p.Columns, Missing: p.Missing}
	if err := spec.Validate(); err != nil {
		t.Fatal(err)
	}
	m, err := trees.New(spec, p.Forest, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	const batch = 64
	s, err := m.NewSession(batch)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	n, width := len(features)/spec.Features, spec.Width()
	scores := make([]float32, n*width)
	for first := 0; first < n; first += batch {
		rows := min(batch, n-first)
		if err := s.Predict(scores[first*width:][:rows*width], features[first*spec.Features:][:rows*spec.Features], rows); err != nil {
			t.Fatal(err)
		}
	}
	return scores
}

// walk goes through a forest whose sums are float64, as its documentation says. Parts
// are what each sum would be if none of its parts were negative.
func walk(f *trees.Forest, row []float32, sums, parts []float64, leaves []int32) {
	clear(sums)
	clear(parts)
	add := func(k int, x float64) {
		sums[k] += x
		parts[k] += math.Abs(x)
	}
	for k, x := range f.Begin {
		add(k, x)
	}
	for i := range f.Trees {
		t := &f.Trees[i]
		leaf := int32(0)
		for at := int32(0); len(t.Nodes) > 0; {
			if at = next(&t.Nodes[at], row); at < 0 {
				leaf = ^at
				break
			}
		}
		leaves[i] = leaf
		if t.Sum != trees.AllSums {
			add(t.Sum, t.Leaves[leaf])
			continue
		}
		for k := range sums {
			add(k, t.Leaves[int(leaf)*f.Sums+k])
		}
	}
	for k := range sums {
		if f.Divide != 0 {
			sums[k] /= f.Divide
			parts[k] /= f.Divide
		}
		if f.Scale != 0 {
			sums[k] = float64(sums[k] * f.Scale) // rounded here
			parts[k] *= math.Abs(f.Scale)
		}
		if f.Add != nil {
			add(k, f.Add[k])
		}
	}
}

func next(n *trees.Node, row []float32) int32 {
	x := row[n.Feature]
	var left bool
	switch {
	case x != x, n.ZeroMissing && x >= -1e-35 && x <= 1e-35:
		left = n.MissingLeft
	case n.Test == trees.Less:
		left = x < n.Threshold
	case n.Test == trees.Equal:
		left = x == n.Threshold
	default:
		c := math.Trunc(float64(x))
		left = c >= 0 && c < float64(32*len(n.Set)) && n.Set[int(c)/32]>>(int(c)%32)&1 == 1
	}
	if left {
		return n.Left
	}
	return n.Right
}

// apart is how many ulps of a float64 of some size two numbers differ by.
func apart(a, b, size float64) uint64 {
	return uint64(math.Ceil(math.Abs(a-b) / (math.Nextafter(size, math.Inf(1)) - size)))
}

func apart32(a, b float32) uint32 {
	x, y := ordered32(a), ordered32(b)
	return max(x, y) - min(x, y)
}

func ordered32(x float32) uint32 {
	bits := math.Float32bits(x + 0)
	if bits>>31 == 1 {
		return ^bits + 1
	}
	return bits | 1<<31
}
