package weights_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"penstock/model"
	"penstock/weights"
	"penstock/weights/engines/dense"
	"penstock/weights/weightstest"
)

// sum is a regression that adds up a row and one number of its file's, and
// times the result: as little as an engine can be.
type sum struct {
	spec  model.Spec
	add   byte
	times float64
}

func (s sum) Spec() model.Spec                      { return s.spec }
func (s sum) NewSession(int) (model.Session, error) { return s, nil }
func (s sum) Pinned() bool                          { return false }
func (s sum) Close() error                          { return nil }
func (s sum) Predict(scores, row []float32, _ int) error {
	total := float64(s.add)
	for i, x := range row {
		if total += float64(x); (i+1)%s.spec.Features == 0 {
			scores[i/s.spec.Features] = float32(total * s.times)
			total = float64(s.add)
		}
	}
	return nil
}

type sumConfig struct {
	file  string
	times float64
}

// toy is an engine that this house does not have.
func toy() weights.Engine {
	return weights.Engine{
		Name:   "sum",
		Claims: weights.Claims{Extensions: []string{".sum"}, Program: true},
		Read: func(entry *weights.Object, about weights.About) weights.Entry {
			c := sumConfig{file: entry.File("file"), times: 1}
			if entry.Optional("times", &c.times) && c.times == 0 {
				entry.Refuse("times", "is 0; expected another number")
			}
			if len(about.Shape) > 1 {
				entry.Refuse("file", "takes flat rows alone")
			}
			return weights.Entry{Files: []string{c.file}, Config: c}
		},
		Build: func(about weights.About, config any, files *weights.Files, place weights.Place) (weights.Built, error) {
			c := config.(sumConfig)
			if place.Device != "" {
				return weights.Built{}, weights.Wrong(weights.Manifest, "engines.sum", "has no device %q", place.Device)
			}
			if _, err := files.Read("manifest.json"); err == nil {
				return weights.Built{}, errors.New("a file was opened that the entry does not name")
			}
			data, err := files.Read(c.file)
			if err != nil {
				return weights.Built{}, err
			}
			if len(data) != 1 {
				return weights.Built{}, weights.Wrong("", "length", "is %d; expected 1", len(data))
			}
			spec := about.Spec
			spec.Engine = "sum"
			return weights.Built{Model: sum{spec, data[0], c.times}}, nil
		},
	}
}

func toyBundle(entry string) fstest.MapFS {
	files := fstest.MapFS{
		"a.sum":       {Data: []byte{5}},
		"golden.json": {Data: []byte(`{"features": [[1, 2], [3, 4]], "scores": [[16], [24]]}`)},
		"manifest.json": {Data: []byte(`{"name":"toy","version":"1","task":"regression","features":2,
			"engines": {"sum": ` + entry + `}, "golden":"golden.json"}`)},
	}
	hashed(files, "a.sum", weightstest.SumOf([]byte{5}))
	return files
}

func withToy(t *testing.T, others ...weights.Engine) *weights.Engines {
	t.Helper()
	all, err := weights.NewEngines(append(others, toy())...)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// An engine from outside runs bundles as those of the house do.
func TestEngineFromOutside(t *testing.T) {
	b, err := weights.OpenFS(toyBundle(`{"file": "a.sum", "times": 2}`), "test", withToy(t, dense.Engine()))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Check(); err != nil {
		t.Error(err)
	}
	loaded := load(t, b, nil)
	defer loaded.Close()
	if loaded.GoldenRows != 2 || loaded.File != "a.sum" || loaded.Bytes != 1 || loaded.SHA256 != weightstest.SumOf([]byte{5}) || loaded.Spec().Engine != "sum" {
		t.Errorf("loaded %+v", loaded)
	}
	s, err := loaded.NewSession(1)
	if err != nil {
		t.Fatal(err)
	}
	scores := make([]float32, 1)
	if err := s.Predict(scores, []float32{10, 1}, 1); err != nil || scores[0] != 32 {
		t.Errorf("Predict: %v, %v; want 32", scores, err)
	}
}

func TestEngineFromOutsideRefuses(t *testing.T) {
	for _, c := range []struct {
		name, entry string
		change      func(fstest.MapFS)
		place       weights.Place
		field, says string
	}{
		{"its own member", `{"file": "a.sum", "times": 0}`, nil, weights.Place{}, "engines.sum.times", "is 0"},
		{"unknown member", `{"file": "a.sum", "layers": []}`, nil, weights.Place{}, "engines.sum", `"layers" that is not known`},
		{"no hash", `{"file": "b.sum"}`, nil, weights.Place{}, "sha256", `no entry for "b.sum"; that file is a program`},
		{"outside", `{"file": "../a.sum"}`, nil, weights.Place{}, "engines.sum.file", "inside the bundle"},
		{"device", `{"file": "a.sum"}`, nil, weights.Place{Device: "cuda:0"}, "engines.sum", "has no device"},
		{"file altered", `{"file": "a.sum"}`, func(f fstest.MapFS) { f["a.sum"].Data = []byte{6} }, weights.Place{}, "", "a.sum: has SHA-256"},
		{"golden rows", `{"file": "a.sum", "times": 3}`, nil, weights.Place{}, "scores", "engine sum gives"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := toyBundle(c.entry)
			if c.change != nil {
				c.change(files)
			}
			b, err := weights.OpenFS(files, "test", withToy(t))
			if err == nil {
				_, err = b.LoadAt("", c.place)
			}
			weightstest.WantError(t, err, c.field, c.says)
		})
	}
}

