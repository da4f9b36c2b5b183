// Command avo writes the assembly tiles of package dense: for each instruction
// set a .s file, and a .go file that declares its functions and lists them. It
// is a module of its own, so that nobody who builds Penstock downloads the
// generator's library.
//
//	go generate ./model/dense
//
// Running it again changes nothing; CI fails when it does.
package main

import (
	"bytes"
	"fmt"
	"go/format"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("expected one argument: the folder to write into")
	}
	for _, set := range []instructionSet{avx512(), avx2()} {
		if err := generate(os.Args[1], set); err != nil {
			log.Fatalf("%s: %v", set.name, err)
		}
	}
}

func generate(folder string, set instructionSet) error {
	c := build.NewContext()
	if set.name == "avx2" {
		maskWindow(c)
	}
	softmaxTable(c)
	softmax(c, set)
	if set.compresses {
		find(c, set)
		compact(c, set)
	}
	for _, s := range set.far {
		farWriter{writer{c, s, set}}.write()
	}
	for _, s := range set.nearShapes() {
		nearWriter{writer{c, s, set}}.write()
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
	stubs, err = format.Source(append(stubs, list(set)...))
	if err != nil {
		return err
	}
	name := filepath.Join(folder, "tile_"+set.name+"_amd64")
	if err := os.WriteFile(name+".s", assembly, 0o644); err != nil {
		return err
	}
	return os.WriteFile(name+".go", stubs, 0o644)
}

// list declares the Go values that list a set's functions, as dense's tileSet
// wants them.
func list(set instructionSet) []byte {
	byRows := map[int][]string{}
	for _, s := range set.far {
		byRows[s.rows] = append(byRows[s.rows], farWriter{writer{shape: s, set: set}}.name())
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "\n// %sFar[r-1][i] is the tile of r rows and 2ⁱ vectors.\n", set.name)
	fmt.Fprintf(&b, "var %sFar = [][]farFunc{\n", set.name)
	for rows := range len(byRows) {
		fmt.Fprintf(&b, "{%s},\n", strings.Join(byRows[rows+1], ", "))
	}
	b.WriteString("}\n")
	fmt.Fprintf(&b, "\n// %sNear[r-1] is the tile of r rows and %d vectors.\n", set.name, nearVectors)
	fmt.Fprintf(&b, "var %sNear = []nearFunc{\n", set.name)
	for _, s := range set.nearShapes() {
		fmt.Fprintf(&b, "%s,\n", nearWriter{writer{shape: s, set: set}}.name())
	}
	b.WriteString("}\n")
	return b.Bytes()
}
