package serving_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"penstock/inference"
	"penstock/model"
	"penstock/model/modeltest"
	"penstock/quality"
	"penstock/serving"
)

// versioned is an oracle of a version.
type versioned struct {
	*modeltest.Oracle
	version string
}

func (v versioned) Spec() model.Spec {
	spec := v.Oracle.Spec()
	spec.Version = v.version
	return spec
}

// house is a Service with metrics, and its pools.
type house struct {
	*serving.Service
	registry *prometheus.Registry
	running  map[*serving.Deployment]func() // ends its pool and closes its model
}

// fatal is what a house needs of a test, or of one check of a property.
type fatal interface {
	Helper()
	Fatal(args ...any)
}

func newHouse(t fatal) *house {
	t.Helper()
	h := &house{registry: prometheus.NewRegistry(), running: make(map[*serving.Deployment]func())}
	store, err := quality.New(quality.Options{Registerer: h.registry})
	if err != nil {
		t.Fatal(err)
	}
	catalog, err := serving.NewCatalog(serving.CatalogOptions{Quality: store, Registerer: h.registry})
	if err != nil {
		t.Fatal(err)
	}
	ledger, err := serving.NewLedger(h.registry)
	if err != nil {
		t.Fatal(err)
	}
	h.Service = &serving.Service{Catalog: catalog, Quality: store, Ledger: ledger}
	return h
}

// add serves a model until end, or close.
func (h *house) add(m model.Model, pool inference.Options) (*serving.Deployment, error) {
	d, err := h.Catalog.Add(serving.Candidate{Model: m, Pool: pool})
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = d.Pool.Run(ctx) })
	h.running[d] = sync.OnceFunc(func() {
		stop()
		running.Wait()
		if err := m.Close(); err != nil {
			panic(err)
		}
	})
	return d, nil
}

func (h *house) close() {
	for _, end := range h.running {
		end()
	}
}

// open makes a line whose front is a desk.
func (h *house) open(caller serving.Caller) *desk {
	if caller.Scope == (quality.Scope{}) {
		caller.Scope = h.Quality.Scope(caller.User, caller.Name)
	}
	d := &desk{house: h, answers: make(chan answer, 1000)}
	d.line = h.Open(&caller, d)
	return d
}

// desk is a front that keeps its answers.
type desk struct {
	house   *house
	line    *serving.Line
	answers chan answer
}

// answer is what a desk is told of a call.
type answer struct {
	call   *serving.Call
	lost   bool
	values []float32 // that were decided
}

func (d *desk) Answer(c *serving.Call) bool {
	told := answer{call: c}
	if c.Result.Outcome == inference.Predicted {
		told.values = slices.Clone(c.Decided()[0].Values)
	}
	d.answers <- told
	return true
}

func (d *desk) Flush()                       {}
func (d *desk) Lose(c *serving.Call, _ any)  { d.answers <- answer{call: c, lost: true} }
func (d *desk) submit(c *serving.Call) error { return d.counted(c, d.line.Submit(c)) }

// counted counts what a front has to count of a request: that it came, and that it was
// refused.
func (d *desk) counted(_ *serving.Call, err error) error {
	d.house.Ledger.Received()
	if _, shed := errors.AsType[*inference.OverloadedError](err); shed {
		d.house.Ledger.Answered(serving.Shed)
	} else if err != nil {
		d.house.Ledger.Answered(serving.Failed)
	}
	return err
}

// ask makes a call for the row of a nonce, which is its id too.
func ask(d *serving.Deployment, o *modeltest.Oracle, nonce uint32, id string) *serving.Call {
	return &serving.Call{Request: inference.Request{Features: o.Row(nonce), Rows: 1}, Deployment: d, ID: []byte(id)}
}

// mustBalance waits until all is answered, after which the pools take no more, and
// checks the ledger.
func (h *house) mustBalance(t *testing.T) {
	t.Helper()
	for d := range h.running {
		must(t, d.Pool.Drain(t.Context()))
	}
	if l := h.Ledger.Traffic(); l.Received != l.Predicted+l.Failed+l.Shed+l.Undeliverable {
		t.Errorf("the ledger does not balance: %+v", l)
	}
}

// versions are the values of the label version among the metrics of pools.
func (h *house) versions(t *testing.T) (versions []string) {
	t.Helper()
	families, err := h.registry.Gather()
	must(t, err)
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				if label.GetName() == "version" && !slices.Contains(versions, label.GetValue()) {
					versions = append(versions, label.GetValue())
				}
			}
		}
	}
	slices.Sort(versions)
	return versions
}

