package serving

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"penstock/access"
	"penstock/inference"
	"penstock/outputs"
	"penstock/quality"
)

// Service is all that fronts need.
type Service struct {
	Catalog *Catalog
	Quality *quality.Store
	Ledger  *Ledger
}

// Front is answered. Its methods are called by several goroutines of pools at a time,
// and must not block, nor ask for anything.
//
// What a front refuses itself no line has seen. So a front calls Ledger.Received for
// every predict message that it takes in, and Ledger.Answered for each that Submit or
// Lead did not accept or that Cancel gave back; what a line accepted the line counts.
type Front interface {
	// Answer ends a call that Submit or Lead accepted, once. What the call says is
	// ready to be written: Result, and what was Decided. The call is the front's again,
	// unless Request.Reusable says that its memory is not. Sent reports whether there
	// is still somebody to give the answer to.
	Answer(c *Call) (sent bool)
	// Flush follows the last Answer of a batch.
	Flush()
	// Lose is in place of Answer, or after it, where that panicked: the caller is owed
	// an answer that cannot be made.
	Lose(c *Call, panicked any)
}

// Line is one caller's way in through one front. Answers come on other goroutines;
// all else is for one goroutine at a time.
type Line struct {
	service *Service
	caller  *Caller
	front   Front
	lanes   []lane // of the deployments that were asked
	closed  bool
}

// lane is the line's stream to one deployment.
type lane struct {
	deployment *Deployment
	stream     *inference.Stream
}

// Open makes a line. It must be closed.
func (s *Service) Open(caller *Caller, front Front) *Line {
	return &Line{service: s, caller: caller, front: front}
}

// Caller is whose line it is.
func (l *Line) Caller() *Caller { return l.caller }

// Submit hands a call to its deployment's pool. It waits while the caller's window
// there is full. On an error the call was not accepted and is the front's still:
// those of inference.Stream.Submit and of Rights.
func (l *Line) Submit(c *Call) error {
	stream, err := l.admit(c)
	if err != nil {
		return err
	}
	return stream.Submit(&c.Request)
}

// Lead is Submit for a front that has nothing else to do: see inference.Stream.Lead.
// With led, answers to this line have come and its front is not flushed.
func (l *Line) Lead(c *Call) (led bool, err error) {
	stream, err := l.admit(c)
	if err != nil {
		return false, err
	}
	return stream.Lead(&c.Request)
}

func (l *Line) admit(c *Call) (*inference.Stream, error) {
	if err := l.caller.may(access.Predict, c.Deployment.Spec.Name, c.Arrived); err != nil {
		return nil, err
	}
	if l.closed {
		return nil, inference.ErrStreamClosed
	}
	if err := l.caller.spend(c.Rows, c.Bytes, c.Arrived); err != nil {
		return nil, err
	}
	c.Owner = c
	return l.stream(c.Deployment), nil
}

// stream returns the line's stream to a deployment, which it opens when it is first
// asked. Lines ask one or two models: a search is faster than a map.
func (l *Line) stream(d *Deployment) *inference.Stream {
	if stream := l.opened(d); stream != nil {
		return stream
	}
	l.leaveOthers()
	stream := d.Pool.Open(l, inference.Share{Name: l.caller.Share, Weight: l.caller.weight()})
	l.lanes = append(l.lanes, lane{d, stream})
	return stream
}

// opened is the line's stream to a deployment; nil where it has none.
func (l *Line) opened(d *Deployment) *inference.Stream {
	for i := range l.lanes {
		if l.lanes[i].deployment == d {
			return l.lanes[i].stream
		}
	}
	return nil
}

// leaveOthers lets go of deployments that are not in the catalog any more, and owe
// nothing: a line that lives for days would keep every version that it ever asked.
func (l *Line) leaveOthers() {
	now := l.service.Catalog.Now()
	l.lanes = slices.DeleteFunc(l.lanes, func(one lane) bool {
		return !slices.Contains(now.Deployments, one.deployment) && one.stream.CloseIdle()
	})
}

