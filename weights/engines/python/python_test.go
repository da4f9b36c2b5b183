//go:build linux

package python_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"penstock/model"
	"penstock/weights"
	"penstock/weights/engines"
	"penstock/weights/weightstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), text)
}

// A process that dies is not started again with another file than was loaded: the
// version would not be what it says.
func TestReplacedFile(t *testing.T) {
	folder := t.TempDir()
	hashes := make(map[string]string)
	write := func(name, text string) {
		t.Helper()
		hashes[name] = fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("model.py", "def load(folder):\n    return float(open(folder + '/factor.txt').read())\ndef predict(model, rows):\n    return rows[:, 0] * model\n")
	write("factor.txt", "2")
	manifest, err := json.Marshal(map[string]any{
		"name": "m", "version": "1", "features": 1, "outputs": []any{map[string]any{"name": "y", "kind": "values", "width": 1}},
		"engines": map[string]any{"python": map[string]any{"file": "model.py", "files": []string{"factor.txt"}}}, "sha256": hashes,
	})
	if err != nil {
		t.Fatal(err)
	}
	write(weights.Manifest, string(manifest))
	var text log
	bundle, err := weights.Open(folder, engines.All(engines.Options{Python: weightstest.Interpreter(t), Log: slog.New(slog.NewTextHandler(&text, nil))}))
	if err != nil {
		t.Fatal(err)
	}
	m, err := bundle.Load("")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	s, err := m.NewSession(1)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	score := make([]float32, 1)
	predict := func() error { return s.Predict(score, []float32{3}, 1) }
	if err := predict(); err != nil || score[0] != 6 {
		t.Fatalf("%v, %v", score, err)
	}
	kill := func(until func() bool) {
		t.Helper()
		if err := syscall.Kill(m.Model.(model.Processes).Processes()[0].PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(30 * time.Second); !until(); time.Sleep(time.Millisecond) { // as often as it is looked at
			if time.Now().After(end) {
				t.Fatal("it did not come to that")
			}
		}
	}
	kill(func() bool { return predict() == nil })
	write("factor.txt", "7")
	kill(func() bool { return text.has("factor.txt") })
	if err := predict(); err == nil {
		t.Errorf("a file that was replaced gives %v", score)
	}
	write("factor.txt", "2")
	for end := time.Now().Add(30 * time.Second); predict() != nil; {
		if time.Now().After(end) {
			t.Fatal("it does not come back with its file")
		}
	}
	if score[0] != 6 {
		t.Errorf("then %v", score)
	}
}
