package protocol_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"penstock/protocol"
)

var watchCases = []struct {
	frame string
	code  protocol.Code
}{
	{`{"type":"subscribe","metrics":["latency_ms"],"models":["digits"],"interval_ms":2000}`, 0},
	{`{"type":"note","text":" deploy "}`, 0},
	{`{"type":"note","text":"deploy","group":"ops"}`, 0},
	{`{"type":"note","text":"deploy","group":null}`, 0},
	{`{"type":"note","text":"deploy","group":""}`, protocol.BadMessage},
	{`{"type":"note","text":"deploy","group":"o ps"}`, protocol.BadMessage},
	{`{"type":"join","group":"ops"}`, 0},
	{`{"type":"leave","group":"ops"}`, 0},
	{`{"type":"join"}`, protocol.BadMessage},
	{`{"type":"join","group":["ops"]}`, protocol.BadMessage},
	{`{"type":"leave","group":"*"}`, protocol.BadMessage},
	{`{"type":"typing"}`, 0},
	{`{"type":"ping"}`, 0},
	{`{"type":"accept_baseline","model":"digits"}`, 0},
	{`{"type":"accept_baseline"}`, protocol.BadMessage},
	{`{"type":"accept_baseline","model":["digits"]}`, protocol.BadMessage},
	{`{"type":"accept_baseline","model":"` + strings.Repeat("x", 257) + `"}`, protocol.BadMessage},
	{`{"type":"freeze_calibration","model":"digits","frozen":true}`, 0},
	{`{"frozen":false,"model":"digits","type":"freeze_calibration"}`, 0},
	{`{"type":"freeze_calibration","model":"digits"}`, protocol.BadMessage},
	{`{"type":"freeze_calibration","frozen":true}`, protocol.BadMessage},
	{`{"type":"freeze_calibration","model":"digits","frozen":null}`, protocol.BadMessage},
	{`{"type":"freeze_calibration","model":"digits","frozen":1}`, protocol.BadMessage},
	{`{"type":"freeze_calibration","model":"digits","frozen":tru}`, protocol.BadJSON},
	{`{"type":"note","text":"  "}`, protocol.BadMessage},
	{`{"type":"note","text":"a\u0000b"}`, protocol.BadMessage},
	{`{"type":"note","text":"` + strings.Repeat("x", 501) + `"}`, protocol.BadMessage},
	{`{"type":"subscribe","interval_ms":-1}`, protocol.BadMessage},
	{`{"type":"subscribe","metrics":"all"}`, protocol.BadMessage},
	{`{"type":"predict"}`, protocol.BadMessage},
	{`[]`, protocol.BadMessage},
	{`{"type":"typing","type":"typing"}`, protocol.BadJSON},
	{`{"type":"typing"`, protocol.BadJSON},
	{`{"type":"typing"}x`, protocol.BadJSON},
}

func TestDecodeWatch(t *testing.T) {
	for _, c := range watchCases {
		_, err := protocol.DecodeWatch([]byte(c.frame))
		var code protocol.Code
		if err != nil {
			code = err.Code
		}
		if code != c.code {
			t.Errorf("%.60s: %v; want %v", c.frame, err, c.code)
		}
	}
}

// TestNotesComeAsTheyWereSent, spaces included.
func TestNotesComeAsTheyWereSent(t *testing.T) {
	for text, good := range map[string]bool{
		" deploy ": true, "  two  spaces": true, "x": true, strings.Repeat("é", 500): true,
		"": false, "  ": false, "\u00a0": false, strings.Repeat("x", 501): false, strings.Repeat(" ", 500) + "x": false, "a\nb": false,
	} {
		sent, err := json.Marshal(map[string]string{"type": "note", "text": text})
		if err != nil {
			t.Fatal(err)
		}
		m, refused := protocol.DecodeWatch(sent)
		if (refused == nil) != good || good && m.Text != text {
			t.Errorf("%.20q: %.20q, %v; want it taken: %v", text, m.Text, refused, good)
		}
	}
}

func TestFrozenIsReadAsSent(t *testing.T) {
	for _, frozen := range []bool{true, false} {
		m, err := protocol.DecodeWatch(fmt.Appendf(nil, `{"type":"freeze_calibration","model":"digits","frozen": %v }`, frozen))
		if err != nil || m.Model != "digits" || m.Frozen == nil || *m.Frozen != frozen {
			t.Errorf("%v was read as %+v, %v", frozen, m, err)
		}
	}
}

// TestEscapesInWatchMessages: limits are of characters and bytes, however many
// escapes these are sent as.
func TestEscapesInWatchMessages(t *testing.T) {
	escaped := func(text string) string {
		var b strings.Builder
		for _, unit := range utf16.Encode([]rune(text)) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
		return b.String()
	}
	model, note := strings.Repeat("m", 256), strings.Repeat("😀", protocol.MaxNote)
	m, err := protocol.DecodeWatch([]byte(`{"` + escaped("type") + `":"` + escaped("accept_baseline") + `","model":"` + escaped(model) + `"}`))
	if err != nil || m.Type != "accept_baseline" || m.Model != model {
		t.Errorf("%+v, %v", m, err)
	}
	m, err = protocol.DecodeWatch([]byte(`{"type":"note","text":"` + escaped(note) + `"}`))
	if err != nil || m.Text != note {
		t.Errorf("%+v, %v", m, err)
	}
	m, err = protocol.DecodeWatch([]byte(`{"type":"subscribe","models":["` + escaped(model) + `"],"metrics":["` + escaped("model_accuracy") + `"]}`))
	if err != nil || m.Models[0] != model || m.Metrics[0] != "model_accuracy" {
		t.Errorf("%+v, %v", m, err)
	}
	for _, long := range []string{model + "m", escaped(model + "m")} {
		if _, err = protocol.DecodeWatch([]byte(`{"type":"accept_baseline","model":"` + long + `"}`)); err == nil || err.Code != protocol.BadMessage {
			t.Errorf("a name of 257 bytes: %v", err)
		}
	}
}

func FuzzDecodeWatch(f *testing.F) {
	for _, c := range watchCases {
		f.Add([]byte(c.frame))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		if !utf8.Valid(frame) {
			t.Skip("the server refuses it before")
		}
		m, err := protocol.DecodeWatch(frame)
		if err == nil && m.Type == "note" && (m.Text == "" || utf8.RuneCountInString(m.Text) > protocol.MaxNote) {
			t.Errorf("%q gave the note %q", frame, m.Text)
		}
	})
}
