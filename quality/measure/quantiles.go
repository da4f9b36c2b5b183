package measure

import (
	"math"
	"slices"
)

// Quantiles of values, at shares from 0 to 1 of them, as numpy.quantile has them by
// default: linear between the two nearest of the sorted values (type 7 of Hyndman and
// Fan, Sample Quantiles in Statistical Packages, The American Statistician 50 (1996)).
// Values stay as they are. It is nil without any.
func Quantiles(values, at []float64) []float64 {
	if len(values) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(values))
	quantiles := make([]float64, len(at))
	for k, share := range at {
		position := within(share, 0, 1) * float64(len(sorted)-1)
		below := math.Floor(position)
		lower, upper := sorted[int(below)], sorted[int(math.Ceil(position))]
		quantiles[k] = lower + (upper-lower)*(position-below)
	}
	return quantiles
}

// Bar counts the values in [Lower, Upper); the last of a histogram includes Upper.
type Bar struct {
	Lower, Upper float64
	Count        uint64
}

// Histogram cuts the range of values into bars of equal width, as numpy.histogram does.
// It is nil without values, and a single bar where all are the same.
func Histogram(values []float64, bars int) []Bar {
	if len(values) == 0 {
		return nil
	}
	lowest, highest := slices.Min(values), slices.Max(values)
	if lowest == highest {
		return []Bar{{Lower: lowest, Upper: highest, Count: uint64(len(values))}}
	}
	histogram := make([]Bar, bars)
	width := (highest - lowest) / float64(bars)
	for k := range histogram {
		histogram[k].Lower = lowest + float64(k)*width
		histogram[k].Upper = lowest + float64(k+1)*width
	}
	histogram[bars-1].Upper = highest
	for _, value := range values {
		k := min(int((value-lowest)/width), bars-1)
		// The division may be off by one where a value is next to a border.
		if value < histogram[k].Lower {
			k--
		} else if k < bars-1 && value >= histogram[k].Upper {
			k++
		}
		histogram[k].Count++
	}
	return histogram
}
