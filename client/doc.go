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
// labelled and billed twice. One that a server answered with draining was not
// run: it is sent again on the next connection, within its deadline. [Retryable] tells whether sending it again can
// help; whether it may be sent again is the caller's to say.
//
// The client comes back, with growing pauses, after every end that does not
// blame it: close codes 1001, 1005 (none), 1006 (lost), 1011 to 1015 and 3008
// (timeout), and handshakes that failed but with 401 and 403. It stays away
// after 1000, 1008, all other codes, and those that nobody registered, from 4000
// on, since only their sender knows what they mean.
//
// With [Options].Token every handshake has a fresh bearer token, and a connection's
// token is renewed before it expires, while its requests go on; a renewal that fails
// is told to OnStatus (*[TokenError]). Close code 1008 and a handshake refused with
// 401 or 403 end the client for good: whatever waits fails at once with a *[ConnError]
// whose Reason says why (auth_required, unauthorized, token_expired, revoked,
// slow_consumer, too_many_errors, or a refusal's text), and only a new Dial connects
// again. [RetryAfter] is how long a busy server asked to be left alone.
//
// Messages to the user, and to the groups of [Client.Join], go to
// [Options].OnNotification.
//
// Rows travel as JSON, or as binary frames: [Options].Binary, [WithBinary],
// [Client.PredictBytes], [Client.FeedbackBinary]. A row is numbers in the order of the
// model's features, NaN for one that is missing, or values by the names of its columns:
// [Client.PredictNamed]. What a model takes and gives, its columns and outputs, is in
// [Client.Hello]; what an answer holds for each kind of output, and for all of them
// ([WithOutputs]), see [Row]. The labels of the kinds are [Class], [Labels], [Number]
// and [Numbers].
//
// [DialDashboard] reads the other socket, the one with the measurements.
//
// The package knows the wire and nothing of the server's inside.
package client
