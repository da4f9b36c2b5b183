package digits

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// side is how many pixels an image is wide and high.
const side = 28

// image is pixels from 0 to 1, row by row.
type image [side * side]float64

// Shift is a way in which images may come to differ from those a model learned.
type Shift struct {
	Name   string
	change func(r *rand.Rand, m *image)
}

// None leaves images as they are.
func None() Shift { return Shift{"none", func(*rand.Rand, *image) {}} }

// Noise adds a normal number of that spread to every pixel.
func Noise(spread float64) Shift {
	return Shift{fmt.Sprintf("noise %v", spread), func(r *rand.Rand, m *image) {
		for i := range m {
			m[i] = min(max(m[i]+spread*r.NormFloat64(), 0), 1)
		}
	}}
}

// Fade leaves that part of every pixel.
func Fade(left float64) Shift {
	return Shift{fmt.Sprintf("fade to %v", left), func(_ *rand.Rand, m *image) {
		for i := range m {
			m[i] *= left
		}
	}}
}

// Invert makes black white.
func Invert() Shift {
	return Shift{"inversion", func(_ *rand.Rand, m *image) {
		for i := range m {
			m[i] = 1 - m[i]
		}
	}}
}

// Rotate turns an image by so many degrees, one way or the other.
func Rotate(degrees float64) Shift {
	return Shift{fmt.Sprintf("rotation %v°", degrees), func(r *rand.Rand, m *image) {
		angle := degrees * math.Pi / 180
		if r.Float64() < 0.5 {
			angle = -angle
		}
		from := *m
		sin, cos := math.Sincos(angle)
		const middle = (side - 1) / 2.0
		for y := range side {
			for x := range side {
				dx, dy := float64(x)-middle, float64(y)-middle
				m[y*side+x] = from.between(middle+cos*dx+sin*dy, middle-sin*dx+cos*dy)
			}
		}
	}}
}

// between is the image at a place between pixels, linearly; 0 outside.
func (m *image) between(x, y float64) float64 {
	left, top := int(math.Floor(x)), int(math.Floor(y))
	var sum float64
	for atY := top; atY <= top+1; atY++ {
		for atX := left; atX <= left+1; atX++ {
			if atX >= 0 && atX < side && atY >= 0 && atY < side {
				sum += (1 - math.Abs(x-float64(atX))) * (1 - math.Abs(y-float64(atY))) * m[atY*side+atX]
			}
		}
	}
	return sum
}

// Blur spreads every pixel as a normal distribution of so many pixels.
func Blur(spread float64) Shift {
	reach := int(math.Ceil(4 * spread))
	kernel := make([]float64, 2*reach+1)
	var sum float64
	for i := range kernel {
		d := float64(i - reach)
		kernel[i] = math.Exp(-d * d / (2 * spread * spread))
		sum += kernel[i]
	}
	for i := range kernel {
		kernel[i] /= sum
	}
	return Shift{fmt.Sprintf("blur %v pixels", spread), func(_ *rand.Rand, m *image) {
		m.smooth(kernel, 1, side)
		m.smooth(kernel, side, 1)
	}}
}

// smooth lets a kernel run along lines: stride is from one pixel of a line to the
// next, and across from a line to the next.
func (m *image) smooth(kernel []float64, stride, across int) {
	from, reach := *m, len(kernel)/2
	for line := range side {
		for i := range side {
			var x float64
			for k, weight := range kernel {
				if at := i + k - reach; at >= 0 && at < side {
					x += weight * from[line*across+at*stride]
				}
			}
			m[line*across+i*stride] = x
		}
	}
}
