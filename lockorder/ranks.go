package lockorder

// Rank is the type of a rank: one of those below, and no other.
type Rank interface {
	// depth is smaller the further out a lock is taken.
	depth() depth
}

type depth int

// The ranks, outermost first: who holds a lock may take those that stand below its
// rank, and none that stands above or has the same.
const (
	hub depth = iota
	watcher
	bus
	board
	outbox
	pool
	store
	budget
)

// Hub is the set of connections of server/socket, which speaks to many of them.
type Hub struct{}

// Watcher is one watcher of server/watch: it reads boards and fills outboxes.
type Watcher struct{}

// Bus is the event bus of server/watch, which asks the board who listens.
type Bus struct{}

// Board is server/watch's board of what watchers have seen.
type Board struct{}

// Outbox is one connection's outgoing frames in server/socket; under it requests are
// cancelled, and memory is taken from the budget.
type Outbox struct{}

// Pool is the state of an inference pool, which calls nobody while it holds it.
type Pool struct{}

// Store is quality's store of outcomes, which calls nobody while it holds it.
type Store struct{}

// Budget is server/budget's account of memory, the innermost of all.
type Budget struct{}

func (Hub) depth() depth     { return hub }
func (Watcher) depth() depth { return watcher }
func (Bus) depth() depth     { return bus }
func (Board) depth() depth   { return board }
func (Outbox) depth() depth  { return outbox }
func (Pool) depth() depth    { return pool }
func (Store) depth() depth   { return store }
func (Budget) depth() depth  { return budget }
