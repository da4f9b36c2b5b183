package protocol

func (d *Decoder) label(i int) int {
	if d.s.peek(i) == '[' {
		d.reject(BadLabel, "label is one string or number; send labels for many rows")
		return d.s.skip(i, 1)
	}
	return d.oneLabel(i)
}

func (d *Decoder) labels(i int) int {
	if d.s.peek(i) != '[' {
		d.reject(BadLabel, "labels must be an array with one string or number per row")
		return d.s.skip(i, 1)
	}
	d.m.ManyLabels = true
	return d.list(i, d.oneLabel)
}

// oneLabel keeps a label, unless there are more than a request may have rows.
func (d *Decoder) oneLabel(i int) int {
	if d.MaxRows > 0 && len(d.m.Labels) == d.MaxRows {
		d.reject(BadLabel, "more labels than a request may have rows (%d)", d.MaxRows)
		return d.s.skip(i, 2)
	}
	if d.s.peek(i) == '"' {
		t, next := d.s.stringAt(i)
		if next >= 0 {
			d.m.Labels = append(d.m.Labels, Label{Text: d.labelText(t), IsText: true})
		}
		return next
	}
	if c := d.s.peek(i); c != '-' && c-'0' >= 10 {
		d.reject(BadLabel, "a label must be a string or a number")
		return d.s.skip(i, 2)
	}
	f, next, _ := d.number(i) // infinite beyond float64: a class may have that name all the same
	if next < 0 {
		return next
	}
	d.m.Labels = append(d.m.Labels, Label{Text: d.labelText(text{start: i, end: next}), Number: f})
	return next
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
