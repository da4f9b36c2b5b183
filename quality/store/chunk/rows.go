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
	c := *b
	c.Predicted = append(a.Predicted, b.Predicted...)
	c.Labelled = append(a.Labelled, b.Labelled...)
	c.Scopes = append(a.Scopes, b.Scopes...)
	c.IDs = append(a.IDs, b.IDs...)
	c.Rows = append(a.Rows, b.Rows...)
	c.Callers = append(a.Callers, b.Callers...)
	c.Names = append(a.Names, b.Names...)
	c.Values = append(a.Values, b.Values...)
	c.Confidences = append(a.Confidences, b.Confidences...)
	c.Truths = append(a.Truths, b.Truths...)
	c.Verdicts = append(a.Verdicts, b.Verdicts...)
	c.Shown = append(a.Shown, b.Shown...)
	c.Probability = append(a.Probability, b.Probability...)
	c.Squares = append(a.Squares, b.Squares...)
	c.SetSize = append(a.SetSize, b.SetSize...)
	c.Covered = append(a.Covered, b.Covered...)
	c.Slices = append(a.Slices, b.Slices...)
	return c
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
