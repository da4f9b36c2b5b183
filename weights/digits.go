package weights

import (
	"embed"
	"io/fs"
)

// model.pt stays out of the binary: an ordinary build cannot run it.
//
//go:embed digits/manifest.json digits/model.safetensors digits/golden.json digits/reference.json digits/heldout.bin.gz
var embedded embed.FS

// Default opens the bundle of handwritten digits that the binary carries.
func Default(engines *Engines) (*Bundle, error) {
	b, err := OpenFS(digits(), "digits (built in)", engines)
	if err != nil {
		return nil, err
	}
	b.leftOut = []string{"model.pt"}
	return b, nil
}

func digits() fs.FS {
	files, err := fs.Sub(embedded, "digits")
	if err != nil {
		panic(err) // the name is not a path; a constant cannot be that
	}
	return files
}
