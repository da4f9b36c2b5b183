package server_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"penstock/model"
	"penstock/model/modeltest"
	"penstock/protocol"
	"penstock/serving"
)

// edition is an oracle of a name and a version, whose features may have columns.
type edition struct {
	*modeltest.Oracle
	name, version string
	columns       []model.Column
}

func (e edition) Spec() model.Spec {
	spec := e.Oracle.Spec()
	spec.Name, spec.Version, spec.Columns = e.name, e.version, e.columns
	return spec
}

// serve takes a model into the catalog of a rig that runs.
func (r *rig) serve(m model.Model) *serving.Deployment {
	r.t.Helper()
	d, err := r.service.Catalog.Add(serving.Candidate{Model: m})
	r.must(err)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = d.Pool.Run(ctx) })
	r.t.Cleanup(func() {
		drain, done := context.WithTimeout(ctx, patience)
		defer done()
		r.must(d.Pool.Drain(drain)) // what has been answered may be on its way still
		cancel()
		running.Wait()
		if s := d.Pool.Stats(); s.InFlight != 0 || s.QueueRows != 0 {
			r.t.Errorf("the pool of %s is not at rest: %+v", d.Key, s)
		}
		if err := m.Close(); err != nil {
			r.t.Error(err)
		}
	})
	return d
}

// answeredBy sends a binary request of one row and returns which of some deployments
// answered it: binary replies do not say.
func (p *peer) answeredBy(r *rig, index uint32, some ...*serving.Deployment) string {
	p.t.Helper()
	predicted := func() (counts []uint64) {
		for _, d := range some {
			counts = append(counts, d.Pool.Stats().Predicted)
		}
		return counts
	}
	before := predicted()
	reply := p.askBinary(r.binaryRequest(0, 9, 0, index, 4))
	if reply[0] == protocol.BinaryError {
		return protocol.Code(reply[1]).String()
	}
	if want := r.binaryReply(0, 9, 4); !slices.Equal(reply, want) {
		p.t.Errorf("received %x; want %x", reply, want)
	}
	for i, n := range predicted() {
		if n != before[i] {
			return some[i].Key
		}
	}
	return "nobody"
}

// models are the names and versions that a message or an answer lists.
func models(t testing.TB, text string) (list []string) {
	t.Helper()
	for _, m := range decode[struct {
		Models []struct{ Name, Version string }
	}](t, text).Models {
		list = append(list, m.Name+"@"+m.Version)
	}
	return list
}

// TestCatalogChangesUnderConnections: a version takes the place of another, and models
// go. What a name means is what is served when a message comes; what a binary frame's
// index means is what the connection's hello said.
func TestCatalogChangesUnderConnections(t *testing.T) {
	second := edition{&modeltest.Oracle{Features: 3, Classes: 10}, "second", "1", nil}
	r := start(t, setup{more: []model.Model{second}})
	catalog := r.service.Catalog
	first, other := catalog.Now().Deployments[0], catalog.Now().Deployments[1]
	old := r.connect("/ws/predict", protocol.Subprotocol)
	if got := models(t, old.receive()); !slices.Equal(got, []string{"oracle@1", "second@1"}) {
		t.Fatalf("hello tells of %q", got)
	}
	plain := r.connect("/ws/predict") // is told nothing, and knows the order all the same
	by := func(p *peer, index uint32, want string, some ...*serving.Deployment) {
		t.Helper()
		if got := p.answeredBy(r, index, some...); got != want {
			t.Errorf("index %d is answered by %s; want %s", index, got, want)
		}
	}
	by(old, 0, "oracle@1", first, other)
	by(plain, 1, "second@1", first, other)
	old.ask(r.fill(`{"features":«7»,"request_id":"early"}`), r.prediction(`"early"`, 7))
	r.post("/v1/predict", r.fill(`{"features":«7»,"request_id":"early"}`), 200, r.prediction(`"early"`, 7))

	newer := r.serve(edition{&modeltest.Oracle{Features: 3, Classes: 10}, "oracle", "2", nil})
	by(old, 0, "oracle@1", first, other, newer)
	by(old, 2, "unknown_model", first, other, newer)
	old.ask(r.fill(`{"features":«7»,"model":"oracle@2"}`), `{…"model":"oracle","version":"2"}`)
	old.ask(r.fill(`{"features":«7»,"model":"oracle"}`), `{…"model":"oracle","version":"1"}`)

	catalog.Remove(first)
	late := r.connect("/ws/predict", protocol.Subprotocol)
	if got := models(t, late.receive()); !slices.Equal(got, []string{"second@1", "oracle@2"}) {
		t.Errorf("hello tells of %q", got)
	}
	if _, body := r.get("/api/models"); !slices.Equal(models(t, body), []string{"second@1", "oracle@2"}) {
		t.Errorf("/api/models tells %s", body)
	}
	for _, p := range []*peer{old, plain} {
		by(p, 0, "oracle@2", other, newer)
		by(p, 1, "second@1", other, newer)
	}
	by(late, 0, "second@1", other, newer)
	by(late, 1, "oracle@2", other, newer)
	for asked, want := range map[string]string{`"oracle"`: "oracle@2", `"oracle@2"`: "oracle@2", `null`: "second@1", `"second"`: "second@1"} {
		name, version := want[:len(want)-2], want[len(want)-1:]
		message, reply := r.fill(`{"features":«7»,"model":`+asked+`}`), `{…"model":"`+name+`","version":"`+version+`"}`
		old.ask(message, reply)
		r.post("/v1/predict", message, 200, reply)
	}
	r.gone(old, "oracle@1")
	old.ask(`{"type":"feedback","request_id":"early","label":"7"}`, `{"type":"feedback_ok","request_id":"early","correct":true}`)
	r.post("/v1/feedback", `{"request_id":"early","label":"8"}`, 200, `{"type":"feedback_ok","request_id":"early","correct":false}`)
	if s := first.Series.Snapshot(); s.Labelled != 2 || s.Correct != 1 {
		t.Errorf("of the version that went %d rows are labelled and %d correct; want 2 and 1", s.Labelled, s.Correct)
	}

	catalog.Remove(other)
	r.gone(old, "second")
	by(old, 1, "unknown_model", newer)
	by(old, 0, "oracle@2", newer)
	by(late, 0, "unknown_model", newer)
	by(late, 1, "oracle@2", newer)

	catalog.Remove(newer)
	r.gone(old, "oracle")
	by(old, 0, "unknown_model", newer)
	old.ask(r.fill(`{"features":«7»}`), typedError("null", "unknown_model"))
	old.ask(`{"type":"hello"}`, `{"type":"hello",…"models":[],…}`)
	empty := r.connect("/ws/predict")
	by(empty, 0, "unknown_model", newer)
}

