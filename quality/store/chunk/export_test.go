package chunk

import "penstock/quality"

// Body is what Append compresses, for the fuzzer: the checksum would keep it out.
func (c *Coder) Body(o *quality.Outcomes) ([]byte, error) {
	if _, err := c.Append(nil, o, 0, o.Len()); err != nil {
		return nil, err
	}
	return append([]byte(nil), c.body...), nil
}

// ReadBody is Read without the compression.
func (c *Coder) ReadBody(body []byte, o *quality.Outcomes) error {
	r := reader{c: c, o: o, rest: body}
	r.read()
	return r.err
}
