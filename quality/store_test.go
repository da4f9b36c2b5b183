package quality_test

import (
	"strings"
	"testing"

	"penstock/quality"
)

var (
	digits = quality.Model{Name: "digits", Version: "1", Classes: strings.Split("0123456789", "")}
	prices = quality.Model{Name: "prices", Version: "7"}
)

type failer interface {
	Helper()
	Fatal(args ...any)
}

func newStore(t failer, models ...quality.Model) *quality.Store {
	t.Helper()
	store, err := quality.New(quality.Options{Models: models})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestOptionsNameTheFieldThatIsWrong(t *testing.T) {
	cases := []struct {
		name    string
		options quality.Options
		want    string
	}{
		{"no models", quality.Options{}, "Models has 0 entries"},
		{"negative bound", quality.Options{Models: []quality.Model{digits}, Remember: -1}, "Remember is -1"},
		{"no name", quality.Options{Models: []quality.Model{{}}}, "Models[0].Name is empty"},
		{"same name", quality.Options{Models: []quality.Model{digits, digits}}, `Models[1].Name is "digits"`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := quality.New(c.options)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v; expected it to contain %q", err, c.want)
			}
		})
	}
}

func TestScopes(t *testing.T) {
	store := newStore(t, digits)
	phone := store.Scope("ann", "phone")
	if store.Scope("ann", "phone") != phone {
		t.Error("a user's session changed its scope")
	}
	distinct := map[quality.Scope]bool{
		phone: true, store.Scope("annp", "hone"): true,
		store.Scope("ann", ""): true, store.Scope("", "ann"): true,
	}
	if len(distinct) != 4 {
		t.Errorf("%d distinct scopes; expected 4", len(distinct))
	}
}

func TestRemembers(t *testing.T) {
	s := newStore(t, digits)
	scope, other := s.Scope("", "#1"), s.Scope("", "#2")
	if s.Remembers(scope, []byte("1")) {
		t.Error("an empty store remembers")
	}
	s.Remember(quality.Prediction{Scope: scope, ID: []byte("1"), Values: []float32{0}})
	if !s.Remembers(scope, []byte("1")) || s.Remembers(scope, []byte("2")) || s.Remembers(other, []byte("1")) {
		t.Error("only this scope's request 1 is remembered")
	}
}
