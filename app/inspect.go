package app

import (
	"net"

	"penstock/inference"
	"penstock/monitor"
	"penstock/server/accept"
	"penstock/weights"
)

// Addr is where clients are listened for; nil after Prepare.
func (a *App) Addr() net.Addr { return address(a.public) }

// AdminAddr is where operators are listened for; nil without --admin-listen.
func (a *App) AdminAddr() net.Addr { return address(a.admin) }

// Models are those that are served, the default first. They stay the App's.
func (a *App) Models() []*weights.Loaded {
	models := make([]*weights.Loaded, len(a.models))
	for i, m := range a.models {
		models[i] = m.Loaded
	}
	return models
}

// PoolStats are those of each model's pool, in the order of Models.
func (a *App) PoolStats() []inference.Stats {
	stats := make([]inference.Stats, len(a.models))
	for i, m := range a.models {
		stats[i] = m.deployment.Pool.Stats()
	}
	return stats
}

// Traffic is what the server counts.
func (a *App) Traffic() monitor.Traffic { return a.server.Traffic() }

// LimitMemory has the garbage collector keep to the limit of memory. It is for the
// process as a whole, and so not done where several run in one.
func (a *App) LimitMemory() { a.memory.apply() }

func address(l *accept.Listener) net.Addr {
	if l == nil {
		return nil
	}
	return l.Addr()
}
