// Command trees predicts with a forest whenever it is told to, and says how long that
// took: compare.py runs it in turn with the libraries that forests come from, so that
// all are measured on the machine as it is at that moment.
//
//	trees FILE ROWS
//
// FILE is XGBoost's JSON, or what the Python package penstock writes of other
// libraries; ROWS are float32 numbers, row by row. Each line of input, "batch
// seconds", is answered with nanoseconds a row, and "bytes" with the memory that the
// model holds.
package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"runtime"
	"time"

	"penstock/model"
	"penstock/model/trees"
	"penstock/weights/forest"
	"penstock/weights/xgboost"
)

func main() {
	if len(os.Args) != 3 {
		slog.Error("expected two arguments: a model's file, and one of rows")
		os.Exit(2)
	}
	if err := serve(os.Args[1], os.Args[2], os.Stdin, os.Stdout); err != nil {
		slog.Error("cannot measure", "error", err)
		os.Exit(1)
	}
}

func serve(file, rowsFile string, in io.Reader, out io.Writer) error {
	rows, err := readRows(rowsFile)
	if err != nil {
		return err
	}
	before := held()
	m, err := read(file)
	if err != nil {
		return err
	}
	bytes := held() - before
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var batch int
		var seconds float64
		if lines.Text() == "bytes" {
			fmt.Fprintln(out, bytes, m.Kernel())
			continue
		}
		if _, err := fmt.Sscan(lines.Text(), &batch, &seconds); err != nil {
			return fmt.Errorf("expected a batch and seconds: %w", err)
		}
		each, err := measure(m, rows, batch, time.Duration(seconds*float64(time.Second)))
		if err != nil {
			return err
		}
		fmt.Fprintln(out, each)
	}
	return lines.Err()
}

// held is the memory in use, garbage aside.
func held() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func read(file string) (*trees.Model, error) {
	data, err := os.ReadFile(file) //nolint:gosec // whoever measures says which file
	if err != nil {
		return nil, err
	}
	reader := xgboost.Read
	if forest.Is(data) {
		reader = forest.Read
	}
	p, err := reader(data)
	if err != nil {
		return nil, err
	}
	return trees.New(model.Spec{Name: "forest", Version: "1", Features: p.Forest.Features, Outputs: p.Outputs, Missing: true}, p.Forest, 1)
}

func readRows(file string) ([]float32, error) {
	data, err := os.ReadFile(file) //nolint:gosec // whoever measures says which file
	if err != nil {
		return nil, err
	}
	rows := make([]float32, len(data)/4)
	for i := range rows {
		rows[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return rows, nil
}

// measure returns nanoseconds a row, of batches of other rows each.
func measure(m *trees.Model, rows []float32, batch int, lasting time.Duration) (float64, error) {
	in := m.Spec().Features
	batches := len(rows) / in / batch
	if batches < 1 {
		return 0, errors.New("fewer rows than a batch")
	}
	s, err := m.NewSession(batch)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	scores := make([]float32, batch*m.Spec().Width())
	n, began := 0, time.Now()
	for time.Since(began) < lasting {
		for range 10 {
			if err := s.Predict(scores, rows[n%batches*batch*in:][:batch*in], batch); err != nil {
				return 0, err
			}
			n++
		}
	}
	return float64(time.Since(began).Nanoseconds()) / float64(n*batch), nil
}