// TestIndicesOfAnotherForm: a version with other columns is not asked by an index that
// a client got before it came.
func TestIndicesOfAnotherForm(t *testing.T) {
	r := start(t, setup{})
	p := r.connect("/ws/predict", protocol.Subprotocol)
	p.receive()
	first := r.service.Catalog.Now().Deployments[0]
	columns := []model.Column{{Name: "a", Kind: model.Number}, {Name: "b", Kind: model.Number}, {Name: "c", Kind: model.Number}}
	newer := r.serve(edition{&modeltest.Oracle{Features: 3, Classes: 10}, "oracle", "2", columns})
	r.service.Catalog.Remove(first)
	if got := p.answeredBy(r, 0, newer); got != "unknown_model" {
		t.Errorf("index 0 is answered by %s; want unknown_model until the next hello", got)
	}
	p.ask(`{"type":"hello"}`, `{"type":"hello",…}`)
	if got := p.answeredBy(r, 0, newer); got != "oracle@2" {
		t.Errorf("after hello index 0 is answered by %s; want oracle@2", got)
	}
}

// gone asks for a name that is not served, in both ways.
func (r *rig) gone(p *peer, name string) {
	r.t.Helper()
	message := r.fill(`{"features":«7»,"request_id":1,"model":"` + name + `"}`)
	p.ask(message, typedError("1", "unknown_model"))
	r.post("/v1/predict", message, http.StatusNotFound, typedError("1", "unknown_model"))
}

// TestHelloAgain: who asks for hello once more counts the models of the answer from
// then on.
func TestHelloAgain(t *testing.T) {
	second := edition{&modeltest.Oracle{Features: 3, Classes: 10}, "second", "1", nil}
	r := start(t, setup{more: []model.Model{second}})
	first, other := r.service.Catalog.Now().Deployments[0], r.service.Catalog.Now().Deployments[1]
	p := r.connect("/ws/predict", protocol.Subprotocol)
	p.receive()
	newer := r.serve(edition{&modeltest.Oracle{Features: 3, Classes: 10}, "oracle", "2", nil})
	r.service.Catalog.Remove(first)
	p.send(`{"type":"hello"}`)
	told := models(t, p.receive())
	if !slices.Equal(told, []string{"second@1", "oracle@2"}) {
		t.Fatalf("hello tells of %q", told)
	}
	for i, want := range told {
		if got := p.answeredBy(r, uint32(i), other, newer); got != want {
			t.Errorf("index %d is answered by %s; hello said %s", i, got, want)
		}
	}
}

