package command

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// byteSize is a flag's number of bytes: 1073741824, 512MiB, 2GiB.
type byteSize int64

var byteUnits = []struct {
	suffix string
	bytes  float64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"", 1}}

// UnmarshalText implements encoding.TextUnmarshaler.
func (b *byteSize) UnmarshalText(text []byte) error {
	for _, unit := range byteUnits {
		number, ok := strings.CutSuffix(string(text), unit.suffix)
		if !ok {
			continue
		}
		f, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if bytes := f * unit.bytes; err == nil && bytes >= 1 && bytes <= math.MaxInt64/2 {
			*b = byteSize(bytes)
			return nil
		}
		break
	}
	return fmt.Errorf("%q: expected a number of bytes, such as 1073741824, 512MiB or 2GiB", text)
}
