package weightstest

import (
	"errors"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"testing"

	"penstock/model"
	"penstock/model/trees"
)

// Mutants is how many mutated files a test reads: PENSTOCK_MUTANTS, or a number that
// continuous integration has time for.
func Mutants(usually int) int {
	if n, err := strconv.Atoi(os.Getenv("PENSTOCK_MUTANTS")); err == nil {
		return n
	}
	return usually
}

// Mutate returns a copy of a file in which up to three places were changed: a byte
// replaced, bytes left out, doubled or moved, or the end cut off.
func Mutate(file []byte, random *rand.Rand) []byte {
	file = slices.Clone(file)
	for range 1 + random.IntN(3) {
		if len(file) == 0 {
			return file
		}
		at, n := random.IntN(len(file)), 1+random.IntN(8)
		some := slices.Clone(file[at:min(at+n, len(file))])
		switch random.IntN(6) {
		case 0:
			file[at] = byte(random.Uint32())
		case 1:
			file[at] = "0123456789-.,eE \n\":[]{}"[random.IntN(23)]
		case 2:
			file = slices.Delete(file, at, at+len(some))
		case 3:
			file = slices.Insert(file, at, some...)
		case 4:
			file = slices.Insert(file, random.IntN(len(file)), some...)
		default:
			file = file[:at]
		}
	}
	return file
}

// Stands compiles a forest that was read of a file of so many bytes, whatever was in
// it, and walks it: that ends in an error of the types that trees.New promises, or
// in scores.
func Stands(t *testing.T, p trees.Parsed, size int) {
	t.Helper()
	nodes := 0
	for _, tree := range p.Forest.Trees {
		nodes += len(tree.Nodes)
	}
	if nodes > size {
		t.Fatalf("%d nodes of a file of %d bytes", nodes, size)
	}
	spec := model.Spec{Name: "test", Version: "1", Features: p.Forest.Features, Outputs: p.Outputs, Columns: p.Columns, Missing: p.Missing}
	m, err := trees.New(spec, p.Forest, 1)
	if err != nil {
		_, ofForest := errors.AsType[*trees.ForestError](err)
		_, ofSpec := errors.AsType[*model.SpecError](err)
		if !ofForest && !ofSpec {
			t.Fatalf("error of type %T: %v", err, err)
		}
		return
	}
	defer m.Close()
	s, err := m.NewSession(1)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Predict(make([]float32, spec.Width()), make([]float32, spec.Features), 1); err != nil {
		t.Fatal(err)
	}
}

// Allocated returns how many bytes f allocates, freed or not.
func Allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