// TestColumnsChangeUnderConnections: rows are read as the version has them that
// answers, however the one before it had them.
func TestColumnsChangeUnderConnections(t *testing.T) {
	r := start(t, setup{})
	p := r.connect("/ws/predict")
	both := func(features, want string, status int) {
		t.Helper()
		message := `{"model":"sizes","request_id":1,"features":` + features + `}`
		p.ask(message, want)
		r.post("/v1/predict", message, status, want)
	}
	predicts := func(class int, version string) string {
		return fmt.Sprintf(`{"type":"prediction","request_id":1,"prediction":"%d",…"version":"%s"}`, class, version)
	}
	refused := func(says string) string {
		return `{"type":"error","request_id":1,"code":"bad_features","message":"…` + says + `…","retryable":false…}`
	}
	var before *serving.Deployment
	replace := func(version string, columns ...model.Column) {
		t.Helper()
		now := r.serve(edition{&modeltest.Oracle{Features: 1, Classes: 3}, "sizes", version, columns})
		if before != nil {
			r.service.Catalog.Remove(before)
		}
		before = now
	}
	sizes := func(names ...string) model.Column {
		return model.Column{Name: "size", Kind: model.Category, Categories: names, Unknown: model.Refuse}
	}
	replace("1")
	both(`[2]`, predicts(2, "1"), 200)
	both(`{"size":2}`, refused("have no names"), 400)
	replace("2", model.Column{Name: "length", Kind: model.Number})
	both(`{"length":2}`, predicts(2, "2"), 200)
	both(`{"size":2}`, refused(`which is no column`), 400)
	replace("3", sizes("small", "medium", "large"))
	both(`{"size":"large"}`, predicts(2, "3"), 200)
	both(`["small"]`, predicts(0, "3"), 200)
	both(`[2]`, refused("is a number"), 400)
	both(`{"length":2}`, refused("which is no column"), 400)
	replace("4", sizes("large", "small"))
	both(`{"size":"large"}`, predicts(0, "4"), 200)
	both(`{"size":"medium"}`, refused(`is …medium`), 400)
	replace("5")
	both(`[1]`, predicts(1, "5"), 200)
	both(`["large"]`, refused("string"), 400)
}

// TestStormWhileVersionsChange: clients of all kinds ask for a name while version after
// version takes it over. Each request is answered, by the version of then or a later
// one, and none is refused: there is always one.
func TestStormWhileVersionsChange(t *testing.T) {
	const versions = 20
	r := start(t, setup{})
	var asked sync.WaitGroup
	var over atomic.Bool
	now := r.serve(edition{&modeltest.Oracle{Features: 3, Classes: 10}, "model", "1", nil})
	var answers atomic.Int64
	later := func(ask func() string) {
		asked.Go(func() {
			for last := 1; ; answers.Add(1) {
				enough := over.Load()
				reply := ask()
				got := decode[struct{ Type, Version, Prediction string }](t, reply)
				version, _ := strconv.Atoi(got.Version)
				if got.Type != "prediction" || got.Prediction != "7" || version < last {
					t.Errorf("%s; want a prediction of 7 by version %d or later", reply, last)
					return
				}
				if last = version; enough {
					if last != versions {
						t.Errorf("the last answer is of version %d; want %d", last, versions)
					}
					return
				}
			}
		})
	}
	message := r.fill(`{"model":"model","features":«7»}`)
	for range 2 {
		p := r.connect("/ws/predict")
		later(func() string { p.send(message); return p.receive() })
		later(func() string { return r.posted("/v1/predict", message) })
		q := r.connect("/ws/predict")
		asked.Go(func() {
			for !over.Load() {
				reply := q.askBinary(r.binaryRequest(0, 7, 0, 1, 7))
				if reply[0] != protocol.BinaryPrediction || binary.LittleEndian.Uint64(reply[8:]) != 7 {
					t.Errorf("%q; want a prediction", reply)
					return
				}
				answers.Add(1)
			}
		})
	}
	for version := 2; version <= versions; version++ {
		for seen := answers.Load(); answers.Load() < seen+10 && !t.Failed(); {
			r.get("/api/models")
		}
		next := r.serve(edition{&modeltest.Oracle{Features: 3, Classes: 10}, "model", strconv.Itoa(version), nil})
		if !r.service.Catalog.Remove(now) {
			t.Errorf("%s was not there", now.Key)
		}
		now = next
	}
	over.Store(true)
	asked.Wait()
	if got := r.service.Catalog.Now(); len(got.Deployments) != 2 || got.Find([]byte("model")) != now {
		t.Errorf("served are %d models; want the oracle and the last version", len(got.Deployments))
	}
}

// posted is what a body is answered with.
func (r *rig) posted(path, body string) string {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://localhost"+path, strings.NewReader(body))
	r.must(err)
	response, err := r.http.Do(request)
	r.must(err)
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	r.must(err)
	return string(answer)
}
