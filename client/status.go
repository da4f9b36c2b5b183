package client

// Status is how a client stands with its server.
type Status int

const (
	// Connected: requests go out.
	Connected Status = iota
	// Reconnecting: the connection was lost, or the server said that it is
	// going away; a new connection is on its way.
	Reconnecting
	// Disconnected: the connection is gone for good, because the client was
	// closed, or because the server refused it.
	Disconnected
)

func (s Status) String() string {
	switch s {
	case Connected:
		return "connected"
	case Reconnecting:
		return "reconnecting"
	}
	return "disconnected"
}
