//go:build linux

package chaos_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

// program is where TestMain built the program; empty without PENSTOCK_CHAOS.
var program string

func TestMain(m *testing.M) {
	folder := ""
	if os.Getenv("PENSTOCK_CHAOS") == "required" {
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
	if folder, err = os.MkdirTemp("", "penstock-chaos"); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(context.Background(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", folder, "penstock")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return folder, nil
}
