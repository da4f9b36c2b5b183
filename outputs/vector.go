package outputs

import (
	"penstock/model"
	"penstock/protocol"
	"penstock/quality"
)

// vector is an embedding. It is answered as the scores are, and there is no true one
// to compare it with: nothing is decided, and nothing remembered.
func vector() Kind {
	return Kind{
		Name: model.Vector, Task: "vector", View: "vector",
		Decide: func(model.Output) Decider {
			return func(_ int, _ []float32, _ int, into *Decided) { into.Confidences = into.Confidences[:0] }
		},
		Judge:  func(model.Output) quality.Judge { return quality.NewNoJudge() },
		Format: func(o model.Output) protocol.Format { return protocol.VectorFormat(o.Width) },
	}
}
