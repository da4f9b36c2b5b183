// Package client talks to a Penstock server: many requests in flight over one
// WebSocket, labels sent later, and a connection that comes back by itself.
//
//	c, err := client.Dial(ctx, "ws://127.0.0.1:8080", client.Options{})
//	…
//	defer c.Close()
//	p, err := c.Predict(ctx, features)
//	…
//	_, err = c.Feedback(ctx, p.ID, client.Class("7"))
//
// [Client.Predict] waits for its reply; [Client.Submit] hands it to a callback
// and is what a source of a hundred thousand requests a second wants.
//
// Every request ends exactly once: with a prediction, with the server's typed
// error (*[protocol.Error]), or, when the connection was lost before the
// reply, with a *[ConnError]. A lost request is never sent again by the
// client: the server may have run it, and a second run would be counted,
// labelled and billed twice. [Retryable] tells whether sending it again can
// help; whether it may be sent again is the caller's to say.
//
// [DialDashboard] reads the other socket, the one with the measurements.
//
// The package knows the wire and nothing of the server's inside.
package client
