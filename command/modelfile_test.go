package command

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"penstock/weights/weightstest"
)

// A file that XGBoost wrote, with the rows and the scores that it gives them.
const (
	forestFile = "weights/xgboost/testdata/v1.7.6/binary-logistic-cat.ubj"
	forestRows = "weights/xgboost/testdata/v1.7.6/categories.f32"
	forestSays = "weights/xgboost/testdata/v1.7.6/binary-logistic-cat.score.f32"
)

func readFloats(t *testing.T, name string) []float32 {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	values := make([]float32, len(data)/4)
	if err := binary.Read(bytes.NewReader(data), binary.LittleEndian, values); err != nil {
		t.Fatal(err)
	}
	return values
}

// forestAnswers asks a server for the rows by the names of columns, and compares its
// scores with the library's.
func forestAnswers(t *testing.T, address, model string) {
	t.Helper()
	rows, want := readFloats(t, forestRows), readFloats(t, forestSays)
	names := []string{"a", "b", "c", "d", "e", "f"}
	var features []map[string]any
	for first := 0; first < len(rows); first += len(names) {
		row := map[string]any{}
		for i, name := range names {
			switch x := float64(rows[first+i]); {
			case math.IsNaN(x): // is left out
			case i >= 4:
				row[name] = strconv.Itoa(int(x)) // the name of a category
			default:
				row[name] = x
			}
		}
		features = append(features, row)
	}
	body, err := json.Marshal(map[string]any{"features": features, "model": model, "detail": []string{"scores"}})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Post("http://"+address+"/v1/predict", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	var reply struct {
		Prediction []string    `json:"prediction"`
		Scores     [][]float32 `json:"scores"`
	}
	if err := json.Unmarshal(text, &reply); err != nil || len(reply.Prediction) != len(want) || len(reply.Scores) != len(want) {
		t.Fatalf("%d answers for %d rows: %.500s", len(reply.Prediction), len(want), text)
	}
	for i, p := range reply.Prediction {
		if s := reply.Scores[i]; len(s) != 1 || s[0] != want[i] || (p == "1") != (want[i] > 0.5) {
			t.Errorf("row %d: %s, %v; the library says %v", i, p, s, want[i])
		}
	}
}

// A model file is served as it is, by the names of its columns, and so is the bundle
// that is packed of it.
func TestServeModelFile(t *testing.T) {
	forestAnswers(t, startServing(t, "--model="+forestFile), "binary-logistic-cat")
	out := filepath.Join(t.TempDir(), "bundle")
	if err := Run(t.Context(), []string{"pack", forestFile, "--out", out, "--name", "packed", "--model-version", "7"}, "test"); err != nil {
		t.Fatal(err)
	}
	if err := Run(t.Context(), []string{"check", out}, "test"); err != nil {
		t.Error(err)
	}
	address := startServing(t, "--model="+out, "--model="+forestFile)
	forestAnswers(t, address, "packed")
	facts := get(t, "http://"+address+"/api/models")
	for _, want := range []string{`"version":"7"`, `"library":"xgboost","version":"1.7.6","format":"UBJSON"`, `"golden":{"rows":64`, `"processes":[]`} {
		if !strings.Contains(facts, want) {
			t.Errorf("no %s in %s", want, facts)
		}
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestModelFileErrors(t *testing.T) {
	other := filepath.Join(t.TempDir(), "other.json")
	if err := os.WriteFile(other, []byte(`{"some": "JSON"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ flags, says string }{
		{"--model=" + other, other},
		{"--features=3", "--features is for a model file that stands alone, and --model names none"},
		{"--model=weights/digits --classes=a,b", "--classes is for a model file that stands alone, and --model names none"},
		{"--model=" + forestFile + " --features=3", "has 6 features; --features says 3"},
		{"--model=" + forestFile + " --classes=a,b,c", "tells 2 classes apart; --classes names 3"},
		{"--model=" + forestFile + " --model=" + other + " --classes=a,b", other},
		{"--model=" + forestFile + " --model=" + forestFile, "is given twice"},
	} {
		err := Run(t.Context(), append([]string{"check"}, strings.Fields(c.flags)...), "test")
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; want %q", c.flags, err, c.says)
		}
	}
}

// A bundle is proven before it is said to be all right: of a program alone, the files
// that it reads are not the bundle's.
func TestPackProves(t *testing.T) {
	python := weightstest.Interpreter(t)
	folder := t.TempDir()
	for name, text := range map[string]string{
		"model.py":   "FEATURES = 1\ndef load(folder):\n    return float(open(folder + '/factor.txt').read())\ndef predict(factor, rows):\n    return rows[:, 0] * factor\n",
		"factor.txt": "2",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pack := func(path string) error {
		return Run(t.Context(), []string{"pack", path, "--python", python, "--out", filepath.Join(t.TempDir(), "bundle")}, "test")
	}
	if err := pack(folder); err != nil {
		t.Errorf("a folder: %v", err)
	}
	err := pack(filepath.Join(folder, "model.py"))
	if err == nil || !strings.Contains(err.Error(), "factor.txt") || !strings.Contains(err.Error(), "pack the folder") {
		t.Errorf("a program without its file: %v", err)
	}
}
