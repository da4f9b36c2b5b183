package main

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
)

var update = flag.Bool("update", false, "write README.md's tables of commands and flags")

var flagsSection = regexp.MustCompile(`(?s)(<!-- flags: [^\n]* -->\n).*(<!-- end of flags -->)`)

// TestReadmeCommands compares README.md's tables with the commands that there are,
// and the flags that serve has.
func TestReadmeCommands(t *testing.T) {
	parser, err := newParser(new(commands))
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	found := flagsSection.FindStringSubmatch(string(readme))
	if found == nil {
		t.Fatal("README.md has no section of flags")
	}
	want := found[1] + "\n" + commandsTable(parser) + "\n" + flagsTable(t, parser) + "\n" + found[2]
	if found[0] == want {
		return
	}
	if !*update {
		t.Errorf("README.md's tables are not those of the program; run: go test -run %s -update .\nexpected\n%s", t.Name(), want)
		return
	}
	text := strings.Replace(string(readme), found[0], want, 1)
	if err := os.WriteFile("README.md", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func commandsTable(parser *kong.Kong) string {
	var b strings.Builder
	b.WriteString("| command | what |\n|---|---|\n")
	for _, command := range parser.Model.Children {
		b.WriteString("| `" + command.Name + "` | " + command.Help + " |\n")
	}
	return b.String()
}

func flagsTable(t *testing.T, parser *kong.Kong) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("| flag of `serve` | default | what |\n|---|---|---|\n")
	for _, command := range parser.Model.Children {
		if command.Name != "serve" {
			continue
		}
		for _, f := range command.Flags {
			value := "–"
			if f.HasDefault {
				value = "`" + f.Default + "`"
			}
			b.WriteString("| `--" + f.Name + "` | " + value + " | " + strings.ReplaceAll(f.Help, "|", `\|`) + " |\n")
		}
		return b.String()
	}
	t.Fatal("there is no command serve")
	return ""
}

// TestReadmeClients runs the three clients in README.md as they stand there,
// with the address of a server that this test starts.
func TestReadmeClients(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	address := startServing(t)
	for language, run := range map[string]func() (program string, args []string, err error){
		"go":     func() (string, []string, error) { return "go", []string{"run"}, nil },
		"js":     func() (program string, args []string, err error) { program, err = nodeWithWebSocket(); return },
		"python": func() (program string, args []string, err error) { program, err = pythonWithWebsockets(); return },
	} {
		t.Run(language, func(t *testing.T) {
			program, args, err := run()
			if err != nil {
				missing(t, "%v", err)
			}
			block := regexp.MustCompile("(?s)\n```" + language + "\n(.*?)\n```\n").FindSubmatch(readme)
			if block == nil {
				t.Fatal("README.md has no such block")
			}
			source := strings.ReplaceAll(string(block[1]), "127.0.0.1:8080", address)
			file := filepath.Join(t.TempDir(), "client."+language)
			if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			out, err := exec.CommandContext(ctx, program, append(args, file)...).CombinedOutput()
			if err != nil || !strings.Contains(string(out), "prediction ") {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}
