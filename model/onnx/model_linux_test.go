//go:build amd64 || arm64

package onnx_test

import (
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"penstock/model"
	"penstock/model/modeltest"
	"penstock/model/onnx"
	"penstock/weights/weightstest"
)

var made struct {
	sync.Mutex
	folder string
}

// models returns the folder with the models of testdata/models.py, and the Python
// environment that has the library.
func models(t testing.TB) (folder, environment string) {
	environment = filepath.Dir(filepath.Dir(weightstest.Interpreter(t)))
	made.Lock()
	defer made.Unlock()
	if made.folder == "" {
		script, err := os.ReadFile("testdata/models.py")
		if err != nil {
			t.Fatal(err)
		}
		folder, err := os.MkdirTemp("", "penstock-onnx-test-")
		if err != nil {
			t.Fatal(err)
		}
		weightstest.Python(t, folder, string(script), folder)
		made.folder = folder
	}
	return made.folder, environment
}

func spec(name string) model.Spec {
	s := model.Spec{Name: name, Version: "1", Features: 784, Outputs: model.OneOf("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")}
	switch name {
	case "two":
		s.Features, s.Outputs = 5, []model.Output{{Name: "y", Kind: model.Vector, Width: 2}, {Name: "z", Kind: model.Vector, Width: 1}}
	case "mean":
		s.Features, s.Outputs = 4, []model.Output{{Name: "y", Kind: model.Vector, Width: 4}}
	case "strings":
		s.Features, s.Outputs = 2, model.OneOf("no", "yes")
		s.Columns = []model.Column{{Name: "colour", Kind: model.Category, Categories: []string{"blue", "green", "red"}},
			{Name: "size", Kind: model.Number, Missing: true}}
	}
	return s
}

func load(t testing.TB, name string, change ...func(*onnx.Options)) (model.Model, error) {
	folder, environment := models(t)
	data, err := os.ReadFile(filepath.Join(folder, name+".onnx"))
	if err != nil {
		t.Fatal(err)
	}
	opt := onnx.Options{Library: environment, Workers: 2}
	if name == "external" {
		weights, err := os.ReadFile(filepath.Join(folder, "weights.bin"))
		if err != nil {
			t.Fatal(err)
		}
		opt.External = map[string][]byte{"weights.bin": weights}
	}
	for _, c := range change {
		c(&opt)
	}
	return onnx.Load(data, spec(name), opt)
}

func opened(t testing.TB, name string, change ...func(*onnx.Options)) (model.Model, model.Session) {
	t.Helper()
	m, err := load(t, name, change...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	s, err := m.NewSession(64)
	if err != nil {
		t.Fatal(err)
	}
	return m, s
}

func floats(t testing.TB, file string) []float32 {
	folder, _ := models(t)
	data, err := os.ReadFile(filepath.Join(folder, file))
	if err != nil {
		t.Fatal(err)
	}
	values := make([]float32, len(data)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return values
}

func TestScoresAreThoseOfTheLibrary(t *testing.T) {
	for _, name := range []string{"mlp", "cnn", "external", "fixed", "two", "strings"} {
		t.Run(name, func(t *testing.T) {
			m, s := opened(t, name)
			rows, want := floats(t, name+".rows"), floats(t, name+".scores")
			n, width := m.Spec().Features, m.Spec().Width()
			got := make([]float32, len(want))
			if err := s.Predict(got, rows, len(rows)/n); err != nil {
				t.Fatal(err)
			}
			for i := range want {
				if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
					t.Fatalf("row %d, score %d: got %v, onnxruntime gives %v", i/width, i%width, got[i], want[i])
				}
			}
		})
	}
}

func TestContract(t *testing.T) {
	modeltest.Run(t, modeltest.Engine{AllocationFree: true, Open: func(t testing.TB) model.Model {
		m, err := load(t, "cnn")
		if err != nil {
			t.Fatal(err)
		}
		return m
	}})
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name, says string
		change     func(*onnx.Options)
	}{
		{"mean", "rows of this model depend on each other", nil},
		{"four", "takes 4 rows at a time", nil},
		{"mlp", "no libonnxruntime.so", func(o *onnx.Options) { o.Library = t.TempDir() }},
		{"mlp", "expected the path", func(o *onnx.Options) { o.Library = "/nowhere" }},
		{"external", "weights.bin", func(o *onnx.Options) { o.External = nil }},
	} {
		m, err := load(t, c.name, func(o *onnx.Options) {
			if c.change != nil {
				c.change(o)
			}
		})
		if err == nil {
			m.Close()
		}
		if refused, ok := errors.AsType[*onnx.LoadError](err); !ok || !strings.Contains(refused.Error(), c.says) {
			t.Errorf("%s: got error %v; expected a *LoadError with %q", c.name, err, c.says)
		}
	}
	_, s := opened(t, "mean", func(o *onnx.Options) { o.RowByRow = true })
	if err := s.Predict(make([]float32, 8), make([]float32, 8), 2); err != nil {
		t.Error(err)
	}
}

// TestKilledUnderLoad kills the process while batches run: they fail as unavailable
// or succeed, and afterwards the model serves the same bits.
func TestKilledUnderLoad(t *testing.T) {
	m, s := opened(t, "mlp")
	rows, want := floats(t, "mlp.rows"), floats(t, "mlp.scores")
	got := make([]float32, len(want))
	predict := func() error { return s.Predict(got, rows, len(rows)/784) }
	processes := m.(model.Processes)
	deadline := time.Now().Add(60 * time.Second)
	for life := range 3 {
		first := processes.Processes()[0]
		if first.State != model.ProcessReady {
			t.Fatalf("the process is %v", first)
		}
		go syscall.Kill(first.PID, syscall.SIGKILL)
		for processes.Processes()[0].Restarts == uint64(life) || predict() != nil {
			if err := predict(); err != nil && !errors.Is(err, model.ErrUnavailable) {
				t.Fatal(err)
			}
			if time.Now().After(deadline) {
				t.Fatal("the process is not back")
			}
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("score %d is %v; expected %v", i, got[i], want[i])
			}
		}
	}
}

// TestMutants loads files with some bytes changed: they load or fail in words. For
// each, a process starts, so there are few but by hand.
func TestMutants(t *testing.T) {
	folder, environment := models(t)
	many := 40
	if os.Getenv("PENSTOCK_MUTANTS") != "" {
		many = 3000
	}
	for _, name := range []string{"two", "strings"} {
		data, err := os.ReadFile(filepath.Join(folder, name+".onnx"))
		if err != nil {
			t.Fatal(err)
		}
		random := rand.New(rand.NewPCG(1, 2))
		for range many / 2 {
			mutant := append([]byte(nil), data...)
			for range 1 + random.IntN(4) {
				mutant[random.IntN(len(mutant))] = byte(random.Uint32())
			}
			if random.IntN(5) == 0 {
				mutant = mutant[:random.IntN(len(mutant))]
			}
			m, err := onnx.Load(mutant, spec(name), onnx.Options{Library: environment})
			if err == nil {
				m.Close()
			} else if _, ok := errors.AsType[*onnx.LoadError](err); !ok && !errors.Is(err, model.ErrUnavailable) {
				t.Errorf("%v; expected a *LoadError", err)
			}
		}
	}
}
