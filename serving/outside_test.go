package serving_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"testing"
	"testing/fstest"

	"penstock/inference"
	"penstock/model"
	"penstock/outputs"
	"penstock/protocol"
	"penstock/quality"
	"penstock/serving"
	"penstock/weights"
)

// What this house does not have is added here from outside: an engine, a kind of
// output and a front. No room knows any of them.

// steps is an engine: a file of ascending bounds, of which a row passes some. The
// score of a grade is 1 where the row reached it.
type steps struct {
	spec   model.Spec
	bounds []float32
}

func (s *steps) Spec() model.Spec                      { return s.spec }
func (s *steps) NewSession(int) (model.Session, error) { return s, nil }
func (s *steps) Pinned() bool                          { return false }
func (s *steps) Close() error                          { return nil }

func (s *steps) Predict(scores, features []float32, rows int) error {
	width := s.spec.Width()
	for row := range rows {
		for i := range width {
			scores[row*width+i] = 0
			if i == 0 || features[row] >= s.bounds[i-1] {
				scores[row*width+i] = 1
			}
		}
	}
	return nil
}

func stepsEngine() weights.Engine {
	return weights.Engine{
		Name:   "steps",
		Claims: weights.Claims{Extensions: []string{".steps"}},
		Read: func(entry *weights.Object, _ weights.About) weights.Entry {
			return weights.Entry{Files: []string{entry.File("file")}}
		},
		Build: func(about weights.About, _ any, files *weights.Files, _ weights.Place) (weights.Built, error) {
			data, err := files.Read("bounds.steps")
			if err != nil {
				return weights.Built{}, err
			}
			s := &steps{spec: about.Spec}
			s.spec.Engine = "steps"
			for ; len(data) >= 4; data = data[4:] {
				s.bounds = append(s.bounds, math.Float32frombits(binary.LittleEndian.Uint32(data)))
			}
			if want := about.Spec.Width() - 1; len(s.bounds) != want {
				return weights.Built{}, weights.Wrong("", "bounds", "are %d; expected %d", len(s.bounds), want)
			}
			return weights.Built{Model: s}, nil
		},
	}
}

// grade is a kind of output: one of several grades in order. The answer is how many
// were reached; a label is a grade's name, and how far off an answer is counts.
func grade() outputs.Kind {
	return outputs.Kind{
		Name: "grade", Task: "grading", View: "grade",
		Check: func(o model.Output) error {
			if len(o.Classes) != o.Width {
				return fmt.Errorf("has %d names for %d grades", len(o.Classes), o.Width)
			}
			return nil
		},
		Decide: func(o model.Output) outputs.Decider {
			return func(rows int, scores []float32, stride int, into *outputs.Decided) {
				into.Confidences = into.Confidences[:0]
				for row := range rows {
					reached := -1
					for _, s := range scores[row*stride:][:o.Width] {
						if s > 0.5 {
							reached++
						}
					}
					into.Values[row] = float32(reached)
				}
			}
		},
		Judge:  func(o model.Output) quality.Judge { return &gradeJudge{names: o.Classes} },
		Format: func(o model.Output) protocol.Format { return gradeFormat(o.Classes) },
	}
}

// gradeJudge counts how far off answers are, and how often not at all.
type gradeJudge struct {
	names []string
	exact uint64
}

func (j *gradeJudge) Measure() quality.Measure { return quality.Distance }
func (j *gradeJudge) Width() int               { return 1 }
func (j *gradeJudge) LabelWidth() int          { return 1 }

func (j *gradeJudge) Read(dst []float64, row int, l quality.Label) ([]float64, error) {
	for i, name := range j.names {
		if l.IsText && l.Text == name {
			return append(dst, float64(i)), nil
		}
	}
	return dst, &quality.BadLabelError{Row: row, Got: strconv.Quote(l.Text), Expected: fmt.Sprintf("one of %q", j.names)}
}

func (j *gradeJudge) ReadBinary(dst []float64, _ int, values []float32) ([]float64, error) {
	return append(dst, float64(values[0])), nil
}

func (j *gradeJudge) Judge(values, _ []float32, truth []float64) quality.Verdict {
	off := math.Abs(float64(values[0]) - truth[0])
	if off == 0 {
		j.exact++
	}
	return quality.Verdict{Correct: off == 0, Distance: off, Squared: off * off}
}

func (j *gradeJudge) Describe(*quality.Snapshot) {}

// gradeFormat writes a grade's name.
type gradeFormat []string

func (f gradeFormat) ValueWidth() int { return 1 }

func (f gradeFormat) AppendPrediction(dst []byte, values, _, _ []float32) []byte {
	return strconv.AppendQuote(dst, f[int(values[0])])
}

func (f gradeFormat) AppendConfidence(dst []byte, _, _, _ []float32) []byte {
	return append(dst, "null"...)
}

func (f gradeFormat) AppendTop(dst []byte, _ []float32, _ int, _ *[]uint64) ([]byte, bool) {
	return dst, false
}

func (f gradeFormat) Longest() (prediction, confidence int) { return 64, 4 }
func (f gradeFormat) LongestTop(int) int                    { return 0 }

