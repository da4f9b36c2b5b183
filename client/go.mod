module penstock/client

go 1.26.0

// npm packages may hold Go files that are not ours.
ignore ./js

require (
	github.com/coder/websocket v1.8.15
	github.com/google/go-cmp v0.7.0
	go.uber.org/goleak v1.3.0
	penstock/protocol v0.0.0
	pgregory.net/rapid v1.3.0
)

require golang.org/x/sys v0.48.0 // indirect

replace penstock/protocol => ../protocol
