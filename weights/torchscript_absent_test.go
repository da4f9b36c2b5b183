//go:build !torch || !linux || !cgo

package weights_test

import (
	"errors"
	"testing"

	"penstock/model/torch"
	"penstock/weights"
	"penstock/weights/engines/torchscript"
	"penstock/weights/weightstest"
)

// A build without libtorch opens and checks bundles that need it, and says how
// to run them.
func TestTorchScriptAbsent(t *testing.T) {
	b, err := weights.Open("digits-cnn", known)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Check(); err != nil {
		t.Error(err)
	}
	for _, engine := range []string{"", torchscript.Name} {
		_, err = b.Load(engine)
		weightstest.WantError(t, err, "engines.torchscript", "make torch")
		if !errors.Is(err, torch.ErrAbsent) {
			t.Errorf("engine %q: %v is not torch.ErrAbsent", engine, err)
		}
	}
}
