package chunk

import "penstock/quality"

// Alike reports whether two have the same columns, of the same widths, so that they can be
// Joined.
func Alike(a, b *quality.Outcomes) bool {
	return a.Width == b.Width && a.LabelWidth == b.LabelWidth && present(a)&^hasDistances == present(b)&^hasDistances
}

// Joined appends the rows of b to a, which may be changed and has the names of b. The
// two are Alike, or a has no rows.
func Joined(a quality.Outcomes, b *quality.Outcomes) quality.Outcomes {
	a.Model, a.Version, a.Kind, a.Classes = b.Model, b.Version, b.Kind, b.Classes
	a.Width, a.LabelWidth = b.Width, b.LabelWidth
	a.Predicted = append(a.Predicted, b.Predicted...)
	a.Labelled = append(a.Labelled, b.Labelled...)
	a.Scopes = append(a.Scopes, b.Scopes...)
	a.IDs = append(a.IDs, b.IDs...)
	a.Rows = append(a.Rows, b.Rows...)
	a.Callers = append(a.Callers, b.Callers...)
	a.Names = append(a.Names, b.Names...)
	a.Values = append(a.Values, b.Values...)
	a.Confidences = append(a.Confidences, b.Confidences...)
	a.Truths = append(a.Truths, b.Truths...)
	a.Verdicts = append(a.Verdicts, b.Verdicts...)
	a.Shown = append(a.Shown, b.Shown...)
	a.Probability = append(a.Probability, b.Probability...)
	a.Squares = append(a.Squares, b.Squares...)
	a.SetSize = append(a.SetSize, b.SetSize...)
	a.Covered = append(a.Covered, b.Covered...)
	a.Slices = append(a.Slices, b.Slices...)
	return a
}

// Pick copies some rows of o, in that order.
func Pick(o *quality.Outcomes, rows []int) *quality.Outcomes {
	p := *o
	p.Predicted = picked(o.Predicted, rows, 1)
	p.Labelled = picked(o.Labelled, rows, 1)
	p.Scopes = picked(o.Scopes, rows, 1)
	p.IDs = picked(o.IDs, rows, 1)
	p.Rows = picked(o.Rows, rows, 1)
	p.Callers = picked(o.Callers, rows, 1)
	p.Names = picked(o.Names, rows, 1)
	p.Values = picked(o.Values, rows, o.Width)
	p.Confidences = picked(o.Confidences, rows, o.Width)
	p.Truths = picked(o.Truths, rows, o.LabelWidth)
	p.Verdicts = picked(o.Verdicts, rows, 1)
	p.Shown = picked(o.Shown, rows, 1)
	p.Probability = picked(o.Probability, rows, 1)
	p.Squares = picked(o.Squares, rows, 1)
	p.SetSize = picked(o.SetSize, rows, 1)
	p.Covered = picked(o.Covered, rows, 1)
	p.Slices = picked(o.Slices, rows, 1)
	return &p
}

func picked[T any](column []T, rows []int, width int) []T {
	if len(column) == 0 {
		return nil
	}
	all := make([]T, 0, len(rows)*width)
	for _, i := range rows {
		all = append(all, column[i*width:(i+1)*width]...)
	}
	return all
}
