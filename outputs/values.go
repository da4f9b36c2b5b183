package outputs

import (
	"penstock/model"
	"penstock/protocol"
	"penstock/quality"
)

// values are numbers: a regression of one or more. They are the answer, and come
// without a confidence.
func values() Kind {
	return Kind{
		Name: model.Values, Task: "regression", View: "values",
		Decide: func(o model.Output) Decider { return decideValues(o.Width) },
		Judge:  func(o model.Output) quality.Judge { return quality.NewValuesJudge(o.Width) },
		Sets:   intervals,
		Format: func(o model.Output) protocol.Format { return protocol.ValuesFormat(o.Width) },
	}
}

func decideValues(width int) Decider {
	return func(rows int, scores []float32, stride int, into *Decided) {
		into.Confidences = into.Confidences[:0]
		if stride == width {
			copy(into.Values, scores[:rows*width])
			return
		}
		for row := range rows {
			copy(into.Values[row*width:][:width], scores[row*stride:])
		}
	}
}
