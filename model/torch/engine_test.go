//go:build torch && linux && cgo

package torch

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"penstock/model"
	"penstock/model/modeltest"
)

// load loads one of the modules that testdata/make.py writes.
func load(t testing.TB, name string, spec model.Spec, opt Options) (*Model, error) {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("testdata", name+".pt"))
	if err != nil {
		t.Fatal(err)
	}
	return Load(file, spec, opt)
}

func mustLoad(t testing.TB, name string, spec model.Spec, opt Options) *Model {
	t.Helper()
	m, err := load(t, name, spec, opt)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// onWorker opens a session on an OS thread of its own.
func onWorker(t testing.TB, m model.Model, rows int, use func(model.Session)) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	s, err := m.NewSession(rows)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	use(s)
}

func TestConforms(t *testing.T) {
	normalised := classifier(16)
	normalised.Input = model.Input{Mean: []float64{0.25}, Std: []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}}
	cases := []struct {
		name string
		file string
		spec model.Spec
		opt  Options
	}{
		{"convolution, probabilities", "convolution", classifier(32), Options{Output: Probabilities, Shape: []int{2, 4, 4}}},
		{"recalibrated", "convolution", classifier(32), Options{Output: Probabilities, Shape: []int{2, 4, 4}, Temperature: 1.5}},
		{"logits, normalised", "logits", normalised, Options{Output: Logits, Temperature: 2, Ready: 2}},
		{"tuple", "tuple", classifier(16), Options{Output: Logits, Ready: 4, MaxRows: 131}},
		{"regression", "sum", regression(16), Options{Output: Value}},
		{"vector", "tuple", vector(16), Options{Output: Value}},
		{"labels", "tuple", labels(16), Options{Output: Logits}},
		{"labels, probabilities", "convolution", labels(32), Options{Output: Probabilities, Shape: []int{2, 4, 4}}},
		{"one sigmoid and two numbers", "logits", mixed(16), Options{Output: Logits, Temperature: 2}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			drift := 1e-5
			if c.spec.First().Kind == model.Values {
				drift = 1e-3 // of sums that may be large
			}
			modeltest.Run(t, modeltest.Engine{Drift: drift, AllocationFree: c.file != "tuple", Open: func(t testing.TB) model.Model {
				return mustLoad(t, c.file, c.spec, c.opt)
			}})
		})
	}
}

func labels(features int) model.Spec {
	spec := classifier(features)
	spec.Outputs[0].Kind = model.Labels
	return spec
}

// mixed has a class of one sigmoid, a label and a value.
func mixed(features int) model.Spec {
	return model.Spec{Name: "test", Version: "1", Features: features, Outputs: []model.Output{
		{Name: "spam", Kind: model.Class, Width: 1, Classes: []string{"no", "yes"}},
		{Name: "tags", Kind: model.Labels, Width: 1, Classes: []string{"x"}},
		{Name: "price", Kind: model.Values, Width: 1},
	}}
}

// Every output has its own link, and a missing value reaches the module as NaN.
// Worked out by hand: the module returns the first three features.
func TestOutputsOfSeveralKinds(t *testing.T) {
	spec := mixed(16)
	spec.Missing = true
	m := mustLoad(t, "first", spec, Options{Output: Logits, Temperature: 2})
	defer m.Close()
	onWorker(t, m, 2, func(s model.Session) {
		rows, scores := make([]float32, 2*16), make([]float32, 2*3)
		copy(rows, []float32{2, -1, 7})
		copy(rows[16:], []float32{0, 0, float32(math.NaN())})
		if err := s.Predict(scores, rows, 2); err != nil {
			t.Fatal(err)
		}
		for i, want := range []float64{0.7310586, 0.2689414, 7, 0.5, 0.5} {
			if math.Abs(float64(scores[i])-want) > 1e-6 {
				t.Errorf("score %d is %v; want %v", i, scores[i], want)
			}
		}
		if !math.IsNaN(float64(scores[5])) {
			t.Errorf("what a missing value becomes is %v; want NaN", scores[5])
		}
	})
}

