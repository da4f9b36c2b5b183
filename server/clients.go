package server

import (
	"strconv"
	"sync"
	"sync/atomic"

	"penstock/access"
	"penstock/monitor"
	"penstock/serving"
)

// Clients counts who is connected: open WebSockets, and the distinct clients that
// have one for predictions. A client is an authenticated user; without
// authentication it is the session that it names, or else the one connection.
//
// It is made before the server that counts in it, so that the monitor, which the
// server is given, can read it.
type Clients struct {
	open  atomic.Int64  // WebSockets; the hub's to count
	named atomic.Uint64 // connections that were given a number

	mu      sync.Mutex
	sockets map[string]int // open sockets for predictions by identity
}

// NewClients returns Clients of which there are none.
func NewClients() *Clients { return &Clients{sockets: make(map[string]int)} }

// Connections is how many WebSockets are open.
func (c *Clients) Connections() int { return int(c.open.Load()) }

// Users is how many distinct clients have a socket for predictions open.
func (c *Clients) Users() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.sockets)
}

// Traffic is what the monitor reads, of a ledger and of who is connected.
func (c *Clients) Traffic(ledger *serving.Ledger) monitor.Traffic {
	t := ledger.Traffic()
	return monitor.Traffic{
		Received: t.Received, Predicted: t.Predicted, Errors: t.Failed, Shed: t.Shed, Undeliverable: t.Undeliverable,
		Connections: c.Connections(), Users: c.Users(),
	}
}

// Watched tells the monitor which models there are.
func Watched(catalog *serving.Catalog) func() []monitor.Watched {
	return func() []monitor.Watched {
		deployments := catalog.Now().Deployments
		watched := make([]monitor.Watched, 0, len(deployments))
		for _, d := range deployments {
			watched = append(watched, monitor.Watched{Name: d.Spec.Name, Version: d.Spec.Version, Pool: d.Pool, Series: d.Series})
		}
		return watched
	}
}

// number names a connection that has no session, as no session can be named.
func (c *Clients) number() string { return "#" + strconv.FormatUint(c.named.Add(1), 10) }

// clientName is the name under which a connection counts: see Clients.
func (s *Server) clientName(guest *access.Session, name string) string {
	if s.opt.Access.Asks() {
		return guest.User()
	}
	return name
}

func (c *Clients) enter(identity string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sockets[identity]++
}

func (c *Clients) leave(identity string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sockets[identity]--; c.sockets[identity] == 0 {
		delete(c.sockets, identity)
	}
}
