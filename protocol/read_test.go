package protocol_test

import "penstock/protocol"

// read reads a message for a model that has as many features as the message has in a
// row, none of which has a name or may be missing.
func read(d *protocol.Decoder, frame []byte, a *protocol.Ask) *protocol.Error {
	err := d.Decode(frame, a)
	if err == nil && a.Kind == protocol.KindPredict && a.Rows > 0 {
		err = d.Rows(a, &protocol.Row{Features: a.Width})
	}
	return err
}
