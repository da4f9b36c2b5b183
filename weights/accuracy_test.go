package weights_test

import (
	"testing"

	"penstock/weights"
	"penstock/weights/weightstest"
)

// All 10,000 test images of MNIST, through the engine that serves them. The
// images come with "weights/recipe/run.sh --data-only"; without them the test
// is skipped, or fails where PENSTOCK_MNIST is "required".
func TestAccuracyOnMNIST(t *testing.T) {
	pixels, labels := mnistTest(t)
	b, err := weights.Default(known)
	loaded := load(t, b, err)
	defer loaded.Close()

	right := correct(t, loaded, pixels, labels)
	t.Logf("%d of %d test images right: %.2f %%", right, len(labels), 100*float64(right)/float64(len(labels)))
	if want := readMeasured(t, "digits").Test; right != want.Correct || len(labels) != want.Images {
		t.Errorf("%d of %d right; the recipe measured %d of %d", right, len(labels), want.Correct, want.Images)
	}
	if accuracy := float64(right) / float64(len(labels)); accuracy < 0.985 {
		t.Errorf("accuracy is %v; promised are 0.985", accuracy)
	}
}

func mnistTest(t *testing.T) (pixels []byte, labels []int) {
	t.Helper()
	n, pixels := weightstest.MNIST(t, "t10k-images-idx3-ubyte")
	_, of := weightstest.MNIST(t, "t10k-labels-idx1-ubyte")
	if n != 10_000 || len(of) != n {
		t.Fatalf("%d images and %d labels; expected 10000", n, len(of))
	}
	for _, label := range of {
		labels = append(labels, int(label))
	}
	return pixels, labels
}
