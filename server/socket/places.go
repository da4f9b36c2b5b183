package socket

import (
	"errors"

	"penstock/server/budget"
)

// Why there is no place; see Hub.Enter. Their texts are for clients.
var (
	ErrFull         = errors.New("too many connections")
	ErrManyOfCaller = errors.New("too many connections from this address")
	ErrNoMemory     = errors.New("the server has no memory left for another connection")
	ErrClosed       = errors.New("the server is going away")
)

// Visitor is who asks for a place.
type Visitor struct {
	Share  string // who shares the budget with whom
	Caller string // whose places are counted; empty where no limit per caller holds
	TLS    bool   // the connection has that layer, which costs LayerCost more
}

// Place is one of the hub's, and of its caller's, with what a connection costs
// taken from the budget. Its owner releases it once.
type Place struct {
	hub    *Hub
	caller string
	cost   int64
	holder *budget.Holder
}

// Enter takes a place, for a handshake or for another answer that has no end. The
// error is one of ErrFull, ErrManyOfCaller, ErrNoMemory and ErrClosed, in which
// case there is nothing to release.
func (h *Hub) Enter(who Visitor) (Place, error) {
	if err := h.reserve(who.Caller); err != nil {
		return Place{}, err
	}
	cost := int64(Cost)
	if who.TLS {
		cost += LayerCost
	}
	holder := h.opt.Budget.Enter(who.Share)
	if !holder.Take(cost, true) {
		holder.Leave()
		h.release(who.Caller)
		return Place{}, ErrNoMemory
	}
	return Place{h, who.Caller, cost, holder}, nil
}

// Release gives the place back.
func (p Place) Release() {
	p.holder.Give(p.cost)
	p.holder.Leave()
	p.hub.release(p.caller) // last: the hub may be waited for
}

// reserve counts a place, of the caller's too where it has a name.
func (h *Hub) reserve(caller string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closed:
		return ErrClosed
	case caller != "" && h.opt.MaxPerCaller > 0 && h.callers[caller] >= h.opt.MaxPerCaller:
		return ErrManyOfCaller
	case h.reserved >= h.opt.MaxConns:
		return ErrFull
	}
	h.reserved++
	if caller != "" {
		h.callers[caller]++
	}
	return nil
}

// release is the opposite of reserve. Callers that hold no place are forgotten.
func (h *Hub) release(caller string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if caller != "" {
		if h.callers[caller]--; h.callers[caller] == 0 {
			delete(h.callers, caller)
		}
	}
	h.reserved--
	h.checkEmpty()
}
