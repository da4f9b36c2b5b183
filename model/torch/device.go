package torch

import (
	"fmt"
	"strconv"
	"strings"
)

// cpu is libtch's number for the processor; cards are numbered from 0.
const cpu = -1

// parseDevice turns "cpu" or "cuda:N" into libtch's number.
func parseDevice(name string) (int, error) {
	if name == "cpu" {
		return cpu, nil
	}
	if digits, ok := strings.CutPrefix(name, "cuda:"); ok {
		if n, err := strconv.ParseUint(digits, 10, 7); err == nil {
			return int(n), nil
		}
	}
	return 0, &OptionError{Field: "device", Problem: fmt.Sprintf("is %q; expected \"cpu\" or \"cuda:N\", such as \"cuda:0\"", name)}
}
