package quality_test

import (
	"bytes"
	stdcmp "cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"penstock/quality"
)

var (
	topics15 = served{Name: "topics", Version: "2", Classes: strings.Split("abcdefghijklmno", "")}
	lasting  = []served{digits, topics15, prices, {Name: "tags", Version: "1", judge: func() quality.Judge {
		return quality.NewLabelsJudge([]string{"x", "y", "z"})
	}}}
)

// life is a store that is used, and all that somebody kept of it.
type life struct {
	*testStore
	random *rand.Rand
	next   int
	open   []asked // that have no label yet
	state  []byte
	after  []quality.Batch // taken since the state
}

type asked struct {
	scope quality.Scope
	id    []byte
	one   int
	rows  int
}

func newLife(t interface{ Fatal(...any) }, seed uint64) *life {
	s, err := open(quality.Options{Record: true, Remember: 500, Key: [16]byte{1}}, lasting...)
	if err != nil {
		t.Fatal(err)
	}
	return &life{testStore: s, random: rand.New(rand.NewPCG(seed, 1))}
}

func (l *life) predict() {
	one := l.random.IntN(len(lasting))
	rows := 1 + l.random.IntN(3)
	series := l.series[one]
	user := strconv.Itoa(l.random.IntN(3))
	l.next++
	a := asked{scope: l.Scope(user, "s"), id: []byte(strconv.Itoa(l.next)), one: one, rows: rows}
	p := quality.Prediction{Series: series, Scope: a.scope, Caller: user, Name: "of " + user, ID: a.id, Rows: rows}
	for range rows * series.Width() {
		p.Values = append(p.Values, float32(l.random.IntN(2)))
	}
	if classes := len(lasting[one].Classes); classes > 0 {
		p.Stride = classes
		for range rows {
			p.Confidences = append(p.Confidences, 0.5+l.random.Float32()/2)
			for range classes {
				p.Scores = append(p.Scores, l.random.Float32()/float32(classes))
			}
		}
	}
	l.Store.Remember(p)
	l.open = append(l.open, a)
}

func (l *life) label() {
	if len(l.open) == 0 {
		return
	}
	i := l.random.IntN(len(l.open))
	a := l.open[i]
	l.open[i] = l.open[len(l.open)-1]
	l.open = l.open[:len(l.open)-1]
	truths := make([]float32, a.rows*l.series[a.one].LabelWidth())
	for j := range truths {
		truths[j] = float32(l.random.IntN(2))
	}
	_, _ = l.LabelIndices(a.scope, a.id, truths, nil) // those that are forgotten are unknown
}

func (l *life) take() {
	var batch quality.Batch
	l.Take(&batch)
	l.after = append(l.after, batch)
}

func (l *life) checkpoint(t interface{ Fatal(...any) }) {
	var batch quality.Batch
	state := l.TakeState(&batch)
	var b bytes.Buffer
	if err := state.Write(&b); err != nil {
		t.Fatal(err)
	}
	l.state, l.after = b.Bytes(), nil
}

// again is the store of another process that reads what was kept.
func (l *life) again(t interface{ Fatal(...any) }) *testStore {
	s, err := open(quality.Options{Record: true, Remember: 500, Key: [16]byte{1}}, lasting...)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Load(bytes.NewReader(l.state), func(string, []string, int) quality.Judge { return nil }); err != nil {
		t.Fatal(err)
	}
	for i := range l.after {
		s.Replay(&l.after[i])
	}
	return s
}

// knows is all that can be asked of a store, but for what hangs on the time of the
// question.
func knows(s *testStore) (all []any) {
	for _, one := range s.series {
		snapshot := one.Snapshot()
		ranges := one.Ranges()
		for _, r := range []*quality.Counts{&ranges.Last5m, &ranges.Last1h} {
			r.Predicted, r.Forgotten = 0, 0 // after a state they are kept by the minute
		}
		all = append(all, snapshot, ranges, one.Drift(), one.Confidences(), one.Sets())
		for _, alpha := range []float64{0.01, 0.1, 0.15, 0.5} {
			threshold, _ := one.Threshold(alpha)
			all = append(all, threshold)
		}
	}
	return all
}

