package model

// Source says where a model comes from: which library trained or wrote it. All of
// it may be unknown, and so empty.
type Source struct {
	Library string `json:"library,omitempty"` // as people install it, such as "xgboost"
	Version string `json:"version,omitempty"` // of the library, as the file tells
	Format  string `json:"format,omitempty"`  // of the file, such as "UBJSON"
}

// Process is a process that runs a model at the other end of an engine.
type Process struct {
	PID      int    // 0 while there is none
	State    string // one of the states below
	Restarts uint64 // how often it was started again since the model was loaded
	Bytes    int64  // of memory that it holds; 0 where that is not known
}

// States of a Process.
const (
	ProcessReady    = "ready"
	ProcessStarting = "starting"
	ProcessWaiting  = "waiting" // it died, and is started again after a pause
)

// Processes is what a Model also is when processes run it.
type Processes interface {
	// Processes returns their state at the moment. It may be called at any time
	// before Close, by any goroutine.
	Processes() []Process
}
