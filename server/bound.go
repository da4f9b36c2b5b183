package server

import "penstock/protocol"

// replyBound returns how many bytes the reply to a request has at most.
func (m *servedModel) replyBound(r *request) int {
	if r.binary {
		outputs := 0
		if r.scores {
			outputs = m.outputs
		}
		return protocol.BinaryReplyLength(r.Rows, outputs)
	}
	return m.format.MaxLength(protocol.ReplyShape{
		IDLength: len(r.id), Rows: r.Rows, Many: r.many, Outputs: m.outputs,
		Scores: r.scores, Top: r.topK, Timing: r.timing,
	})
}
