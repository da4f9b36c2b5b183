// Command avo writes the assembly of package trees: for each instruction set a .s
// file, and a .go file that declares its functions. It is a module of its own, so
// that nobody who builds Penstock downloads the generator's library.
//
//	go generate ./model/trees
//
// Running it again changes nothing; CI fails when it does.
package main

import (
	"go/format"
	"log"
	"os"
	"path/filepath"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

// depth is how deep the trees are that the functions walk; heaps.go of package
// trees says the same.
const depth = 6

func main() {
	if len(os.Args) != 2 {
		log.Fatal("expected one argument: the folder to write into")
	}
	for name, write := range map[string]func(*build.Context){
		"avx512": func(c *build.Context) { rank(c, "avx512"); avx512Row(c); avx512Block(c) },
		"avx2":   func(c *build.Context) { rank(c, "avx2"); avx2Block(c); down(c) },
	} {
		if err := generate(os.Args[1], name, write); err != nil {
			log.Fatalf("%s: %v", name, err)
		}
	}
}

func generate(folder, name string, write func(*build.Context)) error {
	c := build.NewContext()
	write(c)
	file, err := c.Result()
	if err != nil {
		return err
	}
	if err := pass.Compile.Execute(file); err != nil {
		return err
	}
	config := printer.Config{Name: "model/trees/avo", Pkg: "trees"}
	assembly, err := printer.NewGoAsm(config).Print(file)
	if err != nil {
		return err
	}
	stubs, err := printer.NewStubs(config).Print(file)
	if err != nil {
		return err
	}
	if stubs, err = format.Source(stubs); err != nil {
		return err
	}
	path := filepath.Join(folder, "heaps_"+name+"_amd64")
	if err := os.WriteFile(path+".s", assembly, 0o644); err != nil {
		return err
	}
	return os.WriteFile(path+".go", stubs, 0o644)
}
