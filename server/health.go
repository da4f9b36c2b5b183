package server

import "net/http"

// serveLive says that the process answers.
func (s *Server) serveLive(w http.ResponseWriter, _ *http.Request) {
	writeStatus(w, http.StatusOK, `{"status":"alive"}`)
}

// serveReady says whether new work is welcome: the models were loaded and
// checked before the server was made, so it is unless the server drains.
func (s *Server) serveReady(w http.ResponseWriter, _ *http.Request) {
	if s.draining.Load() {
		w.Header().Set("Retry-After", "1")
		problem(w, http.StatusServiceUnavailable, "draining", "the server is going away")
		return
	}
	writeStatus(w, http.StatusOK, `{"status":"ready"}`)
}

func writeStatus(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body + "\n"))
}
