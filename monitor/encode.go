package monitor

import (
	"encoding/json"
	"fmt"
)

// encode cannot fail on frames whose floats are finite, as rates, shares and
// the sums of quality are.
func encode(frame any) (json.RawMessage, error) {
	encoded, err := json.Marshal(frame)
	if err != nil {
		return nil, fmt.Errorf("monitor: encoding a frame: %w", err)
	}
	return encoded, nil
}
