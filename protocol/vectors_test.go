package protocol_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"testing"

	"penstock/protocol"
)

//go:generate go test . -run ^TestVectors$ -update

var update = flag.Bool("update", false, "write testdata/vectors again")

// testdata/vectors is what this codec says of the wire, for clients in other
// languages to be tested against: frames, each with its meaning. An id stands
// there as it stands in JSON; numbers are float32 values. Whoever adds a case
// to a table here adds a vector.
func TestVectors(t *testing.T) {
	for name, vectors := range map[string]any{
		"requests.json":  requestVectors(t),
		"replies.json":   replyVectors(t),
		"dashboard.json": watchVectors(),
		"codes.json":     codeVectors(),
	} {
		var want bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", " ")
		if err := enc.Encode(vectors); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("testdata", "vectors", name)
		if *update {
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, want.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(file)
		if err != nil || !bytes.Equal(got, want.Bytes()) {
			t.Errorf("%s is not what the codec says (%v); run go generate ./protocol and look at the difference", file, err)
		}
	}
}

// requestVector is one client message: what it says, or why it is refused.
type requestVector struct {
	Name    string          `json:"name"`
	JSON    string          `json:"json,omitempty"` // the text of the frame, or
	Hex     string          `json:"hex,omitempty"`  // its bytes
	Message *requestMeaning `json:"message,omitempty"`
	Refused string          `json:"refused,omitempty"` // the code
	// RequestID of a message, or of the error that refuses it.
	RequestID json.RawMessage `json:"request_id"`
}

type requestMeaning struct {
	Type       string      `json:"type"`
	Rows       [][]float32 `json:"rows,omitempty"`
	Many       bool        `json:"many,omitempty"`  // rows or labels came as an array of them
	Bytes      []int       `json:"bytes,omitempty"` // a binary request's, of all rows
	RowCount   int         `json:"row_count,omitempty"`
	Model      string      `json:"model,omitempty"`
	ModelIndex int         `json:"model_index,omitempty"`
	DeadlineMS float64     `json:"deadline_ms,omitempty"`
	Scores     bool        `json:"scores,omitempty"`
	Outputs    bool        `json:"outputs,omitempty"`
	Set        bool        `json:"set,omitempty"`
	Alpha      float64     `json:"alpha,omitempty"`
	Timing     bool        `json:"timing,omitempty"`
	TopK       int         `json:"top_k,omitempty"`
	Labels     []any       `json:"labels,omitempty"`
	Token      string      `json:"token,omitempty"`
}

// longest is the length of the longest frame that becomes a vector: the cases
// against hostile clients are no example to anybody.
const longest = 256

func requestVectors(t *testing.T) []requestVector {
	t.Helper()
	var vectors []requestVector
	for _, c := range decodeCases {
		if len(c.frame) > longest {
			continue
		}
		v := requestVector{Name: c.name, JSON: c.frame, RequestID: rawID(c.want.ID)}
		var m protocol.Ask
		d := protocol.Decoder{MaxRows: 4}
		if err := read(&d, []byte(c.frame), &m); err != nil {
			v.Refused = err.Code.String()
		} else {
			v.Message = meaningOf(&m)
		}
		vectors = append(vectors, v)
	}
	for _, c := range binaryCases {
		v := requestVector{Name: "binary: " + c.name, Hex: hex.EncodeToString(c.frame)}
		var d protocol.Decoder
		var m protocol.Ask
		if err := d.DecodeBinary(c.frame, 0, &m); err != nil {
			v.Refused = err.Code.String()
		} else {
			v.Message = meaningOfBinary(t, &d, &m)
		}
		v.RequestID = m.ID
		vectors = append(vectors, v)
	}
	return vectors
}

func rawID(id []byte) json.RawMessage {
	if len(id) == 0 {
		return json.RawMessage("null")
	}
	return id
}

func meaningOf(m *protocol.Ask) *requestMeaning {
	meaning := &requestMeaning{
		Type: m.Kind.String(), Many: m.Many || m.ManyLabels, Model: string(m.Model),
		DeadlineMS: m.Deadline.Seconds() * 1000, Scores: m.Scores, Outputs: m.Outputs, Set: m.Set, Alpha: m.Alpha, Timing: m.Timing, TopK: m.TopK, Token: string(m.Token),
	}
	for row := range m.Rows {
		meaning.Rows = append(meaning.Rows, m.Features[row*m.Width:(row+1)*m.Width])
	}
	for _, l := range m.Labels {
		meaning.Labels = append(meaning.Labels, meaningOfLabel(l))
	}
	return meaning
}

func meaningOfLabel(l protocol.Label) any {
	switch {
	case l.IsList:
		list := []any{}
		for _, one := range l.List {
			list = append(list, meaningOfLabel(one))
		}
		return list
	case l.IsText:
		return l.Text
	}
	return l.Number
}

func meaningOfBinary(t *testing.T, d *protocol.Decoder, m *protocol.Ask) *requestMeaning {
	t.Helper()
	values := valuesOf(t, d, m)
	if m.Kind == protocol.KindFeedback {
		meaning := &requestMeaning{Type: "feedback", Many: true, RowCount: m.Rows}
		for _, label := range values {
			meaning.Labels = append(meaning.Labels, label)
		}
		return meaning
	}
	meaning := &requestMeaning{
		Type: "predict", RowCount: m.Rows, ModelIndex: m.ModelIndex,
		DeadlineMS: m.Deadline.Seconds() * 1000, Scores: m.Scores, Timing: m.Timing,
	}
	if d.Work(m, &twoBytes) == len(values) { // a byte each
		for _, b := range values {
			meaning.Bytes = append(meaning.Bytes, int(b))
		}
		return meaning
	}
	for row := range m.Rows {
		meaning.Rows = append(meaning.Rows, values[row*m.Width:(row+1)*m.Width])
	}
	return meaning
}

// replyVector is one message from a server, with what it says.
type replyVector struct {
	Name string `json:"name"`
	JSON string `json:"json,omitempty"`
	Hex  string `json:"hex,omitempty"`
	// Meaning is nil for JSON, which says it itself.
	Meaning *replyMeaning `json:"meaning,omitempty"`
}

type replyMeaning struct {
	Type         string      `json:"type"`
	RequestID    uint64      `json:"request_id"`
	Values       []float32   `json:"values,omitempty"`      // a class's index, or a value
	Confidences  []*float32  `json:"confidences,omitempty"` // null where the model gives none
	Scores       [][]float32 `json:"scores,omitempty"`
	QueueUS      uint32      `json:"queue_us,omitempty"`
	ComputeUS    uint32      `json:"compute_us,omitempty"`
	Correct      []bool      `json:"correct,omitempty"`
	Code         string      `json:"code,omitempty"`
	Message      string      `json:"message,omitempty"`
	Retryable    bool        `json:"retryable,omitempty"`
	RetryAfterMS uint32      `json:"retry_after_ms,omitempty"`
}

func replyVectors(t *testing.T) []replyVector {
	t.Helper()
	var vectors []replyVector
	for _, c := range replyCases {
		vectors = append(vectors, replyVector{Name: c.name, JSON: string(c.got)})
	}
	for _, c := range binaryReplyCases() {
		vectors = append(vectors, replyVector{Name: "binary: " + c.name, Hex: hex.EncodeToString(c.frame), Meaning: readReply(t, c.frame)})
	}
	return vectors
}

type namedFrame struct {
	name  string
	frame []byte
}

// binaryReplyCases are made with the codec; the test in binary_test.go holds
// it to the byte.
func binaryReplyCases() []namedFrame {
	frames := []namedFrame{
		{"prediction", protocol.AppendBinaryPrediction(nil, 77, digits, &protocol.Prediction{
			Rows: 2, First: decided([]float32{1, 0}, []float32{1, 0.5}), Scores: []float32{0, 1, 0.5, 0.5}})},
		{"prediction with scores and timing", protocol.AppendBinaryPrediction(nil, 1732212000123, digits, &protocol.Prediction{
			Rows: 2, First: decided([]float32{1, 0}, []float32{0.9, 0.6}), Scores: []float32{0.1, 0.9, 0.6, 0.4}, WithScores: true,
			Timing: &protocol.Timing{Queue: 112e3, Compute: 85e3, BatchRows: 9}})},
		{"regression", protocol.AppendBinaryPrediction(nil, 1<<53-1, regression("price", "2"), &protocol.Prediction{
			Rows: 1, First: decided([]float32{-1e-7}, nil), Scores: []float32{-1e-7}})},
		{"all kinds", protocol.AppendBinaryPrediction(nil, 78, severalOutputs(0), &protocol.Prediction{
			Rows: 1, First: decided([]float32{1}, []float32{0.75}), Scores: []float32{0.75, 0.25, 0.5, 0.75, 1.5, -2, 1, 2}, WithScores: true})},
		{"labels", protocol.AppendBinaryPrediction(nil, 79, severalOutputs(2), &protocol.Prediction{
			Rows: 1, First: protocol.Decided{Values: []float32{0, 1, 1}, Confidences: []float32{0.25, 0.5, 0.75}, ValueWidth: 3}, Scores: []float32{0.25, 0.5, 0.75}})},
		{"feedback_ok", protocol.AppendBinaryFeedbackOK(nil, 77, 2, []bool{true, false})},
	}
	for _, code := range protocol.Codes() {
		e := protocol.Errorf(code, "why: „%s“", code)
		if code == protocol.Overloaded {
			e.RetryAfter = 250e6
		}
		frames = append(frames, namedFrame{"error " + code.String(), protocol.AppendBinaryError(nil, 77, e)})
	}
	return frames
}

// readReply reads a frame as a client does, by the layout in docs/protocol.md.
func readReply(t *testing.T, frame []byte) *replyMeaning {
	t.Helper()
	le := binary.LittleEndian
	flags, word := le.Uint16(frame[2:]), le.Uint32(frame[4:])
	m := &replyMeaning{RequestID: le.Uint64(frame[8:])}
	switch frame[0] {
	case protocol.BinaryPrediction:
		m.Type = "prediction"
		m.QueueUS, m.ComputeUS = le.Uint32(frame[16:]), le.Uint32(frame[20:])
		rows := int(word)
		for i := range rows {
			at := 24 + 8*i
			m.Values = append(m.Values, math.Float32frombits(le.Uint32(frame[at:])))
			confidence := math.Float32frombits(le.Uint32(frame[at+4:]))
			if confidence != confidence {
				m.Confidences = append(m.Confidences, nil)
			} else {
				m.Confidences = append(m.Confidences, &confidence)
			}
		}
		if flags&protocol.FlagScores != 0 {
			var scores []float32
			for at := frame[24+8*rows:]; len(at) > 0; at = at[4:] {
				scores = append(scores, math.Float32frombits(le.Uint32(at)))
			}
			width := len(scores) / rows
			for i := range rows {
				m.Scores = append(m.Scores, scores[i*width:(i+1)*width])
			}
		}
	case protocol.BinaryFeedbackOK:
		m.Type = "feedback_ok"
		for _, b := range frame[16:] {
			m.Correct = append(m.Correct, b == 1)
		}
	case protocol.BinaryError:
		m.Type, m.Code, m.Message = "error", protocol.Code(frame[1]).String(), string(frame[16:])
		m.Retryable, m.RetryAfterMS = flags&protocol.FlagRetryable != 0, word
	default:
		t.Fatalf("kind %#x", frame[0])
	}
	return m
}

// watchVector is one message of a dashboard's client.
type watchVector struct {
	JSON    string                 `json:"json"`
	Message *protocol.WatchMessage `json:"message,omitempty"`
	Refused string                 `json:"refused,omitempty"`
}

func watchVectors() []watchVector {
	var vectors []watchVector
	for _, c := range watchCases {
		if len(c.frame) > longest {
			continue
		}
		v := watchVector{JSON: c.frame}
		if m, err := protocol.DecodeWatch([]byte(c.frame)); err != nil {
			v.Refused = err.Code.String()
		} else {
			v.Message = &m
		}
		vectors = append(vectors, v)
	}
	return vectors
}

// codeVectors are the tables of error and close codes.
func codeVectors() any {
	type errorCode struct {
		Code      string `json:"code"`
		Number    int    `json:"number"`
		Retryable bool   `json:"retryable"`
	}
	type closeCode struct {
		Code      int  `json:"code"`
		Reconnect bool `json:"reconnect"`
	}
	var codes struct {
		Errors []errorCode `json:"errors"`
		Closes []closeCode `json:"closes"`
	}
	for _, c := range protocol.Codes() {
		codes.Errors = append(codes.Errors, errorCode{c.String(), int(c), c.Retryable()})
	}
	for code := 1000; code <= 1015; code++ {
		codes.Closes = append(codes.Closes, closeCode{code, protocol.Reconnectable(code)})
	}
	return codes
}
