//go:build unix

package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"penstock/protocol"
)

// kindNames are the bundles of testdata/kinds, in the order in which they are served.
var kindNames = []string{"several", "columns", "embedding", "labels", "sigmoid"}

// kindBundle is one of them, with what numpy and scikit-learn say of it.
type kindBundle struct {
	Features    [][]any
	Labels      []any       // none: no label judges it
	Scores      [][]float64 // of all outputs of a row
	Predictions []any       // none: they are the scores
	Metrics     json.RawMessage

	index  int // in hello
	model  protocol.HelloItem
	spread []float64 // of each score, over the rows
}

func readKind(t *testing.T, name string) *kindBundle {
	t.Helper()
	b := new(kindBundle)
	data, err := os.ReadFile(filepath.Join("testdata/kinds", name, "labelled.json"))
	if err == nil {
		err = json.Unmarshal(data, b)
	}
	if err != nil || len(b.Features) != 60 || len(b.Scores) != 60 {
		t.Fatalf("%s: %d rows, %d scores, %v; want 60 of each", name, len(b.Features), len(b.Scores), err)
	}
	for i := range b.Scores[0] {
		lo, hi := math.Inf(1), math.Inf(-1)
		for _, row := range b.Scores {
			lo, hi = min(lo, row[i]), max(hi, row[i])
		}
		b.spread = append(b.spread, hi-lo)
	}
	return b
}

// kindsServer is the program with all these bundles.
type kindsServer struct {
	*program
	bundles map[string]*kindBundle
}

func serveKinds(t *testing.T, more ...string) *kindsServer {
	t.Helper()
	k := &kindsServer{bundles: make(map[string]*kindBundle)}
	flags := []string{"--window=512", "--max-rows=512"} // no more than several has room for
	for _, name := range kindNames {
		k.bundles[name] = readKind(t, name)
		flags = append(flags, "--model=testdata/kinds/"+name)
	}
	k.program = runBinary(t, append(flags, more...)...)
	var hello protocol.Hello
	answer := mustDial(t, k.address, "/ws/predict").asked(t, websocket.MessageText, []byte(`{"type":"hello"}`))
	if err := json.Unmarshal(answer, &hello); err != nil || len(hello.Models) < len(kindNames) {
		t.Fatalf("hello %s, %v", answer, err)
	}
	for i, name := range kindNames {
		if hello.Models[i].Name != name {
			t.Fatalf("model %d of hello is %q; want %q", i, hello.Models[i].Name, name)
		}
		k.bundles[name].index, k.bundles[name].model = i, hello.Models[i]
	}
	return k
}

// ask is one way of sending a message: what answers it.
type ask func(t *testing.T, message []byte) []byte

// bySocket asks through a WebSocket of its own.
func (k *kindsServer) bySocket(t *testing.T) ask {
	t.Helper()
	s := mustDial(t, k.address, "/ws/predict")
	return func(t *testing.T, message []byte) []byte { return s.asked(t, websocket.MessageText, message) }
}

// byPost asks by HTTP; labels go to the path that is theirs.
func (k *kindsServer) byPost(t *testing.T) ask {
	t.Helper()
	client := &http.Client{Timeout: patience}
	t.Cleanup(client.CloseIdleConnections)
	return func(t *testing.T, message []byte) []byte {
		t.Helper()
		path := "/v1/predict"
		if bytes.Contains(message, []byte(`"feedback"`)) {
			path = "/v1/feedback"
		}
		answer, err := client.Post("http://"+k.address+path, "application/json", bytes.NewReader(message))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = answer.Body.Close() }()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		var reply protocol.Reply
		if json.Unmarshal(body, &reply) == nil && reply.Type == "error" {
			if want := protocol.ParseCode(reply.Code).Status(); answer.StatusCode != want {
				t.Errorf("%s: status %d; want %d", body, answer.StatusCode, want)
			}
		} else if answer.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d; want 200", body, answer.StatusCode)
		}
		return body
	}
}

// rowOf is a row as it is sent: an array, or an object of its columns, from which
// what is missing is left out.
func (b *kindBundle) rowOf(row int, named bool) any {
	if !named || len(b.model.Columns) == 0 {
		return b.Features[row]
	}
	object := make(map[string]any)
	for i, value := range b.Features[row] {
		if value != nil {
			object[b.model.Columns[i].Name] = value
		}
	}
	return object
}

// answered is what one row was answered with.
type answered struct {
	prediction, confidence any
	scores                 []float32
}

// check compares an answer with what numpy computed of the row.
func (b *kindBundle) check(t *testing.T, way string, row int, got answered) {
	t.Helper()
	for i, want := range b.Scores[row] {
		if i >= len(got.scores) || math.Abs(float64(got.scores[i])-want) > 1e-5*b.spread[i] {
			t.Fatalf("%s, %s, row %d: scores %v; want %v", b.model.Name, way, row, got.scores, b.Scores[row])
		}
	}
	if len(got.scores) != len(b.Scores[row]) {
		t.Errorf("%s, %s, row %d: %d scores; want %d", b.model.Name, way, row, len(got.scores), len(b.Scores[row]))
	}
	want := any(decimalsOf(got.scores)) // which have just been compared with what they should be
	if len(b.Predictions) > 0 {
		want = b.Predictions[row]
	}
	if !reflect.DeepEqual(got.prediction, want) {
		t.Errorf("%s, %s, row %d: %v; want %v", b.model.Name, way, row, got.prediction, want)
	}
	b.checkConfidence(t, way, row, got)
}

