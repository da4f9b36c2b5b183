package shift_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"penstock/model"
	"penstock/quality/shift"
	"penstock/weights/weightstest"
)

const side, pixels = 28, 28 * 28

// digits are the images of MNIST that weights/recipe/run.sh --data-only brings: those
// that the built-in model was trained on, or the test images.
func digits(t *testing.T, split string) [][pixels]byte {
	t.Helper()
	n, data := weightstest.MNIST(t, split+"-images-idx3-ubyte")
	images := make([][pixels]byte, n)
	for i := range images {
		copy(images[i][:], data[i*pixels:])
	}
	return images
}

var imageSpec = model.Spec{Name: "digits", Version: "1", Features: pixels, Outputs: model.OneOf("0", "1")}

func toRow(image *[pixels]byte, row []float32) {
	for i, x := range image {
		row[i] = float32(x) / 255
	}
}

func digitsReference(images [][pixels]byte, chosen []int) *model.Reference {
	rows := make([]float64, 0, len(chosen)*pixels)
	for _, i := range chosen {
		for _, x := range &images[i] {
			rows = append(rows, float64(x)/255)
		}
	}
	return referenceOf(imageSpec, rows)
}

// rotated turns an image about its middle, between pixels as image libraries do.
func rotated(image *[pixels]byte, degrees float64, row []float32) {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	at := func(x, y int) float64 {
		if x < 0 || y < 0 || x >= side || y >= side {
			return 0
		}
		return float64(image[y*side+x]) / 255
	}
	const middle = (side - 1) / 2.0
	for y := range side {
		for x := range side {
			dx, dy := float64(x)-middle, float64(y)-middle
			u, v := middle+cos*dx+sin*dy, middle-sin*dx+cos*dy
			fu, fv := math.Floor(u), math.Floor(v)
			a, b := u-fu, v-fv
			i, j := int(fu), int(fv)
			row[y*side+x] = float32((1-a)*(1-b)*at(i, j) + a*(1-b)*at(i+1, j) + (1-a)*b*at(i, j+1) + a*b*at(i+1, j+1))
		}
	}
}

// nearest turns an image and takes the pixel that comes to lie there, so that no value
// appears that the images did not have.
func nearest(image *[pixels]byte, degrees float64, row []float32) {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	const middle = (side - 1) / 2.0
	for y := range side {
		for x := range side {
			dx, dy := float64(x)-middle, float64(y)-middle
			u, v := int(math.Round(middle+cos*dx+sin*dy)), int(math.Round(middle-sin*dx+cos*dy))
			row[y*side+x] = 0
			if u >= 0 && v >= 0 && u < side && v < side {
				row[y*side+x] = float32(image[v*side+u]) / 255
			}
		}
	}
}

// TestDigitsUnshifted: no alarm on images like the reference's, whose pixels depend on
// each other, also with a small reference.
func TestDigitsUnshifted(t *testing.T) {
	images := digits(t, "train")
	random := rand.New(rand.NewPCG(3, 3))
	for _, reference := range []int{500, 5000} {
		var got tally
		for want := 2 * monteCarlo(t, 10); got.looks < want; {
			order := random.Perm(len(images))
			d := shift.New(digitsReference(images, order[:reference]), imageSpec)
			got.watch(d, images, order[reference:][:3*shift.Window], want)
		}
		t.Logf("reference of %d rows: %v", reference, got)
		if got.alarms > got.looks/10000 {
			t.Errorf("%d false alarms at %d looks with a reference of %d rows", got.alarms, got.looks, reference)
		}
	}
}

// watch gives images until there were so many looks.
func (t *tally) watch(d *shift.Detector, images [][pixels]byte, order []int, looks int) {
	row := make([]float32, pixels)
	for i, at := range order {
		toRow(&images[at], row)
		d.Add(row, nil, nan)
		if (i+1)%(shift.Window/2) == 0 && i > shift.Window/2 {
			t.add(d.Report().P)
		}
		if t.looks == looks {
			return
		}
	}
}

// TestDigitsRotated: three degrees are found within 1,000 rows. Image libraries mix
// neighbouring pixels when they turn an image; that alone is found with a thousand rows
// of reference. Without it, the pixels that come to lie elsewhere take twenty thousand.
func TestDigitsRotated(t *testing.T) {
	images := digits(t, "train")
	for _, c := range []struct {
		name      string
		turn      turn
		reference int
		want      float64
	}{
		{"between pixels", rotated, 1000, 0.95},
		{"nearest pixel", nearest, 20000, 0.6}, // of a few; over 400 times see testdata
	} {
		times := monteCarlo(t, 5)
		hits := c.turn.found(images, c.reference, times)
		t.Logf("%s, reference of %d rows: found in %d of %d", c.name, c.reference, hits, times)
		if float64(hits) < c.want*float64(times) {
			t.Errorf("%s, reference of %d rows: found in %d of %d; want %v", c.name, c.reference, hits, times, c.want)
		}
	}
}

type turn func(image *[pixels]byte, degrees float64, row []float32)

// found counts how often a turn by three degrees is found.
func (turn turn) found(images [][pixels]byte, reference, times int) (hits int) {
	const perReference = 40 // these windows and 20,000 rows of reference are 60,000 images
	random := rand.New(rand.NewPCG(4, 4))
	row := make([]float32, pixels)
	var ref *model.Reference
	var order []int
	for i := range times {
		if i%perReference == 0 {
			order = random.Perm(len(images))
			ref = digitsReference(images, order[:reference])
			order = order[reference:]
		}
		d := shift.New(ref, imageSpec)
		for _, at := range order[i%perReference*shift.Window:][:shift.Window] {
			turn(&images[at], 3, row)
			d.Add(row, nil, nan)
		}
		if firing, _ := d.Firing(); firing {
			hits++
		}
	}
	return hits
}
