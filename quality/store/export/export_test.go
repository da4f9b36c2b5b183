package export_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"penstock/quality"
	"penstock/quality/store"
	"penstock/quality/store/export"
	"penstock/quality/store/internal/made"
)

const forEver = 100 * 365 * 24 * time.Hour

func open(t testing.TB) *store.Store {
	t.Helper()
	s, err := store.Open(store.Options{Keep: forEver})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func outcomes(kind string, width int) quality.Outcomes {
	s := made.Stream{Random: rand.New(rand.NewPCG(1, 0)), Kind: kind, Classes: made.Classes(4), Width: width, Clients: 3, Rate: 1000, Delay: 60}
	if kind == "class" { // names that look like something else
		s.Classes = []string{"3", `a "b", c`, "", "[true]"}
	}
	o := s.Take(500)
	for i := range o.Rows {
		o.Rows[i] = uint32(i % 2)
		if i%7 == 0 { // as a text with a quote and a backslash is kept
			o.IDs[i] = `"` + o.IDs[i] + ` "a\b""`
		}
		o.Names[i] = o.Callers[i]
		o.Scopes[i] = quality.Scope{}
	}
	return o
}

// table writes all rows of a model.
func table(t *testing.T, s *store.Store, f export.Format) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := export.Write(t.Context(), s, store.Query{Model: "m"}, f, &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func read(t *testing.T, s *store.Store, f export.Format, table []byte) export.Result {
	t.Helper()
	result, err := export.Read(t.Context(), s, f, bytes.NewReader(table), int64(len(table)))
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// known are rows of the same version without labels of interest, so that a store knows
// what the version predicts.
func known(o quality.Outcomes) quality.Batch {
	first := o
	first.Predicted, first.Labelled, first.Scopes, first.IDs = []int64{1}, []int64{1}, o.Scopes[:1], []string{"0"}
	first.Rows, first.Callers, first.Names, first.Verdicts = o.Rows[:1], o.Callers[:1], o.Names[:1], o.Verdicts[:1]
	first.Values, first.Truths = o.Values[:o.Width], o.Truths[:o.LabelWidth]
	first.Confidences = o.Confidences[:min(len(o.Confidences), o.Width)]
	first.Shown, first.Probability, first.Squares, first.SetSize, first.Covered = nil, nil, nil, nil, nil
	return quality.Batch{Outcomes: []quality.Outcomes{first}}
}

// TestThereAndBack: what is exported gives the same rows and the same numbers in
// another store, however often it is read, and in whatever format.
func TestThereAndBack(t *testing.T) {
	for _, kind := range []struct {
		name  string
		width int
	}{{"class", 1}, {"labels", 4}, {"values", 1}, {"values", 3}} {
		for _, f := range []export.Format{export.CSV, export.Parquet} {
			t.Run(fmt.Sprint(kind, f), func(t *testing.T) {
				o := outcomes(kind.name, kind.width)
				from, to := open(t), open(t)
				for _, b := range []quality.Batch{known(o), {Outcomes: []quality.Outcomes{o}}} {
					if err := from.Write(&b); err != nil {
						t.Fatal(err)
					}
				}
				if kind.name == "labels" {
					b := known(o)
					if err := to.Write(&b); err != nil {
						t.Fatal(err)
					}
				}
				exported := table(t, from, f)
				first, again := read(t, to, f, exported), read(t, to, f, exported)
				added := 501
				if kind.name == "labels" {
					added = 500
				}
				if first.Added != added || first.Known != 501-added || again.Known != 501 || again.Added != 0 || len(again.Models) != 1 {
					t.Errorf("first %+v, again %+v", first, again)
				}
				if kind.name == "class" { // the classes may have other numbers, and so come as names
					if diff := cmp.Diff(string(table(t, from, export.CSV)), string(table(t, to, export.CSV))); diff != "" {
						t.Error(diff)
					}
				} else if diff := cmp.Diff(rows(t, from), rows(t, to), cmpopts.EquateEmpty(), cmp.Comparer(func(a, b quality.Scope) bool { return a == b })); diff != "" {
					t.Error(diff)
				}
				if diff := cmp.Diff(points(t, from), points(t, to), cmpopts.EquateApprox(1e-12, 1e-12)); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

func rows(t *testing.T, s *store.Store) quality.Outcomes {
	t.Helper()
	var all quality.Outcomes
	if err := s.Outcomes(t.Context(), store.Query{Model: "m"}, false, func(o *quality.Outcomes) error {
		copied := *o
		all.IDs = append(all.IDs, copied.IDs...)
		all.Values = append(all.Values, copied.Values...)
		all.Truths = append(all.Truths, copied.Truths...)
		all.Confidences = append(all.Confidences, copied.Confidences...)
		all.Predicted = append(all.Predicted, copied.Predicted...)
		all.Labelled = append(all.Labelled, copied.Labelled...)
		all.Verdicts = append(all.Verdicts, copied.Verdicts...)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

// points are what labels say: predictions are not in the table.
func points(t *testing.T, s *store.Store) []store.Point {
	t.Helper()
	list, err := s.Points(t.Context(), store.Query{Model: "m", By: store.Label, Step: store.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestForeignTable reads what people write by hand.
func TestForeignTable(t *testing.T) {
	s := open(t)
	const text = "\ufefflabel,prediction,note,model,version,request_id,predicted_at\n" +
		"cat,cat,x,pets,1,1,2026-03-14T09:26:53Z\n" +
		"dog,cat,y,pets,1,2,2026-03-14T10:26:53.5+01:00\n"
	if result := read(t, s, export.CSV, []byte(text)); result.Added != 2 {
		t.Errorf("%+v", result)
	}
	list, err := s.Points(t.Context(), store.Query{Model: "pets", Step: store.Hour})
	if err != nil || len(list) != 1 || list[0].Tally.Labelled != 2 || list[0].Tally.Correct != 1 || list[0].Tally.Predicted != 2 {
		t.Errorf("%+v, %v", list, err)
	}
	cells, classes, err := s.Cells(t.Context(), store.Query{Model: "pets"})
	if diff := cmp.Diff([][]uint64{{1, 0}, {1, 0}}, cells); diff != "" || err != nil || classes[0] != "cat" {
		t.Error(diff, classes, err)
	}
}

// TestWrongTables are refused in words, with the row.
func TestWrongTables(t *testing.T) {
	const names = "model,version,request_id,predicted_at,prediction,label\n"
	for text, want := range map[string]string{
		"":                        "empty",
		"model,version\n":         "no column predicted_at",
		names + "m,1,1,now,a,b\n": `row 1: predicted_at: "now" is no time`,
		names + "m,1,1,2026-03-14T09:26:53Z,1.5,2\nm,1,2,2026-03-14T09:26:53Z,1.5,b\n": `row 2: label: "b" is no number`,
		names + "m,1,1,2026-03-14T09:26:53Z,1.5,\"[1,2]\"\n":                           "row 1: 1 and 2 numbers",
		names + "m,1,1,2026-03-14T09:26:53Z,\"[\"\"a\"\"]\",[]\n":                      "several labels",
		names + "m,1,1,2026-03-14T09:26:53Z,a,b,c\n":                                   "row 1",
		"confidence," + names + "x,m,1,1,2026-03-14T09:26:53Z,a,b\n":                   `confidence: "x" is no number`,
		"confidence," + names + "1.7,m,1,1,2026-03-14T09:26:53Z,a,b\n":                 "row 1: confidence is 1.7; expected 0 to 1",
		"probability," + names + "NaN,m,1,1,2026-03-14T09:26:53Z,a,b\n":                "row 1: probability is NaN",
		"correct," + names + "maybe,m,1,1,2026-03-14T09:26:53Z,a,b\n":                  `correct: "maybe" is no true or false`,
		names + "m,1,1,2199-03-14T09:26:53Z,a,b\n":                                     "expected times that have been",
		names + "m,1,1,2026-03-14T09:26:53Z,a,\n":                                      "row 1: label is empty",
		names + ",1,1,2026-03-14T09:26:53Z,a,b\n":                                      "row 1: model is empty",
		"row," + names + "-1,m,1,1,2026-03-14T09:26:53Z,a,b\n":                         "row is -1",
	} {
		_, err := export.Read(t.Context(), open(t), export.CSV, strings.NewReader(text), int64(len(text)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; expected %q", text, err, want)
		}
	}
	garbage := strings.Repeat("PAR1 and nothing else ", 20)
	if _, err := export.Read(t.Context(), open(t), export.Parquet, strings.NewReader(garbage), int64(len(garbage))); err == nil {
		t.Error("garbage was read as Parquet")
	}
	if _, err := export.Write(t.Context(), open(t), store.Query{Model: "m"}, "xml", new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "csv or parquet") {
		t.Errorf("another format: %v", err)
	}
}

// TestNothing: a table without rows is a table.
func TestNothing(t *testing.T) {
	s := open(t)
	for _, f := range []export.Format{export.CSV, export.Parquet} {
		if result := read(t, s, f, table(t, s, f)); result.Added+result.Known+result.TooOld != 0 {
			t.Errorf("%s: %+v", f, result)
		}
	}
}

// TestMixed: versions that predict different things are not one Parquet table.
func TestMixed(t *testing.T) {
	s := open(t)
	one, other := outcomes("class", 1), outcomes("values", 1)
	other.Version = "2"
	b := quality.Batch{Outcomes: []quality.Outcomes{one, other}}
	if err := s.Write(&b); err != nil {
		t.Fatal(err)
	}
	if _, err := export.Write(t.Context(), s, store.Query{Model: "m"}, export.Parquet, new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "each version on its own") {
		t.Errorf("%v", err)
	}
	for _, version := range []string{"1", "2"} {
		if n, err := export.Write(t.Context(), s, store.Query{Model: "m", Version: version}, export.Parquet, new(bytes.Buffer)); err != nil || n != 500 {
			t.Errorf("version %s: %d rows, %v", version, n, err)
		}
	}
}

func FuzzReadCSV(f *testing.F) {
	for _, kind := range []string{"class", "labels", "values"} {
		f.Add(some(f, kind, export.CSV))
	}
	f.Fuzz(func(t *testing.T, text []byte) { export.Parse(t, export.CSV, text) })
}

// some is a small table.
func some(t testing.TB, kind string, format export.Format) []byte {
	t.Helper()
	s := open(t)
	b := quality.Batch{Outcomes: []quality.Outcomes{outcomes(kind, 2)}}
	var table bytes.Buffer
	err := s.Write(&b)
	if err == nil {
		q := store.Query{Model: "m", From: time.Unix(0, made.Start-6e10), To: time.Unix(0, made.Start-5e10)}
		_, err = export.Write(t.Context(), s, q, format, &table)
	}
	if err != nil {
		t.Fatal(err)
	}
	return table.Bytes()
}

// TestDamagedParquet: a file with other bytes in it is an error or a table, and never
// a panic.
func TestDamagedParquet(t *testing.T) {
	table := some(t, "class", export.Parquet)
	random := rand.New(rand.NewPCG(1, 0))
	for range 100 {
		damaged := bytes.Clone(table)
		damaged[random.IntN(len(damaged))] ^= byte(1 + random.IntN(255))
		export.Parse(t, export.Parquet, damaged)
	}
}

// TestNamesAreNoFormulas: a user may have a name that a spreadsheet would run. It is
// written so that none does, and read as it was.
func TestNamesAreNoFormulas(t *testing.T) {
	names := []string{`=HYPERLINK("http://evil")`, "+1", "-1+2", "@SUM(1)", "\tx", "'=1", "''", "'", "ann", "o'hara", ""}
	from, to := open(t), open(t)
	o := outcomes("class", 1)
	for i := range o.Callers {
		o.Callers[i] = names[i%len(names)]
		o.Names[i] = o.Callers[i]
	}
	if err := from.Write(&quality.Batch{Outcomes: []quality.Outcomes{o}}); err != nil {
		t.Fatal(err)
	}
	text := table(t, from, export.CSV)
	lines, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := slices.Index(lines[0], "caller")
	for _, line := range lines[1:] {
		if caller := line[column]; caller != "" && strings.ContainsRune("=+-@\t\r", rune(caller[0])) {
			t.Fatalf("caller %q begins like a formula", caller)
		}
	}
	read(t, to, export.CSV, text)
	got := make(map[string]bool)
	if err := to.Outcomes(t.Context(), store.Query{Model: "m"}, false, func(o *quality.Outcomes) error {
		for _, caller := range o.Callers {
			got[caller] = true
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if !got[name] {
			t.Errorf("caller %q is not read again; there are %v", name, got)
		}
	}
}
