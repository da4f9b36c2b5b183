package protocol

import "encoding/json"

// Subprotocol is what a client asks for to be greeted with Hello.
const Subprotocol = "penstock.v1"

// Hello is the server's first message to a client that negotiated Subprotocol,
// and its answer to a hello.
type Hello struct {
	Type    string      `json:"type"` // "hello"
	Session string      `json:"session"`
	Models  []HelloItem `json:"models"` // the default first
	Limits  HelloLimits `json:"limits"`
}

// HelloItem describes one model.
type HelloItem struct {
	Name     string   `json:"name"`
	Version  string   `json:"version"`
	Task     string   `json:"task"`
	Features int      `json:"features"`
	Classes  []string `json:"classes"` // of the first output
	// Outputs are what a row is answered with; the first is the prediction.
	Outputs []Output `json:"outputs"`
	Columns []Column `json:"columns"` // one per feature, or none where they have no names
	Missing bool     `json:"missing"` // some feature may be missing
}

// Output describes one output of a model.
type Output struct {
	Name       string    `json:"name"`
	Kind       string    `json:"kind"`
	Width      int       `json:"width"` // scores of a row
	Classes    []string  `json:"classes,omitempty"`
	Thresholds []float64 `json:"thresholds,omitempty"`
}

// HelloLimits are the bounds that a client should keep to.
type HelloLimits struct {
	Window   int `json:"window"`    // rows in flight on this socket
	MaxRows  int `json:"max_rows"`  // rows in one request
	MaxBytes int `json:"max_bytes"` // bytes in one message
}

// Notice tells a client something that answers no request.
type Notice struct {
	Type    string `json:"type"` // "notice"
	Code    string `json:"code"` // going_away, token_expiring, model_updated, alert, notification
	Message string `json:"message"`
	Expires string `json:"expires,omitempty"` // of token_expiring, RFC 3339

	// Of notification.
	Data  json.RawMessage `json:"data,omitempty"`
	Time  string          `json:"time,omitempty"`  // RFC 3339
	From  string          `json:"from,omitempty"`  // who sent it
	Group string          `json:"group,omitempty"` // that it was sent to; absent where it was to the user
}

// Membership answers join and leave. A left may also come unasked, when the token does
// not allow the group any more.
type Membership struct {
	Type  string `json:"type"` // "joined", "left"
	Group string `json:"group"`
}

// AuthOK answers an auth message.
type AuthOK struct {
	Type string `json:"type"` // "auth_ok"
	Standing
}

// Standing is who somebody is, and what he may do.
type Standing struct {
	User   string   `json:"user"`
	Scopes []string `json:"scopes"` // such as predict, or predict:digits for one model
	Groups []string `json:"groups"` // that may be joined; * is every one
	// Expires is when that ends, RFC 3339; null is never.
	Expires *string `json:"expires"`
}

// Me is the answer of /api/me.
type Me struct {
	Authentication string `json:"authentication"` // none, token
	Standing
}

// Encode returns the JSON of a message that is rare enough for encoding/json.
func Encode(message any) []byte {
	b, err := json.Marshal(message)
	if err != nil {
		panic(err) // our own structs of strings and finite numbers
	}
	return b
}

// Reply is any message from the server on /ws/predict, as a client reads it.
// Type says which fields are set.
type Reply struct {
	Type      string          `json:"type"`
	RequestID json.RawMessage `json:"request_id"`

	Prediction json.RawMessage `json:"prediction"` // one value, or an array of them
	Confidence json.RawMessage `json:"confidence"`
	Model      string          `json:"model"`
	Version    string          `json:"version"`
	Scores     json.RawMessage `json:"scores"`
	Top        json.RawMessage `json:"top"`
	Set        json.RawMessage `json:"set"`      // of classes, where it was asked for
	Interval   json.RawMessage `json:"interval"` // of numbers, where it was asked for
	Alpha      float64         `json:"alpha"`    // of the set or the interval
	Outputs    json.RawMessage `json:"outputs"`  // by name, where they were asked for
	Timing     *ReplyTiming    `json:"timing"`

	Correct json.RawMessage `json:"correct"`

	Code         string `json:"code"`
	Message      string `json:"message"`
	Retryable    bool   `json:"retryable"`
	RetryAfterMS int64  `json:"retry_after_ms"`
	Expected     *int   `json:"expected"`
	Got          *int   `json:"got"`

	User    string       `json:"user"`
	Session string       `json:"session"`
	Models  []HelloItem  `json:"models"`
	Limits  *HelloLimits `json:"limits"`
}

// ReplyTiming is the "timing" detail as a client reads it.
type ReplyTiming struct {
	QueueUS   int64 `json:"queue_us"`
	ComputeUS int64 `json:"compute_us"`
	BatchRows int   `json:"batch_rows"`
}

// TopClass is one entry of "top".
type TopClass struct {
	Label      string  `json:"label"`
	Confidence float64 `json:"confidence"`
}
