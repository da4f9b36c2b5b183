module penstock/bench/rivals

go 1.26.0

require (
	github.com/coder/websocket v1.8.15
	gonum.org/v1/gonum v0.17.0
)
