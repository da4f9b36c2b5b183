package command

import (
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"

	"penstock/app"
)

// print writes what is in force as a file for --config. What no flag gives, and the
// machine does, is in comments.
func (c serveCmd) printConfig(w io.Writer, ctx *kong.Context, s *settings) error {
	options, err := c.options()
	if err != nil {
		return err
	}
	if err := options.Validate(); err != nil {
		return err
	}
	var b strings.Builder
	for _, flag := range ctx.Selected().Flags {
		if len(flag.Envs) == 0 {
			continue // it sets nothing that lasts
		}
		from := s.origin(ctx, flag)
		value, err := printed(flag)
		if err != nil {
			return err
		}
		line := flag.Name + ": " + value
		switch {
		case value == "":
			line = strings.TrimSpace("# " + line + madeOut(flag.Name, options))
		case flag.Tag.Has("secret"):
			line = "# " + flag.Name + ": " + secret(flag)
		}
		fmt.Fprintf(&b, "%-40s # %s\n", line, from)
	}
	_, err = io.WriteString(w, b.String())
	return err
}

// madeOut is what the program makes out by itself for a flag that is not set.
func madeOut(flag string, options app.Options) string {
	switch flag {
	case "workers":
		return strconv.Itoa(options.WorkersOfEach())
	case "echo":
		return strconv.FormatBool(options.ServesEcho())
	case "max-per-address":
		return strconv.Itoa(options.PerAddress())
	case "memory-limit":
		if bytes, from, err := app.MemoryFound(); err == nil {
			return fmt.Sprintf("%dMiB (%s)", bytes>>20, from)
		}
	}
	return ""
}

// printed is a flag's value as YAML; empty for one that is not set.
func printed(flag *kong.Flag) (string, error) {
	target := flag.Target
	if target.Kind() == reflect.Pointer {
		if target.IsNil() {
			return "", nil
		}
		target = target.Elem()
	}
	if target.IsZero() && !flag.HasDefault && target.Kind() != reflect.Bool || flag.Name == "max-per-address" && target.IsZero() {
		return "", nil
	}
	var value any
	switch target.Kind() {
	case reflect.Slice:
		list := make([]string, target.Len())
		for i := range list {
			list[i] = target.Index(i).String()
		}
		value = list
	case reflect.Bool:
		value = target.Bool()
	case reflect.Float64:
		value = target.Float()
	case reflect.String:
		value = target.String()
	default: // times, sizes and levels write themselves
		return fmt.Sprint(target.Interface()), nil
	}
	var node yaml.Node
	if err := node.Encode(value); err != nil {
		return "", err
	}
	node.Style = yaml.FlowStyle
	text, err := yaml.Marshal(&node)
	return strings.TrimSuffix(string(text), "\n"), err
}

// secret is what is shown of a flag that lets others in. A type may show a part of
// itself, such as the host of an address.
func secret(flag *kong.Flag) string {
	shown := "set"
	if part, ok := flag.Target.Interface().(fmt.Stringer); ok {
		shown = part.String()
	}
	return shown + ", and left out here, being secret"
}
