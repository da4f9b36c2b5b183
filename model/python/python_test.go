//go:build linux

package python_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"penstock/model"
	"penstock/model/child"
	"penstock/model/modeltest"
	"penstock/model/python"
	"penstock/weights/weightstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func program(t testing.TB, source string) python.Program {
	t.Helper()
	folder := t.TempDir()
	return python.Program{Source: []byte(source), File: filepath.Join(folder, "model.py"), Folder: folder}
}

func open(t testing.TB, source string, spec model.Spec, o python.Options) (*python.Model, error) {
	t.Helper()
	o.Python = weightstest.Interpreter(t)
	return python.New(program(t, source), spec, o)
}

func mustOpen(t testing.TB, source string, spec model.Spec, o python.Options) *python.Model {
	t.Helper()
	m, err := open(t, source, spec, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

var two = model.Spec{Name: "two", Version: "1", Features: 2, Outputs: model.OneOf("a", "b")}

const softmax = `
import numpy

def load(folder):
    return numpy.array([[1, -1], [0.5, 2]], numpy.float32)

def predict(weights, rows):
    e = numpy.exp(numpy.clip(rows @ weights, -50, 50))
    return e / e.sum(axis=1, keepdims=True)
`

func TestContract(t *testing.T) {
	modeltest.Run(t, modeltest.Engine{
		Open: func(t testing.TB) model.Model {
			m, err := open(t, softmax, two, python.Options{MaxRows: 50})
			if err != nil {
				t.Fatal(err)
			}
			return m
		},
		Drift: 1e-6, // matrix products of numpy
	})
}

// predict asks a session of its own.
func predict(t *testing.T, m model.Model, rows []float32) ([]float32, error) {
	t.Helper()
	n := len(rows) / m.Spec().Features
	s, err := m.NewSession(n)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	scores := make([]float32, n*m.Spec().Width())
	return scores, s.Predict(scores, rows, n)
}

func TestColumns(t *testing.T) {
	spec := model.Spec{
		Name: "columns", Version: "1", Features: 3, Outputs: model.OneValue(), Missing: true,
		Columns: []model.Column{{Name: "x", Kind: model.Number}, {Name: "where", Kind: model.Category, Categories: []string{"Lyon", "Zürich"}}, {Name: "y", Kind: model.Number}},
	}
	m := mustOpen(t, `
def predict(_, rows):
    return [len(str(w)) + x * 10 + (1000 if y != y else y) for x, w, y in zip(rows["x"], rows["where"], rows["y"])]
`, spec, python.Options{ByColumn: true})
	missing := float32(nan())
	got, err := predict(t, m, []float32{1, 0, 0.5, 2, 1, missing, 3, missing, 0})
	if want := []float32{14.5, 1026, 34}; err != nil || !slices.Equal(got, want) { // "None" has four letters
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
}

func nan() float64 { var zero float64; return zero / zero }

func TestOutputs(t *testing.T) {
	spec := model.Spec{Name: "both", Version: "1", Features: 1, Outputs: []model.Output{
		{Name: "class", Kind: model.Class, Width: 2, Classes: []string{"a", "b"}}, {Name: "size", Kind: model.Values, Width: 1},
	}}
	m := mustOpen(t, "import numpy\ndef predict(_, r): return numpy.hstack([1 - r, r]), r[:, 0] * 2\n", spec, python.Options{})
	if got, err := predict(t, m, []float32{0.25, 1}); err != nil || !slices.Equal(got, []float32{0.75, 0.25, 0.5, 0, 1, 2}) {
		t.Errorf("several outputs: %v, %v", got, err)
	}
	logits := mustOpen(t, "def predict(_, r): return r\n", two, python.Options{Logits: true, Temperature: 2})
	if got, err := predict(t, logits, []float32{3, 3}); err != nil || !slices.Equal(got, []float32{0.5, 0.5}) {
		t.Errorf("logits: %v, %v", got, err)
	}
}

// Whatever the number of rows, also when it is that of the scores, a row's scores are
// its own.
func TestShapes(t *testing.T) {
	spec := model.Spec{Name: "both", Version: "1", Features: 1, Outputs: []model.Output{
		{Name: "same", Kind: model.Values, Width: 1}, {Name: "tenfold", Kind: model.Values, Width: 1},
	}}
	for name, returned := range map[string]string{
		"matrix":         "numpy.hstack([r, r * 10])",
		"tuple":          "(r[:, 0], r[:, 0] * 10)",
		"tuple, mixed":   "(r, r[:, 0] * 10)",
		"list, matrices": "[r, r * 10]",
		"list of rows":   "[x * [1, 10] for x in r]",
		"plain list":     "[[x, x * 10] for x in r[:, 0].tolist()]",
	} {
		m := mustOpen(t, "import numpy\ndef predict(_, r): return "+returned+"\n", spec, python.Options{MaxRows: 64})
		for n := 1; n <= 4; n++ {
			var rows, want []float32
			for i := range n {
				rows, want = append(rows, float32(i)), append(want, float32(i), float32(i)*10)
			}
			if got, err := predict(t, m, rows); err != nil || !slices.Equal(got, want) {
				t.Errorf("%s, %d rows: %v, %v; want %v", name, n, got, err, want)
			}
		}
	}
	for returned, says := range map[string]string{
		"[r[:, 0], r[:, 0] * 10]":          "predict returned an array of shape (2, 8) for 8 rows; expected (8, 2)",
		"(r[1:], r * 10)":                  "predict returned several arrays, of shapes (7, 1), (8, 1), for 8 rows; expected 8 rows in each",
		"tuple(x * [1, 10] for x in r)":    "predict returned several arrays, of shapes (2,)",
		"(r[:, 0], r[:, 0], r[:, 0] * 10)": "predict returned an array of shape (8, 3) for 8 rows; expected (8, 2)",
	} {
		if m, err := open(t, "def predict(_, r): return "+returned+"\n", spec, python.Options{MaxRows: 64}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v; want %q", returned, err, says)
			if m != nil {
				_ = m.Close()
			}
		}
	}
}

func TestRefused(t *testing.T) {
	for source, says := range map[string]string{
		"def predict(": "SyntaxError",
		"x = 1":        "it has no function predict(model, rows)",
		"\ndef load(folder): raise KeyError('weights')\ndef predict(m, r): return r": "line 2: KeyError: 'weights'",
		"import nowhere_at_all":                               "line 1: ModuleNotFoundError: No module named 'nowhere_at_all'",
		"import sys; sys.exit(3)":                             "SystemExit: 3",
		"import os; os._exit(3)":                              "ended before it was ready",
		"import os; os.close(4)\ndef predict(m, r): return r": "ended before it was ready",
		"def predict(m, r): return r[:, :1]":                  "predict returned an array of shape (8, 1) for 8 rows; expected (8, 2)",
		"def predict(m, r): return r - r.mean(axis=0)":        "predict must answer for each row as if it were alone; serve it with --max-batch 1",
	} {
		if m, err := open(t, source, two, python.Options{MaxRows: 64}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v; want %q", source, err, says)
			if m != nil {
				_ = m.Close()
			}
		}
	}
	if _, err := python.New(program(t, softmax), two, python.Options{Python: "/nowhere/python"}); err == nil || !strings.Contains(err.Error(), "--python /nowhere/python cannot be run") {
		t.Errorf("no interpreter: %v", err)
	}
	// With rows one at a time, they cannot depend on each other.
	mustOpen(t, "def predict(m, r): return r - r.mean(axis=0)", two, python.Options{MaxRows: 1})
}

// An interpreter without numpy says what to do.
func TestNoNumpy(t *testing.T) {
	bare := filepath.Join(t.TempDir(), "bare")
	if out, err := exec.CommandContext(t.Context(), weightstest.Interpreter(t), "-m", "venv", "--without-pip", bare).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	_, err := python.New(program(t, softmax), two, python.Options{Python: filepath.Join(bare, "bin", "python")})
	if err == nil || !strings.Contains(err.Error(), "has no numpy") || !strings.Contains(err.Error(), "pip install numpy, or name another Python with --python") {
		t.Errorf("got %v", err)
	}
}

// A failing row fails as such, and is told of; the process goes on.
func TestException(t *testing.T) {
	var text lockedBuffer
	m := mustOpen(t, `
def predict(m, rows):
    if (rows[:, 0] == 13).any():
        raise ValueError("thirteen is not served")
    return rows
`, two, python.Options{Log: slog.New(slog.NewTextHandler(&text, nil))})
	_, err := predict(t, m, []float32{1, 0, 13, 0})
	failed, ok := errors.AsType[*child.FailedError](err)
	if !ok || failed.Text != "ValueError: thirteen is not served" {
		t.Errorf("got %v", err)
	}
	if got, err := predict(t, m, []float32{1, 0}); err != nil || !slices.Equal(got, []float32{1, 0}) {
		t.Errorf("afterwards: %v, %v", got, err)
	}
	if p := m.Processes(); len(p) != 1 || p[0].Restarts != 0 || p[0].State != model.ProcessReady {
		t.Errorf("processes %+v", p)
	}
	_ = m.Close()
	if !strings.Contains(text.String(), "in predict") || !strings.Contains(text.String(), "name=\"model two\"") {
		t.Errorf("no traceback in the log: %s", text.String())
	}
}

func TestHang(t *testing.T) {
	m := mustOpen(t, "import time\ndef predict(m, rows):\n    if rows[0, 0] == 13: time.sleep(60)\n    return rows\n", two, python.Options{Hang: 200 * time.Millisecond})
	began := time.Now()
	if _, err := predict(t, m, []float32{13, 0}); !errors.Is(err, model.ErrUnavailable) || time.Since(began) > 20*time.Second {
		t.Errorf("after %v: %v", time.Since(began), err)
	}
}

func TestAsk(t *testing.T) {
	said, err := python.Ask(program(t, `
import numpy
FEATURES = 3
CLASSES = numpy.array(["a", "b"])
COLUMNS = ["x", "y", "z"]
MISSING = True
def predict(m, rows): return rows
`), python.Options{Python: weightstest.Interpreter(t)})
	if err != nil || said.Features != 3 || !slices.Equal(said.Classes, []string{"a", "b"}) || string(said.Columns) != `["x", "y", "z"]` || !said.Missing || said.Numpy == "" {
		t.Errorf("said %+v, %v", said, err)
	}
	said, err = python.Ask(program(t, `
import sklearn.linear_model
def load(folder): return sklearn.linear_model.LogisticRegression().fit([[0, 1], [1, 0]], ["no", "yes"])
def predict(m, rows): return m.predict_proba(rows)
`), python.Options{Python: weightstest.Interpreter(t)})
	if err != nil || said.Features != 2 || !slices.Equal(said.Classes, []string{"no", "yes"}) || said.Library != "scikit-learn" || said.Version == "" {
		t.Errorf("said %+v, %v", said, err)
	}
	if _, err := python.Ask(program(t, "FEATURES = {1, 2}\ndef predict(m, rows): return rows"), python.Options{Python: weightstest.Interpreter(t)}); err == nil ||
		!strings.Contains(err.Error(), "holds what JSON cannot") {
		t.Errorf("a set: %v", err)
	}
}

// A program imports from its own folder, and is not told the server's secrets.
func TestSurroundings(t *testing.T) {
	t.Setenv("PENSTOCK_SECRET", "x")
	p := program(t, "import os, beside\nassert 'PENSTOCK_SECRET' not in os.environ\nFEATURES = beside.n\ndef predict(m, rows): return rows\n")
	if err := os.WriteFile(filepath.Join(p.Folder, "beside.py"), []byte("n = 7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if said, err := python.Ask(p, python.Options{Python: weightstest.Interpreter(t)}); err != nil || said.Features != 7 {
		t.Errorf("said %+v, %v", said, err)
	}
}

// Sessions are as many processes, and one that was closed is used again.
func TestSessions(t *testing.T) {
	m := mustOpen(t, softmax, two, python.Options{Processes: 2})
	var sessions []model.Session
	for range 3 {
		s, err := m.NewSession(1)
		if err != nil {
			t.Fatal(err)
		}
		sessions = append(sessions, s)
	}
	if n := len(m.Processes()); n != 3 {
		t.Errorf("%d processes for 3 sessions", n)
	}
	for _, s := range sessions {
		_ = s.Close()
	}
	s, err := m.NewSession(1)
	if err != nil || len(m.Processes()) != 3 {
		t.Errorf("%d processes, %v", len(m.Processes()), err)
	}
	_ = s.Close()
}

type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// An error that cannot tell what it is fails its rows, and not the process.
func TestErrorWithoutText(t *testing.T) {
	m := mustOpen(t, `
class Mute(Exception):
    def __str__(self):
        raise RuntimeError

def predict(model, rows):
    if rows[0, 0] == 7:
        raise Mute()
    return rows
`, model.Spec{Name: "mute", Version: "1", Features: 2, Outputs: two.Outputs}, python.Options{})
	s, err := m.NewSession(1)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	scores := make([]float32, 2)
	err = s.Predict(scores, []float32{7, 0}, 1)
	if failed, ok := errors.AsType[*child.FailedError](err); !ok || failed.Text != "Mute" {
		t.Errorf("got %v", err)
	}
	if err := s.Predict(scores, []float32{1, 0}, 1); err != nil || m.Processes()[0].Restarts != 0 {
		t.Errorf("afterwards: %v, %+v", err, m.Processes())
	}
}
