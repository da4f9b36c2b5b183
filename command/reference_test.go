package command

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReference: a bundle that was packed without a sample gets its reference later,
// and the server then tells what rows usually hold.
func TestReference(t *testing.T) {
	folder := t.TempDir()
	bundle := filepath.Join(folder, "bundle")
	run := func(args ...string) error { return Run(t.Context(), args, "test") }
	if err := run("pack", forestFile, "--out", bundle, "--name", "packed", "--model-version", "7"); err != nil {
		t.Fatal(err)
	}
	sample := filepath.Join(folder, "sample.csv")
	text := "a,b,c,d,e,f\n"
	for i := range 200 {
		text += fmt.Sprintf("%d,,0.5,-%d,0,1\n", i, i)
	}
	if err := os.WriteFile(sample, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(folder, "reference.json")
	if err := run("reference", "--model", bundle, "--sample", sample, "--out", out); err != nil {
		t.Fatal(err)
	}
	if err := run("reference", "--model", bundle, "--sample", sample); err != nil {
		t.Fatal(err)
	}
	alone, _ := os.ReadFile(out)
	within, err := os.ReadFile(filepath.Join(bundle, "reference.json"))
	if err != nil || string(alone) != string(within) {
		t.Errorf("--out wrote %.80s, the bundle has %.80s, %v", alone, within, err)
	}
	if err := run("check", bundle); err != nil {
		t.Error(err)
	}
	facts := get(t, "http://"+startServing(t, "--model="+bundle)+"/api/models")
	if want := `"reference":{"rows":200,"features":[{"min":0,"median":100,"max":199,`; !strings.Contains(facts, want) {
		t.Errorf("no %s in %s", want, facts)
	}
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"--model", bundle, "--sample", sample}, `names "reference.json" already; to make it again, say --replace`},
		{[]string{"--model", bundle, "--sample", filepath.Join(folder, "none.csv")}, "--sample: open"},
		{[]string{"--model", bundle, "--sample", filepath.Join(bundle, "golden.json")}, `--sample ` + bundle},
		{[]string{"--model", forestFile, "--sample", sample}, "is no bundle in a folder; make one of a model file with penstock pack --sample"},
		{[]string{"--model", bundle, "--sample", sample, "--out", folder}, "--out: "},
	} {
		if err := run(append([]string{"reference"}, c.args...)...); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v; want %q", c.args, err, c.says)
		}
	}
	if err := run("reference", "--model", bundle, "--sample", sample, "--replace"); err != nil {
		t.Error(err)
	}
}
