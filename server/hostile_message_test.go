package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"penstock/protocol"
)

// TestHostileMessages sends what no good client sends, to one socket. Each
// message gets one typed error, in time linear in its length, and costs a
// healthy client nothing (rows 17 to 20).
func TestHostileMessages(t *testing.T) {
	r := start(t, setup{})
	row := func(entry string) string { return `{"features":[1,` + entry + `,3],"request_id":1}` }
	id := func(id string) string { return r.request(id, 7) }
	repeat := func(what string, n int) string { return strings.TrimSuffix(strings.Repeat(what+",", n), ",") }
	keys := make([]string, 50_000)
	for i := range keys {
		keys[i] = fmt.Sprintf(`"k%d":0`, i)
	}
	counts := func(code string, expected, got int) string {
		return fmt.Sprintf(`{"type":"error","request_id":1,"code":%q,"message":"…","retryable":false,"expected":%d,"got":%d}`, code, expected, got)
	}
	for _, c := range []struct{ name, sent, want string }{
		{"NaN", row(`NaN`), typedError("null", "bad_json")},
		{"Infinity", row(`Infinity`), typedError("null", "bad_json")},
		{"minus Infinity", row(`-Infinity`), typedError("null", "bad_json")},
		{"hexadecimal", row(`0x10`), typedError("null", "bad_json")},
		{"leading zero", row(`01`), typedError("null", "bad_json")},
		{"plus", row(`+1`), typedError("null", "bad_json")},
		{"1e400", row(`1e400`), typedError("1", "bad_features")},
		{"1e39", row(`1e39`), typedError("1", "bad_features")},
		{"-1e39", row(`-1e39`), typedError("1", "bad_features")},
		{"null is not 0", row(`null`), typedError("1", "bad_features")},
		{"string", row(`"2"`), typedError("1", "bad_features")},
		{"boolean", row(`true`), typedError("1", "bad_features")},
		{"object", row(`{}`), typedError("1", "bad_features")},
		{"nested", row(`[2]`), typedError("1", "bad_features")},
		{"three deep", `{"features":[[[1,2,3]]],"request_id":1}`, typedError("1", "bad_features")},
		{"features are text", `{"features":"1,2,3","request_id":1}`, typedError("1", "bad_features")},
		{"features are null", `{"features":null,"request_id":1}`, typedError("1", "bad_features")},
		{"rows and numbers", `{"features":[[1,2,3],4],"request_id":1}`, typedError("1", "bad_features")},

		{"no features", `{"features":[],"request_id":1}`, counts("bad_features", 3, 0)},
		{"no features in two rows", `{"features":[[],[]],"request_id":1}`, counts("bad_features", 3, 0)},
		{"one too few", `{"features":[1,2],"request_id":1}`, counts("bad_features", 3, 2)},
		{"one too many", `{"features":[1,2,3,4],"request_id":1}`, counts("bad_features", 3, 4)},
		{"rows of two lengths", `{"features":[[1,2,3],[1,2]],"request_id":1}`, counts("bad_features", 3, 2)},
		{"half a million", `{"features":[` + repeat("1", 500_000) + `],"request_id":1}`, counts("bad_features", 3, 500_000)},
		{"too many rows", `{"features":[` + repeat("[1,2,3]", 1025) + `],"request_id":1}`, counts("too_many_rows", 1024, 1025)},
		{"far too many rows", `{"features":[` + repeat("[]", 300_000) + `],"request_id":1}`, counts("too_many_rows", 1024, 300_000)},

		{"deep", strings.Repeat("[", 100_000), typedError("null", "bad_json")},
		{"deep objects", strings.Repeat(`{"a":`, 100_000), typedError("null", "bad_json")},
		{"deep and closed", `{"a":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`, typedError("null", "bad_json")},
		{"a long number", row(strings.Repeat("9", 1_000_000)), typedError("1", "bad_features")},
		{"a long id", id(strings.Repeat("9", 1_000_000)), typedError("null", "bad_request_id")},
		{"a long type", `{"type":"` + strings.Repeat("x", 1_000_000) + `"}`, typedError("null", "bad_message")},
		{"a long model", `{"features":[1,2,3],"request_id":1,"model":"` + strings.Repeat("x", 1_000_000) + `"}`, typedError("1", "unknown_model")},
		{"many keys", `{` + strings.Join(keys, ",") + `}`, typedError("null", "bad_message")},
		{"a key twice", `{"features":[1,2,3],"features":[1,2,3],"request_id":1}`, `{…"code":"bad_json",…}`},
		{"an unknown key twice", `{"features":[1,2,3],"x":1,"x":2,"request_id":1}`, `{…"code":"bad_json",…}`},
		{"keys in capitals are other keys", `{"FEATURES":[1,2,3],"request_id":1}`, typedError("1", "bad_message")},
		{"trailing data", id("1") + ` {}`, `{…"code":"bad_json",…}`},
		{"byte order mark", "\ufeff" + id("1"), typedError("null", "bad_json")},
		{"white space of another kind", "\u00a0" + id("1"), typedError("null", "bad_json")},

		{"a request_id of 10 KB", id(`"` + strings.Repeat("x", 10_000) + `"`), typedError("null", "bad_request_id")},
		{"one byte too long", id(`"` + strings.Repeat("x", protocol.MaxRequestID+1) + `"`), typedError("null", "bad_request_id")},
		{"control", id(`"a\u0007b"`), typedError("null", "bad_request_id")},
		{"line break", id(`"a\nb"`), typedError("null", "bad_request_id")},
		{"raw control", id("\"a\x01b\""), typedError("null", "bad_json")},
		{"right-to-left letters", id(`"אבג"`), typedError("null", "bad_request_id")},
		{"right-to-left override", id(`"a\u202eb"`), typedError("null", "bad_request_id")},
		{"object", id(`{"a":1}`), typedError("null", "bad_request_id")},
		{"array", id(`[1]`), typedError("null", "bad_request_id")},
		{"boolean", id(`true`), typedError("null", "bad_request_id")},
		{"half a surrogate pair", id(`"\ud83d"`), typedError("null", "bad_json")},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.t = t
			healthy, p := r.connect("/ws/predict"), r.connect("/ws/predict")
			before := r.Traffic()
			began := time.Now()
			p.ask(c.sent, c.want)
			if took := time.Since(began); took > patience {
				t.Errorf("took %v", took)
			}
			p.ask(r.request("2", 7), r.prediction("2", 7))
			healthy.ask(r.request("2", 8), r.prediction("2", 8))
			p.leave()
			healthy.leave()
			if l := r.Traffic(); l.Received-before.Received != 3 || l.Errors-before.Errors != 1 || l.Predicted-before.Predicted != 2 {
				t.Errorf("ledger went from %+v to %+v; want 3 received, 2 predicted and 1 error", before, l)
			}
		})
	}
	r.t = t
}
