package accept

// What descriptors are kept for, besides WebSockets.
const (
	// Spare places on the public listener are for plain HTTP, such as health,
	// when all WebSockets are taken.
	Spare = 64
	// AdminPlaces are the admin listener's.
	AdminPlaces = 32

	ownFiles = 32 // of the process itself: listeners, poller, log, what it reads
	reserved = AdminPlaces + ownFiles + 2*maxLingering
	fewest   = 8 // places, however few files there may be
)

// Plan says how many connections the process has descriptors for.
type Plan struct {
	WebSockets int // as asked for, or fewer
	Places     int // on the public listener
	Files      int // that the process may have open
	Needed     int // open files, for all that was asked for
}

// PlanFor fits so many WebSockets into the process's limit of open files.
func PlanFor(webSockets int) Plan { return planFor(webSockets, openFiles()) }

func planFor(webSockets, files int) Plan {
	p := Plan{WebSockets: webSockets, Places: webSockets + Spare, Files: files, Needed: webSockets + Spare + reserved}
	if p.Needed <= files {
		return p
	}
	p.Places = max(files-reserved, fewest)
	p.WebSockets = min(webSockets, p.Places-min(Spare, p.Places/4))
	return p
}
