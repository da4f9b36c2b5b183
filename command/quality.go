package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"penstock/quality"
	"penstock/quality/store"
	"penstock/quality/store/export"
)

// qualityCmd is for what serve keeps of predictions and their labels.
type qualityCmd struct {
	Export qualityExportCmd `cmd:"" help:"Write labelled predictions as CSV or Parquet; also while a server runs."`
	Import qualityImportCmd `cmd:"" help:"Read labelled predictions from such a file, those that are not there; while no server runs."`
}

// tableFormat is a flag's format of a table; without, it is that of the file's name.
type tableFormat string

func (f tableFormat) of(path string) (export.Format, error) {
	if f != "" {
		return export.Format(f), nil
	}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".csv":
		return export.CSV, nil
	case ".parquet":
		return export.Parquet, nil
	}
	return "", fmt.Errorf("%s: its name does not tell the format; add --format csv or --format parquet", path)
}

type qualityExportCmd struct {
	DataDir string      `name:"data-dir" required:"" help:"What serve is told: the folder with the database." placeholder:"DIR"`
	Model   string      `env:"-" required:"" help:"Whose predictions." placeholder:"NAME"`
	As      string      `name:"model-version" env:"-" help:"Of this version alone. Default: all." placeholder:"VERSION"`
	From    moment      `env:"-" help:"Predicted at this time or later: 2026-03-14, or 2026-03-14T09:26:53Z. Default: all that is kept." placeholder:"TIME"`
	To      moment      `env:"-" help:"Predicted before this time. Default: now." placeholder:"TIME"`
	Format  tableFormat `env:"-" enum:",csv,parquet" default:"" help:"csv or parquet. Default: as the name of --out ends." placeholder:"FORMAT"`
	Out     string      `env:"-" required:"" help:"File to write; - is the standard output." placeholder:"FILE"`
}

// Run writes the table.
func (c qualityExportCmd) Run(ctx context.Context) error {
	format, err := c.Format.of(c.Out)
	if err != nil {
		return fmt.Errorf("--out %w", err)
	}
	s, err := store.OpenToRead(c.DataDir)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("--data-dir %s: there is no database; expected the folder that serve has: %w", c.DataDir, err)
	}
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	query := store.Query{Model: c.Model, Version: c.As, From: time.Time(c.From), To: time.Time(c.To)}
	if c.Out == "-" {
		_, err := export.Write(ctx, s, query, format, os.Stdout)
		return err
	}
	rows, err := writeFile(c.Out, func(w io.Writer) (int, error) { return export.Write(ctx, s, query, format, w) })
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d labelled predictions of model %s\n", c.Out, rows, c.Model)
	return nil
}

// writeFile lets write fill a file, which is there only if all of it is.
func writeFile(path string, write func(io.Writer) (int, error)) (n int, err error) {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return 0, fmt.Errorf("--out: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	n, err = write(file)
	if closed := file.Close(); err == nil && closed != nil {
		err = fmt.Errorf("--out: %w", closed)
	}
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	return n, err
}

type qualityImportCmd struct {
	File    string      `arg:"" help:"Table with the columns that export writes." placeholder:"FILE"`
	DataDir string      `name:"data-dir" required:"" help:"What serve is told: the folder for the database; it is made." placeholder:"DIR"`
	Format  tableFormat `env:"-" enum:",csv,parquet" default:"" help:"csv or parquet. Default: as the file's name ends." placeholder:"FORMAT"`
	Keep    timeSpan    `name:"quality-keep" default:"30d" help:"What serve is told: older rows are left out."`
}

// Run reads the table.
func (c qualityImportCmd) Run(ctx context.Context) (err error) {
	format, err := c.Format.of(c.File)
	if err != nil {
		return err
	}
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	s, err := store.Open(store.Options{Dir: c.DataDir, Keep: time.Duration(c.Keep)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	result, err := export.Read(ctx, s, format, file, info.Size())
	if err == nil || result.Added > 0 {
		fmt.Printf("%s: %d rows added, %d were there, %d are older than %s\n", c.File, result.Added, result.Known, result.TooOld, c.Keep)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	if result.Added == 0 {
		return nil
	}
	return s.Write(&quality.Batch{Events: []quality.Event{{
		At: time.Now().UnixNano(), Kind: "import",
		Text: fmt.Sprintf("%d rows of %s", result.Added, strings.Join(result.Models, ", ")),
	}}})
}
