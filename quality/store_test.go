package quality_test

import (
	"strconv"
	"strings"
	"testing"

	"penstock/quality"
)

// served is a model as tests name it: a regression without classes.
type served struct {
	Name, Version string
	Classes       []string
	Accuracy      *float64
	judge         func() quality.Judge // nil: by the classes
}

func (m served) model() quality.Model {
	made := quality.Model{Name: m.Name, Version: m.Version, Accuracy: m.Accuracy}
	switch {
	case m.judge != nil:
		made.Judge = m.judge()
	case len(m.Classes) > 0:
		made.Judge = quality.NewClassJudge(m.Classes)
		made.Kind, made.Classes, made.Scores = quality.ClassKind, m.Classes, len(m.Classes)
	default:
		made.Judge, made.Kind = quality.NewValuesJudge(1), quality.ValuesKind
	}
	return made
}

var (
	digits = served{Name: "digits", Version: "1", Classes: strings.Split("0123456789", "")}
	prices = served{Name: "prices", Version: "7"}
)

// testStore takes predictions of its first model, of a value per row, where they
// do not say otherwise.
type testStore struct {
	*quality.Store
	series []*quality.Series
}

func open(o quality.Options, models ...served) (*testStore, error) {
	store, err := quality.New(o)
	if err != nil {
		return nil, err
	}
	opened := &testStore{Store: store}
	for _, m := range models {
		one, err := store.Add(m.model())
		if err != nil {
			return nil, err
		}
		opened.series = append(opened.series, one)
	}
	return opened, nil
}

func (s *testStore) Remember(p quality.Prediction) {
	if p.Series == nil {
		p.Series = s.series[0]
	}
	if p.Rows == 0 {
		p.Rows = len(p.Values)
	}
	s.Store.Remember(p)
}

// anyStore makes scopes that tests tell apart by a number. Scope{} is none of
// them.
var anyStore, _ = quality.New(quality.Options{Key: [16]byte{1}})

func scopeOf(number int) quality.Scope { return anyStore.Scope("test", strconv.Itoa(number)) }

type failer interface {
	Helper()
	Fatal(args ...any)
}

func newStore(t failer, models ...served) *testStore {
	t.Helper()
	return newStoreWith(t, quality.Options{}, models...)
}

func newStoreWith(t failer, o quality.Options, models ...served) *testStore {
	t.Helper()
	store, err := open(o, models...)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestOptionsNameTheFieldThatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		options quality.Options
		models  []served
		want    string
	}{
		"negative bound": {quality.Options{Remember: -1}, nil, "Remember is -1"},
		"no name":        {quality.Options{}, []served{{}}, "the Name of a model is empty"},
		"same name":      {quality.Options{}, []served{digits, digits}, `model "digits" of version "1" is in the store`},
		"no judge":       {quality.Options{}, []served{{Name: "m", judge: func() quality.Judge { return nil }}}, `model "m" has no Judge`},
	} {
		_, err := open(c.options, c.models...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v; expected it to contain %q", name, err, c.want)
		}
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
