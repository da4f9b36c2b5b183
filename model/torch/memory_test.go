//go:build torch && linux && cgo

package torch

import (
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"penstock/model"
)

// What batches of one size leave serves those of another. While the largest
// batch grows, what it no longer fits is given back; when it does not, the
// kernel is asked for nothing.
func TestMemoryIsReused(t *testing.T) {
	m := mustLoad(t, "convolution", classifier(32), Options{Output: Probabilities, Shape: []int{2, 4, 4}})
	defer m.Close()
	const sizes, maxRows = 64, 4096 // 1 MiB for the values that the convolution makes of a batch
	features, scores := make([]float32, maxRows*32), make([]float32, maxRows*3)
	before := resident(t)
	for n := range sizes {
		onWorker(t, m, (n+1)*maxRows/sizes, func(model.Session) {}) // which tries a batch
	}
	// Beside tensors there are oneDNN's kernels, some 50 KiB for each size.
	if grown := resident(t) - before; grown > 40<<20 {
		t.Errorf("resident memory grew by %d KiB", grown>>10)
	}
	onWorker(t, m, maxRows, func(s model.Session) {
		faults := int64(0)
		for n, size := range rand.New(rand.NewPCG(1, 2)).Perm(4 * sizes) {
			if n == sizes {
				faults = pageFaults(t)
			}
			rows := (size%sizes + 1) * maxRows / sizes
			if err := s.Predict(scores[:rows*3], features[:rows*32], rows); err != nil {
				t.Fatal(err)
			}
		}
		if faults = pageFaults(t) - faults; faults > 10_000 {
			t.Errorf("%d page faults in %d batches", faults, 3*sizes)
		}
	})
}

// resident is the memory that this process has, in bytes.
func resident(t *testing.T) int {
	t.Helper()
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(statm))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// pageFaults are those of this OS thread, for memory that was not there.
func pageFaults(t *testing.T) int64 {
	t.Helper()
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &usage); err != nil {
		t.Fatal(err)
	}
	return usage.Minflt
}
