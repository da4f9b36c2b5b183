// Package chaos attacks the program as it is shipped: its tests run the real
// binary as a process of its own, with little memory or few descriptors where
// that matters, and do to it what a hostile or broken client does, while fifty
// healthy clients go on beside. What must hold is that the process lives, that
// the healthy clients get every answer, bit for bit, and that the process holds
// no more afterwards than before. How much slower they are served is reported.
//
// It has no code but its tests, which run with PENSTOCK_CHAOS=required only:
// they take minutes, and the machine for themselves.
package chaos
