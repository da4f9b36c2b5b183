package server_test

import (
	"testing"
	"testing/synctest"

	"penstock/model"
	"penstock/protocol"
)

// TestIDsAreOneByTheirCharacters, however they are escaped; numbers are one by
// their digits.
func TestIDsAreOneByTheirCharacters(t *testing.T) {
	r := start(t, setup{})
	for _, c := range []struct {
		asked, labelled string
		one             bool
	}{
		{`"a/b"`, `"a\/b"`, true}, {`"a\/b"`, `"a/b"`, true}, {`"a\/b"`, `"a\u002fb"`, true},
		{`"é"`, `"\u00e9"`, true}, {`"\u00E9"`, `"\u00e9"`, true}, {`"😀"`, `"\ud83d\ude00"`, true},
		{`"a\"b"`, `"a\u0022b"`, true}, {`"\\"`, `"\u005c"`, true}, {`"1"`, `"\u0031"`, true},
		{`"a"`, `"A"`, false}, {`1`, `"1"`, false}, {`"1"`, `1`, false}, {`1`, `1.0`, false}, {`10`, `1e1`, false},
		{`"e\u0301"`, `"é"`, false}, {`"a\\/b"`, `"a/b"`, false}, {`"\\u00e9"`, `"é"`, false},
	} {
		p := r.connect("/ws/predict")
		p.ask(r.request(c.asked, 7), r.prediction(c.asked, 7)) // which comes back as it was sent
		want := `{"type":"feedback_ok","request_id":` + c.labelled + `,"correct":true}`
		if !c.one {
			want = typedError(c.labelled, "unknown_request")
		}
		p.ask(`{"type":"feedback","request_id":`+c.labelled+`,"label":"7"}`, want)
		p.leave()
	}
}

// TestIDsInFlightAreOneByTheirCharacters: so they are where they may not be used
// twice, and where they are cancelled.
func TestIDsInFlightAreOneByTheirCharacters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, open := gate()
		r := start(t, setup{oracle: o, inMemory: true, pool: oneByOne})
		p := r.connect("/ws/predict")
		p.send(r.request(`"a/b"`, 1001))
		synctest.Wait()
		p.ask(r.request(`"a\/b"`, 2), typedError(`"a\/b"`, "duplicate_request_id"))
		p.ask(`{"type":"cancel","request_id":"a\u002fb"}`, typedError(`"a/b"`, "cancelled"))
		open()
		p.leave()
	})
}

// TestEscapesInNames: a name is its characters, wherever it stands.
func TestEscapesInNames(t *testing.T) {
	o, _ := gate()
	r := start(t, setup{oracle: o, more: []model.Model{named{o, "a/é"}}})
	p := r.connect("/ws/predict")
	for _, name := range []string{`a/é`, `a\/\u00e9`} {
		p.ask(`{"t\u0079pe":"\u0070redict","features":`+r.row(7)+`,"request_id":1,"model":"`+name+`"}`,
			`{"type":"prediction","request_id":1,"prediction":"7",…`)
	}
	p.ask(`{"type":"feedback","request_id":1,"l\u0061bel":"\u0037"}`, `{"type":"feedback_ok","request_id":1,"correct":true}`)
	p.leave()
}

// TestHalfASurrogatePair is no character: the message says so.
func TestHalfASurrogatePair(t *testing.T) {
	r := start(t, setup{})
	p := r.connect("/ws/predict")
	for _, half := range []string{`\ud83d`, `\uDE00`, `\ud83dx`, `\ud83d\u0041`, `\ude00\ud83d`} {
		p.ask(`{"request_id":"`+half+`"}`,
			`{"type":"error","request_id":null,"code":"bad_json","message":"at byte 15: an escape in a string is half of a surrogate pair","retryable":false}`)
	}
	p.ask(`{"request_id":"\u12"}`, `{"type":"error","request_id":null,"code":"bad_json","message":"at byte 15: invalid escape in a string","retryable":false}`)
	p.leave()
}

// TestTextInTheWrongMessage says what happened.
func TestTextInTheWrongMessage(t *testing.T) {
	r := start(t, setup{})
	p := r.connect("/ws/predict")
	for _, sent := range []string{r.request("77", 7), "ping", "\ufeff{}", "[1]"} {
		got := p.askBinary([]byte(sent))
		want := protocol.AppendBinaryError(nil, 0, protocol.Errorf(protocol.BadMessage,
			"this looks like JSON or text in a binary message; send text in text messages, or kind 0x01 (request) or 0x02 (feedback)"))
		if string(got) != string(want) {
			t.Errorf("%q was answered with %q; want %q", sent, got, want)
		}
	}
	p.ask("\ufeff"+r.request("1", 7), `{"type":"error","request_id":null,"code":"bad_json","message":"at byte 0: a byte order mark; send the JSON text without one","retryable":false}`)
	p.ask(r.request("1", 7), r.prediction("1", 7))
	p.leave()
}
