package bench

import (
	"math/rand/v2"
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
	rows := l.Features
	if len(rows) == 0 {
		width, err := l.width(hello)
		if err != nil {
			return nil, err
		}
		rows = randomRows(random, variants, width)
	}
	requests := make([]client.Request, variants)
	for i := range requests {
		chosen := make([][]float32, l.Rows)
		for j := range chosen {
			chosen[j] = rows[(i*l.Rows+j)%len(rows)]
		}
		var err error
		requests[i] = client.Request{Model: l.Model, Deadline: l.Deadline}
		if l.Rows == 1 {
			requests[i].Encoded, err = client.EncodeRow(chosen[0])
		} else {
			requests[i].Encoded, err = client.EncodeRows(chosen)
		}
		if err != nil {
			return nil, wrong("Features", "cannot be sent: %v", err)
		}
		if size, most := requests[i].Encoded.Bytes()+overhead, hello.Limits.MaxBytes; most > 0 && size > most {
			return nil, wrong("Rows", "is %d; requests would have %d bytes, and the server takes at most %d in a message: "+
				"send fewer rows, or give it a larger --max-message-bytes", l.Rows, size, most)
		}
	}
	return requests, nil
}

// width is how many features the load's model takes.
func (l *Load) width(hello *protocol.Hello) (int, error) {
	for _, m := range hello.Models {
		if l.Model == "" || m.Name == l.Model {
			return m.Features, nil
		}
	}
	return 0, wrong("Model", "%q is not served; the server has %s", l.Model, strings.Join(modelNames(hello), ", "))
}

func modelNames(hello *protocol.Hello) []string {
	names := make([]string, len(hello.Models))
	for i, m := range hello.Models {
		names[i] = m.Name
	}
	return names
}

// randomRows draws numbers in [0,1) of two decimals: short on the wire, like
// measured values.
func randomRows(random *rand.Rand, n, width int) [][]float32 {
	rows := make([][]float32, n)
	for i := range rows {
		rows[i] = make([]float32, width)
		for j := range rows[i] {
			rows[i][j] = float32(random.IntN(100)) / 100
		}
	}
	return rows
}
