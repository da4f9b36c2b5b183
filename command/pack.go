package command

import (
	"fmt"
	"os"
	"path/filepath"

	"penstock/app"
	"penstock/weights"
)

// packCmd makes a bundle of a model file.
type packCmd struct {
	File   string `arg:"" help:"Model file, or folder with a file called model." placeholder:"PATH"`
	Out    string `required:"" help:"Folder for the bundle; it is made, or is empty." placeholder:"DIR"`
	Name   string `help:"Name of the model. Default: that of the file." placeholder:"NAME"`
	Sample string `help:"Rows that the model was trained on, as CSV with a line of names or as JSON, {\"features\": [[...]]}: golden rows and the reference are taken from them. Without, golden rows are made up, and there is no reference." placeholder:"FILE"`
	As     string `name:"model-version" help:"Version of the model. Default: the first digits of the file's SHA-256." placeholder:"VERSION"`

	Files modelFlags `embed:""`
}

// Run writes the bundle, and reads it again as serve would.
func (c packCmd) Run() error {
	bundle, err := c.Files.at([]string{c.File}).Named(c.Name).Open(nil)
	if err != nil {
		return err
	}
	loaded, err := bundle[0].Load("")
	if err != nil {
		return err
	}
	defer loaded.Close()
	packing := weights.Packing{Version: c.As}
	if c.Sample != "" {
		data, err := os.ReadFile(c.Sample)
		if err != nil {
			return fmt.Errorf("--sample: %w", err)
		}
		if packing.Rows, err = weights.ReadSample(c.Sample, data, loaded.Spec()); err != nil {
			return fmt.Errorf("--sample %w", err)
		}
	}
	if err := bundle[0].Pack(c.Out, loaded, packing); err != nil {
		return err
	}
	packed, err := app.ModelFiles{Models: []string{c.Out}, ONNXRuntime: c.Files.ONNXRuntime, Python: c.Files.Python}.Open(nil)
	if err != nil {
		return err
	}
	if err := packed[0].Check(); err != nil { // of a program, for one, that reads files which the bundle lacks
		return fmt.Errorf("%w (if it needs files that lie beside %s: put those that are the model's into a folder, call the model's own \"model\", and pack the folder)", err, c.File)
	}
	s := packed[0].Spec()
	fmt.Printf("%s: %s version %s, engine %s, all right\n", c.Out, s.Name, s.Version, loaded.Spec().Engine)
	if c.Sample == "" {
		fmt.Println("its golden rows are made up: give some that the model knows with --sample, and the page can tell what rows usually hold")
	}
	fmt.Printf("serve it: penstock serve --model %s\n", filepath.Clean(c.Out))
	return nil
}
