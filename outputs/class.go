package outputs

import (
	"math"

	"penstock/model"
	"penstock/protocol"
	"penstock/quality"
)

// class is one of several classes. The answer is that of the highest score, the
// first of them where several are, and its score is the confidence.
func class() Kind {
	return Kind{
		Name: model.Class, Task: "classification", View: "class",
		Decide: func(o model.Output) Decider {
			if o.Width == 1 {
				return decideOfTwo
			}
			return decideClass(o.Width)
		},
		Judge:  func(o model.Output) quality.Judge { return quality.NewClassJudge(o.Classes) },
		Sets:   classSets,
		Format: func(o model.Output) protocol.Format { return protocol.ClassFormat(o.Classes, o.Width) },
	}
}

func decideClass(width int) Decider {
	return func(rows int, scores []float32, stride int, into *Decided) {
		values, confidences := into.Values[:rows], into.Confidences[:rows]
		for row := range confidences {
			class, confidence := highest(scores[row*stride:][:width])
			values[row], confidences[row] = float32(class), min(max(confidence, 0), 1)
		}
	}
}

// decideOfTwo is for a class of two of which the score is the second's probability.
// At one half it is the first, as the first of the highest is elsewhere.
func decideOfTwo(rows int, scores []float32, stride int, into *Decided) {
	for row := range rows {
		p := min(max(scores[row*stride], 0), 1)
		into.Values[row], into.Confidences[row] = 0, 1-p
		if p > 0.5 {
			into.Values[row], into.Confidences[row] = 1, p
		}
	}
}

// highest returns the first of the highest scores, of which there is at least
// one. They are finite.
//
// Which class wins is what no processor can guess, so there is no branch. Above
// zero, the bits of floats have the order of the floats: with the index
// subtracted below them, the largest of these integers has class and score.
func highest(scores []float32) (class int, score float32) {
	const below = 31 // bits for the index, and one to spare above
	best := int64(math.MinInt64 / 2)
	for i, s := range scores {
		entry := int64(int32(math.Float32bits(s)))<<below - int64(i)
		ahead := best - entry
		best -= ahead & (ahead >> 63) // the larger of the two
	}
	if best <= 0 {
		return highestOfAny(scores)
	}
	class = int(-best & (1<<below - 1))
	return class, scores[class]
}

// highestOfAny is highest where no score is above zero, as an engine's may be
// that gives no probabilities.
func highestOfAny(scores []float32) (class int, score float32) {
	score = scores[0]
	for i, s := range scores {
		if s > score {
			class, score = i, s
		}
	}
	return class, score
}
