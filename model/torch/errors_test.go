package torch

import (
	"strings"
	"testing"
)

func TestCondense(t *testing.T) {
	cases := []struct{ name, text, want string }{
		{"traceback of a module", "The following operation failed in the TorchScript interpreter.\nTraceback of TorchScript, original code (most recent call last):\n" +
			"  File \"code/__torch__.py\", line 12, in forward\n    ops.prim.RaiseException(\"told to raise\")\n    ~~~~ <--- HERE\n\n" +
			"Traceback of TorchScript, original code (most recent call last):\nRuntimeError: told to raise\n", "RuntimeError: told to raise"},
		{"traceback of C++", "mat1 and mat2 do not fit (2x3 and 4x2)\nException raised from meta at x.cpp:1 (most recent call first):\nframe #0: c10::Error\n", "mat1 and mat2 do not fit (2x3 and 4x2)"},
		{"control characters", "a\x00b\x1b[31m\r\nc", "a b [31m c"},
		{"nothing", " \n", "libtorch gave no reason"},
	}
	for _, c := range cases {
		if got := condense(c.text); got != c.want {
			t.Errorf("%s: %q; want %q", c.name, got, c.want)
		}
	}
	if got := condense(strings.Repeat("é", maxProblem)); len(got) > maxProblem+3 || !strings.HasSuffix(got, "é…") {
		t.Errorf("a long text became %d bytes, ending in %q", len(got), got[len(got)-8:])
	}
}

func TestVersion(t *testing.T) {
	for version, works := range map[string]bool{
		"1.11.0": true, "1.12.1": true, "1.13.0": true, "1.13.1+cu117": true, "1.13": true,
		"1.10.2": false, "1.1": false, "1.131.0": false, "2.0.1": false, "of unknown version": false, "": false,
	} {
		if err := checkVersion(version); (err == nil) != works {
			t.Errorf("version %q: %v", version, err)
		}
	}
	if got := versionIn("  - Build settings: PERF=1, TORCH_VERSION=1.13.0, USE_CUDA=OFF, "); got != "1.13.0" {
		t.Errorf("versionIn: %q; want 1.13.0", got)
	}
	if got := versionIn("nothing"); checkVersion(got) == nil {
		t.Errorf("a build that names no version is taken for %q", got)
	}
}
