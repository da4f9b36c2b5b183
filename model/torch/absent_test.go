//go:build !torch || !linux || !cgo

package torch

import (
	"errors"
	"strings"
	"testing"
)

func TestAbsent(t *testing.T) {
	_, err := Load(nil, classifier(16), Options{Output: Logits})
	if Built || !errors.Is(err, ErrAbsent) || !strings.Contains(err.Error(), "make torch") {
		t.Errorf("Built is %v, Load says %v; want an error that tells how to get libtorch", Built, err)
	}
}
