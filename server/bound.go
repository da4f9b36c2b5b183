package server

// PLACEHOLDER until merge
func (m *servedModel) replyBound(r *request) int {
	if r.binary {
		n := 24 + 8*r.Rows
		if r.scores {
			n += 4 * r.Rows * m.spec.Outputs()
		}
		return n
	}
	longest := 24
	for _, c := range m.spec.Classes {
		longest = max(longest, 6*len(c)+2)
	}
	n := 300 + len(r.id) + r.Rows*(longest+26)
	if r.scores {
		n += r.Rows * (m.spec.Outputs()*25 + 3)
	}
	if r.topK > 0 {
		n += r.Rows * (min(r.topK, m.spec.Outputs())*(longest+25+26) + 3)
	}
	return n
}