// checkConfidence compares confidences with the scores that they come from.
func (b *kindBundle) checkConfidence(t *testing.T, way string, row int, got answered) {
	t.Helper()
	var want any
	switch output := b.model.Outputs[0]; output.Kind {
	case "class":
		own := got.scores[:output.Width]
		if output.Width == 1 {
			own = []float32{1 - own[0], own[0]}
		}
		for i, class := range output.Classes {
			if got.prediction == any(class) {
				want = decimalOf(own[i])
			}
		}
	case "labels":
		list := []any{}
		for i := range output.Classes {
			if float64(got.scores[i]) >= output.Thresholds[i] {
				list = append(list, decimalOf(got.scores[i]))
			}
		}
		want = list
	}
	if !reflect.DeepEqual(got.confidence, want) {
		t.Errorf("%s, %s, row %d: confidence %v; want %v", b.model.Name, way, row, got.confidence, want)
	}
}

// decimalOf is a float32 as its shortest decimal reads.
func decimalOf(x float32) float64 {
	var read float64
	if err := json.Unmarshal(fmt.Append(nil, x), &read); err != nil {
		panic(err) // it is finite
	}
	return read
}

func decimalsOf(values []float32) []any {
	list := make([]any, 0, len(values))
	for _, x := range values {
		list = append(list, decimalOf(x))
	}
	return list
}

// TestKinds serves one model of each kind of output, and asks and labels every row in
// every way. All say the same, which is what numpy says; and what the labels tell is
// what scikit-learn measures.
func TestKinds(t *testing.T) {
	k := serveKinds(t)
	ways := k.ways(t)
	for _, name := range kindNames {
		t.Run(name, func(t *testing.T) {
			b := k.bundles[name]
			first := make(map[bool][]answered) // of decimals, and of float32, which rounds before the mean is taken off
			for i, way := range ways {
				ids := 10_000*b.index + 1_000*i
				got := way.predict(t, b, ids)
				for row := range got {
					b.check(t, way.String(), row, got[row])
				}
				_, frames := way.(*inFrames)
				if first[frames] == nil {
					first[frames] = got
				}
				for row, want := range first[frames] {
					if !reflect.DeepEqual(got[row], want) {
						t.Fatalf("%s, row %d: %v; the first way says %v", way, row, got[row], want)
					}
				}
				way.label(t, b, ids)
			}
		})
	}
	k.checkQuality(t, uint64(len(ways)*len(kindRows)))
}

// TestKindsOutputs: who asks for all outputs gets each by its name, beside the
// prediction, which is the first.
func TestKindsOutputs(t *testing.T) {
	k := serveKinds(t)
	b := k.bundles["several"]
	message := fmt.Appendf(nil, `{"model":"several","features":%s,"detail":["outputs","scores"],"request_id":1}`, mustJSON(t, b.Features))
	answer := k.bySocket(t)(t, message)
	if again := k.byPost(t)(t, message); !bytes.Equal(again, answer) {
		t.Errorf("by HTTP %s; by WebSocket %s", again, answer)
	}
	var got struct {
		Prediction, Confidence []any
		Scores                 [][]any
		Outputs                map[string]struct {
			Prediction, Confidence []any
			Scores                 [][]any
		}
	}
	if err := json.Unmarshal(answer, &got); err != nil || len(got.Outputs) != 3 {
		t.Fatalf("%s: %v; want three outputs", answer, err)
	}
	species, petal, embedding := got.Outputs["species"], got.Outputs["petal"], got.Outputs["embedding"]
	for row, scores := range got.Scores {
		if species.Prediction[row] != got.Prediction[row] || species.Confidence[row] != got.Confidence[row] || got.Prediction[row] != b.Predictions[row] {
			t.Errorf("row %d: species %v, %v; want the prediction, %v, %v", row, species.Prediction[row], species.Confidence[row], got.Prediction[row], got.Confidence[row])
		}
		if !reflect.DeepEqual(petal.Prediction[row], any(scores[3:5])) || petal.Confidence[row] != nil {
			t.Errorf("row %d: petal %v, %v; want %v without a confidence", row, petal.Prediction[row], petal.Confidence[row], scores[3:5])
		}
		if !reflect.DeepEqual(embedding.Prediction[row], any(scores[5:])) || embedding.Confidence[row] != nil {
			t.Errorf("row %d: embedding %v, %v; want %v without a confidence", row, embedding.Prediction[row], embedding.Confidence[row], scores[5:])
		}
		all := append(append(append([]any(nil), species.Scores[row]...), petal.Scores[row]...), embedding.Scores[row]...)
		if !reflect.DeepEqual(all, scores) {
			t.Errorf("row %d: scores by output %v; want %v", row, all, scores)
		}
	}
}

// TestKindsPools: /api/models tells the pool that the manifest asked for, and that a
// flag goes first.
func TestKindsPools(t *testing.T) {
	k := serveKinds(t, "--pool=labels:workers=2,max-batch=8", "--pool=several:max-batch=24", "--max-batch=48", "--workers=3")
	answer, err := http.Get("http://" + k.address + "/api/models")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	var got struct {
		Models []struct {
			Name     string
			Workers  int
			MaxBatch int `json:"max_batch"`
		}
	}
	if err := json.NewDecoder(answer.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	want := map[string][2]int{"several": {1, 24}, "labels": {2, 8}, "columns": {3, 48}, "embedding": {3, 48}, "sigmoid": {3, 48}}
	for _, m := range got.Models {
		if pool := [2]int{m.Workers, m.MaxBatch}; pool != want[m.Name] {
			t.Errorf("%s has %d workers and batches of %d; want %v", m.Name, m.Workers, m.MaxBatch, want[m.Name])
		}
	}
	if len(got.Models) != len(want) {
		t.Errorf("%d models; want %d", len(got.Models), len(want))
	}
}

func mustJSON(t *testing.T, value any) []byte {
	t.Helper()
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		t.Fatal(err)
	}
	return []byte(strings.TrimSpace(text.String()))
}
