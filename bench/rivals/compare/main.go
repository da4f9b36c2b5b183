// Compare measures Penstock beside what people would use instead: every server
// in turn on one core, the same load from the other, several rounds, medians.
// It prints one table, and writes it with the machine and the versions as a
// Markdown document.
//
// run.sh builds and installs what it needs.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	var c comparison
	flag.StringVar(&c.bin, "bin", "", "folder with the built programs")
	flag.StringVar(&c.net, "net", "", "folder with the network in all formats")
	flag.StringVar(&c.wide, "wide", "", "folder with a network that is much slower than its messages")
	flag.StringVar(&c.digits, "digits", "", "folder of the digits bundle")
	flag.StringVar(&c.python, "python", "/usr/bin/python3", "interpreter that has torch and FastAPI")
	flag.StringVar(&c.node, "node", "node", "Node.js")
	flag.IntVar(&c.rounds, "rounds", 5, "rounds")
	flag.DurationVar(&c.duration, "duration", 2*time.Second, "time of each measurement")
	out := flag.String("out", "", "Markdown file to write")
	more := flag.String("append", "", "Markdown file to put at the end of it")
	flag.Parse()
	table, err := c.run()
	if err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
	fmt.Print(table)
	if *out == "" {
		return
	}
	document := c.document(table)
	if *more != "" {
		text, err := os.ReadFile(*more)
		if err != nil {
			fmt.Fprintln(os.Stderr, "compare:", err)
			os.Exit(1)
		}
		document += "\n" + string(text)
	}
	if err := os.WriteFile(*out, []byte(document), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}
