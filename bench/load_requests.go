package bench

import (
	"math/rand/v2"
	"slices"
	"strings"

	"penstock/client"
	"penstock/protocol"
)

// variants is how many different requests a load sends in turn. They are
// encoded once: what is measured is the server, not strconv.
const variants = 256

// overhead is what a message has besides rows, at most: its id, a deadline, the
// name of a model.
const overhead = 256

// requests prepares what the load sends.
func (l *Load) requests(hello *protocol.Hello) ([]client.Request, error) {
	if most := min(hello.Limits.MaxRows, hello.Limits.Window); most > 0 && l.Rows > most {
		return nil, wrong("Rows", "is %d; the server takes at most %d rows in a request", l.Rows, most)
	}
	random := rand.New(rand.NewPCG(l.Seed, 0))
	rows, columns := l.Features, []protocol.Column(nil)
	if len(rows) == 0 {
		m, err := l.model(hello)
		if err != nil {
			return nil, err
		}
		columns = m.Columns
		rows = randomRows(random, variants, m.Features, columns)
	}
	requests := make([]client.Request, variants)
	for i := range requests {
		chosen := make([][]float32, l.Rows)
		for j := range chosen {
			chosen[j] = rows[(i*l.Rows+j)%len(rows)]
		}
		var err error
		requests[i] = client.Request{Model: l.Model, Deadline: l.Deadline}
		if requests[i].Encoded, err = encode(chosen, columns); err != nil {
			return nil, wrong("Features", "cannot be sent: %v", err)
		}
		if size, most := requests[i].Encoded.Bytes()+overhead, hello.Limits.MaxBytes; most > 0 && size > most {
			return nil, wrong("Rows", "is %d; requests would have %d bytes, and the server takes at most %d in a message: "+
				"send fewer rows, or give it a larger --max-message-bytes", l.Rows, size, most)
		}
	}
	return requests, nil
}

// encode writes rows as numbers, or by the names of columns where some of these have
// categories.
func encode(rows [][]float32, columns []protocol.Column) (*client.Encoded, error) {
	switch {
	case !slices.ContainsFunc(columns, ofCategories) && len(rows) == 1:
		return client.EncodeRow(rows[0])
	case !slices.ContainsFunc(columns, ofCategories):
		return client.EncodeRows(rows)
	}
	named := make([]map[string]any, len(rows))
	for i, row := range rows {
		named[i] = make(map[string]any, len(row))
		for j, c := range columns {
			named[i][c.Name] = row[j]
			if ofCategories(c) {
				named[i][c.Name] = c.Categories[int(row[j])]
			}
		}
	}
	if len(rows) == 1 {
		return client.EncodeNamed(named[0])
	}
	return client.EncodeNamedRows(named)
}

func ofCategories(c protocol.Column) bool { return len(c.Categories) > 0 }

// model is the one that the load asks.
func (l *Load) model(hello *protocol.Hello) (protocol.HelloItem, error) {
	for _, m := range hello.Models {
		if l.Model == "" || m.Name == l.Model {
			return m, nil
		}
	}
	return protocol.HelloItem{}, wrong("Model", "%q is not served; the server has %s", l.Model, strings.Join(modelNames(hello), ", "))
}

func modelNames(hello *protocol.Hello) []string {
	names := make([]string, len(hello.Models))
	for i, m := range hello.Models {
		names[i] = m.Name
	}
	return names
}

// randomRows draws numbers in [0,1) of two decimals, short on the wire, like
// measured values; and of a category its index.
func randomRows(random *rand.Rand, n, width int, columns []protocol.Column) [][]float32 {
	rows := make([][]float32, n)
	for i := range rows {
		rows[i] = make([]float32, width)
		for j := range rows[i] {
			rows[i][j] = float32(random.IntN(100)) / 100
			if len(columns) > 0 && ofCategories(columns[j]) {
				rows[i][j] = float32(random.IntN(len(columns[j].Categories)))
			}
		}
	}
	return rows
}
