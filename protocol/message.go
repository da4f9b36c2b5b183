package protocol

import "time"

// Kind is the type of a message from a client.
type Kind uint8

// The messages that a client may send on /ws/predict.
const (
	KindPredict Kind = iota + 1
	KindFeedback
	KindCancel
	KindAuth
	KindPing
	KindHello
)

var kindNames = [...]string{
	KindPredict: "predict", KindFeedback: "feedback", KindCancel: "cancel",
	KindAuth: "auth", KindPing: "ping", KindHello: "hello",
}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return ""
}

// Limits of a message's parts.
const (
	// MaxRequestID is the longest request_id in bytes, as it is sent, without
	// its quotes.
	MaxRequestID = 128
	// MaxTopK is the largest top_k; more classes than a model has are not sent.
	MaxTopK = 1 << 20
)

// Message is one message from a client, decoded. Its byte slices point into
// the frame that it was read from and share its lifetime.
type Message struct {
	Kind Kind

	// ID is the request_id as it was sent, a JSON string or number; empty when
	// there was none. It comes back as it is.
	ID []byte
	// PlainID is the ID without its escapes, between quotes, where it has some:
	// ids are one when their characters are. Nil where that is the ID itself. It
	// does not point into the frame.
	PlainID []byte

	// Features holds Rows rows of Width values each. Decode appends to
	// Features[:0], so that a caller who keeps the slice saves its allocation.
	Features []float32
	Rows     int
	Width    int
	// Many tells that the rows came as an array of arrays: the reply answers
	// with arrays too, even for one row.
	Many bool

	Model    []byte        // the model's name; empty for the default
	Deadline time.Duration // from arrival; zero for none
	Scores   bool          // detail "scores"
	Timing   bool          // detail "timing"
	TopK     int

	// Labels are one per row of the request that they answer.
	Labels []Label
	// ManyLabels tells that they came as an array: so does their answer.
	ManyLabels bool

	Token []byte
}

// Label is a true answer: a class's name, or a number.
type Label struct {
	Text   string  // the characters of a string, or the digits of a number as sent
	Number float64 // the value of a number
	IsText bool
}

// reset forgets everything but the slices' capacity.
func (m *Message) reset() {
	clear(m.Labels) // their texts would be kept as long as the slice is
	*m = Message{Features: m.Features[:0], Labels: m.Labels[:0]}
}
