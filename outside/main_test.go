//go:build linux

package outside_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

// program is where TestMain built the program; empty without PENSTOCK_OUTSIDE.
var program string

func TestMain(m *testing.M) {
	folder := ""
	if os.Getenv("PENSTOCK_OUTSIDE") == "required" {
		var err error
		if folder, err = build(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		program = filepath.Join(folder, "penstock")
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(folder)
		os.Exit(code)
	}))
}

// build makes the program as make build does, in a folder of its own.
func build() (folder string, err error) {
	if folder, err = os.MkdirTemp("", "penstock-outside"); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(context.Background(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", folder, "penstock")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return folder, nil
}

// found returns the path of a program that ci/install.sh brings. Debian puts some
// where only root looks.
func found(t *testing.T, name string) string {
	t.Helper()
	if program == "" {
		t.Skip("set PENSTOCK_OUTSIDE=required to let other programs at this one; ci/install.sh brings them")
	}
	path, err := exec.LookPath(name)
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/" + name)
	}
	if err != nil {
		t.Fatalf("%v; ci/install.sh brings it", err)
	}
	return path
}
