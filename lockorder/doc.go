// Package lockorder gives mutexes a rank, and in a build with the tag lockcheck
// checks that every goroutine takes them in the order of their ranks.
//
// Two goroutines that take the same two locks in different orders deadlock, and
// only when their timing is right: no test that passes shows that they never do.
// One total order of all locks that are ever held together rules it out, and each
// goroutine can be checked against it alone, whatever the timing.
//
// An ordinary build has a plain [sync.Mutex] and no check. With
//
//	go test -tags lockcheck ./...
//
// Lock panics, before it waits, if its goroutine holds a lock that the new one must
// not be taken under. Locks that are never held together with another need no rank.
package lockorder
