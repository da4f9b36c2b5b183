package protocol_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"penstock/protocol"
)

var notifyCases = []struct {
	body string
	want protocol.Notify
	code protocol.Code
}{
	{`{"user":"ann","text":"x"}`, protocol.Notify{User: "ann", Text: "x"}, 0},
	{` { "text" : " two\nlines " , "group" : "ops" , "data" : { "b" : [ 1.50 , -0e1 , null ] , "b" : "\u0061" } } `,
		protocol.Notify{Group: "ops", Text: " two\nlines ", Data: json.RawMessage(`{"b":[1.50,-0e1,null],"b":"\u0061"}`)}, 0},
	{`{"user":"\u0061nn","text":"é","data":null}`, protocol.Notify{User: "ann", Text: "é", Data: json.RawMessage("null")}, 0},
	{`{"user":"","group":"ops","text":"x"}`, protocol.Notify{Group: "ops", Text: "x"}, 0},
	{`{"user":"ann","text":"` + strings.Repeat("é", 1000) + `"}`, protocol.Notify{User: "ann", Text: strings.Repeat("é", 1000)}, 0},
	{`{"user":"ann","text":"` + strings.Repeat(`\ud83d\ude00`, 1000) + `"}`, protocol.Notify{User: "ann", Text: strings.Repeat("😀", 1000)}, 0},
	{`{"user":"ann","text":"x","data":[` + strings.Repeat(" ", 8000) + `1]}`, protocol.Notify{User: "ann", Text: "x", Data: json.RawMessage(`[1]`)}, 0},

	{``, protocol.Notify{}, protocol.BadMessage},
	{`"ann"`, protocol.Notify{}, protocol.BadMessage},
	{"\ufeff{}", protocol.Notify{}, protocol.BadJSON},
	{`{"user":"ann","text":"x"`, protocol.Notify{}, protocol.BadJSON},
	{`{"user":"ann","text":"x"}{}`, protocol.Notify{}, protocol.BadJSON},
	{`{"user":"ann","text":"x","data":{"a":}}`, protocol.Notify{}, protocol.BadJSON},
	{`{"user":"ann","text":"x","data":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + `}`, protocol.Notify{}, protocol.BadJSON},
	{`{"user":"ann","text":"\ud800"}`, protocol.Notify{}, protocol.BadJSON},
	{`{"user":"ann","text":"x","te\u0078t":"y"}`, protocol.Notify{}, protocol.BadJSON},
	{`{"text":"x"}`, protocol.Notify{}, protocol.BadMessage},
	{`{"user":"ann","group":"ops","text":"x"}`, protocol.Notify{}, protocol.BadMessage},
	{`{"user":["ann"],"text":"x"}`, protocol.Notify{}, protocol.BadMessage},
	{`{"group":"*","text":"x"}`, protocol.Notify{}, protocol.BadMessage},
	{`{"user":"ann"}`, protocol.Notify{}, protocol.BadMessage},
	{`{"user":"ann","text":null}`, protocol.Notify{}, protocol.BadMessage},
	{`{"user":"ann","text":" \n "}`, protocol.Notify{}, protocol.BadMessage},
	{`{"user":"ann","text":"a\tb"}`, protocol.Notify{}, protocol.BadMessage},
	{`{"user":"ann","text":"a\u007fb"}`, protocol.Notify{}, protocol.BadMessage},
	{`{"user":"ann","text":"` + strings.Repeat("é", 1001) + `"}`, protocol.Notify{}, protocol.BadMessage},
	{`{"user":"ann","text":"x","Text":"y"}`, protocol.Notify{}, protocol.BadMessage},
	{`{"user":"ann","text":"x","data":"` + strings.Repeat("x", 4095) + `"}`, protocol.Notify{}, protocol.BadMessage},
}

func TestDecodeNotify(t *testing.T) {
	for _, c := range notifyCases {
		got, err := protocol.DecodeNotify([]byte(c.body))
		var code protocol.Code
		if err != nil {
			code = err.Code
		}
		if code != c.code || got.User != c.want.User || got.Group != c.want.Group || got.Text != c.want.Text || !bytes.Equal(got.Data, c.want.Data) {
			t.Errorf("%.100s: %.200v, %v; want %.200v, %v", c.body, got, err, c.want, c.code)
		}
	}
}

// FuzzDecodeNotify: what is accepted is JSON within the limits, says what encoding/json
// reads, and can be sent on.
func FuzzDecodeNotify(f *testing.F) {
	for _, c := range notifyCases {
		f.Add([]byte(c.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if !utf8.Valid(body) {
			t.Skip("the server refuses it before")
		}
		n, err := protocol.DecodeNotify(body)
		if err != nil {
			return
		}
		var want struct {
			User, Group, Text string
			Data              json.RawMessage
		}
		if e := json.Unmarshal(body, &want); e != nil || n.User != want.User || n.Group != want.Group || n.Text != want.Text {
			t.Fatalf("%q is read as %+v; encoding/json has %+v, %v", body, n, want, e)
		}
		if characters := utf8.RuneCountInString(n.Text); characters < 1 || characters > protocol.MaxNotification || len(n.Data) > protocol.MaxNotificationData {
			t.Fatalf("%q: beyond the limits", body)
		}
		var compact bytes.Buffer
		if want.Data != nil {
			_ = json.Compact(&compact, want.Data)
		}
		if string(n.Data) != compact.String() && !(string(n.Data) == "null" && want.Data == nil) {
			t.Fatalf("data %s; encoding/json has %s", n.Data, compact.Bytes())
		}
		protocol.Encode(protocol.Notice{Type: "notice", Code: "notification", Message: n.Text, Data: n.Data, Group: n.Group})
	})
}
