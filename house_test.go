package main_test

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// These tests hold the house together: who may import whom, how packages are
// called, and that files name no machine.

const module = "penstock"

var grabBags = []string{"utils", "util", "common", "pkg", "types", "helpers", "helper", "misc", "base", "shared"}

// goPackage is what the checks need to know of a package.
type goPackage struct {
	ImportPath string
	Name       string
	Documented bool
	Imports    []string
}

func TestHouse(t *testing.T) {
	packages := readPackages(t)
	if len(packages) < 5 {
		t.Errorf("only %d packages were found", len(packages))
	}
	for _, want := range []string{"penstock/client", "penstock/protocol"} { // modules of their own
		if !slices.ContainsFunc(packages, func(p goPackage) bool { return p.ImportPath == want }) {
			t.Errorf("%s was not found", want)
		}
	}
	for _, problem := range houseProblems(readRooms(t), packages) {
		t.Error(problem)
	}
}

// rooms says which of our packages a room may import, tests aside. A room's
// packages beneath it count as the room; "*" allows every one. The root, which
// wires the rooms, is called "".
type rooms map[string][]string

// readRooms reads the table of rooms, so that the document cannot say anything
// else than what is checked.
func readRooms(t *testing.T) rooms {
	t.Helper()
	document, err := os.ReadFile("docs/ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	house, err := parseRooms(string(document))
	if err != nil {
		t.Fatal(err)
	}
	return house
}

// parseRooms reads the rows of the table "room | its one job | may import".
func parseRooms(document string) (rooms, error) {
	_, table, found := strings.Cut(document, "| room | its one job | may import |\n|---|---|---|\n")
	if !found {
		return nil, errors.New("docs/ARCHITECTURE.md has no table: room, its one job, may import")
	}
	house := rooms{}
	for line := range strings.Lines(table) {
		if !strings.HasPrefix(line, "|") {
			break
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 3 {
			return nil, fmt.Errorf("a row with %d cells: %s", len(cells), line)
		}
		imports := strings.TrimSpace(cells[2])
		for _, name := range backquoted.FindAllStringSubmatch(cells[0], -1) {
			room := strings.Trim(name[1], "/")
			switch imports {
			case "–":
				house[room] = nil
			case "all":
				house[room] = []string{"*"}
			default:
				house[room] = strings.Split(imports, ", ")
			}
		}
	}
	for room, imports := range house {
		for _, other := range imports {
			if _, known := house[other]; !known && other != "*" {
				return nil, fmt.Errorf("%s may import %q, which is no room", cmp.Or(room, "the root"), other)
			}
		}
	}
	return house, nil
}

var backquoted = regexp.MustCompile("`([^`]+)`")

// readPackages reads the source of this module and of those that it takes from
// its own folders, tests aside. It reads files
// rather than asking the go command, so that files behind a build tag count.
func readPackages(t *testing.T) []goPackage {
	t.Helper()
	byFolder := map[string]*goPackage{}
	ours := replacedFolders(t)
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && (notSource(entry.Name()) || isFile(filepath.Join(name, "go.mod")) && !slices.Contains(ours, name)):
			return filepath.SkipDir
		case entry.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		folder := filepath.ToSlash(filepath.Dir(name))
		p := byFolder[folder]
		if p == nil {
			p = &goPackage{ImportPath: path.Join(module, folder), Name: file.Name.Name}
			byFolder[folder] = p
		}
		p.Documented = p.Documented || file.Doc != nil
		for _, spec := range file.Imports {
			p.Imports = append(p.Imports, strings.Trim(spec.Path.Value, `"`))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var packages []goPackage
	for _, folder := range slices.Sorted(maps.Keys(byFolder)) {
		packages = append(packages, *byFolder[folder])
	}
	return packages
}

// replacedFolders returns the folders of modules of their own that the root
// module is built from. The others are tools.
func replacedFolders(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	var folders []string
	for _, m := range regexp.MustCompile(`(?m)=> \./(\S+)$`).FindAllStringSubmatch(string(text), -1) {
		folders = append(folders, filepath.FromSlash(m[1]))
	}
	return folders
}

// notSource reports whether the go command would not look into a folder.
func notSource(folder string) bool {
	return folder[0] == '.' || folder[0] == '_' || folder == "testdata" || folder == "node_modules"
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// houseProblems tells what in the packages is against the rules.
func houseProblems(house rooms, packages []goPackage) []string {
	var problems []string
	say := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	for _, p := range packages {
		room, ours := roomOf(p.ImportPath)
		allowed, known := house[room]
		if !ours || !known {
			say("%s: no room called %q in the house; see docs/ARCHITECTURE.md", p.ImportPath, room)
			continue
		}
		for _, imported := range p.Imports {
			other, ours := roomOf(imported)
			if ours && other != room && !slices.Contains(allowed, other) && !slices.Contains(allowed, "*") {
				say("%s imports %s; %s may import %s", p.ImportPath, imported,
					cmp.Or(room, "the root"), cmp.Or(strings.Join(allowed, ", "), "none of our packages"))
			}
		}
		for _, name := range []string{p.Name, path.Base(p.ImportPath)} {
			if slices.Contains(grabBags, name) {
				say("%s: a package is named after its one job, not %q", p.ImportPath, name)
			}
		}
		if !p.Documented {
			say("%s: no doc comment; say its one job, its contract and what it does not do", p.ImportPath)
		}
	}
	return problems
}

// roomOf returns the first folder of an import path of ours.
func roomOf(importPath string) (room string, ours bool) {
	if importPath == module {
		return "", true
	}
	rest, ours := strings.CutPrefix(importPath, module+"/")
	room, _, _ = strings.Cut(rest, "/")
	return room, ours
}

// TestHouseCheckSees makes sure that the check above can fail.
func TestHouseCheckSees(t *testing.T) {
	house := rooms{
		"model": nil, "quality": nil, "weights": {"model"}, "inference": {"model"}, "monitor": {"inference", "quality"},
		"server": {"inference", "monitor"}, "": {"*"},
	}
	good := []goPackage{
		{ImportPath: module, Name: "main", Documented: true, Imports: []string{"os", "penstock/server", "penstock/weights"}},
		{ImportPath: "penstock/model/dense", Name: "dense", Documented: true, Imports: []string{"penstock/model"}},
		{ImportPath: "penstock/monitor", Name: "monitor", Documented: true, Imports: []string{"penstock/inference", "penstock/quality"}},
	}
	if problems := houseProblems(house, good); len(problems) != 0 {
		t.Fatalf("a good house has problems: %q", problems)
	}
	bad := map[string]goPackage{
		"imports penstock/server; inference may": {ImportPath: "penstock/inference", Name: "inference", Documented: true, Imports: []string{"penstock/server"}},
		"imports penstock/model; quality may":    {ImportPath: "penstock/quality", Name: "quality", Documented: true, Imports: []string{"penstock/model"}},
		"imports penstock; server may":           {ImportPath: "penstock/server", Name: "server", Documented: true, Imports: []string{"penstock"}},
		"imports penstock/weights/x; model may":  {ImportPath: "penstock/model/torch", Name: "torch", Documented: true, Imports: []string{"penstock/weights/x"}},
		`not "utils"`:                            {ImportPath: "penstock/server/utils", Name: "utils", Documented: true},
		`not "types"`:                            {ImportPath: "penstock/server/frames", Name: "types", Documented: true},
		"no doc comment":                         {ImportPath: "penstock/server", Name: "server"},
		`no room called "cellar"`:                {ImportPath: "penstock/cellar", Name: "cellar", Documented: true},
	}
	for want, p := range bad {
		if problems := houseProblems(house, []goPackage{p}); len(problems) == 0 || !strings.Contains(problems[0], want) {
			t.Errorf("%s: got %q, want a problem with %q", p.ImportPath, problems, want)
		}
	}
}

func TestRoomsAreRead(t *testing.T) {
	const head = "text\n\n| room | its one job | may import |\n|---|---|---|\n"
	house, err := parseRooms(head + "| `a/` | says `b/` | – |\n| `c/`, `d/` | x | a |\n| `/` | y | all |\n\n| `e/` | another table | a |\n")
	want := rooms{"a": nil, "c": {"a"}, "d": {"a"}, "": {"*"}}
	if err != nil || !maps.EqualFunc(house, want, slices.Equal) {
		t.Errorf("read %v, %v; want %v", house, err, want)
	}
	for _, bad := range []string{"", head + "| `a/` | x |\n", head + "| `a/` | x | b |\n"} {
		if house, err := parseRooms(bad); err == nil {
			t.Errorf("%q was read as %v", bad, house)
		}
	}
}

// machineMarks are things that are true on one machine or in one network only.
// They are put together here, so that this file does not contain them.
var machineMarks = []*regexp.Regexp{
	regexp.MustCompile(`(^|[^\w.\-/])/(` + `work|root|home/[a-z]\w*|Users/[A-Za-z]\w*)/[\w.]`),
	regexp.MustCompile(`[A-Z]:\\` + `\\?Users\\`),
	regexp.MustCompile(`\b(proxy|sum)\.golang` + `\.org\b`),
	regexp.MustCompile(`\bregistry\.(npmjs|yarnpkg)` + `\.(org|com)\b`),
	regexp.MustCompile(`\b(files\.pythonhosted|pypi|deb\.debian|security\.debian|static\.crates)` + `\.(org|io)\b`),
	regexp.MustCompile(`"resolved"` + `: *"http`),
}

func TestNoFileNamesAMachine(t *testing.T) {
	for _, name := range projectFiles(t) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if bytes.IndexByte(text[:min(len(text), 8000)], 0) >= 0 {
			continue // not text
		}
		if line, found := namesAMachine(string(text)); found != "" {
			t.Errorf("%s:%d: %q is true on one machine or network only", name, line, found)
		}
	}
}

func namesAMachine(text string) (line int, found string) {
	for i, l := range strings.Split(text, "\n") {
		for _, thing := range machineMarks {
			if m := thing.FindString(l); m != "" {
				return i + 1, m
			}
		}
	}
	return 0, ""
}

func TestMachineCheckSees(t *testing.T) {
	for _, bad := range []string{
		"cd /wo" + "rk/main", `"/ro` + `ot/.cache/x"`, "see (/ho" + "me/anna/x)",
		"https://pro" + "xy.golang.org/x", `"resol` + `ved": "https://x/y.tgz"`,
	} {
		if _, found := namesAMachine("fine\n" + bad); found == "" {
			t.Errorf("%q was not seen", bad)
		}
	}
	for _, good := range []string{
		"https://example.org/work/x", "ci/work/x", "/usr/bin/env bash", "the root/leaf",
		"/etc/ssl/certs/", "go.sum", "pkg/root/x", "$HOME/work/x",
	} {
		if _, found := namesAMachine(good); found != "" {
			t.Errorf("%q was taken for a machine's own: %q", good, found)
		}
	}
}

// projectFiles returns the files that are tracked, or would be with "git add",
// as slash-separated paths from the root.
func projectFiles(t *testing.T) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "git", "ls-files", "-coz", "--exclude-standard").Output()
	if err != nil {
		t.Skipf("no git repository: %v", err)
	}
	var names []string
	for name := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		if info, err := os.Lstat(name); err == nil && info.Mode()&fs.ModeType == 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
