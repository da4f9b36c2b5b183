// Command avo writes the assembly kernels of package dense: for each
// instruction set a .s file, the Go declarations of its functions and the
// table by which dense finds them. It is a module of its own, so that nobody
// who builds Penstock downloads the generator's library.
//
//	go generate ./model/dense
//
// Running it again changes nothing; CI fails when it does.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"go/format"
	"log"
	"os"
	"path/filepath"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

func main() {
	out := flag.String("out", ".", "folder to write into")
	flag.Parse()
	for _, set := range []instructionSet{avx512(), avx2()} {
		if err := write(*out, set); err != nil {
			log.Fatalf("%s: %v", set.name, err)
		}
	}
}

func write(folder string, set instructionSet) error {
	c := build.NewContext()
	for _, t := range set.tiles {
		set.emit(c, t)
	}
	file, err := c.Result()
	if err != nil {
		return err
	}
	if err := pass.Compile.Execute(file); err != nil {
		return err
	}
	config := printer.Config{Name: "model/dense/avo", Pkg: "dense"}
	assembly, err := printer.NewGoAsm(config).Print(file)
	if err != nil {
		return err
	}
	stubs, err := printer.NewStubs(config).Print(file)
	if err != nil {
		return err
	}
	stubs, err = format.Source(append(stubs, table(set)...))
	if err != nil {
		return err
	}
	name := filepath.Join(folder, "tile_"+set.name+"_amd64")
	return errorsOf(os.WriteFile(name+".s", assembly, 0o644), os.WriteFile(name+".go", stubs, 0o644))
}

func errorsOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// table writes the Go value that lists a set's tiles, widest first for each
// number of rows.
func table(set instructionSet) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "\n// %sTiles[r-1] lists the tiles of r rows, widest first.\n", set.name)
	fmt.Fprintf(&b, "var %sTiles = [][]tile{\n", set.name)
	for rows := 1; rows <= set.maxRows(); rows++ {
		b.WriteString("{")
		for _, t := range set.tiles {
			if t.rows == rows {
				fmt.Fprintf(&b, "{%d, %s},", t.vectors, set.function(t))
			}
		}
		b.WriteString("},\n")
	}
	b.WriteString("}\n")
	return b.Bytes()
}
