// Package dashboard holds the page that the server shows at /.
package dashboard

import (
	"embed"
	"io/fs"
)

//go:embed page
var files embed.FS

// Files returns the page's files, with index.html at the root.
func Files() fs.FS {
	page, err := fs.Sub(files, "page")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return page
}
