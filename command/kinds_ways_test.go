//go:build unix

package command

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/coder/websocket"

	"penstock/protocol"
)

// way is a way of asking for all rows of a bundle, and of labelling the answers. The
// ids of its requests begin at a number.
type way interface {
	String() string
	predict(t *testing.T, b *kindBundle, ids int) []answered
	label(t *testing.T, b *kindBundle, ids int)
}

// ways are all ways in which rows are sent: alone and together, with the columns'
// names and without them, as JSON and as numbers.
func (k *kindsServer) ways(t *testing.T) []way {
	t.Helper()
	socket, post := k.bySocket(t), k.byPost(t)
	return []way{
		&inJSON{"a message for each row", socket, false, false},
		&inJSON{"a message for each row, named", socket, false, true},
		&inJSON{"a message for all rows", socket, true, false},
		&inJSON{"a message for all rows, named", socket, true, true},
		&inJSON{"a body for each row", post, false, true},
		&inJSON{"a body for all rows", post, true, false},
		&inJSON{"a body for all rows, named", post, true, true},
		&inFrames{"a frame for all rows", mustDial(t, k.address, "/ws/predict"), len(kindRows)},
		&inFrames{"frames of seven rows", mustDial(t, k.address, "/ws/predict"), 7},
	}
}

// kindRows are the numbers of all rows.
var kindRows = make([]struct{}, 60)

// inJSON sends messages of text.
type inJSON struct {
	name  string
	ask   ask
	many  bool // all rows in one message
	named bool // by the names of columns, where they have some
}

func (w *inJSON) String() string { return w.name }

func (w *inJSON) predict(t *testing.T, b *kindBundle, ids int) []answered {
	t.Helper()
	if !w.many {
		var all []answered
		for row := range kindRows {
			reply := w.asked(t, b, ids+row, b.rowOf(row, w.named))
			all = append(all, readRow(t, reply.Prediction, reply.Confidence, reply.Scores))
		}
		return all
	}
	rows := make([]any, 0, len(kindRows))
	for row := range kindRows {
		rows = append(rows, b.rowOf(row, w.named))
	}
	reply := w.asked(t, b, ids, rows)
	predictions, confidences, scores := listOf(t, reply.Prediction), listOf(t, reply.Confidence), listOf(t, reply.Scores)
	if len(predictions) != len(kindRows) || len(confidences) != len(kindRows) || len(scores) != len(kindRows) {
		t.Fatalf("%s, %s: %d predictions, %d confidences, %d scores; want %d of each",
			b.model.Name, w, len(predictions), len(confidences), len(scores), len(kindRows))
	}
	all := make([]answered, len(kindRows))
	for row := range all {
		all[row] = readRow(t, predictions[row], confidences[row], scores[row])
	}
	return all
}

func (w *inJSON) asked(t *testing.T, b *kindBundle, id int, features any) (reply protocol.Reply) {
	t.Helper()
	message := mustJSON(t, map[string]any{"model": b.model.Name, "request_id": id, "features": features, "detail": []string{"scores"}})
	answer := w.ask(t, message)
	if err := json.Unmarshal(answer, &reply); err != nil || reply.Type != "prediction" || string(reply.RequestID) != fmt.Sprint(id) ||
		reply.Model != b.model.Name || reply.Version != b.model.Version {
		t.Fatalf("%.200s\nwas answered with %s, %v", message, answer, err)
	}
	return reply
}

func listOf(t *testing.T, text []byte) (list []json.RawMessage) {
	t.Helper()
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return list
}

