package command

import (
	"errors"
	"testing"

	"penstock/client"
	"penstock/protocol"
	"penstock/weights"
)

// The Go client's binary frames and its JSON get the same answers from the real
// server, to the bit, and either form may be labelled in the other.
func TestGoClientBinaryAgreesWithJSON(t *testing.T) {
	digits, err := weights.HeldOut()
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.Dial(t.Context(), "ws://"+startServing(t), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	bytes, floats := make([][]byte, 64), make([][]float32, 64)
	for i := range bytes {
		bytes[i] = digits.Row(i)
		floats[i] = make([]float32, len(bytes[i]))
		for j, pixel := range bytes[i] {
			floats[i][j] = float32(pixel) * (1.0 / 255)
		}
	}
	ask := func(r client.Request, rows int) []client.Row {
		t.Helper()
		r.Scores, r.Timing = true, true
		p, err := c.Do(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if p.Timing == nil || p.Timing.Compute <= 0 || p.Model != "digits" || p.Version == "" {
			t.Errorf("got timing %+v of model %q %q", p.Timing, p.Model, p.Version)
		}
		if rows == 1 {
			if p.Rows != nil {
				t.Error("one row was answered as many")
			}
			return []client.Row{p.Row}
		}
		return p.Rows
	}
	encodedFloats, err := client.EncodeBinary(floats)
	if err != nil {
		t.Fatal(err)
	}
	encodedBytes, err := client.EncodeBytes(bytes)
	if err != nil {
		t.Fatal(err)
	}
	want := ask(client.Request{Rows: floats}, 64)
	for name, got := range map[string][]client.Row{
		"rows":           ask(client.Request{Rows: floats, Binary: true}, 64),
		"rows of bytes":  ask(client.Request{ByteRows: bytes}, 64),
		"encoded":        ask(client.Request{Encoded: encodedFloats}, 64),
		"encoded bytes":  ask(client.Request{Encoded: encodedBytes, Model: "digits"}, 64),
		"one row":        ask(client.Request{Features: floats[0], Binary: true}, 1),
		"a row of bytes": ask(client.Request{Bytes: bytes[0]}, 1),
	} {
		for i, row := range got {
			if row.Label != want[i].Label || float32(*row.Confidence) != float32(*want[i].Confidence) || len(row.Scores) != 10 {
				t.Fatalf("%s: row %d: got %v %v, want %v %v", name, i, row.Label, *row.Confidence, want[i].Label, *want[i].Confidence)
			}
			for j, score := range row.Scores {
				if score != want[i].Scores[j] {
					t.Fatalf("%s: row %d: scores %v, want %v", name, i, row.Scores, want[i].Scores)
				}
			}
		}
	}

	// Labels: binary for JSON, JSON for binary.
	p, err := c.PredictRows(t.Context(), floats[:3])
	if err != nil {
		t.Fatal(err)
	}
	classes := c.Hello().Models[0].Classes
	index := func(row client.Row) float32 {
		for i, class := range classes {
			if class == row.Label {
				return float32(i)
			}
		}
		return -1
	}
	correct, err := c.FeedbackBinary(t.Context(), p.ID, index(p.Rows[0]), index(p.Rows[1]), float32(int(index(p.Rows[2])+1)%10))
	if err != nil || len(correct) != 3 || !correct[0] || !correct[1] || correct[2] {
		t.Errorf("labels in binary: %v, %v", correct, err)
	}
	p, err = c.PredictBytes(t.Context(), bytes[0])
	if err != nil {
		t.Fatal(err)
	}
	if correct, err = c.Feedback(t.Context(), p.ID, client.Class(p.Label)); err != nil || len(correct) != 1 || !correct[0] {
		t.Errorf("a label in JSON: %v, %v", correct, err)
	}
}

// What the server refuses is the same typed error in both forms.
func TestGoClientBinaryErrorsAreTyped(t *testing.T) {
	c, err := client.Dial(t.Context(), "ws://"+startServing(t), client.Options{Binary: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	short := []float32{1, 2}
	_, inJSON := c.Do(t.Context(), client.Request{Features: short, ID: client.StringID("json")})
	_, inBinary := c.Do(t.Context(), client.Request{Features: short})
	if !isProtocolError(inJSON, "bad_features") || !isProtocolError(inBinary, "bad_features") {
		t.Errorf("got %v and %v", inJSON, inBinary)
	}
	if _, err := c.FeedbackBinary(t.Context(), client.NumberID(1<<40), 1); !isProtocolError(err, "unknown_request") {
		t.Errorf("got %v", err)
	}
}

func isProtocolError(err error, code string) bool {
	var e *protocol.Error
	return errors.As(err, &e) && e.Code.String() == code
}