// A process that is killed and started again knows what it had kept: a state, and the
// batches that came after it. No label counts twice or is lost, whenever the state
// was taken.
func TestARestartForgetsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLife(t, rapid.Uint64().Draw(t, "seed"))
		l.checkpoint(t)
		for range rapid.IntRange(0, 30).Draw(t, "steps") {
			switch rapid.IntRange(0, 5).Draw(t, "step") {
			case 0:
				l.checkpoint(t)
			case 1:
				l.take()
			default:
				for range 100 {
					l.predict()
				}
				for range 90 {
					l.label()
				}
			}
		}
		// What came since the last batch is lost; here nothing.
		l.take()
		again := l.again(t)
		if diff := cmp.Diff(knows(l.testStore), knows(again), cmpopts.EquateNaNs(), cmpopts.EquateApprox(1e-12, 1e-12)); diff != "" {
			t.Fatalf("after a restart: %s", diff)
		}
	})
}

// A label finds its prediction in the next process, and counts once.
func TestALabelAfterARestart(t *testing.T) {
	l := newLife(t, 7)
	for range 100 {
		l.predict()
	}
	for range 50 {
		l.label()
	}
	l.checkpoint(t)
	labelled := l.open[0]
	truth := make([]float32, labelled.rows*l.series[labelled.one].LabelWidth())
	if _, err := l.LabelIndices(labelled.scope, labelled.id, truth, nil); err != nil {
		t.Fatal(err)
	}
	l.take()

	again := l.again(t)
	for i, a := range l.open {
		truth := make([]float32, a.rows*l.series[a.one].LabelWidth())
		_, err := again.LabelIndices(a.scope, a.id, truth, nil)
		if i == 0 && err != quality.ErrDuplicateFeedback {
			t.Errorf("the label that came before the restart, again: %v; want it refused as a duplicate", err)
		}
		if i > 0 && err != nil {
			t.Errorf("a label after the restart: %v", err)
		}
	}
}

// Predictions of a version that is not served any more get their labels.
func TestALabelForAVersionThatIsGone(t *testing.T) {
	l := newLife(t, 1)
	id := []byte("1")
	l.Store.Remember(quality.Prediction{Series: l.series[0], Caller: "a", ID: id, Rows: 1, Values: []float32{3}, Confidences: []float32{0.5}})
	l.checkpoint(t)
	s, err := open(quality.Options{Record: true, Key: [16]byte{1}}, served{Name: "digits", Version: "2", Classes: digits.Classes})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Load(bytes.NewReader(l.state), func(kind string, classes []string, _ int) quality.Judge {
		if kind != quality.ClassKind {
			return nil
		}
		return quality.NewClassJudge(classes)
	}); err != nil {
		t.Fatal(err)
	}
	got, err := s.LabelIndices(quality.Scope{}, id, []float32{3}, nil)
	if err != nil || got.Series.Version() != "1" || !got.Correct[0] {
		t.Fatalf("%+v, %v", got, err)
	}
	var batch quality.Batch
	s.Take(&batch)
	if len(batch.Outcomes) != 1 || batch.Outcomes[0].Version != "1" {
		t.Errorf("kept %+v; want one outcome of version 1", batch.Outcomes)
	}
}

// What is read from a disk is not trusted.
func FuzzLoad(f *testing.F) {
	l := newLife(f, 3)
	for range 20 {
		l.predict()
	}
	l.checkpoint(f)
	f.Add(l.state)
	f.Add(l.state[:len(l.state)/2])
	f.Fuzz(func(t *testing.T, kept []byte) {
		s, err := open(quality.Options{Remember: 100, Key: [16]byte{1}}, lasting...)
		if err != nil {
			t.Fatal(err)
		}
		_ = s.Load(bytes.NewReader(kept), func(string, []string, int) quality.Judge { return nil })
		s.Snapshot()
		for i := range 3 {
			_, _ = s.LabelIndices(s.Scope(strconv.Itoa(i), "s"), []byte("1"), []float32{1}, nil)
		}
	})
}

