package command

import (
	"fmt"
	"os"

	"penstock/app"
	"penstock/model"
	"penstock/weights"
)

// referenceCmd makes the reference of a bundle that has none.
type referenceCmd struct {
	Model   string `required:"" help:"Bundle: a folder with a manifest.json." placeholder:"DIR"`
	Sample  string `required:"" help:"Rows that the model was trained on, as CSV with a line of names or as JSON, {\"features\": [[...]]}. 1,000 are enough to find what has changed much; 10,000 find what has changed little." placeholder:"FILE"`
	Out     string `help:"File to write the reference to. Default: reference.json in the bundle, which the manifest then names." placeholder:"FILE"`
	Replace bool   `help:"Replace the reference that the bundle has."`
}

// Run writes the reference, and names it in the manifest.
func (c referenceCmd) Run() error {
	bundle, err := c.open()
	if err != nil {
		return err
	}
	data, err := os.ReadFile(c.Sample)
	if err != nil {
		return fmt.Errorf("--sample: %w", err)
	}
	rows, err := weights.ReadSample(c.Sample, data, bundle.Spec())
	if err != nil {
		return fmt.Errorf("--sample %w", err)
	}
	reference := model.NewReference(bundle.Spec(), rows)
	if c.Out != "" {
		return c.write(&reference)
	}
	if err := bundle.AddReference(&reference, c.Replace); err != nil {
		return err
	}
	fmt.Printf("%s: reference of %d rows and %d features, all right\n", c.Model, reference.Rows, len(reference.Features))
	fmt.Println("a server shows whether rows are still like these once it has loaded the bundle again")
	return nil
}

func (c referenceCmd) open() (*weights.Bundle, error) {
	bundles, err := app.ModelFiles{Models: []string{c.Model}}.Open(nil)
	if err != nil {
		return nil, err
	}
	return bundles[0], nil
}

func (c referenceCmd) write(reference *model.Reference) error {
	data, err := weights.EncodeReference(reference)
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.Out, data, 0o644); err != nil { //nolint:gosec // nothing secret, as a bundle's other files
		return fmt.Errorf("--out: %w", err)
	}
	fmt.Printf("%s: reference of %d rows and %d features; a bundle has it as \"reference\" in its manifest\n", c.Out, reference.Rows, len(reference.Features))
	return nil
}
