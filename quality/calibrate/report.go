package calibrate

import (
	"math"

	"penstock/quality/fair"
)

// Report is how well calibrated the rows of the window are.
type Report struct {
	Rows int
	// RawECE and ECE are the expected calibration errors of the confidences that the
	// model gave, and with the calibrator in force, over 15 equally wide bins (Guo et
	// al. 2017, equation 3). Floor is what ECE would be on average if the confidences
	// shown were right: the mean of half-normal distances, one a bin.
	RawECE, ECE, Floor float64
	// Z is Spiegelhalter's of the confidences shown (Probabilistic prediction in patient
	// management and clinical trials, Statistics in Medicine 1986): of a calibrated
	// model it is a standard normal number.
	Z float64
	// Gap is the mean confidence shown less the share that was right.
	Gap float64
	// CappedZ and CappedGap are Z and Gap with the weights of a fit: nobody has more
	// than 5 % of them. Alerts are to look at these.
	CappedZ, CappedGap float64
}

const binCount = 15

type bin struct{ confidence, right, variance float64 }

type bins [binCount]bin

// eceAndFloor are those of n rows.
func (all *bins) eceAndFloor(n float64) (ece, floor float64) {
	for _, b := range all {
		ece += math.Abs(b.confidence - b.right)
		floor += math.Sqrt(2 / math.Pi * b.variance)
	}
	return ece / n, floor / n
}

func (all *bins) add(p, y float64) {
	at := &all[min(int(float32(p)*binCount), binCount-1)]
	at.confidence += p
	at.right += y
	at.variance += p * (1 - p)
}

// Report describes the window; all of it is 0 without rows.
func (f *Fitter) Report() Report {
	n := len(f.rows)
	if n == 0 {
		return Report{}
	}
	f.load()
	var raw, shown bins
	var plain, capped spiegelhalter
	i := -1
	f.seats.Each(func(one fair.Row) {
		r := &f.rows[one.Place]
		i++
		y := 0.0
		if r.right {
			y = 1
		}
		raw.add(float64(r.p), y)
		p := float64(f.current.Apply(r.p))
		shown.add(p, y)
		plain.add(p, y, 1)
		capped.add(p, y, f.work.weight[i])
	})
	report := Report{Rows: n}
	report.RawECE, _ = raw.eceAndFloor(float64(n))
	report.ECE, report.Floor = shown.eceAndFloor(float64(n))
	report.Z, report.Gap = plain.z(), plain.gap()
	report.CappedZ, report.CappedGap = capped.z(), capped.gap()
	return report
}

// spiegelhalter adds up the terms of the statistic.
type spiegelhalter struct{ excess, variance, apart, weights float64 }

func (s *spiegelhalter) add(p, y, w float64) {
	s.excess += w * (y - p) * (1 - 2*p)
	s.variance += w * w * (1 - 2*p) * (1 - 2*p) * p * (1 - p)
	s.apart += w * (p - y)
	s.weights += w
}

func (s *spiegelhalter) z() float64 {
	if s.variance == 0 {
		return 0
	}
	return s.excess / math.Sqrt(s.variance)
}

func (s *spiegelhalter) gap() float64 { return s.apart / s.weights }
