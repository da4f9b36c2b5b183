package protocol_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"penstock/protocol"
)

// Rows that no model takes are counted, and not kept.
func TestDecodeKeepsNoRowThatIsTooWide(t *testing.T) {
	d := protocol.Decoder{MaxRows: 4, MaxFeatures: 3}
	for frame, want := range map[string]struct{ rows, width, kept int }{
		`{"features":[1,2,3]}`:                         {1, 3, 3},
		`{"features":[1,2,3,4,5]}`:                     {1, 5, 0},
		`{"features":[[1,2,3],[4,5,6]]}`:               {2, 3, 6},
		`{"features":[[1,2,3,4],[5,6,7,8]]}`:           {2, 4, 0},
		`{"features":[[1,2,3 , 4 ]],"request_id":"x"}`: {1, 4, 0},
		`{"features":[]}`:                              {1, 0, 0},
	} {
		var m protocol.Ask
		if err := d.Decode([]byte(frame), &m); err != nil {
			t.Errorf("%s: %v", frame, err)
		}
		if m.Rows != want.rows || m.Width != want.width || len(m.Features) != want.kept {
			t.Errorf("%s has %d rows of %d, and %d features are kept; want %v", frame, m.Rows, m.Width, len(m.Features), want)
		}
	}
}

// However the numbers of a row that is too wide are written, they are counted.
func TestDecodeCountsWideRows(t *testing.T) {
	d := protocol.Decoder{MaxFeatures: 3}
	rapid.Check(t, func(t *rapid.T) {
		entry := rapid.SampledFrom([]string{"0", "1.25", "-3e-5", " 7 ", "123456789012345678901234567890", "0", "0"})
		entries := rapid.SliceOfN(entry, 4, 400).Draw(t, "entries")
		row := "[" + strings.Join(entries, ",") + "]"
		for _, features := range []string{row, "[" + row + " , " + row + "]"} {
			var m protocol.Ask
			err := d.Decode([]byte(`{"features":`+features+`,"request_id":7}`), &m)
			if err != nil || m.Width != len(entries) || len(m.Features) != 0 || string(m.ID) != "7" {
				t.Fatalf("%s: %v, and %d entries of %d", features, err, m.Width, len(entries))
			}
		}
	})
}

// What is refused is not kept, and the request_id after it is found.
func TestDecodeKeepsNothingAfterABadEntry(t *testing.T) {
	d := protocol.Decoder{MaxRows: 1024, MaxFeatures: 1024}
	for name, features := range map[string]string{
		"bad entry":         `["",` + strings.Repeat("1,", 1<<16) + `1]`,
		"bad row":           `[0,` + strings.Repeat("[1],", 1<<16) + `[1]]`,
		"bad entry of many": `[[null],` + strings.Repeat("[1],", 1<<16) + `[1]]`,
		"too many rows":     `[` + strings.Repeat("[1],", 1<<16) + `[1]]`,
		"different lengths": `[[1],[1,2],` + strings.Repeat("[1],", 1<<16) + `[1]]`,
	} {
		var m protocol.Ask
		err := read(&d, []byte(`{"features":`+features+`,"request_id":7}`), &m)
		if err == nil || string(m.ID) != "7" || cap(m.Features) > 2048 {
			t.Errorf("%s: %v for %s, and memory for %d features", name, err, m.ID, cap(m.Features))
		}
	}
}

func TestDecodeBoundsUnknownFields(t *testing.T) {
	var d protocol.Decoder
	for n, code := range map[int]protocol.Code{64: 0, 65: protocol.BadMessage, 5000: protocol.BadMessage} {
		var m protocol.Ask
		err := d.Decode([]byte(fields(n)+`"features":[1],"request_id":7}`), &m)
		if codeOf(err) != code || string(m.ID) != "7" {
			t.Errorf("%d unknown fields: %v, for %s", n, err, m.ID)
		}
	}
	var m protocol.Ask
	if err := d.Decode([]byte(`{"ab":1,"cd":2,"\u0061b":3,"features":[1]}`), &m); codeOf(err) != protocol.BadJSON {
		t.Errorf("the same key, written differently: %v", err)
	}
}

func TestDecodeBoundsDetail(t *testing.T) {
	var d protocol.Decoder
	var m protocol.Ask
	frame := `{"features":[1],"detail":[` + strings.Repeat(`"scores",`, 100) + `"scores"]}`
	if err := d.Decode([]byte(frame), &m); codeOf(err) != protocol.BadMessage {
		t.Errorf("101 details: %v", err)
	}
}

func TestDecodeWatchBoundsLists(t *testing.T) {
	for _, c := range []struct {
		frame string
		code  protocol.Code
	}{
		{`{"type":"subscribe","metrics":[` + names(64) + `],"models":[` + names(256) + `]}`, 0},
		{`{"type":"subscribe","metrics":[` + names(65) + `]}`, protocol.BadMessage},
		{`{"type":"subscribe","models":[` + names(257) + `]}`, protocol.BadMessage},
		{`{"type":"subscribe","models":["` + strings.Repeat("a", 257) + `"]}`, protocol.BadMessage},
		{`{"type":"subscribe","models":[0]}`, protocol.BadMessage},
		{`{"type":"subscribe","models":null,"metrics":null,"interval_ms":null}`, 0},
		{`{"type":"subscribe","interval_ms":1.5}`, protocol.BadMessage},
		{fields(100) + `"type":"subscribe"}`, protocol.BadMessage},
	} {
		m, err := protocol.DecodeWatch([]byte(c.frame))
		if codeOf(err) != c.code {
			t.Errorf("%.80s: %v; want %v", c.frame, err, c.code)
		}
		if len(m.Metrics) > 64 || len(m.Models) > 256 {
			t.Errorf("%.80s: %d metrics and %d models are kept", c.frame, len(m.Metrics), len(m.Models))
		}
	}
	m, err := protocol.DecodeWatch([]byte(`{"type":"subscribe","metrics":[]}`))
	if err != nil || m.Metrics == nil || m.Models != nil {
		t.Errorf("no metrics, and all models: %+v, %v", m, err)
	}
}

func codeOf(err *protocol.Error) protocol.Code {
	if err == nil {
		return 0
	}
	return err.Code
}

// fields is the start of a message, with so many unknown fields.
func fields(n int) string {
	var s strings.Builder
	s.WriteByte('{')
	for i := range n {
		fmt.Fprintf(&s, `"k%d":0,`, i)
	}
	return s.String()
}

func names(n int) string { return strings.TrimSuffix(strings.Repeat(`"a",`, n), ",") }
