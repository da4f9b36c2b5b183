package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"penstock/quality/store"
)

const labelledPets = "model,version,predicted_at,request_id,prediction,label\n" +
	"pets,1,2026-03-14T09:26:53.5Z,1,cat,cat\n" +
	"pets,1,2026-03-14T09:27:00Z,2,cat,dog\n" +
	"pets,2,2026-03-15T00:00:00Z,3,dog,dog\n"

// TestQualityThereAndBack: what was imported is exported, by version and time, also
// while a server has the folder; nothing is imported then, nor twice.
func TestQualityThereAndBack(t *testing.T) {
	folder := t.TempDir()
	data, in := filepath.Join(folder, "data"), filepath.Join(folder, "in.csv")
	if err := os.WriteFile(in, []byte(labelledPets), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) error { return Run(t.Context(), append([]string{"quality"}, args...), "test") }
	for range 2 {
		if err := run("import", in, "--data-dir="+data, "--quality-keep=36500d"); err != nil {
			t.Fatal(err)
		}
	}
	server, err := store.Open(store.Options{Dir: data})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	for name, one := range map[string]struct {
		args []string
		want []string // request ids
	}{
		"all":     {nil, []string{"1", "2", "3"}},
		"version": {[]string{"--model-version=2"}, []string{"3"}},
		"from":    {[]string{"--from=2026-03-14T09:27:00Z"}, []string{"2", "3"}},
		"to":      {[]string{"--to=2026-03-15"}, []string{"1", "2"}},
		"between": {[]string{"--from=2026-03-14", "--to=2026-03-14T09:27:00Z"}, []string{"1"}},
		"nothing": {[]string{"--from=2026-04-01"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out.csv")
			if err := run(append([]string{"export", "--data-dir=" + data, "--model=pets", "--out=" + out}, one.args...)...); err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
				if i > 0 {
					got = append(got, strings.Split(line, ",")[4])
				}
			}
			if strings.Join(got, " ") != strings.Join(one.want, " ") {
				t.Errorf("request ids %v; expected %v", got, one.want)
			}
		})
	}
	table := filepath.Join(folder, "out.parquet")
	if err := run("export", "--data-dir="+data, "--model=pets", "--out="+table); err != nil {
		t.Fatal(err)
	}
	if err := run("import", table, "--data-dir="+data); err == nil || !strings.Contains(err.Error(), "used by another process") {
		t.Errorf("import while a server runs: %v", err)
	}
	if err := run("import", table, "--data-dir="+filepath.Join(folder, "other"), "--quality-keep=36500d"); err != nil {
		t.Error(err)
	}
}

// TestQualityRefuses in words that name the flag.
func TestQualityRefuses(t *testing.T) {
	folder := t.TempDir()
	in := filepath.Join(folder, "in.csv")
	if err := os.WriteFile(in, []byte("model,version\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"--data-dir " + folder + ": there is no database": {"export", "--data-dir=" + folder, "--model=m", "--out=x.csv"},
		"add --format csv":               {"export", "--data-dir=" + folder, "--model=m", "--out=x"},
		"--from":                         {"export", "--data-dir=" + folder, "--model=m", "--out=x.csv", "--from=yesterday"},
		"no column predicted_at":         {"import", in, "--data-dir=" + filepath.Join(folder, "data")},
		"expected how long, such as 30d": {"import", in, "--data-dir=" + folder, "--quality-keep=soon"},
		"in.xml":                         {"import", filepath.Join(folder, "in.xml"), "--data-dir=" + folder},
	} {
		if err := Run(t.Context(), append([]string{"quality"}, args...), "test"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v; expected %q", args, err, want)
		}
	}
}
