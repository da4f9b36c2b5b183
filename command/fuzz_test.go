package command

import (
	"strings"
	"testing"
)

// FuzzConfig reads a file of flags: it is refused with words, or what it sets are flags
// that a file may set, each once.
func FuzzConfig(f *testing.F) {
	for _, text := range []string{
		"listen: 127.0.0.1:9000\nmax-batch: 32\nalert: {latency-ms: 200, cpu: 5.5}\nmodel: [a, b]\nload:\n  rate: 5\necho: true\ndrain-timeout: 20s\nmemory-limit: 3GiB\n",
		"listn: x", "load: 5", "listen: [a]", "listen: {a: b}", "max-batch: 5\nmax-batch: 5", "alert-cpu: 5\nalert: {cpu: 5}", "serve: {window: 9}\nwindow: 9", "- a", "", "# nothing", "null",
		"max: &a {batch: *a}", "a: &a [*a]", "<<: {listen: x}", "? [a]\n: b", "a: [", "window: 5\n---\nwindow: 6", "auth: token\njwt-secret-file: [a]\nroles: r", "\x00", "listen: !!binary aGk=",
	} {
		f.Add(text)
	}
	parser, err := newParser(new(commands))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		file := &configFile{path: "penstock.yaml", values: map[string]map[string]configValue{}}
		if err := file.read([]byte(text), parser.Model); err != nil {
			if err.Error() == "" || strings.Contains(err.Error(), "runtime error") {
				t.Errorf("%q: %q", text, err)
			}
			return
		}
		for _, command := range parser.Model.Children {
			known := configurable(command)
			for name := range file.values[command.Name] {
				if known[name] == nil {
					t.Errorf("%q sets %s of %s", text, name, command.Name)
				}
			}
		}
	})
}
