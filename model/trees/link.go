package trees

import "math"

var links = []LinkKind{LinkNone, LinkSigmoid, LinkSoftmax, LinkExp, LinkSoftplus, LinkSquare, LinkStep, LinkProbit, LinkNegative, LinkHalving, LinkParts}

// scores writes a row's scores: its sums through the link. Float32 sums take each
// step in float32, as XGBoost does, and float64 sums are rounded once, at the end.
func scores[F float](l Link, scores []float32, row []F, temperature float64) {
	switch l.Kind {
	case LinkSigmoid:
		slope := F(1)
		if l.Slope != 0 {
			slope = F(l.Slope)
		}
		for i, x := range row {
			if l.Slope != 0 {
				x *= slope
			}
			scores[i] = float32(sigmoid(temper(x, temperature)))
		}
	case LinkSoftmax:
		for i, x := range row {
			row[i] = temper(x, temperature)
		}
		softmax(row)
		for i, x := range row {
			scores[i] = float32(x)
		}
	case LinkParts:
		total := F(0)
		for _, x := range row {
			total += x
		}
		if total == 0 {
			total = 1
		}
		for i, x := range row {
			scores[i] = float32(x / total)
		}
	default:
		for i, x := range row {
			scores[i] = float32(l.one(float64(x)))
		}
	}
}

// one is a link that needs no other score. Each is one function of a library, which
// rounds once.
func (l Link) one(x float64) float64 {
	switch l.Kind {
	case LinkExp:
		return math.Exp(x)
	case LinkSoftplus:
		if x > 0 { // e⁻ˣ does not overflow
			return x + math.Log1p(math.Exp(-x))
		}
		return math.Log1p(math.Exp(x))
	case LinkSquare:
		return math.Copysign(float64(x*x), x)
	case LinkStep:
		if x > 0 {
			return 1
		}
		return 0
	case LinkProbit:
		return math.Erfc(-x/math.Sqrt2) / 2
	case LinkNegative:
		return -x
	case LinkHalving:
		return math.Exp2(-x)
	}
	return x
}

func temper[F float](x F, temperature float64) F {
	if temperature == 1 {
		return x
	}
	return F(float64(x) / temperature)
}

// exp of a float32 is the float32 next to it, as that of the C library nearly
// always is.
func exp[F float](x F) F { return F(math.Exp(float64(x))) }

// largest is XGBoost's: the exponent above which e would be no float32.
const largest = 88.7

func sigmoid[F float](x F) F {
	x = -x
	if _, single := any(x).(float32); single && x > largest {
		x = F(float32(largest))
	}
	return 1 / (exp(x) + 1)
}

// softmax subtracts the largest logit first, so that nothing overflows.
func softmax[F float](row []F) {
	top := row[0]
	for _, x := range row[1:] {
		top = max(top, x)
	}
	total := 0.0
	for i, x := range row {
		row[i] = exp(x - top)
		total += float64(row[i])
	}
	for i, x := range row {
		row[i] = x / F(total)
	}
}
