package weightstest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// Interpreter returns the Python of the virtual environment that ci/python.sh makes,
// with the libraries whose files are read here. Without it the test is skipped, and
// with PENSTOCK_LIBRARIES=required it fails.
func Interpreter(t testing.TB) string {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	python := filepath.Join(filepath.Dir(here), "../../ci/python/venv/bin/python")
	if _, err := os.Stat(python); err == nil {
		return python
	}
	if os.Getenv("PENSTOCK_LIBRARIES") == "required" {
		t.Fatalf("%s is missing; make it with ci/python.sh install", python)
	}
	t.Skip("no virtual environment; make it with ci/python.sh install")
	return ""
}

// Python runs a script with the libraries, in a folder, and returns what it prints.
func Python(t testing.TB, folder, script string, args ...string) []byte {
	t.Helper()
	c := exec.CommandContext(t.Context(), Interpreter(t), append([]string{"-c", script}, args...)...) //nolint:gosec // of tests
	c.Dir = folder
	c.Env = append(os.Environ(), "OMP_NUM_THREADS=1", "PYTHONDONTWRITEBYTECODE=1")
	out, err := c.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("python: %v\n%s", err, failed.Stderr)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}
