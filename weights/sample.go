package weights

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"penstock/model"
)

// Sample makes rows for trying the model, as an engine is given them: rows that tell
// its answers apart where the engine knows such; else numbers about the input's mean,
// and categories at random. They are not data: what scores such rows get says
// nothing about what the model is worth.
func (m *Loaded) Sample(rows int, seed uint64) []float32 {
	if m.sample != nil {
		return m.sample(rows, seed)
	}
	spec := m.Spec()
	random := rand.New(rand.NewPCG(seed, 11))
	values := make([]float32, rows*spec.Features)
	for i := range values {
		feature := i % spec.Features
		if len(spec.Columns) > 0 && spec.Columns[feature].Kind == model.Category {
			values[i] = float32(random.IntN(len(spec.Columns[feature].Categories)))
			continue
		}
		mean, std := spec.Rest(feature)
		values[i] = float32(mean + std*random.NormFloat64())
	}
	return values
}

// ReadSample reads rows as people keep them: CSV, or JSON as a bundle's reference.
// CSV has a line of names where the model's columns have names, which may come in any
// order, and may have one where they have none. An empty cell, NA and NaN are missing
// values. What it returns is row-major: NaN for what is missing, and the index of its
// category for a category.
func ReadSample(name string, data []byte, spec model.Spec) (rows []float64, err error) {
	if strings.HasSuffix(strings.ToLower(name), ".json") {
		rows, err = readReferenceRows(data, spec)
	} else {
		rows, err = readCSV(data, spec)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return rows, nil
}

func readCSV(data []byte, spec model.Spec) ([]float64, error) {
	in := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))
	in.ReuseRecord = true
	first, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("has no line of CSV: %w", err)
	}
	places, header, err := placesOf(first, spec)
	if err != nil {
		return nil, err
	}
	var rows []float64
	for record := first; ; {
		if !header {
			row, err := readRecord(record, places, spec)
			if err != nil {
				line, _ := in.FieldPos(0)
				return nil, fmt.Errorf("line %d: %w", line, err)
			}
			rows = append(rows, row...)
		}
		header = false
		if record, err = in.Read(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err // it tells the line
		}
	}
	if len(rows) == 0 {
		return nil, errors.New("has no rows")
	}
	return rows, nil
}

// placesOf returns in which field of a record each feature is, and whether the first
// record is a line of names.
func placesOf(first []string, spec model.Spec) (places []int, header bool, err error) {
	places = make([]int, spec.Features)
	if len(spec.Columns) == 0 {
		if len(first) != spec.Features {
			return nil, false, fmt.Errorf("has %d fields in its first line; the model has %d features", len(first), spec.Features)
		}
		for i := range places {
			places[i] = i
		}
		_, err := strconv.ParseFloat(strings.TrimSpace(first[0]), 64)
		return places, err != nil && !missingCell(first[0]), nil
	}
	for i, c := range spec.Columns {
		if places[i] = slices.IndexFunc(first, func(name string) bool { return strings.TrimSpace(name) == c.Name }); places[i] < 0 {
			return nil, false, fmt.Errorf("has no field %q in its first line, which has to name the model's columns; it has %.200q", c.Name, first)
		}
	}
	return places, true, nil
}

func readRecord(record []string, places []int, spec model.Spec) ([]float64, error) {
	row := make([]float64, len(places))
	for i, place := range places {
		cell := strings.TrimSpace(record[place])
		var err error
		switch {
		case missingCell(cell) && (len(spec.Columns) == 0 || !slices.Contains(spec.Columns[i].Categories, cell)):
			row[i], err = readCell([]byte("null"), i, spec)
		case len(spec.Columns) > 0 && spec.Columns[i].Kind == model.Category:
			text, _ := json.Marshal(cell)
			row[i], err = readCell(text, i, spec)
		default:
			if row[i], err = strconv.ParseFloat(cell, 64); err != nil || math.IsInf(row[i], 0) {
				err = fmt.Errorf("is %.40q; expected a number", cell)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("feature %s %w", featureName(spec, i), err)
		}
	}
	return row, nil
}

func missingCell(cell string) bool {
	switch strings.ToLower(strings.TrimSpace(cell)) {
	case "", "na", "nan", "null":
		return true
	}
	return false
}

func featureName(spec model.Spec, i int) string {
	if len(spec.Columns) == 0 {
		return strconv.Itoa(i)
	}
	return strconv.Quote(spec.Columns[i].Name)
}
