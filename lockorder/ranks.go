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
	catalog depth = iota
	answer
	hub
	audience
	watcher
	bus
	board
	outbox
	pool
	store
	guard
	budget
)

// Catalog is one change of serving's catalog, which takes models into the store of
// outcomes.
type Catalog struct{}

// Answer is one of server's answers that are made once for many dashboards, from what
// all the others hold.
type Answer struct{}

// Hub is the set of connections of server/socket, which speaks to many of them.
type Hub struct{}

// Audience is server/audience's list of who is connected as which user: it tells boards
// who comes and goes, and fills outboxes.
type Audience struct{}

// Watcher is one watcher of server/watch: it reads boards and fills outboxes.
type Watcher struct{}

// Bus is the event bus of server/watch, which hands frames to the board.
type Bus struct{}

// Board is server/watch's board of what watchers have seen.
type Board struct{}

// Outbox is one connection's outgoing frames in server/socket; under it requests are
// cancelled, and memory is taken from the budget.
type Outbox struct{}

// Pool is the state of an inference pool, which calls nobody while it holds it.
type Pool struct{}

// Store is quality's store of predictions, which calls nobody while it holds it.
type Store struct{}

// Guard is access's list of who is in, which calls nobody while it holds it.
type Guard struct{}

// Budget is server/budget's account of memory, the innermost of all.
type Budget struct{}

func (Catalog) depth() depth  { return catalog }
func (Answer) depth() depth   { return answer }
func (Hub) depth() depth      { return hub }
func (Audience) depth() depth { return audience }
func (Watcher) depth() depth  { return watcher }
func (Bus) depth() depth      { return bus }
func (Board) depth() depth    { return board }
func (Outbox) depth() depth   { return outbox }
func (Pool) depth() depth     { return pool }
func (Store) depth() depth    { return store }
func (Guard) depth() depth    { return guard }
func (Budget) depth() depth   { return budget }
