package weights_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"penstock/model"
	"penstock/weights"
	"penstock/weights/engines/torchscript"
	"penstock/weights/weightstest"
)

// measured is what the recipe wrote down about the bundle it made.
type measured struct {
	Test, HeldOut struct {
		Images, Correct  int
		Rows             int // of a bundle that is not of images
		Accuracy         float64
		LogLoss          float64 `json:"log_loss"`
		CalibrationError float64 `json:"calibration_error"`
	}
}

func readMeasured(t testing.TB, bundle string) (m measured) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(bundle, "measured.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestDefault(t *testing.T) {
	b, err := weights.Default(known)
	loaded := load(t, b, err)
	defer loaded.Close()
	t.Logf("%d golden rows in %v, worst difference %.2g", loaded.GoldenRows, loaded.GoldenDuration, loaded.GoldenMaxDiff)
	if spec := loaded.Spec(); spec.Name != "digits" || spec.Features != 784 || len(spec.First().Classes) != 10 {
		t.Errorf("Spec() = %+v", spec)
	}
	if loaded.GoldenRows < 8 || loaded.GoldenMaxDiff > 1e-5 {
		t.Errorf("%d golden rows, worst difference %v; want at least 8 and at most 1e-5", loaded.GoldenRows, loaded.GoldenMaxDiff)
	}
	if err := b.Check(); err != nil {
		t.Errorf("Check() = %v", err)
	}
	_, err = b.Load(torchscript.Name)
	weightstest.WantError(t, err, "", "not part of the binary")
}

// The folder has what the binary leaves out.
func TestDigitsFolder(t *testing.T) {
	b, err := weights.Open("digits", known)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Check(); err != nil {
		t.Error(err)
	}
}

func TestHeldOut(t *testing.T) {
	rows, err := weights.HeldOut()
	if err != nil {
		t.Fatal(err)
	}
	b, err := weights.Default(known)
	loaded := load(t, b, err)
	defer loaded.Close()

	var labels []int
	for i := range rows.Len() {
		labels = append(labels, rows.Label(i))
	}
	want := readMeasured(t, "digits").HeldOut
	if got := correct(t, loaded, rows.Pixels, labels); rows.Len() != want.Images || got != want.Correct {
		t.Errorf("%d of %d held-out digits are right; the recipe measured %d of %d", got, rows.Len(), want.Correct, want.Images)
	}
	if row := rows.Row(1); &row[0] != &rows.Pixels[784] || len(row) != 784 {
		t.Error("Row(1) is not the second row of Pixels")
	}
}

// correct counts the rows whose highest score is at their label.
func correct(t testing.TB, m model.Model, pixels []byte, labels []int) (right int) {
	t.Helper()
	const batch = 64
	spec := m.Spec()
	s, err := m.NewSession(batch)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	features, scores := make([]float32, batch*spec.Features), make([]float32, batch*spec.Width())
	for first := 0; first < len(labels); first += batch {
		n := min(batch, len(labels)-first)
		for i, pixel := range pixels[first*spec.Features:][:n*spec.Features] {
			features[i] = float32(float64(pixel) * spec.Input.Uint8Scale)
		}
		if err := s.Predict(scores[:n*spec.Width()], features[:n*spec.Features], n); err != nil {
			t.Fatal(err)
		}
		for r := range n {
			best, at := float32(math.Inf(-1)), -1
			for class, score := range scores[r*spec.Width():][:spec.Width()] {
				if score > best {
					best, at = score, class
				}
			}
			if at == labels[first+r] {
				right++
			}
		}
	}
	return right
}

// BenchmarkDigits predicts real digits, each once before any comes again: four
// fifths of their pixels are zero.
func BenchmarkDigits(b *testing.B) {
	rows, err := weights.HeldOut()
	if err != nil {
		b.Fatal(err)
	}
	bundle, err := weights.Default(known)
	m := load(b, bundle, err)
	defer m.Close()
	features, scores := make([]float32, len(rows.Pixels)), make([]float32, 256*m.Spec().Width())
	for i, pixel := range rows.Pixels {
		features[i] = float32(float64(pixel) * m.Spec().Input.Uint8Scale)
	}
	for _, batch := range []int{1, 8, 32, 64, 256} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) {
			s, err := m.NewSession(batch)
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			first := 0
			for b.Loop() {
				if err := s.Predict(scores[:batch*m.Spec().Width()], features[first*rows.Features:][:batch*rows.Features], batch); err != nil {
					b.Fatal(err)
				}
				if first += batch; first+batch > rows.Len() {
					first = 0
				}
			}
			b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func BenchmarkLoadDefault(b *testing.B) {
	for b.Loop() {
		bundle, err := weights.Default(known)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := bundle.Load(""); err != nil {
			b.Fatal(err)
		}
	}
}
