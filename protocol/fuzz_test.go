package protocol_test

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"penstock/protocol"
)

func FuzzDecode(f *testing.F) {
	for _, c := range decodeCases {
		if len(c.frame) < 1<<12 {
			f.Add([]byte(c.frame))
		}
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		if !utf8.Valid(frame) {
			t.Skip("the server refuses it before")
		}
		var m protocol.Ask
		err := read(new(protocol.Decoder), frame, &m)
		compareWithEncodingJSON(t, frame, &m, err)
	})
}

// compareWithEncodingJSON checks a decoded message against what encoding/json
// reads from the same frame: it must agree on what is JSON, and on the values
// of all that is accepted.
func compareWithEncodingJSON(t *testing.T, frame []byte, m *protocol.Ask, err *protocol.Error) {
	t.Helper()
	if err != nil {
		if err.Code != protocol.BadJSON && !json.Valid(frame) {
			t.Fatalf("%q is not JSON, but was refused with %v", frame, err)
		}
		return
	}
	if !json.Valid(frame) {
		t.Fatalf("%q is not JSON, but was accepted", frame)
	}
	var fields map[string]json.RawMessage
	if e := json.Unmarshal(frame, &fields); e != nil {
		t.Fatalf("%q was accepted; encoding/json says %v", frame, e)
	}
	if raw := fields["request_id"]; string(raw) != "null" && m.Kind == protocol.KindPredict && !bytes.Equal(raw, m.ID) {
		t.Fatalf("request_id %q; encoding/json has %q", m.ID, raw)
	}
	if m.Kind != protocol.KindPredict {
		return
	}
	rows := []json.RawMessage{fields["features"]}
	if m.Many {
		if e := json.Unmarshal(fields["features"], &rows); e != nil {
			t.Fatal(e)
		}
	}
	if len(rows) != m.Rows || len(m.Features) != m.Rows*m.Width {
		t.Fatalf("%d rows of %d, %d values; encoding/json has %d rows", m.Rows, m.Width, len(m.Features), len(rows))
	}
	for i, raw := range rows {
		var want []json.Number
		if e := json.Unmarshal(raw, &want); e != nil || len(want) != m.Width {
			t.Fatalf("row %d has %d values; encoding/json has %d (%v)", i, m.Width, len(want), e)
		}
		for j, n := range want {
			exact, e := strconv.ParseFloat(string(n), 32)
			if got := m.Features[i*m.Width+j]; e != nil || math.Float32bits(got) != math.Float32bits(float32(exact)) {
				t.Fatalf("%s was read as %v; strconv has %v (%v)", n, got, exact, e)
			}
		}
	}
}

// Numbers are correctly rounded, midpoints between two float32 included.
func TestNumbersAreCorrectlyRounded(t *testing.T) {
	var d protocol.Decoder
	rapid.Check(t, func(t *rapid.T) {
		number := drawNumber(t)
		var m protocol.Ask
		if err := d.Decode([]byte(`{"features":[`+number+`]}`), &m); err != nil {
			want, e := strconv.ParseFloat(number, 32)
			if e == nil {
				t.Fatalf("%s was refused: %v; strconv has %v", number, err, want)
			}
			return
		}
		want, err := strconv.ParseFloat(number, 32)
		if err != nil || math.Float32bits(m.Features[0]) != math.Float32bits(float32(want)) {
			t.Fatalf("%s was read as %v; strconv has %v (%v)", number, m.Features[0], want, err)
		}
	})
}

func drawNumber(t *rapid.T) string {
	switch rapid.IntRange(0, 4).Draw(t, "kind") {
	case 0: // any decimal
		return rapid.StringMatching(`-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,24})?([eE][+-]?[0-9]{1,3})?`).Draw(t, "decimal")
	case 1: // a float64 as most programs print it
		return strconv.FormatFloat(rapid.Float64Range(-1e6, 1e6).Draw(t, "float64"), 'g', -1, 64)
	case 2: // the midpoint of two neighbouring float32
		f := rapid.Float32Range(-1e9, 1e9).Draw(t, "float32")
		next := math.Nextafter32(f, float32(math.Inf(1)))
		return strconv.FormatFloat((float64(f)+float64(next))/2, 'f', -1, 64)
	case 3: // just beside a midpoint
		f := rapid.Float32Range(-1e3, 1e3).Draw(t, "float32")
		next := math.Nextafter32(f, float32(math.Inf(1)))
		beside := math.Nextafter((float64(f)+float64(next))/2, rapid.SampledFrom([]float64{-1e9, 1e9}).Draw(t, "side"))
		return strconv.FormatFloat(beside, 'f', -1, 64)
	default: // a float32
		return strconv.FormatFloat(float64(rapid.Float32().Filter(func(f float32) bool {
			return !math.IsNaN(float64(f)) && !math.IsInf(float64(f), 0)
		}).Draw(t, "float32")), 'g', -1, 32)
	}
}
