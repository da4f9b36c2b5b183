package client

import (
	"encoding/json"
	"fmt"

	"penstock/protocol"
)

// readFrame reads one message of a dashboard. What is no frame but concerns the
// client is in told; both are nil for a kind that it does not know.
func readFrame(b []byte) (frame *Frame, t *told, err error) {
	var kind struct{ Type string }
	if err = json.Unmarshal(b, &kind); err == nil {
		switch kind.Type {
		case "history":
			frame = &Frame{History: new(protocol.History)}
			err = json.Unmarshal(b, frame.History)
		case "metrics":
			frame = &Frame{Metrics: new(protocol.Metrics)}
			err = json.Unmarshal(b, frame.Metrics)
		case "alert":
			frame = &Frame{Alert: new(protocol.Alert)}
			err = json.Unmarshal(b, frame.Alert)
		case "notice", "auth_ok", "error":
			t = readTold(b)
		}
	}
	if err != nil {
		return nil, nil, fmt.Errorf("the server sent what is not a dashboard frame: %w", err)
	}
	return frame, t, nil
}
