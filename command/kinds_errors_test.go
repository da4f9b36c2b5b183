//go:build unix

package command

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"penstock/protocol"
)

// writeStrict writes the bundle of columns as one that refuses cities that it does
// not know. Its golden rows have such, and go.
func writeStrict(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	const from = "testdata/kinds/columns"
	var manifest map[string]any
	data, err := os.ReadFile(filepath.Join(from, "manifest.json"))
	if err == nil {
		err = json.Unmarshal(data, &manifest)
	}
	if err != nil {
		t.Fatal(err)
	}
	manifest["name"] = "strict"
	delete(manifest, "golden")
	delete(manifest, "sha256")
	delete(manifest["columns"].([]any)[1].(map[string]any), "unknown")
	weights, err := os.ReadFile(filepath.Join(from, "model.safetensors"))
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "model.safetensors"), weights, 0o600)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "manifest.json"), mustJSON(t, manifest), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// TestKindsRefusals: what does not fit a model's columns is refused by name, or
// stands for what the manifest says, in each way of sending it.
func TestKindsRefusals(t *testing.T) {
	k := serveKinds(t, "--model="+writeStrict(t))
	socket := k.bySocket(t)
	for _, way := range []struct {
		name string
		ask  ask
	}{{"WebSocket", socket}, {"HTTP", k.byPost(t)}} {
		t.Run(way.name, func(t *testing.T) {
			for _, c := range []struct{ model, features, code, says string }{
				{"columns", `{"area":50,"city":"Lyon","floor":"top","year built":null}`, "bad_features", `"year built" is null`},
				{"columns", `{"area":50,"city":null,"floor":"top","year built":1950}`, "bad_features", `"city" is null`},
				{"columns", `[50,"Lyon","top",null]`, "bad_features", `entry 3 is null`},
				{"columns", `{"area":50,"city":"Lyon","floor":"top","yearbuilt":1950}`, "bad_features", `"yearbuilt", which is no column; the columns are "area", "city", "floor", "year built"`},
				{"columns", `{"area":50,"city":"Lyon","floor":"top"}`, "bad_features", `no "year built", which may not be missing`},
				{"columns", `{"area":50,"floor":"top","year built":1950}`, "bad_features", `no "city"`},
				{"columns", `{"area":50,"area":51,"city":"Lyon","floor":"top","year built":1950}`, "bad_features", `"area" twice`},
				{"columns", `{"area":"50","city":"Lyon","floor":"top","year built":1950}`, "bad_features", `"area" is a string; send a number`},
				{"columns", `{"area":50,"city":1,"floor":"top","year built":1950}`, "bad_features", `"city" is a number; send one of "Amsterdam", "Lyon", "Zürich"`},
				{"columns", `[50,"Lyon","top"]`, "bad_features", "features"},
				{"columns", `[{"area":50,"city":"Lyon","floor":"top","year built":1950},{"city":"Lyon"}]`, "bad_features", `row 1 has no "year built"`},
				{"strict", `{"area":50,"city":"Oslo","floor":"top","year built":1950}`, "bad_features", `"city" is "Oslo"; send one of "Amsterdam", "Lyon", "Zürich"`},
				{"embedding", `{"a":1}`, "bad_features", "have no names"},
				{"embedding", `[1,2,null,4]`, "bad_features", "null"},
				{"labels", `[1,2,3,4,5,6,7,"8"]`, "bad_features", "string"},
				{"nobody", `[1]`, "unknown_model", "name"},
			} {
				message := `{"model":"` + c.model + `","features":` + c.features + `}`
				if said := refuses(t, way.ask, message, c.code); !strings.Contains(said, c.says) {
					t.Errorf("%s\nwas answered with %s; want %s", message, said, c.says)
				}
			}
			k.checkSameRows(t, way.ask)
			k.checkTop(t, way.ask)
		})
	}
	k.checkFrames(t)
}

// checkSameRows compares rows that are one: of those that may be missing, what is
// left out, null and unknown; of a city that is not known, whichever it is.
func (k *kindsServer) checkSameRows(t *testing.T, by ask) {
	t.Helper()
	predicted := func(features string) string {
		var reply protocol.Reply
		answer := by(t, []byte(`{"model":"columns","features":`+features+`}`))
		if err := json.Unmarshal(answer, &reply); err != nil || reply.Type != "prediction" {
			t.Errorf("%s was answered with %s", features, answer)
		}
		return string(reply.Prediction)
	}
	for _, same := range [][]string{
		{`{"city":"Lyon","floor":"top","year built":1950}`, `{"year built":1950,"area":null,"floor":"top","city":"Lyon"}`, `[null,"Lyon","top",1950]`, `[75,"Lyon","top",1950]`},
		{`{"area":9,"city":"Oslo","floor":"top","year built":1950}`, `[9,"Bergen","top",1950]`, `[9,"","top",1950]`},
		{`[9,"Lyon",null,1950]`, `[9,"Lyon","roof",1950]`, `[9,"Lyon","middle",1950]`, `{"area":9,"city":"Lyon","year built":1950}`},
	} {
		for _, features := range same[1:] {
			if first, got := predicted(same[0]), predicted(features); got != first {
				t.Errorf("%s is predicted to be %s; want that of %s, %s", features, got, same[0], first)
			}
		}
	}
	if predicted(`[9,"Oslo","top",1950]`) == predicted(`[9,"Zürich","top",1950]`) {
		t.Error("a city that is not known is predicted as one that is")
	}
}

