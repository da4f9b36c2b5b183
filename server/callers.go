package server

import "net/netip"

// callerOf returns who asks, for whatever is shared out among callers: until
// there are users, the address that the connection comes from. A host with IPv6
// has a whole /64 to choose its address from, so that counts as one.
func callerOf(remote string) string {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return remote // no network's address, such as that of a pipe
	}
	address := at.Addr().Unmap().WithZone("")
	if address.Is4() {
		return address.String()
	}
	prefix, _ := address.Prefix(64) // cannot fail: it has 128 bits
	return prefix.String()
}
