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
		gather(c, set)
	}
	for vectors := 1; vectors <= set.row; vectors *= 2 {
		writer{c, shape{1, vectors}, set}.writeRow()
	}
	for _, s := range set.all() {
		writer{c, s, set}.write()
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

// list declares the Go value that lists a set's functions, as dense's tileSet
// wants them.
func list(set instructionSet) []byte {
	byRows := map[int][]string{}
	for _, s := range set.shapes {
		byRows[s.rows] = append(byRows[s.rows], set.function(s))
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "\n// %sRows[i] is for one row and 2ⁱ vectors.\n", set.name)
	fmt.Fprintf(&b, "var %sRows = []rowFunc{\n", set.name)
	for vectors := 1; vectors <= set.row; vectors *= 2 {
		fmt.Fprintf(&b, "%s,\n", set.rowFunction(vectors))
	}
	b.WriteString("}\n")
	fmt.Fprintf(&b, "\n// %sTiles[r-%d][i] is the tile of r rows and 2ⁱ vectors.\n", set.name, fewestRows)
	fmt.Fprintf(&b, "var %sTiles = [][]tileFunc{\n", set.name)
	for i := range len(byRows) {
		fmt.Fprintf(&b, "{%s},\n", strings.Join(byRows[fewestRows+i], ", "))
	}
	b.WriteString("}\n")
	fmt.Fprintf(&b, "\n// %sNear[r-%d] is the tile of r rows and %d vectors.\n", set.name, fewestRows, nearVectors)
	fmt.Fprintf(&b, "var %sNear = []tileFunc{\n", set.name)
	for _, s := range set.nearShapes() {
		fmt.Fprintf(&b, "%s,\n", set.function(s))
	}
	b.WriteString("}\n")
	return b.Bytes()
}