// Of the outcomes every column is there, in the order of the labels.
func TestTheColumnsOfOutcomes(t *testing.T) {
	s := newStoreWith(t, quality.Options{Record: true}, digits, prices)
	before := time.Now()
	scores := []float32{0.5, 0.25, 0.25, 0, 0, 0, 0, 0, 0, 0, 0.125, 0.75, 0.125, 0, 0, 0, 0, 0, 0, 0}
	s.Store.Remember(quality.Prediction{
		Series: s.series[0], Scope: s.Scope("ann", "1"), Caller: "ann", Name: "ann's", ID: []byte(`"a"`), Rows: 2,
		Values: []float32{0, 1}, Confidences: []float32{0.5, 0.75}, Shown: []float32{0.625, 0.8125}, Scores: scores, Stride: 10,
	})
	if _, err := s.LabelIndices(s.Scope("ann", "1"), []byte(`"a"`), []float32{1, 1}, nil); err != nil {
		t.Fatal(err)
	}
	var batch quality.Batch
	s.Take(&batch)
	if len(batch.Outcomes) != 1 {
		t.Fatalf("%d series have outcomes; want 1", len(batch.Outcomes))
	}
	got := batch.Outcomes[0]
	want := quality.Outcomes{
		Model: "digits", Version: "1", Kind: "class", Classes: digits.Classes, Width: 1, LabelWidth: 1,
		Predicted: got.Predicted, Labelled: got.Labelled, Scopes: got.Scopes,
		IDs: []string{`"a"`, `"a"`}, Rows: []uint32{0, 1}, Callers: []string{"ann", "ann"}, Names: []string{"ann's", "ann's"},
		Values: []float32{0, 1}, Confidences: []float32{0.5, 0.75}, Truths: []float64{1, 1},
		Verdicts: []quality.Verdict{{}, {Correct: true}}, Shown: []float32{0.625, 0.8125},
		Probability: []float32{0.25, 0.75}, Squares: []float32{0.375, 0.59375},
		SetSize: []uint16{0, 0}, Covered: []bool{false, false},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreTypes(quality.Scope{}, []quality.Scope{})); diff != "" {
		t.Error(diff)
	}
	if got.Predicted[0] < before.Add(-time.Minute).UnixNano() || got.Labelled[1] < got.Predicted[1] {
		t.Errorf("predicted at %v, labelled at %v", got.Predicted, got.Labelled)
	}
	if a := batch.Activity; len(a) != 1 || a[0].Predicted != 2 || a[0].Sure != 2 || a[0].Confidence != 1.4375 {
		t.Errorf("activity %+v", a)
	}
	s.Take(&batch)
	if len(batch.Outcomes)+len(batch.Activity) > 0 {
		t.Errorf("taken again: %+v", batch)
	}
}

// Of models of many classes the eight likeliest are kept, and the rest as one.
func TestProbabilitiesOfManyClasses(t *testing.T) {
	const classes = 100
	names := make([]string, classes)
	for i := range names {
		names[i] = fmt.Sprint(i)
	}
	rapid.Check(t, func(t *rapid.T) {
		s, err := open(quality.Options{Record: true}, served{Name: "many", Version: "1", Classes: names})
		if err != nil {
			t.Fatal(err)
		}
		raw := rapid.SliceOfN(rapid.Float32Range(0.001, 1), classes, classes).Draw(t, "scores")
		var sum float32
		for _, p := range raw {
			sum += p
		}
		best := 0
		for i := range raw {
			raw[i] /= sum
			if raw[i] > raw[best] {
				best = i
			}
		}
		truth := rapid.IntRange(0, classes-1).Draw(t, "truth")
		s.Store.Remember(quality.Prediction{
			Series: s.series[0], ID: []byte("1"), Rows: 1, Values: []float32{float32(best)}, Confidences: raw[best : best+1], Scores: raw, Stride: classes,
		})
		if _, err := s.LabelIndices(quality.Scope{}, []byte("1"), []float32{float32(truth)}, nil); err != nil {
			t.Fatal(err)
		}
		var batch quality.Batch
		s.Take(&batch)
		got := float64(batch.Outcomes[0].Probability[0])
		above := 0
		var rest float64 = 1
		var top []float64
		for i, p := range raw {
			if p > raw[truth] || p == raw[truth] && i < truth {
				above++
			}
			top = append(top, float64(p))
		}
		want := float64(raw[truth])
		if above >= 8 {
			slices.SortFunc(top, func(a, b float64) int { return stdcmp.Compare(b, a) })
			for _, p := range top[:8] {
				rest -= p
			}
			want = rest / (classes - 8)
		}
		if got < want-1e-6 || got > want+1e-6 {
			t.Fatalf("the truth's probability is %v; want %v (%d are likelier)", got, want, above)
		}
	})
}

// What is known of the truth's rank is counted of labels that are read again, where their
// predictions were kept.
func TestRanksAfterARestart(t *testing.T) {
	l := newLife(t, 8)
	for range 100 {
		l.predict()
	}
	l.checkpoint(t)
	for range 80 {
		l.label()
	}
	l.take()
	again := l.again(t)
	for i, one := range l.series {
		before, after := one.TopK(), again.series[i].TopK()
		if diff := cmp.Diff(before, after); diff != "" || lasting[i].Name == "topics" && len(before) != 5 {
			t.Errorf("%s: %v; %s", lasting[i].Name, before, diff)
		}
	}
}
