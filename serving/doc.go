// Package serving is what an answer means, whoever carries it: which model is asked,
// who asks, and what becomes of a request between its decoded rows and its answer.
//
//	ask → deployment → the pool's stream → decide → remember for the label → ledger → answered
//
// A Catalog holds the deployments: versions of models that are being served. A
// request holds the Deployment that it was given, so that the catalog may change
// under it.
//
// A Caller is who asks: the scope of their request ids, with whom they share room,
// what they may do. A Line is one caller's way in through one front: a WebSocket, an
// HTTP request. A Front is answered; that is all that it must do, and the rest is
// here. It knows of no socket and of no JSON, and nothing here does.
//
// The Ledger counts every request once when it comes and once when it ends.
package serving
