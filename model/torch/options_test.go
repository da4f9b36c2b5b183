package torch

import (
	"errors"
	"strings"
	"testing"

	"penstock/model"
)

func TestOptions(t *testing.T) {
	cases := []struct {
		name  string
		spec  model.Spec
		opt   Options
		field string // of the error; empty when the options are good
		says  string
	}{
		{"classification", classifier(16), Options{Output: Logits}, "", ""},
		{"regression", regression(16), Options{Output: Value}, "", ""},
		{"shape", classifier(16), Options{Output: Probabilities, Shape: []int{1, 4, 4}}, "", ""},
		{"card", classifier(16), Options{Output: Logits, Device: "cuda:3"}, "", ""},
		{"no output", classifier(16), Options{}, "output", `is ""`},
		{"value of a classification", classifier(16), Options{Output: Value}, "output", `returns "probabilities" or "logits"`},
		{"logits of a regression", regression(16), Options{Output: Logits}, "output", `returns "value"`},
		{"several outputs", *several(), Options{Output: Logits}, "", ""},
		{"value of several outputs", *several(), Options{Output: Value}, "output", `returns "probabilities" or "logits"`},
		{"logits of a vector", vector(16), Options{Output: Logits}, "output", `returns "value"`},
		{"temperature", classifier(16), Options{Output: Logits, Temperature: -1}, "temperature", "above zero"},
		{"threads", classifier(16), Options{Output: Logits, Threads: -1}, "threads", "at least 1"},
		{"shape of too few", classifier(16), Options{Output: Logits, Shape: []int{3, 5}}, "shape", "15 values; a row has 16"},
		{"shape of too many", classifier(16), Options{Output: Logits, Shape: []int{4, 5}}, "shape", "product"},
		{"shape beyond int", classifier(16), Options{Output: Logits, Shape: []int{1 << 62, 1 << 62}}, "shape", "product"},
		{"shape with zero", classifier(16), Options{Output: Logits, Shape: []int{16, 0}}, "shape", "above zero"},
		{"shape of nine", classifier(16), Options{Output: Logits, Shape: []int{1, 1, 1, 1, 1, 1, 1, 1, 16}}, "shape", "1 to 8"},
		{"device", classifier(16), Options{Output: Logits, Device: "tpu"}, "device", `such as "cuda:0"`},
		{"device without number", classifier(16), Options{Output: Logits, Device: "cuda:"}, "device", `such as "cuda:0"`},
		{"device of great number", classifier(16), Options{Output: Logits, Device: "cuda:128"}, "device", `such as "cuda:0"`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := c.opt.withDefaults(c.spec.Features).validate(c.spec)
			if c.field == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			bad, ok := errors.AsType[*OptionError](err)
			if !ok || bad.Field != c.field || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v; want one about %q that says %q", err, c.field, c.says)
			}
		})
	}
}
