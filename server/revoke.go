package server

import (
	"encoding/json"
	"io"
	"net/http"
	"time"

	"penstock/access"
	"penstock/protocol"
)

// largestRevocation is what a message to Revoke may have, in bytes.
const largestRevocation = 4 << 10

// revocation is a message to Revoke.
type revocation struct {
	User    string     `json:"user"`
	JTI     string     `json:"jti"`
	Until   *time.Time `json:"until"`
	Restore bool       `json:"restore"`
}

// Revoke is POST /v1/revoke, for operators: {"user": NAME} refuses all that a user
// holds at the moment, {"jti": ID} one token. Their connections are closed with 1008
// revoked. With "restore": true the revocation of a user is taken back.
func (s *Server) Revoke(w http.ResponseWriter, r *http.Request) {
	if !s.opt.Access.Asks() {
		problem(w, http.StatusConflict, "no_tokens", "nobody holds a token here: --auth is none")
		return
	}
	expectBody(w, time.Now().Add(bodyTimeout))
	var ask revocation
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, largestRevocation))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&ask)
	if err == nil {
		_, err = decoder.Token()
	}
	switch {
	case err != io.EOF:
		problem(w, http.StatusBadRequest, "bad_message", `expected one JSON object, {"user": NAME} or {"jti": ID}, with "until": TIME if it is to be forgotten, or {"user": NAME, "restore": true}`)
	case ask.Until != nil && !ask.Until.After(time.Now()):
		problem(w, http.StatusBadRequest, "bad_message", "until is in the past; leave it out, or say when the revocation may be forgotten")
	case (ask.User == "") == (ask.JTI == ""), ask.Restore && ask.User == "":
		problem(w, http.StatusBadRequest, "bad_message", "expected either user or jti; restore takes user")
	case ask.Restore:
		s.restore(w, ask.User)
	default:
		s.revoke(w, ask)
	}
}

func (s *Server) revoke(w http.ResponseWriter, ask revocation) {
	one := access.Revocation{User: ask.User, Token: ask.JTI}
	if ask.Until != nil {
		one.Until = *ask.Until
	}
	ended, err := s.opt.Access.Revoke(one)
	s.opt.Logger.Warn("a token or a user was revoked", "user", ask.User, "jti", ask.JTI, "connections", ended)
	if err != nil {
		problem(w, http.StatusInsufficientStorage, "not_kept", err.Error())
		return
	}
	writeJSON(w, protocol.Encode(struct {
		Ended int `json:"ended"`
	}{ended}))
}

func (s *Server) restore(w http.ResponseWriter, user string) {
	was, err := s.opt.Access.Restore(user)
	switch {
	case err != nil:
		problem(w, http.StatusInsufficientStorage, "not_kept", err.Error())
	case !was:
		problem(w, http.StatusNotFound, "not_found", "this user is not revoked")
	default:
		s.opt.Logger.Warn("a revocation was taken back", "user", user)
		writeJSON(w, []byte(`{}`))
	}
}
