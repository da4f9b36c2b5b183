// Package bench measures a running server from the outside, over the wire.
//
// [Load] offers requests and reports what became of them. Open loop, its usual
// mode, sends at moments drawn beforehand (Poisson arrivals), whether or not
// the server keeps up, and counts each latency from the moment at which the
// request was meant to leave. A server that stalls for a second is so charged
// with every request of that second, not with one (coordinated omission; Tene,
// "How NOT to Measure Latency", 2013). It also reports how late the generator
// itself was, since a busy generator measures itself.
//
// [Search] finds the highest rate at which the server keeps its latency, by doubling
// and then bisecting; [Sweep] raises the rate until the server breaks. [Demo] streams labelled
// rows, sends their labels late, and counts accuracy by itself, so that the
// server's own numbers can be compared to the count.
//
// "go test -bench . ./bench" takes a minute or so. Experiments that take minutes each
// are behind the build tag experiment:
//
//	go test -tags experiment -run '^$' -bench 'Overload|Dashboards' -benchtime 1x ./bench
//
// The package talks to a server through package client alone.
package bench
