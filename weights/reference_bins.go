package weights

import (
	"bytes"
	"encoding/json"
	"math"

	"penstock/model"
)

// binsOf is one feature in a reference without rows.
type binsOf struct {
	Range      []float64 `json:"range,omitempty"` // least, median, largest; of a number
	Missing    int       `json:"missing,omitempty"`
	Edges      []float64 `json:"edges,omitempty"`
	Categories []int     `json:"categories,omitempty"` // rows of each, and of the unknown
	Groups     []int     `json:"groups,omitempty"`
	Counts     []int     `json:"counts"`
}

// EncodeReference writes a reference as a bundle has it: the bins in place of the rows
// that they were made of, of which nobody can be recognised, a feature a line.
func EncodeReference(r *model.Reference) ([]byte, error) {
	var text bytes.Buffer
	rows, err := json.Marshal(r.Rows)
	if err != nil {
		return nil, err
	}
	text.WriteString(`{"rows":` + string(rows) + `,"bins":[`)
	for i := range r.Features {
		f := &r.Features[i]
		told := binsOf{
			Missing: int(math.Round(f.Missing * float64(r.Rows))),
			Edges:   f.Bins.Edges, Categories: f.Counts, Groups: f.Bins.Groups, Counts: f.Bins.Counts,
		}
		if !math.IsNaN(f.Median) {
			told.Range = []float64{f.Min, f.Median, f.Max}
		}
		line, err := json.Marshal(told)
		if err != nil {
			return nil, err
		}
		separate(&text, i, "")
		text.WriteString("\n")
		text.Write(line)
	}
	text.WriteString("]}\n")
	return text.Bytes(), nil
}

// decodeReference reads what EncodeReference wrote. Who knows what wrote it, so that
// everything that a detector relies on is checked.
func decodeReference(o *Object, spec model.Spec) (*model.Reference, error) {
	r := &model.Reference{}
	o.Required("rows", &r.Rows)
	if r.Rows < 1 || r.Rows > model.MostReferenceRows {
		o.Refuse("rows", "is %d; expected 1 to %d", r.Rows, model.MostReferenceRows)
	}
	features := o.Objects("bins", spec.Features)
	if err := o.Done(); err != nil {
		return nil, err
	}
	if len(features) != spec.Features {
		return nil, wrong("bins", "has %d entries; the model has %d features: make the reference again with penstock reference", len(features), spec.Features)
	}
	for i, of := range features {
		categories := 0
		if len(spec.Columns) > 0 {
			categories = len(spec.Columns[i].Categories)
		}
		read, err := decodeBins(of, categories, r.Rows)
		if err != nil {
			return nil, err
		}
		r.Features = append(r.Features, read)
	}
	return r, nil
}

func decodeBins(o *Object, categories, rows int) (model.Range, error) {
	var told binsOf
	o.Optional("range", &told.Range)
	o.Optional("missing", &told.Missing)
	o.Optional("edges", &told.Edges)
	o.Optional("categories", &told.Categories)
	o.Optional("groups", &told.Groups)
	o.Required("counts", &told.Counts)
	if n := len(told.Range); n != 0 && n != 3 || n == 3 && !(told.Range[0] <= told.Range[1] && told.Range[1] <= told.Range[2]) {
		o.Refuse("range", "is %v; expected the least, the median and the largest value", told.Range)
	}
	if told.Missing < 0 || told.Missing > rows {
		o.Refuse("missing", "is %d; expected 0 to %d, the number of rows", told.Missing, rows)
	}
	if n := len(told.Categories); n != 0 && categories == 0 || categories > 0 && n != categories+1 {
		o.Refuse("categories", "has %d entries; expected one for each of the column's %d categories and one for the unknown, or none for a number", n, categories)
	}
	read := model.Range{
		Min: math.NaN(), Median: math.NaN(), Max: math.NaN(),
		Missing: float64(told.Missing) / float64(rows), Counts: told.Categories,
		Bins: model.Bins{Edges: told.Edges, Groups: told.Groups, Counts: told.Counts},
	}
	if len(told.Range) == 3 {
		read.Min, read.Median, read.Max = told.Range[0], told.Range[1], told.Range[2]
	}
	checkCounts(o, "categories", told.Categories, rows)
	if err := read.Bins.Check(categories); err != nil {
		o.Refuse("counts", "do not fit: %w", err)
	}
	checkCounts(o, "counts", told.Counts, rows)
	return read, o.Done()
}

// checkCounts wants rows to be counted once at most.
func checkCounts(o *Object, key string, counts []int, rows int) {
	sum := 0
	for _, n := range counts {
		if n < 0 || n > rows-sum {
			o.Refuse(key, "are %d; expected numbers of rows that are %d together at most", counts, rows)
			return
		}
		sum += n
	}
}
