package outputs

import (
	"penstock/model"
	"penstock/protocol"
	"penstock/quality"
)

// labels are each true or not. The answer is those whose probability is at or above
// their threshold; a value is 1 for each of them and 0 for the others, and the
// confidences are all labels' probabilities.
func labels() Kind {
	return Kind{
		Name: model.Labels, Task: "labels", View: "labels",
		Decide: func(o model.Output) Decider { return decideLabels(thresholds(o)) },
		Judge:  func(o model.Output) quality.Judge { return quality.NewLabelsJudge(o.Classes) },
		Format: func(o model.Output) protocol.Format { return protocol.LabelsFormat(o.Classes) },
	}
}

func thresholds(o model.Output) []float32 {
	from := make([]float32, o.Width)
	for i := range from {
		from[i] = 0.5
		if len(o.Thresholds) > 0 {
			from[i] = float32(o.Thresholds[i])
		}
	}
	return from
}

func decideLabels(from []float32) Decider {
	return func(rows int, scores []float32, stride int, into *Decided) {
		width := len(from)
		for row := range rows {
			own := scores[row*stride:][:width]
			values, confidences := into.Values[row*width:][:width], into.Confidences[row*width:][:width]
			for i, p := range own {
				values[i] = 0
				if p >= from[i] {
					values[i] = 1
				}
				confidences[i] = min(max(p, 0), 1)
			}
		}
	}
}
