//go:build linux

package catalogue_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// entry is one kind of hostile input.
type entry struct {
	row     int    // its number among the faults that comments and documents speak of
	name    string // in plain words; the test is called so
	sent    string // what somebody sends
	happens string // what happens then
	slow    bool   // it waits for a deadline: it runs beside the others that do
	try     func(*scene)
	seen    string // where try is nil: PACKAGE TEST, which shows it on a clock of its own
}

// part is a chapter of the catalogue.
type part struct {
	title   string
	entries []entry
}

// catalogue is all of it, in the order of the document.
func catalogue() []part {
	return []part{
		{"Connections and handshakes", connectionEntries()},
		{"Frames", frameEntries()},
		{"Tokens", tokenEntries()},
		{"What becomes of a token", standingEntries()},
		{"Rights, users and limits", rightEntries()},
		{"Messages", messageEntries()},
		{"Labels", labelEntries()},
		{"What is logged, counted and shown", outputEntries()},
		{"Models", bundleEntries()},
	}
}

// TestCatalogue runs every entry: those that only wait at the same time, the others one
// by one.
func TestCatalogue(t *testing.T) { runCatalogue(t) }

// TestCatalogueAgain runs it in a process where it ran before.
func TestCatalogueAgain(t *testing.T) { runCatalogue(t) }

func runCatalogue(t *testing.T) {
	h := open(t, nil)
	before := h.settled(t)
	well := h.attend(t, 3)
	var quick, slow []entry
	for _, p := range catalogue() {
		for _, e := range p.entries {
			switch {
			case e.try == nil:
			case e.slow:
				slow = append(slow, e)
			default:
				quick = append(quick, e)
			}
		}
	}
	quiet := well.since(well.began)
	var report strings.Builder
	for i, e := range quick {
		began := time.Now()
		h.run(t, i, e)
		well.mustGoOn(t, e.name)
		fmt.Fprintf(&report, "\n%-70s %s", e.name, well.since(began).beside(quiet))
	}
	began := time.Now()
	var running sync.WaitGroup
	for i, e := range slow {
		running.Go(func() { h.run(t, len(quick)+i, e) })
	}
	running.Wait()
	fmt.Fprintf(&report, "\n%-70s %s", fmt.Sprintf("%d that wait for deadlines, together", len(slow)), well.since(began).beside(quiet))
	well.mustBeWell(t)
	t.Logf("healthy clients: %s; beside each entry:%s", quiet, report.String())
	h.mustRest(t, before)
}

// run tries one entry, from an address of its own.
func (h *house) run(t *testing.T, number int, e entry) {
	t.Run(e.name, func(t *testing.T) {
		e.try(&scene{T: t, house: h, from: fmt.Sprintf("127.0.10.%d", 1+number%250), name: fmt.Sprintf("mallory-%d", number)})
	})
}

// TestCatalogueIsSound: names are told apart, and what is shown elsewhere is.
func TestCatalogueIsSound(t *testing.T) {
	names := map[string]bool{}
	last := map[string]bool{}
	for _, p := range catalogue() {
		for _, e := range p.entries {
			if names[e.name] || e.name == "" || e.sent == "" || e.happens == "" || e.row == 0 {
				t.Errorf("%+v: expected a name of its own, and all fields", e)
			}
			names[e.name] = true
			if (e.try == nil) == (e.seen == "") {
				t.Errorf("%s: expected either what to do, or where it is seen", e.name)
			}
			if e.seen != "" && !last[e.seen] {
				last[e.seen] = true
				mustExist(t, e.seen)
			}
		}
	}
	for row := range 27 {
		if !slices.ContainsFunc(catalogue(), func(p part) bool {
			return slices.ContainsFunc(p.entries, func(e entry) bool { return e.row == row+1 })
		}) {
			t.Errorf("row %d has no entry", row+1)
		}
	}
}

// mustExist looks for a test: PACKAGE TEST.
func mustExist(t *testing.T, seen string) {
	t.Helper()
	folder, test, _ := strings.Cut(seen, " ")
	files, err := os.ReadDir("../../" + folder)
	if err != nil {
		t.Fatal(err)
	}
	declared := regexp.MustCompile(`(?m)^func ` + test + `\(t \*testing\.T\)`)
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		text, err := os.ReadFile("../../" + folder + "/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		if declared.Match(text) {
			return
		}
	}
	t.Errorf("there is no test %s in %s", test, folder)
}
