package command

import (
	"encoding"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"penstock/app/nearest"
)

// settings finds what a flag is set to that is not on the command line: by the
// environment, or else by the file of --config. It remembers where each came from.
type settings struct {
	file *configFile
	from map[*kong.Flag]string
}

func newSettings() *settings { return &settings{from: map[*kong.Flag]string{}} }

// Validate implements kong.Resolver.
func (s *settings) Validate(*kong.Application) error { return nil }

// Resolve implements kong.Resolver.
func (s *settings) Resolve(_ *kong.Context, parent *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		value, ok := os.LookupEnv(name)
		if !ok {
			continue
		}
		s.from[flag] = "environment " + name
		if isList(flag) {
			return commaSeparated(value), nil
		}
		if err := fits(flag, value); err != nil {
			return nil, fmt.Errorf("%s in the environment is %s: %w", name, repeated(flag, value), err)
		}
		return value, nil
	}
	value, ok := s.file.find(parent.Node(), flag)
	if !ok {
		return nil, nil //nolint:nilnil // kong's way to say that it is not set
	}
	s.from[flag] = fmt.Sprintf("file %s, line %d", s.file.path, value.line)
	return value.value, nil
}

// origin says where the value of a flag came from.
func (s *settings) origin(ctx *kong.Context, flag *kong.Flag) string {
	for _, p := range ctx.Path {
		if p.Flag == flag && !p.Resolved {
			return "flag"
		}
	}
	if from, ok := s.from[flag]; ok {
		return from
	}
	return "default"
}

func isList(flag *kong.Flag) bool { return flag.Target.Kind() == reflect.Slice }

// commaSeparated splits the value of a variable for a flag that may be repeated;
// \, is a comma within one of them. An empty variable is an empty list.
func commaSeparated(value string) []any {
	list := []any{}
	for _, part := range kong.SplitEscaped(value, ',') {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// fits tells whether a flag can have a value.
func fits(flag *kong.Flag, value string) error {
	scan := kong.Scan().PushTyped(value, kong.FlagValueToken)
	target := reflect.New(flag.Target.Type()).Elem()
	if target.Kind() == reflect.Pointer {
		target.Set(reflect.New(target.Type().Elem()))
	}
	if err := flag.Mapper.Decode(&kong.DecodeContext{Value: flag.Value, Scan: scan}, target); err != nil {
		return fmt.Errorf("expected %s", expected(flag))
	}
	if flag.Enum != "" && !flag.EnumMap()[value] {
		return fmt.Errorf("expected %s", expected(flag))
	}
	return nil
}

// expected says what a flag takes.
func expected(flag *kong.Flag) string {
	if flag.Enum != "" {
		return "one of " + strings.ReplaceAll(flag.Enum, ",", ", ")
	}
	target := flag.Target.Type()
	if target.Kind() == reflect.Pointer {
		target = target.Elem()
	}
	switch target {
	case reflect.TypeFor[time.Duration]():
		return "a time, such as 20s or 500ms"
	case reflect.TypeFor[timeSpan]():
		return "how long, such as 30d or 12h"
	case reflect.TypeFor[moment]():
		return "a time, such as 2026-03-14 or 2026-03-14T09:26:53Z"
	case reflect.TypeFor[slog.Level]():
		return "debug, info, warn or error"
	case reflect.TypeFor[byteSize]():
		return "a number of bytes, such as 1073741824, 512MiB or 2GiB"
	}
	switch target.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "a text, or a list of texts"
	}
	return "a text"
}

func readsText(target reflect.Type) bool {
	return reflect.PointerTo(target).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

const prefix = "PENSTOCK_"

// forTests are variables of this repository's tests, which also run the program.
var forTests = []string{"PENSTOCK_BENCH_ROLE", "PENSTOCK_BENCH_URL", "PENSTOCK_BINARY", "PENSTOCK_CHAOS", "PENSTOCK_CHAOS_LONG",
	"PENSTOCK_CLIENTS", "PENSTOCK_LIBRARIES", "PENSTOCK_MNIST", "PENSTOCK_OUTSIDE", "PENSTOCK_SOAK_SERVER", "PENSTOCK_SUITES"}

// kubernetes matches the variables that Kubernetes gives every container beside a
// service whose name begins with penstock. PENSTOCK_PORT=8080 is none of them, since
// theirs holds an address.
var kubernetes = regexp.MustCompile(`^PENSTOCK_(.+_)?(SERVICE_HOST=|SERVICE_PORT(_[A-Z0-9_]+)?=|PORT=(tcp|udp|sctp)://|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?=)`)

// checkEnvironment refuses variables that set nothing.
func checkEnvironment(app *kong.Application, environment []string) error {
	var known []string
	_ = kong.Visit(app, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok {
			known = append(known, flag.Envs...)
		}
		return next(nil)
	})
	for _, variable := range environment {
		name, _, _ := strings.Cut(variable, "=")
		if !strings.HasPrefix(name, prefix) || slices.Contains(known, name) || slices.Contains(forTests, name) || kubernetes.MatchString(variable) {
			continue
		}
		return fmt.Errorf("%s in the environment sets no flag; %s", name, nearestTo(name, known))
	}
	return nil
}

// repeated is a value in an error: not that of a secret.
func repeated(flag *kong.Flag, value string) string {
	if flag.Tag.Has("secret") {
		return "wrong"
	}
	return strconv.Quote(brief(value))
}

// brief is a value that may be long.
func brief(value string) string {
	if r := []rune(value); len(r) > 64 {
		return string(r[:64]) + "..."
	}
	return value
}

// synonyms are what other programs call it.
var synonyms = map[string]string{"port": "listen", "host": "listen", "address": "listen", "bind": "listen", "addr": "listen",
	"models": "model", "bundle": "model", "threads": "workers", "batch": "max-batch", "batch-size": "max-batch"}

// nearestTo names what is written most alike, or means the same.
func nearestTo(name string, known []string) string {
	word, ofEnvironment := strings.CutPrefix(name, prefix)
	if flag, ok := synonyms[strings.ToLower(strings.ReplaceAll(word, "_", "-"))]; ok {
		name = flag
		if ofEnvironment {
			name = prefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
		}
	}
	return "the nearest is " + nearest.Of(name, known)
}
