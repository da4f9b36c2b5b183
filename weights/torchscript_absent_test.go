//go:build !torch || !linux || !cgo

package weights

import (
	"errors"
	"testing"

	"penstock/model/torch"
)

// A build without libtorch opens and checks bundles that need it, and says how
// to run them.
func TestTorchScriptAbsent(t *testing.T) {
	b, err := Open("digits-cnn")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Check(); err != nil {
		t.Error(err)
	}
	for _, engine := range []string{"", TorchScript} {
		_, err = b.Load(engine)
		wantError(t, err, "engines.torchscript", "make torch")
		if !errors.Is(err, torch.ErrAbsent) {
			t.Errorf("engine %q: %v is not torch.ErrAbsent", engine, err)
		}
	}
}
