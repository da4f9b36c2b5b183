package monitor

import (
	"encoding/json"
	"slices"

	"penstock/protocol"
)

// History returns the history frame: all metrics kept, oldest first. It is
// encoded for the first who asks and shared by all who ask before the next
// tick; nobody may change it.
func (s *State) History() json.RawMessage {
	s.once.Do(func() {
		points := make([]json.RawMessage, len(s.frames))
		for i, f := range s.frames {
			points[i] = f.Encoded
		}
		// Points are JSON that encode made, so that this cannot fail.
		s.history, _ = json.Marshal(protocol.History{Type: "history", Points: points})
	})
	return s.history
}

// HistoryAs is History with every frame as show shows it, for those who may not see
// all. It is encoded for each who asks.
func (s *State) HistoryAs(show func(Update) []byte) json.RawMessage {
	points := make([]json.RawMessage, len(s.frames))
	for i, f := range s.frames {
		points[i] = show(f)
	}
	return protocol.Encode(protocol.History{Type: "history", Points: points})
}

// Since returns what was published after the tick seq, in its order, for a
// client that comes back and names the last it saw. It reports false, and
// nothing else, where that cannot be told without a gap: seq is older than the
// frames or alerts kept, or from a later tick than the newest, hence from an
// earlier run of the server. The client then needs History.
func (s *State) Since(seq uint64) (missed []Update, ok bool) {
	if seq > s.seq || s.seq-seq > uint64(len(s.frames)) {
		return nil, false
	}
	alerts := after(s.alerts, seq)
	if len(alerts) == keptAlerts && s.raised > keptAlerts {
		return nil, false
	}
	missed = slices.Concat(alerts, after(s.frames, seq))
	slices.SortStableFunc(missed, func(a, b Update) int { return int(a.Seq) - int(b.Seq) })
	return missed, true
}

func after(list []Update, seq uint64) []Update {
	i, _ := slices.BinarySearchFunc(list, seq+1, func(u Update, seq uint64) int { return int(u.Seq) - int(seq) })
	return list[i:]
}
