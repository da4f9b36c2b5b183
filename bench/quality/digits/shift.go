package digits

import (
	"math"
	"math/rand/v2"
)

// side is how many pixels an image is wide and high.
const side = 28

// Shift is a way in which images may come to differ from those a model learned.
type Shift struct {
	Name string
	// Change takes pixels from 0 to 1, and leaves them so.
	Change func(r *rand.Rand, image *[side * side]float64)
}

// Shifts begin with none. How much they change an image varies from one to the next.
func Shifts() []Shift {
	return []Shift{
		{"none", func(*rand.Rand, *[side * side]float64) {}},
		{"noise", noise},
		{"fade", fade},
		{"rotation", rotate},
		{"blur", blur},
		{"inversion", invert},
	}
}

func noise(r *rand.Rand, image *[side * side]float64) {
	spread := 0.4 + 0.2*r.Float64()
	for i := range image {
		image[i] = min(max(image[i]+spread*r.NormFloat64(), 0), 1)
	}
}

func fade(r *rand.Rand, image *[side * side]float64) {
	left := 0.12 + 0.1*r.Float64()
	for i := range image {
		image[i] *= left
	}
}

// rotate turns an image by 25 to 45 degrees either way.
func rotate(r *rand.Rand, image *[side * side]float64) {
	angle := (25 + 20*r.Float64()) * math.Pi / 180
	if r.Float64() < 0.5 {
		angle = -angle
	}
	from := *image
	sin, cos := math.Sincos(angle)
	const middle = (side - 1) / 2.0
	for y := range side {
		for x := range side {
			dx, dy := float64(x)-middle, float64(y)-middle
			image[y*side+x] = between(&from, middle+cos*dx+sin*dy, middle-sin*dx+cos*dy)
		}
	}
}

// between is the image at a place between pixels, linearly; 0 outside.
func between(image *[side * side]float64, x, y float64) float64 {
	left, top := math.Floor(x), math.Floor(y)
	var sum float64
	for dy := range 2 {
		for dx := range 2 {
			atX, atY := int(left)+dx, int(top)+dy
			if atX < 0 || atX >= side || atY < 0 || atY >= side {
				continue
			}
			weight := (1 - math.Abs(x-float64(atX))) * (1 - math.Abs(y-float64(atY)))
			sum += weight * image[atY*side+atX]
		}
	}
	return sum
}

// blur spreads every pixel as a normal distribution of 1.2 to 2 pixels.
func blur(r *rand.Rand, image *[side * side]float64) {
	spread := 1.2 + 0.8*r.Float64()
	const reach = 6
	var kernel [2*reach + 1]float64
	var sum float64
	for i := range kernel {
		d := float64(i - reach)
		kernel[i] = math.Exp(-d * d / (2 * spread * spread))
		sum += kernel[i]
	}
	along := func(stride, across int) {
		from := *image
		for i := range side {
			for j := range side {
				var x float64
				for k, weight := range kernel {
					if at := j + k - reach; at >= 0 && at < side {
						x += weight / sum * from[i*across+at*stride]
					}
				}
				image[i*across+j*stride] = x
			}
		}
	}
	along(1, side)
	along(side, 1)
}

func invert(r *rand.Rand, image *[side * side]float64) {
	contrast := 0.9 + 0.1*r.Float64()
	for i := range image {
		image[i] = 1 - contrast*image[i]
	}
}
