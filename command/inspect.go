package command

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"penstock/model"
	"penstock/weights"
)

// inspectCmd prints what a model is.
type inspectCmd struct {
	File string `arg:"" help:"Model file, or folder of a bundle." placeholder:"PATH"`

	Files  modelFlags `embed:""`
	Engine string     `help:"Engine to use where a bundle has several." placeholder:"NAME"`
}

// Run loads the model, and measures it for a second.
func (c inspectCmd) Run() error {
	bundles, err := c.Files.at([]string{c.File}).Open(nil)
	if err != nil {
		return err
	}
	loaded, err := bundles[0].Load(c.Engine)
	if err != nil {
		return err
	}
	defer loaded.Close()
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	describe(out, bundles[0], loaded)
	for _, batch := range []int{1, 64} {
		rate, err := loaded.Speed(batch, time.Second/2)
		if err != nil {
			fmt.Fprintf(out, "speed\tbatches of %d: not measured: %v\n", batch, err)
			continue
		}
		fmt.Fprintf(out, "speed\t%s rows/s in batches of %d, one worker, made-up rows\n", rounded(rate), batch)
	}
	return out.Flush()
}

// describe prints all that is known without running the model.
func describe(out io.Writer, b *weights.Bundle, m *weights.Loaded) {
	s := m.Spec()
	line := func(what, format string, args ...any) { fmt.Fprintf(out, what+"\t"+format+"\n", args...) }
	line("model", "%s version %s", s.Name, s.Version)
	line("engine", "%s", s.Engine)
	if source := b.Source(); source != (model.Source{}) {
		line("from", "%s", strings.Join(strings.Fields(source.Library+" "+source.Version+" "+source.Format), " "))
	}
	if m.File != "" {
		line("file", "%s, %s, SHA-256 %s", m.File, sizeOf(m.Bytes), m.SHA256)
	}
	missing := ""
	if s.AnyMissing() {
		missing = ", which may be missing"
		if len(s.Columns) > 0 && !s.Missing {
			missing = ", some of which may be missing"
		}
	}
	line("input", "%d features%s", s.Features, missing)
	for i, c := range s.Columns {
		if i == mostColumns {
			line("", "and %d more", len(s.Columns)-i)
			break
		}
		line("", "%s", columnText(c))
	}
	for _, o := range s.Outputs {
		line("output", "%s", outputText(o))
	}
	if m.GoldenRows > 0 {
		line("golden rows", "%d, off by %.2g at most; %.2g is allowed", m.GoldenRows, m.GoldenMaxDiff, m.GoldenTolerance)
	} else {
		line("golden rows", "none")
	}
	if m.Reference != nil {
		line("reference", "%d rows", m.Reference.Rows)
	}
}

// The most columns, and names in a list, that are printed.
const mostColumns, mostNames = 40, 12

func columnText(c model.Column) string {
	text := c.Name + ": "
	if c.Kind == model.Category {
		text += "one of " + list(c.Categories)
	} else {
		text += "a number"
	}
	if c.Missing {
		text += ", or missing"
	}
	return text
}

func outputText(o model.Output) string {
	switch {
	case len(o.Classes) > 0:
		return fmt.Sprintf("%s: %s of %d: %s", o.Name, o.Kind, len(o.Classes), list(o.Classes))
	case o.Width == 1:
		return fmt.Sprintf("%s: %s", o.Name, o.Kind)
	}
	return fmt.Sprintf("%s: %s, %d of them", o.Name, o.Kind, o.Width)
}

func list(names []string) string {
	if len(names) <= mostNames {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:mostNames], ", "), len(names)-mostNames)
}

// rounded writes a rate with three digits that count.
func rounded(rate float64) string {
	step := 1.0
	for rate/step >= 1000 {
		step *= 10
	}
	return fmt.Sprintf("%.0f", float64(int(rate/step+0.5))*step)
}

func sizeOf(bytes int64) string {
	switch {
	case bytes >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20))
	case bytes >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(bytes)/(1<<10))
	}
	return fmt.Sprintf("%d bytes", bytes)
}