// The first engine that is there wins; one that this build lacks says why, and
// its file is looked at all the same.
func TestPreferredAndAbsentEngines(t *testing.T) {
	away := toy()
	why := errors.New("build it with the tag sum")
	away.Claims.Absent = why
	lacking, err := weights.NewEngines(away, dense.Engine())
	if err != nil {
		t.Fatal(err)
	}
	files := small()
	files["a.sum"] = &fstest.MapFile{Data: []byte{5}}
	replace(files, `"engines": {`, `"engines": { "sum": {"file": "a.sum"},`)
	hashed(files, "a.sum", weightstest.SumOf([]byte{5}))
	b, err := weights.OpenFS(files, "test", lacking)
	loaded := load(t, b, err)
	defer loaded.Close()
	if got := loaded.Spec().Engine; got != dense.Name {
		t.Errorf("runs on %q; want the engine that this build has", got)
	}
	if got := [][]string{b.Engines(), b.Loadable(), b.Unrun()}; !slices.EqualFunc(got, [][]string{{"sum", "dense"}, {"dense"}, {"sum"}}, slices.Equal) {
		t.Errorf("engines, loadable, not run: %q", got)
	}
	_, err = b.Load("sum")
	weightstest.WantError(t, err, "engines.sum", "cannot run: build it")
	if !errors.Is(err, why) {
		t.Errorf("%v does not wrap why", err)
	}
	files["a.sum"].Data = []byte{6}
	weightstest.WantError(t, b.Check(), "", "a.sum: has SHA-256")
}

func TestEnginesRefused(t *testing.T) {
	unnamed, other, shouts, lacks := toy(), toy(), toy(), toy()
	unnamed.Name, other.Name, lacks.Build = "", "other", nil
	shouts.Claims.Extensions = []string{".SUM"}
	for _, c := range []struct {
		engines []weights.Engine
		says    string
	}{
		{nil, "no engines"},
		{[]weights.Engine{toy(), toy()}, `two engines are called "sum"`},
		{[]weights.Engine{toy(), other}, `both claim ".sum"`},
		{[]weights.Engine{unnamed}, `is called ""`},
		{[]weights.Engine{shouts}, "lower case"},
		{[]weights.Engine{lacks}, "no Build"},
	} {
		if _, err := weights.NewEngines(c.engines...); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("error %v; want a text with %q", err, c.says)
		}
	}
}

func TestClaimedFiles(t *testing.T) {
	all := withToy(t, dense.Engine())
	if e, ok := all.Claiming("models/A.SUM"); !ok || e.Name != "sum" {
		t.Errorf("A.SUM is claimed by %q", e.Name)
	}
	if e, ok := all.Claiming("sum"); ok {
		t.Errorf("a file without extension is claimed by %q", e.Name)
	}
	if got := all.Names(); !slices.Equal(got, []string{"dense", "sum"}) {
		t.Errorf("Names() = %q", got)
	}
}
