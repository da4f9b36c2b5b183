package onnx

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestProgramIsOfItsSource builds the embedded programs again, with the toolchain
// that they are built with, and compares.
func TestProgramIsOfItsSource(t *testing.T) {
	module, err := os.ReadFile("runtime/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(module), "toolchain "+runtime.Version()+"\n") {
		t.Skipf("the programs are built by another version than %s", runtime.Version())
	}
	for _, arch := range []string{"amd64", "arm64"} {
		built := filepath.Join(t.TempDir(), arch)
		c := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", built, ".")
		c.Dir = "runtime"
		c.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch, "GOFLAGS=", "GOTOOLCHAIN=local", "GOAMD64=", "GOARM64=")
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		want, err := os.ReadFile(built)
		if err != nil {
			t.Fatal(err)
		}
		packed, err := os.Open("child_linux_" + arch + ".gz")
		if err != nil {
			t.Fatal(err)
		}
		defer packed.Close()
		r, err := gzip.NewReader(packed)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
			t.Errorf("child_linux_%s.gz is not what model/onnx/runtime builds (%v); run make -C model/onnx/runtime", arch, err)
		}
	}
}
