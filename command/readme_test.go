package command

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
		t.Errorf("README.md's tables are not those of the program; run: go test ./command -run %s -update\nexpected\n%s", t.Name(), want)
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

// alone makes a program without arguments of its own.
func alone(find func() (string, error)) func() (string, []string, error) {
	return func() (program string, args []string, err error) {
		program, err = find()
		return program, nil, err
	}
}

// nodeWithoutWebSocket is a Node.js that has the package ws and no WebSocket of
// its own, as before version 22; a later one is made to be like that.
func nodeWithoutWebSocket() (program string, args []string, err error) {
	if program, err = nodeWithWS(); err != nil {
		return program, nil, err
	}
	const withdrawn = "--no-experimental-websocket"
	if _, err := firstThatRuns([]string{program}, withdrawn, "--version"); err == nil {
		args = []string{withdrawn}
	}
	return program, args, nil
}

// TestReadmeClients runs the clients in README.md as they stand there, with the
// address of a server that this test starts.
func TestReadmeClients(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	modules, err := filepath.Abs("ci/node/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("NODE_PATH", modules)
	address := startServing(t)
	for _, test := range []struct {
		name, language, printed string
		run                     func() (program string, args []string, err error)
	}{
		{"Go", "go", "prediction 1 ", func() (string, []string, error) { return "go", []string{"run"}, nil }},
		{"Node.js", "js", "1 prediction 1 ", alone(nodeWithWebSocket)},
		{"Node.js and ws", "js", "1 prediction 1 ", nodeWithoutWebSocket},
		{"Python", "python", "a-1 prediction 1 ", alone(pythonWithWebsockets)},
	} {
		t.Run(test.name, func(t *testing.T) {
			program, args, err := test.run()
			if err != nil {
				missing(t, "%v", err)
			}
			block := regexp.MustCompile("(?s)\n```" + test.language + "\n(.*?)\n```\n").FindSubmatch(readme)
			if block == nil {
				t.Fatal("README.md has no such block")
			}
			source := strings.ReplaceAll(string(block[1]), "127.0.0.1:8080", address)
			file := filepath.Join(t.TempDir(), "client."+test.language)
			if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			out, err := exec.CommandContext(ctx, program, append(args, file)...).CombinedOutput()
			if err != nil || !strings.Contains(string(out), test.printed) {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}
