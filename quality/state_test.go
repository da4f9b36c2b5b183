package quality_test

import (
	"bytes"
	stdcmp "cmp"
	"errors"
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
		if i == 0 && !errors.Is(err, quality.ErrDuplicateFeedback) {
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

// Rows that were kept of another model by the same name and version mean nothing to
// this one: nothing of them is counted, and the process starts.
func TestRowsOfOtherClassesAreNotReplayed(t *testing.T) {
	before := newStoreWith(t, quality.Options{Record: true}, digits)
	before.Remember(quality.Prediction{ID: []byte("1"), Values: []float32{1}, Confidences: []float32{1}})
	if _, err := before.LabelIndices(quality.Scope{}, []byte("1"), []float32{9}, nil); err != nil {
		t.Fatal(err)
	}
	var batch quality.Batch
	before.Take(&batch)
	for name, classes := range map[string][]string{"fewer": {"0", "1"}, "others": strings.Split("abcdefghij", "")} {
		after := newStore(t, served{Name: digits.Name, Version: digits.Version, Classes: classes})
		after.Replay(&batch)
		if labelled := after.series[0].Snapshot().Labelled; labelled != 0 {
			t.Errorf("%s classes: %d rows count; want none", name, labelled)
		}
	}
}

// A column may be named of a model whose answers take no labels: its requests are kept
// as they are without one.
func TestAnswersWithoutLabelsAndASlice(t *testing.T) {
	embeddings := served{Name: "embed", Version: "1", judge: quality.NewNoJudge}
	o := quality.Options{Key: [16]byte{1}, Slices: map[string]quality.Slice{"embed": {Names: []string{"a", "b"}}}}
	before := newStoreWith(t, o, embeddings)
	before.Remember(quality.Prediction{ID: []byte("1"), Rows: 3, Features: []float32{0, 1, 2}, Columns: 1})
	before.Remember(quality.Prediction{ID: []byte("2"), Rows: 1, Features: []float32{0}, Columns: 1})
	var kept bytes.Buffer
	if err := before.TakeState(new(quality.Batch)).Write(&kept); err != nil {
		t.Fatal(err)
	}
	after := newStoreWith(t, o, embeddings)
	if err := after.Load(&kept, func(string, []string, int) quality.Judge { return nil }); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"1", "2"} {
		if !after.Remembers(quality.Scope{}, []byte(id)) {
			t.Errorf("request %s is not remembered after a restart", id)
		}
	}
}

// What another version of the program learned is learned again; all else is kept.
func TestWhatCannotBeReadIsLearnedAgain(t *testing.T) {
	l := newLife(t, 5)
	for range 300 {
		l.predict()
		l.label()
	}
	state := l.TakeState(new(quality.Batch))
	for i := range state.Series {
		for _, learned := range [][]byte{state.Series[i].Fitter, state.Series[i].Window} {
			if len(learned) > 0 {
				learned[0] = 99
			}
		}
	}
	var kept bytes.Buffer
	if err := state.Write(&kept); err != nil {
		t.Fatal(err)
	}
	l.state, l.after = kept.Bytes(), nil
	again := l.again(t)
	if got, want := again.series[0].Snapshot().Labelled, l.series[0].Snapshot().Labelled; got != want || got == 0 {
		t.Errorf("%d labelled rows; expected %d", got, want)
	}
	if rows := again.series[0].Sets().Rows; rows != 0 {
		t.Errorf("sets have learned from %d rows; expected none", rows)
	}
	var batch quality.Batch
	again.Take(&batch)
	if len(batch.Events) == 0 || !strings.Contains(batch.Events[0].Text, "start without it") {
		t.Errorf("events %+v; expected some that say so", batch.Events)
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

// Outcomes that nobody takes take so much memory and no more, however many numbers a
// row has.
func TestOutcomesThatNobodyTakes(t *testing.T) {
	const width, rows = 1 << 18, 64
	wide := served{Name: "wide", Version: "1", judge: func() quality.Judge { return quality.NewValuesJudge(width) }}
	s := newStoreWith(t, quality.Options{Record: true, Remember: width}, wide)
	values := make([]float32, width)
	for i := range 2 * rows {
		id := []byte(strconv.Itoa(i))
		s.Store.Remember(quality.Prediction{Series: s.series[0], ID: id, Rows: 1, Values: values})
		if _, err := s.LabelIndices(quality.Scope{}, id, values, nil); err != nil {
			t.Fatal(err)
		}
	}
	var batch quality.Batch
	s.Take(&batch)
	kept := 0
	for i := range batch.Outcomes {
		kept += batch.Outcomes[i].Len()
	}
	if kept == 0 || kept*width*12 > 256<<20 || kept+int(batch.Dropped) != 2*rows {
		t.Errorf("%d rows of %d numbers wait and %d are dropped; expected 256 MiB at most, and %d in all", kept, width, batch.Dropped, 2*rows)
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

// What was brought in from elsewhere is in the history alone: it is older than what was
// learned, and its classes may be others.
func TestReplayOfWhatIsFromElsewhere(t *testing.T) {
	l := newLife(t, 1)
	for range 50 {
		l.predict()
	}
	l.checkpoint(t)
	before := knows(l.again(t))
	old := time.Now().Add(-time.Hour).UnixNano()
	of := func(classes []string, at int64, value float32) quality.Batch {
		return quality.Batch{
			Outcomes: []quality.Outcomes{{
				Model: "digits", Version: "1", Kind: quality.ClassKind, Classes: classes, Width: 1, LabelWidth: 1,
				Predicted: []int64{at}, Labelled: []int64{at}, Scopes: []quality.Scope{{}}, IDs: []string{"1"}, Rows: []uint32{0},
				Callers: []string{"a"}, Names: []string{"a"}, Values: []float32{value}, Truths: []float64{float64(value)}, Verdicts: []quality.Verdict{{Correct: true}},
			}},
			Activity: []quality.Activity{{Model: "digits", Version: "1", Minute: at / int64(time.Minute), Predicted: 1}},
		}
	}
	for name, batch := range map[string]quality.Batch{
		"older": of(digits.Classes, old, 3), "of other classes": of(append([]string{"none"}, digits.Classes...), old, 10),
	} {
		l.after = []quality.Batch{batch}
		if diff := cmp.Diff(before, knows(l.again(t)), cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("outcomes that are %s: %s", name, diff)
		}
	}
	l.after = []quality.Batch{{Outcomes: of(digits.Classes, time.Now().UnixNano(), 3).Outcomes}}
	if diff := cmp.Diff(before, knows(l.again(t)), cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("outcomes that nobody here has asked for: %s", diff)
	}
	newer := of(append([]string{"none"}, digits.Classes...), time.Now().UnixNano(), 10)
	newer.Activity = nil
	l.after = []quality.Batch{newer}
	if diff := cmp.Diff(before, knows(l.again(t)), cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("outcomes of other classes that are newer: %s", diff)
	}
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
