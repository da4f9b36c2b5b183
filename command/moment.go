package command

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// moment is a flag's time: 2026-03-14, which begins at midnight UTC, or
// 2026-03-14T09:26:53Z.
type moment time.Time

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *moment) UnmarshalText(text []byte) error {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if at, err := time.Parse(layout, string(text)); err == nil && at.Year() > 1900 && at.Year() < 2200 {
			*m = moment(at)
			return nil
		}
	}
	return fmt.Errorf("%q: expected a time, such as 2026-03-14 or 2026-03-14T09:26:53Z", text)
}

// timeSpan is a flag's time in days, or as others are: 30d, 12h.
type timeSpan time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *timeSpan) UnmarshalText(text []byte) error {
	if number, ok := strings.CutSuffix(string(text), "d"); ok {
		days, err := strconv.ParseFloat(number, 64)
		if span := days * float64(24*time.Hour); err == nil && span > 0 && span < math.MaxInt64 {
			*s = timeSpan(span)
			return nil
		}
	} else if span, err := time.ParseDuration(string(text)); err == nil && span > 0 {
		*s = timeSpan(span)
		return nil
	}
	return fmt.Errorf("%q: expected how long, such as 30d or 12h", text)
}

// String is the span as a flag has it.
func (s timeSpan) String() string {
	if d := time.Duration(s); d%(24*time.Hour) != 0 {
		return d.String()
	}
	return strconv.Itoa(int(time.Duration(s)/(24*time.Hour))) + "d"
}
