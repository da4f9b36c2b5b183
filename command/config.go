package command

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"
)

// configFlag names a YAML file with flags: those of serve at the top, those of
// another command below its name.
type configFlag string

// BeforeResolve reads the file, in time for what it sets.
func (configFlag) BeforeResolve(app *kong.Kong, ctx *kong.Context, trace *kong.Path, s *settings) error {
	path := string(ctx.FlagValue(trace.Flag).(configFlag)) //nolint:forcetypeassert // the type of this flag
	if path == "" {
		return nil // PENSTOCK_CONFIG is empty
	}
	var err error
	s.file, err = readConfig(path, app.Model)
	return err
}

// configFile is what a file sets, by command and flag.
type configFile struct {
	path   string
	values map[string]map[string]configValue
}

type configValue struct {
	value any // string, or []any of strings
	line  int
}

// serving is the command whose flags stand at the top of a file.
const serving = "serve"

func readConfig(path string, app *kong.Application) (*configFile, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the file that the user names
	if err != nil {
		return nil, fmt.Errorf("--config: %w", err)
	}
	f := &configFile{path: path, values: map[string]map[string]configValue{}}
	if err := f.read(text, app); err != nil {
		return nil, fmt.Errorf("--config %s: %w", path, err)
	}
	return f, nil
}

func (f *configFile) read(text []byte, app *kong.Application) error {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var document yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return nil // empty
	} else if err != nil {
		return err
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return errors.New("holds more than one document; leave one")
	}
	top := document.Content[0]
	if top.Tag == "!!null" {
		return nil // nothing but comments
	}
	sections := map[string]map[string]*kong.Flag{}
	for _, command := range app.Children {
		if flags := configurable(command); len(flags) > 0 && command.Name != "check" { // which has the flags of serve
			sections[command.Name] = flags
		}
	}
	return f.section(serving, "", top, sections)
}

// configurable are the flags of a command that a file may set.
func configurable(command *kong.Node) map[string]*kong.Flag {
	flags := map[string]*kong.Flag{}
	for _, flag := range command.Flags {
		if len(flag.Envs) > 0 {
			flags[flag.Name] = flag
		}
	}
	return flags
}

// section reads a map of flags of a command. Path is the names of the maps that it
// is in, which begin the names of its flags.
func (f *configFile) section(command, path string, node *yaml.Node, sections map[string]map[string]*kong.Flag) error {
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: expected flags, such as listen: 127.0.0.1:8080", node.Line)
	}
	flags, seen := sections[command], map[string]int{}
	for i := 0; i < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" || value.Kind == yaml.AliasNode {
			return fmt.Errorf("line %d: anchors, merges and keys that are not names are not read; write each flag out", key.Line)
		}
		if first := seen[key.Value]; first != 0 {
			return fmt.Errorf("line %d: %s stands twice, first on line %d", key.Line, key.Value, first)
		}
		seen[key.Value] = key.Line
		name := path + key.Value
		var err error
		switch flag := flags[name]; {
		case path == "" && command == serving && sections[key.Value] != nil && flag == nil:
			err = f.section(key.Value, "", value, sections)
		case value.Kind == yaml.MappingNode && begins(flags, name+"-"):
			err = f.section(command, name+"-", value, sections)
		case flag == nil:
			err = fmt.Errorf("line %d: %s is no flag of %s; %s", key.Line, name, command, advice(command, name, sections))
		default:
			err = f.set(command, flag, key.Line, value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func begins(flags map[string]*kong.Flag, prefix string) bool {
	for name := range flags {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// advice says where a flag would stand, or what it may be meant for.
func advice(command, name string, sections map[string]map[string]*kong.Flag) string {
	var known, others []string
	for other, flags := range sections {
		if flags[name] != nil {
			others = append(others, other)
		}
	}
	slices.Sort(others)
	if len(others) > 0 {
		return fmt.Sprintf("it is one of %s: put it below that name", strings.Join(others, " and of "))
	}
	for flag := range sections[command] {
		known = append(known, flag)
	}
	slices.Sort(known)
	return nearestTo(name, known)
}

// set takes the value of a flag.
func (f *configFile) set(command string, flag *kong.Flag, line int, node *yaml.Node) error {
	flags := f.values[command]
	if flags == nil {
		flags = map[string]configValue{}
		f.values[command] = flags
	}
	if first, ok := flags[flag.Name]; ok {
		return fmt.Errorf("line %d: %s stands twice, first on line %d", line, flag.Name, first.line)
	}
	value, err := configured(flag, node)
	if err != nil {
		return fmt.Errorf("line %d: %s: %w", node.Line, flag.Name, err)
	}
	flags[flag.Name] = configValue{value, line}
	return nil
}

// configured is the value of a flag as kong takes it.
func configured(flag *kong.Flag, node *yaml.Node) (any, error) {
	if !isList(flag) {
		return scalar(flag, node)
	}
	if node.Kind != yaml.SequenceNode {
		value, err := scalar(flag, node)
		return []any{value}, err
	}
	list := []any{}
	for _, entry := range node.Content {
		value, err := scalar(flag, entry)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	return list, nil
}

func scalar(flag *kong.Flag, node *yaml.Node) (string, error) {
	if node.Kind != yaml.ScalarNode {
		return "", fmt.Errorf("expected %s; found %s", expected(flag), kindOf(node))
	}
	if !suits(flag, node.Tag) {
		return "", fmt.Errorf("expected %s; found %s", expected(flag), found(flag, node))
	}
	if isList(flag) {
		return node.Value, nil
	}
	if err := fits(flag, node.Value); err != nil {
		return "", fmt.Errorf("%w; found %s", err, found(flag, node))
	}
	return node.Value, nil
}

// suits tells whether a flag takes what YAML reads a value as. A text may look like
// a number: it is taken as it is written.
func suits(flag *kong.Flag, tag string) bool {
	target := flag.Target.Type()
	if target.Kind() == reflect.Pointer {
		target = target.Elem()
	}
	switch {
	case target == reflect.TypeFor[time.Duration](), readsText(target):
		return tag == "!!str" || tag == "!!int" // what has no unit is refused by its reader
	case target.Kind() == reflect.Bool:
		return tag == "!!bool"
	case target.Kind() == reflect.Int, target.Kind() == reflect.Int64:
		return tag == "!!int"
	case target.Kind() == reflect.Float64:
		return tag == "!!int" || tag == "!!float"
	}
	return tag != "!!null" && tag != "!!bool"
}

func kindOf(node *yaml.Node) string {
	switch node.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "a map"
	}
	return "an alias"
}

func found(flag *kong.Flag, node *yaml.Node) string {
	if node.Tag == "!!null" {
		return "nothing"
	}
	if node.Tag == "!!str" {
		return "the text " + repeated(flag, node.Value)
	}
	return repeated(flag, node.Value)
}

// find is what the file says of a flag of a command. What check checks is what serve
// would use, and health asks where serve would listen, and by TLS where serve would.
func (f *configFile) find(command *kong.Node, flag *kong.Flag) (configValue, bool) {
	if f == nil || command.Type == kong.ApplicationNode {
		return configValue{}, false
	}
	name := command.Name
	if name == "check" {
		name = serving
	}
	if value, ok := f.values[name][flag.Name]; ok {
		return value, true
	}
	if name == "health" && (flag.Name == "listen" || flag.Name == "tls-cert") {
		value, ok := f.values[serving][flag.Name]
		return value, ok
	}
	return configValue{}, false
}
