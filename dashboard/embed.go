// Package dashboard holds the page that the server shows at /: an Angular
// application in src, and its build in dist, which is committed and embedded so
// that the server needs no Node.js. It knows nothing of HTTP.
package dashboard

import (
	"embed"
	"io/fs"
)

//go:embed dist
var files embed.FS

// Files returns the page's files, with index.html at the root. Beside a file
// may stand the same file compressed, with .br or .gz added to its name.
func Files() fs.FS {
	page, err := fs.Sub(files, "dist")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return page
}
