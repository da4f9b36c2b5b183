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
	KindJoin
	KindLeave
)

var kindNames = [...]string{
	KindPredict: "predict", KindFeedback: "feedback", KindCancel: "cancel",
	KindAuth: "auth", KindPing: "ping", KindHello: "hello",
	KindJoin: "join", KindLeave: "leave",
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

// Ask is one message from a client, in JSON or binary, decoded. Its byte slices
// point into the frame that it was read from and share its lifetime, but for those of
// which it is said.
type Ask struct {
	Kind Kind
	// Binary tells that it came as a binary frame, whose id is Number.
	Binary bool
	Number uint64

	// ID is the request_id as it was sent, a JSON string or number; empty when
	// there was none. It comes back as it is. Of a binary frame it is Number in
	// decimal, as the same number has it in JSON, in memory of the Ask's own: a
	// prediction may be asked for in one form and labelled or cancelled in the other.
	ID []byte
	// PlainID is the ID without its escapes, between quotes, where it has some:
	// ids are one when their characters are. Nil where that is the ID itself. It
	// does not point into the frame.
	PlainID []byte

	// Features holds Rows rows of Width values each, when Decoder.Rows has returned.
	// It appends to Features[:0], so that a caller who keeps the slice saves its
	// allocation.
	Features []float32
	Rows     int
	Width    int
	// Many tells that the rows came as an array of arrays: the reply answers
	// with arrays too, even for one row.
	Many bool

	Model      []byte        // the model's name; empty for the default
	ModelIndex int           // of a binary frame: the model's place in hello
	Deadline   time.Duration // from arrival; zero for none
	Scores     bool          // detail "scores"
	Timing     bool          // detail "timing"
	Outputs    bool          // detail "outputs"
	Set        bool          // detail "set"
	Alpha      float64       // of that set, between 0 and 1; zero for the server's own
	TopK       int

	// Labels are one per row of the request that they answer.
	Labels []Label
	// ManyLabels tells that they came as an array: so does their answer.
	ManyLabels bool

	Token []byte
	Group []byte // of join and leave, a valid one

	values []byte // of a binary frame: features, or labels; masked still
	mask   uint32
	dtype  byte
	number []byte // memory of a binary frame's ID
}

// Label is a true answer: a class's name, or a number.
type Label struct {
	Text   string  // the characters of a string, or the digits of a number as sent
	Number float64 // the value of a number
	IsText bool
	List   []Label // of a row that has several
	IsList bool
}

// reset forgets everything but the slices' capacity.
func (a *Ask) reset() {
	clear(a.Labels) // their texts would be kept as long as the slice is
	*a = Ask{Features: a.Features[:0], Labels: a.Labels[:0], number: a.number[:0]}
}