func (f gradeFormat) Pair(values, _, _ []float32) (value, confidence float32) {
	return values[0], float32(math.NaN())
}

// letters is a front: letters come in, and each is answered by one.
type letters struct {
	line   *serving.Line
	format *protocol.ReplyFormat
	box    chan string
}

func (f *letters) Answer(c *serving.Call) bool {
	if c.Result.Outcome != inference.Predicted {
		f.box <- "sorry"
		return true
	}
	f.box <- string(protocol.AppendPrediction(nil, f.format, &protocol.Prediction{
		ID: c.ID, Rows: c.Rows, First: c.Decided()[0], Scores: c.Result.Scores,
	}))
	return true
}

func (f *letters) Flush()                  {}
func (f *letters) Lose(*serving.Call, any) { f.box <- "lost" }
func (f *letters) post(d *serving.Deployment, id string, x float32) error {
	return f.line.Submit(&serving.Call{
		Request: inference.Request{Features: []float32{x}, Rows: 1}, Deployment: d, ID: []byte(id),
	})
}

// TestFromOutside: a bundle of the engine with an output of the kind is loaded,
// proven on its golden rows, asked through the front, answered, labelled and judged.
func TestFromOutside(t *testing.T) {
	var bounds []byte
	for _, b := range []float32{10, 20} {
		bounds = binary.LittleEndian.AppendUint32(bounds, math.Float32bits(b))
	}
	engines, err := weights.NewEngines(stepsEngine())
	must(t, err)
	bundle, err := weights.OpenFS(fstest.MapFS{
		"manifest.json": {Data: []byte(`{"name":"eggs","version":"1","features":1,"golden":"golden.json",
			"outputs":[{"name":"size","kind":"grade","width":3,"classes":["small","medium","large"]}],
			"engines":{"steps":{"file":"bounds.steps"}}}`)},
		"bounds.steps": {Data: bounds},
		"golden.json":  {Data: []byte(`{"features":[[5],[10],[25]],"scores":[[1,0,0],[1,1,0],[1,1,1]]}`)},
	}, "eggs", engines)
	must(t, err)
	loaded, err := bundle.Load("")
	must(t, err)
	if loaded.GoldenRows != 3 {
		t.Errorf("%d golden rows; want 3", loaded.GoldenRows)
	}

	s := newService(t, append(outputs.Standard(), grade()))
	d := s.add(t, loaded)
	if d.Task() != "grading" {
		t.Errorf("task %q; want the kind's", d.Task())
	}
	f := &letters{box: make(chan string, 8)}
	f.format = protocol.NewReplyFormat("eggs", "1", []protocol.NamedFormat{{Name: "size", Width: 3, Format: d.First().Format}})
	f.line = s.Open(&serving.Caller{User: "farmer", Scope: s.Quality.Scope("farmer", "")}, f)
	for id, x := range map[string]float32{"1": 3, "2": 12, "3": 99} {
		must(t, f.post(d, id, x))
		want := map[string]string{"1": "small", "2": "medium", "3": "large"}[id]
		reply := `{"type":"prediction","request_id":` + id + `,"prediction":"` + want + `","confidence":null,"model":"eggs","version":"1"}`
		if got := <-f.box; got != reply {
			t.Errorf("answer %s; want %s", got, reply)
		}
	}
	_, err = f.line.Label([]byte("2"), []quality.Label{{Text: "huge", IsText: true}})
	if bad, ok := errors.AsType[*quality.BadLabelError](err); !ok || bad.Got != `"huge"` {
		t.Errorf("error %v; want one that refuses the label huge", err)
	}
	for id, truth := range map[string]string{"1": "small", "2": "large", "3": "small"} {
		_, err := f.line.Label([]byte(id), []quality.Label{{Text: truth, IsText: true}})
		must(t, err)
	}
	counts := s.Quality.Counts(nil)[0]
	if counts.Labelled != 3 || counts.AbsoluteError != 3 {
		t.Errorf("%+v; want 3 labelled rows that are 3 grades off together", counts)
	}
	must(t, d.Pool.Drain(t.Context())) // an answer is counted after it was given
	f.line.Close()
	if got := s.Ledger.Traffic(); got.Predicted != 3 {
		t.Errorf("ledger %+v; want 3 predictions", got)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// service is a Service whose pools run until the test ends.
type service struct{ *serving.Service }

func newService(t *testing.T, kinds outputs.Table) *service {
	t.Helper()
	store, err := quality.New(quality.Options{})
	must(t, err)
	catalog, err := serving.NewCatalog(serving.CatalogOptions{Kinds: kinds, Quality: store})
	must(t, err)
	ledger, err := serving.NewLedger(nil)
	must(t, err)
	return &service{&serving.Service{Catalog: catalog, Quality: store, Ledger: ledger}}
}

func (s *service) add(t *testing.T, m model.Model) *serving.Deployment {
	t.Helper()
	d, err := s.Catalog.Add(serving.Candidate{Model: m})
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = d.Pool.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
		must(t, m.Close())
	})
	return d
}
