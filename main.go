// Penstock serves machine-learning models over live streams: clients keep
// WebSockets open and send rows of features, a bounded pool of workers runs
// them in batches across sockets, and a dashboard shows measured accuracy and
// latency every second.
//
// This file handles signals and the exit; command has the flags, and app wires
// the rooms.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"penstock/command"
)

// version is set by the linker in releases.
var version = "dev"

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		signal.Stop(signals) // first, so that a second signal ends the process at once
		cancel()
	}()
	err := command.Run(ctx, os.Args[1:], version)
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "penstock:", err)
		os.Exit(command.ExitCode(err))
	}
}
