package command

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// span is a flag's time that may be long: 30d, 12h, 90m.
type span time.Duration

// longestSpan is a century.
const longestSpan = 100 * 365 * 24 * time.Hour

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *span) UnmarshalText(text []byte) error {
	if days, ok := strings.CutSuffix(string(text), "d"); ok {
		if n, err := strconv.ParseFloat(days, 64); err == nil && n > 0 && n*24 <= longestSpan.Hours() {
			*s = span(n * 24 * float64(time.Hour))
			return nil
		}
	} else if d, err := time.ParseDuration(string(text)); err == nil && d > 0 && d <= longestSpan {
		*s = span(d)
		return nil
	}
	return fmt.Errorf("%q: expected a time, such as 30d, 12h or 90m", text)
}
