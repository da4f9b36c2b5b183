//go:build torch && linux && cgo

package weights_test

import (
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"penstock/model"
	"penstock/model/modeltest"
	"penstock/weights"
	"penstock/weights/engines/torchscript"
	"penstock/weights/weightstest"
)

// loadTorchScript loads a bundle's module and keeps the test on this OS
// thread, as a session needs.
func loadTorchScript(t testing.TB, folder string, place weights.Place) *weights.Loaded {
	t.Helper()
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
	b, err := weights.Open(folder, known)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := b.LoadAt(torchscript.Name, place)
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

func TestTorchScriptConforms(t *testing.T) {
	for _, folder := range []string{"digits", "digits-cnn"} {
		t.Run(folder, func(t *testing.T) {
			modeltest.Run(t, modeltest.Engine{Drift: 1e-5, Open: func(t testing.TB) model.Model {
				return loadTorchScript(t, folder, weights.Place{Workers: 4, MaxBatch: 131})
			}})
		})
	}
}

// Both bundles get as many of the 10,000 test images right as the recipe
// measured, with another library and in float64.
func TestTorchScriptAccuracyOnMNIST(t *testing.T) {
	pixels, labels := mnistTest(t)
	for folder, promised := range map[string]float64{"digits": 0.985, "digits-cnn": 0.992} {
		t.Run(folder, func(t *testing.T) {
			loaded := loadTorchScript(t, folder, weights.Place{})
			defer loaded.Close()
			right := correct(t, loaded, pixels, labels)
			t.Logf("%d of %d test images right: %.2f %%", right, len(labels), 100*float64(right)/float64(len(labels)))
			if want := readMeasured(t, folder).Test; right != want.Correct || len(labels) != want.Images {
				t.Errorf("%d of %d right; the recipe measured %d of %d", right, len(labels), want.Correct, want.Images)
			}
			if accuracy := float64(right) / float64(len(labels)); accuracy < promised {
				t.Errorf("accuracy is %v; promised are %v", accuracy, promised)
			}
		})
	}
}

// The digits bundle gives the same answers by both engines.
func TestEnginesAgree(t *testing.T) {
	pixels, _ := mnistTest(t)
	torchScript := loadTorchScript(t, "digits", weights.Place{Workers: 1}) // which may use several threads
	defer torchScript.Close()
	b, err := weights.Default(known)
	dense := load(t, b, err)
	defer dense.Close()
	worst := 0.0
	ours, theirs := allScores(t, dense, pixels), allScores(t, torchScript, pixels)
	for i := range ours {
		worst = max(worst, math.Abs(float64(ours[i])-float64(theirs[i])))
	}
	t.Logf("worst difference of %d scores: %.2g", len(ours), worst)
	if worst > 1e-5 {
		t.Errorf("the engines' scores differ by up to %v; expected at most 1e-5", worst)
	}
}

// allScores predicts images in batches of 50, which divides their number.
func allScores(t *testing.T, m model.Model, pixels []byte) []float32 {
	t.Helper()
	const batch = 50
	spec := m.Spec()
	s, err := m.NewSession(batch)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	features, scores := make([]float32, batch*spec.Features), make([]float32, len(pixels)/spec.Features*spec.Width())
	for first := 0; first < len(pixels); first += len(features) {
		for i, pixel := range pixels[first:][:len(features)] {
			features[i] = float32(float64(pixel) * spec.Input.Uint8Scale)
		}
		at := first / spec.Features * spec.Width()
		if err := s.Predict(scores[at:][:batch*spec.Width()], features, batch); err != nil {
			t.Fatal(err)
		}
	}
	return scores
}

// A module is loaded only when it is the one whose hash the manifest gives,
// and does what the manifest says.
func TestTorchScriptRefused(t *testing.T) {
	replaced := func(from, to string) func(fstest.MapFS) {
		return func(files fstest.MapFS) {
			manifest := files["manifest.json"]
			changed := strings.Replace(string(manifest.Data), from, to, 1)
			if changed == string(manifest.Data) {
				t.Fatalf("the manifest has no %q", from)
			}
			manifest.Data = []byte(changed)
		}
	}
	cases := []struct {
		name   string
		change func(fstest.MapFS)
		place  weights.Place
		field  string
		says   string
	}{
		{"another file", func(files fstest.MapFS) { files["model.pt"].Data[1000] ^= 1 }, weights.Place{}, "", "has SHA-256"},
		{"logits said to be probabilities", replaced(`"logits"`, `"probabilities"`), weights.Place{}, "engines.torchscript.output", `say "logits"`},
		{"a shape it does not take", replaced("1,\n      28,\n      28", "28, 28, 1"), weights.Place{}, "", "channels"},
		{"a class too many", replaced(`"9"`, `"9", "10"`), weights.Place{}, "", "shape [1 10]; expected [1 11]"},
		{"no such card", func(fstest.MapFS) {}, weights.Place{Device: "cuda:0"}, "", "finds no CUDA"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			files := fstest.MapFS{}
			for _, name := range []string{"manifest.json", "model.pt", "golden.json"} {
				data, err := os.ReadFile(filepath.Join("digits-cnn", name))
				if err != nil {
					t.Fatal(err)
				}
				files[name] = &fstest.MapFile{Data: data}
			}
			c.change(files)
			b, err := weights.OpenFS(files, "test", known)
			if err != nil {
				t.Fatal(err)
			}
			_, err = b.LoadAt(torchscript.Name, c.place)
			weightstest.WantError(t, err, c.field, c.says)
		})
	}
}
