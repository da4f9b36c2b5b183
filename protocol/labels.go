package protocol

// label reads the label of one row, which may have several.
func (d *Decoder) label(i int) int { return d.rowLabel(i, 1) }

// labels reads one label for each row.
func (d *Decoder) labels(i int) int {
	if d.s.peek(i) != '[' {
		d.reject(BadLabel, "labels must be an array with one label per row")
		return d.s.skip(i, 1)
	}
	d.m.ManyLabels = true
	return d.list(i, func(i int) int { return d.rowLabel(i, 2) })
}

// rowLabel keeps what a row is labelled with, unless there are more rows than a
// request may have.
func (d *Decoder) rowLabel(i, depth int) int {
	if d.MaxRows > 0 && len(d.m.Labels) == d.MaxRows {
		d.reject(BadLabel, "more labels than a request may have rows (%d)", d.MaxRows)
		return d.s.skip(i, depth)
	}
	if d.s.peek(i) != '[' {
		l, next := d.oneLabel(i, depth)
		d.m.Labels = append(d.m.Labels, l)
		return next
	}
	list := Label{IsList: true}
	next := d.s.array(i, depth, func(i int) (int, bool) {
		if d.MaxLabels > 0 && len(list.List) == d.MaxLabels {
			d.reject(BadLabel, "more labels for one row than any model here has (%d)", d.MaxLabels)
			return d.s.skip(i, depth+1), false
		}
		l, next := d.oneLabel(i, depth+1)
		list.List = append(list.List, l)
		return next, d.invalid == nil
	})
	d.m.Labels = append(d.m.Labels, list)
	return next
}

// oneLabel reads a string or a number.
func (d *Decoder) oneLabel(i, depth int) (l Label, next int) {
	if d.s.peek(i) == '"' {
		t, next := d.s.stringAt(i)
		if next >= 0 {
			l = Label{Text: d.labelText(t), IsText: true}
		}
		return l, next
	}
	if c := d.s.peek(i); c != '-' && c-'0' >= 10 {
		d.reject(BadLabel, "a label is a string or a number, or, where a row has several, an array of such")
		return l, d.s.skip(i, depth)
	}
	f, next, _ := d.number(i) // infinite beyond float64: a class may have that name all the same
	if next >= 0 {
		l = Label{Text: d.labelText(text{start: i, end: next}), Number: f}
	}
	return l, next
}

// labelText copies the characters of a label to those of the others.
func (d *Decoder) labelText(t text) string {
	start := d.labelTexts.Len()
	if t.escaped {
		var buf [256]byte
		d.labelTexts.Write(d.s.appendText(buf[:0], t))
	} else {
		d.labelTexts.Write(d.s.b[t.start:t.end])
	}
	return d.labelTexts.String()[start:]
}
