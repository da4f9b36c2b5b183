package nearest_test

import (
	"testing"

	"penstock/app/nearest"
)

func TestOf(t *testing.T) {
	known := []string{"max-batch", "max-rows", "window"}
	for name, want := range map[string]string{"max_batch": "max-batch", "MAX-ROW": "max-rows", "widow": "window", "": "window"} {
		if got := nearest.Of(name, known); got != want {
			t.Errorf("%q: %s; want %s", name, got, want)
		}
	}
}