// What the module gets and what its numbers become, worked out by hand.
func TestValues(t *testing.T) {
	spec := regression(16)
	spec.Input = model.Input{Mean: []float64{1}, Std: []float64{2}}
	m := mustLoad(t, "sum", spec, Options{Output: Value, Shape: []int{16}})
	defer m.Close()
	onWorker(t, m, 3, func(s model.Session) {
		rows, scores := make([]float32, 2*16), make([]float32, 2)
		for i := range rows {
			rows[i] = float32(i)
		}
		if err := s.Predict(scores, rows, 2); err != nil {
			t.Fatal(err)
		}
		if scores[0] != (120-16)/2 || scores[1] != (376-16)/2 {
			t.Errorf("scores %v; want 52 and 180", scores)
		}
	})
}

// A module that is lent its batch and keeps it has the values of then, whatever
// the caller's memory holds later.
func TestModuleKeepsItsBatch(t *testing.T) {
	m := mustLoad(t, "keeps", regression(16), Options{Output: Value})
	defer m.Close()
	onWorker(t, m, 2, func(s model.Session) {
		rows, scores := make([]float32, 2*16), make([]float32, 2)
		for i := range 20 {
			last := 16 * (3*i - 1) // of both rows of the batch before
			for n := range rows {
				rows[n] = float32(i + n/16*(i+2)) // i, and 2i+2
			}
			if err := s.Predict(scores, rows, 2); err != nil {
				t.Fatal(err)
			}
			if want := float32(16*i + last); i > 0 && scores[0] != want {
				t.Errorf("batch %d: %v; want %v", i, scores[0], want)
			}
			for n := range rows {
				rows[n] = 1e6
			}
		}
	})
}

// A module that writes to its batch does not write to the caller's rows, even
// where it does so for values that no warm-up has.
func TestModuleWritesToItsBatch(t *testing.T) {
	m := mustLoad(t, "writes", regression(16), Options{Output: Value})
	defer m.Close()
	onWorker(t, m, 1, func(s model.Session) {
		row, score := make([]float32, 16), make([]float32, 1)
		row[0] = 1
		for range 3 {
			if err := s.Predict(score, row, 1); err != nil || score[0] != 16 || row[1] != 0 {
				t.Fatalf("%v, %v, and the row begins with %v; want 16 and [1 0]", score, err, row[:2])
			}
		}
	})
}

// In training mode the module would drop half of the features at random.
func TestEvaluationMode(t *testing.T) {
	m := mustLoad(t, "dropout", regression(16), Options{Output: Value})
	defer m.Close()
	onWorker(t, m, 1, func(s model.Session) {
		ones, score := make([]float32, 16), make([]float32, 1)
		for i := range ones {
			ones[i] = 1
		}
		for range 20 {
			if err := s.Predict(score, ones, 1); err != nil || score[0] != 16 {
				t.Fatalf("score %v, %v; want 16", score, err)
			}
		}
	})
}

// A module that cannot answer, or not as the manifest says, is refused when it
// is loaded.
func TestRefused(t *testing.T) {
	cases := []struct {
		name string
		file string
		spec model.Spec
		opt  Options
		says string
	}{
		{"too many classes", "tuple", func() model.Spec { s := classifier(16); s.Outputs = model.OneOf("a", "b", "c", "d"); return s }(),
			Options{Output: Logits}, "shape [1 3]; expected [1 4]"},
		{"other features", "logits", classifier(15), Options{Output: Logits}, "mat1 and mat2"},
		{"no shape given", "convolution", classifier(32), Options{Output: Probabilities}, "Expected"},
		{"another shape given", "convolution", classifier(32), Options{Output: Probabilities, Shape: []int{1, 4, 8}}, "channels"},
		{"logits said to be probabilities", "logits", classifier(16), Options{Output: Probabilities}, `say "logits"`},
		{"a dict", "dict", classifier(16), Options{Output: Logits}, "returned a dict; expected a tensor"},
		{"classes instead of scores", "classes", classifier(16), Options{Output: Logits}, "type int64; expected a floating type"},
		{"a batch squeezed away", "squeeze", regression(16), Options{Output: Value}, "shape []; expected [1 1]"},
		{"no such card", "logits", classifier(16), Options{Output: Logits, Device: "cuda:0"}, "finds no CUDA"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m, err := load(t, c.file, c.spec, c.opt)
			if err == nil {
				m.Close()
				t.Fatal("was accepted")
			}
			if !strings.Contains(err.Error(), c.says) || strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' }) {
				t.Errorf("error %q; want one line with %q", err, c.says)
			}
		})
	}
}

