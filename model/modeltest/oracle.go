package modeltest

import (
	"fmt"
	"strconv"
	"sync/atomic"

	"penstock/model"
)

// Oracle is a model whose scores tell which row they belong to. A row carries
// a nonce (Row), its scores are a function of the nonce (Want), and a row that
// is torn or mixed with another fails its batch: so whoever runs batches can
// prove that every reply is the answer to its own request.
//
// OnRow lets chosen rows block, fail, panic or answer NaN. Fields are set
// before the first session and not changed after.
type Oracle struct {
	// Features is the length of a row; at least 1.
	Features int
	// Classes is how many classes the model tells apart. Zero makes it a
	// regression, whose one score has 24 random-looking bits.
	Classes int
	// OnRow says what happens to a row. It is called on the worker's goroutine,
	// in the order of the batch, and by several workers at once. Nil lets
	// every row pass.
	OnRow func(nonce uint32) Fate
	// OnBatch is told the size of every batch, before its rows. It may be nil.
	OnBatch func(rows int)

	sessions atomic.Int64
}

// Fate is what happens to a row. The zero value is a row that is answered.
type Fate struct {
	// Wait blocks the worker until it is closed.
	Wait <-chan struct{}
	// Err fails the whole batch that the row is in.
	Err error
	// Panic, when not nil, is what the worker panics with.
	Panic any
	// NaN makes every score of this row NaN; its mates are answered.
	NaN bool
}

// NonceLimit is the first integer that a nonce must not reach: a float32 holds
// every integer below it exactly.
const NonceLimit = 1 << 24

// Row makes the row of a nonce. Nonces are taken modulo NonceLimit.
func (o *Oracle) Row(nonce uint32) []float32 {
	row := make([]float32, o.Features)
	for i := range row {
		row[i] = o.feature(nonce, i)
	}
	return row
}

func (o *Oracle) feature(nonce uint32, i int) float32 {
	return float32((nonce + uint32(i)*0x9E3779B1) % NonceLimit)
}

// Want returns the scores of a nonce's row. Two nonces of a regression never
// share a score.
func (o *Oracle) Want(nonce uint32) []float32 {
	scores := make([]float32, o.Spec().Width())
	o.score(scores, nonce)
	return scores
}

func (o *Oracle) score(scores []float32, nonce uint32) {
	// An odd factor permutes the numbers below 2^24: distinct, but not in order.
	mark := float32(nonce*0x9E3779B1%NonceLimit) / NonceLimit
	if o.Classes == 0 {
		scores[0] = mark
		return
	}
	top := (1 + mark) / 2 // the class of the nonce gets more than half
	for i := range scores {
		scores[i] = (1 - top) / float32(o.Classes-1)
	}
	scores[nonce%uint32(o.Classes)] = top
}

// Spec describes the oracle; its name and engine are "oracle".
func (o *Oracle) Spec() model.Spec {
	spec := model.Spec{Name: "oracle", Version: "1", Engine: "oracle", Features: o.Features, Outputs: model.OneValue()}
	if o.Classes > 0 {
		classes := make([]string, o.Classes)
		for i := range classes {
			classes[i] = strconv.Itoa(i)
		}
		spec.Outputs = model.OneOf(classes...)
	}
	return spec
}

// Sessions returns how many sessions are open.
func (o *Oracle) Sessions() int { return int(o.sessions.Load()) }

// Pinned is false.
func (o *Oracle) Pinned() bool { return false }

// Close fails while sessions are open.
func (o *Oracle) Close() error {
	if n := o.Sessions(); n != 0 {
		return fmt.Errorf("oracle: closed with %d sessions open; close those first", n)
	}
	return nil
}

// NewSession opens a session for batches of up to maxRows rows.
func (o *Oracle) NewSession(maxRows int) (model.Session, error) {
	if maxRows < 1 {
		return nil, fmt.Errorf("oracle: a session for %d rows; expected at least 1", maxRows)
	}
	o.sessions.Add(1)
	return &oracleSession{oracle: o, spec: o.Spec(), maxRows: maxRows}, nil
}