// checkTop asks for the best classes of one sigmoid, which are both.
func (k *kindsServer) checkTop(t *testing.T, by ask) {
	t.Helper()
	b := k.bundles["sigmoid"]
	var got struct {
		Prediction []string
		Confidence []float64
		Top        [][]protocol.TopClass
		Scores     [][]float32
	}
	answer := by(t, []byte(`{"model":"sigmoid","top_k":3,"detail":["scores"],"features":`+string(mustJSON(t, b.Features))+`}`))
	if err := json.Unmarshal(answer, &got); err != nil || len(got.Top) != len(kindRows) {
		t.Fatalf("%s: %v", answer, err)
	}
	for row, top := range got.Top {
		p := got.Scores[row][0]
		best, other := protocol.TopClass{Label: "benign", Confidence: decimalOf(p)}, protocol.TopClass{Label: "malignant", Confidence: decimalOf(1 - p)}
		if p <= 0.5 {
			best, other = other, best
		}
		if len(top) != 2 || top[0] != best || top[1] != other || got.Prediction[row] != best.Label || got.Confidence[row] != best.Confidence {
			t.Errorf("row %d: %s, %v, top %v; want %v and %v", row, got.Prediction[row], got.Confidence[row], top, best, other)
		}
	}
}

// checkFrames sends binary rows that do not fit, and those that just do.
func (k *kindsServer) checkFrames(t *testing.T) {
	t.Helper()
	s := mustDial(t, k.address, "/ws/predict")
	b := k.bundles["columns"]
	nan, strict := float32(math.NaN()), len(kindNames)
	for i, c := range []struct {
		model  int
		values []float32
		says   string // nothing: it is predicted
	}{
		{b.index, []float32{nan, 3, nan, 1950}, ""},
		{b.index, []float32{50, 4, 0, 1950}, `"city" is a category: send its index, 0 to 3`},
		{b.index, []float32{50, 0.5, 0, 1950}, `is 0.5; "city" is a category`},
		{b.index, []float32{50, -1, 0, 1950}, `"city" is a category`},
		{b.index, []float32{50, 0, 3, 1950}, `"floor" is a category: send its index, 0 to 2`},
		{b.index, []float32{50, nan, 0, 1950}, "entry 1 is NaN, and this feature may not be missing"},
		{b.index, []float32{50, 0, 0, nan}, "entry 3 is NaN, and this feature may not be missing"},
		{b.index, []float32{float32(math.Inf(1)), 0, 0, 1950}, "NaN or infinite"},
		{strict, []float32{50, 3, 0, 1950}, `"city" is a category: send its index, 0 to 2`},
		{strict, []float32{50, 2, 0, 1950}, ""},
		{k.bundles["embedding"].index, []float32{1, 2, nan, 4}, "NaN or infinite"},
	} {
		answer := s.asked(t, websocket.MessageBinary, toPredict(c.model, i, 1, c.values))
		switch {
		case c.says == "":
			if answer[0] != protocol.BinaryPrediction {
				t.Errorf("%v: %q; want a prediction", c.values, answer)
			}
		case answer[0] != protocol.BinaryError || protocol.Code(answer[1]) != protocol.BadFeatures || !strings.Contains(string(answer[16:]), c.says):
			t.Errorf("%v: %q; want bad_features, %s", c.values, answer, c.says)
		}
	}
	if answer := s.asked(t, websocket.MessageBinary, toPredict(strict+1, 1, 1, []float32{1})); protocol.Code(answer[1]) != protocol.UnknownModel {
		t.Errorf("a model that is not there: %q", answer)
	}
}

// TestKindsBadLabels: a label that cannot be one of its model's is refused, and the
// right one is taken after it.
func TestKindsBadLabels(t *testing.T) {
	k := serveKinds(t)
	for _, way := range []struct {
		name string
		ask  ask
	}{{"WebSocket", k.bySocket(t)}, {"HTTP", k.byPost(t)}} {
		for name, c := range map[string]struct {
			bad  []string
			good string
		}{
			"several":   {[]string{`"label":"rose"`, `"label":["setosa"]`, `"label":[1.4,0.2]`, `"labels":["setosa","setosa"]`}, `"label":"setosa"`},
			"columns":   {[]string{`"label":300`, `"label":[300]`, `"label":[300,1.5,2]`, `"label":["300","1.5"]`, `"label":[1e300,1]`}, `"label":[300,1.5]`},
			"labels":    {[]string{`"label":"rain"`, `"label":["sports","rain"]`, `"label":["sports","sports"]`, `"label":["sports","politics","science","weather","sports"]`}, `"label":[]`},
			"sigmoid":   {[]string{`"label":"harmless"`, `"label":0.5`, `"label":["benign"]`}, `"label":"benign"`},
			"embedding": {[]string{`"label":1`, `"label":[1,2,3,4,5,6,7,8]`, `"labels":["x"]`}, ""},
		} {
			t.Run(way.name+" "+name, func(t *testing.T) {
				id := `"request_id":"` + name + `"`
				var reply protocol.Reply
				answer := way.ask(t, []byte(`{"model":"`+name+`",`+id+`,"features":`+string(mustJSON(t, k.bundles[name].Features[0]))+`}`))
				if err := json.Unmarshal(answer, &reply); err != nil || reply.Type != "prediction" {
					t.Fatalf("%s", answer)
				}
				for _, label := range c.bad {
					refuses(t, way.ask, `{"type":"feedback",`+id+`,`+label+`}`, "bad_label")
				}
				if c.good == "" {
					return
				}
				message := `{"type":"feedback",` + id + `,` + c.good + `}`
				if got := way.ask(t, []byte(message)); !strings.Contains(string(got), "feedback_ok") {
					t.Errorf("%s: %s; want it taken", message, got)
				}
				refuses(t, way.ask, message, "duplicate_feedback")
			})
		}
	}
}
