package command

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// checkLimits compares the flags of the command that is to run with the limits in
// their tags: atleast, above and atmost. The rooms have checks of their own, which
// name their options; whoever types a flag is told of the flag.
func checkLimits(ctx *kong.Context, s *settings) error {
	for _, path := range ctx.Path {
		for _, flag := range path.Flags {
			if err := checkLimit(flag); err != nil {
				if from := s.origin(ctx, flag); from != "flag" {
					return fmt.Errorf("%w (from %s)", err, from)
				}
				return err
			}
		}
	}
	return nil
}

func checkLimit(flag *kong.Flag) error {
	value, ok := number(flag.Target)
	if !ok {
		return nil
	}
	atleast, above, atmost := flag.Tag.Get("atleast"), flag.Tag.Get("above"), flag.Tag.Get("atmost")
	within := !math.IsNaN(value) && !math.IsInf(value, 0)
	var want []string
	if atleast != "" {
		within = within && value >= limit(atleast)
		want = append(want, "at least "+atleast)
	}
	if above != "" {
		within = within && value > limit(above)
		want = append(want, "more than "+above)
	}
	if atmost != "" {
		within = within && value <= limit(atmost)
		want = append(want, "at most "+atmost)
	}
	if within {
		return nil
	}
	return fmt.Errorf("--%s %v: expected %s", flag.Name, reflect.Indirect(flag.Target), strings.Join(want, " and "))
}

// number is the value of a flag that holds a number or a time; ok is false for
// others, and for one that is not set.
func number(target reflect.Value) (value float64, ok bool) {
	if target.Kind() == reflect.Pointer {
		if target.IsNil() {
			return 0, false
		}
		target = target.Elem()
	}
	switch {
	case readsText(target.Type()):
		return 0, false
	case target.CanInt():
		return float64(target.Int()), true
	case target.CanFloat():
		return target.Float(), true
	}
	return 0, false
}

// limit reads a tag: a number, or a time.
func limit(tag string) float64 {
	if f, err := strconv.ParseFloat(tag, 64); err == nil {
		return f
	}
	d, err := time.ParseDuration(tag)
	if err != nil {
		panic("limit " + tag) // of a tag in this package; a test reads them all
	}
	return float64(d)
}
