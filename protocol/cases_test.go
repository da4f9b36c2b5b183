package protocol_test

import (
	"math"
	"strings"
	"time"

	"penstock/protocol"
)

// decodeCase is one client message: what it says, or why it is refused. The
// table drives the decoding tests and seeds the fuzzers.
type decodeCase struct {
	name  string
	frame string
	want  protocol.Ask  // its ID stands also for a refused message
	code  protocol.Code // zero when the message is good
}

func id(raw string) []byte { return []byte(raw) }

var decodeCases = []decodeCase{
	{"plain prediction", `{"features":[1,2.5,-3e-1],"request_id":1732212000123}`, protocol.Ask{
		Kind: protocol.KindPredict, ID: id("1732212000123"), Features: []float32{1, 2.5, -0.3}, Rows: 1, Width: 3}, 0},
	{"no id", `{"features":[0]}`, protocol.Ask{Kind: protocol.KindPredict, Features: []float32{0}, Rows: 1, Width: 1}, 0},
	{"null id", `{"request_id":null,"features":[0]}`, protocol.Ask{Kind: protocol.KindPredict, Features: []float32{0}, Rows: 1, Width: 1}, 0},
	{"string id keeps its escapes", `{"request_id":"a\u0062","features":[0]}`, protocol.Ask{
		Kind: protocol.KindPredict, ID: id(`"a\u0062"`), PlainID: id(`"ab"`), Features: []float32{0}, Rows: 1, Width: 1}, 0},
	{"id keeps its digits", `{"request_id":1.50e+3,"features":[0]}`, protocol.Ask{
		Kind: protocol.KindPredict, ID: id("1.50e+3"), Features: []float32{0}, Rows: 1, Width: 1}, 0},
	{"many rows", ` { "type" : "predict" , "features" : [ [ 1 , 2 ] , [ 3 , 4 ] ] } `, protocol.Ask{
		Kind: protocol.KindPredict, Features: []float32{1, 2, 3, 4}, Rows: 2, Width: 2, Many: true}, 0},
	{"every option", `{"type":"predict","features":[1],"model":"m","deadline_ms":1.5,"detail":["scores","timing"],"top_k":3}`, protocol.Ask{
		Kind: protocol.KindPredict, Features: []float32{1}, Rows: 1, Width: 1, Model: id("m"),
		Deadline: 1500 * time.Microsecond, Scores: true, Timing: true, TopK: 3}, 0},
	{"null options", `{"features":[1],"model":null,"deadline_ms":null,"detail":null,"top_k":null}`, protocol.Ask{
		Kind: protocol.KindPredict, Features: []float32{1}, Rows: 1, Width: 1}, 0},
	{"unknown fields", `{"features":[1],"sent":{"at":[1,{"x":null}]},"tags":["a"],"ok":true,"no":false}`, protocol.Ask{
		Kind: protocol.KindPredict, Features: []float32{1}, Rows: 1, Width: 1}, 0},
	{"escaped key", `{"feat\u0075res":[1]}`, protocol.Ask{Kind: protocol.KindPredict, Features: []float32{1}, Rows: 1, Width: 1}, 0},
	{"largest float32", `{"features":[3.4028235e38,-3.4028235e38,1e-45,1e-400,-0]}`, protocol.Ask{
		Kind: protocol.KindPredict, Rows: 1, Width: 5,
		Features: []float32{math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32, 0, float32(math.Copysign(0, -1))}}, 0},
	{"feedback", `{"type":"feedback","request_id":7,"label":"cat"}`, protocol.Ask{
		Kind: protocol.KindFeedback, ID: id("7"), Labels: []protocol.Label{{Text: "cat", IsText: true}}}, 0},
	{"feedback for rows", `{"type":"feedback","request_id":"r","labels":["cat",3.50]}`, protocol.Ask{
		Kind: protocol.KindFeedback, ID: id(`"r"`), ManyLabels: true,
		Labels: []protocol.Label{{Text: "cat", IsText: true}, {Text: "3.50", Number: 3.5}}}, 0},
	{"cancel", `{"type":"cancel","request_id":7}`, protocol.Ask{Kind: protocol.KindCancel, ID: id("7")}, 0},
	{"auth", `{"type":"auth","token":"t\n"}`, protocol.Ask{Kind: protocol.KindAuth, Token: id("t\n")}, 0},
	{"ping", `{"type":"ping"}`, protocol.Ask{Kind: protocol.KindPing}, 0},
	{"join", `{"type":"join","group":"ops.eu:1-a_B"}`, protocol.Ask{Kind: protocol.KindJoin, Group: id("ops.eu:1-a_B")}, 0},
	{"leave", `{"type":"leave","group":"\u006fps"}`, protocol.Ask{Kind: protocol.KindLeave, Group: id("ops")}, 0},
	{"a group that is none of ours", `{"features":[1],"group":{"a":1}}`, protocol.Ask{Kind: protocol.KindPredict, Features: []float32{1}, Rows: 1, Width: 1}, 0},
	{"hello", `{"type":"hello"}`, protocol.Ask{Kind: protocol.KindHello}, 0},

	{"empty", ``, protocol.Ask{}, protocol.BadJSON},
	{"byte order mark", "\ufeff{\"features\":[1]}", protocol.Ask{}, protocol.BadJSON},
	{"trailing data", `{"features":[1]} {}`, protocol.Ask{}, protocol.BadJSON},
	{"trailing comma", `{"features":[1,]}`, protocol.Ask{}, protocol.BadJSON},
	{"unfinished", `{"features":[1`, protocol.Ask{}, protocol.BadJSON},
	{"leading zero", `{"features":[01]}`, protocol.Ask{}, protocol.BadJSON},
	{"bare point", `{"features":[1.]}`, protocol.Ask{}, protocol.BadJSON},
	{"plus sign", `{"features":[+1]}`, protocol.Ask{}, protocol.BadJSON},
	{"NaN", `{"request_id":1,"features":[NaN]}`, protocol.Ask{ID: id("1")}, protocol.BadJSON},
	{"Infinity", `{"features":[-Infinity]}`, protocol.Ask{}, protocol.BadJSON},
	{"key twice", `{"features":[1],"features":[1]}`, protocol.Ask{}, protocol.BadJSON},
	{"escaped key twice", `{"features":[1],"feature\u0073":[1]}`, protocol.Ask{}, protocol.BadJSON},
	{"unknown key twice", `{"features":[1],"x":1,"x":2}`, protocol.Ask{}, protocol.BadJSON},
	{"control character", "{\"request_id\":\"a\x01\"}", protocol.Ask{}, protocol.BadJSON},
	{"lone surrogate", `{"request_id":"\ud800"}`, protocol.Ask{}, protocol.BadJSON},
	{"bad escape", `{"request_id":"\x"}`, protocol.Ask{}, protocol.BadJSON},
	{"too deep", `{"x":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`, protocol.Ask{}, protocol.BadJSON},
	{"not an object", `[1,2]`, protocol.Ask{}, protocol.BadMessage},
	{"neither type nor features", `{"request_id":1}`, protocol.Ask{ID: id("1")}, protocol.BadMessage},
	{"key in another case", `{"Features":[1],"request_id":1}`, protocol.Ask{ID: id("1")}, protocol.BadMessage},
	{"unknown type", `{"type":"train","request_id":1}`, protocol.Ask{ID: id("1")}, protocol.BadMessage},
	{"type of another kind", `{"type":7}`, protocol.Ask{}, protocol.BadMessage},
	{"deadline not above zero", `{"features":[1],"deadline_ms":0,"request_id":1}`, protocol.Ask{ID: id("1")}, protocol.BadMessage},
	{"top_k not whole", `{"features":[1],"top_k":1.5}`, protocol.Ask{}, protocol.BadMessage},
	{"unknown detail", `{"features":[1],"detail":["all"]}`, protocol.Ask{}, protocol.BadMessage},
	{"model of another kind", `{"features":[1],"model":3}`, protocol.Ask{}, protocol.BadMessage},
	{"id too long", `{"features":[1],"request_id":"` + strings.Repeat("a", 129) + `"}`, protocol.Ask{}, protocol.BadRequestID},
	{"id of digits too long", `{"features":[1],"request_id":` + strings.Repeat("1", 129) + `}`, protocol.Ask{}, protocol.BadRequestID},
	{"id with escaped control", `{"features":[1],"request_id":"a\u0000"}`, protocol.Ask{}, protocol.BadRequestID},
	{"id right to left", `{"features":[1],"request_id":"` + "\u202e" + `evil"}`, protocol.Ask{}, protocol.BadRequestID},
	{"id of another kind", `{"features":[1],"request_id":{"a":1}}`, protocol.Ask{}, protocol.BadRequestID},
	{"feedback without id", `{"type":"feedback","label":"a"}`, protocol.Ask{}, protocol.BadRequestID},
	{"null feature", `{"features":[1,null,2],"request_id":9}`, protocol.Ask{ID: id("9")}, protocol.BadFeatures},
	{"string feature", `{"features":["1"],"request_id":9}`, protocol.Ask{ID: id("9")}, protocol.BadFeatures},
	{"boolean feature", `{"features":[true],"request_id":9}`, protocol.Ask{ID: id("9")}, protocol.BadFeatures},
	{"nested too deep", `{"features":[[[1]]],"request_id":9}`, protocol.Ask{ID: id("9")}, protocol.BadFeatures},
	{"rows and numbers", `{"features":[[1],2],"request_id":9}`, protocol.Ask{ID: id("9")}, protocol.BadFeatures},
	{"numbers and rows", `{"features":[1,[2]],"request_id":9}`, protocol.Ask{ID: id("9")}, protocol.BadFeatures},
	{"ragged rows", `{"features":[[1,2],[3]],"request_id":9}`, protocol.Ask{ID: id("9")}, protocol.BadFeatures},
	{"beyond float32", `{"features":[1e39],"request_id":9}`, protocol.Ask{ID: id("9")}, protocol.BadFeatures},
	{"beyond float64", `{"features":[-1e400],"request_id":9}`, protocol.Ask{ID: id("9")}, protocol.BadFeatures},
	{"features null", `{"features":null,"request_id":9}`, protocol.Ask{ID: id("9")}, protocol.BadFeatures},
	{"features a string", `{"features":"1,2"}`, protocol.Ask{}, protocol.BadFeatures},
	{"predict without features", `{"type":"predict","request_id":9}`, protocol.Ask{ID: id("9")}, protocol.BadFeatures},
	{"too many rows", `{"features":[[1],[2],[3],[4],[5]],"request_id":9}`, protocol.Ask{ID: id("9")}, protocol.TooManyRows},
	{"no label", `{"type":"feedback","request_id":9}`, protocol.Ask{ID: id("9")}, protocol.BadLabel},
	{"null label", `{"type":"feedback","request_id":9,"label":null}`, protocol.Ask{ID: id("9")}, protocol.BadLabel},
	{"labels of one row", `{"type":"feedback","request_id":9,"label":["a",2]}`, protocol.Ask{Kind: protocol.KindFeedback, ID: id("9"),
		Labels: []protocol.Label{{IsList: true, List: []protocol.Label{{Text: "a", IsText: true}, {Text: "2", Number: 2}}}}}, 0},
	{"labels of rows, one with none", `{"type":"feedback","request_id":9,"labels":[["a"],[]]}`, protocol.Ask{Kind: protocol.KindFeedback, ID: id("9"), ManyLabels: true,
		Labels: []protocol.Label{{IsList: true, List: []protocol.Label{{Text: "a", IsText: true}}}, {IsList: true}}}, 0},
	{"labels too deep", `{"type":"feedback","request_id":9,"label":[["a"]]}`, protocol.Ask{ID: id("9")}, protocol.BadLabel},
	{"a label of null among several", `{"type":"feedback","request_id":9,"label":["a",null]}`, protocol.Ask{ID: id("9")}, protocol.BadLabel},
	{"outputs", `{"features":[1],"detail":["outputs","scores"]}`, protocol.Ask{Kind: protocol.KindPredict, Features: []float32{1}, Rows: 1, Width: 1, Outputs: true, Scores: true}, 0},
	{"a set", `{"features":[1],"detail":["set"]}`, protocol.Ask{Kind: protocol.KindPredict, Features: []float32{1}, Rows: 1, Width: 1, Set: true}, 0},
	{"a set with its alpha", `{"alpha":5e-2,"features":[[1]],"detail":["timing","set"]}`, protocol.Ask{
		Kind: protocol.KindPredict, Features: []float32{1}, Rows: 1, Width: 1, Many: true, Timing: true, Set: true, Alpha: 0.05}, 0},
	{"a set without an alpha", `{"features":[1],"detail":["set"],"alpha":null}`, protocol.Ask{
		Kind: protocol.KindPredict, Features: []float32{1}, Rows: 1, Width: 1, Set: true}, 0},
	{"alpha without a set", `{"features":[1],"alpha":0.1,"request_id":9}`, protocol.Ask{ID: id("9")}, protocol.BadMessage},
	{"alpha 0", `{"features":[1],"detail":["set"],"alpha":0,"request_id":9}`, protocol.Ask{ID: id("9")}, protocol.BadMessage},
	{"alpha 1", `{"features":[1],"detail":["set"],"alpha":1.0,"request_id":9}`, protocol.Ask{ID: id("9")}, protocol.BadMessage},
	{"alpha that rounds to 1", `{"features":[1],"detail":["set"],"alpha":0.99999999999999999999}`, protocol.Ask{}, protocol.BadMessage},
	{"negative alpha", `{"features":[1],"detail":["set"],"alpha":-0.1}`, protocol.Ask{}, protocol.BadMessage},
	{"alpha of another kind", `{"features":[1],"detail":["set"],"alpha":"0.1"}`, protocol.Ask{}, protocol.BadMessage},
	{"alpha twice", `{"features":[1],"detail":["set"],"alpha":0.1,"alpha":0.1}`, protocol.Ask{}, protocol.BadJSON},
	{"features by name", `{"features":{"age":35,"city":"Paris"},"request_id":9}`, protocol.Ask{ID: id("9")}, protocol.BadFeatures},
	{"rows by name", `{"features":[{"age":35},{"age":36}],"request_id":9}`, protocol.Ask{ID: id("9")}, protocol.BadFeatures},
	{"rows by name and without", `{"features":[{"age":35},[36]],"request_id":9}`, protocol.Ask{ID: id("9")}, protocol.BadFeatures},
	{"too many rows by name", `{"features":[{},{},{},{},{}],"request_id":9}`, protocol.Ask{ID: id("9")}, protocol.TooManyRows},
	{"join without a group", `{"type":"join"}`, protocol.Ask{}, protocol.BadMessage},
	{"join every group", `{"type":"join","group":"*"}`, protocol.Ask{}, protocol.BadMessage},
	{"join a group of another kind", `{"type":"join","group":7}`, protocol.Ask{}, protocol.BadMessage},
	{"group twice", `{"type":"join","group":"a","group":"b"}`, protocol.Ask{}, protocol.BadJSON},
	{"leave a group whose name is too long", `{"type":"leave","group":"` + strings.Repeat("a", 65) + `"}`, protocol.Ask{}, protocol.BadMessage},
	{"label and labels", `{"type":"feedback","request_id":9,"label":"a","labels":["a"]}`, protocol.Ask{ID: id("9")}, protocol.BadLabel},
}