func TestNotAModule(t *testing.T) {
	for _, file := range []string{"", "not a module", "PK\x03\x04", strings.Repeat("\x00", 1<<20)} {
		_, err := Load([]byte(file), classifier(16), Options{Output: Logits})
		if e, ok := errors.AsType[*Error](err); !ok || e.Doing != "loading the module" {
			t.Errorf("%d bytes that are no module: %v", len(file), err)
		}
	}
	whole, err := os.ReadFile("testdata/tuple.pt")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Load(whole[:len(whole)-100], classifier(16), Options{Output: Logits}); err == nil {
		t.Error("a truncated module was accepted")
	}
}

// Whatever C++ throws is the error of the batch that made it throw, and the
// session goes on.
func TestExceptions(t *testing.T) {
	m := mustLoad(t, "fails", regression(16), Options{Output: Value})
	defer m.Close()
	cases := []struct {
		command float32
		says    string
	}{
		{101, "told to raise"},
		{102, "allocate"},
		{103, "scalar type"},
		{104, "mat1 and mat2"},
		{105, "shape [2 16]; expected [2 1]"},
		{106, "told to assert"},
		{107, "index"},
	}
	onWorker(t, m, 4, func(s model.Session) {
		for _, c := range cases {
			rows, scores := make([]float32, 2*16), make([]float32, 2)
			rows[16] = c.command
			err := s.Predict(scores, rows, 2)
			e, ok := errors.AsType[*Error](err)
			if !ok || !strings.Contains(err.Error(), c.says) {
				t.Errorf("command %v: %v; want an error with %q", c.command, err, c.says)
			} else if strings.Contains(e.Problem, "frame #") {
				t.Errorf("command %v: %q has C++'s traceback in it", c.command, e.Problem)
			}
			rows[16] = 1
			if err := s.Predict(scores, rows, 2); err != nil || scores[0] != 0 || scores[1] != 1 {
				t.Errorf("after command %v: %v, %v; want 0, 1", c.command, scores, err)
			}
		}
	})
}

// NaN passes through: the pool is who looks.
func TestNotFinite(t *testing.T) {
	m := mustLoad(t, "fails", regression(16), Options{Output: Value})
	defer m.Close()
	onWorker(t, m, 2, func(s model.Session) {
		rows, scores := make([]float32, 2*16), make([]float32, 2)
		rows[1], rows[2] = math.MaxFloat32, math.MaxFloat32
		if err := s.Predict(scores, rows, 2); err != nil || !math.IsInf(float64(scores[0]), 1) || scores[1] != 0 {
			t.Errorf("%v, %v; want +Inf and 0", scores, err)
		}
	})
}

// Sessions beyond those made ready load the module again, and nothing is left
// open: the descriptor of the module's file is the model's.
func TestSessionsAndDescriptors(t *testing.T) {
	before := descriptors(t)
	m := mustLoad(t, "tuple", classifier(16), Options{Output: Logits, Ready: 2, MaxRows: 4})
	if len(m.rested) != 2 || m.rested[0].warm != 4 {
		t.Errorf("%d modules are ready; want 2, warm for 4 rows", len(m.rested))
	}
	onWorker(t, m, 4, func(model.Session) {
		onWorker(t, m, 8, func(model.Session) {
			onWorker(t, m, 1, func(model.Session) {})
		})
	})
	if len(m.rested) != 2 {
		t.Errorf("%d modules rest after three sessions; want 2", len(m.rested))
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors are open; before it were %d", after, before)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(open)
}

// The file cannot be changed behind its hash.
func TestProgramIsSealed(t *testing.T) {
	p, err := newProgram([]byte("bytes"))
	if err != nil {
		t.Fatal(err)
	}
	defer p.file.Close()
	if err := os.WriteFile(p.path(), []byte("other"), 0o600); err == nil {
		t.Error("the module's file could be written")
	}
	if got, err := os.ReadFile(p.path()); err != nil || string(got) != "bytes" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestVersionIsRead(t *testing.T) {
	if err := checkVersion(version()); err != nil {
		t.Error(err)
	}
}
