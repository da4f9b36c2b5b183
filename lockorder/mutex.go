//go:build !lockcheck

package lockorder

import "sync"

// Mutex is a [sync.Mutex] with a rank. The rank costs nothing here: no memory, and no
// instruction; see the package's documentation for the build that checks it. The zero
// Mutex is unlocked, and it can be the L of a [sync.Cond].
type Mutex[R Rank] struct{ sync.Mutex }