func readRow(t *testing.T, prediction, confidence, scores []byte) (got answered) {
	t.Helper()
	for _, err := range []error{
		json.Unmarshal(prediction, &got.prediction), json.Unmarshal(confidence, &got.confidence), json.Unmarshal(scores, &got.scores),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return got
}

func (w *inJSON) label(t *testing.T, b *kindBundle, ids int) {
	t.Helper()
	switch {
	case len(b.Labels) == 0:
		refuses(t, w.ask, fmt.Sprintf(`{"type":"feedback","request_id":%d,"label":"x"}`, ids), "bad_label")
	case w.many:
		var want any
		if b.Predictions != nil {
			var correct []any
			for row := range kindRows {
				correct = append(correct, b.isCorrect(row))
			}
			want = correct
		}
		w.labelled(t, map[string]any{"type": "feedback", "request_id": ids, "labels": b.Labels}, want)
	default:
		for row := range kindRows {
			var want any
			if b.Predictions != nil {
				want = b.isCorrect(row)
			}
			w.labelled(t, map[string]any{"type": "feedback", "request_id": ids + row, "label": b.Labels[row]}, want)
		}
	}
}

// isCorrect reports whether a row's prediction is its label.
func (b *kindBundle) isCorrect(row int) bool {
	return fmt.Sprint(b.Predictions[row]) == fmt.Sprint(b.Labels[row])
}

func (w *inJSON) labelled(t *testing.T, message map[string]any, correct any) {
	t.Helper()
	want := mustJSON(t, map[string]any{"type": "feedback_ok", "request_id": message["request_id"], "correct": correct})
	got := w.ask(t, mustJSON(t, message))
	if !sameJSON(got, want) {
		t.Fatalf("label %v: %s; want %s", message, got, want)
	}
}

func sameJSON(a, b []byte) bool {
	var one, other any
	return json.Unmarshal(a, &one) == nil && json.Unmarshal(b, &other) == nil && fmt.Sprint(one) == fmt.Sprint(other)
}

// refuses sends a message that must be answered with an error of a code, and returns
// what it says.
func refuses(t *testing.T, by ask, message, code string) string {
	t.Helper()
	var reply protocol.Reply
	answer := by(t, []byte(message))
	if err := json.Unmarshal(answer, &reply); err != nil || reply.Type != "error" || reply.Code != code {
		t.Errorf("%s\nwas answered with %s; want %s", message, answer, code)
	}
	return reply.Message
}

// inFrames sends binary frames.
type inFrames struct {
	name   string
	socket *socket
	rows   int // of a frame
}

func (w *inFrames) String() string { return w.name }

// frame is the frame of some floats.
func frame(kind, second byte, flags uint16, rows, id int, more []byte, values []float32) []byte {
	f := []byte{kind, second}
	f = binary.LittleEndian.AppendUint16(f, flags)
	f = binary.LittleEndian.AppendUint32(f, uint32(rows))
	f = binary.LittleEndian.AppendUint64(f, uint64(id))
	f = append(f, more...)
	for _, x := range values {
		f = binary.LittleEndian.AppendUint32(f, math.Float32bits(x))
	}
	return f
}

// toPredict is a frame that asks a model for its scores.
func toPredict(model, id, rows int, values []float32) []byte {
	more := binary.LittleEndian.AppendUint32(make([]byte, 4, 8), uint32(model)) // after no deadline
	return frame(protocol.BinaryPredict, protocol.DTypeFloat32, protocol.FlagScores, rows, id, more, values)
}

// values is a row as numbers: categories as their place, NaN for what is missing.
func (b *kindBundle) values(row int) []float32 {
	var values []float32
	for i, x := range b.Features[row] {
		v := float32(math.NaN())
		switch x := x.(type) {
		case float64:
			v = float32(x)
		case string:
			column := b.model.Columns[i]
			place := slices.Index(column.Categories, x)
			if place < 0 && column.Unknown == "own" {
				place = len(column.Categories)
			}
			if place >= 0 {
				v = float32(place)
			}
		}
		values = append(values, v)
	}
	return values
}

func (w *inFrames) predict(t *testing.T, b *kindBundle, ids int) (all []answered) {
	t.Helper()
	for from := 0; from < len(kindRows); from += w.rows {
		rows := min(w.rows, len(kindRows)-from)
		var values []float32
		for row := range rows {
			values = append(values, b.values(from+row)...)
		}
		reply := w.socket.asked(t, websocket.MessageBinary, toPredict(b.index, ids+from, rows, values))
		width := len(b.Scores[0])
		if len(reply) != 24+8*rows+4*rows*width || reply[0] != protocol.BinaryPrediction || binary.LittleEndian.Uint64(reply[8:]) != uint64(ids+from) {
			t.Fatalf("%s, %s: %x", b.model.Name, w, reply)
		}
		float := func(i int) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(reply[24+4*i:])) }
		for row := range rows {
			scores := make([]float32, width)
			for i := range scores {
				scores[i] = float(2*rows + row*width + i)
			}
			all = append(all, b.ofPair(t, from+row, float(2*row), float(2*row+1), scores))
		}
	}
	return all
}

