package prepare

import "math"

// run writes a step's cells behind the first from cells.
func (s *Step) run(cells []float32, from int) {
	out := cells[from : from+len(s.Of)]
	for i, c := range s.Of {
		out[i] = cells[c]
	}
	switch s.Kind {
	case Lookup:
		s.lookup(out)
	case Normalise, Unit, Peak:
		normalise(out, s.Kind)
	case Scale:
		for i, x := range out {
			out[i] = float32(x-at(s.A, i)) * at(s.B, i)
		}
	case Impute:
		for i, x := range out {
			if a := at(s.A, i); x == a || x != x && a != a {
				out[i] = at(s.B, i)
			}
		}
	case Clip:
		for i, x := range out {
			if a, b := at(s.A, i), at(s.B, i); x < a {
				out[i] = a
			} else if x > b {
				out[i] = b
			}
		}
	default:
		for i, x := range out {
			out[i] = s.Kind.of(x, s, i)
		}
	}
}

// at is an entry for each cell, or the one for all.
func at(values []float32, i int) float32 {
	if len(values) == 1 {
		return values[0]
	}
	return values[i]
}

// of is an operation on x alone, or on x and a.
func (k Kind) of(x float32, s *Step, i int) float32 {
	if k == Truncate {
		return float32(math.Trunc(float64(x)))
	}
	a := at(s.A, i)
	switch k {
	case Add:
		return x + a
	case Subtract:
		return x - a
	case From:
		return a - x
	case Multiply:
		return x * a
	case Divide:
		return x / a
	case Under:
		return a / x
	case Equal:
		return one(x == a)
	}
	return one(x > a) // Greater
}

func one(holds bool) float32 {
	if holds {
		return 1
	}
	return 0
}

func (s *Step) lookup(out []float32) {
	for i, x := range out {
		out[i] = s.B[0]
		if x >= 0 && x < float32(len(s.A)) {
			out[i] = s.A[int(x)]
		}
	}
}

// normalise divides by a norm, which is summed in order.
func normalise(values []float32, kind Kind) {
	norm := float32(0)
	if kind == Peak && len(values) > 0 {
		norm = values[0]
	}
	for _, x := range values {
		switch kind {
		case Normalise:
			norm += size(x)
		case Unit:
			norm += float32(x * x)
		case Peak:
			norm = max(norm, x)
		}
	}
	if kind == Unit {
		norm = float32(math.Sqrt(float64(norm)))
	}
	if norm == 0 {
		return
	}
	for i := range values {
		values[i] /= norm
	}
}

func size(x float32) float32 { return float32(math.Abs(float64(x))) }

// apply finishes one row: from are the scores of the model behind.
func (f Finish) apply(to, from []float32) {
	switch f {
	case Complement:
		to[0], to[1] = 1-from[0], from[0]
	case Parts:
		copy(to, from)
		normalise(to, Normalise)
	}
}
