package serving_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"penstock/access"
	"penstock/inference"
	"penstock/model/modeltest"
	"penstock/quality"
	"penstock/serving"
)

// rights allow what they list, until a time.
type rights struct {
	allowed map[string]bool
	until   time.Time // zero: for ever
}

func (r rights) May(action access.Action, model string, at time.Time) error {
	if at.IsZero() {
		at = time.Now()
	}
	switch {
	case !r.until.IsZero() && !at.Before(r.until):
		return access.ErrExpired
	case r.allowed != nil && !r.allowed[action.String()+" "+model]:
		return access.ErrForbidden
	}
	return nil
}

func (rights) Weight() int { return 1 }

func (rights) Spend(int, int, time.Time) error { return nil }

func allow(list ...string) rights {
	r := rights{allowed: map[string]bool{}}
	for _, one := range list {
		r.allowed[one] = true
	}
	return r
}

// TestRights: who has no right to a model is refused before the model's pool hears of
// it, and who may not label before the store does.
func TestRights(t *testing.T) {
	h := newHouse(t)
	defer h.close()
	o := &modeltest.Oracle{Features: 1, Classes: 2}
	d, err := h.add(o, inference.Options{Workers: 1})
	must(t, err)
	label := []quality.Label{{Text: "1", IsText: true}}
	for name, c := range map[string]struct {
		rights         serving.Rights
		predict, label error
	}{
		"all":         {nil, nil, nil},
		"both":        {allow("predict oracle", "feedback ", "feedback oracle"), nil, nil},
		"predict":     {allow("predict oracle"), nil, access.ErrForbidden},
		"feedback":    {allow("feedback ", "feedback oracle"), access.ErrForbidden, nil},
		"other model": {allow("predict other", "feedback ", "feedback other"), access.ErrForbidden, access.ErrForbidden},
		"nothing":     {allow(), access.ErrForbidden, access.ErrForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			owner := h.open(serving.Caller{User: name})
			defer owner.line.Close()
			front := h.open(serving.Caller{User: name, Rights: c.rights})
			defer front.line.Close()
			for _, id := range []string{"1", "2"} {
				must(t, owner.submit(ask(d, o, 1, id)))
				<-owner.answers
			}
			accepted := d.Pool.Stats().Accepted
			if err := front.submit(ask(d, o, 1, "3")); !errors.Is(err, c.predict) {
				t.Errorf("predict: %v; want %v", err, c.predict)
			}
			led, err := front.line.Lead(ask(d, o, 1, "4"))
			if err := front.counted(nil, err); !errors.Is(err, c.predict) || led && err != nil {
				t.Errorf("lead: %v, %v; want %v", led, err, c.predict)
			}
			if c.predict == nil {
				<-front.answers
				<-front.answers
			} else if d.Pool.Stats().Accepted != accepted {
				t.Error("what was forbidden came to the pool")
			}
			if _, err := front.line.Label([]byte("1"), label); !errors.Is(err, c.label) {
				t.Errorf("label: %v; want %v", err, c.label)
			}
			if _, err := front.line.LabelBinary([]byte("2"), []float32{1}); !errors.Is(err, c.label) {
				t.Errorf("binary label: %v; want %v", err, c.label)
			}
			if c.label != nil {
				if _, err := owner.line.Label([]byte("1"), label); err != nil {
					t.Errorf("what was forbidden took the label's place: %v", err)
				}
			}
		})
	}
	h.mustBalance(t)
}

// TestExpiry: from the moment on at which what a caller proved no longer holds,
// nothing is accepted, whether or not the front says when a request came; what was
// accepted before is answered.
func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.close()
		hold := make(chan struct{})
		o := &modeltest.Oracle{Features: 1, Classes: 2, OnRow: func(nonce uint32) modeltest.Fate {
			if nonce == 7 {
				return modeltest.Fate{Wait: hold}
			}
			return modeltest.Fate{}
		}}
		d, err := h.add(o, inference.Options{Workers: 1})
		must(t, err)
		front := h.open(serving.Caller{User: "guest", Rights: rights{until: time.Now().Add(time.Hour)}})
		defer front.line.Close()
		submit := func(nonce uint32, id string, arrived time.Time) error {
			c := ask(d, o, nonce, id)
			c.Arrived = arrived
			return front.submit(c)
		}
		time.Sleep(time.Hour - time.Nanosecond) // of the bubble
		must(t, submit(1, "1", time.Now()))
		<-front.answers
		must(t, submit(7, "2", time.Time{}))
		synctest.Wait()
		time.Sleep(time.Nanosecond)
		for name, arrived := range map[string]time.Time{"now": time.Now(), "of no time": {}} {
			if err := submit(1, "3", arrived); !errors.Is(err, access.ErrExpired) {
				t.Errorf("a request %s: %v; want ErrExpired", name, err)
			}
		}
		if _, err := front.line.Label([]byte("1"), []quality.Label{{Text: "1", IsText: true}}); !errors.Is(err, access.ErrExpired) {
			t.Errorf("a label: %v; want ErrExpired", err)
		}
		close(hold)
		if got := <-front.answers; string(got.call.ID) != "2" || got.call.Result.Outcome != inference.Predicted {
			t.Errorf("what was accepted before is answered with %v", got.call.Result.Outcome)
		}
		h.mustBalance(t)
	})
}

// A line that is closed takes nothing any more, from deployments it has asked and from
// others.
func TestClosedLine(t *testing.T) {
	s := newService(t, nil)
	d := s.add(t, &modeltest.Oracle{Features: 1})
	line := s.Open(&serving.Caller{User: "somebody"}, new(letters))
	line.Close()
	err := line.Submit(&serving.Call{Request: inference.Request{Features: []float32{1}, Rows: 1}, Deployment: d})
	if !errors.Is(err, inference.ErrStreamClosed) {
		t.Errorf("error %v; want that the stream is closed", err)
	}
}
