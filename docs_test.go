package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"penstock/protocol"
)

// These tests keep the documents true to the code.

func readDocument(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestDocumentedErrorCodes(t *testing.T) {
	var rows, names []string
	for _, code := range protocol.Codes() {
		retryable := "no"
		if code.Retryable() {
			retryable = "yes"
		}
		names = append(names, code.String())
		rows = append(rows, fmt.Sprintf("`%s` | %d | %s | %d", code, code, retryable, code.Status()))
	}
	documented := submatches(readDocument(t, "docs/protocol.md"), "(?m)^\\| (`[a-z_]+` \\| \\d+ \\| (?:yes|no) \\| \\d{3}) \\|")
	if !slices.Equal(documented, rows) {
		t.Errorf("docs/protocol.md has the error codes\n%s\nexpected\n%s", strings.Join(documented, "\n"), strings.Join(rows, "\n"))
	}
	_, schema, _ := strings.Cut(readDocument(t, "docs/asyncapi.yaml"), "\n    ErrorCode:\n")
	schema, _, _ = strings.Cut(schema, "\n\n")
	if enum := submatches(schema, `(?m)^ +- (\w+)$`); !slices.Equal(enum, names) {
		t.Errorf("docs/asyncapi.yaml has the error codes %q; expected %q", enum, names)
	}
}

// TestDocumentedProblems checks the table of what plain HTTP is told.
func TestDocumentedProblems(t *testing.T) {
	var rows []string
	for code, statuses := range protocol.ProblemCodes() {
		rows = append(rows, fmt.Sprintf("`%s` | %s", code, strings.Trim(strings.ReplaceAll(fmt.Sprint(statuses), " ", ", "), "[]")))
	}
	slices.Sort(rows)
	documented := submatches(readDocument(t, "docs/protocol.md"), "(?m)^\\| (`[a-z_]+` \\| \\d{3}(?:, \\d{3})*) \\|")
	if !slices.Equal(documented, rows) {
		t.Errorf("docs/protocol.md has the problems\n%s\nexpected\n%s", strings.Join(documented, "\n"), strings.Join(rows, "\n"))
	}
}

func submatches(text, pattern string) []string {
	var all []string
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	return all
}

// TestDocumentedFields checks that the AsyncAPI document knows every field of
// the messages that have a Go type, and no other.
func TestDocumentedFields(t *testing.T) {
	document := readDocument(t, "docs/asyncapi.yaml")
	for schema, message := range map[string]any{
		"Hello": protocol.Hello{}, "Notice": protocol.Notice{}, "AuthOK": protocol.AuthOK{},
		"Metrics": protocol.Metrics{}, "ModelMetrics": protocol.ModelMetrics{}, "Alert": protocol.Alert{},
		"Quality": protocol.Quality{}, "QualityRange": protocol.QualityRange{}, "FiringAlert": protocol.FiringAlert{},
		"Latency": protocol.Latency{}, "QueueLatency": protocol.QueueLatency{},
		"History": protocol.History{}, "Note": protocol.Note{}, "Typing": protocol.Typing{}, "Presence": protocol.Presence{},
	} {
		_, text, found := strings.Cut(document, "\n    "+schema+":\n")
		if !found {
			t.Errorf("no schema %s", schema)
			continue
		}
		text, _, _ = strings.Cut(text, "\n\n")
		documented := submatches(text, `(?m)^        (\w+):`)
		fields := jsonFields(reflect.TypeOf(message))
		slices.Sort(documented)
		slices.Sort(fields)
		if !slices.Equal(documented, fields) {
			t.Errorf("schema %s has the fields %q; the message has %q", schema, documented, fields)
		}
	}
}

func jsonFields(of reflect.Type) []string {
	var names []string
	for i := range of.NumField() {
		if of.Field(i).Anonymous { // whose fields stand beside the others
			names = append(names, jsonFields(of.Field(i).Type)...)
			continue
		}
		name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// TestDocumentedExamples reads every example of a client's message as the
// server does.
func TestDocumentedExamples(t *testing.T) {
	blocks := regexp.MustCompile("(?ms)^```json (client|dashboard|server)\n(.*?)^```").
		FindAllStringSubmatch(readDocument(t, "docs/protocol.md"), -1)
	if len(blocks) < 10 {
		t.Fatalf("only %d examples were found", len(blocks))
	}
	decoder := protocol.Decoder{MaxRows: 1024}
	for _, block := range blocks {
		side, text := block[1], strings.TrimSpace(block[2])
		if !json.Valid([]byte(text)) {
			t.Errorf("not JSON: %s", text)
		}
		switch side {
		case "client":
			if err := decoder.Decode([]byte(text), new(protocol.Ask)); err != nil {
				t.Errorf("%s: %v", text, err)
			}
		case "dashboard":
			if _, err := protocol.DecodeWatch([]byte(text)); err != nil {
				t.Errorf("%s: %v", text, err)
			}
		}
	}
}

// TestArchitectureNamesFiles checks that the files and folders that the
// architecture tells of are there.
func TestArchitectureNamesFiles(t *testing.T) {
	named := submatches(readDocument(t, "docs/ARCHITECTURE.md"), "`((?:[a-z_]+/)*[a-z_]+(?:\\.go|\\.md|\\.yaml|/[a-z_]*))`")
	if len(named) < 30 {
		t.Errorf("only %d names were found", len(named))
	}
	for _, name := range named {
		if _, err := os.Stat(name); err != nil {
			t.Error(err)
		}
	}
}

// TestOperationsShowsWhatIsDeployed: the files in deploy/, which the tests in outside/
// run, stand in the document as they are.
func TestOperationsShowsWhatIsDeployed(t *testing.T) {
	document := readDocument(t, "docs/operations.md")
	files, err := os.ReadDir("deploy")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if text := readDocument(t, "deploy/"+file.Name()); !strings.Contains(document, "\n"+text+"```\n") {
			t.Errorf("docs/operations.md does not show deploy/%s as it is", file.Name())
		}
	}
}