// TestReplaceUnderRequests: a version takes the place of another while that has a
// request. The request is answered by the version that it came to, and so are its
// labels; who comes after it gets the new one.
func TestReplaceUnderRequests(t *testing.T) {
	h := newHouse(t)
	defer h.close()
	hold, held := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(hold) })
	defer release() // before close, which waits for the worker
	old := versioned{&modeltest.Oracle{Features: 2, Classes: 3, OnRow: func(uint32) modeltest.Fate {
		close(held) // the only row that this version gets
		return modeltest.Fate{Wait: hold}
	}}, "1"}
	next := versioned{&modeltest.Oracle{Features: 2, Classes: 3}, "2"}
	one, err := h.add(old, inference.Options{Workers: 1})
	must(t, err)
	before := h.Catalog.Now()
	front := h.open(serving.Caller{User: "somebody"})
	defer front.line.Close()
	waits := ask(h.Catalog.Now().Find([]byte("oracle")), old.Oracle, 4, "4")
	must(t, front.submit(waits))
	<-held

	two, err := h.add(next, inference.Options{Workers: 1})
	must(t, err)
	both := h.Catalog.Now()
	for name, want := range map[string]*serving.Deployment{"": one, "oracle": one, "oracle@1": one, "oracle@2": two, "oracle@3": nil, "oracl": nil, "@1": nil, "oracle@": nil} {
		if got := both.Find([]byte(name)); got != want {
			t.Errorf("Find(%q) is %v; want %v", name, got, want)
		}
	}
	if got := h.versions(t); !slices.Equal(got, []string{"1", "2"}) {
		t.Errorf("metrics of the versions %q; want both", got)
	}

	if !h.Catalog.Remove(one) || h.Catalog.Remove(one) {
		t.Error("a deployment is removed once")
	}
	after := h.Catalog.Now()
	for name, want := range map[string]*serving.Deployment{"": two, "oracle": two, "oracle@1": nil, "oracle@2": two} {
		if got := after.Find([]byte(name)); got != want {
			t.Errorf("after it went, Find(%q) is %v; want %v", name, got, want)
		}
	}
	if got := h.versions(t); !slices.Equal(got, []string{"2"}) {
		t.Errorf("metrics of the versions %q; want those of 2 alone", got)
	}
	if before.Find([]byte("oracle")) != one || both.Find([]byte("oracle")) != one || after.Revision != 3 || before.Revision != 1 {
		t.Errorf("a snapshot changed; its revision is %d, that of now %d", before.Revision, after.Revision)
	}

	must(t, front.submit(ask(after.Find([]byte("oracle")), next.Oracle, 5, "5")))
	if got := <-front.answers; got.call.Deployment != two || got.call.Result.Outcome != inference.Predicted || got.values[0] != 5%3 {
		t.Errorf("the new request is answered by %s with %v, %v", got.call.Deployment.Key, got.call.Result.Outcome, got.values)
	}
	release()
	if got := <-front.answers; got.call != waits || got.call.Deployment != one || got.call.Result.Outcome != inference.Predicted || got.values[0] != 4%3 {
		t.Errorf("the one that was held is answered by %s with %v, %v", got.call.Deployment.Key, got.call.Result.Outcome, got.values)
	}
	must(t, one.Pool.Drain(t.Context()))
	h.running[one]()

	for id, want := range map[string]struct {
		series *quality.Series
		label  string
	}{"4": {one.Series, "1"}, "5": {two.Series, "0"}} {
		result, err := front.line.Label([]byte(id), []quality.Label{{Text: want.label, IsText: true}})
		if err != nil || result.Series != want.series || result.Correct[0] != (id == "4") {
			t.Errorf("label of %s: %+v, %v", id, result, err)
		}
		if s := want.series.Snapshot(); s.Predicted != 1 || s.Labelled != 1 || (s.Correct == 1) != (id == "4") {
			t.Errorf("version %s: %d predicted, %d labelled, %d correct", s.Version, s.Predicted, s.Labelled, s.Correct)
		}
	}
	if listed := h.Quality.Listed(); len(listed) != 1 || listed[0] != two.Series {
		t.Errorf("listed are %v; want the series of version 2", listed)
	}
	h.mustBalance(t)
	if l := h.Ledger.Traffic(); l.Received != 2 || l.Predicted != 2 {
		t.Errorf("the ledger is %+v; want two predictions", l)
	}
	if s := one.Pool.Stats(); s.InFlight != 0 || s.Accepted != 1 || s.Predicted != 1 {
		t.Errorf("the pool that went: %+v", s)
	}
}

// TestVersionTaken: one version of a model is served once at a time, and leaves
// nothing where it is refused.
func TestVersionTaken(t *testing.T) {
	h := newHouse(t)
	defer h.close()
	one, err := h.add(versioned{&modeltest.Oracle{Features: 1}, "1"}, inference.Options{})
	must(t, err)
	was := h.Catalog.Now()
	_, err = h.add(versioned{&modeltest.Oracle{Features: 1}, "1"}, inference.Options{})
	if taken, ok := errors.AsType[*serving.TakenError](err); !ok || *taken != (serving.TakenError{Name: "oracle", Version: "1"}) {
		t.Errorf("%v; want a *TakenError of oracle, 1", err)
	}
	if _, err := h.add(versioned{&modeltest.Oracle{Features: 1}, "2"}, inference.Options{Workers: -1}); err == nil {
		t.Error("a pool with -1 workers was taken")
	}
	if h.Catalog.Now() != was || len(h.Quality.Listed()) != 1 || !slices.Equal(h.versions(t), []string{"1"}) {
		t.Errorf("what was refused left something: %+v, %d series, versions %q", h.Catalog.Now(), len(h.Quality.Listed()), h.versions(t))
	}
	h.Catalog.Remove(one)
	again, err := h.add(versioned{&modeltest.Oracle{Features: 1}, "1"}, inference.Options{})
	if err != nil || h.Catalog.Now().Default() != again {
		t.Errorf("after it went, the version is not taken again: %v", err)
	}
	h.Catalog.Remove(again)
	if now := h.Catalog.Now(); now.Default() != nil || now.Find(nil) != nil || now.Find([]byte("oracle")) != nil || len(h.versions(t)) != 0 {
		t.Errorf("the catalog is not empty: %+v", now)
	}
}
