package server

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"time"

	"penstock/access"
	"penstock/protocol"
	"penstock/quality/store/export"
)

// exporting bounds how long an export may take.
const exporting = 10 * time.Minute

// errCutShort is of an answer of which a part has been sent.
var errCutShort = errors.New("a part was sent")

// serveExport sends a model's labelled rows as a file, ?format=csv or parquet. It may take
// long, and keeps no room from those who look.
func (s *Server) serveExport(w http.ResponseWriter, r *http.Request, _ *access.Session, a *asked) {
	format := export.Format(r.URL.Query().Get("format"))
	if exported[format] == "" {
		problem(w, http.StatusBadRequest, "bad_request", fmt.Sprintf("format is %.20q; expected csv or parquet", format))
		return
	}
	select {
	case s.exporting <- struct{}{}:
		defer func() { <-s.exporting }()
	default:
		w.Header().Set("Retry-After", "10")
		problem(w, http.StatusServiceUnavailable, protocol.Overloaded.String(), "another export is under way; try again when it has ended")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), exporting)
	defer cancel()
	s.failed(w, r, s.export(ctx, w, a, format))
}

// exported are the types of what may be sent.
var exported = map[export.Format]string{export.CSV: "text/csv; charset=utf-8", export.Parquet: "application/vnd.apache.parquet"}

func (s *Server) export(ctx context.Context, w http.ResponseWriter, a *asked, format export.Format) error {
	name := fmt.Sprintf("%s-%s.%s", a.d.Spec.Name, time.Now().UTC().Format("20060102T150405Z"), format)
	out := &begun{ResponseWriter: w, begin: func() {
		h := w.Header()
		h.Set("Content-Type", exported[format])
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
	}}
	_, err := export.Write(ctx, s.opt.History, a.query, format, out)
	switch {
	case err == nil:
		out.start() // also of no rows
		return nil
	case out.sent:
		return fmt.Errorf("%w: %w", errCutShort, err)
	}
	return err
}

// begun sets the headers with the first byte, so that an error before it can be told.
type begun struct {
	http.ResponseWriter
	begin func()
	sent  bool
}

func (b *begun) start() {
	if !b.sent {
		b.begin()
		b.sent = true
	}
}

// Write implements io.Writer.
func (b *begun) Write(p []byte) (int, error) {
	b.start()
	return b.ResponseWriter.Write(p)
}
