package server

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

// contentSecurityPolicy lets the page run its own files and nothing else.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
	"font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types angular"

// codings are the compressed forms in which a file may stand beside itself, the
// preferred first.
var codings = []coding{{"br", ".br"}, {"gzip", ".gz"}}

type coding struct{ name, suffix string }

// contentTypes are said here, because those of a system differ.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
	".txt":  "text/plain; charset=utf-8",
}

// asset is one file of the page, with what it is sent as.
type asset struct {
	contentType string
	etag        string // of the plain bytes, without quotes
	plain       []byte
	coded       [][]byte // as in codings; nil where there is none
}

// readAssets reads the page's files once, by their paths in URLs. They are few
// and small, and never change while the process runs.
func readAssets(page fs.FS) (map[string]*asset, error) {
	assets := make(map[string]*asset)
	err := fs.WalkDir(page, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || isCoded(name) {
			return err
		}
		a := &asset{contentType: cmp.Or(contentTypes[path.Ext(name)], "application/octet-stream")}
		if a.plain, err = fs.ReadFile(page, name); err != nil {
			return err
		}
		sum := sha256.Sum256(a.plain)
		a.etag = hex.EncodeToString(sum[:12])
		for _, c := range codings {
			bytes, err := fs.ReadFile(page, name+c.suffix)
			if err != nil {
				bytes = nil // it would not be smaller
			}
			a.coded = append(a.coded, bytes)
		}
		assets["/"+name] = a
		return nil
	})
	if index := assets["/index.html"]; index != nil {
		assets["/"] = index
	}
	return assets, err
}

func isCoded(name string) bool {
	for _, c := range codings {
		if strings.HasSuffix(name, c.suffix) {
			return true
		}
	}
	return false
}

// servePage serves the dashboard's files. A browser asks each time whether it
// has the newest, and is told so by the ETag: file names are the same in every
// version.
func (s *Server) servePage(w http.ResponseWriter, r *http.Request) {
	a := s.assets[r.URL.Path]
	if a == nil {
		notFound(w)
		return
	}
	if wanted := r.Header.Values("If-Match"); len(wanted) > 0 && !a.matches(wanted) {
		problem(w, http.StatusPreconditionFailed, "precondition_failed", "the file is another than If-Match asks for")
		return
	}
	bytes, etag, h := a.plain, a.etag, w.Header()
	for i, c := range codings {
		if a.coded[i] != nil && acceptsCoding(r.Header.Get("Accept-Encoding"), c.name) {
			bytes, etag = a.coded[i], etag+"-"+c.name
			h.Set("Content-Encoding", c.name)
			break
		}
	}
	h.Set("Content-Security-Policy", contentSecurityPolicy)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-cache")
	h.Add("Vary", "Accept-Encoding")
	h.Set("ETag", `"`+etag+`"`)
	if matchesETag(strings.Join(r.Header.Values("If-None-Match"), ","), etag) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", a.contentType)
	h.Set("Content-Length", strconv.Itoa(len(bytes)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(bytes)
	}
}

// matches reads If-Match (RFC 9110, section 13.1.1), which a weak tag never
// meets. Which form of the file it names is all the same.
func (a *asset) matches(header []string) bool {
	for item := range strings.SplitSeq(strings.Join(header, ","), ",") {
		item = strings.TrimSpace(item)
		if item == "*" || item == `"`+a.etag+`"` || slices.ContainsFunc(codings, func(c coding) bool { return item == `"`+a.etag+"-"+c.name+`"` }) {
			return true
		}
	}
	return false
}

// acceptsCoding reads Accept-Encoding (RFC 9110, section 12.5.3): a coding that
// it names, unless with a weight of 0. A * does not count: who wants a coding
// names it.
func acceptsCoding(header, coding string) bool {
	for item := range strings.SplitSeq(header, ",") {
		name, weight, _ := strings.Cut(item, ";")
		if !strings.EqualFold(strings.TrimSpace(name), coding) {
			continue
		}
		q, given := strings.CutPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
		if !given {
			return true
		}
		value, err := strconv.ParseFloat(q, 64)
		return err == nil && value > 0
	}
	return false
}

// matchesETag reads If-None-Match (RFC 9110, section 13.1.2).
func matchesETag(header, etag string) bool {
	for item := range strings.SplitSeq(header, ",") {
		item = strings.TrimPrefix(strings.TrimSpace(item), "W/")
		if item == "*" || item == `"`+etag+`"` {
			return true
		}
	}
	return false
}
