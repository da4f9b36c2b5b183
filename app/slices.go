package app

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"penstock/model"
	"penstock/quality"
)

// slices are the columns of --quality-slice, by the names of models.
func (a *App) slices() (map[string]quality.Slice, error) {
	chosen := make(map[string]quality.Slice)
	for _, flag := range a.options.QualitySlices {
		m, column, err := a.columnOf(flag)
		if err != nil {
			return nil, err
		}
		name := m.Spec().Name
		if _, taken := chosen[name]; taken {
			return nil, fmt.Errorf("--quality-slice %s: model %q has another one already; give one for each model", flag, name)
		}
		if chosen[name], err = sliceOf(m, column); err != nil {
			return nil, fmt.Errorf("--quality-slice %s: %w", flag, err)
		}
	}
	return chosen, nil
}

// columnOf finds what [MODEL:]COLUMN names.
func (a *App) columnOf(flag string) (*loadedModel, int, error) {
	m, column := a.models[0], flag
	if name, rest, ok := strings.Cut(flag, ":"); ok {
		i := slices.IndexFunc(a.models, func(m *loadedModel) bool { return m.Spec().Name == name })
		if i < 0 {
			return nil, 0, fmt.Errorf("--quality-slice %s: no model is named %q", flag, name)
		}
		m, column = a.models[i], rest
	}
	columns := m.Spec().Columns
	at := slices.IndexFunc(columns, func(c model.Column) bool { return c.Name == column })
	if at < 0 {
		return nil, 0, fmt.Errorf("--quality-slice %s: model %q has no column %q; expected one of %s", flag, m.Spec().Name, column, namesOf(columns))
	}
	return m, at, nil
}

func namesOf(columns []model.Column) string {
	if len(columns) == 0 {
		return "its columns, of which it names none"
	}
	names := make([]string, 0, min(len(columns), 20))
	for _, c := range columns[:cap(names)] {
		names = append(names, c.Name)
	}
	if len(columns) > len(names) {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}

// sliceOf cuts a category by its values, and a number about at the quartiles of the model's
// reference.
func sliceOf(m *loadedModel, column int) (quality.Slice, error) {
	spec := m.Spec()
	c := spec.Columns[column]
	s := quality.Slice{Column: column, Name: c.Name}
	if len(c.Categories) > 0 {
		s.Names = append(slices.Clone(c.Categories), "missing or unknown")
		if s.Bins() > quality.MaxBins {
			return s, fmt.Errorf("column %q has %d categories; expected at most %d", c.Name, len(c.Categories), quality.MaxBins-1)
		}
		return s, nil
	}
	if m.Reference == nil {
		return s, fmt.Errorf("column %q is a number, and the model has no reference that says where to cut it; make one with penstock reference", c.Name)
	}
	s.Bounds = quarters(m.Reference.Features[column].Bins.Edges)
	s.Shift = spec.ShiftOf(column)
	if len(s.Bounds) == 0 {
		return s, fmt.Errorf("column %q is the same in all rows of the model's reference", c.Name)
	}
	for i, upper := range s.Bounds {
		lower := math.Inf(-1)
		if i > 0 {
			lower = s.Bounds[i-1]
		}
		s.Names = append(s.Names, spanName(lower, upper))
	}
	s.Names = append(s.Names, fmt.Sprintf("> %g", s.Bounds[len(s.Bounds)-1]), "missing")
	return s, nil
}

// quarters are the edges of a reference's bins that are nearest to its quartiles: bins
// have about equally many of its rows.
func quarters(edges []float64) (cuts []float64) {
	bins := len(edges) - 1
	for k := 1; k <= 3; k++ {
		if at := (k*bins + 2) / 4; at > 0 && at < bins && !slices.Contains(cuts, edges[at]) {
			cuts = append(cuts, edges[at])
		}
	}
	return cuts
}

func spanName(lower, upper float64) string {
	if math.IsInf(lower, -1) {
		return fmt.Sprintf("≤ %g", upper)
	}
	return fmt.Sprintf("%g to %g", lower, upper)
}
