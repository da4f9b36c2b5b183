// Package modeltest holds every engine to the contract of package model, with
// one suite, and offers Oracle, a model made for testing whatever runs models.
//
// An engine's test is one line:
//
//	modeltest.Run(t, modeltest.Engine{Open: small, AllocationFree: true})
//
// Run it under the race detector as well: sessions share weights.
package modeltest

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"penstock/model"
)

// Engine says what is tested and how strictly.
type Engine struct {
	// Open makes a model. The suite closes it.
	Open func(testing.TB) model.Model
	// Rows makes input for an engine that does not take any: rows × Features
	// values, others for another seed. Nil means random numbers.
	Rows func(rows int, seed uint64) []float32
	// Drift is how far a row's scores may be from those it gets in another
	// batch. Zero asks for the same bits. An engine whose library sums in
	// another order for another batch size states here how much that costs.
	Drift float64
	// AllocationFree asks that Predict allocates nothing.
	AllocationFree bool
}

// maxRows is the batch size of the suite's sessions: more than one block of
// rows of any kernel, and odd.
const maxRows = 131

// Run runs the suite.
func Run(t *testing.T, e Engine) {
	t.Run("spec", func(t *testing.T) { spec(t, e) })
	t.Run("shapes", func(t *testing.T) { shapes(t, e) })
	t.Run("scores", func(t *testing.T) { scores(t, e) })
	t.Run("slices", func(t *testing.T) { ownSlices(t, e) })
	t.Run("batch", func(t *testing.T) { batchMates(t, e) })
	t.Run("parallel", func(t *testing.T) { parallel(t, e) })
	t.Run("close", func(t *testing.T) { closes(t, e) })
	t.Run("allocations", func(t *testing.T) { allocations(t, e) })
}

func spec(t *testing.T, e Engine) {
	m := open(t, e)
	if err := m.Spec().Validate(); err != nil {
		t.Error(err)
	}
	if m.Spec().Engine == "" {
		t.Error("Spec().Engine is empty; expected the engine's name")
	}
	if again := m.Spec(); again.Name != m.Spec().Name || again.Features != m.Spec().Features {
		t.Error("Spec() differs between two calls")
	}
	for _, rows := range []int{0, -1} {
		if s, err := m.NewSession(rows); err == nil {
			s.Close()
			t.Errorf("NewSession(%d) succeeded; expected an error", rows)
		}
	}
}

// open makes the model and closes it after the test.
func open(t testing.TB, e Engine) model.Model {
	t.Helper()
	m := e.Open(t)
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Errorf("closing the model: %v", err)
		}
	})
	return m
}

// onWorker opens a session, uses it and closes it on this goroutine, as a
// worker of a pool does.
func onWorker(t testing.TB, m model.Model, rows int, use func(model.Session)) {
	t.Helper()
	if m.Pinned() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
	}
	s, err := m.NewSession(rows)
	if err != nil {
		t.Errorf("NewSession(%d): %v", rows, err)
		return
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing a session: %v", err)
		}
	}()
	use(s)
}

// features makes rows as a client might send them: spread about the mean that
// the spec states, some of them exactly zero.
func (e Engine) features(spec model.Spec, rows int, seed uint64) []float32 {
	if e.Rows != nil {
		return e.Rows(rows, seed)
	}
	random := rand.New(rand.NewPCG(seed, 7))
	values := make([]float32, rows*spec.Features)
	for i := range values {
		mean, std := spec.Input.At(i % spec.Features)
		if random.IntN(4) > 0 {
			values[i] = float32(mean + std*random.NormFloat64())
		}
	}
	return values
}

// predict is Predict into a new slice.
func predict(t testing.TB, m model.Model, s model.Session, rows []float32) []float32 {
	t.Helper()
	n := len(rows) / m.Spec().Features
	got := make([]float32, n*m.Spec().Width())
	if err := s.Predict(got, rows, n); err != nil {
		t.Errorf("Predict of %d rows: %v", n, err)
	}
	return got
}

// same compares scores, as strictly as the engine promises.
func (e Engine) same(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool {
		if e.Drift == 0 {
			return math.Float32bits(x) == math.Float32bits(y)
		}
		return math.Abs(float64(x)-float64(y)) <= e.Drift
	})
}