// ofPair makes of the pair of a row what JSON would have said. What a pair does not
// hold is what the scores say.
func (b *kindBundle) ofPair(t *testing.T, row int, value, confidence float32, scores []float32) answered {
	t.Helper()
	got := answered{scores: scores}
	first := b.model.Outputs[0]
	switch first.Kind {
	case "class":
		got.prediction, got.confidence = first.Classes[int(value)], decimalOf(confidence)
		return got
	case "labels":
		set, sure := []any{}, []any{}
		for i, class := range first.Classes {
			if float64(scores[i]) >= first.Thresholds[i] {
				set, sure = append(set, class), append(sure, decimalOf(scores[i]))
			}
		}
		got.prediction, got.confidence = set, sure
		if int(value) != len(set) {
			t.Errorf("%s, row %d: the pair has %v labels; want %d", b.model.Name, row, value, len(set))
		}
	default:
		got.prediction = any(decimalsOf(scores))
		if value != scores[0] {
			t.Errorf("%s, row %d: the pair has %v; want the first value, %v", b.model.Name, row, value, scores[0])
		}
	}
	if confidence == confidence {
		t.Errorf("%s, row %d: the pair's confidence is %v; want NaN", b.model.Name, row, confidence)
	}
	return got
}

func (w *inFrames) label(t *testing.T, b *kindBundle, ids int) {
	t.Helper()
	if len(b.Labels) == 0 {
		answer := w.socket.asked(t, websocket.MessageBinary, frame(protocol.BinaryFeedback, 0, 0, w.rows, ids, nil, make([]float32, w.rows)))
		if answer[0] != protocol.BinaryError || protocol.Code(answer[1]) != protocol.BadLabel {
			t.Errorf("a label for %s: %x; want bad_label", b.model.Name, answer)
		}
		return
	}
	for from := 0; from < len(kindRows); from += w.rows {
		rows := min(w.rows, len(kindRows)-from)
		var labels []float32
		var flags uint16
		want := frame(protocol.BinaryFeedbackOK, 0, 0, rows, ids+from, nil, nil)
		for row := from; row < from+rows; row++ {
			numbers, wide := b.labelValues(row)
			if wide {
				flags = protocol.FlagWide
			}
			labels = append(labels, numbers...)
			correct := byte(0)
			if b.Predictions != nil && b.isCorrect(row) {
				correct = 1
			}
			want = append(want, correct)
		}
		got := w.socket.asked(t, websocket.MessageBinary, frame(protocol.BinaryFeedback, 0, flags, rows, ids+from, nil, labels))
		if !slices.Equal(got, want) {
			t.Fatalf("%s, %s: labels were answered with %x; want %x", b.model.Name, w, got, want)
		}
	}
}

// labelValues is the label of a row as numbers, and whether they may be several.
func (b *kindBundle) labelValues(row int) (values []float32, wide bool) {
	first := b.model.Outputs[0]
	switch label := b.Labels[row].(type) {
	case string:
		return []float32{float32(slices.Index(first.Classes, label))}, false
	case []any:
		if first.Kind == "labels" {
			set := make([]float32, first.Width)
			for _, name := range label {
				set[slices.Index(first.Classes, name.(string))] = 1
			}
			return set, true
		}
		values = make([]float32, len(label))
		for i, x := range label {
			values[i] = float32(x.(float64))
		}
	}
	return values, true
}