// Cancel takes a call back that was accepted. When it returns true there will be no
// Answer, and the front must answer it; false means that its answer is on its way.
func (l *Line) Cancel(c *Call) bool {
	stream := l.opened(c.Deployment)
	return stream != nil && stream.Cancel(&c.Request)
}

// Close ends the line: calls without an answer get none.
func (l *Line) Close() {
	l.closed = true
	left := 0
	for _, lane := range l.lanes {
		left += lane.stream.Close()
	}
	l.lanes = nil
	l.service.Ledger.Lost(left)
}

// Reply implements inference.Sink: what became of a request is decided, remembered
// for its label, and answered. It is remembered first, so that no label can come too
// early.
func (l *Line) Reply(r *inference.Request) {
	c := r.Owner.(*Call) //nolint:forcetypeassert // admit has set it
	answered := false
	defer func() {
		if !answered {
			l.lose(c, recover())
		}
	}()
	outcome := r.Result.Outcome // the call is the front's from Answer on
	if outcome == inference.Predicted {
		c.decide()
		l.remember(c)
	}
	sent := l.front.Answer(c)
	answered = true
	l.service.Ledger.Answered(ending(outcome, sent))
}

// ending is what became of a request in the ledger's terms.
func ending(outcome inference.Outcome, sent bool) Ending {
	switch {
	case !sent:
		return Undeliverable
	case outcome == inference.Predicted:
		return Predicted
	}
	return Failed
}

// lose counts a request whose answer could not be made.
func (l *Line) lose(c *Call, panicked any) {
	defer l.service.Ledger.Answered(Undeliverable) // even if the front panics again
	l.front.Lose(c, panicked)
}

func (l *Line) remember(c *Call) {
	d, first := c.Deployment, &c.decided[0]
	l.service.Quality.Remember(quality.Prediction{
		Series: d.Series, Scope: l.caller.Scope, Caller: l.caller.Share, Name: l.caller.Name, ID: c.ID,
		Rows: c.Rows, Values: first.Values, Confidences: c.confidences(), Shown: first.Confidences,
		Scores: c.Result.Scores[d.First().First:], Stride: d.width,
		Features: c.Features, Columns: d.Spec.Features, At: c.Result.Answered,
	})
	if d.Series.Watches(c.Result.Answered) {
		l.watch(c, first)
	}
}

// watch shows one row of a request, whichever, to what compares rows with the model's
// reference: those of one request are often alike.
func (l *Line) watch(c *Call, first *outputs.Decided) {
	series, features := c.Deployment.Series, c.Deployment.Spec.Features
	row := rand.IntN(c.Rows)
	confidence := float32(math.NaN())
	if all := c.confidences(); series.Width() == 1 && len(all) > 0 {
		confidence = all[row]
	}
	width := series.Width()
	series.Watch(c.Features[row*features:][:features], first.Values[row*width:][:width], confidence, l.caller.Share)
}

// Flush implements inference.Sink.
func (l *Line) Flush() { l.front.Flush() }

// Label joins labels, one per row, to the prediction of an id. Errors are those of
// quality.Store.Label and of Rights.
func (l *Line) Label(id []byte, labels []quality.Label) (quality.Result, error) {
	if err := l.mayLabel(nil); err != nil {
		return quality.Result{}, err
	}
	return l.service.Quality.Label(l.caller.Scope, id, labels, l.mayLabel)
}

// LabelBinary is Label for numbers: see quality.Store.LabelIndices.
func (l *Line) LabelBinary(id []byte, labels []float32) (quality.Result, error) {
	if err := l.mayLabel(nil); err != nil {
		return quality.Result{}, err
	}
	return l.service.Quality.LabelIndices(l.caller.Scope, id, labels, l.mayLabel)
}

// mayLabel asks for the right to label predictions of a series; of nil, whether there
// are any that the caller may label: which they are, only the prediction tells.
func (l *Line) mayLabel(series *quality.Series) error {
	model := ""
	if series != nil {
		model = series.Name()
	}
	return l.caller.may(access.Feedback, model, time.Time{})
}

// Remembers reports whether a label for this id would find a prediction.
func (l *Line) Remembers(id []byte) bool { return l.service.Quality.Remembers(l.caller.Scope, id) }
