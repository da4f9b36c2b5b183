// Package torch is the engine for TorchScript modules: it runs them with
// libtorch. It is part of a build only with the tag "torch" ("make torch");
// without it Load returns ErrAbsent, and Built tells which of the two this is.
//
// Loading and running go through gotch, by its lowest package, libtch, and not
// by ts, which is written for scripts: its import makes a folder in the home
// directory or ends the process, some of its errors end the process too, a
// forward call leaks its arguments, and a batch is copied element by element
// through encoding/binary. What libtch lacks or gets wrong (threads, the
// version, the executor's mode) is in native.cc, the memory of tensors in
// memory.cc, and how a batch gets into a module in lend.cc.
//
// A session belongs to one OS thread: gotch keeps libtorch's last error in a
// thread-local variable, and libtorch keeps there whether gradients are
// recorded and how many threads an operator may use. Every session has a
// module of its own, because a module's executor is not made for being shared.
//
// A C++ exception becomes an *Error. A crash inside libtorch (a bad custom
// operator, a bug) cannot be caught and ends the process; nor can a module
// that loops for ever be stopped. A module is a program: callers load only
// files that they trust, by their hash.
package torch
